//! The messages that begin and end a task.

use crate::codec::{head, put_array, put_bool, put_bytes, put_int, put_str, put_uint, skip, CodecError, Kind, NIL};
use crate::error::Error;
use crate::object::ToValue;
use crate::value::{OwnedValue, Value};

/// Reads the fields of a message, in order. Fields that are not there and nil read
/// as zero, fields that follow are ignored: that is how the contract grows.
pub struct Reader<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Reader<'a> {
    pub fn new(b: &'a [u8]) -> Result<Reader<'a>, CodecError> {
        let h = head(b)?;
        match h.kind {
            Kind::Array => Ok(Reader { rest: &b[h.size..], left: h.n }),
            _ => Err(CodecError::Type),
        }
    }

    /// The next field, missing after the last one and for nil.
    pub fn value(&mut self) -> Result<&'a Value, CodecError> {
        if self.left == 0 {
            return Ok(Value::MISSING);
        }
        let (field, rest) = self.rest.split_at(skip(self.rest)?);
        self.rest = rest;
        self.left -= 1;
        Ok(if field == [NIL] { Value::MISSING } else { Value::wrap(field) })
    }

    fn field<T>(&mut self, zero: T, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<T, CodecError> {
        let v = self.value()?;
        match v.kind() {
            Kind::Missing => Ok(zero),
            _ => read(v).ok_or(CodecError::Type),
        }
    }

    pub fn text(&mut self) -> Result<&'a str, CodecError> {
        self.field("", |v| v.as_str())
    }

    /// A byte string, or a string.
    pub fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        self.field(&[][..], |v| v.as_bytes())
    }

    pub fn bool(&mut self) -> Result<bool, CodecError> {
        self.field(false, |v| v.as_bool())
    }

    /// An integer within 32 bits.
    pub fn number(&mut self) -> Result<i32, CodecError> {
        self.field(0, |v| v.as_i64()?.try_into().ok())
    }

    pub fn wide(&mut self) -> Result<i64, CodecError> {
        self.field(0, |v| v.as_i64())
    }

    /// Reads what this version does not know and checks that nothing follows.
    pub fn close(mut self) -> Result<(), CodecError> {
        while self.left > 0 {
            self.value()?;
        }
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(CodecError::Trailing)
        }
    }
}

/// Why the gateway starts a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    Configure = 0,
    Action = 1,
    Operation = 2,
    Health = 3,
}

/// What begins a task.
#[derive(Debug)]
pub struct TaskRequest<'a> {
    pub kind: RequestKind,
    pub point: &'a str,
    pub name: &'a str,
    pub params: &'a Value,
    pub instance: &'a str,
    pub request_id: &'a str,
    pub user: &'a str,
    pub timeout_ms: i32,
    pub derived: &'a Value,
}

impl<'a> TaskRequest<'a> {
    pub fn decode(b: &'a [u8]) -> Result<TaskRequest<'a>, CodecError> {
        let mut r = Reader::new(b)?;
        let q = TaskRequest {
            kind: match r.number()? {
                0 => RequestKind::Configure,
                1 => RequestKind::Action,
                2 => RequestKind::Operation,
                3 => RequestKind::Health,
                _ => return Err(CodecError::Type),
            },
            point: r.text()?,
            name: r.text()?,
            params: r.value()?,
            instance: r.text()?,
            request_id: r.text()?,
            user: r.text()?,
            timeout_ms: r.number()?,
            derived: r.value()?,
        };
        r.close()?;
        Ok(q)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_array(&mut out, 9);
        put_uint(&mut out, self.kind as u64);
        put_str(&mut out, self.point);
        put_str(&mut out, self.name);
        self.params.put(&mut out);
        put_str(&mut out, self.instance);
        put_str(&mut out, self.request_id);
        put_str(&mut out, self.user);
        put_int(&mut out, i64::from(self.timeout_ms));
        self.derived.put(&mut out);
        out
    }
}

/// How the gateway writes the rows of a [`Reply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Xlsx,
}

/// What carries the body of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Value = 0,
    Bytes = 1,
    Attachment = 2,
    Rows = 3,
}

