import { infiniteQueryOptions, type QueryKey } from '@tanstack/react-query';
import type { Page } from './types';

/** The pages of a filter one after the other, and any of them alone. */
export function pagesOf<R>(key: QueryKey, fetch: (cursor: string, signal?: AbortSignal) => Promise<Page<R>>) {
  const options = infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam, signal }): Promise<Page<R>> => fetch(pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next || undefined,
    refetchOnWindowFocus: false,
    staleTime: 10_000,
    // Who comes back begins with the first page; the others are not worth their memory.
    gcTime: 0,
  });
  return { options, fetch };
}
export type Pages<R> = ReturnType<typeof pagesOf<R>>;
