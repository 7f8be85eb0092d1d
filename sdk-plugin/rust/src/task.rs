//! One request being served.

use crate::codec::{CodecError, MAX_MESSAGE};
use crate::error::{Code, Error, Source};
use crate::host::Import;
use crate::message::{RequestKind, TaskRequest};
use crate::value::{OwnedValue, Value};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A part of a message that is kept as a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    from: usize,
    len: usize,
}

impl Span {
    /// Where `part`, which was read from `whole`, lies in it.
    pub fn of(whole: &[u8], part: &[u8]) -> Span {
        match part.len() {
            0 => Span { from: 0, len: 0 },
            len => Span { from: part.as_ptr() as usize - whole.as_ptr() as usize, len },
        }
    }

    pub fn bytes(self, whole: &[u8]) -> &[u8] {
        whole.get(self.from..self.from + self.len).unwrap_or_default()
    }

    pub fn text(self, whole: &[u8]) -> &str {
        std::str::from_utf8(self.bytes(whole)).unwrap_or_default()
    }
}

/// How far the task is with its operation; there is never more than one.
enum Call {
    Idle,
    /// Begun by the future with this ticket, and not answered.
    Waiting(u32),
    /// Begun, but the future is gone; the answer still comes and is thrown away.
    Dropped,
    /// Answered, and not yet taken by its future.
    Answered(u32, Result<OwnedValue, Error>),
}

/// What the executor and the handler share of a task.
pub struct Core {
    pub id: u32,
    message: Box<[u8]>,
    pub kind: RequestKind,
    point: Span,
    name: Span,
    params: Span,
    instance: Span,
    request_id: Span,
    user: Span,
    derived: Span,
    timeout_ms: u32,
    call: RefCell<Call>,
    tickets: Cell<u32>,
    gone: Cell<bool>,
}

impl Core {
    pub fn new(id: u32, message: &[u8]) -> Result<Core, CodecError> {
        let message: Box<[u8]> = message.into();
        let q = TaskRequest::decode(&message)?;
        let span = |part: &[u8]| Span::of(&message, part);
        Ok(Core {
            id,
            kind: q.kind,
            point: span(q.point.as_bytes()),
            name: span(q.name.as_bytes()),
            params: span(q.params.encoded()),
            instance: span(q.instance.as_bytes()),
            request_id: span(q.request_id.as_bytes()),
            user: span(q.user.as_bytes()),
            derived: span(q.derived.encoded()),
            timeout_ms: q.timeout_ms.try_into().unwrap_or(0),
            call: RefCell::new(Call::Idle),
            tickets: Cell::new(0),
            gone: Cell::new(false),
            message,
        })
    }

    pub fn point(&self) -> &str {
        self.point.text(&self.message)
    }

    pub fn name(&self) -> &str {
        self.name.text(&self.message)
    }

    pub fn params(&self) -> &Value {
        Value::wrap(self.params.bytes(&self.message))
    }

    /// Whether the gateway owes the task an answer.
    pub fn is_suspended(&self) -> bool {
        matches!(*self.call.borrow(), Call::Waiting(_) | Call::Dropped)
    }

    /// Takes the answer to the operation; an error when the task waits for none.
    pub fn answer(&self, answer: Result<OwnedValue, Error>) {
        let mut call = self.call.borrow_mut();
        *call = match *call {
            Call::Waiting(ticket) => Call::Answered(ticket, answer),
            _ => Call::Idle,
        };
    }

    /// From now on every operation fails: nobody waits for the task any more.
    pub fn abandon(&self) {
        self.gone.set(true);
    }

    /// Begins an operation and returns its ticket; `None` when it has to wait until
    /// a dropped one is over.
    fn begin(&self, import: Import, request: &[u8]) -> Result<Option<u32>, Error> {
        if self.gone.get() {
            return Err(Error::new(Code::Timeout, Source::Host, "", "the caller went away or the deadline passed"));
        }
        if request.len() > MAX_MESSAGE {
            let detail = format!("the request of {} has {} bytes, the limit is 16 MiB", import.name, request.len());
            return Err(Error::new(Code::TooLarge, Source::Plugin, "", detail));
        }
        let mut call = self.call.borrow_mut();
        match *call {
            Call::Idle => {
                let ticket = self.tickets.get();
                self.tickets.set(ticket.wrapping_add(1));
                *call = Call::Waiting(ticket);
                import.begin(self.id, request);
                Ok(Some(ticket))
            }
            Call::Dropped => Ok(None),
            Call::Waiting(_) | Call::Answered(..) => Err(Error::internal(format!(
                "{} while another operation of the task is under way: a task does one at a time, so await the first before the second",
                import.name
            ))),
        }
    }

