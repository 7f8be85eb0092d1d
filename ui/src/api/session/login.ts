import { call } from '../client';
import type { SecondNeeded, SessionView } from '../types';

/** Without a code, the answer to a right password may be that one is needed. */
export function login(name: string, password: string, code: string): Promise<SessionView | SecondNeeded> {
  return call('/login', { method: 'POST', body: { login: name, password, ...(code ? { code } : {}) }, open: true });
}
