import { call, path } from '../client';

export function revokeToken(login: string, id: string): Promise<null> {
  return call(path('users', login, 'tokens', id), { method: 'DELETE' });
}
