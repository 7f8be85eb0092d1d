// A second, independent implementation of the codec: the reference for the tests.

export class Fault extends Error {
  constructor(name) {
    super(name);
    this.fault = name;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes exactly one value, strictly: maps become Map, integers bigint, byte strings Uint8Array. */
export function decode(bytes, maxDepth = 64) {
  let at = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (n) => {
    if (n > bytes.length - at) throw new Fault("Short");
    at += n;
    return at - n;
  };
  const content = (n) => bytes.subarray(need(n), at);
  const size = (width) => Number(uint(width));
  const uint = (width) => {
    let v = 0n;
    for (const b of content(width)) v = (v << 8n) | BigInt(b);
    return v;
  };
  const text = (n) => {
    try {
      return utf8.decode(content(n));
    } catch (e) {
      throw e instanceof Fault ? e : new Fault("NotUTF8");
    }
  };
  const several = (n, depth, one) => {
    if (n > 0 && depth === maxDepth) throw new Fault("TooDeep");
    for (let i = 0; i < n; i++) one(depth + 1);
  };
  const array = (n, depth) => {
    if (n > bytes.length - at) throw new Fault("Short");
    const all = [];
    several(n, depth, (d) => all.push(value(d)));
    return all;
  };
  const map = (n, depth) => {
    if (2 * n > bytes.length - at) throw new Fault("Short");
    const all = new Map();
    several(n, depth, (d) => {
      const isKey = at < bytes.length && ((bytes[at] >= 0xa0 && bytes[at] <= 0xbf) || (bytes[at] >= 0xd9 && bytes[at] <= 0xdb));
      const key = isKey ? value(d) : (value(d), notAKey());
      const v = value(d);
      if (!all.has(key)) all.set(key, v);
    });
    return all;
  };
  const notAKey = () => {
    throw new Fault("NotAKey");
  };
  const value = (depth) => {
    const c = bytes[need(1)];
    if (c <= 0x7f) return BigInt(c);
    if (c <= 0x8f) return map(c & 15, depth);
    if (c <= 0x9f) return array(c & 15, depth);
    if (c <= 0xbf) return text(c & 31);
    if (c >= 0xe0) return BigInt(c - 256);
    switch (c) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: case 0xc5: case 0xc6: return content(size(1 << (c - 0xc4)));
      case 0xca: return view.getFloat32(need(4));
      case 0xcb: return view.getFloat64(need(8));
      case 0xcc: case 0xcd: case 0xce: case 0xcf: return uint(1 << (c - 0xcc));
      case 0xd0: case 0xd1: case 0xd2: case 0xd3: return BigInt.asIntN(8 << (c - 0xd0), uint(1 << (c - 0xd0)));
      case 0xd9: case 0xda: case 0xdb: return text(size(1 << (c - 0xd9)));
      case 0xdc: case 0xdd: return array(size(2 << (c - 0xdc)), depth);
      case 0xde: case 0xdf: return map(size(2 << (c - 0xde)), depth);
    }
    throw new Fault("Tag");
  };
  const v = value(0);
  if (at !== bytes.length) throw new Fault("Trailing");
  return v;
}

/** Encodes: numbers are floats, bigints integers, objects maps. */
export function encode(v) {
  const out = [];
  const big = (n, width) => {
    for (let i = width - 1; i >= 0; i--) out.push(Number((BigInt.asUintN(64, n) >> BigInt(8 * i)) & 255n));
  };
  const head = (n, fixed, most, tags) => {
    if (n <= most) out.push(fixed | n);
    else if (n <= 0xff && tags[0]) out.push(tags[0], n);
    else if (n <= 0xffff) (out.push(tags[1]), big(BigInt(n), 2));
    else (out.push(tags[2]), big(BigInt(n), 4));
  };
  const put = (v) => {
    if (v === null || v === undefined) out.push(0xc0);
    else if (typeof v === "boolean") out.push(v ? 0xc3 : 0xc2);
    else if (typeof v === "bigint") putInt(v);
    else if (typeof v === "number") {
      out.push(0xcb);
      out.push(...new Uint8Array(new Float64Array([v]).buffer).reverse());
    } else if (typeof v === "string") {
      const b = new TextEncoder().encode(v);
      head(b.length, 0xa0, 31, [0xd9, 0xda, 0xdb]);
      for (const c of b) out.push(c);
    } else if (v instanceof Uint8Array) {
      head(v.length, 0, -1, [0xc4, 0xc5, 0xc6]);
      for (const c of v) out.push(c);
    } else if (Array.isArray(v)) {
      head(v.length, 0x90, 15, [0, 0xdc, 0xdd]);
      v.forEach(put);
    } else {
      const pairs = v instanceof Map ? [...v] : Object.entries(v);
      head(pairs.length, 0x80, 15, [0, 0xde, 0xdf]);
      for (const [k, e] of pairs) (put(k), put(e));
    }
  };
  const putInt = (n) => {
    if (n >= -32n && n <= 127n) return out.push(Number(BigInt.asUintN(8, n)));
    const widths = [1, 2, 4, 8];
    const i = widths.findIndex((w) => (n >= 0n ? n < 1n << BigInt(8 * w) : n >= -(1n << BigInt(8 * w - 1))));
    out.push((n >= 0n ? 0xcc : 0xd0) + i);
    big(n, widths[i]);
  };
  put(v);
  return new Uint8Array(out);
}

/** As vectors.json describes values: byte strings as {"bin": hex}. */
export function describe(v) {
  if (typeof v === "bigint") return Number(v);
  if (v instanceof Uint8Array) return { bin: Buffer.from(v).toString("hex") };
  if (Array.isArray(v)) return v.map(describe);
  if (v instanceof Map) return Object.fromEntries([...v].map(([k, e]) => [k, describe(e)]));
  return v;
}
