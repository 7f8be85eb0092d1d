import { describe, expect, it } from 'vitest';
import { cellText, columnNames, daysOf, isDay, isNumeric, rowsOf, sortRows } from './report';

describe('rows of a report', () => {
  const rows = [{ Дата: '2026-11-01', Вызовы: '10', Номер: '0042' }, { Дата: '2026-11-02', Вызовы: '9', Номер: '89161234567' }, { Дата: '', Вызовы: null, Номер: '7', ещё: 1 }];

  it('have the columns of all rows in their first order', () => {
    expect(columnNames(rows)).toEqual(['Дата', 'Вызовы', 'Номер', 'ещё']);
    expect(columnNames([])).toEqual([]);
  });

  it('tell numbers from names made of digits', () => {
    expect(isNumeric(rows, 'Вызовы')).toBe(true);
    expect(isNumeric(rows, 'Номер')).toBe(false);
    expect(isNumeric(rows, 'Дата')).toBe(false);
    expect(isNumeric([], 'x')).toBe(false);
    expect(isNumeric([{ x: '1234567890123' }], 'x')).toBe(false);
    expect(isNumeric([{ x: '1,5' }, { x: -2 }], 'x')).toBe(true);
  });

  it('are sorted by value, and what is empty stays at the end', () => {
    const sorted = (name: string, down: boolean) => sortRows(rows, (r) => (r as Record<string, unknown>)[name], down, 'ru').map((r) => r.Вызовы);
    expect(sorted('Вызовы', false)).toEqual(['9', '10', null]);
    expect(sorted('Вызовы', true)).toEqual(['10', '9', null]);
    expect(sorted('Дата', true)).toEqual(['9', '10', null]);
    expect(rows[0]!.Вызовы).toBe('10'); // the rows themselves stay as they were
  });

  it('show every kind of value', () => {
    expect([null, undefined, 0, false, 'x', { a: 1 }, [1]].map(cellText)).toEqual(['', '', '0', 'false', 'x', '{"a":1}', '[1]']);
  });
});

it('knows the days of a period', () => {
  expect(daysOf('today', '2026-03-01')).toEqual({ from: '2026-03-01', to: '2026-03-01' });
  expect(daysOf('yesterday', '2026-03-01')).toEqual({ from: '2026-02-28', to: '2026-02-28' });
  expect(daysOf('week', '2026-01-03')).toEqual({ from: '2025-12-28', to: '2026-01-03' });
  expect(daysOf('month', '2026-01-03')).toEqual({ from: '2026-01-01', to: '2026-01-03' });
  expect(daysOf('lastMonth', '2026-03-31')).toEqual({ from: '2026-02-01', to: '2026-02-28' });
  expect(daysOf('lastMonth', '2026-01-31')).toEqual({ from: '2025-12-01', to: '2025-12-31' });
});

it('knows a day', () => {
  expect(['2026-11-22', '2026-13-01', '22.11.2026', ''].map(isDay)).toEqual([true, false, false, false]);
});

it('finds the rows of both shapes and refuses anything else', () => {
  expect(rowsOf([{ a: 1 }])).toEqual([{ a: 1 }]);
  expect(rowsOf({ result: 'OK', data: [{ a: 1 }] })).toEqual([{ a: 1 }]);
  expect(rowsOf([])).toEqual([]);
  for (const wrong of [null, 'x', 5, {}, { data: 'x' }, [1], { data: [null] }, [[1]]]) expect(rowsOf(wrong), JSON.stringify(wrong)).toBeUndefined();
});
