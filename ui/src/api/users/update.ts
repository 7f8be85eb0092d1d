import { call, path } from '../client';
import type { User, UserChange } from '../types';

export function updateUser(login: string, change: UserChange, version: number): Promise<User> {
  return call(path('users', login), { method: 'PATCH', body: change, ifMatch: version });
}
