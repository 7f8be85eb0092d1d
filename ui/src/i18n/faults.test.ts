import { expect, it } from 'vitest';
import type { Violation } from '@/api/types';
import { sayFault, sayViolation } from './problem';
import type { T } from './index';

const t = ((key: string, values?: { want?: string | number }) => (values?.want ? `${key}(${values.want})` : key)) as unknown as T;
const say = (v: Partial<Violation>) => sayFault({ pointer: '', message: 'in English', ...v }, t);

it('says what is wrong by its code, with the value', () => {
  expect(say({ code: 'maximum', want: '5' })).toBe('mistake.max(5)');
  expect(say({ code: 'required' })).toBe('mistake.missing');
  expect(say({ code: 'type', want: 'integer' })).toBe('mistake.whole');
  expect(say({ code: 'type', want: 'object' })).toBe('mistake.type');
  expect(say({ code: 'format', want: 'phone' })).toBe('mistake.formatPhone');
  expect(say({ code: 'format', want: 'template' })).toBe('mistake.format(template)');
  expect(say({ code: 'invalid.login' })).toBe('fault.login');
});

it('leaves the words of the gateway where there are no others', () => {
  expect(say({})).toBe('in English');
  expect(say({ code: 'of tomorrow' })).toBe('in English');
  expect(sayViolation({ pointer: '/values/retries', message: 'x', code: 'maximum', want: '5', at: 'gateway.hcl:3' }, t)).toBe('retries: mistake.max(5) (gateway.hcl:3)');
});
