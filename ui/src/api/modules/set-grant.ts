import { call, path } from '../client';
import type { Module } from '../types';

/** What a module may do from now on. */
export function setModuleGrant(id: string, grant: { granted: string[]; hosts?: string[]; private?: boolean }, version: number): Promise<Module> {
  return call(`${path('modules', id)}/grant`, { method: 'PUT', body: grant, ifMatch: version });
}
