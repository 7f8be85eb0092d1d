import type { T } from './index';

const reasons = ['password', 'acl', 'permission', 'name', 'refused', 'timeout', 'stranger'] as const;

/** Why a FreeSWITCH cannot be reached, and what to do about it; the gateway's own words where it is none of the usual. */
export function sayNodeFault(code: string | undefined, words: string | undefined, t: T): { what: string; fix: string } {
  const reason = reasons.find((r) => r === code);
  if (!reason) return { what: words ?? '', fix: '' };
  return { what: t(`nodeFault.${reason}.what`), fix: t(`nodeFault.${reason}.fix`) };
}
