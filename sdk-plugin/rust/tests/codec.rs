//! Bytes from outside: whatever they are, nothing panics, nothing is read beyond
//! them, and what is accepted is what it seems.

mod support;

use patchbay::codec::{check, put_array, put_map, put_str, MAX_DEPTH};
use patchbay::{
    decode_answer, object, CodecError, Error, Kind, OwnedValue, Reader, Response, TaskRequest, ToValue, Value,
};
use support::{unhex, vectors};

#[test]
fn malformed() {
    use CodecError::*;
    for (what, hex, want) in [
        ("nothing", "", Short),
        ("the unused tag", "c1", Tag),
        ("an extension", "d40000", Tag),
        ("an extension in an array", "91c70000", Tag),
        ("a text that ends early", "a261", Short),
        ("a length that ends early", "d9", Short),
        ("a number that ends early", "cf00000000000000", Short),
        ("a text of 4 GiB", "dbffffffff", Short),
        ("an array of 4 G elements", "ddffffffff", Short),
        ("a map of 4 G pairs", "dfffffffff", Short),
        ("an array without its elements", "9201", Short),
        ("a map without its value", "81a161", Short),
        ("a map with a number as key", "810102", Key),
        ("a map with nil as second key", "82a16101c002", Key),
        ("a map with bytes as key", "81c4016101", Key),
        ("half a character", "a1d0", Utf8),
        ("a surrogate", "a3eda080", Utf8),
        ("half a character as key", "81a1d001", Utf8),
        ("one byte more", "c0c0", Trailing),
    ] {
        assert_eq!(check(&unhex(hex)), Err(want), "{}", what);
    }
}

#[test]
fn depth() {
    let nested = |n: usize, map: bool| {
        let mut b = Vec::new();
        for _ in 0..n {
            if map {
                put_map(&mut b, 1);
                put_str(&mut b, "k");
            } else {
                put_array(&mut b, 1);
            }
        }
        b.push(0xc0);
        b
    };
    for map in [false, true] {
        assert_eq!(check(&nested(MAX_DEPTH, map)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1, map)), Err(CodecError::Depth));
    }
    // Reading what nobody checked costs no stack either.
    let mut deep = vec![0x92, 0x01];
    deep.extend(vec![0x91; 1 << 20]);
    deep.push(0x07);
    let mut r = Reader::new(&deep).unwrap();
    assert_eq!(r.number(), Ok(1));
    assert_eq!(r.value().unwrap().encoded().len(), (1 << 20) + 1);
    assert_eq!(r.close(), Ok(()));
}

#[test]
fn fields_of_a_message() {
    let b = ["text".to_value(), 7.to_value(), true.to_value(), ().to_value()].to_value();
    let mut r = Reader::new(b.encoded()).unwrap();
    assert_eq!((r.text(), r.number(), r.bool()), (Ok("text"), Ok(7), Ok(true)));
    assert_eq!(
        (r.text(), r.number(), r.bool(), r.bytes()),
        (Ok(""), Ok(0), Ok(false), Ok(&b""[..])),
        "nil and what is not there"
    );
    assert_eq!(r.close(), Ok(()));

    for wrong in [7.to_value(), true.to_value(), Vec::<u8>::new().to_value()] {
        let b = [wrong].to_value();
        assert_eq!(Reader::new(b.encoded()).unwrap().text(), Err(CodecError::Type));
    }
    assert_eq!(Reader::new([1i64 << 31].to_value().encoded()).unwrap().number(), Err(CodecError::Type));
    assert_eq!(Reader::new([u64::MAX].to_value().encoded()).unwrap().wide(), Err(CodecError::Type));
    assert_eq!(Reader::new("no array".to_value().encoded()).err(), Some(CodecError::Type));
    assert_eq!(Reader::new(&[0x90, 0xc0]).unwrap().close(), Err(CodecError::Trailing));
}

#[test]
fn all_forms_are_read() {
    for (hex, want) in [
        ("cc07", 7),
        ("cd0007", 7),
        ("ce00000007", 7),
        ("cf0000000000000007", 7),
        ("d007", 7),
        ("d1fffe", -2),
        ("d2fffffffe", -2),
        ("d3fffffffffffffffe", -2),
        ("d38000000000000000", i64::MIN),
    ] {
        assert_eq!(Value::as_i64(&OwnedValue::from_encoded(unhex(hex)).unwrap()), Some(want), "{}", hex);
    }
    for hex in ["a161", "d90161", "da000161", "db0000000161"] {
        assert_eq!(OwnedValue::from_encoded(unhex(hex)).unwrap().as_str(), Some("a"), "{}", hex);
    }
    for hex in ["9107", "dc000107", "dd0000000107"] {
        assert_eq!(OwnedValue::from_encoded(unhex(hex)).unwrap().at(0).as_i64(), Some(7), "{}", hex);
    }
    for hex in ["81a16107", "de0001a16107", "df00000001a16107"] {
        assert_eq!(OwnedValue::from_encoded(unhex(hex)).unwrap().get("a").as_i64(), Some(7), "{}", hex);
    }
    assert_eq!(OwnedValue::from_encoded(unhex("ca3fc00000")).unwrap().as_f64(), Some(1.5));
}

