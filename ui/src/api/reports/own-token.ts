import { call, path } from '../client';
import type { IssuedToken } from '../types';

/** A token of ten minutes for the integrators' API, with the rights of the signed-in user. */
export function issueOwnToken(label: string): Promise<IssuedToken> {
  return call('/me/tokens', { method: 'POST', body: { label } });
}

export function endOwnToken(id: string): Promise<null> {
  return call(path('me', 'tokens', id), { method: 'DELETE' });
}
