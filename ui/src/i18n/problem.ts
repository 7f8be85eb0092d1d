import type { ApiError } from '@/api/error';
import type { Violation } from '@/api/types';
import { sayRule } from './guard';
import type { T } from './index';

/** The gateway's fixed sentences in the reader's language; others are shown as they are. */
const sentences = {
  'Unauthorized!': 'problem.unauthorized',
  'Wrong login or password!': 'problem.wrongLogin',
  'Access denied!': 'problem.denied',
  'Change the password first!': 'problem.mustChange',
  'Too many requests!': 'problem.tooMany',
  'Changed meanwhile!': 'problem.stale',
  'Set in the configuration file!': 'problem.inFile',
  'The change cannot take effect!': 'problem.cannotApply',
  'The name is taken!': 'problem.nameTaken',
  'Login is taken!': 'problem.loginTaken',
  'User is deleted!': 'problem.userDeleted',
  'User is not active!': 'problem.userNotActive',
  'The last active administrator must stay!': 'problem.lastAdministrator',
  'The plugin file is missing!': 'problem.pluginMissing',
  'No such user!': 'problem.noUser',
  'No such token!': 'problem.noToken',
  'No such module!': 'problem.noModule',
  'No such provider!': 'problem.noProvider',
  'No such action!': 'problem.noAction',
  'Not found!': 'problem.notFound',
  'Invalid settings!': 'problem.invalidSettings',
  'Invalid provider!': 'problem.invalidProvider',
  'Invalid query!': 'problem.invalidQuery',
  'Invalid document!': 'problem.invalidDocument',
  'The document cannot be applied!': 'problem.invalidDocument',
} as const;

export function sayProblem(e: ApiError, t: T): string {
  if (e.unreachable) return t('problem.unreachable');
  const known = sentences[e.message as keyof typeof sentences];
  const text = known ? t(known) : e.message;
  return e.status === 429 && e.retryAfter > 0 ? `${text} ${t('problem.retryAfter', { count: e.retryAfter })}` : text;
}

/** What the gateway says about one field, by its code; {{want}} is the value that comes with it. */
const faults = {
  required: 'mistake.missing',
  enum: 'mistake.enum',
  const: 'mistake.enum',
  minimum: 'mistake.min',
  maximum: 'mistake.max',
  minLength: 'mistake.shortest',
  maxLength: 'mistake.longest',
  minItems: 'mistake.fewest',
  maxItems: 'mistake.most',
  pattern: 'mistake.pattern',
  additionalProperties: 'mistake.unknown',
  locked: 'mistake.inFile',
  name: 'mistake.providerName',
  network: 'mistake.network',
  'password.present': 'mistake.notPresentPassword',
  range: 'fault.range',
  rate: 'fault.rate',
  maxBytes: 'fault.bytes',
  'capability.needed': 'fault.capabilityNeeded',
  'capability.unasked': 'fault.capabilityUnasked',
  'invalid.login': 'fault.login',
  'invalid.role': 'fault.role',
  'invalid.status': 'fault.status',
  'invalid.rights': 'fault.rights',
  'invalid.limits': 'fault.limits',
  'invalid.password': 'fault.password',
  'invalid.note': 'fault.note',
  'invalid.label': 'fault.label',
  'invalid.user': 'fault.user',
  'invalid.allowed_ips': 'mistake.network',
  'user.deleted': 'fault.userDeleted',
  'user.self': 'fault.userSelf',
  'node.account_pattern': 'fault.expression',
  'node.address': 'fault.address',
  'node.password': 'fault.nodePassword',
  'node.user': 'fault.nodeUser',
  'node.domain': 'fault.plain',
  'node.recordings_url': 'fault.recordings',
  'secret.lost': 'fault.secretLost',
  'file.only': 'fault.fileOnly',
} as const;

/** A value of another kind than wanted. */
export function sayType(want: string, t: T): string {
  if (want === 'integer') return t('mistake.whole');
  if (want === 'number') return t('mistake.number');
  return t('mistake.type');
}

/** A value that does not have the format of the schema. */
export function sayFormat(want: string, t: T): string {
  if (want === 'uri') return t('mistake.formatUri');
  if (want === 'duration') return t('mistake.formatDuration');
  if (want === 'host') return t('mistake.formatHost');
  if (want === 'phone' || want === 'dial') return t('mistake.formatPhone');
  return t('mistake.format', { want });
}

/** What is wrong with one field, in the reader's language; the gateway's own words where there are none. */
export function sayFault(v: Violation, t: T): string {
  const want = v.want ?? '';
  if (v.code === 'type') return sayType(want, t);
  if (v.code === 'format') return sayFormat(want, t);
  if (v.code?.startsWith('guard.')) return t('fault.guard', { rule: sayRule(v.code.slice('guard.'.length), t) });
  const known = v.code ? faults[v.code as keyof typeof faults] : undefined;
  return known ? t(known as 'mistake.min', { want }) : v.message;
}

export function sayViolation(v: Violation, t: T): string {
  const text = sayFault(v, t);
  const about = v.pointer.replace(/^\/(hcl$|json$|(values|settings)(?=\/))/, '').replace(/^\//, '');
  const [, line, column] = v.place?.match(/:(\d+):(\d+)$/) ?? [];
  const place = line ? `${t('fault.place', { line, column })}: ` : '';
  return `${place}${about ? `${about}: ` : ''}${text}${v.at ? ` (${v.at})` : ''}`;
}
