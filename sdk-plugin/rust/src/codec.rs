//! The restricted MessagePack of the contract: nil, booleans, integers, floats,
//! strings, byte strings, arrays, and maps with text keys. Writers use the
//! shortest form of integers and lengths and 64-bit floats, readers accept all
//! forms. Format: <https://github.com/msgpack/msgpack/blob/master/spec.md>

use std::fmt;

/// Largest message in either direction, in bytes.
pub const MAX_MESSAGE: usize = 16 << 20;

/// Deepest nesting of arrays and maps.
pub const MAX_DEPTH: usize = 64;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not there at all: the result of a path that leads nowhere.
    Missing,
    Nil,
    Bool,
    Int,
    Float,
    Str,
    Bytes,
    Array,
    Map,
}

/// Why bytes are not a message of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// The message ends inside a value.
    Short,
    /// A field has another type than the contract says.
    Type,
    /// An extension type or the byte 0xc1.
    Tag,
    /// Nesting over [`MAX_DEPTH`].
    Depth,
    /// A string that is not UTF-8.
    Utf8,
    /// A map key that is not a string.
    Key,
    /// Bytes behind the end.
    Trailing,
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CodecError::Short => "the message ends inside a value",
            CodecError::Type => "a value has another type than expected",
            CodecError::Tag => "unknown MessagePack tag",
            CodecError::Depth => "a value is nested too deeply",
            CodecError::Utf8 => "a string is not valid UTF-8",
            CodecError::Key => "a map key is not a string",
            CodecError::Trailing => "bytes follow the end of the value",
        })
    }
}

impl std::error::Error for CodecError {}

pub(crate) const NIL: u8 = 0xc0;

/// Appends nil.
pub fn put_nil(out: &mut Vec<u8>) {
    out.push(NIL);
}

/// Appends a boolean.
pub fn put_bool(out: &mut Vec<u8>, v: bool) {
    out.push(if v { 0xc3 } else { 0xc2 });
}

/// Appends a signed integer in its shortest form.
pub fn put_int(out: &mut Vec<u8>, v: i64) {
    if v >= 0 {
        put_uint(out, v as u64);
    } else if v >= -32 {
        out.push(v as u8);
    } else if v >= i64::from(i8::MIN) {
        out.extend_from_slice(&[0xd0, v as u8]);
    } else if v >= i64::from(i16::MIN) {
        out.push(0xd1);
        out.extend_from_slice(&(v as i16).to_be_bytes());
    } else if v >= i64::from(i32::MIN) {
        out.push(0xd2);
        out.extend_from_slice(&(v as i32).to_be_bytes());
    } else {
        out.push(0xd3);
        out.extend_from_slice(&v.to_be_bytes());
    }
}

/// Appends an unsigned integer in its shortest form.
pub fn put_uint(out: &mut Vec<u8>, v: u64) {
    if v <= 0x7f {
        out.push(v as u8);
    } else if v <= 0xff {
        out.extend_from_slice(&[0xcc, v as u8]);
    } else if v <= 0xffff {
        out.push(0xcd);
        out.extend_from_slice(&(v as u16).to_be_bytes());
    } else if v <= 0xffff_ffff {
        out.push(0xce);
        out.extend_from_slice(&(v as u32).to_be_bytes());
    } else {
        out.push(0xcf);
        out.extend_from_slice(&v.to_be_bytes());
    }
}

/// Appends a 64-bit float.
pub fn put_float(out: &mut Vec<u8>, v: f64) {
    out.push(0xcb);
    out.extend_from_slice(&v.to_bits().to_be_bytes());
}

/// Appends a string.
pub fn put_str(out: &mut Vec<u8>, s: &str) {
    match s.len() {
        n @ 0..=31 => out.push(0xa0 | n as u8),
        n @ 32..=0xff => out.extend_from_slice(&[0xd9, n as u8]),
        n => put_length(out, n, 0xda),
    }
    out.extend_from_slice(s.as_bytes());
}

/// Appends a byte string.
pub fn put_bytes(out: &mut Vec<u8>, b: &[u8]) {
    match b.len() {
        n @ 0..=0xff => out.extend_from_slice(&[0xc4, n as u8]),
        n => put_length(out, n, 0xc5),
    }
    out.extend_from_slice(b);
}

/// Appends the head of an array; its `n` elements follow.
pub fn put_array(out: &mut Vec<u8>, n: usize) {
    match n {
        0..=15 => out.push(0x90 | n as u8),
        _ => put_length(out, n, 0xdc),
    }
}

/// Appends the head of a map; its `n` pairs of a text key and a value follow.
pub fn put_map(out: &mut Vec<u8>, n: usize) {
    match n {
        0..=15 => out.push(0x80 | n as u8),
        _ => put_length(out, n, 0xde),
    }
}

/// Appends a length of 16 bits under `tag`, or of 32 bits under the next one.
fn put_length(out: &mut Vec<u8>, n: usize, tag: u8) {
    if n <= 0xffff {
        out.push(tag);
        out.extend_from_slice(&(n as u16).to_be_bytes());
    } else {
        out.push(tag + 1);
        out.extend_from_slice(&(n as u32).to_be_bytes());
    }
}

/// The decoded beginning of a value.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub kind: Kind,
    /// Length of the tag and its fixed part.
    pub size: usize,
    /// Bytes of a string, elements of an array, pairs of a map.
    pub n: usize,
    /// Payload of numbers: the bits of the i64, u64 or f64; 1 for true.
    pub raw: u64,
    pub negative: bool,
}

