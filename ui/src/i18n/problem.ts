import type { ApiError } from '@/api/error';
import type { Violation } from '@/api/types';
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
} as const;

export function sayProblem(e: ApiError, t: T): string {
  if (e.unreachable) return t('problem.unreachable');
  const known = sentences[e.message as keyof typeof sentences];
  const text = known ? t(known) : e.message;
  return e.status === 429 && e.retryAfter > 0 ? `${text} ${t('problem.retryAfter', { count: e.retryAfter })}` : text;
}

/** Beginnings of what the gateway says about one field, and the bound behind them. */
const mistakes: [RegExp, Parameters<T>[0]][] = [
  [/^is required$/, 'mistake.missing'],
  [/^must not be blank$/, 'mistake.missing'],
  [/^there is no such (?:setting|field)$/, 'mistake.unknown'],
  [/^is set in the configuration file$/, 'mistake.inFile'],
  [/^must have at least (\d+) characters?$/, 'mistake.shortest'],
  [/^must have at most (\d+) characters?$/, 'mistake.longest'],
  [/^must be at least (-?[\d.]+)$/, 'mistake.min'],
  [/^must be at most (-?[\d.]+)$/, 'mistake.max'],
  [/^is not the present password$/, 'mistake.notPresentPassword'],
  [/^a letter, then up to 63 letters, digits, _ or -$/, 'mistake.providerName'],
  [/^must be an address or a network such as 10\.0\.0\.0\/8$/, 'mistake.network'],
];

export function sayMessage(message: string, t: T): string {
  for (const [pattern, name] of mistakes) {
    const m = pattern.exec(message);
    if (m) return t(name as 'mistake.min', { want: m[1] ?? '' });
  }
  return message;
}

export function sayViolation(v: Violation, t: T): string {
  const text = sayMessage(v.message, t);
  const place = v.pointer.replace(/^\/(values|settings)(?=\/)/, '').slice(1);
  return `${place ? `${place}: ` : ''}${text}${v.at ? ` (${v.at})` : ''}`;
}
