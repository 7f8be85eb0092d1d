import type { InfiniteData, QueryClient, QueryKey } from '@tanstack/react-query';
import type { Page } from '@/api/types';

/** A page of which only the number of its rows may be left: gone. Its cursor brings the rows back. */
export type HeldPage<R> = Page<R> & { gone?: number };
export type HeldPages<R> = InfiniteData<HeldPage<R>, string>;

/** Asks the gateway for the page that begins at a cursor. */
export type Fetch<R> = (cursor: string) => Promise<Page<R>>;

/** So many pages stay on each side of those in sight, and nothing is let go of before there are so many altogether. */
export const near = 3;
export const most = 12;

const size = (page: HeldPage<unknown>) => page.gone ?? page.rows.length;

/** Every row at its place; the places of rows that were let go of are empty. */
export function spread<R>(pages: readonly HeldPage<R>[]): (R | undefined)[] {
  const out: (R | undefined)[] = new Array<R | undefined>(pages.reduce((n, p) => n + size(p), 0));
  let at = 0;
  for (const page of pages) {
    page.rows.forEach((row, i) => (out[at + i] = row));
    at += size(page);
  }
  return out;
}

/** The first and the last page of the rows from..to. */
export function pagesOf(pages: readonly HeldPage<unknown>[], from: number, to: number): [number, number] {
  let first = -1;
  let last = 0;
  let at = 0;
  for (let i = 0; i < pages.length && at <= to; i++) {
    at += size(pages[i]!);
    if (first < 0 && at > from) first = i;
    last = i;
  }
  return [Math.max(first, 0), last];
}

/**
 * The pages without the rows that are far from those in sight. The first page stays: it has no
 * cursor of its own, and asked for again it would begin with newer rows.
 */
export function letGo<R>(pages: HeldPage<R>[], first: number, last: number): HeldPage<R>[] {
  const far = (page: HeldPage<R>, i: number) => i > 0 && (i < first - near || i > last + near) && page.gone === undefined;
  if (pages.filter((p) => p.gone === undefined).length <= most || !pages.some(far)) return pages;
  return pages.map((page, i) => (far(page, i) ? { ...page, rows: [], gone: page.rows.length } : page));
}

/** The rows of a page that was let go of. An answer may be shorter than the page was: the gateway looks through a bounded part for each. */
export async function bringBack<R>(fetch: Fetch<R>, cursor: string, count: number): Promise<R[]> {
  const rows: R[] = [];
  for (let at = cursor; rows.length < count; ) {
    const page = await fetch(at);
    rows.push(...page.rows);
    if (!page.next) break;
    at = page.next;
  }
  return rows.slice(0, count);
}

/** Keeps the rows of a query around what is in sight, whatever was scrolled through. */
export function keeper<R>(client: QueryClient, key: QueryKey, fetch: Fetch<R>) {
  const asked = new Set<string>();
  const change = (to: (data: HeldPages<R>) => HeldPages<R>) => client.setQueryData<HeldPages<R>>(key, (data) => data && to(data));

  async function fill(cursor: string, count: number) {
    asked.add(cursor);
    try {
      const rows = await bringBack(fetch, cursor, count);
      change((data) => ({ ...data, pages: data.pages.map((p, i) => (data.pageParams[i] === cursor && p.gone !== undefined ? { rows, next: p.next, skipped: p.skipped } : p)) }));
    } catch {
      // The rows stay empty until they are looked at again.
    } finally {
      asked.delete(cursor);
    }
  }

  return {
    /** The rows from..to are in sight. */
    look(from: number, to: number) {
      const data = client.getQueryData<HeldPages<R>>(key);
      if (!data) return;
      const [first, last] = pagesOf(data.pages, from, to);
      const pages = letGo(data.pages, first, last);
      if (pages !== data.pages) change((now) => (now.pages === data.pages ? { ...now, pages } : now));
      for (let i = Math.max(first - 1, 0); i <= Math.min(last + 1, data.pages.length - 1); i++) {
        const page = data.pages[i]!;
        const cursor = data.pageParams[i]!;
        if (page.gone !== undefined && !asked.has(cursor)) void fill(cursor, page.gone);
      }
    },
    /** Begins again with the first page; true when there were more. */
    restart(): boolean {
      const more = (client.getQueryData<HeldPages<R>>(key)?.pages.length ?? 0) > 1;
      if (more) change((data) => ({ pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) }));
      return more;
    },
  };
}

