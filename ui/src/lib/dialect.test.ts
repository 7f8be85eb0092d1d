import { describe, expect, it } from 'vitest';
import { ordered, shown, tidy, titleOf, type Schema } from './dialect';

const properties: Record<string, Schema> = {
  auth: { type: 'string', enum: ['none', 'basic', 'login'], default: 'none' },
  login: { type: 'string', 'x-depends': 'auth=basic|login' },
  kind: { type: 'string', 'x-depends': 'auth=login', default: 'json' },
  body: { type: 'string', 'x-depends': 'kind=json|text' },
  dlr: { type: 'string' },
  mask: { type: 'integer', 'x-depends': 'dlr' },
};

describe('shown', () => {
  const names = (values: Record<string, unknown>) => Object.keys(properties).filter((n) => shown(properties[n]!, values, properties));
  it('goes by values, by defaults and by what the other depends on itself', () => {
    expect(names({})).toEqual(['auth', 'dlr']);
    expect(names({ auth: 'basic' })).toEqual(['auth', 'login', 'dlr']);
    expect(names({ auth: 'login' })).toEqual(['auth', 'login', 'kind', 'body', 'dlr']);
    expect(names({ auth: 'login', kind: 'form' })).toEqual(['auth', 'login', 'kind', 'dlr']);
    expect(names({ dlr: 'x' })).toEqual(['auth', 'dlr', 'mask']);
    expect(names({ dlr: '' })).toEqual(['auth', 'dlr']);
  });
});

describe('tidy', () => {
  const schema: Schema = { type: 'object', required: ['url'], properties: { url: { type: 'string' }, note: { type: 'string' }, key: { type: 'string', 'x-secret': true }, map: { type: 'object', additionalProperties: { type: 'string' } } } };
  it('drops what says nothing and keeps an emptied secret, which removes it', () => {
    expect(tidy(schema, { url: '', note: '', key: '', map: { a: 'x', b: undefined } })).toEqual({ url: '', key: '', map: { a: 'x' } });
    expect(tidy(schema, { url: 'u', note: null, key: { set: true } })).toEqual({ url: 'u', key: { set: true } });
  });
});

it('orders by x-order, the rest behind', () => {
  expect(ordered({ a: {}, b: { 'x-order': 2 }, c: { 'x-order': 1 } })).toEqual(['c', 'b', 'a']);
});

it('names in the language of the reader', () => {
  expect(titleOf({ title: 'Address', 'x-title-ru': 'Адрес' }, 'url', 'ru')).toBe('Адрес');
  expect(titleOf({ title: 'Address' }, 'url', 'ru')).toBe('Address');
  expect(titleOf({}, 'url', 'en')).toBe('url');
});
