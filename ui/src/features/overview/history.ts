import type { Module } from '@/api/types';

/**
 * The course of the counters while the panel is open. The gateway counts since
 * its start; what is shown per second is the difference between two looks.
 */
export interface Sample {
  /** Milliseconds of the epoch. */
  at: number;
  tasks: Record<string, number>;
  failures: Record<string, number>;
}

export const capacity = 180;

type Counted = Pick<Module, 'id' | 'stats'>;

/** Adds a look at the counters; two looks in the same second count as one. */
export function addSample(history: readonly Sample[], modules: readonly Counted[], at: number): Sample[] {
  const last = history.at(-1);
  if (last && at - last.at < 1000) return [...history];
  const sample: Sample = { at, tasks: {}, failures: {} };
  for (const m of modules) {
    sample.tasks[m.id] = m.stats.tasks;
    sample.failures[m.id] = m.stats.failures;
  }
  return [...history, sample].slice(-capacity);
}

/** Per second between each two looks, over all modules or of one. A counter that fell has started again. */
export function rates(history: readonly Sample[], counter: 'tasks' | 'failures', module?: string): number[] {
  const out: number[] = [];
  for (let i = 1; i < history.length; i++) {
    const [a, b] = [history[i - 1]!, history[i]!];
    const names = module === undefined ? Object.keys(b[counter]) : [module];
    let grown = 0;
    for (const name of names) {
      const before = a[counter][name];
      const after = b[counter][name];
      if (after === undefined || before === undefined) continue;
      grown += after >= before ? after - before : after;
    }
    out.push(grown / Math.max((b.at - a.at) / 1000, 0.001));
  }
  return out;
}

/** The mean of the last few; 0 for none. */
export function recent(values: readonly number[], count = 3): number {
  const tail = values.slice(-count);
  return tail.length === 0 ? 0 : tail.reduce((sum, v) => sum + v, 0) / tail.length;
}

/** The value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
