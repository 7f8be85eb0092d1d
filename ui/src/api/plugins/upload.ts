import { call } from '../client';
import type { Version } from './shapes';

/** Hands a plugin file over, with its signature when there is one. It does not run yet. */
export function uploadPlugin(file: File, signature: File | null): Promise<{ id: string; file: Version }> {
  const body = new FormData();
  body.set('file', file);
  if (signature) body.set('signature', signature);
  return call('/plugins', { method: 'POST', body });
}
