import type { Values } from '@/lib/dialect';

/** The host of the address, as the list of hosts wants it; none while placeholders stand in it. */
export function hostOf(values: Values): string[] {
  const m = /^https?:\/\/([^/?#\s{}@]+)(?:[/?#]|$)/i.exec(typeof values.url === 'string' ? values.url : '');
  return m?.[1] ? [m[1].toLowerCase()] : [];
}
