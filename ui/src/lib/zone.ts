/** Wall-clock times of any time zone, without a library: the browser knows the zones. */

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string): Intl.DateTimeFormat {
  let f = formatters.get(zone);
  if (!f) {
    f = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formatters.set(zone, f);
  }
  return f;
}

/** "2026-11-22 05:10:41" as the clock on the wall of the zone shows it; "" for no time. */
export function wall(time: string | number | Date | null | undefined, zone: string): string {
  if (time === null || time === undefined || time === '') return '';
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  const part = Object.fromEntries(formatter(zone).formatToParts(date).map((p) => [p.type, p.value]));
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}`;
}

/** How far the zone's clocks are ahead of UTC at an instant, in milliseconds. */
function ahead(at: number, zone: string): number {
  return Date.parse(`${wall(at, zone).replace(' ', 'T')}Z`) - Math.floor(at / 1000) * 1000;
}

/**
 * The instant at which the zone's clocks show "2026-11-22 05:10" (a date, minutes
 * or seconds), as RFC 3339. Of two such instants it is the earlier one; a time
 * that the clocks skip counts as if they had not been moved yet. undefined for
 * what is no time.
 */
export function instant(text: string, zone: string): string | undefined {
  const m = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d))?)?$/.exec(text.trim());
  if (!m) return undefined;
  const asUTC = Date.parse(`${m[1]}T${m[2] ?? '00:00'}:${m[3] ?? '00'}Z`);
  if (Number.isNaN(asUTC)) return undefined;
  const before = asUTC - ahead(asUTC - 86_400_000, zone);
  const near = asUTC - ahead(before, zone);
  const same = (at: number) => at + ahead(at, zone) === asUTC;
  const at = same(before) ? before : same(near) ? near : before;
  return new Date(at).toISOString();
}

export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** "GMT+3" of a zone now. */
export function offsetName(zone: string, at: Date = new Date()): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'shortOffset' }).formatToParts(at);
  return (parts.find((p) => p.type === 'timeZoneName')?.value ?? '').replace('GMT', 'UTC');
}

export function zones(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}
