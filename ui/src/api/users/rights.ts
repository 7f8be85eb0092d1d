import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import type { ModuleRights } from '../types';

export const rightsQuery = queryOptions({
  queryKey: keys.rights,
  queryFn: ({ signal }) => call<{ modules: ModuleRights[] }>('/rights', { signal }),
  select: (answer) => answer.modules,
  staleTime: 30_000,
});
