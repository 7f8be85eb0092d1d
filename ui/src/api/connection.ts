import { gatewayUrl } from '@/lib/base';
import { createStore, useStore } from '@/lib/store';

/** Whether the gateway answers. While it does not, one loop asks until it does. */
export interface Connection {
  up: boolean;
  /** When it was lost, in milliseconds of the epoch. */
  since: number;
  /** Counts the times that the gateway came back. */
  returns: number;
}

const store = createStore<Connection>({ up: true, since: 0, returns: 0 });
let asking = false;

const pauses = [500, 1000, 2000, 3000, 5000];

async function ask(): Promise<void> {
  asking = true;
  for (let attempt = 0; ; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, pauses[Math.min(attempt, pauses.length - 1)]));
    try {
      const answer = await fetch(gatewayUrl('/healthz'), { cache: 'no-store' });
      if (answer.ok) break;
    } catch {
      // still away
    }
  }
  asking = false;
  store.set((now) => ({ up: true, since: 0, returns: now.returns + 1 }));
}

/** No answer came: show it and wait for the gateway. */
export function lost() {
  if (asking) return;
  store.set((now) => ({ ...now, up: false, since: Date.now() }));
  void ask();
}

export const connectionStore = store;

export function useConnection(): Connection {
  return useStore(store);
}
