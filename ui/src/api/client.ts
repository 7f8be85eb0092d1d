import { apiUrl } from '@/lib/base';
import { lost } from './connection';
import { ApiError } from './error';
import { currentToken, expireSession, sessionStore } from './session';
import type { Violation } from './types';

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** JSON, or a form with files. */
  body?: unknown;
  /** The version that the change is based on. */
  ifMatch?: number;
  signal?: AbortSignal;
  /** Without a token: sign-in. A 401 is then an answer, not the end of the session. */
  open?: boolean;
}

interface Refusal {
  error?: string;
  id?: string;
  violations?: Violation[];
}

/**
 * Calls the administration API and returns its answer, null for none.
 *
 * Throws an ApiError; what else it throws is the abort of the signal.
 */
export async function call<T>(path: string, { method = 'GET', body, ifMatch, signal, open = false }: Call = {}): Promise<T> {
  // Until the user is back every call would be refused; asking on would only make noise.
  if (!open && sessionStore.get().status === 'expired') throw new ApiError(401, 'Unauthorized!');
  const token = open ? '' : currentToken();
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  const form = body instanceof FormData; // fetch names its boundary itself
  if (body !== undefined && !form) headers['Content-Type'] = 'application/json';
  if (ifMatch !== undefined) headers['If-Match'] = `"${ifMatch}"`;

  let answer: Response;
  let text: string;
  try {
    answer = await fetch(apiUrl(path), {
      method,
      headers,
      body: body === undefined ? undefined : form ? body : JSON.stringify(body),
      signal,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
    });
    text = await answer.text();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    lost();
    throw new ApiError(0, cause instanceof Error ? cause.message : String(cause));
  }
  if (answer.ok) return parse<T>(text, answer);
  const error = refusal(answer, text);
  if (error.unreachable) lost();
  if (error.status === 401 && token) expireSession(token);
  throw error;
}

function parse<T>(text: string, answer: Response): T {
  if (text === '') return null as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(answer.status, 'The answer is not JSON.', [], '', answer.headers.get('X-Request-Id') ?? '');
  }
}

function refusal(answer: Response, text: string): ApiError {
  let told: Refusal = {};
  try {
    told = (JSON.parse(text) as Refusal | null) ?? {};
  } catch {
    // a proxy's page
  }
  return new ApiError(
    answer.status,
    typeof told.error === 'string' ? told.error : `HTTP ${answer.status}`,
    Array.isArray(told.violations) ? told.violations : [],
    typeof told.id === 'string' ? told.id : '',
    answer.headers.get('X-Request-Id') ?? '',
    Number(answer.headers.get('Retry-After')) || 0,
  );
}

/** Joins the parts of a path, each of them encoded. */
export function path(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}
