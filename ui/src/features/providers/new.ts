/** What the form of a new connection finds out by itself. */

export function nameError(name: string): boolean {
  return !/^[a-zA-Z][a-zA-Z0-9_-]{0,63}$/.test(name);
}

/** The hosts, with ports other than the usual ones, of all addresses among the values. */
export function hostsIn(value: unknown): string[] {
  if (typeof value === 'string') {
    const m = /^https?:\/\/([^/?#\s{}@]+)(?:[/?#]|$)/i.exec(value);
    return m?.[1] ? [m[1].toLowerCase()] : [];
  }
  if (Array.isArray(value)) return value.flatMap(hostsIn);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(hostsIn);
  return [];
}
