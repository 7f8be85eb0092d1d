import { Kind } from "./codec";

/** Bytes that grow at the end. */
export class Writer {
  data: ArrayBuffer;
  size: i32 = 0;

  constructor(room: i32 = 64) {
    this.data = new ArrayBuffer(room);
  }

  /** Makes room for n more bytes and returns where they begin. */
  private room(n: i32): usize {
    const want = this.size + n;
    if (want > this.data.byteLength) {
      const data = new ArrayBuffer(max(want, 2 * this.data.byteLength));
      memory.copy(changetype<usize>(data), changetype<usize>(this.data), this.size);
      this.data = data;
    }
    const p = changetype<usize>(this.data) + this.size;
    this.size = want;
    return p;
  }

  byte(c: u32): void {
    store<u8>(this.room(1), <u8>c);
  }

  /** n bytes at p, which lie outside this writer. */
  raw(p: usize, n: i32): void {
    if (n > 0) memory.copy(this.room(n), p, n);
  }

  private wide(tag: u32, v: u64, width: i32): void {
    const p = this.room(1 + width);
    store<u8>(p, <u8>tag);
    for (let i = 0; i < width; i++) store<u8>(p + 1 + i, <u8>(v >> (8 * (width - 1 - i))));
  }

  nil(): void {
    this.byte(0xc0);
  }

  bool(v: bool): void {
    this.byte(v ? 0xc3 : 0xc2);
  }

  uint(v: u64): void {
    if (v <= 0x7f) this.byte(<u32>v);
    else if (v <= 0xff) this.wide(0xcc, v, 1);
    else if (v <= 0xffff) this.wide(0xcd, v, 2);
    else if (v <= 0xffffffff) this.wide(0xce, v, 4);
    else this.wide(0xcf, v, 8);
  }

  int(n: i64): void {
    const v = <u64>n;
    if (n >= 0) this.uint(v);
    else if (n >= -32) this.byte(<u32>(v & 0xff));
    else if (n >= i8.MIN_VALUE) this.wide(0xd0, v, 1);
    else if (n >= i16.MIN_VALUE) this.wide(0xd1, v, 2);
    else if (n >= i32.MIN_VALUE) this.wide(0xd2, v, 4);
    else this.wide(0xd3, v, 8);
  }

  float(f: f64): void {
    this.wide(0xcb, reinterpret<u64>(f), 8);
  }

  /** A text; half surrogates, which UTF-8 does not have, become U+FFFD. */
  text(s: string): void {
    const n = String.UTF8.byteLength(s);
    if (n <= 31) this.byte(0xa0 | n);
    else if (n <= 0xff) this.wide(0xd9, n, 1);
    else if (n <= 0xffff) this.wide(0xda, n, 2);
    else this.wide(0xdb, n, 4);
    this.utf8(s, n);
  }

  /** The bytes of a text without a tag. */
  plain(s: string): void {
    this.utf8(s, String.UTF8.byteLength(s));
  }

  private utf8(s: string, n: i32): void {
    if (n == 0) return;
    const p = this.room(n);
    String.UTF8.encodeUnsafe(changetype<usize>(s), s.length, p, false, String.UTF8.ErrorMode.REPLACE);
  }

  bytes(p: usize, n: i32): void {
    if (n <= 0xff) this.wide(0xc4, n, 1);
    else if (n <= 0xffff) this.wide(0xc5, n, 2);
    else this.wide(0xc6, n, 4);
    this.raw(p, n);
  }

  /** The head of an array (n elements follow) or a map (n pairs follow). */
  list(kind: Kind, n: i32): void {
    const map = kind == Kind.Map;
    if (n <= 15) this.byte((map ? 0x80 : 0x90) | n);
    else if (n <= 0xffff) this.wide(map ? 0xde : 0xdc, n, 2);
    else this.wide(map ? 0xdf : 0xdd, n, 4);
  }

  array(n: i32): void {
    this.list(Kind.Array, n);
  }
}
