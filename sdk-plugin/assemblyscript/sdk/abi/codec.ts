// MessagePack of the restricted kind: nil, booleans, numbers, strings, byte
// strings, arrays, and maps with string keys. Reading allocates nothing, does not
// recurse, and checks every access against the end of the bytes.

/** The contract version. */
export const VERSION: u32 = 1;

/** Limit of a message, in bytes. */
export const MAX_MESSAGE: i32 = 16 << 20;

/** Limit of the nesting of a value. */
export const MAX_DEPTH: i32 = 64;

/** A message of the gateway holds a value below a few arrays of its own. */
export const MESSAGE_DEPTH: i32 = MAX_DEPTH + 4;

/** The type of a value. */
export enum Kind {
  Missing, Nil, Bool, Int, Float, Text, Bytes, Array, Map
}

/** Why bytes are not one well-formed value. */
export enum Fault {
  None, Short, Tag, TooDeep, NotUTF8, NotAKey, Trailing, NotAMessage
}

/** What readHead found; one, used again. */
export namespace head {
  export let kind: Kind = Kind.Missing;
  /** Length of the tag and what belongs to it. */
  export let size: i32 = 0;
  /** Bytes, elements or pairs that follow. */
  export let count: i32 = 0;
  /** A scalar: two's complement, or the bits of a double. */
  export let raw: u64 = 0;
  export let negative: bool = false;
}

function bigEndian(p: usize, width: i32): u64 {
  switch (width) {
    case 1: return load<u8>(p);
    case 2: return bswap<u16>(load<u16>(p));
    case 4: return bswap<u32>(load<u32>(p));
    default: return bswap<u64>(load<u64>(p));
  }
}

/** Reads the tag at p, of n bytes, into head. */
export function readHead(p: usize, n: i32): Fault {
  head.kind = Kind.Missing;
  head.size = 1;
  head.count = 0;
  head.raw = 0;
  head.negative = false;
  if (n <= 0) return Fault.Short;
  const c = <u32>load<u8>(p);
  if (c <= 0x7f) {
    head.kind = Kind.Int;
    head.raw = c;
  } else if (c <= 0x8f) {
    head.kind = Kind.Map;
    head.count = c & 0x0f;
  } else if (c <= 0x9f) {
    head.kind = Kind.Array;
    head.count = c & 0x0f;
  } else if (c <= 0xbf) {
    head.kind = Kind.Text;
    head.count = c & 0x1f;
  } else if (c >= 0xe0) {
    head.kind = Kind.Int;
    head.raw = <u64><i64><i8>c;
    head.negative = true;
  } else {
    return readWide(p, n, c);
  }
  return Fault.None;
}

function readWide(p: usize, n: i32, c: u32): Fault {
  let kind = Kind.Missing;
  let width = 0;
  if (c == 0xc0) {
    head.kind = Kind.Nil;
    return Fault.None;
  } else if (c == 0xc2 || c == 0xc3) {
    head.kind = Kind.Bool;
    head.raw = c & 1;
    return Fault.None;
  } else if (c >= 0xc4 && c <= 0xc6) {
    kind = Kind.Bytes;
    width = 1 << (c - 0xc4);
  } else if (c == 0xca || c == 0xcb) {
    kind = Kind.Float;
    width = 4 << (c - 0xca);
  } else if (c >= 0xcc && c <= 0xcf) {
    kind = Kind.Int;
    width = 1 << (c - 0xcc);
  } else if (c >= 0xd0 && c <= 0xd3) {
    kind = Kind.Int;
    width = 1 << (c - 0xd0);
  } else if (c >= 0xd9 && c <= 0xdb) {
    kind = Kind.Text;
    width = 1 << (c - 0xd9);
  } else if (c == 0xdc || c == 0xdd) {
    kind = Kind.Array;
    width = 2 << (c - 0xdc);
  } else if (c == 0xde || c == 0xdf) {
    kind = Kind.Map;
    width = 2 << (c - 0xde);
  } else {
    return Fault.Tag;
  }
  if (n - 1 < width) return Fault.Short;
  let v = bigEndian(p + 1, width);
  if (kind >= Kind.Text) {
    if (v > <u64>i32.MAX_VALUE) return Fault.Short;
    head.count = <i32>v;
  } else if (c == 0xca) {
    v = reinterpret<u64>(<f64>reinterpret<f32>(<u32>v));
  } else if (c >= 0xd0) {
    const shift = <u64>(64 - 8 * width);
    v = <u64>((<i64>v << shift) >> shift);
    head.negative = <i64>v < 0;
  }
  head.kind = kind;
  head.size = 1 + width;
  head.raw = v;
  return Fault.None;
}

