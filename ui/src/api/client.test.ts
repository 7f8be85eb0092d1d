import { beforeEach, describe, expect, it, vi } from 'vitest';

vi.stubGlobal('document', { baseURI: 'https://host/pbx/admin/', querySelector: () => null });
vi.stubGlobal('BroadcastChannel', undefined);
const storage = new Map<string, string>();
vi.stubGlobal('sessionStorage', { getItem: (k: string) => storage.get(k) ?? null, setItem: (k: string, v: string) => storage.set(k, v), removeItem: (k: string) => storage.delete(k) });

const { call, path } = await import('./client');
const { ApiError } = await import('./error');
const session = await import('./session');
const { connectionStore } = await import('./connection');

const person = { access_token: 'T', login: 'boss', role: 'administrator' as const, must_change: false, expires: '2099-01-01T00:00:00Z' };

function answer(status: number, body: string, headers: Record<string, string> = { 'X-Request-Id': 'r1' }) {
  const fetch = vi.fn(async (_url: string, _init?: RequestInit) => new Response(status === 204 ? null : body, { status, headers }));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

const failure = async (run: Promise<unknown>) => {
  try {
    await run;
  } catch (e) {
    return e as InstanceType<typeof ApiError>;
  }
  throw new Error('it did not fail');
};

beforeEach(() => session.startSession(person));

describe('call', () => {
  it('goes below the prefix of the page, with the token and the version', async () => {
    const fetch = answer(200, '{"a":1}');
    expect(await call(path('users', 'a/b c'), { method: 'PATCH', body: { x: 1 }, ifMatch: 7 })).toEqual({ a: 1 });
    const [url, init] = fetch.mock.calls[0]!;
    expect(url).toBe('https://host/pbx/admin/api/v1/users/a%2Fb%20c');
    expect(init).toMatchObject({ method: 'PATCH', body: '{"x":1}', credentials: 'omit', headers: { Authorization: 'Bearer T', 'If-Match': '"7"' } });
  });

  it('gives null for no content', async () => {
    answer(204, '');
    expect(await call('/x')).toBeNull();
  });

  it('tells what the gateway told', async () => {
    answer(422, '{"error":"Invalid settings!","violations":[{"pointer":"/values/url","message":"is required"}]}');
    const e = await failure(call('/x'));
    expect(e).toBeInstanceOf(ApiError);
    expect([e.status, e.message, e.violations, e.requestId, e.unreachable]).toEqual([422, 'Invalid settings!', [{ pointer: '/values/url', message: 'is required' }], 'r1', false]);
  });

  it('ends the session when the token is refused, and keeps the page', async () => {
    answer(401, '{"error":"Unauthorized!"}');
    await failure(call('/x'));
    expect(session.sessionStore.get()).toEqual({ status: 'expired', session: person });
    const fetch = answer(200, '{}');
    expect((await failure(call('/x'))).status).toBe(401);
    expect(fetch).not.toHaveBeenCalled();
  });

  it('does not end a newer session for the refusal of an older token', async () => {
    answer(200, '{}');
    session.startSession({ ...person, access_token: 'T2' });
    session.expireSession('T');
    expect(session.sessionStore.get().status).toBe('in');
  });

  it('takes a refused sign-in for an answer', async () => {
    answer(401, '{"error":"Wrong login or password!"}');
    const e = await failure(call('/login', { open: true, method: 'POST', body: {} }));
    expect(e.message).toBe('Wrong login or password!');
    expect(session.sessionStore.get().status).toBe('in');
  });

  it('knows a gateway that is away from one that refuses', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('Failed to fetch');
    });
    expect((await failure(call('/x'))).unreachable).toBe(true);
    expect(connectionStore.get().up).toBe(false);
    answer(502, '<html>bad gateway</html>', {});
    expect((await failure(call('/x'))).unreachable).toBe(true);
    answer(503, '{"error":"starting"}');
    expect((await failure(call('/x'))).unreachable).toBe(false);
  });

  it('hands an abort on as it is', async () => {
    const stop = new AbortController();
    vi.stubGlobal('fetch', async () => {
      stop.abort();
      throw stop.signal.reason;
    });
    await expect(call('/x', { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
