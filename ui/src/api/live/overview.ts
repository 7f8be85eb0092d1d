import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import type { History, Overview } from './shapes';

export const overviewQuery = queryOptions({ queryKey: keys.overview, queryFn: ({ signal }) => call<Overview>('/overview', { signal }) });

/** The last hour in steps of ten seconds; module "": all of them. */
export const historyQuery = (module: string) =>
  queryOptions({
    queryKey: keys.history('10s', module),
    queryFn: ({ signal }) => call<History>(`/history?step=10s${module ? `&module=${encodeURIComponent(module)}` : ''}`, { signal }),
    refetchInterval: 15_000,
  });
