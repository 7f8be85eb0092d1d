//! Errors that cross the border.

use crate::codec::{put_array, put_bool, put_int, put_str, put_uint, CodecError};
use crate::message::Reader;
use std::fmt;
use std::time::Duration;

/// What kind of failure an [`Error`] is; the gateway derives the HTTP status from
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// 419, a required parameter is missing; the message is its name.
    Empty,
    /// 422, a parameter is not acceptable; the message is its name.
    Invalid,
    /// 404; the message is the text for the caller.
    NotFound,
    /// Outside the grant.
    Denied,
    /// 409; the message is the text for the caller.
    Conflict,
    /// 413, a body or a message over its limit.
    TooLarge,
    /// 429, with a time to retry.
    Busy,
    /// 502, the upstream answered and said no.
    Refused,
    /// 502, the upstream did not do its work; the message names it.
    Unavailable,
    /// 504, the upstream did not answer in time; the message names it.
    Timeout,
    /// A fault of the plugin or of the gateway.
    Internal,
    /// A code of a newer contract; it counts as internal.
    Other(Box<str>),
}

const CODES: [(&str, Code); 11] = [
    ("empty", Code::Empty),
    ("invalid", Code::Invalid),
    ("not_found", Code::NotFound),
    ("denied", Code::Denied),
    ("conflict", Code::Conflict),
    ("too_large", Code::TooLarge),
    ("busy", Code::Busy),
    ("refused", Code::Refused),
    ("unavailable", Code::Unavailable),
    ("timeout", Code::Timeout),
    ("internal", Code::Internal),
];

impl Code {
    pub fn as_str(&self) -> &str {
        match self {
            Code::Other(s) => s,
            known => CODES.iter().find(|(_, c)| c == known).map_or("internal", |(s, _)| s),
        }
    }
}

impl From<&str> for Code {
    fn from(s: &str) -> Code {
        CODES.iter().find(|(name, _)| *name == s).map_or_else(|| Code::Other(s.into()), |(_, c)| c.clone())
    }
}

/// Whose fault an [`Error`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    Plugin,
    Upstream,
    Host,
    Caller,
    /// Not said, or a source of a newer contract.
    Other(Box<str>),
}

impl Source {
    pub fn as_str(&self) -> &str {
        match self {
            Source::Plugin => "plugin",
            Source::Upstream => "upstream",
            Source::Host => "host",
            Source::Caller => "caller",
            Source::Other(s) => s,
        }
    }
}

impl From<&str> for Source {
    fn from(s: &str) -> Source {
        match s {
            "plugin" => Source::Plugin,
            "upstream" => Source::Upstream,
            "host" => Source::Host,
            "caller" => Source::Caller,
            _ => Source::Other(s.into()),
        }
    }
}

/// A failed task or operation.
///
/// The important bit is [`sent`](Error::sent): an error that carries it may have
/// had an effect outside, so nobody repeats the request. Without it, nothing
/// happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Error {
    pub code: Code,
    /// HTTP status; 0 derives it from the code.
    pub status: u16,
    /// For the caller: a parameter's name, a text, or the name of a system; see
    /// [`Code`].
    pub message: String,
    pub source: Source,
    /// For the log; never reaches the caller.
    pub detail: String,
    /// An effect outside may have happened: never retry, never fail over.
    pub sent: bool,
    /// Milliseconds until the next attempt makes sense; 0 says nothing.
    pub retry_ms: u32,
}

const FIELDS: usize = 7;

impl Error {
    pub fn new(code: Code, source: Source, message: impl Into<String>, detail: impl fmt::Display) -> Error {
        Error { code, status: 0, message: message.into(), source, detail: detail.to_string(), sent: false, retry_ms: 0 }
    }

    /// A parameter or a setting is not acceptable: 422 `Invalid <parameter>!`.
    pub fn invalid(parameter: &str, detail: impl fmt::Display) -> Error {
        Error::new(Code::Invalid, Source::Caller, parameter, detail)
    }

    /// 404 with a text of the manifest.
    pub fn not_found(text: &str) -> Error {
        Error::new(Code::NotFound, Source::Caller, text, "")
    }

    /// A system answered and said no: 502. Nothing was done, and asking another
    /// system would not help.
    pub fn refused(system: &str, detail: impl fmt::Display) -> Error {
        Error::new(Code::Refused, Source::Upstream, system, detail)
    }

    /// A system did not do its work: 502 `<system> is unavailable!`. As the cause
    /// give a text, or the error of an operation: that keeps whether something was
    /// sent, and a time-out stays one.
    pub fn unavailable(system: &str, cause: impl Into<Cause>) -> Error {
        let mut e = Error::new(Code::Unavailable, Source::Upstream, system, "");
        match cause.into() {
            Cause::Text(s) => e.detail = s,
            Cause::Error(inner) => {
                e.detail = inner.to_string();
                e.sent = inner.sent;
                e.retry_ms = inner.retry_ms;
                match inner.code {
                    Code::Timeout | Code::Busy => e.code = inner.code,
                    Code::Internal | Code::Denied => e.source = inner.source,
                    _ => {}
                }
            }
        }
        e
    }

    /// A system does not take more now: 429. Nothing was done.
    pub fn busy(system: &str, retry: Duration) -> Error {
        Error::new(Code::Busy, Source::Upstream, system, "").retry_after(retry)
    }

    /// Nobody knows what a system did: 502, and nobody asks again.
    pub fn uncertain(system: &str, detail: impl fmt::Display) -> Error {
        Error::new(Code::Unavailable, Source::Upstream, system, detail).maybe_sent()
    }

    /// A fault of the plugin itself: the caller reads an error id, the log the
    /// detail.
    pub fn internal(detail: impl fmt::Display) -> Error {
        Error::new(Code::Internal, Source::Plugin, "", detail)
    }

    /// Says that an effect outside may have happened.
    pub fn maybe_sent(mut self) -> Error {
        self.sent = true;
        self
    }

    /// Says when the next attempt makes sense.
    pub fn retry_after(mut self, d: Duration) -> Error {
        self.retry_ms = d.as_millis().min(i32::MAX as u128) as u32;
        self
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_array(out, FIELDS);
        put_str(out, self.code.as_str());
        put_int(out, i64::from(self.status));
        put_str(out, &self.message);
        put_str(out, self.source.as_str());
        put_str(out, &self.detail);
        put_bool(out, self.sent);
        put_uint(out, u64::from(self.retry_ms.min(i32::MAX as u32)));
    }

    /// Writes the message of the contract.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(&mut out);
        out
    }

    /// Reads the message of the contract.
    pub fn decode(b: &[u8]) -> Result<Error, CodecError> {
        let mut r = Reader::new(b)?;
        let e = Error {
            code: Code::from(r.text()?),
            status: r.number()?.try_into().unwrap_or(0),
            message: r.text()?.to_owned(),
            source: Source::from(r.text()?),
            detail: r.text()?.to_owned(),
            sent: r.bool()?,
            retry_ms: r.number()?.try_into().unwrap_or(0),
        };
        r.close()?;
        Ok(e)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Why a system is unavailable; see [`Error::unavailable`].
pub enum Cause {
    Text(String),
    Error(Error),
}

impl From<&str> for Cause {
    fn from(s: &str) -> Cause {
        Cause::Text(s.to_owned())
    }
}

impl From<String> for Cause {
    fn from(s: String) -> Cause {
        Cause::Text(s)
    }
}

impl From<Error> for Cause {
    fn from(e: Error) -> Cause {
        Cause::Error(e)
    }
}
