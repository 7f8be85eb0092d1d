import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { Token } from '../types';

export const tokensQuery = (login: string) =>
  queryOptions({
    queryKey: keys.tokens(login),
    queryFn: ({ signal }) => call<{ tokens: Token[] | null }>(`${path('users', login)}/tokens`, { signal }),
    select: (answer) => answer.tokens ?? [],
  });
