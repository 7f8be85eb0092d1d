//! Tasks that are suspended, resumed, called off and mistaken.

use patchbay::testing::{texts, Guest};
use patchbay::{
    object, record, Code, Error, Level, OwnedValue, Plugin, Request, RequestKind, Source, Task, ToValue, Value,
};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

const POINT: &str = "test.point";

fn guest(plugin: Plugin<()>) -> Guest {
    Guest::start(plugin, ()).unwrap()
}

fn url_of(guest: &Guest, task: u32) -> String {
    let (name, request) = guest.waits_for(task).expect("the task waits for nothing");
    assert_eq!(name, "http_fetch");
    texts(request, 2).remove(1)
}

async fn two(task: Task) -> Result<Vec<u16>, Error> {
    let first = task.fetch(Request::get(format!("http://a/{}", task.param("n")))).await?.status;
    let second = task.fetch(Request::get(format!("http://b/{}", task.param("n")))).await?.status;
    Ok(vec![first, second])
}

#[test]
fn tasks_of_one_guest_are_served_in_any_order() {
    let mut g = guest(Plugin::new().operation(POINT, "two", two));
    let tasks: Vec<u32> = (0..1000).map(|n| g.operation(POINT, "two", object! { "n" => n })).collect();
    assert_eq!(g.suspended(), 1000);
    for (n, &task) in tasks.iter().enumerate().rev() {
        assert_eq!(url_of(&g, task), format!("http://a/{}", n));
        g.respond(task, 200, ());
        assert_eq!(url_of(&g, task), format!("http://b/{}", n));
    }
    for &task in &tasks {
        g.respond(task, 404, ());
        assert_eq!(g.outcome(task).unwrap().unwrap(), [200u16, 404].to_value());
    }
    assert_eq!(g.suspended(), 0);
}

#[test]
fn an_error_of_an_operation_comes_through() {
    let mut g = guest(Plugin::new().operation(POINT, "two", two));
    let task = g.operation(POINT, "two", object! {});
    let e = Error::new(Code::Timeout, Source::Upstream, "", "no answer").maybe_sent();
    g.answer(task, Err(e.clone()));
    assert_eq!(g.outcome(task).unwrap(), Err(e));
}

/// Tells when it is dropped.
struct Guard(Rc<Cell<bool>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn a_cancelled_task_is_dropped_where_it_waits() {
    let (dropped, went_on) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let (d, w) = (Rc::clone(&dropped), Rc::clone(&went_on));
    let mut g = guest(Plugin::new().operation(POINT, "wait", move |task: Task<()>| {
        let (guard, went_on) = (Guard(Rc::clone(&d)), Rc::clone(&w));
        async move {
            let _guard = guard;
            task.fetch(Request::get("http://a/")).await?;
            went_on.set(true);
            Ok(())
        }
    }));
    let task = g.operation(POINT, "wait", ());
    assert!(!dropped.get());
    g.cancel(task);
    assert!(dropped.get() && !went_on.get());
    assert_eq!(g.suspended(), 0);
    g.cancel(task); // one that is gone is ignored
    g.cancel(77);
}

/// Polls both, first the left one.
struct Both<A: Future, B: Future>(Pin<Box<A>>, Option<A::Output>, Pin<Box<B>>, Option<B::Output>);

fn both<A: Future, B: Future>(a: A, b: B) -> Both<A, B> {
    Both(Box::pin(a), None, Box::pin(b), None)
}

impl<A: Future, B: Future> Future for Both<A, B>
where
    A::Output: Unpin,
    B::Output: Unpin,
{
    type Output = (A::Output, B::Output);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.1.is_none() {
            if let Poll::Ready(v) = this.0.as_mut().poll(cx) {
                this.1 = Some(v);
            }
        }
        if this.3.is_none() {
            if let Poll::Ready(v) = this.2.as_mut().poll(cx) {
                this.3 = Some(v);
            }
        }
        match (this.1.take(), this.3.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                this.1 = a;
                this.3 = b;
                Poll::Pending
            }
        }
    }
}

/// Polls a future once and drops it.
struct Glance<F>(Option<Pin<Box<F>>>);

impl<F: Future> Future for Glance<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        assert!(self.0.take().expect("polled twice").as_mut().poll(cx).is_pending());
        Poll::Ready(())
    }
}

