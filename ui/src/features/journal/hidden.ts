/** What the gateway leaves of a number: "+7919***00", or "***" of a short one. */
const short = /(?:\d|^)\*{3}(?:\d|$)|^\*{3}$/;

export function isShortened(text: string): boolean {
  return short.test(text);
}

/** Whether a record shows a number shortened, so that there may be more to see. */
export function numbersHidden(kind: 'requests' | 'sms' | 'calls', row: object): boolean {
  const r = row as { phone?: string; called?: string; caller?: string; body?: unknown };
  switch (kind) {
    case 'sms':
      return isShortened(r.phone ?? '');
    case 'calls':
      return isShortened(r.called ?? '') || isShortened(r.caller ?? '');
    case 'requests':
      return r.body !== null && r.body !== undefined && /\d\*{3}\d|"\*{3}"/.test(JSON.stringify(r.body));
  }
}
