// The messages of the contract, which are arrays of fields.

import { Fault, Kind, MAX_MESSAGE, MESSAGE_DEPTH, check } from "./codec";
import { Value } from "./value";
import { Writer } from "./writer";

/**
 * Reads the fields of a message in their order; the first fault sticks. Fields that
 * the sender does not know read as zero, fields that this version does not know are
 * ignored.
 */
export class Reader {
  fault: Fault = Fault.None;
  private fields: Array<Value> = [];
  private at: i32 = 0;

  /** Checks the whole message first. */
  static message(data: ArrayBuffer): Reader {
    const r = new Reader();
    const n = data.byteLength;
    r.fault = n > MAX_MESSAGE ? Fault.NotAMessage : check(changetype<usize>(data), n, MESSAGE_DEPTH);
    if (r.fault == Fault.None) r.open(new Value(data, 0, n));
    return r;
  }

  /** A message inside a checked one. */
  static inner(message: Value): Reader {
    const r = new Reader();
    r.open(message);
    return r;
  }

  private open(message: Value): void {
    if (message.kind == Kind.Array) this.fields = message.elements();
    else this.fault = Fault.NotAMessage;
  }

  /** The next field; nil and what is not there are missing. */
  value(): Value {
    if (this.fault != Fault.None || this.at >= this.fields.length) return new Value();
    const v = this.fields[this.at++];
    return v.exists ? v : new Value();
  }

  private expect(v: Value, a: Kind, b: Kind): bool {
    if (v.size == 0) return false;
    const kind = v.kind;
    if (kind == a || kind == b) return true;
    if (this.fault == Fault.None) this.fault = Fault.NotAMessage;
    return false;
  }

  text(): string {
    const v = this.value();
    return this.expect(v, Kind.Text, Kind.Text) ? v.text() : "";
  }

  bytes(): Value {
    const v = this.value();
    return this.expect(v, Kind.Bytes, Kind.Text) ? v : new Value();
  }

  int(least: i64, most: i64): i64 {
    const v = this.value();
    if (!this.expect(v, Kind.Int, Kind.Int)) return 0;
    const n = v.int();
    if (!v.isInt || n < least || n > most) {
      this.fault = Fault.NotAMessage;
      return 0;
    }
    return n;
  }

  int32(): i32 {
    return <i32>this.int(i32.MIN_VALUE, i32.MAX_VALUE);
  }

  bool(): bool {
    const v = this.value();
    return this.expect(v, Kind.Bool, Kind.Bool) && v.bool();
  }
}

/** A failed task or host operation. */
export class Failure {
  /** See ABI.md section 7. */
  code: string = "";
  /** HTTP status; 0 derives it from the code. */
  status: i32 = 0;
  /** For the caller: a parameter, a text, or the name of a system. */
  message: string = "";
  /** Whose fault: plugin, upstream, host or caller. */
  source: string = "";
  /** For the log; never reaches the caller. */
  detail: string = "";
  /** An effect outside may have happened: never repeat it. */
  sent: bool = false;
  /** Milliseconds until the next attempt makes sense. */
  retry: i32 = 0;

  static of(code: string, message: string, source: string, detail: string = ""): Failure {
    const f = new Failure();
    f.code = code;
    f.message = message;
    f.source = source;
    f.detail = detail;
    return f;
  }

  read(r: Reader): Failure {
    this.code = r.text();
    this.status = r.int32();
    this.message = r.text();
    this.source = r.text();
    this.detail = r.text();
    this.sent = r.bool();
    this.retry = r.int32();
    return this;
  }

  write(w: Writer): void {
    w.array(7);
    w.text(this.code);
    w.int(this.status);
    w.text(cut(this.message));
    w.text(this.source);
    w.text(cut(this.detail));
    w.bool(this.sent);
    w.int(this.retry);
  }

  toString(): string {
    return this.code + ": " + this.message + " (" + this.detail + ")";
  }
}

/** More of a text is no use to anybody, and might not fit a message. */
function cut(s: string): string {
  return s.length > 65536 ? s.substring(0, 65536) : s;
}

/** How a reply carries its body. */
export enum Form {
  Value, Bytes, Attachment, Rows
}

/** What a handler returns. */
export class Reply {
  /** When it is set, the task failed and the rest does not matter. */
  failure: Failure | null = null;
  /** HTTP status; 0 is 200. */
  status: i32 = 0;
  form: Form = Form.Value;
  body: Value = new Value();
  contentType: string = "";
  attachment: u32 = 0;
  /** Of rows: json (also when empty), csv, xlsx. */
  format: string = "";
  filename: string = "";
  /** Puts JSON rows into {"result":"OK","data":[…]}. */
  wrap: bool = false;
  /** Cursor of the next page. */
  next: string = "";

  write(w: Writer): void {
    w.array(9);
    w.int(this.status);
    w.uint(this.form);
    this.body.write(w);
    w.text(this.contentType);
    w.uint(this.attachment);
    w.text(this.format);
    w.text(this.filename);
    w.bool(this.wrap);
    w.text(this.next);
  }
}
