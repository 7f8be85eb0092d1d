import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import type { Role } from '../types';

/** The signed-in user. */
export interface Me {
  login: string;
  role: Role;
  must_change: boolean;
  second_factor: boolean;
  /** Codes for a lost device that are left. */
  recovery_left: number;
  rights: string[];
}

export const meQuery = queryOptions({ queryKey: keys.me, queryFn: ({ signal }) => call<Me>('/me', { signal }) });
