import { call, path } from '../client';
import type { PluginDetail } from './shapes';

/** lacks is there when the version waits for consent; then the old one goes on. */
export type Switched = PluginDetail & { lacks?: string[] };

/** follow: return to the newest file of the folders, and take newer ones by itself. */
export function upgradePlugin(id: string, to: { sha256: string } | { follow: true }, version: number): Promise<Switched> {
  return call(`${path('plugins', id)}/upgrade`, { method: 'POST', body: to, ifMatch: version });
}

/** Without a version: to the one that was in force before. */
export function rollbackPlugin(id: string, sha256: string | undefined, version: number): Promise<Switched> {
  return call(`${path('plugins', id)}/rollback`, { method: 'POST', body: sha256 ? { sha256 } : {}, ifMatch: version });
}
