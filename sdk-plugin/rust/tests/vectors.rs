//! The bytes of every message are those that are written down for all languages.

mod support;

use patchbay::testing::Guest;
use patchbay::{
    codec, decode_answer, object, Attachment, Code, Error, Format, Originate, OwnedValue, Plugin, Reply, ReportPage,
    Request, RequestKind, Response, SmsResult, Source, Task, TaskRequest, ToValue, Value,
};
use std::time::Duration;
use support::{bytes, golden, hex, same, unhex, vectors};

#[test]
fn every_vector_reads_as_what_it_says() {
    for v in vectors() {
        codec::check(&v.bytes).unwrap_or_else(|e| panic!("{}: {}", v.name, e));
        let value = OwnedValue::from_encoded(v.bytes.clone()).unwrap();
        assert!(same(&value, &v.value), "{}: {:?} instead of {:?}", v.name, value, v.value);
        for n in 0..v.bytes.len() {
            assert!(codec::check(&v.bytes[..n]).is_err(), "{}: cut at {}, but accepted", v.name, n);
        }
        assert!(codec::check(&[&v.bytes[..], &[0xc0]].concat()).is_err(), "{}: bytes behind the end", v.name);
    }
}

#[test]
fn integers_take_their_shortest_form() {
    let integers: Vec<_> = vectors().into_iter().filter(|v| v.name.starts_with("int/")).collect();
    assert!(integers.len() > 15);
    for v in integers {
        let n: i64 = v.name["int/".len()..].parse().unwrap();
        assert_eq!(n.to_value().encoded(), v.bytes, "{}", v.name);
    }
}

#[test]
fn requests() {
    let params = object! { "phone" => "89190000000", "message" => "Привет" }.to_value();
    let derived =
        object! { "phone" => object! { "e164" => "+79190000000", "region" => "RU", "type" => "mobile" } }.to_value();
    let settings = object! { "url" => "http://127.0.0.1:8090" }.to_value();
    let zero = TaskRequest {
        kind: RequestKind::Configure,
        point: "",
        name: "",
        params: Value::MISSING,
        instance: "",
        request_id: "",
        user: "",
        timeout_ms: 0,
        derived: Value::MISSING,
    };
    let all = [
        ("request/empty", TaskRequest { ..zero }),
        ("request/configure", TaskRequest { params: &settings, instance: "mts-main", timeout_ms: 5000, ..zero }),
        (
            "request/action",
            TaskRequest {
                kind: RequestKind::Action,
                name: "send",
                params: &params,
                request_id: "0197f3",
                user: "API_test_2",
                timeout_ms: 15000,
                derived: &derived,
                ..zero
            },
        ),
        (
            "request/operation",
            TaskRequest {
                kind: RequestKind::Operation,
                point: "sms.provider",
                name: "send",
                params: &params,
                instance: "backup",
                request_id: "0197f3",
                timeout_ms: 70000,
                ..zero
            },
        ),
        ("request/health", TaskRequest { kind: RequestKind::Health, ..zero }),
    ];
    for (name, q) in all {
        let b = golden(name);
        assert_eq!(q.encode(), b, "{}", name);
        assert_eq!(TaskRequest::decode(&b).unwrap().encode(), b, "{}", name);
        for n in 0..b.len() {
            assert!(TaskRequest::decode(&b[..n]).is_err(), "{}: cut at {}, but accepted", name, n);
        }
        // A newer gateway appends fields, an older one lacks them.
        let longer = [&[b[0] + 1], &b[1..], &[0xa1, b'x']].concat();
        assert_eq!(TaskRequest::decode(&longer).unwrap().encode(), b, "{}: with one more field", name);
    }
    assert_eq!(TaskRequest::decode(&[0x90]).unwrap().encode(), golden("request/empty"));
}

#[test]
fn replies() {
    let attachment = Attachment::decode(&unhex("95ceffffffffffa000a26332")).unwrap();
    let all = [
        ("reply/value", Reply::value(object! { "result" => "OK" }).status(200)),
        ("reply/bytes", Reply::bytes(&[0, 255], "audio/wav").status(201).filename("a.wav")),
        ("reply/rows", Reply::rows([object! { "Id" => "3", "x" => () }], Format::Xlsx).filename("sms.xlsx").wrap()),
    ];
    for (name, reply) in all {
        assert_eq!(reply.encode(), golden(name), "{}", name);
    }
    // The vector has a format, which means nothing for an attachment.
    let want = hex(&golden("reply/attachment")).replace("a3637376", "a0");
    assert_eq!(hex(&Reply::attachment(&attachment).encode()), want);
}

