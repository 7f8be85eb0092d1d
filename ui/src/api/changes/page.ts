import { infiniteQueryOptions } from '@tanstack/react-query';
import { call } from '../client';
import type { Filter } from '../journal/page';
import { keys } from '../keys';
import type { AuditRow, Page } from '../types';

/** An administrative change; undoable: it may be taken back. */
export interface ChangeRow extends AuditRow {
  undoable: boolean;
}

/** All changes of a filter, newest first. */
export const changesQuery = (filter: Filter, limit = 200) =>
  infiniteQueryOptions({
    queryKey: keys.journal('changes', filter),
    queryFn: ({ pageParam, signal }) => {
      const q = new URLSearchParams({ limit: String(limit) });
      for (const [name, value] of Object.entries(filter)) if (value) q.set(name, String(value));
      if (pageParam) q.set('cursor', pageParam);
      return call<Page<ChangeRow>>(`/changes?${q}`, { signal });
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next || undefined,
    refetchOnWindowFocus: false,
    staleTime: 10_000,
    gcTime: 60_000,
  });
