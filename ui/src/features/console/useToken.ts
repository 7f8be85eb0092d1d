import { useCallback, useEffect, useRef } from 'react';
import { issueToken } from '@/api/users/issue-token';
import { revokeToken } from '@/api/users/revoke-token';

/** How long a token of the console lasts when the page cannot end it, in seconds. */
const lifetime = 600;

interface Held {
  login: string;
  id: string;
  token: string;
  until: number;
}

/** Hands out a token of a user for trying things; it ends with the page or with the choice of another user. */
export function useToken(label: string): (login: string) => Promise<string> {
  const held = useRef<Held | null>(null);
  const end = useCallback(() => {
    const now = held.current;
    held.current = null;
    if (now) void revokeToken(now.login, now.id).catch(() => undefined); // it ends by itself, too
  }, []);
  useEffect(() => end, [end]);
  return useCallback(
    async (login) => {
      const now = held.current;
      if (now && now.login === login && now.until > Date.now()) return now.token;
      end();
      const { id, token } = await issueToken(login, { label, lifetime_seconds: lifetime, idle_seconds: 0 });
      held.current = { login, id, token, until: Date.now() + (lifetime - 30) * 1000 };
      return token;
    },
    [end, label],
  );
}
