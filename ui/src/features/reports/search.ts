import type { Sort } from '@/components/rows/Rows';
import { isDay } from '@/lib/report';
import { isZone } from '@/lib/zone';

/** The address of a report: what was asked for, and how it is shown. */
export interface ReportSearch {
  /** First and last day, both included. */
  from?: string;
  to?: string;
  tz?: string;
  /** Ids of hidden columns; see components/rows. */
  hide?: string;
  /** The id of a column, with "-" in front for downwards. */
  sort?: string;
}

type Raw = Record<string, unknown>;

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined);

/** Reads the address; whatever is not well-formed counts as left out. */
export function reportSearch(raw: Raw): ReportSearch {
  const [from, to, tz, sort] = [text(raw.from), text(raw.to), text(raw.tz), text(raw.sort)];
  return {
    from: from && isDay(from) ? from : undefined,
    to: to && isDay(to) ? to : undefined,
    tz: tz && isZone(tz) ? tz : undefined,
    hide: text(raw.hide),
    sort: sort && /^-?c\d{1,4}$/.test(sort) ? sort : undefined,
  };
}

export function sortOf(text: string | undefined): Sort | undefined {
  return text === undefined ? undefined : { column: text.replace('-', ''), down: text.startsWith('-') };
}

/** What a click on the head of a column makes of the order: upwards, downwards, as it came. */
export function nextSort(now: string | undefined, column: string): string | undefined {
  if (now === column) return `-${column}`;
  return now === `-${column}` ? undefined : column;
}
