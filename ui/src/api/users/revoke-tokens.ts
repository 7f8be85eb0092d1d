import { call, path } from '../client';

export function revokeTokens(login: string): Promise<{ revoked: number }> {
  return call(`${path('users', login)}/tokens`, { method: 'DELETE' });
}
