import { call, path } from '../client';
import type { Settings } from '../types';

export function setNodeSettings(name: string, values: Record<string, unknown>, version: number): Promise<Settings> {
  return call(`${path('nodes', name)}/settings`, { method: 'PUT', body: { values }, ifMatch: version });
}
