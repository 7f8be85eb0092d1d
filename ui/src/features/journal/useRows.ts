import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import type { Pages } from '@/api/pages';
import { keeper, spread, type HeldPage } from './held';

/** The rows of a filter: all places, of which those around what is in sight are filled; and the way to more. */
export function useRows<R extends { id: string }>({ options, fetch }: Pages<R>) {
  const client = useQueryClient();
  const query = useInfiniteQuery(options);
  const key = JSON.stringify(options.queryKey);
  const keep = useMemo(() => keeper<R>(client, options.queryKey, fetch), [client, key]);
  const pages = query.data?.pages as HeldPage<R>[] | undefined;
  const rows = useMemo(() => spread(pages ?? []), [pages]);
  const [turn, setTurn] = useState(0);
  const { refetch } = query;
  const fresh = useCallback(() => {
    if (keep.restart()) setTurn((n) => n + 1);
    void refetch();
  }, [keep, refetch]);
  return {
    query,
    rows,
    skipped: pages?.reduce((n, p) => n + p.skipped, 0) ?? 0,
    find: (id: string | undefined): R | undefined => {
      for (const page of pages ?? []) {
        const row = page.rows.find((r) => r.id === id);
        if (row) return row;
      }
      return undefined;
    },
    look: keep.look,
    /** Asks for the newest rows and goes back to the first. */
    fresh,
    /** Changes when the rows begin anew. */
    turn,
  };
}
