import { call } from '../client';
import type { NewUser, User } from '../types';

/** password is there when the gateway chose it, for this once. */
export function createUser(user: NewUser): Promise<{ user: User; password?: string }> {
  return call('/users', { method: 'POST', body: user });
}
