import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { User } from '../types';

export const userQuery = (login: string) =>
  queryOptions({
    queryKey: keys.user(login),
    queryFn: ({ signal }) => call<User>(path('users', login), { signal }),
    refetchOnWindowFocus: false,
  });
