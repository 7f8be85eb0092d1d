import { call, path } from '../client';

/** Removes the gateway's copy of a version that nobody uses. */
export function removeVersion(id: string, sha256: string): Promise<null> {
  return call(path('plugins', id, 'versions', sha256), { method: 'DELETE' });
}
