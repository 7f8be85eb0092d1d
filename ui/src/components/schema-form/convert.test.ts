import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Schema } from '@/lib/dialect';
import { convert, grouped, type Hints } from './convert';
import { parsePointer } from './mistakes';

const plugins = new URL('../../../../plugins/', import.meta.url);
const schemas: [string, Schema][] = readdirSync(plugins, { withFileTypes: true })
  .filter((e) => existsSync(new URL(`${e.name}/plugin.json`, plugins)))
  .map((e) => [e.name, (JSON.parse(readFileSync(new URL(`${e.name}/plugin.json`, plugins), 'utf8')) as { settings?: Schema }).settings])
  .filter((x): x is [string, Schema] => x[1] !== undefined);

const hints = (ui: Record<string, unknown>) => (ui['ui:options'] as { hints: Hints }).hints;

describe('convert', () => {
  it.each(schemas)('makes a form of the settings of %s', (_id, schema) => {
    const { schema: form, ui } = convert(schema, {}, '', { language: 'ru' });
    for (const [name, property] of Object.entries(form.properties ?? {})) {
      const { title } = hints(ui[name]);
      expect(title, name).not.toBe('');
      expect((property as Schema).default, `${name}: a default must not be filled in`).toBeUndefined();
      expect(ui[name]['ui:widget'] ?? ui[name]['ui:field'] ?? (property as Schema).type, name).toBeTruthy();
    }
  });
  it('has schemas to try', () => expect(schemas.length).toBeGreaterThan(4));

  it('shows what depends on others only while it applies', () => {
    const schema: Schema = { type: 'object', properties: { kind: { type: 'string', enum: ['none', 'json'], default: 'none' }, body: { type: 'string', 'x-depends': 'kind=json' } } };
    expect(Object.keys(convert(schema, {}, '', { language: 'en' }).schema.properties!)).toEqual(['kind']);
    expect(Object.keys(convert(schema, { kind: 'json' }, '', { language: 'en' }).schema.properties!)).toEqual(['kind', 'body']);
  });

  it('locks what the configuration file sets and says where', () => {
    const schema: Schema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } };
    const { ui } = convert(schema, {}, '', { language: 'en', lockedAt: { a: 'gateway.hcl:3:5' } });
    expect([ui.a['ui:disabled'], hints(ui.a).lockedAt, ui.b['ui:disabled']]).toEqual([true, 'gateway.hcl:3:5', undefined]);
  });

  it('chooses the control by the kind of value', () => {
    const schema: Schema = {
      type: 'object',
      properties: {
        secret: { type: 'string', 'x-secret': true },
        lines: { type: 'string', 'x-multiline': true },
        choice: { type: 'string', enum: ['a'] },
        number: { type: 'integer' },
        flag: { type: 'boolean' },
        list: { type: 'array', items: { type: 'string' } },
        several: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
        rows: { type: 'array', items: { type: 'object', properties: { from: { type: 'string' }, to: { type: 'string' } } } },
        pairs: { type: 'object', additionalProperties: { type: 'string' } },
        deep: { type: 'array', items: { type: 'object', properties: { o: { type: 'object', properties: {} } } } },
      },
    };
    const { ui } = convert(schema, {}, '', { language: 'en' });
    const control = Object.fromEntries(Object.keys(schema.properties!).map((n) => [n, ui[n]['ui:widget'] ?? ui[n]['ui:field'] ?? 'rjsf']));
    expect(control).toEqual({ secret: 'secret', lines: 'lines', choice: 'choice', number: 'amount', flag: 'toggle', list: 'list', several: 'several', rows: 'rows', pairs: 'pairs', deep: 'rjsf' });
  });
});

it('groups in the order of the first of each group, experts apart', () => {
  const of: Record<string, Partial<Hints>> = { a: { group: 'x' }, b: { group: 'y', advanced: true }, c: { group: 'x', advanced: true }, d: {} };
  expect(grouped(Object.keys(of), (n) => of[n] as Hints)).toEqual([
    { group: 'x', plain: ['a'], advanced: ['c'] },
    { group: 'y', plain: [], advanced: ['b'] },
    { group: '', plain: ['d'], advanced: [] },
  ]);
});

it('reads JSON pointers', () => {
  expect(parsePointer('')).toEqual([]);
  expect(parsePointer('/a~1b/~0c/0')).toEqual(['a/b', '~c', '0']);
});
