import { queryOptions } from '@tanstack/react-query';
import { call } from '../client';
import { keys } from '../keys';
import { pagesOf, type Pages } from '../pages';
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

function fetchPage<K extends Kind>(kind: K, filter: Filter, limit: number, cursor: string, signal?: AbortSignal): Promise<Page<Rows[K]>> {
  return call(`/journal/${kind}?${query(filter, limit, cursor)}`, { signal });
}

/** How many rows are asked for at once. */
const limit = 200;

/** The records of a kind, newest first. */
export const journalPages = <K extends Kind>(kind: K, filter: Filter): Pages<Rows[K]> =>
  pagesOf<Rows[K]>(keys.journal(kind, filter), (cursor, signal) => fetchPage(kind, filter, limit, cursor, signal));

/** The newest records of a filter, for an overview. */
export const latestQuery = <K extends Kind>(kind: K, filter: Filter, limit: number, every: number | false) =>
  queryOptions({
    queryKey: [...keys.journal(kind, filter), 'latest', limit],
    queryFn: ({ signal }) => fetchPage(kind, filter, limit, '', signal),
    refetchInterval: every,
  });
