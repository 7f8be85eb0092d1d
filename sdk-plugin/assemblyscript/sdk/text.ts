// Values as JSON and as forms.

import { Kind, MESSAGE_DEPTH } from "./abi/codec";
import { Value } from "./abi/value";
import { Writer } from "./abi/writer";

const HEX = "0123456789abcdef";
const UPPER_HEX = "0123456789ABCDEF";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function writeQuoted(w: Writer, content: Uint8Array): void {
  w.byte(0x22);
  for (let i = 0; i < content.length; i++) {
    const c = <u32>content[i];
    if (c >= 0x20 && c != 0x22 && c != 0x5c) {
      w.byte(c);
      continue;
    }
    w.byte(0x5c);
    if (c == 0x22 || c == 0x5c) w.byte(c);
    else if (c == 0x0a) w.byte(0x6e);
    else if (c == 0x0d) w.byte(0x72);
    else if (c == 0x09) w.byte(0x74);
    else {
      w.plain("u00");
      w.byte(HEX.charCodeAt(c >> 4));
      w.byte(HEX.charCodeAt(c & 15));
    }
  }
  w.byte(0x22);
}

function writeBase64(w: Writer, content: Uint8Array): void {
  const n = content.length;
  for (let i = 0; i < n; i += 3) {
    let v: u32 = 0;
    for (let k = 0; k < 3; k++) v = (v << 8) | (i + k < n ? content[i + k] : 0);
    for (let k = 0; k < 4; k++) w.byte(i + k <= n ? BASE64.charCodeAt((v >> (18 - 6 * k)) & 63) : 0x3d);
  }
}

/** Bytes as base64. */
export function base64(content: Uint8Array): string {
  const w = new Writer(content.length * 2);
  writeBase64(w, content);
  return textOf(finished(w));
}

/** Recurses at most once for each level of a value, of which there are few. */
function writeJSON(w: Writer, v: Value, depth: i32): void {
  const kind = depth > MESSAGE_DEPTH ? Kind.Nil : v.kind;
  switch (kind) {
    case Kind.Map: {
      const entries = v.entries();
      w.byte(0x7b);
      for (let i = 0; i < entries.length; i++) {
        if (i > 0) w.byte(0x2c);
        writeQuoted(w, Value.text(entries[i].key).bytes());
        w.byte(0x3a);
        writeJSON(w, entries[i].value, depth + 1);
      }
      w.byte(0x7d);
      break;
    }
    case Kind.Array: {
      const elements = v.elements();
      w.byte(0x5b);
      for (let i = 0; i < elements.length; i++) {
        if (i > 0) w.byte(0x2c);
        writeJSON(w, elements[i], depth + 1);
      }
      w.byte(0x5d);
      break;
    }
    case Kind.Text:
      writeQuoted(w, v.bytes());
      break;
    case Kind.Bytes:
      w.byte(0x22);
      writeBase64(w, v.bytes());
      w.byte(0x22);
      break;
    case Kind.Bool:
    case Kind.Int:
    case Kind.Float:
      w.plain(v.text());
      break;
    default:
      w.plain("null");
  }
}

function finished(w: Writer): Uint8Array {
  return Uint8Array.wrap(w.data, 0, w.size);
}

/** A value as JSON; byte strings become base64. */
export function json(v: Value): Uint8Array {
  const w = new Writer(256);
  writeJSON(w, v, 0);
  return finished(w);
}

function writeEscaped(w: Writer, content: Uint8Array): void {
  for (let i = 0; i < content.length; i++) {
    const c = <u32>content[i];
    const letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
    if (letter || (c >= 0x30 && c <= 0x39) || c == 0x2d || c == 0x2e || c == 0x5f || c == 0x7e) {
      w.byte(c);
    } else {
      w.byte(0x25);
      w.byte(UPPER_HEX.charCodeAt(c >> 4));
      w.byte(UPPER_HEX.charCodeAt(c & 15));
    }
  }
}

function writePair(w: Writer, key: string, v: Value): void {
  if (!v.exists) return;
  if (w.size > 0) w.byte(0x26);
  writeEscaped(w, Value.text(key).bytes());
  w.byte(0x3d);
  writeEscaped(w, v.kind == Kind.Bytes ? v.bytes() : Value.text(v.text()).bytes());
}

/**
 * A map as name=value&…, percent-encoded: a query or the body of a form. Missing
 * values are left out, an array repeats its name.
 */
export function form(map: Value): Uint8Array {
  const w = new Writer(256);
  const entries = map.entries();
  for (let i = 0; i < entries.length; i++) {
    const key = entries[i].key;
    const v = entries[i].value;
    if (v.kind != Kind.Array) {
      writePair(w, key, v);
      continue;
    }
    const elements = v.elements();
    for (let k = 0; k < elements.length; k++) writePair(w, key, elements[k]);
  }
  return finished(w);
}

/** A text for one part of a path or a query. */
export function escape(s: string): string {
  const w = new Writer(s.length);
  writeEscaped(w, Value.text(s).bytes());
  return String.UTF8.decodeUnsafe(changetype<usize>(w.data), w.size);
}

/** Bytes as text; what is not UTF-8 comes out garbled. */
export function textOf(b: Uint8Array): string {
  return String.UTF8.decodeUnsafe(b.dataStart, b.length);
}
