//! A stand-in for the gateway, for tests that run natively. Test what your plugin
//! answers with case files and `patchbay plugin test`; use this for what they cannot
//! say, such as many tasks at a time.

use crate::codec::MAX_MESSAGE;
use crate::error::Error;
use crate::guest::{self, Serve, State};
use crate::host::border::{take_events, take_lines, Event};
use crate::host::Level;
use crate::message::{Reader, RequestKind, TaskRequest};
use crate::object::ToValue;
use crate::value::{OwnedValue, Value};
use std::collections::BTreeMap;

/// What came of a task: the body of its reply.
pub type Outcome = Result<OwnedValue, Error>;

/// A guest and its tasks. Breaches of the contract panic. One thread has one guest
/// at a time.
pub struct Guest {
    guest: guest::Guest,
    last: u32,
    waiting: BTreeMap<u32, (&'static str, OwnedValue)>,
    done: BTreeMap<u32, Outcome>,
}

impl Guest {
    /// Starts a plugin with its settings; the error is what the operator would read.
    pub fn start(plugin: impl Serve + 'static, settings: impl ToValue) -> Result<Guest, Error> {
        take_events();
        take_lines();
        let guest = guest::Guest::new(Box::new(plugin));
        let mut g = Guest { guest, last: 0, waiting: BTreeMap::new(), done: BTreeMap::new() };
        let id = g.begin(RequestKind::Configure, "", "", settings);
        g.outcome(id).expect("the settings are read without operations")?;
        Ok(g)
    }

    /// Begins a task and returns its number.
    pub fn begin(&mut self, kind: RequestKind, point: &str, name: &str, params: impl ToValue) -> u32 {
        let params = params.to_value();
        let q = TaskRequest {
            kind,
            point,
            name,
            params: &params,
            instance: "test",
            request_id: "0197f3",
            user: "tester",
            timeout_ms: 10_000,
            derived: Value::MISSING,
        };
        self.last += 1;
        let state = self.guest.start(self.last, &q.encode());
        self.observe(self.last, state);
        self.last
    }

    /// Begins a task of an operation.
    pub fn operation(&mut self, point: &str, name: &str, params: impl ToValue) -> u32 {
        self.begin(RequestKind::Operation, point, name, params)
    }

    /// The operation that a task waits for, and its request.
    pub fn waits_for(&self, task: u32) -> Option<(&'static str, &Value)> {
        self.waiting.get(&task).map(|(name, request)| (*name, &**request))
    }

    /// Answers the operation that a task waits for.
    pub fn answer(&mut self, task: u32, answer: Result<OwnedValue, Error>) {
        self.waiting.remove(&task).expect("the task waits for nothing");
        let mut message = vec![0x92];
        match answer {
            Ok(body) => {
                ().put(&mut message);
                body.put(&mut message);
            }
            Err(e) => {
                e.put(&mut message);
                ().put(&mut message);
            }
        }
        let state = self.guest.resume(task, &message);
        self.observe(task, state);
    }

    /// Answers an HTTP request.
    pub fn respond(&mut self, task: u32, status: u16, data: impl ToValue) {
        assert_eq!(self.waits_for(task).map(|w| w.0), Some("http_fetch"));
        let mut list = crate::List::new();
        list.push(status);
        list.push(crate::object! {});
        list.push(crate::Bytes(b""));
        list.push(data);
        self.answer(task, Ok(list.to_value()));
    }

    /// Calls a task off.
    pub fn cancel(&mut self, task: u32) {
        self.waiting.remove(&task);
        self.guest.cancel(task);
        assert!(take_events().is_empty(), "a cancelled task talked to the gateway");
    }

    /// What came of a task, once.
    pub fn outcome(&mut self, task: u32) -> Option<Outcome> {
        self.done.remove(&task)
    }

    /// The number of suspended tasks.
    pub fn suspended(&self) -> usize {
        self.guest.suspended()
    }

    /// The lines that were logged since the last call.
    pub fn lines(&mut self) -> Vec<(Level, String)> {
        take_lines()
    }

    fn observe(&mut self, task: u32, state: State) {
        let mut events = take_events().into_iter();
        let event = events.next();
        assert!(events.next().is_none(), "more than one reply or operation");
        match (event, state) {
            (Some(Event::Begin(id, name, request)), State::Suspended) => {
                assert_eq!(id, task);
                let request = OwnedValue::from_encoded(request).expect("a request of the contract");
                assert!(
                    self.waiting.insert(task, (name, request)).is_none(),
                    "an operation before the answer to the first"
                );
            }
            (Some(Event::Reply(id, message)), state) => {
                assert_eq!(id, task);
                assert!(message.len() <= MAX_MESSAGE);
                let message = OwnedValue::from_encoded(message).expect("a reply of the contract");
                let outcome = match state {
                    State::Finished => Ok(message.at(2).to_owned()),
                    State::Failed => Err(Error::decode(message.encoded()).expect("an error of the contract")),
                    State::Suspended => panic!("a reply, but the task is suspended"),
                };
                self.done.insert(task, outcome);
            }
            (None, State::Suspended) if self.waiting.contains_key(&task) => {}
            (_, state) => panic!("state {:?} does not fit what the task did", state),
        }
    }
}

/// Reads the texts that an operation's request begins with.
pub fn texts(request: &Value, n: usize) -> Vec<String> {
    let mut r = Reader::new(request.encoded()).expect("a message");
    (0..n).map(|_| r.text().expect("a text").to_owned()).collect()
}
