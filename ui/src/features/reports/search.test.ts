import { expect, it } from 'vitest';
import { nextSort, reportSearch, sortOf } from './search';

it('reads an address and leaves out what is not well-formed', () => {
  expect(reportSearch({ from: '2026-11-01', to: '2026-11-30', tz: 'Europe/Moscow', hide: 'c1,c2', sort: '-c3' })).toEqual({ from: '2026-11-01', to: '2026-11-30', tz: 'Europe/Moscow', hide: 'c1,c2', sort: '-c3' });
  expect(reportSearch({ from: 'x', to: 5, tz: 'Moon/Base', sort: 'name', hide: '' })).toEqual({ from: undefined, to: undefined, tz: undefined, hide: undefined, sort: undefined });
  expect(reportSearch({ sort: 3, hide: 2 })).toMatchObject({ sort: undefined, hide: '2' });
});

it('turns the order round and gives it up', () => {
  expect([nextSort(undefined, 'c2'), nextSort('c2', 'c2'), nextSort('-c2', 'c2'), nextSort('-c2', 'c0')]).toEqual(['c2', '-c2', undefined, 'c0']);
  expect(sortOf('-c2')).toEqual({ column: 'c2', down: true });
  expect(sortOf(undefined)).toBeUndefined();
});
