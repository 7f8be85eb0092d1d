import { expect, it } from 'vitest';
import { parseHidden, shownColumns } from './columns';
import { leastWidth } from './Rows';

const all = [{ id: 'time' }, { id: 'ip' }, { id: 'body' }];

it('hides what the address names and keeps at least one column', () => {
  expect(parseHidden(undefined)).toEqual([]);
  expect(parseHidden('ip,,body')).toEqual(['ip', 'body']);
  expect(shownColumns(all, ['ip', 'no-such'])).toEqual([{ id: 'time' }, { id: 'body' }]);
  expect(shownColumns(all, ['time', 'ip', 'body'])).toEqual(all);
});

it('adds up what columns need', () => {
  const cell = () => null;
  expect(leastWidth([{ id: 'a', title: '', width: '158px', cell }, { id: 'b', title: '', width: 'minmax(150px, 1fr)', cell }, { id: 'c', title: '', width: '1fr', least: 40, cell }])).toBe(348);
});
