//! Values of unknown shape: parameters, settings, parsed answers.

use crate::codec::{check, head, skip, CodecError, Head, Kind};
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

/// One MessagePack value, undecoded. `Value` is to [`OwnedValue`] what `str` is to
/// `String`: it is always behind a reference, and reading from it allocates
/// nothing.
///
/// Every accessor of a value that is missing or has another type returns nothing,
/// so a path into an unknown document needs no error handling:
///
/// ```
/// # use patchbay::{object, ToValue};
/// let answer = object! { "data" => object! { "id" => 7 } }.to_value();
/// assert_eq!(answer.path("data.id").text(), "7");
/// assert!(!answer.path("data.rows.0.name").exists());
/// ```
#[repr(transparent)]
pub struct Value([u8]);

impl Value {
    /// The value that is not there.
    pub const MISSING: &'static Value = Value::wrap(&[]);

    pub(crate) const fn wrap(b: &[u8]) -> &Value {
        // SAFETY: Value is a transparent wrapper of [u8], so both references have
        // the same layout and the same lifetime.
        unsafe { &*(b as *const [u8] as *const Value) }
    }

    /// The value as it is written.
    pub fn encoded(&self) -> &[u8] {
        &self.0
    }

    fn head(&self) -> Option<Head> {
        head(&self.0).ok()
    }

    pub fn kind(&self) -> Kind {
        self.head().map_or(Kind::Missing, |h| h.kind)
    }

    /// Whether the value is there and not nil.
    pub fn exists(&self) -> bool {
        !matches!(self.kind(), Kind::Missing | Kind::Nil)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        let h = self.head().filter(|h| h.kind == Kind::Str)?;
        std::str::from_utf8(self.0.get(h.size..h.size + h.n)?).ok()
    }

    /// The content of a string or a byte string.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        let h = self.head().filter(|h| matches!(h.kind, Kind::Str | Kind::Bytes))?;
        self.0.get(h.size..h.size + h.n)
    }

    pub fn as_bool(&self) -> Option<bool> {
        self.head().filter(|h| h.kind == Kind::Bool).map(|h| h.raw == 1)
    }

    /// An integer that fits 64 bits with a sign.
    pub fn as_i64(&self) -> Option<i64> {
        let h = self.head().filter(|h| h.kind == Kind::Int)?;
        (h.negative || h.raw <= i64::MAX as u64).then_some(h.raw as i64)
    }

    /// An integer that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        let h = self.head().filter(|h| h.kind == Kind::Int && !h.negative)?;
        Some(h.raw)
    }

    /// A number of either kind.
    pub fn as_f64(&self) -> Option<f64> {
        let h = self.head()?;
        match h.kind {
            Kind::Float => Some(f64::from_bits(h.raw)),
            Kind::Int if h.negative => Some(h.raw as i64 as f64),
            Kind::Int => Some(h.raw as f64),
            _ => None,
        }
    }

    /// Scalars as text: strings and byte strings as they are, numbers in decimal,
    /// booleans as `true` and `false`; everything else is empty. Ids come as
    /// numbers from one system and as strings from the next.
    pub fn text(&self) -> String {
        match self.head() {
            Some(h) => match h.kind {
                Kind::Str | Kind::Bytes => String::from_utf8_lossy(self.as_bytes().unwrap_or_default()).into_owned(),
                Kind::Int if h.negative => (h.raw as i64).to_string(),
                Kind::Int => h.raw.to_string(),
                Kind::Float => f64::from_bits(h.raw).to_string(),
                Kind::Bool => (h.raw == 1).to_string(),
                _ => String::new(),
            },
            None => String::new(),
        }
    }

    /// An integer, also from a float without a fraction and from decimal text.
    pub fn int(&self) -> Option<i64> {
        let h = self.head()?;
        match h.kind {
            Kind::Int => self.as_i64(),
            Kind::Float => {
                let f = f64::from_bits(h.raw);
                (f.trunc() == f && f.abs() < 9_007_199_254_740_992.0).then_some(f as i64)
            }
            Kind::Str => self.as_str()?.parse().ok(),
            _ => None,
        }
    }

    /// A number, also from text that holds one.
    pub fn number(&self) -> Option<f64> {
        self.as_f64().or_else(|| self.as_str()?.parse().ok())
    }

    /// Elements of an array, pairs of a map, bytes of a string; 0 for others.
    pub fn len(&self) -> usize {
        self.head().map_or(0, |h| h.n)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> &Value {
        self.entries().find(|(k, _)| *k == key).map_or(Value::MISSING, |(_, v)| v)
    }

    /// Element `index` of an array.
    pub fn at(&self, index: usize) -> &Value {
        self.elements().nth(index).unwrap_or(Value::MISSING)
    }

    /// Walks down maps and arrays: `data.rows.0.id`. A key that holds a dot cannot
    /// be reached this way. The empty path is the value itself.
    pub fn path(&self, path: &str) -> &Value {
        if path.is_empty() {
            return self;
        }
        path.split('.').fold(self, |v, part| match v.kind() {
            Kind::Array => part.parse().map_or(Value::MISSING, |i| v.at(i)),
            _ => v.get(part),
        })
    }

    /// The elements of an array; none for other kinds.
    pub fn elements(&self) -> Elements<'_> {
        match self.head() {
            Some(h) if h.kind == Kind::Array => Elements { rest: &self.0[h.size..], left: h.n },
            _ => Elements { rest: &[], left: 0 },
        }
    }

    /// The pairs of a map in the order in which they were written.
    pub fn entries(&self) -> Entries<'_> {
        match self.head() {
            Some(h) if h.kind == Kind::Map => Entries(Elements { rest: &self.0[h.size..], left: 2 * h.n }),
            _ => Entries(Elements { rest: &[], left: 0 }),
        }
    }
}