#[test]
fn accessors() {
    let v = object! {
        "text" => "7", "int" => -7, "big" => u64::MAX, "float" => 2.0, "half" => 0.5, "yes" => true, "nil" => (),
        "list" => vec![object! { "id" => 1 }, object! { "id" => 2 }], "map" => object! { "a.b" => 1 }, "empty" => "",
    }
    .to_value();
    assert_eq!((v.get("text").int(), v.get("int").int(), v.get("float").int()), (Some(7), Some(-7), Some(2)));
    assert_eq!((v.get("big").int(), v.get("half").int(), v.get("yes").int()), (None, None, None));
    assert_eq!((v.get("big").as_u64(), v.get("int").as_u64()), (Some(u64::MAX), None));
    assert_eq!((v.get("text").number(), v.get("half").number(), v.get("empty").number()), (Some(7.0), Some(0.5), None));
    let text = |path| v.path(path).text();
    assert_eq!(
        [text("int"), text("big"), text("half"), text("yes"), text("nil")].join(" "),
        "-7 18446744073709551615 0.5 true "
    );
    assert_eq!(
        (text("list.1.id"), v.path("list.2.id").kind(), v.path("list.x").kind()),
        ("2".into(), Kind::Missing, Kind::Missing)
    );
    assert_eq!(
        (v.path("list.-1").kind(), v.path("map.a.b").kind(), v.path("text.a").kind()),
        (Kind::Missing, Kind::Missing, Kind::Missing)
    );
    assert_eq!(v.get("map").get("a.b").int(), Some(1));
    assert!(!v.get("nil").exists() && v.get("empty").exists() && !Value::MISSING.exists());
    assert_eq!(v.path("").len(), 10);
    assert_eq!(
        v.entries().map(|(k, _)| k).collect::<Vec<_>>().join(" "),
        "text int big float half yes nil list map empty"
    );
}

/// xorshift64*, so that every run sees the same bytes.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Reads everything that can be read of `b`.
fn read_all(b: &[u8]) {
    let _ = TaskRequest::decode(b).map(|q| q.encode());
    let _ = Error::decode(b).map(|e| e.encode());
    let _ = decode_answer(b);
    if check(b).is_err() {
        return;
    }
    let v = OwnedValue::from_encoded(b.to_vec()).unwrap();
    walk(&v);
    assert!(v.to_json().is_ok());
    let again = rewrite(&v);
    assert_eq!(check(again.encoded()), Ok(()));
    assert_eq!(rewrite(&again), again, "the shortest form is not stable");
    let _ = Response::decode(v);
}

fn walk(v: &Value) {
    let _ = (v.text(), v.int(), v.number(), v.as_bool(), v.as_str(), v.as_bytes());
    match v.kind() {
        Kind::Array => assert_eq!(v.elements().map(walk).count(), v.len()),
        Kind::Map => assert_eq!(v.entries().map(|(_, e)| walk(e)).count(), v.len()),
        _ => {}
    }
}

/// Writes what was read.
fn rewrite(v: &Value) -> OwnedValue {
    match v.kind() {
        Kind::Missing | Kind::Nil => ().to_value(),
        Kind::Bool => v.as_bool().to_value(),
        Kind::Int => v.as_i64().map_or_else(|| v.as_u64().to_value(), |n| n.to_value()),
        Kind::Float => v.as_f64().to_value(),
        Kind::Str => v.as_str().to_value(),
        Kind::Bytes => patchbay::Bytes(v.as_bytes().unwrap()).to_value(),
        Kind::Array => v.elements().map(rewrite).collect::<Vec<_>>().to_value(),
        Kind::Map => {
            let mut o = patchbay::Object::new();
            v.entries().for_each(|(k, e)| o.add(k, rewrite(e)));
            o.to_value()
        }
    }
}

#[test]
fn noise() {
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let seeds: Vec<Vec<u8>> = vectors().into_iter().map(|v| v.bytes).collect();
    let (mut accepted, rounds) = (0, 60_000);
    for round in 0..rounds {
        let mut b = if round % 4 == 0 {
            (0..noise.below(40)).map(|_| noise.next() as u8).collect()
        } else {
            seeds[noise.below(seeds.len())].clone()
        };
        for _ in 0..noise.below(4) {
            let at = noise.below(b.len() + 1);
            match noise.below(3) {
                0 if at < b.len() => b[at] = noise.next() as u8,
                1 => b.truncate(at),
                _ => b.insert(at, noise.next() as u8),
            }
        }
        accepted += usize::from(check(&b).is_ok());
        read_all(&b);
        // Whatever is not checked is at least harmless.
        if let Ok(mut r) = Reader::new(&b) {
            while let Ok(v) = r.value() {
                if v.kind() == Kind::Missing {
                    break;
                }
                v.elements().for_each(|e| drop(e.text()));
                v.entries().for_each(|(_, e)| drop(e.text()));
            }
        }
    }
    assert!(accepted > rounds / 10 && accepted < rounds, "{} of {} accepted", accepted, rounds);
}
