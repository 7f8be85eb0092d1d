import type { HistoryPoint } from '@/api/live/shapes';

/** How many points a course has, each of them a minute. */
export const minutes = 60;

/** The last hour before now, minute by minute; merge makes one value of the steps in a minute, of which there may be none. */
export function course(points: readonly HistoryPoint[], now: number, merge: (steps: HistoryPoint[]) => number): number[] {
  const buckets: HistoryPoint[][] = Array.from({ length: minutes }, () => []);
  for (const p of points) {
    const ago = Math.floor((now - Date.parse(p.time)) / 60_000);
    if (ago >= 0 && ago < minutes) buckets[minutes - 1 - ago]!.push(p);
  }
  return buckets.map(merge);
}

export const total = (of: (p: HistoryPoint) => number) => (steps: HistoryPoint[]) => steps.reduce((sum, p) => sum + of(p), 0);
export const worst = (of: (p: HistoryPoint) => number) => (steps: HistoryPoint[]) => steps.reduce((most, p) => Math.max(most, of(p)), 0);
