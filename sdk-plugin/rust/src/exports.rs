//! The exports of a guest; [`plugin!`](crate::plugin) writes the functions around
//! them.

use crate::guest::{Guest, Serve, State};
use std::cell::{Cell, RefCell};

/// The contract version.
pub const VERSION: u32 = 1;

thread_local! {
    static GUEST: RefCell<Option<Guest>> = RefCell::default();
    /// Where the gateway writes the next message. It uses it again without asking
    /// as long as messages fit, so everything is copied out of it at once.
    static INBOUND: RefCell<Vec<u8>> = RefCell::default();
    static BOOTED: Cell<bool> = Cell::default();
}

extern "C" {
    fn __wasm_call_ctors();
}

/// Runs constructors and makes panics readable, once.
///
/// Without a mention of `__wasm_call_ctors` the linker would take the file for a
/// command and run constructors and destructors around each export. It is not done
/// in an `_initialize` of our own because newer versions of rustc link wasi-libc's.
fn boot() {
    if BOOTED.with(|b| b.replace(true)) {
        return;
    }
    // SAFETY: the linker makes this function; it takes nothing and is called once.
    unsafe { __wasm_call_ctors() }
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)");
        let line = match info.location() {
            Some(at) => format!("panic: {} ({}:{})", text, at.file(), at.line()),
            None => format!("panic: {}", text),
        };
        report(&line);
    }));
}

/// The gateway takes the last words on standard error as the reason of a crash.
#[cfg(target_os = "wasi")]
fn report(line: &str) {
    eprintln!("{}", line);
}

#[cfg(not(target_os = "wasi"))]
fn report(line: &str) {
    crate::error!("{}", line);
}

pub fn version() -> u32 {
    boot();
    VERSION
}

pub fn buffer(size: u32) -> *mut u8 {
    boot();
    INBOUND.with(|inbound| {
        let mut inbound = inbound.borrow_mut();
        if inbound.len() < size as usize {
            *inbound = vec![0; size as usize];
        }
        inbound.as_mut_ptr()
    })
}

fn with(len: u32, plugin: fn() -> Box<dyn Serve>, f: impl FnOnce(&mut Guest, &[u8]) -> State) -> u32 {
    INBOUND.with(|inbound| {
        let inbound = inbound.borrow();
        let message = inbound.get(..len as usize).unwrap_or_default(); // else the message is refused as malformed
        GUEST.with(|guest| f(guest.borrow_mut().get_or_insert_with(|| Guest::new(plugin())), message) as u32)
    })
}

pub fn start(task: u32, len: u32, plugin: fn() -> Box<dyn Serve>) -> u32 {
    with(len, plugin, |guest, message| guest.start(task, message))
}

pub fn resume(task: u32, len: u32, plugin: fn() -> Box<dyn Serve>) -> u32 {
    with(len, plugin, |guest, message| guest.resume(task, message))
}

pub fn cancel(task: u32) {
    GUEST.with(|guest| {
        if let Some(guest) = guest.borrow_mut().as_mut() {
            guest.cancel(task);
        }
    });
}
