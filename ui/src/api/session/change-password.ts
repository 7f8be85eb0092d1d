import { call } from '../client';
import type { SessionView } from '../types';

/** Ends all sessions of the user; the answer is a new one. */
export function changePassword(old: string, next: string): Promise<SessionView> {
  return call('/me/password', { method: 'POST', body: { old, new: next } });
}
