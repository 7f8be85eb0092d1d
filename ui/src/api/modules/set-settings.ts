import { call, path } from '../client';
import type { Settings } from '../types';

/** Secrets shown as {"set": true} stay as they are; "" removes one. */
export function setModuleSettings(id: string, values: Record<string, unknown>, version: number): Promise<Settings> {
  return call(`${path('modules', id)}/settings`, { method: 'PUT', body: { values }, ifMatch: version });
}
