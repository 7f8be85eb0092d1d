//! The plugin of the benchmark in Rust: the same actions as in .., under the same
//! manifest. The two show what a partner's choice of language costs.

mod work;

use patchbay::{object, record, Error, Object, OwnedValue, Phone, Plugin, Request, Task, ToValue};

const SYSTEM: &str = "Upstream";

record! {
    /// `url` is where forward and submit post to.
    pub struct Settings { url: String }
}

type Job = Task<Settings>;

patchbay::plugin!(Plugin::with_settings(configure)
    .action("echo", echo)
    .action("check", check)
    .action("forward", forward)
    .action("estimate", estimate)
    .action("submit", submit));

fn configure(v: &patchbay::Value) -> Result<Settings, Error> {
    use patchbay::FromValue;
    let settings = Settings::from_value(v)?;
    if settings.url.is_empty() {
        return Err(Error::invalid("url", "it is empty; give the address of the upstream"));
    }
    Ok(settings)
}

/// Answers with its parameters: what it costs is the border alone.
async fn echo(task: Job) -> Result<OwnedValue, Error> {
    Ok(task.params().to_owned())
}

/// Says what an SMS to a number would cost.
async fn check(task: Job) -> Result<OwnedValue, Error> {
    Ok(describe(&task, task.phone("phone"))?.to_value())
}

/// `check` and one POST of the text to the upstream.
async fn forward(task: Job) -> Result<OwnedValue, Error> {
    let phone = task.phone("phone");
    let described = describe(&task, phone)?;
    let answer = post(&task, phone.e164).await?;
    Ok(described.set("answer", answer).to_value())
}

fn describe(task: &Job, phone: Phone<'_>) -> Result<Object, Error> {
    if !matches!(phone.kind, "mobile" | "fixed_line_or_mobile") {
        return Err(Error::invalid("phone", format!("a number of type {} takes no SMS", phone.kind)));
    }
    let (encoding, segments) = work::plain_segments(message(task));
    Ok(object! {
        "phone" => phone.e164, "region" => phone.region, "type" => phone.kind, "encoding" => encoding, "segments" => segments,
    })
}

/// Reads the number itself and counts the SMS, as every peer does.
async fn estimate(task: Job) -> Result<OwnedValue, Error> {
    Ok(appraise(&task)?.1.to_value())
}

/// `estimate` and one POST of the text to the upstream.
async fn submit(task: Job) -> Result<OwnedValue, Error> {
    let (number, appraised) = appraise(&task)?;
    let answer = post(&task, number.e164()).await?;
    Ok(appraised.set("answer", answer).to_value())
}

fn appraise(task: &Job) -> Result<(work::Phone, Object), Error> {
    let text = task.params().get("phone").as_str().unwrap_or_default();
    let number = work::Phone::parse(text).ok_or_else(|| Error::invalid("phone", "no number that takes SMS"))?;
    let (encoding, segments) = work::segments(message(task));
    let appraised = object! {
        "phone" => number.e164(), "country" => number.country(), "encoding" => encoding, "segments" => segments,
    };
    Ok((number, appraised))
}

fn message(task: &Job) -> &str {
    task.params().get("message").as_str().unwrap_or_default()
}

/// Sends the text of the request to the upstream and returns what that says.
async fn post(task: &Job, e164: &str) -> Result<String, Error> {
    let request = Request::post(&task.settings().url)
        .header("content-type", "text/plain; charset=utf-8")
        .header("x-phone", e164)
        .body("", message(task));
    let answer = task.fetch(request).await.map_err(|e| Error::unavailable(SYSTEM, e))?;
    if answer.status != 200 {
        return Err(Error::refused("Upstream refused!", "unexpected status"));
    }
    Ok(answer.text().into_owned())
}
