//! The executor: many suspended tasks in one guest, no threads, no runtime.

use crate::codec::MAX_MESSAGE;
use crate::error::{Code, Error, Source};
use crate::host;
use crate::message::{decode_answer, Reply};
use crate::task::Core;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// What came of a task.
pub type Outcome = Result<Reply, Error>;

pub type Handling = Pin<Box<dyn Future<Output = Outcome>>>;

/// What a plugin does with a request.
pub enum Served {
    Now(Outcome),
    Later(Handling),
}

/// A plugin without its type of settings; see [`Plugin`](crate::Plugin).
pub trait Serve {
    #[doc(hidden)]
    fn serve(&mut self, core: Rc<Core>) -> Served;
}

/// The result of `patchbay_start` and `patchbay_resume`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Suspended = 0,
    Finished = 1,
    Failed = 2,
}

/// A task between two calls of the gateway.
enum Suspended {
    Handler(Rc<Core>, Handling),
    /// The handler is done, but dropped an operation that the gateway still works
    /// on; the reply has to wait for its answer.
    Done(Outcome),
}

/// Remembers that somebody woke the task that is being polled.
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One guest.
pub struct Guest {
    plugin: Box<dyn Serve>,
    tasks: BTreeMap<u32, Suspended>,
    bell: Arc<Bell>,
    waker: Waker,
}

impl Guest {
    pub fn new(plugin: Box<dyn Serve>) -> Guest {
        let bell = Arc::new(Bell(AtomicBool::new(false)));
        Guest { plugin, tasks: BTreeMap::new(), waker: Waker::from(Arc::clone(&bell)), bell }
    }

    /// Begins task `id` with a Request.
    pub fn start(&mut self, id: u32, message: &[u8]) -> State {
        let core = match Core::new(id, message) {
            Ok(core) => Rc::new(core),
            Err(e) => return finish(id, Err(Error::new(Code::Internal, Source::Host, "", format!("request: {}", e)))),
        };
        match self.plugin.serve(Rc::clone(&core)) {
            Served::Now(outcome) => finish(id, outcome),
            Served::Later(handling) => self.run(id, core, handling),
        }
    }

    /// Goes on with task `id`, to which the Answer belongs.
    pub fn resume(&mut self, id: u32, message: &[u8]) -> State {
        match self.tasks.remove(&id) {
            Some(Suspended::Handler(core, handling)) => {
                core.answer(decode_answer(message).unwrap_or_else(|e| {
                    Err(Error::new(Code::Internal, Source::Host, "", format!("answer: {}", e)).maybe_sent())
                }));
                self.run(id, core, handling)
            }
            Some(Suspended::Done(outcome)) => finish(id, outcome),
            None => State::Failed, // the gateway never asks for a task that it does not know
        }
    }

    /// Drops task `id`: its handler ends where it waits, and replies nothing.
    pub fn cancel(&mut self, id: u32) {
        if let Some(Suspended::Handler(core, handling)) = self.tasks.remove(&id) {
            core.abandon();
            drop(handling);
        }
    }

    /// The number of suspended tasks.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn suspended(&self) -> usize {
        self.tasks.len()
    }

    fn run(&mut self, id: u32, core: Rc<Core>, mut handling: Handling) -> State {
        let mut context = Context::from_waker(&self.waker);
        let outcome = loop {
            self.bell.0.store(false, Ordering::Relaxed);
            match handling.as_mut().poll(&mut context) {
                Poll::Ready(outcome) => break outcome,
                Poll::Pending if self.bell.0.load(Ordering::Relaxed) => {}
                Poll::Pending if core.is_suspended() => {
                    self.tasks.insert(id, Suspended::Handler(core, handling));
                    return State::Suspended;
                }
                Poll::Pending => break Err(Error::internal(
                    "the handler waits for something that is no operation of the gateway, so it would wait for ever",
                )),
            }
        };
        drop(handling);
        if core.is_suspended() {
            self.tasks.insert(id, Suspended::Done(outcome));
            return State::Suspended;
        }
        finish(id, outcome)
    }
}

/// Replies. A reply that the gateway would not take ends the task, not the guest.
fn finish(id: u32, outcome: Outcome) -> State {
    let failure = match outcome {
        Ok(reply) => {
            let message = reply.encode();
            if message.len() <= MAX_MESSAGE {
                host::reply(id, &message);
                return State::Finished;
            }
            let detail = format!("the reply has {} bytes, the limit is 16 MiB", message.len());
            Error::new(Code::TooLarge, Source::Plugin, "", detail)
        }
        Err(e) => e,
    };
    let mut message = failure.encode();
    if message.len() > MAX_MESSAGE {
        message = Error::internal("the error has over 16 MiB").encode();
    }
    host::reply(id, &message);
    State::Failed
}
