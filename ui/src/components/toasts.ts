import { createStore } from '@/lib/store';

export interface Toast {
  id: number;
  tone: 'good' | 'bad' | 'plain';
  text: string;
  /** An error whose details and ids are shown too. */
  error?: unknown;
  action?: { label: string; run: () => void };
  /** Milliseconds until it goes away; 0: it stays until it is closed. */
  life: number;
}

export const toastStore = createStore<Toast[]>([]);
let last = 0;

export function toast(t: Omit<Toast, 'id' | 'life'> & { life?: number }): number {
  const id = ++last;
  const life = t.life ?? (t.tone === 'bad' ? 0 : t.action ? 9_000 : 4_000);
  toastStore.set((list) => [...list.slice(-3), { ...t, id, life }]);
  return id;
}

export function dismiss(id: number) {
  toastStore.set((list) => list.filter((t) => t.id !== id));
}
