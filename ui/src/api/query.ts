import { QueryCache, QueryClient } from '@tanstack/react-query';
import { asApiError, ApiError } from './error';

/** Retries only what may go away by itself. */
function again(count: number, error: Error): boolean {
  const { status } = asApiError(error);
  return count < 2 && (status === 429 || status === 503) && error instanceof ApiError && error.requestId !== '';
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache(),
    defaultOptions: {
      queries: { retry: again, staleTime: 3_000, refetchOnWindowFocus: true, networkMode: 'always', throwOnError: false },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}
