import { queryOptions } from '@tanstack/react-query';
import { call, path } from '../client';
import { keys } from '../keys';
import type { VersionDifference } from './shapes';

/** What the version would change against the one in force. */
export const differenceQuery = (id: string, to: string) =>
  queryOptions({
    queryKey: [...keys.plugin(id), 'difference', to],
    queryFn: ({ signal }) => call<VersionDifference>(`${path('plugins', id)}/difference?to=${encodeURIComponent(to)}`, { signal }),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