/// What a handler answers. Most handlers return a value instead, which becomes a
/// reply with status 200.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Reply {
    status: u16,
    form: Form,
    body: OwnedValue,
    content_type: String,
    attachment: u32,
    format: Option<Format>,
    filename: String,
    wrap: bool,
    next: String,
}

impl Reply {
    fn new(form: Form, body: OwnedValue) -> Reply {
        Reply {
            status: 0,
            form,
            body,
            content_type: String::new(),
            attachment: 0,
            format: None,
            filename: String::new(),
            wrap: false,
            next: String::new(),
        }
    }

    /// A value that the gateway writes as JSON.
    pub fn value(v: impl ToValue) -> Reply {
        Reply::new(Form::Value, v.to_value())
    }

    /// Bytes that are sent as they are.
    pub fn bytes(content: &[u8], content_type: &str) -> Reply {
        let mut body = Vec::with_capacity(content.len() + 5);
        put_bytes(&mut body, content);
        Reply { content_type: content_type.to_owned(), ..Reply::new(Form::Bytes, OwnedValue::trusted(body)) }
    }

    /// Rows, an array of maps with equal keys, that the gateway writes in the
    /// format that the caller asked for.
    pub fn rows(rows: impl ToValue, format: Format) -> Reply {
        Reply { format: Some(format), ..Reply::new(Form::Rows, rows.to_value()) }
    }

    /// Something that the gateway holds, sent without moving it through the guest.
    pub fn attachment(a: &Attachment) -> Reply {
        Reply {
            attachment: a.id,
            content_type: a.content_type.clone(),
            next: a.next.clone(),
            ..Reply::new(Form::Attachment, OwnedValue::default())
        }
    }

    /// The HTTP status, 200…599.
    pub fn status(mut self, status: u16) -> Reply {
        self.status = status;
        self
    }

    /// The name that is offered for a download.
    pub fn filename(mut self, name: &str) -> Reply {
        self.filename = name.to_owned();
        self
    }

    /// Puts JSON rows into `{"result":"OK","data":[…]}`.
    pub fn wrap(mut self) -> Reply {
        self.wrap = true;
        self
    }

    /// The cursor of the next page, sent as `X-Next-Cursor`.
    pub fn next(mut self, cursor: &str) -> Reply {
        self.next = cursor.to_owned();
        self
    }

    /// Writes the message of the contract.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.encoded().len() + 16);
        put_array(&mut out, 9);
        put_uint(&mut out, u64::from(self.status));
        put_uint(&mut out, self.form as u64);
        self.body.put(&mut out);
        put_str(&mut out, &self.content_type);
        put_uint(&mut out, u64::from(self.attachment));
        put_str(
            &mut out,
            match self.format {
                None => "",
                Some(Format::Json) => "json",
                Some(Format::Csv) => "csv",
                Some(Format::Xlsx) => "xlsx",
            },
        );
        put_str(&mut out, &self.filename);
        put_bool(&mut out, self.wrap);
        put_str(&mut out, &self.next);
        out
    }
}

/// Something that stays with the gateway, a recording or a page of a report; answer
/// with [`Reply::attachment`]. It is closed with the task otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    id: u32,
    /// In bytes, −1 when it is not known.
    pub size: i64,
    pub content_type: String,
    /// Rows of a page of a report.
    pub rows: i32,
    /// Cursor of the next page, empty at the end.
    pub next: String,
}

impl Attachment {
    pub fn decode(b: &[u8]) -> Result<Attachment, CodecError> {
        let mut r = Reader::new(b)?;
        let a = Attachment {
            id: r.wide()?.try_into().map_err(|_| CodecError::Type)?,
            size: r.wide()?,
            content_type: r.text()?.to_owned(),
            rows: r.number()?,
            next: r.text()?.to_owned(),
        };
        r.close()?;
        Ok(a)
    }
}

/// Reads the answer to an operation: the body, missing for nil.
pub fn decode_answer(b: &[u8]) -> Result<Result<OwnedValue, Error>, CodecError> {
    let mut r = Reader::new(b)?;
    let failure = r.value()?;
    let body = r.value()?;
    r.close()?;
    Ok(match failure.kind() {
        Kind::Missing => Ok(body.to_owned()),
        _ => Err(Error::decode(failure.encoded())?),
    })
}
