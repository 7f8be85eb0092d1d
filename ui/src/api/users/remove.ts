import { call, path } from '../client';
import type { User } from '../types';

/** The login stays reserved, so nobody takes over the history of another. */
export function removeUser(login: string, version: number): Promise<User> {
  return call(path('users', login), { method: 'DELETE', ifMatch: version });
}
