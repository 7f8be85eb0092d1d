import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import { settling } from '../settling';
import type { Provider } from '../types';

export const providersQuery = queryOptions({
  queryKey: keys.providers,
  queryFn: ({ signal }) => call<{ providers: Provider[]; state_version: number }>('/providers', { signal }),
  select: (answer) => answer.providers,
  refetchInterval: ({ state }) => (state.data?.providers.some(settling) ? 700 : 10_000),
});
