import { expect, it } from 'vitest';
import { perUser } from './callers';
import { parseLimit, writeLimit } from './limit';

it('counts the calls of each user over all actions, most first', () => {
  const call = (user: string, action: string, calls: number, last: string) => ({ user, action, calls, last });
  expect(perUser([call('b', 'x', 2, '2'), call('a', 'x', 1, '1'), call('a', 'y', 4, '3'), call('c', 'x', 2, '1')])).toEqual([
    { user: 'a', count: 5, last: '3' },
    { user: 'b', count: 2, last: '2' },
    { user: 'c', count: 2, last: '1' },
  ]);
});

it('reads and writes limits as the gateway does', () => {
  for (const text of ['10/s', '60/m', '5/h burst 20']) expect(writeLimit(parseLimit(text)!)).toBe(text);
  for (const bad of ['off', '', '10', '10/d', '-1/s', '1.5/s', '10/s burst']) expect(parseLimit(bad)).toBeNull();
});
