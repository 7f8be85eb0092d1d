//! Patchbay plugins in Rust.
//!
//! ```
//! use patchbay::points::sms::{Sent, Sms};
//! use patchbay::{object, record, Error, Plugin, Request, Task};
//!
//! record! { pub struct Settings { pub url: String, pub token: String } }
//!
//! async fn send(task: Task<Settings>, sms: Sms) -> Result<Sent, Error> {
//!     let s = task.settings();
//!     let request = Request::post(&s.url).bearer(&s.token).json(object! { "to" => sms.phone, "text" => sms.message });
//!     let answer = task.fetch(request).await.map_err(|e| Error::unavailable("Acme", e))?;
//!     match answer.status {
//!         200 => Ok(Sent::new(answer.data().path("id").text())),
//!         400..=499 => Err(Error::refused("Acme", answer.summary())),
//!         _ => Err(Error::uncertain("Acme", answer.summary())),
//!     }
//! }
//!
//! patchbay::plugin!(Plugin::<Settings>::new().operation("sms.provider", "send", send));
//! ```
//!
//! An operation such as [`Task::fetch`] suspends only its task; the guest serves
//! thousands of others meanwhile. Nothing runs in parallel inside a guest: between
//! two `.await`s a handler has it for itself.
//!
//! A panic ends the guest with every task in it, because WebAssembly cannot unwind
//! yet: return errors, and use `get` instead of indexing.

#![forbid(unsafe_op_in_unsafe_fn)]
#![warn(rust_2018_idioms)]

pub mod codec;
mod error;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod exports;
mod guest;
mod host;
mod http;
mod message;
mod object;
mod operations;
mod plugin;
pub mod points;
mod record;
mod task;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
mod value;

pub use codec::{CodecError, Kind};
pub use error::{Cause, Code, Error, Source};
pub use guest::Serve;
pub use host::{log, Level};
pub use http::{Parse, Request, Response};
pub use message::{decode_answer, Attachment, Format, Reader, Reply, RequestKind, TaskRequest};
pub use object::{Bytes, List, Object, ToValue};
pub use operations::{Originate, Provider, ReportPage, SmsResult};
pub use plugin::{Handler, IntoReply, Plugin};
pub use record::{FromValue, Misfit};
pub use task::{Phone, Task};
pub use text::{base64, percent_encode};
pub use value::{Elements, Entries, OwnedValue, Value};

/// Makes a crate a plugin: `plugin!(Plugin::<Settings>::new()…);`, once, in `lib.rs`.
///
/// For tests outside a guest there is the function `plugin()`, which returns the
/// same; see [`testing`](mod@testing).
#[macro_export]
macro_rules! plugin {
    ($plugin:expr) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            fn plugin() -> ::std::boxed::Box<dyn $crate::Serve> {
                ::std::boxed::Box::new($plugin)
            }

            #[no_mangle]
            extern "C" fn patchbay_abi() -> u32 {
                $crate::exports::version()
            }

            #[no_mangle]
            extern "C" fn patchbay_buffer(size: u32) -> *mut u8 {
                $crate::exports::buffer(size)
            }

            #[no_mangle]
            extern "C" fn patchbay_start(task: u32, len: u32) -> u32 {
                $crate::exports::start(task, len, plugin)
            }

            #[no_mangle]
            extern "C" fn patchbay_resume(task: u32, len: u32) -> u32 {
                $crate::exports::resume(task, len, plugin)
            }

            #[no_mangle]
            extern "C" fn patchbay_cancel(task: u32) {
                $crate::exports::cancel(task)
            }
        };

        /// The plugin, for tests.
        #[cfg(not(target_arch = "wasm32"))]
        #[allow(dead_code)]
        pub fn plugin() -> impl $crate::Serve {
            $plugin
        }
    };
}
