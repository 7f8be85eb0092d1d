import { useEffect, useRef, useState } from 'react';
import { apiUrl } from '@/lib/base';
import { splitEvents } from '@/lib/events';
import { ApiError } from '../error';
import { currentToken, expireSession, sessionStore } from '../session';

/** What came over a stream of the administration API. */
export type OnEvent = (name: string, data: unknown) => void;

/** Without a sign of life for so long, in milliseconds, a stream counts as lost; the gateway sends one every few seconds. */
const silence = 20_000;
const pause = 2_000;

/** Reads one stream to its end, which the gateway brings about every few minutes. An EventSource could not carry the token. */
async function read(path: string, onEvent: OnEvent, signal: AbortSignal): Promise<void> {
  const token = currentToken();
  const own = new AbortController();
  const stop = () => own.abort();
  signal.addEventListener('abort', stop);
  let timer = setTimeout(stop, silence);
  try {
    const answer = await fetch(apiUrl(path), { headers: { Accept: 'text/event-stream', Authorization: `Bearer ${token}` }, signal: own.signal, cache: 'no-store', credentials: 'omit', redirect: 'error' });
    if (answer.status === 401 && token) expireSession(token);
    if (!answer.ok || !answer.body) throw new ApiError(answer.status, `HTTP ${answer.status}`);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ''; ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(stop, silence);
      const { events, tail } = splitEvents(rest + value);
      rest = tail;
      for (const { name, data } of events) onEvent(name, JSON.parse(data));
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

async function follow(path: () => string, onEvent: OnEvent, onEnd: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (sessionStore.get().status === 'in' && document.visibilityState === 'visible') {
      try {
        await read(path(), onEvent, signal);
      } catch {
        // It is tried again; meanwhile the page asks for the figures itself.
      }
      if (signal.aborted) return;
      onEnd();
    }
    await new Promise((done) => setTimeout(done, pause));
  }
}

/**
 * Follows a stream while the component is shown, and comes back to it when it ends. path is asked anew each time.
 * The result is whether events arrive; while it is false, the caller asks for the figures by itself.
 */
export function useStream(path: () => string, onEvent: OnEvent): boolean {
  const [live, setLive] = useState(false);
  const now = useRef({ path, onEvent });
  now.current = { path, onEvent };
  useEffect(() => {
    const end = new AbortController();
    const heard: OnEvent = (name, data) => {
      setLive(true);
      now.current.onEvent(name, data);
    };
    void follow(() => now.current.path(), heard, () => setLive(false), end.signal);
    return () => end.abort();
  }, []);
  return live;
}
