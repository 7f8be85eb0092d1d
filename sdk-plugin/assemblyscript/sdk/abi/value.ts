import { Fault, Kind, MAX_DEPTH, MESSAGE_DEPTH, check, head, readHead, walk } from "./codec";
import { floatText, parseDecimal, parseInteger, parsed } from "./number";
import { Writer } from "./writer";

const NOTHING = new ArrayBuffer(0);

/**
 * A value: parameters, settings, bodies of answers. It is read where it lies. What
 * meets a missing value or another type returns the zero result, so a path into an
 * unknown document needs no error handling.
 */
export class Value {
  constructor(
    /** Where it lies. */
    public data: ArrayBuffer = NOTHING,
    public at: i32 = 0,
    public size: i32 = 0,
  ) {}

  private get p(): usize {
    return changetype<usize>(this.data) + this.at;
  }

  /** Reads the head; the kind is Missing when the content does not fit in. */
  private open(): Kind {
    if (readHead(this.p, this.size) != Fault.None || head.count > this.size - head.size) {
      head.kind = Kind.Missing;
      head.count = 0;
    }
    return head.kind;
  }

  get kind(): Kind {
    return this.open();
  }

  /** Whether it is there and not nil. */
  get exists(): bool {
    return this.open() > Kind.Nil;
  }

  get isArray(): bool {
    return this.open() == Kind.Array;
  }

  get isMap(): bool {
    return this.open() == Kind.Map;
  }

  /** Elements of an array, pairs of a map, bytes of a text. */
  get length(): i32 {
    this.open();
    return head.count;
  }

  /** Scalars as text: numbers in decimal, true and false; everything else is "". */
  text(): string {
    switch (this.open()) {
      case Kind.Text:
      case Kind.Bytes: return String.UTF8.decodeUnsafe(this.p + head.size, head.count);
      case Kind.Bool: return head.raw == 1 ? "true" : "false";
      case Kind.Int: return head.negative ? (<i64>head.raw).toString() : head.raw.toString();
      case Kind.Float: return floatText(reinterpret<f64>(head.raw));
      default: return "";
    }
  }

  /** The content of a text; everything else is "". */
  string(): string {
    return this.open() == Kind.Text ? this.text() : "";
  }

  /** The content of a text or byte string, copied. */
  bytes(): Uint8Array {
    const kind = this.open();
    const n = kind == Kind.Text || kind == Kind.Bytes ? head.count : 0;
    const copy = new Uint8Array(n);
    memory.copy(copy.dataStart, this.p + head.size, n);
    return copy;
  }

  /** Integers, whole floats, and texts that hold a decimal integer, within 64 bits. */
  get isInt(): bool {
    switch (this.open()) {
      case Kind.Int:
        parsed.int = <i64>head.raw;
        return head.negative || head.raw <= <u64>i64.MAX_VALUE;
      case Kind.Float: {
        const f = reinterpret<f64>(head.raw);
        if (!(abs(f) < 9007199254740992) || Math.trunc(f) != f) return false;
        parsed.int = <i64>f;
        return true;
      }
      case Kind.Text: return head.count <= 20 && parseInteger(this.text());
      default: return false;
    }
  }

  /** The integer, see isInt, or the given one. */
  int(otherwise: i64 = 0): i64 {
    return this.isInt ? parsed.int : otherwise;
  }

  /** A number above int64; other integers as int gives them, not below 0. */
  uint(): u64 {
    if (this.open() == Kind.Int && !head.negative) return head.raw;
    return <u64>max<i64>(this.int(), 0);
  }

  /** Numbers, and texts that hold one. */
  get isFloat(): bool {
    switch (this.open()) {
      case Kind.Int:
        parsed.float = head.negative ? <f64><i64>head.raw : <f64>head.raw;
        return true;
      case Kind.Float:
        parsed.float = reinterpret<f64>(head.raw);
        return true;
      case Kind.Text: return head.count <= 64 && parseDecimal(this.text());
      default: return false;
    }
  }

  float(otherwise: f64 = 0): f64 {
    return this.isFloat ? parsed.float : otherwise;
  }

  /** True for true only. */
  bool(): bool {
    return this.open() == Kind.Bool && head.raw == 1;
  }

  /** The value of a key of a map; of several equal keys the first. */
  get(key: string): Value {
    if (this.open() != Kind.Map) return new Value();
    const i = new Cursor(this);
    while (i.next()) if (i.keyIs(key)) return i.value();
    return new Value();
  }

  /** An element of an array. */
  index(n: i32): Value {
    if (n < 0 || this.open() != Kind.Array || n >= head.count) return new Value();
    const i = new Cursor(this);
    while (i.next()) if (n-- == 0) return i.value();
    return new Value();
  }

  /** Walks down maps and arrays: "messages.0.id". */
  path(path: string): Value {
    let v: Value = this;
    if (path.length == 0) return v;
    const parts = path.split(".");
    for (let i = 0; i < parts.length && v.size > 0; i++) {
      if (v.kind != Kind.Array) {
        v = v.get(parts[i]);
      } else if (parseInteger(parts[i]) && parsed.int >= 0 && parsed.int <= i32.MAX_VALUE) {
        v = v.index(<i32>parsed.int);
      } else {
        return new Value();
      }
    }
    return v;
  }

  /** The elements of an array. */
  elements(): Array<Value> {
    const all = new Array<Value>();
    if (this.open() != Kind.Array) return all;
    const i = new Cursor(this);
    while (i.next()) all.push(i.value());
    return all;
  }

