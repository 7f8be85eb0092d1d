import { isHiddenSecret, isObject } from './dialect';

/** Writes values as they would stand in gateway.hcl. Secrets become env() calls. */

const bare = /^[A-Za-z_][A-Za-z0-9_-]*$/;

function text(value: string): string {
  return JSON.stringify(value).replace(/[$%](?=\{)/g, (sign) => sign + sign);
}

export function hclValue(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    if (!value.some((v) => typeof v === 'object')) return `[${value.map((v) => hclValue(v)).join(', ')}]`;
    return `[\n${value.map((v) => `${inner}${hclValue(v, inner)},`).join('\n')}\n${indent}]`;
  }
  if (isObject(value)) {
    const entries = Object.entries(value);
    if (entries.length === 0) return '{}';
    const width = Math.max(...entries.map(([name]) => key(name).length));
    return `{\n${entries.map(([name, v]) => `${inner}${key(name).padEnd(width)} = ${hclValue(v, inner)}`).join('\n')}\n${indent}}`;
  }
  return JSON.stringify(value ?? null);
}

function key(name: string): string {
  return bare.test(name) ? name : text(name);
}

/** The block of a module or provider with its settings. */
export function hclBlock(kind: 'module' | 'provider', name: string, values: Record<string, unknown>, more: Record<string, unknown> = {}): string {
  const open = Object.fromEntries(Object.entries(values).filter(([, v]) => !isHiddenSecret(v)));
  const secret = Object.keys(values).filter((n) => isHiddenSecret(values[n]));
  const lines = Object.entries(more).map(([n, v]) => `  ${n} = ${hclValue(v, '  ')}`);
  if (Object.keys(open).length > 0) lines.push(`  settings = ${hclValue(open, '  ')}`);
  if (secret.length > 0) {
    const width = Math.max(...secret.map((n) => key(n).length));
    const env = (n: string) => `PATCHBAY_${name}_${n}`.toUpperCase().replace(/[^A-Z0-9]/g, '_');
    lines.push(`  secrets = {\n${secret.map((n) => `    ${key(n).padEnd(width)} = env("${env(n)}")`).join('\n')}\n  }`);
  }
  return lines.length === 0 ? `${kind} ${text(name)} {}` : `${kind} ${text(name)} {\n${lines.join('\n\n')}\n}`;
}
