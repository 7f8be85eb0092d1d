import type { Filter } from '@/api/journal/page';
import { instant, isZone } from '@/lib/zone';

/** The address of the journal: which records, and which of them is open. */
export interface JournalSearch {
  /** "bad" are requests that were refused or failed. */
  kind?: JournalKind;
  /** A span that moves with the clock, such as "24h"; nothing means all. */
  last?: Span;
  /** Wall-clock times of the zone, for a span that stays. */
  from?: string;
  to?: string;
  user?: string;
  module?: string;
  action?: string;
  text?: string;
  /** Time zone; nothing means the browser's. */
  tz?: string;
  /** The oldest records first. */
  order?: 'oldest';
  /** The record that is open. */
  row?: string;
  /** Columns that are hidden; see components/rows. */
  hide?: string;
}

export const kinds = ['requests', 'bad', 'sms', 'calls'] as const;
export type JournalKind = (typeof kinds)[number];

export const spans = { '15m': 15 * 60, '1h': 3600, '24h': 86_400, '7d': 7 * 86_400, '30d': 30 * 86_400 } as const;
export type Span = keyof typeof spans;

type Raw = Record<string, unknown>;

function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}

function common(raw: Raw) {
  const last = text(raw.last);
  const tz = text(raw.tz);
  return {
    last: last !== undefined && last in spans ? (last as Span) : undefined,
    from: text(raw.from),
    to: text(raw.to),
    user: text(raw.user),
    action: text(raw.action),
    text: text(raw.text),
    order: raw.order === 'oldest' ? ('oldest' as const) : undefined,
    tz: tz !== undefined && isZone(tz) ? tz : undefined,
    row: text(raw.row),
    hide: text(raw.hide),
  };
}

/** Reads the address; whatever is not well-formed counts as left out. */
export function journalSearch(raw: Raw): JournalSearch {
  const kind = text(raw.kind) as JournalKind;
  return { ...common(raw), kind: kinds.includes(kind) && kind !== 'requests' ? kind : undefined, module: text(raw.module) };
}

export type ChangesSearch = Omit<JournalSearch, 'kind' | 'module'>;

export function changesSearch(raw: Raw): ChangesSearch {
  return common(raw);
}

/** The filter of a search at a moment. A moving span begins on a whole minute, so that the filter stays the same for a while. */
export function filterOf(search: JournalSearch, zone: string, now: number): Filter {
  const filter: Filter = { user: search.user, text: search.text, order: search.order };
  if (search.last) filter.from = new Date(Math.floor(now / 60_000) * 60_000 - spans[search.last] * 1000).toISOString();
  else {
    if (search.from) filter.from = instant(search.from, zone);
    if (search.to) filter.to = end(search.to, zone);
  }
  return filter;
}

/** A date or a minute as the later bound holds to its end. */
function end(text: string, zone: string): string | undefined {
  const start = instant(text, zone);
  if (start === undefined) return undefined;
  if (/^\d{4}-\d\d-\d\d$/.test(text.trim())) {
    const [y, m, d] = text.split('-').map(Number) as [number, number, number];
    return instant(new Date(Date.UTC(y, m - 1, d + 1)).toISOString().slice(0, 10), zone);
  }
  return /:\d\d:\d\d$/.test(text) ? start : new Date(Date.parse(start) + 60_000).toISOString();
}
