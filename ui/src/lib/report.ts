import { isObject } from './dialect';

/** The rows of reports: what columns they have, and their order. */

export type ReportRow = Record<string, unknown>;

/** The gateway's reports have their rows in "data", those of external systems are nothing but rows. */
export function rowsOf(answer: unknown): ReportRow[] | undefined {
  const rows = Array.isArray(answer) ? answer : isObject(answer) ? answer.data : undefined;
  return Array.isArray(rows) && rows.every(isObject) ? rows : undefined;
}

/** The names of all columns, in the order in which they first appear. */
export function columnNames(rows: readonly ReportRow[]): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  return [...names];
}

export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const numeric = /^-?\d+(?:[.,]\d+)?$/;

/** The number that a cell shows. What begins with a zero or has many digits is a name made of digits: an id, a telephone number. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !numeric.test(value) || value.length > 12 || /^-?0\d/.test(value)) return undefined;
  return Number(value.replace(',', '.'));
}

/** Whether a column holds nothing but numbers, which are then set flush right. */
export function isNumeric(rows: readonly ReportRow[], name: string): boolean {
  let some = false;
  for (const row of rows) {
    const value = row[name];
    if (value === null || value === undefined || value === '') continue;
    if (numberOf(value) === undefined) return false;
    some = true;
  }
  return some;
}

/** Numbers by their value, the rest as people sort it, nothing at the end in both directions. */
export function sortRows<R>(rows: readonly R[], valueOf: (row: R) => unknown, down: boolean, language: string): R[] {
  const collator = new Intl.Collator(language, { numeric: true });
  const way = down ? -1 : 1;
  const empty = (v: unknown) => v === null || v === undefined || v === '';
  return [...rows].sort((x, y) => {
    const a = valueOf(x);
    const b = valueOf(y);
    if (empty(a) || empty(b)) return Number(empty(a)) - Number(empty(b));
    const n = numberOf(a);
    const m = numberOf(b);
    if (n !== undefined && m !== undefined) return way * (n - m);
    return way * collator.compare(cellText(a), cellText(b));
  });
}

export const periods = ['today', 'yesterday', 'week', 'month', 'lastMonth'] as const;
export type Period = (typeof periods)[number];

/** First and last day of a period, when today is "2026-11-22". */
export function daysOf(period: Period, today: string): { from: string; to: string } {
  const [y, m, d] = today.split('-').map(Number) as [number, number, number];
  const day = (month: number, date: number) => new Date(Date.UTC(y, month, date)).toISOString().slice(0, 10);
  switch (period) {
    case 'today':
      return { from: today, to: today };
    case 'yesterday':
      return { from: day(m - 1, d - 1), to: day(m - 1, d - 1) };
    case 'week':
      return { from: day(m - 1, d - 6), to: today };
    case 'month':
      return { from: day(m - 1, 1), to: today };
    case 'lastMonth':
      return { from: day(m - 2, 1), to: day(m - 1, 0) };
  }
}

export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));
}
