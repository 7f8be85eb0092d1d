//! What a plugin does: its settings and its handlers.

use crate::error::Error;
use crate::guest::{Handling, Outcome, Serve, Served};
use crate::message::{Reply, RequestKind};
use crate::object::ToValue;
use crate::record::FromValue;
use crate::task::{Core, Task};
use crate::value::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

/// What a handler may answer: a [`Reply`], or a value that becomes one.
pub trait IntoReply {
    fn into_reply(self) -> Reply;
}

impl IntoReply for Reply {
    fn into_reply(self) -> Reply {
        self
    }
}

impl<T: ToValue> IntoReply for T {
    fn into_reply(self) -> Reply {
        Reply::value(self)
    }
}

/// An async function that serves requests: `async fn(Task<S>) -> Result<R, Error>`,
/// or with the parameters as a struct of [`record!`](crate::record),
/// `async fn(Task<S>, P) -> Result<R, Error>`.
///
/// Tasks of a guest never run in parallel, but while one awaits an operation others
/// go on: do not hold a `RefCell` borrowed over an `.await`.
pub trait Handler<S, Args>: 'static {
    #[doc(hidden)]
    fn handle(&self, task: Task<S>) -> Handling;
}

impl<S, F, R, W> Handler<S, ()> for F
where
    S: 'static,
    F: Fn(Task<S>) -> W + 'static,
    W: Future<Output = Result<R, Error>> + 'static,
    R: IntoReply,
{
    fn handle(&self, task: Task<S>) -> Handling {
        let work = self(task);
        Box::pin(async move { work.await.map(IntoReply::into_reply) })
    }
}

impl<S, P, F, R, W> Handler<S, (P,)> for F
where
    S: 'static,
    P: FromValue,
    F: Fn(Task<S>, P) -> W + 'static,
    W: Future<Output = Result<R, Error>> + 'static,
    R: IntoReply,
{
    fn handle(&self, task: Task<S>) -> Handling {
        match P::from_value(task.params()) {
            Ok(params) => {
                let work = self(task, params);
                Box::pin(async move { work.await.map(IntoReply::into_reply) })
            }
            Err(e) => Box::pin(std::future::ready(Err(e.into()))),
        }
    }
}

type Read<S> = Box<dyn Fn(&Value) -> Result<S, Error>>;

type Route<S> = Box<dyn Fn(Task<S>) -> Handling>;

/// A plugin with settings `S`:
///
/// ```
/// # use patchbay::{record, Error, Plugin, Task};
/// record! { pub struct Settings { pub token: String } }
///
/// async fn health(task: Task<Settings>) -> Result<(), Error> {
///     if task.settings().token.is_empty() {
///         return Err(Error::unavailable("Acme", "no token"));
///     }
///     Ok(())
/// }
///
/// patchbay::plugin!(Plugin::<Settings>::new().health(health));
/// ```
pub struct Plugin<S> {
    read: Read<S>,
    settings: Option<Rc<S>>,
    actions: BTreeMap<&'static str, Route<S>>,
    operations: BTreeMap<(&'static str, &'static str), Route<S>>,
    health: Option<Route<S>>,
}

impl<S: FromValue + 'static> Plugin<S> {
    /// A plugin whose settings are a struct of [`record!`](crate::record), `()` for
    /// none, or an [`OwnedValue`](crate::OwnedValue).
    pub fn new() -> Plugin<S> {
        Plugin::with_settings(|v| Ok(S::from_value(v)?))
    }
}

impl<S: FromValue + 'static> Default for Plugin<S> {
    fn default() -> Plugin<S> {
        Plugin::new()
    }
}

impl<S: 'static> Plugin<S> {
    /// A plugin that reads its settings by itself. `read` runs once in a guest, before
    /// every task; settings that change come with a new guest. Its error is what
    /// the operator reads, so name the setting and what to do.
    pub fn with_settings(read: impl Fn(&Value) -> Result<S, Error> + 'static) -> Plugin<S> {
        Plugin {
            read: Box::new(read),
            settings: None,
            actions: BTreeMap::new(),
            operations: BTreeMap::new(),
            health: None,
        }
    }

    /// Serves an action of the manifest.
    pub fn action<Args>(mut self, name: &'static str, handler: impl Handler<S, Args>) -> Plugin<S> {
        self.actions.insert(name, Box::new(move |task| handler.handle(task)));
        self
    }

    /// Serves an operation of an extension point that the manifest extends.
    pub fn operation<Args>(
        mut self,
        point: &'static str,
        name: &'static str,
        handler: impl Handler<S, Args>,
    ) -> Plugin<S> {
        self.operations.insert((point, name), Box::new(move |task| handler.handle(task)));
        self
    }

    /// Serves the health check; without it the plugin is taken to be well.
    pub fn health<Args>(mut self, handler: impl Handler<S, Args>) -> Plugin<S> {
        self.health = Some(Box::new(move |task| handler.handle(task)));
        self
    }

    fn configure(&mut self, settings: &Value) -> Outcome {
        self.settings = Some(Rc::new((self.read)(settings)?));
        Ok(Reply::value(()))
    }
}

impl<S: 'static> Serve for Plugin<S> {
    fn serve(&mut self, core: Rc<Core>) -> Served {
        let (route, what) = match core.kind {
            RequestKind::Configure => return Served::Now(self.configure(core.params())),
            RequestKind::Action => (self.actions.get(core.name()), "action"),
            RequestKind::Operation => (self.operations.get(&(core.point(), core.name())), "operation"),
            RequestKind::Health => match &self.health {
                None => return Served::Now(Ok(Reply::value(()))),
                some => (some.as_ref(), "health"),
            },
        };
        match (route, &self.settings) {
            (Some(route), Some(settings)) => Served::Later(route(Task::new(Rc::clone(&core), Rc::clone(settings)))),
            (Some(_), None) => Served::Now(Err(Error::internal("a task came before the settings"))),
            (None, _) => {
                let name = if core.point().is_empty() {
                    core.name().to_owned()
                } else {
                    format!("{}/{}", core.point(), core.name())
                };
                Served::Now(Err(Error::internal(format!("{} {} has no handler; give it one in plugin!", what, name))))
            }
        }
    }
}
