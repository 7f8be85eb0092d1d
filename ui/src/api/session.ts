import { panelPath } from '@/lib/base';
import { createStore, useStore } from '@/lib/store';
import type { Role, SessionView } from './types';

/**
 * Who is signed in. The token lives in sessionStorage: it survives a reload and
 * ends with the tab. Other tabs of the same panel are asked for it, so that a
 * link opened beside needs no second sign-in.
 */
export type SessionState =
  | { status: 'restoring' }
  | { status: 'out' }
  /** expired: the gateway does not know the token any more; the page stays until the same user is back. */
  | { status: 'in'; session: SessionView }
  | { status: 'expired'; session: SessionView };

const key = `patchbay:${panelPath}`;
const peers = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(key);
const store = createStore<SessionState>({ status: 'restoring' });

type Message = { kind: 'ask' } | { kind: 'have'; session: SessionView } | { kind: 'out' };

function tell(message: Message) {
  peers?.postMessage(message);
}

function read(): SessionView | null {
  try {
    const session = JSON.parse(sessionStorage.getItem(key) ?? 'null') as SessionView | null;
    return session && Date.parse(session.expires) > Date.now() ? session : null;
  } catch {
    return null;
  }
}

function keep(session: SessionView) {
  sessionStorage.setItem(key, JSON.stringify(session));
  store.set({ status: 'in', session });
}

peers?.addEventListener('message', (event: MessageEvent<Message>) => {
  const now = store.get();
  switch (event.data.kind) {
    case 'ask':
      if (now.status === 'in') tell({ kind: 'have', session: now.session });
      break;
    case 'have':
      // Never over another user's page: it shows what that user may see.
      if (now.status === 'restoring' || now.status === 'out') keep(event.data.session);
      else if (now.session.login === event.data.session.login) keep(event.data.session);
      break;
    case 'out':
      if (now.status === 'in' || now.status === 'expired') forget();
  }
});

/** How long other tabs have to hand over their session, in milliseconds. */
const handover = 120;

/** Finds the session of this tab or of another one. */
export async function restoreSession(): Promise<void> {
  const session = read();
  if (session) {
    keep(session);
    return;
  }
  tell({ kind: 'ask' });
  await new Promise((resolve) => setTimeout(resolve, peers ? handover : 0));
  if (store.get().status === 'restoring') store.set({ status: 'out' });
}

export function startSession(session: SessionView) {
  keep(session);
  tell({ kind: 'have', session });
}

/** The gateway refused the token: ask for the password without losing the page. */
export function expireSession(token: string) {
  store.set((now) => (now.status === 'in' && now.session.access_token === token ? { status: 'expired', session: now.session } : now));
}

function forget() {
  sessionStorage.removeItem(key);
  store.set({ status: 'out' });
}

/** Ends the session in all tabs; the caller has told the gateway. */
export function endSession() {
  tell({ kind: 'out' });
  forget();
}

export const sessionStore = store;

export function currentToken(): string {
  const now = store.get();
  return now.status === 'in' || now.status === 'expired' ? now.session.access_token : '';
}

export function useSessionState(): SessionState {
  return useStore(store);
}

/** The signed-in user; only for pages that are shown to one. */
export function useSession(): SessionView {
  const now = useStore(store);
  if (now.status === 'in' || now.status === 'expired') return now.session;
  return { access_token: '', login: '', role: 'integrator', must_change: false, expires: '' };
}

const ranks: Record<Role, number> = { integrator: 0, auditor: 1, manager: 2, administrator: 3 };

export function covers(role: Role, least: Role): boolean {
  return ranks[role] >= ranks[least];
}

/** Whether the signed-in user may do what needs a role. The gateway checks again. */
export function useMay(least: Role): boolean {
  return covers(useSession().role, least);
}
