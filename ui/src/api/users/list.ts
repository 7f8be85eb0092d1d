import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import type { User } from '../types';

export const usersQuery = queryOptions({
  queryKey: keys.users,
  queryFn: ({ signal }) => call<{ users: User[] }>('/users', { signal }),
  select: (answer) => answer.users,
});
