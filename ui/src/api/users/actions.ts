import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { Text } from '../types';

/** One action with what a user may do. */
export interface Ability {
  module: string;
  action: string;
  right: string;
  title: Text;
  /** It reads only. */
  safe: boolean;
  /** Why it answers nobody; "" when it is on. */
  off: string;
  /** Ready commands; the token is $TOKEN. */
  curl: string[];
  allowed: boolean;
  /** Allowed, on, and the user active. */
  works: boolean;
}

export const abilitiesQuery = (login: string) =>
  queryOptions({
    queryKey: keys.abilities(login),
    queryFn: ({ signal }) => call<{ actions: Ability[] }>(`${path('users', login)}/actions`, { signal }),
    select: (answer) => answer.actions,
  });
