import type { Callers } from '@/api/modules/callers';

export interface Caller {
  user: string;
  count: number;
  last: string;
}

/** The users with the calls of all their actions together, most of them first. */
export function perUser(list: Callers['callers']): Caller[] {
  const by = new Map<string, Caller>();
  for (const { user, calls, last } of list) {
    const c = by.get(user) ?? { user, count: 0, last };
    c.count += calls;
    if (last > c.last) c.last = last;
    by.set(user, c);
  }
  return [...by.values()].sort((a, b) => b.count - a.count || a.user.localeCompare(b.user));
}