  /** The pairs of a map in the order in which they were written. */
  entries(): Array<Entry> {
    const all = new Array<Entry>();
    if (this.open() != Kind.Map) return all;
    const i = new Cursor(this);
    while (i.next()) all.push(new Entry(i.key(), i.value()));
    return all;
  }

  /** Why it is not well-formed; values of the gateway always are. */
  check(): Fault {
    return check(this.p, this.size, MAX_DEPTH);
  }

  /** Appends it to a message, nil when it is missing. */
  write(w: Writer): void {
    if (this.size == 0) w.nil();
    else w.raw(this.p, this.size);
  }

  static text(s: string): Value {
    const w = new Writer(s.length + 5);
    w.text(s);
    return valueOf(w);
  }

  static int(n: i64): Value {
    const w = new Writer(9);
    w.int(n);
    return valueOf(w);
  }

  static uint(n: u64): Value {
    const w = new Writer(9);
    w.uint(n);
    return valueOf(w);
  }

  static float(f: f64): Value {
    const w = new Writer(9);
    w.float(f);
    return valueOf(w);
  }

  static bool(v: bool): Value {
    const w = new Writer(1);
    w.bool(v);
    return valueOf(w);
  }

  static bytes(b: Uint8Array): Value {
    const w = new Writer(b.length + 5);
    w.bytes(b.dataStart, b.length);
    return valueOf(w);
  }

  static nil(): Value {
    const w = new Writer(1);
    w.nil();
    return valueOf(w);
  }
}

function valueOf(w: Writer): Value {
  return new Value(w.data, 0, w.size);
}

/** A pair of a map. */
export class Entry {
  constructor(public key: string, public value: Value) {}
}

/** Goes over an array or a map without making a value of each element. */
class Cursor {
  private left: i32;
  private rest: i32; // offset in data
  private end: i32;
  private map: bool;
  private keyAt: i32 = 0;
  private keySize: i32 = 0;
  private valueAt: i32 = 0;
  private valueSize: i32 = 0;

  /** head is that of v. */
  constructor(private v: Value) {
    this.left = head.count;
    this.rest = v.at + head.size;
    this.end = v.at + v.size;
    this.map = head.kind == Kind.Map;
  }

  private skip(): i32 {
    return walk(changetype<usize>(this.v.data) + this.rest, this.end - this.rest, MESSAGE_DEPTH, false);
  }

  next(): bool {
    if (this.left-- <= 0) return false;
    if (this.map) {
      const size = this.skip();
      if (size == 0) return false;
      readHead(changetype<usize>(this.v.data) + this.rest, size);
      if (head.kind != Kind.Text) return false;
      this.keyAt = this.rest + head.size;
      this.keySize = head.count;
      this.rest += size;
    }
    this.valueAt = this.rest;
    this.valueSize = this.skip();
    this.rest += this.valueSize;
    return this.valueSize > 0;
  }

  value(): Value {
    return new Value(this.v.data, this.valueAt, this.valueSize);
  }

  key(): string {
    return String.UTF8.decodeUnsafe(changetype<usize>(this.v.data) + this.keyAt, this.keySize);
  }

  /** Compares without making a text of the key, when it is ASCII as nearly always. */
  keyIs(key: string): bool {
    const p = changetype<usize>(this.v.data) + this.keyAt;
    if (this.keySize < key.length) return false;
    for (let i = 0; i < key.length; i++) {
      const c = key.charCodeAt(i);
      if (c >= 0x80) return this.key() == key;
      if (<i32>load<u8>(p + i) != c) return false;
    }
    return this.keySize == key.length;
  }
}

const HEAD_ROOM: i32 = 5;

/** A value that grows: its head stands before the content, and moves with its length. */
class Growing extends Value {
  private content: Writer = new Writer(128);
  private count: i32 = 0;

  constructor(private shape: Kind) {
    super();
    this.content.size = HEAD_ROOM;
    this.done(0);
  }

  protected begin(): Writer {
    return this.content;
  }

  /** Writes the head again after n more elements. */
  protected done(n: i32): void {
    this.count += n;
    const w = new Writer(HEAD_ROOM);
    w.list(this.shape, this.count);
    this.data = this.content.data;
    this.at = HEAD_ROOM - w.size;
    this.size = this.content.size - this.at;
    memory.copy(changetype<usize>(this.data) + this.at, changetype<usize>(w.data), w.size);
  }
}

/** A map under construction, which is a value at any time; keys in the order of the calls. */
export class Obj extends Growing {
  constructor() {
    super(Kind.Map);
  }

  set(key: string, v: Value): Obj {
    const w = this.begin();
    w.text(key);
    v.write(w);
    this.done(1);
    return this;
  }

  str(key: string, s: string): Obj {
    const w = this.begin();
    w.text(key);
    w.text(s);
    this.done(1);
    return this;
  }

  num(key: string, n: i64): Obj {
    const w = this.begin();
    w.text(key);
    w.int(n);
    this.done(1);
    return this;
  }

  flag(key: string, v: bool): Obj {
    const w = this.begin();
    w.text(key);
    w.bool(v);
    this.done(1);
    return this;
  }
}

/** An array under construction, which is a value at any time. */
export class List extends Growing {
  constructor() {
    super(Kind.Array);
  }

  add(v: Value): List {
    v.write(this.begin());
    this.done(1);
    return this;
  }
}

/** An empty map to add to: object().str("to", phone).num("parts", 2). */
export function object(): Obj {
  return new Obj();
}

/** An empty array to add to. */
export function list(): List {
  return new List();
}