pub(crate) fn head(b: &[u8]) -> Result<Head, CodecError> {
    let tag = *b.first().ok_or(CodecError::Short)?;
    let mut h = Head { kind: Kind::Int, size: 1, n: 0, raw: 0, negative: false };
    let (kind, width) = match tag {
        0x00..=0x7f => {
            h.raw = u64::from(tag);
            return Ok(h);
        }
        0xe0..=0xff => {
            h.raw = i64::from(tag as i8) as u64;
            h.negative = true;
            return Ok(h);
        }
        0x80..=0x8f => {
            h.kind = Kind::Map;
            h.n = usize::from(tag & 0x0f);
            return Ok(h);
        }
        0x90..=0x9f => {
            h.kind = Kind::Array;
            h.n = usize::from(tag & 0x0f);
            return Ok(h);
        }
        0xa0..=0xbf => {
            h.kind = Kind::Str;
            h.n = usize::from(tag & 0x1f);
            return Ok(h);
        }
        0xc0 => (Kind::Nil, 0),
        0xc2 | 0xc3 => {
            h.raw = u64::from(tag & 1);
            (Kind::Bool, 0)
        }
        0xc4..=0xc6 => (Kind::Bytes, 1 << (tag - 0xc4)),
        0xca => (Kind::Float, 4),
        0xcb => (Kind::Float, 8),
        0xcc..=0xcf => (Kind::Int, 1 << (tag - 0xcc)),
        0xd0..=0xd3 => (Kind::Int, 1 << (tag - 0xd0)),
        0xd9..=0xdb => (Kind::Str, 1 << (tag - 0xd9)),
        0xdc | 0xdd => (Kind::Array, 2 << (tag - 0xdc)),
        0xde | 0xdf => (Kind::Map, 2 << (tag - 0xde)),
        0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 => return Err(CodecError::Tag),
    };
    h.kind = kind;
    if width == 0 {
        return Ok(h);
    }
    let fixed = b.get(1..1 + width).ok_or(CodecError::Short)?;
    let raw = fixed.iter().fold(0u64, |n, &x| n << 8 | u64::from(x));
    h.size = 1 + width;
    match kind {
        Kind::Float if width == 4 => h.raw = f64::from(f32::from_bits(raw as u32)).to_bits(),
        Kind::Int if tag >= 0xd0 => {
            let shift = 64 - 8 * width as u32;
            let v = ((raw << shift) as i64) >> shift;
            h.raw = v as u64;
            h.negative = v < 0;
        }
        Kind::Float | Kind::Int => h.raw = raw,
        // A length beyond what is there is refused by whoever looks at the
        // content; this keeps it inside 32 bits.
        _ if raw > MAX_MESSAGE as u64 => return Err(CodecError::Short),
        _ => h.n = raw as usize,
    }
    Ok(h)
}

/// Returns the length in bytes of the value at the start of `b`, without looking
/// at texts and keys. Nesting costs no stack.
pub(crate) fn skip(b: &[u8]) -> Result<usize, CodecError> {
    let (mut at, mut open) = (0usize, 1usize);
    while open > 0 {
        let h = head(b.get(at..).ok_or(CodecError::Short)?)?;
        at += h.size;
        open -= 1;
        match h.kind {
            Kind::Str | Kind::Bytes => at += h.n,
            Kind::Array => open += h.n,
            Kind::Map => open += 2 * h.n,
            _ => {}
        }
        // Every value that is still open needs a byte: a length that lies ends here.
        if at > b.len() || open > b.len() - at {
            return Err(CodecError::Short);
        }
    }
    Ok(at)
}

/// Checks that `b` is exactly one value of the contract: known tags, text keys,
/// UTF-8, nesting within [`MAX_DEPTH`].
pub fn check(b: &[u8]) -> Result<(), CodecError> {
    // What is left of the arrays and maps around the present value; in a map,
    // keys and values count, so an even rest asks for a key.
    let mut around = [(0usize, false); MAX_DEPTH];
    let (mut depth, mut at) = (0usize, 0usize);
    loop {
        let h = head(&b[at..])?;
        if depth > 0 {
            let (left, map) = &mut around[depth - 1];
            if *map && *left % 2 == 0 && h.kind != Kind::Str {
                return Err(CodecError::Key);
            }
            *left -= 1;
        }
        at += h.size;
        match h.kind {
            Kind::Str | Kind::Bytes => {
                let end = at + h.n;
                let text = b.get(at..end).ok_or(CodecError::Short)?;
                if h.kind == Kind::Str && std::str::from_utf8(text).is_err() {
                    return Err(CodecError::Utf8);
                }
                at = end;
            }
            Kind::Array | Kind::Map => {
                let map = h.kind == Kind::Map;
                let elements = if map { 2 * h.n } else { h.n };
                if elements > b.len() - at {
                    return Err(CodecError::Short);
                }
                if depth == MAX_DEPTH {
                    return Err(CodecError::Depth);
                }
                around[depth] = (elements, map);
                depth += 1;
            }
            _ => {}
        }
        while depth > 0 && around[depth - 1].0 == 0 {
            depth -= 1;
        }
        if depth == 0 {
            return if at == b.len() { Ok(()) } else { Err(CodecError::Trailing) };
        }
    }
}
