import { isHiddenSecret, isObject } from './dialect';

/** One place where two values differ. */
export interface Difference {
  /** Names and indexes from the root, joined with dots. */
  path: string;
  before?: unknown;
  after?: unknown;
}

export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((v, i) => equal(v, b[i]));
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => name in b && equal(a[name], b[name]));
  }
  return false;
}

/** Where two values differ, in the order of their names. Lists of plain values are compared as a whole. */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (equal(before, after)) return [];
  const join = (name: string) => (path ? `${path}.${name}` : name);
  // What was made or removed as a whole is compared, field by field, with nothing.
  if (isMade(before, after)) return differences({}, after, path);
  if (isMade(after, before)) return differences(before, {}, path);
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => differences(before[name], after[name], join(name)));
  }
  if (Array.isArray(before) && Array.isArray(after) && [...before, ...after].every(isObject)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) => differences(before[i], after[i], join(String(i)))).flat();
  }
  return [{ path, before, after }];
}

function isMade(before: unknown, after: unknown): boolean {
  return (before === undefined || before === null) && isObject(after) && Object.keys(after).length > 0 && !isHiddenSecret(after);
}

/** How the changes of two people to one object meet. */
export interface Merge {
  values: Record<string, unknown>;
  /** Names that both changed, to different values. */
  conflicts: string[];
}

/** Puts my changes of base on top of theirs. In a conflict theirs stays until somebody decides. */
export function merge3(base: Record<string, unknown>, mine: Record<string, unknown>, theirs: Record<string, unknown>): Merge {
  const values = { ...theirs };
  const conflicts: string[] = [];
  for (const name of new Set([...Object.keys(base), ...Object.keys(mine)])) {
    if (equal(base[name], mine[name])) continue;
    if (!equal(base[name], theirs[name]) && !equal(mine[name], theirs[name])) {
      conflicts.push(name);
      continue;
    }
    if (mine[name] === undefined) delete values[name];
    else values[name] = mine[name];
  }
  return { values, conflicts };
}
