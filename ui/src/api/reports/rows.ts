import { gatewayUrl } from '@/lib/base';
import { rowsOf, type ReportRow } from '@/lib/report';
import { lost } from '../connection';
import { ApiError } from '../error';

/** What a report is asked for; dates are whole days of tz, both included. */
export interface ReportWish {
  start_date?: string;
  stop_date?: string;
  tz?: string;
  limit?: number;
  cursor?: string;
}

export interface ReportPage {
  rows: ReportRow[];
  /** Goes on behind this page; "" at the end. */
  next: string;
  requestId: string;
}

export type ReportFormat = 'csv' | 'xlsx';

/** Asks the integrators' API for a report. Throws an ApiError; what else it throws is the abort of the signal. */
async function ask(name: string, token: string, body: object, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(gatewayUrl(`/report/${encodeURIComponent(name)}`), {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    lost();
    throw new ApiError(0, cause instanceof Error ? cause.message : String(cause));
  }
  if (answer.ok) return answer;
  const told = (await answer.json().catch(() => ({}))) as { error?: string; id?: string };
  throw new ApiError(answer.status, told.error ?? `HTTP ${answer.status}`, [], told.id ?? '', answer.headers.get('X-Request-Id') ?? '', Number(answer.headers.get('Retry-After')) || 0);
}

export async function fetchReport(name: string, token: string, wish: ReportWish, signal?: AbortSignal): Promise<ReportPage> {
  const answer = await ask(name, token, wish, signal);
  const requestId = answer.headers.get('X-Request-Id') ?? '';
  const rows = rowsOf(await answer.json().catch(() => null));
  if (!rows) throw new ApiError(answer.status, 'The answer has no rows.', [], '', requestId);
  return { rows, next: answer.headers.get('X-Next-Cursor') ?? '', requestId };
}

/** The whole report as a file, and the name that the gateway gave it. */
export async function fetchReportFile(name: string, token: string, wish: ReportWish, format: ReportFormat): Promise<{ file: Blob; name: string; partial: boolean }> {
  const answer = await ask(name, token, { ...wish, format });
  const given = /filename="?([^";]+)"?/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1];
  return { file: await answer.blob(), name: given ?? `${name}.${format}`, partial: (answer.headers.get('X-Next-Cursor') ?? '') !== '' };
}