    fn take(&self, ticket: u32) -> Option<Result<OwnedValue, Error>> {
        let mut call = self.call.borrow_mut();
        match std::mem::replace(&mut *call, Call::Idle) {
            Call::Answered(t, answer) if t == ticket => Some(answer),
            other => {
                *call = other;
                None
            }
        }
    }

    fn forget(&self, ticket: u32) {
        let mut call = self.call.borrow_mut();
        match *call {
            Call::Waiting(t) if t == ticket => *call = Call::Dropped,
            Call::Answered(t, _) if t == ticket => *call = Call::Idle,
            _ => {}
        }
    }
}

/// An operation of the gateway. It begins when it is first polled; the task is
/// suspended until the answer is there, and the guest serves others meanwhile.
///
/// Dropping it early is allowed: an effect that it has outside is not undone, and
/// the task's next operation begins when the gateway is done with this one.
#[must_use = "an operation does nothing unless it is awaited"]
pub(crate) struct Operation {
    core: Rc<Core>,
    import: Import,
    stage: Stage,
}

enum Stage {
    New(Vec<u8>),
    Begun(u32),
    Over,
}

impl Future for Operation {
    type Output = Result<OwnedValue, Error>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = match &self.stage {
            Stage::New(request) => match self.core.begin(self.import, request) {
                Ok(Some(ticket)) => {
                    self.stage = Stage::Begun(ticket);
                    return Poll::Pending;
                }
                Ok(None) => return Poll::Pending,
                Err(e) => Err(e),
            },
            Stage::Begun(ticket) => match self.core.take(*ticket) {
                Some(answer) => answer,
                None => return Poll::Pending,
            },
            Stage::Over => Err(Error::internal("an operation was polled after its end")),
        };
        self.stage = Stage::Over;
        Poll::Ready(outcome)
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Stage::Begun(ticket) = self.stage {
            self.core.forget(ticket);
        }
    }
}

/// What the gateway knows about a parameter of format phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phone<'a> {
    /// `+79190000000`
    pub e164: &'a str,
    /// `RU`
    pub region: &'a str,
    /// `mobile`, `fixed_line`, …
    pub kind: &'a str,
}

/// One request being served. A handler owns its task; keep nothing of a request
/// anywhere else. `S` is what the plugin made of its settings.
pub struct Task<S = ()> {
    pub(crate) core: Rc<Core>,
    settings: Rc<S>,
}

impl<S> Task<S> {
    pub(crate) fn new(core: Rc<Core>, settings: Rc<S>) -> Task<S> {
        Task { core, settings }
    }

    /// The settings of the instance.
    pub fn settings(&self) -> &S {
        &self.settings
    }

    /// The checked parameters: required ones are there, and the types are those of
    /// the manifest.
    pub fn params(&self) -> &Value {
        self.core.params()
    }

    /// A parameter as text, empty when it was not given.
    pub fn param(&self, name: &str) -> String {
        self.params().get(name).text()
    }

    /// What the gateway knows about a parameter of format phone; empty texts for
    /// others.
    pub fn phone(&self, name: &str) -> Phone<'_> {
        let d = Value::wrap(self.core.derived.bytes(&self.core.message)).get(name);
        let text = |key| d.get(key).as_str().unwrap_or_default();
        Phone { e164: text("e164"), region: text("region"), kind: text("type") }
    }

    /// Why the task was started.
    pub fn kind(&self) -> RequestKind {
        self.core.kind
    }

    /// The extension point of an operation, empty for others.
    pub fn point(&self) -> &str {
        self.core.point()
    }

    /// The action or the operation.
    pub fn name(&self) -> &str {
        self.core.name()
    }

    /// The provider instance: this guest's own, or the one that an action was asked
    /// for.
    pub fn instance(&self) -> &str {
        self.core.instance.text(&self.core.message)
    }

    /// The id that the log, the journal and the caller know.
    pub fn request_id(&self) -> &str {
        self.core.request_id.text(&self.core.message)
    }

    /// Login of the caller, empty for tasks of the gateway itself.
    pub fn user(&self) -> &str {
        self.core.user.text(&self.core.message)
    }

    /// The time that the task had left when it began.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.core.timeout_ms.into())
    }

    pub(crate) fn begin(&self, import: Import, request: Vec<u8>) -> Operation {
        Operation { core: Rc::clone(&self.core), import, stage: Stage::New(request) }
    }
}
