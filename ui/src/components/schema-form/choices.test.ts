import { expect, it } from 'vitest';
import { pointOf } from '@/lib/dialect';
import { convert } from './convert';

it('knows where the values to offer come from, in lists and tables too', () => {
  expect(pointOf('provider:sms.provider')).toBe('sms.provider');
  for (const other of [undefined, '', 'provider', 'users:x', 7]) expect(pointOf(other)).toBeUndefined();
  const name = { type: 'string', 'x-choices': 'provider:sms.provider' } as const;
  const { schema, ui } = convert({ type: 'object', properties: { list: { type: 'array', items: name }, rows: { type: 'array', items: { type: 'object', properties: { provider: name } } } } }, {}, '', { language: 'en' });
  const at = schema.properties as Record<string, { items: Record<string, unknown> & { properties?: Record<string, Record<string, unknown>> } }>;
  expect([ui.list['ui:field'], ui.rows['ui:field']]).toEqual(['list', 'rows']);
  expect(at.list!.items['x-choices']).toBe('provider:sms.provider');
  expect(at.rows!.items.properties!.provider!['x-choices']).toBe('provider:sms.provider');
});
