//! The golden vectors of the contract, and a JSON reader that suffices for them.

#![allow(dead_code)] // each test uses a part of it

use patchbay::{Bytes, List, Object, OwnedValue, ToValue, Value};

/// One message that all SDKs write alike.
pub struct Vector {
    pub name: String,
    pub bytes: Vec<u8>,
    pub value: OwnedValue,
}

/// Reads `sdk-plugin/abi/vectors.json`.
pub fn vectors() -> Vec<Vector> {
    let file = json(include_str!("../../../abi/vectors.json"));
    let all: Vec<Vector> = file
        .elements()
        .map(|v| Vector {
            name: v.get("name").text(),
            bytes: unhex(&v.get("hex").text()),
            value: v.get("value").to_owned(),
        })
        .collect();
    assert!(all.len() > 40, "only {} vectors", all.len());
    all
}

/// The bytes of a vector.
pub fn golden(name: &str) -> Vec<u8> {
    vectors().into_iter().find(|v| v.name == name).unwrap_or_else(|| panic!("no vector {}", name)).bytes
}

pub fn hex(b: &[u8]) -> String {
    b.iter().map(|b| format!("{:02x}", b)).collect()
}

pub fn unhex(s: &str) -> Vec<u8> {
    assert!(s.len() % 2 == 0);
    (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
}

/// Whether `v` is what the description says, whatever the order of keys: byte
/// strings are described as `{"bin": "<hex>"}`.
pub fn same(v: &Value, description: &Value) -> bool {
    use patchbay::Kind::*;
    match (v.kind(), description.kind()) {
        (Bytes, Map) => v.as_bytes() == Some(&unhex(&description.get("bin").text())[..]),
        (Array, Array) => {
            v.len() == description.len() && v.elements().zip(description.elements()).all(|(a, b)| same(a, b))
        }
        (Map, Map) => v.len() == description.len() && v.entries().all(|(k, e)| same(e, description.get(k))),
        _ => v == description,
    }
}

pub fn json(text: &str) -> OwnedValue {
    let mut p = Json { text: text.as_bytes(), at: 0 };
    let v = p.value();
    p.space();
    assert_eq!(p.at, text.len(), "text after the JSON value");
    v
}

struct Json<'a> {
    text: &'a [u8],
    at: usize,
}

impl Json<'_> {
    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> u8 {
        self.space();
        self.at += 1;
        self.text[self.at - 1]
    }

    /// Whether the list goes on, after an element or at its beginning.
    fn more(&mut self, first: bool, end: u8) -> bool {
        match self.next() {
            b if b == end => false,
            b',' if !first => true,
            _ if first => {
                self.at -= 1;
                true
            }
            b => panic!("{:?} at {}", char::from(b), self.at),
        }
    }

    fn value(&mut self) -> OwnedValue {
        match self.next() {
            b'{' => {
                let mut o = Object::new();
                let mut first = true;
                while self.more(first, b'}') {
                    assert_eq!(self.next(), b'"');
                    let key = self.text();
                    assert_eq!(self.next(), b':');
                    o.add(&key, self.value());
                    first = false;
                }
                o.to_value()
            }
            b'[' => {
                let mut l = List::new();
                while self.more(l.is_empty(), b']') {
                    l.push(self.value());
                }
                l.to_value()
            }
            b'"' => self.text().to_value(),
            _ => {
                self.at -= 1;
                let from = self.at;
                while matches!(self.text.get(self.at), Some(b'a'..=b'z' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'E')) {
                    self.at += 1;
                }
                match std::str::from_utf8(&self.text[from..self.at]).unwrap() {
                    "null" => ().to_value(),
                    "true" => true.to_value(),
                    "false" => false.to_value(),
                    n if n.contains('.') => n.parse::<f64>().unwrap().to_value(),
                    n => n.parse::<i64>().unwrap().to_value(),
                }
            }
        }
    }

    /// The rest of a text, without escapes: the vectors have none.
    fn text(&mut self) -> String {
        let from = self.at;
        while self.text[self.at] != b'"' {
            assert_ne!(self.text[self.at], b'\\', "an escape");
            self.at += 1;
        }
        self.at += 1;
        String::from_utf8(self.text[from..self.at - 1].to_vec()).unwrap()
    }
}

/// A byte string as a value.
pub fn bytes(b: &[u8]) -> OwnedValue {
    Bytes(b).to_value()
}