/** How many of the n bytes at p are valid UTF-8 from the start. */
export function validUTF8(p: usize, n: i32): i32 {
  let i = 0;
  while (i < n) {
    if (n - i >= 8 && (load<u64>(p + i) & 0x8080808080808080) == 0) {
      i += 8;
      continue;
    }
    const c = <u32>load<u8>(p + i);
    let more = 0;
    let low: u32 = 0x80;
    let high: u32 = 0xbf; // of the byte after the first
    if (c < 0x80) {
      i++;
      continue;
    } else if (c >= 0xc2 && c <= 0xdf) {
      more = 1;
    } else if (c >= 0xe0 && c <= 0xef) {
      more = 2;
      if (c == 0xe0) low = 0xa0; // not longer than needed
      if (c == 0xed) high = 0x9f; // no surrogates
    } else if (c >= 0xf0 && c <= 0xf4) {
      more = 3;
      if (c == 0xf0) low = 0x90;
      if (c == 0xf4) high = 0x8f; // up to U+10FFFF
    } else {
      return i;
    }
    if (n - i <= more) return i;
    const second = <u32>load<u8>(p + i, 1);
    if (second < low || second > high) return i;
    for (let k = 2; k <= more; k++) {
      if ((load<u8>(p + i + k) & 0xc0) != 0x80) return i;
    }
    i += more + 1;
  }
  return n;
}

/** The fault that walk found. */
export let fault: Fault = Fault.None;

// What is still to be read of each open array or map: values, a map's keys
// included; maps are odd in the lowest bit.
const open = memory.data(8 * (MESSAGE_DEPTH + 1), 8);

function fail(f: Fault): i32 {
  fault = f;
  return 0;
}

/** One value was read: the level above those that it completes. */
function closed(level: i32): i32 {
  while (level > 0) {
    const slot = open + 8 * (level - 1);
    const left = load<u64>(slot) - 2;
    store<u64>(slot, left);
    if (left > 1) return level;
    level--;
  }
  return 0;
}

/**
 * The length of the value at p, of n bytes; 0 when it is not one, and why in fault.
 * Strict checks the texts as well.
 */
export function walk(p: usize, n: i32, depth: i32, strict: bool): i32 {
  let level = 0;
  let at = 0;
  while (true) {
    const f = readHead(p + at, n - at);
    if (f != Fault.None) return fail(f);
    const kind = head.kind;
    const count = head.count;
    if (level > 0) {
      const left = load<u64>(open + 8 * (level - 1));
      if ((left & 1) == 1 && ((left >> 1) & 1) == 0 && kind != Kind.Text) return fail(Fault.NotAKey);
    }
    at += head.size;
    const most = kind == Kind.Map ? (n - at) / 2 : n - at; // each takes a byte at least
    if (count > most) return fail(Fault.Short);
    if (kind == Kind.Text || kind == Kind.Bytes) {
      if (strict && kind == Kind.Text && validUTF8(p + at, count) != count) return fail(Fault.NotUTF8);
      at += count;
    } else if (count > 0) {
      if (level >= depth || level >= MESSAGE_DEPTH) return fail(Fault.TooDeep);
      store<u64>(open + 8 * level, kind == Kind.Map ? (<u64>count << 2) | 1 : <u64>count << 1);
      level++;
      continue;
    }
    level = closed(level);
    if (level == 0) {
      fault = Fault.None;
      return at;
    }
  }
}

/** Whether the n bytes at p are exactly one well-formed value. */
export function check(p: usize, n: i32, depth: i32): Fault {
  const size = walk(p, n, depth, true);
  if (fault == Fault.None && size != n) return Fault.Trailing;
  return fault;
}
