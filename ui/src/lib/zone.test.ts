import { describe, expect, it } from 'vitest';
import { instant, isZone, offsetName, wall } from './zone';

describe('wall', () => {
  it('shows the clock of the zone, not of the machine', () => {
    expect(wall('2026-11-22T02:10:41.9Z', 'Europe/Moscow')).toBe('2026-11-22 05:10:41');
    expect(wall('2026-11-22T22:10:41Z', 'Asia/Vladivostok')).toBe('2026-11-23 08:10:41');
    expect(wall('2026-11-22T00:00:00Z', 'UTC')).toBe('2026-11-22 00:00:00');
  });
  it('shows nothing for no time', () => {
    for (const none of ['', null, undefined, 'yesterday']) expect(wall(none, 'UTC')).toBe('');
  });
});

describe('instant', () => {
  it('reads wall-clock times of the zone', () => {
    expect(instant('2026-11-22 05:10', 'Europe/Moscow')).toBe('2026-11-22T02:10:00.000Z');
    expect(instant('2026-11-22', 'Europe/Moscow')).toBe('2026-11-21T21:00:00.000Z');
    expect(instant(' 2026-11-22T05:10:41 ', 'UTC')).toBe('2026-11-22T05:10:41.000Z');
    expect(instant('2026-07-01 12:00', 'America/New_York')).toBe('2026-07-01T16:00:00.000Z');
  });
  it('takes the earlier of two equal clock times and moves a skipped one', () => {
    // 2026-10-25: 02:00-03:00 is there twice in Berlin; 2026-03-29: not at all.
    expect(instant('2026-10-25 02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
    expect(instant('2026-10-25 03:30', 'Europe/Berlin')).toBe('2026-10-25T02:30:00.000Z');
    expect(instant('2026-03-29 02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
    expect(instant('2026-03-29 03:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
  });
  it('refuses what is no time', () => {
    for (const bad of ['', '22.11.2026', '2026-13-01', '2026-11-22 5:10', '2026-11-22 25:00', 'now']) expect(instant(bad, 'UTC')).toBeUndefined();
  });
  it('is the inverse of wall', () => {
    for (const zone of ['UTC', 'Europe/Moscow', 'Asia/Kolkata', 'America/St_Johns']) {
      for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 17 * 86_400_000 + 3_600_000) {
        expect(instant(wall(at, zone), zone)).toBe(new Date(at).toISOString());
      }
    }
  });
});

it('knows zones and names their offsets', () => {
  expect(isZone('Europe/Moscow')).toBe(true);
  expect(isZone('Europe/Nowhere')).toBe(false);
  expect(offsetName('Europe/Moscow')).toBe('UTC+3');
});
