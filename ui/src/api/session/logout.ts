import { call } from '../client';

export function logout(): Promise<null> {
  return call('/logout', { method: 'POST' });
}
