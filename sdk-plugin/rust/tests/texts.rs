//! What is sent to upstreams, and errors.

use patchbay::{
    base64, object, percent_encode, record, Bytes, Code, Error, FromValue, List, Reader, Request, Source, ToValue,
};
use std::collections::BTreeMap;
use std::time::Duration;

fn json(v: impl ToValue) -> String {
    v.to_value().to_json().unwrap()
}

#[test]
fn values_as_json() {
    let mut list = List::new();
    list.push(1);
    list.push("a");
    let v = object! {
        "text" => "\"a\\b\"\n\r\t\u{1}\u{7f} Привет 😀 </script>",
        "ints" => [0, -1, i64::MIN], "max" => u64::MAX, "yes" => true, "none" => None::<u8>, "list" => list,
        "map" => BTreeMap::from([("k", 1)]), "empty" => object! {}, "bytes" => Bytes(&[0, 255]),
    };
    assert_eq!(
        json(v),
        concat!(
            r#"{"text":"\"a\\b\"\n\r\t\u0001\u007f Привет 😀 </script>","ints":[0,-1,-9223372036854775808],"#,
            r#""max":18446744073709551615,"yes":true,"none":null,"list":[1,"a"],"map":{"k":1},"empty":{},"bytes":"AP8="}"#
        )
    );
    for (f, want) in [
        (0.0, "0"),
        (-0.5, "-0.5"),
        (1e20, "100000000000000000000"),
        (1e300, "1e300"),
        (1.5e-9, "1.5e-9"),
        (f64::NAN, "null"),
        (f64::INFINITY, "null"),
    ] {
        assert_eq!(json(f), want);
    }
    assert_eq!(patchbay::Value::MISSING.to_json().unwrap(), "null");
}

#[test]
fn encodings() {
    assert_eq!(percent_encode("a-Z_0.9~ +&=/?#%Ж"), "a-Z_0.9~%20%2B%26%3D%2F%3F%23%25%D0%96");
    // RFC 4648, section 10
    for (text, want) in
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
    {
        assert_eq!(base64(text.as_bytes()), want);
    }
    assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
}

/// Method, URL, header and body of a request.
fn parts(request: Request) -> (String, String, String, String) {
    let b = request.encode();
    let mut r = Reader::new(&b).unwrap();
    let method = r.text().unwrap().to_owned();
    let url = r.text().unwrap().to_owned();
    let header = r.value().unwrap().to_json().unwrap();
    let body = String::from_utf8(r.bytes().unwrap().to_vec()).unwrap();
    (method, url, header, body)
}

