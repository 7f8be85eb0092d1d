import { expect, it } from 'vitest';
import type { Violation } from '@/api/types';
import { sayFault, sayViolation } from './problem';
import type { T } from './index';

const t = ((key: string, values?: Record<string, string>) => {
  const given = Object.values(values ?? {}).filter((x) => x !== '');
  return given.length > 0 ? `${key}(${given.join(',')})` : key;
}) as unknown as T;
const say = (v: Partial<Violation>) => sayFault({ pointer: '', message: 'in English', ...v }, t);

it('says what is wrong by its code, with the value', () => {
  expect(say({ code: 'maximum', want: '5' })).toBe('mistake.max(5)');
  expect(say({ code: 'required' })).toBe('mistake.missing');
  expect(say({ code: 'type', want: 'integer' })).toBe('mistake.whole');
  expect(say({ code: 'type', want: 'object' })).toBe('mistake.type');
  expect(say({ code: 'format', want: 'phone' })).toBe('mistake.formatPhone');
  expect(say({ code: 'format', want: 'template' })).toBe('mistake.format(template)');
  expect(say({ code: 'invalid.login' })).toBe('fault.login');
  expect(say({ code: 'secret.lost' })).toBe('fault.secretLost');
  expect(say({ code: 'guard.country' })).toBe('fault.guard(guards.reason.country)');
  expect(say({ code: 'guard.number_per_day' })).toBe('fault.guard(guards.scope.number: guards.period.per_day)');
});

it('says where in a document a mistake stands', () => {
  const at = (v: Partial<Violation>) => sayViolation({ pointer: '', message: 'in English', ...v }, t);
  expect(at({ pointer: '/hcl', place: 'document:3:5' })).toBe('fault.place(3,5): in English');
  expect(at({ pointer: '/freeswitch/pbx/weight', code: 'locked', place: 'document:12:3', at: 'gateway.hcl:7:3' })).toBe('fault.place(12,3): freeswitch/pbx/weight: mistake.inFile (gateway.hcl:7:3)');
  expect(at({ pointer: '/json', place: '' })).toBe('in English');
});

it('leaves the words of the gateway where there are no others', () => {
  expect(say({})).toBe('in English');
  expect(say({ code: 'of tomorrow' })).toBe('in English');
  expect(sayViolation({ pointer: '/values/retries', message: 'x', code: 'maximum', want: '5', at: 'gateway.hcl:3' }, t)).toBe('retries: mistake.max(5) (gateway.hcl:3)');
});
