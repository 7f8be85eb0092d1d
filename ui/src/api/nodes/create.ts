import { call } from '../client';
import type { Settings } from '../types';

export function createNode(name: string, settings: Record<string, unknown>): Promise<Settings> {
  return call('/nodes', { method: 'POST', body: { name, settings } });
}
