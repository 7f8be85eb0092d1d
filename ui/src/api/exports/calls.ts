import { queryOptions } from '@tanstack/react-query';
import { apiUrl } from '@/lib/base';
import { call, path } from '../client';
import { ApiError } from '../error';
import { keys } from '../keys';
import type { Filter, Kind } from '../journal/page';
import { currentToken } from '../session';

/** A file of journal records, made in the background. */
export interface Export {
  id: string;
  kind: Kind;
  format: Format;
  state: 'running' | 'done' | 'failed' | (string & {});
  /** From 0 to 1, with the time of the records. */
  progress: number;
  rows: number;
  bytes: number;
  error: string;
  created: string;
  /** When the gateway deletes the file. */
  until: string;
  filter: Filter & { tz?: string };
}

export type Format = 'csv' | 'xlsx';

export function createExport(kind: Kind, format: Format, filter: Filter, zone: string): Promise<Export> {
  const set = Object.fromEntries(Object.entries(filter).filter(([k, v]) => k !== 'order' && v !== undefined && v !== '' && v !== false));
  return call('/exports', { method: 'POST', body: { kind, format, tz: zone, ...set } });
}

/** The own exports, newest first; asked again while one is being made. */
export const exportsQuery = queryOptions({
  queryKey: keys.exports,
  queryFn: ({ signal }) => call<{ exports: Export[] }>('/exports', { signal }),
  select: (answer) => answer.exports,
  refetchInterval: (query) => (query.state.data?.exports.some((e) => e.state === 'running') ? 1000 : false),
});

export function getExport(id: string): Promise<Export> {
  return call(path('exports', id));
}

/** Stops it, or deletes its file. */
export function removeExport(id: string): Promise<null> {
  return call(path('exports', id), { method: 'DELETE' });
}

/** The file of an export that is done. A plain link could not carry the token. */
export async function exportFile(id: string): Promise<Blob> {
  const answer = await fetch(apiUrl(`${path('exports', id)}/file`), { headers: { Authorization: `Bearer ${currentToken()}` }, cache: 'no-store', credentials: 'omit', redirect: 'error' });
  if (!answer.ok) throw new ApiError(answer.status, `HTTP ${answer.status}`, [], '', answer.headers.get('X-Request-Id') ?? '');
  return answer.blob();
}