/// See [`Value::elements`].
pub struct Elements<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a Value;

    fn next(&mut self) -> Option<&'a Value> {
        self.left = self.left.checked_sub(1)?;
        match skip(self.rest) {
            Ok(n) => {
                let (v, rest) = self.rest.split_at(n);
                self.rest = rest;
                Some(Value::wrap(v))
            }
            Err(_) => {
                self.left = 0;
                None
            }
        }
    }
}

/// See [`Value::entries`].
pub struct Entries<'a>(Elements<'a>);

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, &'a Value);

    fn next(&mut self) -> Option<(&'a str, &'a Value)> {
        let key = self.0.next()?.as_str();
        let value = self.0.next()?;
        match key {
            Some(key) => Some((key, value)),
            None => {
                self.0.left = 0;
                None
            }
        }
    }
}

/// Numbers, text and structure; byte strings in hexadecimal.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Kind::Missing => f.write_str("missing"),
            Kind::Nil => f.write_str("nil"),
            Kind::Str => fmt::Debug::fmt(self.as_str().unwrap_or_default(), f),
            Kind::Bytes => {
                f.write_str("b'")?;
                self.as_bytes().unwrap_or_default().iter().try_for_each(|b| write!(f, "{:02x}", b))?;
                f.write_str("'")
            }
            Kind::Array => f.debug_list().entries(self.elements()).finish(),
            Kind::Map => f.debug_map().entries(self.entries()).finish(),
            _ => f.write_str(&self.text()),
        }
    }
}

/// Equal as written.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.0 == other.0
    }
}

impl ToOwned for Value {
    type Owned = OwnedValue;

    fn to_owned(&self) -> OwnedValue {
        OwnedValue(self.0.to_vec())
    }
}

/// A [`Value`] with its own memory.
#[derive(Clone, Default, PartialEq)]
pub struct OwnedValue(Vec<u8>);

impl OwnedValue {
    /// Takes over encoded bytes after checking them.
    pub fn from_encoded(b: Vec<u8>) -> Result<OwnedValue, CodecError> {
        check(&b)?;
        Ok(OwnedValue(b))
    }

    pub(crate) fn trusted(b: Vec<u8>) -> OwnedValue {
        OwnedValue(b)
    }
}

impl Deref for OwnedValue {
    type Target = Value;

    fn deref(&self) -> &Value {
        Value::wrap(&self.0)
    }
}

impl Borrow<Value> for OwnedValue {
    fn borrow(&self) -> &Value {
        self
    }
}

impl fmt::Debug for OwnedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
