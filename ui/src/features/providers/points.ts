/** Extension points with a name in both languages; others are shown as they are. */
export const points = ['sms.provider', 'onlinestat.source', 'report.source', 'contact.recording'] as const;
export type Point = (typeof points)[number];

export function isPoint(name: string): name is Point {
  return (points as readonly string[]).includes(name);
}

/** Groups by the first extension point that each serves, known points first. */
export function byPoint<X>(list: readonly X[], pointsOf: (x: X) => readonly string[]): [string, X[]][] {
  const groups = new Map<string, X[]>();
  for (const x of list) {
    const point = pointsOf(x)[0] ?? '';
    groups.set(point, [...(groups.get(point) ?? []), x]);
  }
  const rank = (point: string) => {
    const i = (points as readonly string[]).indexOf(point);
    return i < 0 ? points.length : i;
  };
  return [...groups].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}