#[test]
fn errors() {
    let unavailable = Error {
        code: Code::Unavailable,
        status: 502,
        message: "SMS".to_owned(),
        source: Source::Upstream,
        detail: "dial: refused".to_owned(),
        sent: true,
        retry_ms: 1500,
    };
    assert_eq!(unavailable.encode(), golden("error/unavailable"));
    assert_eq!(Error::decode(&golden("error/unavailable")).unwrap(), unavailable);
    assert_eq!(Error::decode(&golden("error/empty")).unwrap().encode(), golden("error/empty"));
    let denied = Error::new(Code::Denied, Source::Host, "", "not granted");
    assert_eq!(decode_answer(&golden("answer/error")).unwrap(), Err(denied));
    assert_eq!(decode_answer(&golden("answer/body")).unwrap().unwrap().text(), "98");
    assert!(!decode_answer(&golden("answer/nothing")).unwrap().unwrap().exists());
}

#[test]
fn http() {
    let request = Request::post("https://api.example.com/send")
        .json(object! { "a" => 1 })
        .timeout(Duration::from_secs(3))
        .parse(patchbay::Parse::Json)
        .max_bytes(1 << 20);
    let golden_request = golden("http/request");
    assert_eq!(request.encode(), golden_request);
    let followed = request.follow_redirects().encode();
    assert_eq!(
        (followed.last(), &followed[..followed.len() - 1]),
        (Some(&0xc2), &golden_request[..golden_request.len() - 1])
    );

    let response = Response::decode(OwnedValue::from_encoded(golden("http/response")).unwrap()).unwrap();
    assert_eq!((response.status, response.header("content-type"), response.body()), (200, "application/json", &[][..]));
    assert_eq!(format!("{:?}", response.data()), "[-1, 300, true, 1.5]");
    assert!(Response::decode("no message".to_value()).is_err());
    assert!(Response::decode((-1).to_value()).is_err());
}

#[test]
fn attachments() {
    let a = Attachment::decode(&golden("attachment/rows")).unwrap();
    assert_eq!(
        (a.size, a.content_type.as_str(), a.rows, a.next.as_str()),
        (1 << 33, "application/json", 10000, "1669295680528041")
    );
    assert_eq!(Attachment::decode(&golden("attachment")).unwrap().size, -1);
    assert!(Attachment::decode(&unhex("91ff")).is_err(), "a negative id");
}

/// Does every operation of the contract once.
async fn everything(task: Task) -> Result<(), Error> {
    task.call_provider("mts-main", "sms.provider", "balance", (), Duration::from_secs(1)).await?;
    task.originate(Originate { called: "89100000000", caller: "1001", account: "1234", node: "" }).await?;
    task.begin_sms(object! { "phone" => "89190000000", "message" => "Привет" }).await?;
    task.end_sms("98", SmsResult::Unknown, object! { "segments" => 2 }).await?;
    let page = ReportPage {
        kind: "badRequest",
        start: "2022-11-10",
        stop: "2022-11-11 23:59:59",
        zone: "Europe/Moscow",
        limit: 100,
        cursor: "c1",
        extended: true,
    };
    task.report(page).await?;
    task.kv_put("token", b"abc", Some(Duration::from_secs(3600))).await?;
    task.kv_get("token").await?;
    task.kv_delete("token").await?;
    task.kv_list("to", 10).await?;
    task.providers("sms.provider").await?;
    task.users().await?;
    task.queues().await?;
    task.tiers().await?;
    task.agents().await?;
    task.channels().await?;
    task.cdr("id").await?;
    task.recording("id").await?;
    Ok(())
}

#[test]
fn operations() {
    let attachment = || OwnedValue::from_encoded(golden("attachment")).unwrap();
    let all = [
        ("provider_call", golden("provider/call"), ().to_value()),
        ("freeswitch_originate", golden("freeswitch/originate"), ().to_value()),
        ("journal_begin", golden("journal/begin"), "98".to_value()),
        ("journal_end", golden("journal/end"), ().to_value()),
        ("journal_report", golden("journal/report"), attachment()),
        ("kv_put", golden("kv/put"), ().to_value()),
        ("kv_get", golden("kv/get"), bytes(b"abc")),
        ("kv_delete", golden("kv/get"), ().to_value()),
        ("kv_list", unhex("92a2746f0a"), ().to_value()),
        ("provider_list", ["sms.provider"].to_value().encoded().to_vec(), ().to_value()),
        ("users_list", vec![0x90], ().to_value()),
        ("freeswitch_queues", vec![0x90], ().to_value()),
        ("freeswitch_tiers", vec![0x90], ().to_value()),
        ("freeswitch_agents", vec![0x90], ().to_value()),
        ("freeswitch_channels", vec![0x90], ().to_value()),
        ("freeswitch_cdr", ["id"].to_value().encoded().to_vec(), ().to_value()),
        ("freeswitch_recording", ["id"].to_value().encoded().to_vec(), attachment()),
    ];
    let mut guest = Guest::start(Plugin::<()>::new().action("everything", everything), ()).unwrap();
    let task = guest.begin(RequestKind::Action, "", "everything", ());
    for (name, request, answer) in all {
        let (got, message) = guest.waits_for(task).expect(name);
        assert_eq!((got, message.encoded()), (name, &request[..]));
        guest.answer(task, Ok(answer));
    }
    guest.outcome(task).expect("an end").unwrap();
}
