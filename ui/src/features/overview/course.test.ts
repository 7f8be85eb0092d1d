import { expect, it } from 'vitest';
import type { HistoryPoint } from '@/api/live/shapes';
import { course, minutes, total, worst } from './course';

const now = Date.parse('2026-01-31T12:00:00Z');
const point = (secondsAgo: number, requests: number, p99_ms = 0): HistoryPoint => ({ time: new Date(now - secondsAgo * 1000).toISOString(), requests, refused: 0, failed: 0, p50_ms: 0, p99_ms, sms_accepted: 0, sms_failed: 0 });

it('fills the minutes in which nothing ran and leaves out what is older or of another clock', () => {
  const points = [point(7200, 9), point(3599, 1), point(125, 2), point(60, 4), point(20, 8), point(10, 16), point(-30, 100)];
  const requests = course(points, now, total((p) => p.requests));
  expect(requests).toHaveLength(minutes);
  expect(requests[0]).toBe(1);
  expect(requests.slice(-3)).toEqual([2, 4, 24]);
  expect(requests.reduce((a, b) => a + b)).toBe(31);
});

it('takes the worst of a minute, not the sum', () => {
  expect(course([point(5, 1, 30), point(15, 1, 80)], now, worst((p) => p.p99_ms)).at(-1)).toBe(80);
  expect(course([], now, worst((p) => p.p99_ms)).every((n) => n === 0)).toBe(true);
});
