//! Building values.

use crate::codec::{put_array, put_bool, put_bytes, put_float, put_int, put_map, put_nil, put_str, put_uint};
use crate::value::{OwnedValue, Value};
use std::collections::BTreeMap;

/// What can be written as a value: scalars, texts, `Option` (nil), sequences, maps
/// with text keys, values, and the structs of [`record!`](crate::record).
pub trait ToValue {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);

    /// Whether a struct of [`record!`](crate::record) leaves the field out.
    fn is_absent(&self) -> bool {
        false
    }

    fn to_value(&self) -> OwnedValue {
        let mut out = Vec::new();
        self.put(&mut out);
        OwnedValue::trusted(out)
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }

    fn is_absent(&self) -> bool {
        (**self).is_absent()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Some(v) => v.put(out),
            None => put_nil(out),
        }
    }
}

impl ToValue for () {
    fn put(&self, out: &mut Vec<u8>) {
        put_nil(out);
    }
}

impl ToValue for bool {
    fn put(&self, out: &mut Vec<u8>) {
        put_bool(out, *self);
    }
}

macro_rules! integers {
    ($put:ident, $wide:ty: $($t:ty)*) => {$(
        impl ToValue for $t {
            fn put(&self, out: &mut Vec<u8>) {
                $put(out, *self as $wide);
            }
        }
    )*};
}
integers!(put_int, i64: i8 i16 i32 i64 isize);
integers!(put_uint, u64: u8 u16 u32 u64 usize);

impl ToValue for f64 {
    fn put(&self, out: &mut Vec<u8>) {
        put_float(out, *self);
    }
}

impl ToValue for str {
    fn put(&self, out: &mut Vec<u8>) {
        put_str(out, self);
    }
}

impl ToValue for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_str(out, self);
    }
}

/// A missing value is written as nil.
impl ToValue for Value {
    fn put(&self, out: &mut Vec<u8>) {
        match self.encoded() {
            [] => put_nil(out),
            b => out.extend_from_slice(b),
        }
    }
}

impl ToValue for OwnedValue {
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }

    fn to_value(&self) -> OwnedValue {
        self.clone()
    }
}

/// An array. Byte strings are [`Bytes`].
impl<T: ToValue> ToValue for [T] {
    fn put(&self, out: &mut Vec<u8>) {
        put_array(out, self.len());
        self.iter().for_each(|v| v.put(out));
    }
}

impl<T: ToValue, const N: usize> ToValue for [T; N] {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_slice().put(out);
    }
}

impl<T: ToValue> ToValue for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_slice().put(out);
    }
}

impl<K: AsRef<str>, T: ToValue> ToValue for BTreeMap<K, T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_map(out, self.len());
        for (k, v) in self {
            put_str(out, k.as_ref());
            v.put(out);
        }
    }
}

/// A byte string.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl ToValue for Bytes<'_> {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.0);
    }
}

/// Builds a map, keys in the order of the calls. A key that is set twice is
/// written twice, and readers take the first.
#[derive(Clone, Default)]
pub struct Object {
    n: usize,
    pairs: Vec<u8>,
}

impl Object {
    pub fn new() -> Object {
        Object::default()
    }

    /// Adds a pair.
    #[must_use = "the object is returned, not changed in place"]
    pub fn set(mut self, key: &str, value: impl ToValue) -> Object {
        self.add(key, value);
        self
    }

    /// Adds a pair in a loop.
    pub fn add(&mut self, key: &str, value: impl ToValue) {
        self.n += 1;
        put_str(&mut self.pairs, key);
        value.put(&mut self.pairs);
    }
}

impl ToValue for Object {
    fn put(&self, out: &mut Vec<u8>) {
        out.reserve(self.pairs.len() + 5);
        put_map(out, self.n);
        out.extend_from_slice(&self.pairs);
    }
}

/// Builds an array whose elements differ in type; others are simply a `Vec`.
#[derive(Clone, Default)]
pub struct List {
    n: usize,
    elements: Vec<u8>,
}

impl List {
    pub fn new() -> List {
        List::default()
    }

    /// Adds an element.
    pub fn push(&mut self, value: impl ToValue) {
        self.n += 1;
        value.put(&mut self.elements);
    }

    pub fn len(&self) -> usize {
        self.n
    }

    pub fn is_empty(&self) -> bool {
        self.n == 0
    }
}

impl ToValue for List {
    fn put(&self, out: &mut Vec<u8>) {
        out.reserve(self.elements.len() + 5);
        put_array(out, self.n);
        out.extend_from_slice(&self.elements);
    }
}

/// A map: `object! { "phone" => phone, "parts" => 2 }`.
#[macro_export]
macro_rules! object {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::Object::new()$(.set($key, $value))*
    };
}
