import { describe, expect, it } from 'vitest';
import { filterOf, journalSearch } from './search';

describe('the address of the journal', () => {
  it('leaves out what is not well-formed', () => {
    expect(journalSearch({ kind: 'nonsense', last: '99y', tz: 'Mars/Olympus', user: 5, text: '', row: ['x'] })).toEqual(
      { kind: undefined, last: undefined, from: undefined, to: undefined, user: '5', action: undefined, module: undefined, text: undefined, tz: undefined, row: undefined },
    );
    expect(journalSearch({ kind: 'bad', last: '24h', tz: 'Europe/Moscow', text: 'x'.repeat(300) })).toMatchObject({ kind: 'bad', last: '24h', tz: 'Europe/Moscow', text: 'x'.repeat(200) });
  });

  it('makes bounds of wall-clock times, the later one to its end', () => {
    expect(filterOf({ from: '2026-11-21', to: '2026-11-21' }, 'Europe/Moscow', 0)).toMatchObject({ from: '2026-11-20T21:00:00.000Z', to: '2026-11-21T21:00:00.000Z' });
    expect(filterOf({ to: '2026-11-21 10:00' }, 'UTC', 0)).toEqual({ user: undefined, text: undefined, to: '2026-11-21T10:01:00.000Z' });
    expect(filterOf({ to: '2026-11-21 10:00:30' }, 'UTC', 0)).toMatchObject({ to: '2026-11-21T10:00:30.000Z' });
    expect(filterOf({ to: '2026-02-28' }, 'UTC', 0)).toMatchObject({ to: '2026-03-01T00:00:00.000Z' });
  });

  it('keeps a moving span still for a minute', () => {
    const a = filterOf({ last: '1h', from: 'ignored' }, 'UTC', Date.UTC(2026, 0, 1, 12, 0, 1));
    const b = filterOf({ last: '1h' }, 'UTC', Date.UTC(2026, 0, 1, 12, 0, 59));
    expect(a).toEqual(b);
    expect(a.from).toBe('2026-01-01T11:00:00.000Z');
  });
});
