import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import type { AuditRow, CallRow, Page, RequestRow, SMSRow } from '../types';

/** The kinds of records; the names are those of the routes. */
export interface Rows {
  requests: RequestRow;
  sms: SMSRow;
  calls: CallRow;
  audit: AuditRow;
}
export type Kind = keyof Rows;

/** What a route of the journal takes; empty fields are left out. */
export interface Filter {
  from?: string;
  to?: string;
  user?: string;
  module?: string;
  action?: string;
  text?: string;
  bad?: boolean;
  /** Without it the newest come first. */
  order?: 'oldest';
}

function query(filter: Filter, limit: number, cursor: string): string {
  const q = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(filter)) {
    if (value !== undefined && value !== '' && value !== false) q.set(name, String(value));
  }
  if (cursor) q.set('cursor', cursor);
  return q.toString();
}

function fetchPage<K extends Kind>(kind: K, filter: Filter, limit: number, cursor: string, signal: AbortSignal): Promise<Page<Rows[K]>> {
  return call(`/journal/${kind}?${query(filter, limit, cursor)}`, { signal });
}

/** All pages of a filter, newest first. */
export const journalQuery = <K extends Kind>(kind: K, filter: Filter, limit = 200) =>
  infiniteQueryOptions({
    queryKey: keys.journal(kind, filter),
    queryFn: ({ pageParam, signal }) => fetchPage(kind, filter, limit, pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next || undefined,
    refetchOnWindowFocus: false,
    staleTime: 10_000,
    gcTime: 60_000,
  });

/** The newest records of a filter, for an overview. */
export const latestQuery = <K extends Kind>(kind: K, filter: Filter, limit: number, every: number | false) =>
  queryOptions({
    queryKey: [...keys.journal(kind, filter), 'latest', limit],
    queryFn: ({ signal }) => fetchPage(kind, filter, limit, '', signal),
    refetchInterval: every,
  });
