import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import { settling } from '../settling';
import type { Module } from '../types';

/** All modules; asked again soon while one of them is on its way to another state. */
export const modulesQuery = queryOptions({
  queryKey: keys.modules,
  queryFn: ({ signal }) => call<{ modules: Module[]; state_version: number }>('/modules', { signal }),
  select: (answer) => answer.modules,
  refetchInterval: ({ state }) => (state.data?.modules.some(settling) ? 700 : 10_000),
});
