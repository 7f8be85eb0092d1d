import { useCallback, useEffect, useRef } from 'react';
import { endOwnToken, issueOwnToken } from '@/api/reports/own-token';

interface Held {
  id: string;
  token: string;
  until: number;
}

/** Hands out a token of the signed-in user for the integrators' API; it ends with the page. */
export function useOwnToken(label: string): () => Promise<string> {
  const held = useRef<Promise<Held> | null>(null);
  useEffect(
    () => () => {
      const now = held.current;
      held.current = null;
      if (now) void now.then((h) => endOwnToken(h.id)).catch(() => undefined); // it ends by itself, too
    },
    [],
  );
  return useCallback(async () => {
    const now = await held.current?.catch(() => null);
    if (now && now.until > Date.now()) return now.token;
    held.current = issueOwnToken(label).then((t) => ({ id: t.id, token: t.token, until: Date.parse(t.expires) - 30_000 }));
    return (await held.current).token;
  }, [label]);
}
