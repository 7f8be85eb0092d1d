//! Structs that are read from values and written as values.

use crate::error::Error;
use crate::value::{OwnedValue, Value};
use std::collections::BTreeMap;

/// Why a value is not what a struct says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where: `rows.0.id`.
    pub path: String,
    pub detail: &'static str,
}

impl Misfit {
    fn new(detail: &'static str) -> Misfit {
        Misfit { path: String::new(), detail }
    }

    /// The same, seen from the map or array around it.
    pub fn within(mut self, key: &str) -> Misfit {
        self.path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{}", key, self.path) };
        self
    }
}

/// `Invalid <path>!`
impl From<Misfit> for Error {
    fn from(m: Misfit) -> Error {
        Error::invalid(&m.path, m.detail)
    }
}

/// What can be read from a value; the counterpart of
/// [`ToValue`](crate::ToValue).
pub trait FromValue: Sized {
    fn from_value(v: &Value) -> Result<Self, Misfit>;
}

fn take<T>(v: &Value, found: Option<T>, detail: &'static str) -> Result<T, Misfit> {
    match found {
        Some(found) => Ok(found),
        None if v.exists() => Err(Misfit::new(detail)),
        None => Err(Misfit::new("it is missing")),
    }
}

impl FromValue for () {
    fn from_value(_: &Value) -> Result<(), Misfit> {
        Ok(())
    }
}

impl FromValue for OwnedValue {
    fn from_value(v: &Value) -> Result<OwnedValue, Misfit> {
        Ok(v.to_owned())
    }
}

impl FromValue for bool {
    fn from_value(v: &Value) -> Result<bool, Misfit> {
        take(v, v.as_bool(), "it is not a boolean")
    }
}

impl FromValue for String {
    fn from_value(v: &Value) -> Result<String, Misfit> {
        take(v, v.as_str().map(str::to_owned), "it is not a text")
    }
}

impl FromValue for f64 {
    fn from_value(v: &Value) -> Result<f64, Misfit> {
        take(v, v.as_f64(), "it is not a number")
    }
}

impl FromValue for u64 {
    fn from_value(v: &Value) -> Result<u64, Misfit> {
        take(v, v.as_u64(), "it is not an integer of 0 or more")
    }
}

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl FromValue for $t {
            fn from_value(v: &Value) -> Result<$t, Misfit> {
                take(v, v.as_i64().and_then(|n| <$t>::try_from(n).ok()), concat!("it is not an integer that fits ", stringify!($t)))
            }
        }
    )*};
}
integers!(i8 i16 i32 i64 u8 u16 u32 usize);

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(v: &Value) -> Result<Option<T>, Misfit> {
        if v.exists() {
            T::from_value(v).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(v: &Value) -> Result<Vec<T>, Misfit> {
        take(v, (v.kind() == crate::Kind::Array).then_some(()), "it is not a list")?;
        v.elements().enumerate().map(|(i, e)| T::from_value(e).map_err(|m| m.within(&i.to_string()))).collect()
    }
}

impl<T: FromValue> FromValue for BTreeMap<String, T> {
    fn from_value(v: &Value) -> Result<BTreeMap<String, T>, Misfit> {
        take(v, (v.kind() == crate::Kind::Map).then_some(()), "it is not a map")?;
        v.entries().map(|(k, e)| Ok((k.to_owned(), T::from_value(e).map_err(|m| m.within(k))?))).collect()
    }
}

/// Structs for settings, parameters and results: each implements
/// [`FromValue`] and [`ToValue`](crate::ToValue).
///
/// A field is required unless it is an `Option` or has a default; `as` gives it
/// another name in the value. Keys that are not fields are ignored; `None` is left
/// out when the struct is written.
///
/// ```
/// # use patchbay::{object, record, FromValue, ToValue};
/// record! {
///     /// What the operator sets.
///     pub struct Settings {
///         pub token: String,
///         pub timeout_ms: u32 = 10_000,
///         pub kind: Option<String> as "type",
///     }
/// }
/// let s = Settings::from_value(&object! { "token" => "t", "type" => "x" }.to_value()).unwrap();
/// assert_eq!((s.timeout_ms, s.kind.as_deref()), (10_000, Some("x")));
/// assert_eq!(Settings::from_value(&object! {}.to_value()).err().unwrap().path, "token");
/// ```
#[macro_export]
macro_rules! record {
    (@key $field:ident) => { ::std::stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@read $v:ident $key:expr) => {
        $crate::FromValue::from_value($v.get($key)).map_err(|m| m.within($key))?
    };
    (@read $v:ident $key:expr, $default:expr) => {
        match $v.get($key) {
            v if v.exists() => $crate::FromValue::from_value(v).map_err(|m| m.within($key))?,
            _ => $default,
        }
    };
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident : $ty:ty $(as $key:literal)? $(= $default:expr)?),* $(,)?
        }
    )*) => {$(
        $(#[$meta])*
        $vis struct $name { $($(#[$field_meta])* $field_vis $field: $ty),* }

        impl $crate::FromValue for $name {
            fn from_value(v: &$crate::Value) -> ::std::result::Result<$name, $crate::Misfit> {
                ::std::result::Result::Ok($name {
                    $($field: $crate::record!(@read v $crate::record!(@key $field $($key)?) $(, $default)?)),*
                })
            }
        }

        impl $crate::ToValue for $name {
            fn put(&self, out: &mut ::std::vec::Vec<u8>) {
                let there = [$(!$crate::ToValue::is_absent(&self.$field)),*];
                $crate::codec::put_map(out, there.iter().filter(|there| **there).count());
                $(
                    if !$crate::ToValue::is_absent(&self.$field) {
                        $crate::codec::put_str(out, $crate::record!(@key $field $($key)?));
                        $crate::ToValue::put(&self.$field, out);
                    }
                )*
            }
        }
    )*};
}
