import type { RequestRow } from '@/api/types';

export interface Caller {
  user: string;
  count: number;
  last: string;
}

/** Who made the requests, most of them first. Rows without a user were refused before anybody was known. */
export function callers(rows: readonly Pick<RequestRow, 'user' | 'time'>[]): Caller[] {
  const by = new Map<string, Caller>();
  for (const { user, time } of rows) {
    if (!user) continue;
    const c = by.get(user) ?? { user, count: 0, last: time };
    c.count++;
    if (time > c.last) c.last = time;
    by.set(user, c);
  }
  return [...by.values()].sort((a, b) => b.count - a.count || a.user.localeCompare(b.user));
}
