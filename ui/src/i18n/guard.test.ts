import { describe, expect, it } from 'vitest';
import type { GuardAlarm } from '@/api/guards/figures';
import { sayAlarm, sayRule } from './guard';
import type { T } from './index';

/** The key itself, with what it is given. */
const t = ((key: string, values?: Record<string, unknown>) => (values ? `${key} ${JSON.stringify(values)}` : key)) as unknown as T;

describe('rules of guards', () => {
  it('are said by their kind', () => {
    expect(sayRule('country', t)).toBe('guards.reason.country');
    expect(sayRule('premium_rate', t)).toBe('form.words.type.premium_rate');
    expect(sayRule('user_per_minute', t)).toBe('guards.scope.user: guards.period.per_minute');
    expect(sayRule('prefix_at_once', t)).toBe('guards.scope.prefix: guards.period.at_once');
    expect(sayRule('total_spend', t)).toBe('guards.scope.total: guards.period.spend');
  });

  it('that are unknown are shown as they are', () => {
    for (const rule of ['user_per_year', 'user', 'something new', '']) expect(sayRule(rule, t)).toBe(rule);
  });

  it('make alarms readable', () => {
    const alarm: GuardAlarm = { time: '', kind: 'call', level: '80', scope: 'user', name: 'crm', rule: 'user_per_day', value: '4', limit: '5' };
    expect(sayAlarm(alarm, t)).toBe('guards.alarmLimit {"percent":"80","rule":"guards.scope.user: guards.period.per_day (crm)","value":"4","limit":"5"}');
    expect(sayAlarm({ ...alarm, level: 'burst', rule: 'country' }, t)).toBe('guards.alarmBurst {"user":"crm","rule":"guards.reason.country"}');
  });
});
