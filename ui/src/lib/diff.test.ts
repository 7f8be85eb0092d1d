import { describe, expect, it } from 'vitest';
import { differences, equal, merge3 } from './diff';

describe('merge3', () => {
  it('keeps the changes of both', () => {
    expect(merge3({ a: 1, b: 1, c: 1 }, { a: 2, b: 1, c: 1 }, { a: 1, b: 3, c: 1 })).toEqual({ values: { a: 2, b: 3, c: 1 }, conflicts: [] });
  });
  it('keeps additions and removals', () => {
    expect(merge3({ a: 1, b: 1 }, { b: 1, n: 1 }, { a: 1, b: 2 })).toEqual({ values: { b: 2, n: 1 }, conflicts: [] });
  });
  it('finds what both changed differently, and leaves theirs', () => {
    expect(merge3({ a: 1 }, { a: 2 }, { a: 3 })).toEqual({ values: { a: 3 }, conflicts: ['a'] });
    expect(merge3({ a: 1 }, {}, { a: 3 })).toEqual({ values: { a: 3 }, conflicts: ['a'] });
  });
  it('does not call the same change a conflict', () => {
    expect(merge3({ a: [1] }, { a: [1, 2] }, { a: [1, 2] })).toEqual({ values: { a: [1, 2] }, conflicts: [] });
  });
});

describe('differences', () => {
  it('names the places', () => {
    expect(differences({ a: 1, o: { x: 1, y: 2 }, l: [1] }, { a: 1, o: { x: 1, y: 3 }, l: [1, 2] })).toEqual([
      { path: 'o.y', before: 2, after: 3 },
      { path: 'l', before: [1], after: [1, 2] },
    ]);
    expect(differences([{ n: 1 }], [{ n: 1 }, { n: 2 }])).toEqual([{ path: '1.n', before: undefined, after: 2 }]);
    expect(differences({}, { a: null })).toEqual([{ path: 'a', before: undefined, after: null }]);
    expect(differences({ a: 1 }, { a: 1 })).toEqual([]);
  });
  it('shows what was made or removed field by field, and secrets as a whole', () => {
    expect(differences(null, { a: 1, s: { set: true }, e: {} })).toEqual([
      { path: 'a', before: undefined, after: 1 },
      { path: 's', before: undefined, after: { set: true } },
      { path: 'e', before: undefined, after: {} },
    ]);
    expect(differences({ o: { x: 1 } }, {})).toEqual([{ path: 'o.x', before: 1, after: undefined }]);
  });
});

it('compares by value', () => {
  expect(equal({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true);
  expect(equal({ a: undefined }, {})).toBe(false);
  expect(equal([], {})).toBe(false);
});
