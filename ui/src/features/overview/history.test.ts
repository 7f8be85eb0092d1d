import { expect, it } from 'vitest';
import { addSample, capacity, quantile, rates, recent, type Sample } from './history';

const look = (tasks: number, failures = 0) => [{ id: 'sms', stats: { tasks, failures, crashes: 0, in_flight: 0, guests: 1, memory_bytes: 0, busy_ms: 0 } }];

it('makes rates of counters, also when one starts again', () => {
  let h: Sample[] = [];
  h = addSample(h, look(100), 0);
  h = addSample(h, look(150), 5_000);
  h = addSample(h, look(10), 10_000);
  h = addSample(h, [], 15_000);
  expect(rates(h, 'tasks')).toEqual([10, 2, 0]);
  expect(rates(h, 'tasks', 'sms')).toEqual([10, 2, 0]);
  expect(rates(h, 'failures')).toEqual([0, 0, 0]);
});

it('counts two looks in a second as one and forgets the oldest', () => {
  let h: Sample[] = addSample([], look(1), 0);
  expect(addSample(h, look(2), 500)).toHaveLength(1);
  for (let i = 1; i < 2 * capacity; i++) h = addSample(h, look(i), i * 2_000);
  expect(h).toHaveLength(capacity);
});

it('takes the mean of the last and quantiles', () => {
  expect(recent([9, 1, 2, 3])).toBe(2);
  expect(recent([])).toBe(0);
  expect(quantile([5, 1, 9], 0.5)).toBe(5);
  expect(quantile([5, 1, 9], 0.95)).toBe(9);
  expect(quantile([], 0.5)).toBeUndefined();
});
