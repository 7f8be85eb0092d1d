//! Texts for upstreams: JSON, percent-encoding, base64.

use crate::codec::{check, CodecError, Kind};
use crate::value::Value;

impl Value {
    /// The value as JSON, for the body of a request to an upstream. Byte strings
    /// become base64; floats that JSON cannot hold and a missing value become
    /// null. Answers to the gateway need no JSON: return the value.
    pub fn to_json(&self) -> Result<String, CodecError> {
        let mut out = String::new();
        if self.kind() == Kind::Missing {
            out.push_str("null");
        } else {
            check(self.encoded())?; // bounds the recursion below
            put_json(&mut out, self);
        }
        Ok(out)
    }
}

fn put_json(out: &mut String, v: &Value) {
    match v.kind() {
        Kind::Str => put_json_text(out, v.as_str().unwrap_or_default()),
        Kind::Bytes => {
            out.push('"');
            out.push_str(&base64(v.as_bytes().unwrap_or_default()));
            out.push('"');
        }
        Kind::Int | Kind::Bool => out.push_str(&v.text()),
        Kind::Float => put_json_float(out, v.as_f64().unwrap_or_default()),
        Kind::Array => {
            out.push('[');
            for (i, e) in v.elements().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put_json(out, e);
            }
            out.push(']');
        }
        Kind::Map => {
            out.push('{');
            for (i, (key, e)) in v.entries().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put_json_text(out, key);
                out.push(':');
                put_json(out, e);
            }
            out.push('}');
        }
        Kind::Missing | Kind::Nil => out.push_str("null"),
    }
}

fn put_json_float(out: &mut String, f: f64) {
    if !f.is_finite() {
        out.push_str("null");
    } else if f == 0.0 || (1e-6..1e21).contains(&f.abs()) {
        out.push_str(&f.to_string());
    } else {
        out.push_str(&format!("{:e}", f));
    }
}

fn put_json_text(out: &mut String, s: &str) {
    out.reserve(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x1f' | '\x7f' => {
                out.push_str("\\u00");
                push_hex(out, c as u8, b"0123456789abcdef");
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn push_hex(out: &mut String, b: u8, digits: &[u8; 16]) {
    out.push(char::from(digits[usize::from(b >> 4)]));
    out.push(char::from(digits[usize::from(b & 15)]));
}

/// Percent-encodes everything except the unreserved characters of RFC 3986, so
/// the result is safe in every part of a URL and in a form.
pub fn percent_encode(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + s.len() / 2);
    for b in s.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(b)),
            _ => {
                out.push('%');
                push_hex(&mut out, b, b"0123456789ABCDEF");
            }
        }
    }
    out
}

/// Standard base64 with padding (RFC 4648).
pub fn base64(b: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity((b.len() + 2) / 3 * 4);
    for chunk in b.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(char::from(DIGITS[(bits >> (18 - 6 * i)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Appends one pair to a query or a form.
pub(crate) fn push_pair(out: &mut String, name: &str, value: &str) {
    out.push_str(&percent_encode(name));
    out.push('=');
    out.push_str(&percent_encode(value));
}
