import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import type { Catalogue } from './shapes';

export const pluginsQuery = queryOptions({
  queryKey: keys.plugins,
  queryFn: ({ signal }) => call<Catalogue>('/plugins', { signal }),
  staleTime: 30_000,
});
