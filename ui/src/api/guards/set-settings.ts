import { call, path } from '../client';
import type { Settings } from '../types';
import type { GuardKind } from './figures';

export function setGuardSettings(kind: GuardKind, values: Record<string, unknown>, version: number): Promise<Settings> {
  return call(`${path('guards', kind)}/settings`, { method: 'PUT', body: { values }, ifMatch: version });
}