#[test]
fn a_second_operation_at_a_time_is_an_error_of_the_plugin() {
    let mut g = guest(Plugin::new().operation(POINT, "both", |task: Task<()>| async move {
        let (a, b) = both(task.fetch(Request::get("http://a/")), task.kv_get("k")).await;
        assert_eq!(b.as_ref().unwrap_err().code, Code::Internal);
        assert!(b.unwrap_err().detail.contains("one at a time"));
        a.map(|answer| answer.status)
    }));
    let task = g.operation(POINT, "both", ());
    assert_eq!(url_of(&g, task), "http://a/");
    g.respond(task, 201, ());
    assert_eq!(g.outcome(task).unwrap().unwrap().as_i64(), Some(201));
}

#[test]
fn after_a_dropped_operation_the_next_one_waits_its_turn() {
    let mut g = guest(Plugin::new().operation(POINT, "glance", |task: Task<()>| async move {
        Glance(Some(Box::pin(task.fetch(Request::get("http://a/"))))).await;
        task.fetch(Request::get("http://b/")).await.map(|answer| answer.status)
    }));
    let task = g.operation(POINT, "glance", ());
    assert_eq!(url_of(&g, task), "http://a/");
    g.respond(task, 500, ());
    assert_eq!(url_of(&g, task), "http://b/");
    g.respond(task, 202, ());
    assert_eq!(g.outcome(task).unwrap().unwrap().as_i64(), Some(202));
}

#[test]
fn a_reply_waits_for_the_operation_that_was_dropped() {
    let mut g = guest(Plugin::new().operation(POINT, "glance", |task: Task<()>| async move {
        Glance(Some(Box::pin(task.fetch(Request::get("http://a/"))))).await;
        Ok("done")
    }));
    let (task, other) = (g.operation(POINT, "glance", ()), g.operation(POINT, "glance", ()));
    assert!(g.outcome(task).is_none(), "a reply beside an operation is a breach of the contract");
    g.respond(task, 500, ());
    assert_eq!(g.outcome(task).unwrap().unwrap().as_str(), Some("done"));
    g.cancel(other);
    assert_eq!(g.suspended(), 0);
}

#[test]
fn waiting_for_nothing_is_an_error() {
    let mut g = guest(Plugin::new().operation(POINT, "stuck", |_: Task<()>| async move {
        std::future::pending::<()>().await;
        Ok(())
    }));
    let task = g.operation(POINT, "stuck", ());
    let e = g.outcome(task).unwrap().unwrap_err();
    assert!(e.code == Code::Internal && e.detail.contains("no operation of the gateway"), "{}", e);
}

/// Comes back at once, as the yield of other runtimes does.
struct Yield(u32);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[test]
fn futures_that_wake_themselves_are_polled_again() {
    let mut g = guest(Plugin::new().operation(POINT, "yield", |task: Task<()>| async move {
        Yield(3).await;
        let (answer, ()) = both(task.fetch(Request::get("http://a/")), Yield(3)).await;
        answer.map(|a| a.status)
    }));
    let task = g.operation(POINT, "yield", ());
    assert_eq!(url_of(&g, task), "http://a/");
    g.respond(task, 200, ());
    assert!(g.outcome(task).unwrap().is_ok());
}

#[test]
fn messages_over_the_limit_stay_here() {
    const BIG: usize = 17 << 20;
    let mut g = guest(
        Plugin::new()
            .operation(POINT, "request", |task: Task<()>| async move { task.kv_put("k", &vec![0; BIG], None).await })
            .operation(POINT, "reply", |_: Task<()>| async move { Ok("x".repeat(BIG)) })
            .operation(POINT, "error", |_: Task<()>| async move { Err::<(), _>(Error::internal("x".repeat(BIG))) }),
    );
    for (name, code) in [("request", Code::TooLarge), ("reply", Code::TooLarge), ("error", Code::Internal)] {
        let task = g.operation(POINT, name, ());
        assert_eq!(g.outcome(task).unwrap().unwrap_err().code, code, "{}", name);
    }
}

#[test]
fn a_body_that_json_cannot_hold_is_not_sent() {
    let deep = (0..70).fold(().to_value(), |v, _| [v].to_value());
    let deep = Rc::new(RefCell::new(Some(deep)));
    let mut g = guest(Plugin::new().operation(POINT, "deep", move |task: Task<()>| {
        let deep = deep.borrow_mut().take().unwrap();
        async move { task.fetch(Request::post("http://a/").json(deep)).await.map(|a| a.status) }
    }));
    let task = g.operation(POINT, "deep", ());
    let e = g.outcome(task).unwrap().unwrap_err();
    assert!(e.code == Code::Internal && !e.sent && e.detail.contains("nested too deeply"), "{}", e);
}

