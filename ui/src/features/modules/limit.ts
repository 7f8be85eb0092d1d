/** A rate as the gateway writes it: "10/s", "60/m burst 90", "off". */
export interface Limit {
  count: number;
  per: 's' | 'm' | 'h';
  burst?: number;
}

export function parseLimit(text: string): Limit | null {
  const m = /^(\d+)\/([smh])(?: burst (\d+))?$/.exec(text);
  if (!m) return null;
  return { count: Number(m[1]), per: m[2] as Limit['per'], burst: m[3] === undefined ? undefined : Number(m[3]) };
}

export function writeLimit({ count, per, burst }: Limit): string {
  return `${count}/${per}${burst !== undefined && burst !== count ? ` burst ${burst}` : ''}`;
}
