import { call, path } from '../client';
import type { Module } from '../types';

/** Answers when the change is in force, which may take as long as compiling does. */
export function setModuleEnabled(id: string, enabled: boolean): Promise<Module> {
  return call(`${path('modules', id)}/enabled`, { method: 'PUT', body: { enabled } });
}