#[test]
fn malformed_answers_do_not_hide_that_something_was_sent() {
    let mut g = guest(Plugin::new().operation(POINT, "two", two));
    let task = g.operation(POINT, "two", object! {});
    g.answer(task, Ok("no response".to_value()));
    let e = g.outcome(task).unwrap().unwrap_err();
    assert!(e.code == Code::Internal && e.source == Source::Host && e.sent, "{}", e);
}

#[test]
fn what_has_no_handler_is_named() {
    let mut g = guest(Plugin::new().operation(POINT, "two", two));
    for (kind, point, name, text) in [
        (RequestKind::Operation, POINT, "three", "operation test.point/three has no handler"),
        (RequestKind::Operation, "other", "two", "operation other/two has no handler"),
        (RequestKind::Action, "", "two", "action two has no handler"),
    ] {
        let task = g.begin(kind, point, name, ());
        let e = g.outcome(task).unwrap().unwrap_err();
        assert!(e.code == Code::Internal && e.source == Source::Plugin && e.detail.starts_with(text), "{}", e);
    }
    let task = g.begin(RequestKind::Health, "", "", ());
    assert!(g.outcome(task).unwrap().is_ok(), "without a check the plugin is well");
}

record! {
    struct Settings { token: String, retries: u8 = 3 }
    struct Params { phone: String, parts: u8 }
}

async fn typed(task: Task<Settings>, p: Params) -> Result<String, Error> {
    patchbay::info!("{} parts", p.parts);
    Ok(format!("{} {} {}", p.phone, task.settings().token, task.settings().retries))
}

fn plugin() -> Plugin<Settings> {
    Plugin::new().operation(POINT, "typed", typed).health(|task: Task<Settings>| async move {
        match task.settings().retries {
            3 => Ok(()),
            _ => Err(Error::unavailable("Acme", "too many retries").retry_after(std::time::Duration::from_secs(2))),
        }
    })
}

#[test]
fn settings_and_parameters_are_checked_by_their_type() {
    let refused = Guest::start(plugin(), object! { "retries" => 1 }).err().expect("settings without a token");
    assert_eq!(
        (refused.code, refused.message.as_str(), refused.detail.as_str()),
        (Code::Invalid, "token", "it is missing")
    );

    let mut g = Guest::start(plugin(), object! { "token" => "t" }).unwrap();
    let task = g.operation(POINT, "typed", object! { "phone" => "+7", "parts" => 2, "more" => () });
    assert_eq!(g.outcome(task).unwrap().unwrap().as_str(), Some("+7 t 3"));
    assert_eq!(g.lines(), [(Level::Info, "2 parts".to_owned())]);

    for (params, name) in [
        (object! { "phone" => "+7", "parts" => 256 }, "parts"),
        (object! { "phone" => 7, "parts" => 2 }, "phone"),
        (object! { "phone" => (), "parts" => 2 }, "phone"),
    ] {
        let task = g.operation(POINT, "typed", params);
        let e = g.outcome(task).unwrap().unwrap_err();
        assert_eq!((e.code, e.message.as_str()), (Code::Invalid, name));
    }

    let mut g = Guest::start(plugin(), object! { "token" => "t", "retries" => 4 }).unwrap();
    let task = g.begin(RequestKind::Health, "", "", ());
    let e = g.outcome(task).unwrap().unwrap_err();
    assert_eq!((e.code, e.message.as_str(), e.sent, e.retry_ms), (Code::Unavailable, "Acme", false, 2000));
}

#[test]
fn what_a_task_knows() {
    let mut g = guest(Plugin::new().action("who", |task: Task<()>| async move {
        let phone = task.phone("phone");
        Ok(object! {
            "texts" => [task.instance(), task.user(), task.request_id(), task.point(), task.name(), phone.e164, phone.region],
            "timeout" => task.timeout().as_millis() as u64,
            "param" => task.param("phone"),
            "action" => task.kind() == RequestKind::Action,
        })
    }));
    let task = g.begin(RequestKind::Action, "", "who", object! { "phone" => 8 });
    let got: OwnedValue = g.outcome(task).unwrap().unwrap();
    let texts: Vec<String> = got.get("texts").elements().map(Value::text).collect();
    assert_eq!(texts.join("|"), "test|tester|0197f3||who||");
    assert_eq!(
        (got.get("timeout").int(), got.get("param").as_str(), got.get("action").as_bool()),
        (Some(10_000), Some("8"), Some(true))
    );
}
