import { InfiniteQueryObserver, QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { pagesOf as query } from '@/api/pages';
import type { Page } from '@/api/types';
import { bringBack, keeper, letGo, most, near, pagesOf, spread, type HeldPage, type HeldPages } from './held';

interface Row {
  id: string;
}

const page = (from: number, count: number): HeldPage<Row> => ({ rows: Array.from({ length: count }, (_, i) => ({ id: `r${from + i}` })), next: String(from + count), skipped: 0 });
const gone = (count: number): HeldPage<Row> => ({ rows: [], next: '', skipped: 0, gone: count });

describe('rows that are held', () => {
  it('have their places, with and without the others', () => {
    const rows = spread([page(0, 2), gone(3), page(5, 1)]);
    expect(rows).toHaveLength(6);
    expect(rows.map((r) => r?.id)).toEqual(['r0', 'r1', , , , 'r5']);
    expect(spread([])).toEqual([]);
  });

  it('belong to pages of different lengths, some of them empty', () => {
    const pages = [page(0, 2), page(2, 0), gone(3), page(5, 4)];
    expect(pagesOf(pages, 0, 0)).toEqual([0, 0]);
    expect(pagesOf(pages, 1, 2)).toEqual([0, 2]);
    expect(pagesOf(pages, 5, 8)).toEqual([3, 3]);
    expect(pagesOf(pages, 100, 200)).toEqual([0, 3]);
    expect(pagesOf([], 0, 10)).toEqual([0, 0]);
  });

  it('are let go of far from what is in sight, never the first page, and not before there are many', () => {
    const few = Array.from({ length: most }, (_, i) => page(i * 10, 10));
    expect(letGo(few, most - 1, most - 1)).toBe(few);
    const many = [...few, page(most * 10, 10)];
    const held = letGo(many, most, most);
    expect(held.map((p, i) => (p.gone === undefined ? i : -1)).filter((i) => i >= 0)).toEqual([0, ...Array.from({ length: near + 1 }, (_, i) => most - near + i)]);
    expect(spread(held)).toHaveLength(spread(many).length);
    expect(letGo(held, most, most)).toBe(held);
  });

  it('come back whole, though an answer may be shorter than the page was', async () => {
    const fetch = (cursor: string): Promise<Page<Row>> => Promise.resolve(page(Number(cursor), 4));
    expect((await bringBack(fetch, '20', 10)).map((r) => r.id)).toEqual(page(20, 10).rows.map((r) => r.id));
    const ends = (cursor: string): Promise<Page<Row>> => Promise.resolve({ ...page(Number(cursor), 4), next: '' });
    expect(await bringBack(ends, '20', 10)).toHaveLength(4); // retention took the others
  });
});

it('keeps a bounded part of a journal, fetches what is looked at again, and begins anew', async () => {
  const client = new QueryClient();
  const asked: string[] = [];
  let broken = false;
  const { options, fetch } = query<Row>(['journal', 'test'], (cursor) => {
    asked.push(cursor);
    return broken ? Promise.reject(new Error('away')) : Promise.resolve(page(Number(cursor), 10));
  });
  const observer = new InfiniteQueryObserver(client, options);
  const stop = observer.subscribe(() => {});
  const keep = keeper<Row>(client, options.queryKey, fetch);
  const data = () => client.getQueryData<HeldPages<Row>>(options.queryKey)!;
  const held = () => data().pages.reduce((n, p) => n + p.rows.length, 0);
  const idle = () => new Promise((done) => setTimeout(done));

  await observer.refetch();
  for (let i = 1; i < 100; i++) {
    await observer.fetchNextPage();
    keep.look(i * 10, i * 10 + 9);
    expect(held()).toBeLessThanOrEqual((most + 1) * 10);
  }
  expect(spread(data().pages)).toHaveLength(1000);

  // In the middle nothing is left; one look brings back what is there, once.
  asked.length = 0;
  keep.look(505, 515);
  keep.look(505, 515);
  await idle();
  expect(asked.sort()).toEqual(['490', '500', '510', '520']);
  expect(spread(data().pages).slice(490, 530).map((r) => r?.id)).toEqual(page(490, 40).rows.map((r) => r.id));
  keep.look(505, 515); // as a page does whose rows have changed
  expect(held()).toBeLessThanOrEqual((most + 1) * 10);

  // What cannot be fetched stays empty until it is looked at again.
  broken = true;
  keep.look(205, 206);
  await idle();
  expect(spread(data().pages)[205]).toBeUndefined();
  broken = false;
  keep.look(205, 206);
  await idle();
  expect(spread(data().pages)[205]?.id).toBe('r205');

  expect(keep.restart()).toBe(true);
  expect(spread(data().pages)).toHaveLength(10);
  expect(keep.restart()).toBe(false);
  stop();
});
