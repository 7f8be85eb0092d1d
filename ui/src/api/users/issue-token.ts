import { call, path } from '../client';
import type { IssuedToken } from '../types';

export interface TokenWish {
  label: string;
  /** 0: as the configuration says. */
  lifetime_seconds: number;
  /** 0: as the configuration says; -1: does not end when unused. */
  idle_seconds: number;
}

export function issueToken(login: string, wish: TokenWish): Promise<IssuedToken> {
  return call(`${path('users', login)}/tokens`, { method: 'POST', body: wish });
}
