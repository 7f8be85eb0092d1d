import { call, path } from '../client';
import type { Settings } from '../types';

export function setProviderSettings(name: string, values: Record<string, unknown>, version: number): Promise<Settings> {
  return call(`${path('providers', name)}/settings`, { method: 'PUT', body: { values }, ifMatch: version });
}
