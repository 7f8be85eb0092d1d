// Numbers as text and back.

/** A text that reads back as the same number, as JSON has it; NaN and infinities as null. */
export function floatText(f: f64): string {
  if (!isFinite(f)) return "null";
  if (f == 0) return "0";
  const s = f.toString();
  return s.endsWith(".0") ? s.substring(0, s.length - 2) : s;
}

/** What parseInteger and parseDecimal found. */
export namespace parsed {
  export let int: i64 = 0;
  export let float: f64 = 0;
}

/** Whether s is a decimal integer within 64 bits; it is in parsed.int then. */
export function parseInteger(s: string): bool {
  let i = 0;
  let negative = false;
  if (s.length > 0 && (s.charCodeAt(0) == 0x2d || s.charCodeAt(0) == 0x2b)) {
    negative = s.charCodeAt(0) == 0x2d;
    i = 1;
  }
  if (i == s.length) return false;
  const limit: u64 = <u64>i64.MAX_VALUE + (negative ? 1 : 0);
  let v: u64 = 0;
  for (; i < s.length; i++) {
    const d = <u64>(s.charCodeAt(i) - 0x30);
    if (d > 9 || v > (limit - d) / 10) return false;
    v = 10 * v + d;
  }
  parsed.int = negative ? <i64>(0 - v) : <i64>v;
  return true;
}

function digits(s: string, from: i32): i32 {
  let i = from;
  while (i < s.length && s.charCodeAt(i) >= 0x30 && s.charCodeAt(i) <= 0x39) i++;
  return i - from;
}

function sign(s: string, i: i32): i32 {
  return i < s.length && (s.charCodeAt(i) == 0x2d || s.charCodeAt(i) == 0x2b) ? 1 : 0;
}

/** Whether s is a decimal number; it is in parsed.float then. */
export function parseDecimal(s: string): bool {
  if (s.length > 64) return false;
  let i = sign(s, 0);
  let n = digits(s, i);
  i += n;
  if (i < s.length && s.charCodeAt(i) == 0x2e) {
    const fraction = digits(s, i + 1);
    i += 1 + fraction;
    n += fraction;
  }
  if (n == 0) return false;
  if (i < s.length && (s.charCodeAt(i) | 0x20) == 0x65) {
    i += 1 + sign(s, i + 1);
    const exponent = digits(s, i);
    if (exponent == 0) return false;
    i += exponent;
  }
  if (i != s.length) return false;
  const f = parseFloat(s);
  if (!isFinite(f)) return false;
  parsed.float = f;
  return true;
}
