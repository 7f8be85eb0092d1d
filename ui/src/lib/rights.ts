/** Rights are "*", "module.*" and "module.action". */

export interface RightsModule {
  right: string;
  actions: { right: string }[];
}

/** Whether a set of rights allows an action. */
export function allows(rights: readonly string[], right: string): boolean {
  const module = right.slice(0, right.indexOf('.'));
  return rights.includes('*') || rights.includes(`${module}.*`) || rights.includes(right);
}

/** all: also actions that the module gets later. */
export type Coverage = 'all' | 'some' | 'none';

export function coverage(rights: readonly string[], module: RightsModule): Coverage {
  if (rights.includes('*') || rights.includes(module.right)) return 'all';
  return module.actions.some((a) => rights.includes(a.right)) ? 'some' : 'none';
}

/** The set after one action was allowed or refused; a wider right is split first. */
export function setRight(rights: readonly string[], modules: readonly RightsModule[], right: string, allowed: boolean): string[] {
  const module = modules.find((m) => m.actions.some((a) => a.right === right));
  if (!module || allows(rights, right) === allowed) return [...rights];
  let next = [...rights];
  if (!allowed && next.includes('*')) next = next.filter((r) => r !== '*').concat(modules.map((m) => m.right));
  if (!allowed && next.includes(module.right)) next = next.filter((r) => r !== module.right).concat(module.actions.map((a) => a.right));
  return normalise(allowed ? [...next, right] : next.filter((r) => r !== right));
}

/** The set after a whole module was allowed or refused. */
export function setModule(rights: readonly string[], modules: readonly RightsModule[], module: RightsModule, allowed: boolean): string[] {
  let next = [...rights];
  if (!allowed && next.includes('*')) next = next.filter((r) => r !== '*').concat(modules.map((m) => m.right));
  const prefix = module.right.slice(0, -1);
  next = next.filter((r) => !r.startsWith(prefix));
  return normalise(allowed ? [...next, module.right] : next);
}

/** Sorted and without what a wider right covers, as the gateway keeps them. */
export function normalise(rights: readonly string[]): string[] {
  if (rights.includes('*')) return ['*'];
  const set = new Set(rights);
  return [...set].filter((r) => r.endsWith('.*') || !set.has(`${r.slice(0, r.indexOf('.'))}.*`)).sort();
}
