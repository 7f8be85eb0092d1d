//! HTTP requests to upstreams.

use crate::codec::{put_array, put_bool, put_bytes, put_map, put_str, put_uint, CodecError};
use crate::error::{Code, Error, Source};
use crate::host::HTTP_FETCH;
use crate::message::Reader;
use crate::object::ToValue;
use crate::task::{Span, Task};
use crate::text::{base64, push_pair};
use crate::value::{OwnedValue, Value};
use std::borrow::Cow;
use std::time::Duration;

/// What the gateway makes of the body of an answer, so that plugins need no
/// parsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parse {
    /// Nothing.
    None = 0,
    /// What its Content-Type says; the default.
    Auto = 1,
    Json = 2,
    /// An element becomes its text, or a map with attributes under `@attributes`,
    /// text under `#text` and its children by name.
    Xml = 3,
    /// `a=b&c=d` becomes a map of texts.
    Form = 4,
}

/// An HTTP request, built in one expression:
///
/// ```
/// # use patchbay::{object, Request};
/// # use std::time::Duration;
/// Request::post("https://api.acme.example/sms")
///     .bearer("token")
///     .json(object! { "to" => "+79190000000", "text" => "Hi" })
///     .timeout(Duration::from_secs(10));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is fetched"]
pub struct Request {
    method: String,
    url: String,
    header: Vec<(String, String)>,
    body: Vec<u8>,
    timeout: Duration,
    parse: Parse,
    max_bytes: u32,
    redirects: bool,
    fault: Option<CodecError>,
}

impl Request {
    pub fn new(method: &str, url: impl Into<String>) -> Request {
        Request {
            method: method.to_owned(),
            url: url.into(),
            header: Vec::new(),
            body: Vec::new(),
            timeout: Duration::ZERO,
            parse: Parse::Auto,
            max_bytes: 0,
            redirects: false,
            fault: None,
        }
    }

    pub fn get(url: impl Into<String>) -> Request {
        Request::new("GET", url)
    }

    pub fn post(url: impl Into<String>) -> Request {
        Request::new("POST", url)
    }

    /// Adds a parameter to the query, percent-encoded.
    pub fn query(mut self, name: &str, value: &str) -> Request {
        let fragment = self.url.find('#').map(|at| self.url.split_off(at));
        if !self.url.ends_with(['?', '&'].as_slice()) {
            self.url.push(if self.url.contains('?') { '&' } else { '?' });
        }
        push_pair(&mut self.url, name, value);
        self.url.push_str(fragment.as_deref().unwrap_or_default());
        self
    }

    /// Sets a header; one with the same name is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.header.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.header.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `Authorization: Bearer …`
    pub fn bearer(self, token: &str) -> Request {
        self.header("authorization", &format!("Bearer {}", token))
    }

    /// `Authorization: Basic …`
    pub fn basic(self, login: &str, password: &str) -> Request {
        self.header("authorization", &format!("Basic {}", base64(format!("{}:{}", login, password).as_bytes())))
    }

    /// The body, with its Content-Type; an empty one sets no header.
    pub fn body(mut self, content_type: &str, content: impl Into<Vec<u8>>) -> Request {
        self.body = content.into();
        match content_type {
            "" => self,
            _ => self.header("content-type", content_type),
        }
    }

    /// A JSON body.
    pub fn json(mut self, v: impl ToValue) -> Request {
        let text = v.to_value().to_json().unwrap_or_else(|e| {
            self.fault = Some(e);
            String::new()
        });
        self.body("application/json", text)
    }

    /// A form as body, percent-encoded.
    pub fn form(self, fields: &[(&str, &str)]) -> Request {
        let mut text = String::new();
        for (name, value) in fields {
            if !text.is_empty() {
                text.push('&');
            }
            push_pair(&mut text, name, value);
        }
        self.body("application/x-www-form-urlencoded", text)
    }

    /// Bounds the whole exchange, within the time of the task.
    pub fn timeout(mut self, d: Duration) -> Request {
        self.timeout = d;
        self
    }

    /// How the answer is parsed.
    pub fn parse(mut self, parse: Parse) -> Request {
        self.parse = parse;
        self
    }

    /// Bounds the body of the answer; 0 is the gateway's limit.
    pub fn max_bytes(mut self, n: u32) -> Request {
        self.max_bytes = n;
        self
    }

    /// Follows redirects within the grant; without it a 3xx is an answer like others.
    pub fn follow_redirects(mut self) -> Request {
        self.redirects = true;
        self
    }

    /// Writes the message of the contract.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.url.len() + self.body.len() + 64);
        put_array(&mut out, 8);
        put_str(&mut out, &self.method);
        put_str(&mut out, &self.url);
        put_map(&mut out, self.header.len());
        for (name, value) in &self.header {
            put_str(&mut out, name);
            put_str(&mut out, value);
        }
        put_bytes(&mut out, &self.body);
        put_uint(&mut out, self.timeout.as_millis().min(i32::MAX as u128) as u64);
        put_uint(&mut out, self.parse as u64);
        put_uint(&mut out, u64::from(self.max_bytes.min(i32::MAX as u32)));
        put_bool(&mut out, !self.redirects);
        out
    }
}

/// An upstream's answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    message: OwnedValue,
    header: Span,
    body: Span,
    data: Span,
}

impl Response {
    /// Reads the message of the contract.
    pub fn decode(message: OwnedValue) -> Result<Response, CodecError> {
        let whole = message.encoded();
        let mut r = Reader::new(whole)?;
        let status = r.number()?.try_into().map_err(|_| CodecError::Type)?;
        let header = Span::of(whole, r.value()?.encoded());
        let body = Span::of(whole, r.bytes()?);
        let data = Span::of(whole, r.value()?.encoded());
        r.close()?;
        Ok(Response { status, header, body, data, message })
    }

    /// Whether the status is 200…299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// All headers, names in lower case.
    pub fn headers(&self) -> &Value {
        Value::wrap(self.header.bytes(self.message.encoded()))
    }

    /// A header by its name in lower case, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers().get(name).as_str().unwrap_or_default()
    }

    pub fn body(&self) -> &[u8] {
        self.body.bytes(self.message.encoded())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.body())
    }

    /// The parsed body, missing when it could not be parsed.
    pub fn data(&self) -> &Value {
        Value::wrap(self.data.bytes(self.message.encoded()))
    }

    /// When the upstream wants to be asked again: Retry-After in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after").trim().parse().ok().map(Duration::from_secs)
    }

    /// The status and the beginning of the body, for the log. Leave it out when the
    /// upstream repeats numbers or texts of messages.
    pub fn summary(&self) -> String {
        let text: String = self.text().trim().chars().take(100).collect();
        format!("HTTP {} {}", self.status, text).trim_end().to_owned()
    }
}

impl<S> Task<S> {
    /// Sends an HTTP request. Every status is an answer, not an error. An error with
    /// [`sent`](Error::sent) may have reached the upstream.
    pub async fn fetch(&self, request: Request) -> Result<Response, Error> {
        if let Some(fault) = request.fault {
            return Err(Error::internal(format!("the JSON body of a request to an upstream: {}", fault)));
        }
        let message = self.begin(HTTP_FETCH, request.encode()).await?;
        Response::decode(message)
            .map_err(|e| Error::new(Code::Internal, Source::Host, "", format!("http_fetch: {}", e)).maybe_sent())
    }
}
