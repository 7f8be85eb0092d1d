import { useCallback, useState } from 'react';

/** Which columns are hidden, as the address and the memory of the browser keep it: "ip,body"; "" for none. */
export function parseHidden(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((id) => id !== '');
}

/** At least one column stays. */
export function shownColumns<C extends { id: string }>(all: readonly C[], hidden: readonly string[]): C[] {
  const shown = all.filter((c) => !hidden.includes(c.id));
  return shown.length > 0 ? shown : [...all];
}

const key = (table: string) => `patchbay:columns:${table}`;

function remembered(table: string): string | undefined {
  try {
    return localStorage.getItem(key(table)) ?? undefined;
  } catch {
    return undefined; // storage is switched off
  }
}

/**
 * The hidden columns of a table. What the address says goes first, so that a link
 * shows what its sender saw; otherwise it is what this reader chose last.
 */
export function useHidden(table: string, address: string | undefined, toAddress: (hidden: string | undefined) => void, standard = ''): [string[], (hidden: string[] | null) => void] {
  const [, again] = useState(0);
  const set = useCallback(
    (hidden: string[] | null) => {
      try {
        if (hidden === null) localStorage.removeItem(key(table));
        else localStorage.setItem(key(table), hidden.join(','));
      } catch {
        // it is in the address all the same
      }
      again((n) => n + 1);
      toAddress(hidden === null ? undefined : hidden.join(',') || '-');
    },
    [table, toAddress],
  );
  const text = address ?? remembered(table) ?? standard;
  return [parseHidden(text === '-' ? '' : text), set];
}
