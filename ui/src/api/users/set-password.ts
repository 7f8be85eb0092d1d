import { call, path } from '../client';

/** Ends all tokens of the user. Without a password the gateway chooses one and answers it. */
export function setPassword(login: string, password: string, mustChange: boolean): Promise<{ password?: string }> {
  return call(`${path('users', login)}/password`, { method: 'POST', body: { password, must_change: mustChange } });
}
