import { call, path } from '../client';
import type { Module } from '../types';

/** Leaves out what stays; limit "" returns to the default. */
export function setAction(id: string, action: string, change: { enabled?: boolean; limit?: string }): Promise<Module> {
  return call(path('modules', id, 'actions', action), { method: 'PUT', body: change });
}