#[test]
fn requests() {
    let url = |r: Request| parts(r).1;
    assert_eq!(url(Request::get("http://a/").query("q", "a b&c").query("x", "")), "http://a/?q=a%20b%26c&x=");
    assert_eq!(url(Request::get("http://a/?k=1").query("q", "ж")), "http://a/?k=1&q=%D0%B6");
    assert_eq!(url(Request::get("http://a/?").query("q", "1")), "http://a/?q=1");
    assert_eq!(url(Request::get("http://a/#f").query("q", "1")), "http://a/?q=1#f");

    let (method, _, header, body) = parts(
        Request::new("PUT", "http://a/").bearer("t").header("X-A", "1").header("x-a", "2").json(object! { "a" => "ж" }),
    );
    assert_eq!((method.as_str(), body.as_str()), ("PUT", r#"{"a":"ж"}"#));
    assert_eq!(header, r#"{"authorization":"Bearer t","x-a":"2","content-type":"application/json"}"#);

    let (_, _, header, body) =
        parts(Request::post("http://a/").basic("u", "p:ж").form(&[("to", "+7 9"), ("text", "a=b&c")]));
    assert_eq!(body, "to=%2B7%209&text=a%3Db%26c");
    assert_eq!(header, r#"{"authorization":"Basic dTpwOtC2","content-type":"application/x-www-form-urlencoded"}"#);

    let b = Request::get("http://a/").timeout(Duration::MAX).max_bytes(u32::MAX).encode();
    let mut r = Reader::new(&b).unwrap();
    for _ in 0..4 {
        r.value().unwrap();
    }
    assert_eq!(
        (r.number(), r.number(), r.number()),
        (Ok(i32::MAX), Ok(1), Ok(i32::MAX)),
        "numbers stay within 32 bits"
    );
}

#[test]
fn unavailable_keeps_what_matters_of_its_cause() {
    let cause = |code, source, sent| {
        let mut e = Error::new(code, source, "", "why");
        e.sent = sent;
        e.retry_ms = 5;
        Error::unavailable("Acme", e)
    };
    for (e, code, source) in [
        (cause(Code::Timeout, Source::Upstream, true), Code::Timeout, Source::Upstream),
        (cause(Code::Busy, Source::Upstream, false), Code::Busy, Source::Upstream),
        (cause(Code::Unavailable, Source::Upstream, false), Code::Unavailable, Source::Upstream),
        (cause(Code::TooLarge, Source::Upstream, true), Code::Unavailable, Source::Upstream),
        (cause(Code::Denied, Source::Host, false), Code::Unavailable, Source::Host),
        (cause(Code::Internal, Source::Plugin, true), Code::Unavailable, Source::Plugin),
    ] {
        assert_eq!((&e.code, &e.source, e.message.as_str(), e.retry_ms), (&code, &source, "Acme", 5));
        assert!(e.detail.contains("why"));
        assert_eq!(
            e.sent,
            matches!(code, Code::Timeout) || e.detail.starts_with("too_large") || e.detail.starts_with("internal")
        );
    }
    let e = Error::unavailable("Acme", "HTTP 500");
    assert_eq!((e.code.as_str(), e.detail.as_str(), e.sent), ("unavailable", "HTTP 500", false));
    assert_eq!(e.to_string(), "unavailable: Acme (HTTP 500)");
}

#[test]
fn codes_of_a_newer_contract_survive() {
    let e = Error::new(Code::from("sleepy"), Source::from("moon"), "m", "");
    let e = Error::decode(&e.encode()).unwrap();
    assert_eq!((e.code.as_str(), e.source.as_str()), ("sleepy", "moon"));
    assert_ne!(e.code, Code::Internal);
    assert_eq!(Code::from("busy"), Code::Busy);
}

record! {
    struct Inner { id: u8 }
    struct Outer { name: String as "full.name", inner: Vec<Inner>, note: Option<String>, by: BTreeMap<String, f64> = BTreeMap::new() }
}

#[test]
fn records() {
    let v = object! { "full.name" => "x", "inner" => vec![object! { "id" => 1 }], "by" => object! { "k" => 2 }, "else" => 1 };
    let outer = Outer::from_value(&v.to_value()).unwrap();
    assert_eq!((outer.inner[0].id, outer.by["k"], outer.note.is_none()), (1, 2.0, true));
    assert_eq!(json(&outer), r#"{"full.name":"x","inner":[{"id":1}],"by":{"k":2}}"#);
    for (v, path, detail) in [
        (object! {}, "full.name", "it is missing"),
        (
            object! { "full.name" => "x", "inner" => [object! { "id" => 1 }, object! { "id" => 256 }] },
            "inner.1.id",
            "it is not an integer that fits u8",
        ),
        (object! { "full.name" => "x", "inner" => object! {} }, "inner", "it is not a list"),
        (object! { "full.name" => "x", "inner" => [0u8; 0], "note" => 1 }, "note", "it is not a text"),
        (
            object! { "full.name" => "x", "inner" => [0u8; 0], "by" => object! { "k" => "2" } },
            "by.k",
            "it is not a number",
        ),
    ] {
        let m = Outer::from_value(&v.to_value()).err().unwrap();
        assert_eq!((m.path.as_str(), m.detail), (path, detail));
    }
}

#[test]
fn receipts() {
    use patchbay::points::sms::{Delivery, Receipt, Receipts, Webhook};
    let call = object! { "method" => "POST", "query" => object! { "id" => "7" }, "header" => object! {}, "data" => () };
    let call = Webhook::from_value(&call.to_value()).unwrap();
    let receipt = Receipt {
        message_id: call.query.get("id").text(),
        reference: String::new(),
        status: Delivery::from_value(&"delivered".to_value()).unwrap(),
        detail: String::new(),
        at: String::new(),
    };
    assert_eq!((call.method.as_str(), call.data.exists()), ("POST", false));
    assert_eq!(
        json(Receipts { receipts: vec![receipt], answer: None }),
        r#"{"receipts":[{"message_id":"7","reference":"","status":"delivered","detail":"","at":""}]}"#
    );
    assert_eq!(Delivery::from_value(&"eaten".to_value()), Ok(Delivery::Unknown));
}
