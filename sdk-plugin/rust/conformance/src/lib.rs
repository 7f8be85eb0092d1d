//! The guest that proves this SDK: it implements the operations of
//! sdk-plugin/abi/conformance, whose cases it passes on the engine.

use patchbay::{
    log, object, record, Code, Error, Level, List, OwnedValue, Parse, Plugin, Request, Response, Source, Task, ToValue,
    Value,
};
use std::time::Duration;

type Kit = Task<OwnedValue>;

patchbay::plugin!(Plugin::with_settings(configure)
    .operation("conformance.kit", "echo", echo)
    .operation("conformance.kit", "describe", describe)
    .operation("conformance.kit", "settings", settings)
    .operation("conformance.kit", "fetch", fetch)
    .operation("conformance.kit", "fetch_twice", fetch_twice)
    .operation("conformance.kit", "kv", kv)
    .operation("conformance.kit", "fail", fail)
    .operation("conformance.kit", "crash", crash)
    .operation("conformance.kit", "log", write_log)
    .operation("conformance.kit", "spin", spin));

fn configure(v: &Value) -> Result<OwnedValue, Error> {
    match v.get("refuse").as_str() {
        Some(reason) => Err(Error::invalid(reason, "")),
        None => Ok(v.to_owned()),
    }
}

async fn echo(task: Kit) -> Result<OwnedValue, Error> {
    Ok(task.params().to_owned())
}

async fn describe(task: Kit) -> Result<OwnedValue, Error> {
    Ok(object! {
        "instance" => task.instance(),
        "user" => task.user(),
        "request_id_is_set" => !task.request_id().is_empty(),
        "name" => task.name(),
        "point" => task.point(),
    }
    .to_value())
}

async fn settings(task: Kit) -> Result<OwnedValue, Error> {
    Ok(task.settings().clone())
}

record! {
    struct Fetch {
        method: String = String::from("GET"),
        url: String,
        header: Option<OwnedValue>,
        body: String = String::new(),
        parse: String = String::from("none"),
        timeout_ms: u32 = 0,
    }
}

async fn fetch(task: Kit, q: Fetch) -> Result<OwnedValue, Error> {
    let parse = match q.parse.as_str() {
        "none" => Parse::None,
        "auto" => Parse::Auto,
        "json" => Parse::Json,
        "xml" => Parse::Xml,
        "form" => Parse::Form,
        _ => return Err(Error::invalid("parse", "")),
    };
    let mut request = Request::new(&q.method, q.url).parse(parse).timeout(Duration::from_millis(q.timeout_ms.into()));
    if !q.body.is_empty() {
        request = request.body("", q.body);
    }
    for (name, value) in q.header.unwrap_or_default().entries() {
        request = request.header(name, &value.text());
    }
    task.fetch(request).await.map(|answer| show(&answer))
}

fn show(answer: &Response) -> OwnedValue {
    object! {
        "status" => answer.status,
        "header" => answer.headers(),
        "body" => answer.text().as_ref(),
        "data" => answer.data(),
    }
    .to_value()
}

async fn fetch_twice(task: Kit) -> Result<Vec<u16>, Error> {
    let mut statuses = Vec::new();
    for url in ["first", "second"] {
        statuses.push(task.fetch(Request::get(task.param(url))).await?.status);
    }
    Ok(statuses)
}

async fn kv(task: Kit) -> Result<OwnedValue, Error> {
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    let mut results = List::new();
    for step in task.params().get("steps").elements() {
        let key = step.at(1).text();
        match step.at(0).as_str() {
            Some("put") => {
                let ttl = step.at(3).as_u64().filter(|&n| n > 0).map(Duration::from_secs);
                task.kv_put(&key, step.at(2).as_bytes().unwrap_or_default(), ttl).await?;
                results.push(true);
            }
            Some("get") => results.push(task.kv_get(&key).await?.as_deref().map(text)),
            Some("delete") => {
                task.kv_delete(&key).await?;
                results.push(true);
            }
            Some("list") => {
                let limit = step.at(2).as_u64().and_then(|n| n.try_into().ok()).unwrap_or(0);
                let list = task.kv_list(&key, limit).await?;
                results.push(list.iter().map(|(k, v)| [k.clone(), text(v)]).collect::<Vec<_>>());
            }
            _ => return Err(Error::invalid("steps", "")),
        }
    }
    Ok(results.to_value())
}

async fn fail(task: Kit) -> Result<(), Error> {
    let p = task.params();
    let number = |name| p.get(name).as_u64().unwrap_or(0);
    Err(Error {
        code: Code::from(task.param("code").as_str()),
        status: number("status") as u16,
        message: task.param("message"),
        source: Source::from(task.param("source").as_str()),
        detail: task.param("detail"),
        sent: p.get("sent").as_bool().unwrap_or(false),
        retry_ms: number("retry_ms") as u32,
    })
}

async fn crash(_: Kit) -> Result<(), Error> {
    panic!("the case asked for it")
}

async fn write_log(task: Kit) -> Result<(), Error> {
    let level = match task.param("level").as_str() {
        "debug" => Level::Debug,
        "info" => Level::Info,
        "warn" => Level::Warn,
        "error" => Level::Error,
        _ => return Err(Error::invalid("level", "")),
    };
    log(level, &task.param("text"));
    Ok(())
}

async fn spin(_: Kit) -> Result<(), Error> {
    loop {
        std::hint::spin_loop();
    }
}
