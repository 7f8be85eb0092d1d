import type { GuardAlarm } from '@/api/guards/figures';
import type { T } from './index';

const reasons = ['country', 'denied', 'unknown', 'no_price', 'night', 'accounts', 'unknown_kind'] as const;
const types = ['premium_rate', 'shared_cost', 'personal', 'pager', 'uan', 'voicemail', 'toll_free', 'voip', 'mobile', 'fixed_line'] as const;
const scopes = ['total', 'user', 'prefix', 'number'] as const;
const periods = ['per_minute', 'per_hour', 'per_day', 'at_once', 'spend'] as const;

/** A rule of a guard in words; one that the panel does not know is shown as it is. */
export function sayRule(rule: string, t: T): string {
  const reason = reasons.find((r) => r === rule);
  if (reason) return t(`guards.reason.${reason}`);
  const type = types.find((r) => r === rule);
  if (type) return t(`form.words.type.${type}`);
  const scope = scopes.find((s) => rule.startsWith(`${s}_`));
  const period = periods.find((p) => scope && rule === `${scope}_${p}`);
  return scope && period ? `${t(`guards.scope.${scope}`)}: ${t(`guards.period.${period}`)}` : rule;
}

/** What an alarm says, in one line. */
export function sayAlarm(a: GuardAlarm, t: T): string {
  if (a.level === 'burst') return t('guards.alarmBurst', { user: a.name, rule: sayRule(a.rule, t) });
  const who = a.name === '' ? '' : ` (${a.name})`;
  return t('guards.alarmLimit', { percent: a.level, rule: sayRule(a.rule, t) + who, value: a.value, limit: a.limit });
}
