//! The border: what the gateway offers to a guest. Elsewhere than in a guest a
//! recorder stands in, which [`testing`](crate::testing) reads.

/// Levels of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Debug = 2,
    Info = 3,
    Warn = 4,
    Error = 5,
}

/// Writes one line to the plugin's log; the macros [`info!`](crate::info) and so on
/// are shorter. Do not log secrets, telephone numbers or texts of messages.
pub fn log(level: Level, line: &str) {
    border::log(level, line);
}

pub(crate) fn reply(task: u32, message: &[u8]) {
    border::reply(task, message);
}

/// An operation of the gateway. The linker drops the imports of operations that a
/// plugin never begins, so the import section of its file lists exactly what it
/// can do.
#[derive(Clone, Copy)]
pub struct Import {
    pub name: &'static str,
    #[cfg(target_arch = "wasm32")]
    begin: unsafe extern "C" fn(u32, *const u8, usize),
}

impl Import {
    /// Begins the operation; the gateway reads the request before this returns.
    pub fn begin(&self, task: u32, request: &[u8]) {
        border::begin(self, task, request);
    }
}

macro_rules! operations {
    ($($constant:ident $name:ident)*) => {
        #[cfg(target_arch = "wasm32")]
        mod imports {
            #[link(wasm_import_module = "patchbay")]
            extern "C" {
                $(pub fn $name(task: u32, request: *const u8, len: usize);)*
            }
        }

        $(pub(crate) const $constant: Import = Import {
            name: stringify!($name),
            #[cfg(target_arch = "wasm32")]
            begin: imports::$name,
        };)*
    };
}

operations! {
    HTTP_FETCH http_fetch
    KV_GET kv_get
    KV_PUT kv_put
    KV_DELETE kv_delete
    KV_LIST kv_list
    PROVIDER_LIST provider_list
    PROVIDER_CALL provider_call
    JOURNAL_BEGIN journal_begin
    JOURNAL_END journal_end
    JOURNAL_REPORT journal_report
    USERS_LIST users_list
    FREESWITCH_ORIGINATE freeswitch_originate
    FREESWITCH_QUEUES freeswitch_queues
    FREESWITCH_TIERS freeswitch_tiers
    FREESWITCH_AGENTS freeswitch_agents
    FREESWITCH_CHANNELS freeswitch_channels
    FREESWITCH_CDR freeswitch_cdr
    FREESWITCH_RECORDING freeswitch_recording
}

#[cfg(target_arch = "wasm32")]
mod border {
    use super::{Import, Level};

    mod imports {
        #[link(wasm_import_module = "patchbay")]
        extern "C" {
            pub fn reply(task: u32, message: *const u8, len: usize);
            pub fn log(level: u32, line: *const u8, len: usize);
        }
    }

    // SAFETY of all three: the gateway only reads the bytes, and only before the
    // import returns.

    pub fn reply(task: u32, message: &[u8]) {
        unsafe { imports::reply(task, message.as_ptr(), message.len()) }
    }

    pub fn log(level: Level, line: &str) {
        unsafe { imports::log(level as u32, line.as_ptr(), line.len()) }
    }

    pub fn begin(import: &Import, task: u32, request: &[u8]) {
        unsafe { (import.begin)(task, request.as_ptr(), request.len()) }
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod border {
    use super::{Import, Level};
    use std::cell::RefCell;

    /// What a guest told the gateway.
    pub enum Event {
        Reply(u32, Vec<u8>),
        Begin(u32, &'static str, Vec<u8>),
    }

    thread_local! {
        static EVENTS: RefCell<Vec<Event>> = RefCell::default();
        static LINES: RefCell<Vec<(Level, String)>> = RefCell::default();
    }

    pub fn take_events() -> Vec<Event> {
        EVENTS.with(|e| std::mem::take(&mut *e.borrow_mut()))
    }

    pub fn take_lines() -> Vec<(Level, String)> {
        LINES.with(|l| std::mem::take(&mut *l.borrow_mut()))
    }

    pub fn reply(task: u32, message: &[u8]) {
        EVENTS.with(|e| e.borrow_mut().push(Event::Reply(task, message.to_vec())));
    }

    pub fn log(level: Level, line: &str) {
        LINES.with(|l| l.borrow_mut().push((level, line.to_owned())));
    }

    pub fn begin(import: &Import, task: u32, request: &[u8]) {
        EVENTS.with(|e| e.borrow_mut().push(Event::Begin(task, import.name, request.to_vec())));
    }
}

/// Logs at level debug, like `format!`.
#[macro_export]
macro_rules! debug {
    ($($arg:tt)*) => { $crate::log($crate::Level::Debug, &::std::format!($($arg)*)) };
}

/// Logs at level info, like `format!`.
#[macro_export]
macro_rules! info {
    ($($arg:tt)*) => { $crate::log($crate::Level::Info, &::std::format!($($arg)*)) };
}

/// Logs at level warning, like `format!`.
#[macro_export]
macro_rules! warn {
    ($($arg:tt)*) => { $crate::log($crate::Level::Warn, &::std::format!($($arg)*)) };
}

/// Logs at level error, like `format!`.
#[macro_export]
macro_rules! error {
    ($($arg:tt)*) => { $crate::log($crate::Level::Error, &::std::format!($($arg)*)) };
}
