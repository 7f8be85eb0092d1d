import { describe, expect, it } from 'vitest';
import type { Schema } from './dialect';
import { validate } from './validate';

const kinds = (schema: Schema, value: unknown) => validate(schema, value).map((m) => `${m.path.join('/')} ${m.kind}`);

describe('validate', () => {
  it.each<[string, Schema, unknown, string[]]>([
    ['whole number', { type: 'integer', minimum: 1, maximum: 25 }, 26, [' max']],
    ['not whole', { type: 'integer' }, 1.5, [' type']],
    ['no number', { type: 'number' }, Number.NaN, [' type']],
    ['characters, not bytes', { type: 'string', maxLength: 3 }, 'мир', []],
    ['characters, not code units', { type: 'string', maxLength: 1 }, '😀', []],
    ['too long', { type: 'string', maxLength: 3 }, 'миру', [' longest']],
    ['pattern', { type: 'string', pattern: '^[0-9]+$' }, '12a', [' pattern']],
    ['an RE2 expression that JavaScript does not know is left to the gateway', { type: 'string', pattern: '(?i)^abc$' }, 'zzz', []],
    ['enum', { type: 'string', enum: ['a', 'b'] }, 'c', [' enum']],
    ['items', { type: 'array', items: { type: 'string' }, maxItems: 2 }, ['a', 1], ['1 type']],
    ['too many', { type: 'array', items: { type: 'string' }, maxItems: 1 }, ['a', 'b'], [' most']],
    ['boolean', { type: 'boolean' }, 'true', [' type']],
    ['unknown format', { type: 'string', format: 'template' }, 'any {x}', []],
    ['duration', { type: 'string', format: 'duration' }, '1m30s', []],
    ['bad duration', { type: 'string', format: 'duration' }, '90', [' format']],
    ['uri', { type: 'string', format: 'uri' }, 'http://127.0.0.1:8090/x?y={z}', []],
    ['uri with a password', { type: 'string', format: 'uri' }, 'http://a:b@host/', [' format']],
    ['uri of another kind', { type: 'string', format: 'uri' }, 'ftp://host/', [' format']],
    ['host', { type: 'string', format: 'host' }, 'sms.example:8080', []],
    ['bad host', { type: 'string', format: 'host' }, 'http://sms', [' format']],
    ['phone', { type: 'string', format: 'phone' }, '+7 (919) 000-00-00', []],
    ['bad phone', { type: 'string', format: 'phone' }, '+', [' format']],
  ])('%s', (_name, schema, value, want) => {
    expect(kinds(schema, value)).toEqual(want);
  });

  const object: Schema = {
    type: 'object',
    properties: {
      url: { type: 'string' },
      mode: { type: 'string', default: 'auto' },
      password: { type: 'string', 'x-secret': true },
      nested: { type: 'object', properties: { n: { type: 'integer', minimum: 0 } }, required: ['n'] },
    },
    required: ['url', 'mode', 'password'],
    additionalProperties: false,
  };

  it('wants what is required and not blank, unless a default stands in', () => {
    expect(kinds(object, {})).toEqual(['url missing', 'password missing']);
    expect(kinds(object, { url: '   ', password: 'x' })).toEqual(['url missing']);
    expect(kinds(object, { url: null, password: 'x' })).toEqual(['url missing']);
  });
  it('takes a hidden secret for one that is there', () => {
    expect(kinds(object, { url: 'u', password: { set: true } })).toEqual([]);
    expect(kinds(object, { url: { set: true }, password: 'x' })).toEqual(['url type']);
  });
  it('names the place of a mistake inside', () => {
    expect(kinds(object, { url: 'u', password: 'x', nested: { n: -1 } })).toEqual(['nested/n min']);
    expect(kinds(object, { url: 'u', password: 'x', nested: {} })).toEqual(['nested/n missing']);
  });
  it('refuses what a closed object does not list, and checks what an open one says about the rest', () => {
    expect(kinds(object, { url: 'u', password: 'x', other: 1 })).toEqual(['other unknown']);
    expect(kinds({ type: 'object', additionalProperties: { type: 'string' } }, { a: 'x', b: 2 })).toEqual(['b type']);
    expect(kinds({ type: 'object' }, { anything: [] })).toEqual([]);
  });
  it('goes by the branch that the discriminator names', () => {
    const either: Schema = {
      oneOf: [
        { type: 'object', properties: { kind: { type: 'string', const: 'a' }, x: { type: 'integer' } }, required: ['kind', 'x'] },
        { type: 'object', properties: { kind: { type: 'string', const: 'b' } }, required: ['kind'] },
      ],
    };
    expect(kinds(either, { kind: 'a', x: 1 })).toEqual([]);
    expect(kinds(either, { kind: 'a' })).toEqual(['x missing']);
    expect(kinds(either, { kind: 'b' })).toEqual([]);
    expect(kinds(either, { kind: 'c' })).toEqual(['kind missing']);
  });
});
