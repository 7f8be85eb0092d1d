import type { ErrorSchema } from '@rjsf/utils';
import type { Violation } from '@/api/types';
import type { T } from '@/i18n';
import { sayFault, sayFormat, sayType } from '@/i18n/problem';
import type { Mistake } from '@/lib/validate';

export function sayMistake(m: Mistake, t: T): string {
  switch (m.kind) {
    case 'type':
      return sayType(String(m.want), t);
    case 'format':
      return sayFormat(String(m.want), t);
    case 'missing':
    case 'enum':
    case 'unknown':
      return t(`mistake.${m.kind}`);
    default:
      return t(`mistake.${m.kind}`, { want: m.want });
  }
}

/** A JSON pointer as names; "/a~1b/0" is ["a/b", "0"]. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

type Tree = ErrorSchema & { __errors?: string[] };

function put(root: Tree, path: (string | number)[], message: string) {
  let at = root;
  for (const part of path) at = ((at as Record<string, Tree>)[part] ??= {} as Tree);
  at.__errors = [...(at.__errors ?? []), message];
}

/** Mistakes found here as rjsf shows them beside the fields. */
export function mistakesToErrors(mistakes: Mistake[], t: T): ErrorSchema {
  const root: Tree = {} as Tree;
  for (const m of mistakes) put(root, m.path, sayMistake(m, t));
  return root;
}

/** What the gateway found, below a prefix such as "/values"; the rest concerns no field. */
export function violationsToErrors(violations: Violation[], prefix: string, t: T): { errors: ErrorSchema; rest: Violation[] } {
  const root: Tree = {} as Tree;
  const rest: Violation[] = [];
  for (const v of violations) {
    if (v.pointer.startsWith(`${prefix}/`)) put(root, parsePointer(v.pointer.slice(prefix.length)), sayFault(v, t));
    else rest.push(v);
  }
  return { errors: root, rest };
}
