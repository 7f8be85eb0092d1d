import { expect, it } from 'vitest';
import { callers } from './callers';
import { parseLimit, writeLimit } from './limit';

it('counts who called, most first, and nobody not at all', () => {
  const at = (user: string, time: string) => ({ user, time });
  expect(callers([at('b', '2'), at('a', '1'), at('', '9'), at('a', '3'), at('c', '1')])).toEqual([
    { user: 'a', count: 2, last: '3' },
    { user: 'b', count: 1, last: '2' },
    { user: 'c', count: 1, last: '1' },
  ]);
});

it('reads and writes limits as the gateway does', () => {
  for (const text of ['10/s', '60/m', '5/h burst 20']) expect(writeLimit(parseLimit(text)!)).toBe(text);
  for (const bad of ['off', '', '10', '10/d', '-1/s', '1.5/s', '10/s burst']) expect(parseLimit(bad)).toBeNull();
});
