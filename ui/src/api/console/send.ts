import { gatewayUrl } from '@/lib/base';

/** What came back from the integrators' API. */
export interface Exchange {
  status: number;
  headers: [string, string][];
  /** Text, or null when the answer is none; see size. */
  text: string | null;
  file: Blob | null;
  size: number;
  took: number;
  requestId: string;
}

/** The longest text that is shown, in bytes; what is larger, or no text, is offered as a file. */
const readable = 200_000;

/** Sends a real request as an integrator does. Whatever the gateway answers is a result; only no answer is an error. */
export async function sendAsIntegrator(path: string, token: string, body: unknown): Promise<Exchange> {
  const began = performance.now();
  const answer = await fetch(gatewayUrl(path), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
  });
  const file = await answer.blob();
  const took = performance.now() - began;
  const type = answer.headers.get('Content-Type') ?? '';
  const shown = file.size <= readable && /json|text|csv|xml/.test(type);
  return {
    status: answer.status,
    headers: [...answer.headers],
    text: shown ? await file.text() : null,
    file: shown || file.size === 0 ? null : file,
    size: file.size,
    took,
    requestId: answer.headers.get('X-Request-Id') ?? '',
  };
}
