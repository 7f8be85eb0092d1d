import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { asApiError } from '../error';
import type { Trace } from './shapes';

/** null: no trace is kept of the request. */
export const traceQuery = (requestId: string) =>
  queryOptions({
    queryKey: ['traces', requestId],
    queryFn: async ({ signal }): Promise<Trace | null> => {
      try {
        return await call<Trace>(path('traces', requestId), { signal });
      } catch (e) {
        if (asApiError(e).status === 404) return null;
        throw e;
      }
    },
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
