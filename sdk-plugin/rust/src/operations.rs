//! Operations of the gateway besides HTTP, as methods of [`Task`].

use crate::codec::{put_array, put_bool, put_bytes, put_int, put_str, put_uint, CodecError};
use crate::error::{Code, Error, Source};
use crate::host::{self, Import};
use crate::message::Attachment;
use crate::object::ToValue;
use crate::task::Task;
use crate::value::OwnedValue;
use std::time::Duration;

/// A configured instance that serves an extension point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub instance: String,
    pub plugin: String,
    pub ready: bool,
}

/// What came of an SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsResult {
    /// The aggregator accepted it.
    Ok,
    /// It was certainly not accepted.
    Error,
    /// It may have been accepted.
    Unknown,
}

/// Which page of a report of the journal.
#[derive(Clone, Debug, Default)]
pub struct ReportPage<'a> {
    /// `sms`, `request` or `badRequest`.
    pub kind: &'a str,
    /// `YYYY-MM-DD`, whole days, both ends included, or `YYYY-MM-DD HH:MM:SS`.
    pub start: &'a str,
    pub stop: &'a str,
    /// IANA name; empty is the gateway's.
    pub zone: &'a str,
    /// 0 is the default.
    pub limit: u32,
    pub cursor: &'a str,
    /// Adds the columns that the manual leaves out.
    pub extended: bool,
}

/// A call to place.
#[derive(Clone, Debug, Default)]
pub struct Originate<'a> {
    pub called: &'a str,
    pub caller: &'a str,
    pub account: &'a str,
    /// Empty: the gateway picks one.
    pub node: &'a str,
}

/// A request that is an array of texts.
fn texts(parts: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    put_array(&mut out, parts.len());
    parts.iter().for_each(|s| put_str(&mut out, s));
    out
}

impl<S> Task<S> {
    async fn ask(&self, import: Import, parts: &[&str]) -> Result<OwnedValue, Error> {
        self.begin(import, texts(parts)).await
    }

    /// Reads an entry of the plugin's own store.
    pub async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.ask(host::KV_GET, &[key]).await {
            Ok(v) => Ok(Some(v.as_bytes().unwrap_or_default().to_vec())),
            Err(e) if e.code == Code::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Writes an entry, which lives for `ttl` in whole seconds, or for ever.
    pub async fn kv_put(&self, key: &str, value: &[u8], ttl: Option<Duration>) -> Result<(), Error> {
        let mut q = Vec::with_capacity(key.len() + value.len() + 16);
        put_array(&mut q, 3);
        put_str(&mut q, key);
        put_bytes(&mut q, value);
        // A time below a second is not "for ever", which 0 would be.
        put_uint(&mut q, ttl.map_or(0, |d| d.as_secs().clamp(1, i64::MAX as u64)));
        self.begin(host::KV_PUT, q).await.map(drop)
    }

    /// Removes an entry; it is no error when there is none.
    pub async fn kv_delete(&self, key: &str) -> Result<(), Error> {
        self.ask(host::KV_DELETE, &[key]).await.map(drop)
    }

    /// The entries below a prefix in the order of their keys.
    pub async fn kv_list(&self, prefix: &str, limit: u32) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let mut q = Vec::with_capacity(prefix.len() + 16);
        put_array(&mut q, 2);
        put_str(&mut q, prefix);
        put_uint(&mut q, u64::from(limit));
        let list = self.begin(host::KV_LIST, q).await?;
        Ok(list.elements().map(|e| (e.at(0).text(), e.at(1).as_bytes().unwrap_or_default().to_vec())).collect())
    }

    /// The instances that serve an extension point, in the operator's order.
    pub async fn providers(&self, point: &str) -> Result<Vec<Provider>, Error> {
        let list = self.ask(host::PROVIDER_LIST, &[point]).await?;
        let provider = |e: &crate::Value| Provider {
            instance: e.at(0).text(),
            plugin: e.at(1).text(),
            ready: e.at(2).as_bool().unwrap_or(false),
        };
        Ok(list.elements().map(provider).collect())
    }

    /// Asks a provider instance to do an operation and returns the body of its
    /// reply. `timeout` zero is the task's.
    pub async fn call_provider(
        &self,
        instance: &str,
        point: &str,
        operation: &str,
        params: impl ToValue,
        timeout: Duration,
    ) -> Result<OwnedValue, Error> {
        let mut q = Vec::new();
        put_array(&mut q, 5);
        put_str(&mut q, point);
        put_str(&mut q, operation);
        put_str(&mut q, instance);
        params.put(&mut q);
        put_uint(&mut q, timeout.as_millis().min(i32::MAX as u128) as u64);
        self.begin(host::PROVIDER_CALL, q).await
    }

    /// Records the intent to send an SMS and returns the id of the record, which is
    /// on disk then. Send only afterwards.
    pub async fn begin_sms(&self, fields: impl ToValue) -> Result<String, Error> {
        let mut q = Vec::new();
        put_array(&mut q, 2);
        put_str(&mut q, "sms");
        fields.put(&mut q);
        Ok(self.begin(host::JOURNAL_BEGIN, q).await?.text())
    }

    /// Records what came of it.
    pub async fn end_sms(&self, id: &str, result: SmsResult, fields: impl ToValue) -> Result<(), Error> {
        let mut q = Vec::new();
        put_array(&mut q, 4);
        put_str(&mut q, "sms");
        put_str(&mut q, id);
        put_str(
            &mut q,
            match result {
                SmsResult::Ok => "OK",
                SmsResult::Error => "error",
                SmsResult::Unknown => "unknown",
            },
        );
        fields.put(&mut q);
        self.begin(host::JOURNAL_END, q).await.map(drop)
    }

    /// Opens a page of a report of the journal.
    pub async fn report(&self, page: ReportPage<'_>) -> Result<Attachment, Error> {
        let mut q = Vec::new();
        put_array(&mut q, 7);
        put_str(&mut q, page.kind);
        put_str(&mut q, page.start);
        put_str(&mut q, page.stop);
        put_str(&mut q, page.zone);
        put_int(&mut q, i64::from(page.limit.min(i32::MAX as u32)));
        put_str(&mut q, page.cursor);
        put_bool(&mut q, page.extended);
        attachment(host::JOURNAL_REPORT, self.begin(host::JOURNAL_REPORT, q).await?)
    }

    /// The users: an array of maps with `username` and `status`.
    pub async fn users(&self) -> Result<OwnedValue, Error> {
        self.ask(host::USERS_LIST, &[]).await
    }

    /// Places a call and returns a map with `uuid` and `node`. The gateway checks
    /// the numbers and builds the dial string.
    pub async fn originate(&self, call: Originate<'_>) -> Result<OwnedValue, Error> {
        self.ask(host::FREESWITCH_ORIGINATE, &[call.called, call.caller, call.account, call.node]).await
    }

    /// The queues of all nodes: maps with 19 columns, all texts.
    pub async fn queues(&self) -> Result<OwnedValue, Error> {
        self.ask(host::FREESWITCH_QUEUES, &[]).await
    }

    /// The tiers of all nodes: maps with queue, agent, state, level and position.
    pub async fn tiers(&self) -> Result<OwnedValue, Error> {
        self.ask(host::FREESWITCH_TIERS, &[]).await
    }

    /// The agents of all nodes.
    pub async fn agents(&self) -> Result<OwnedValue, Error> {
        self.ask(host::FREESWITCH_AGENTS, &[]).await
    }

    /// The live channels of all nodes.
    pub async fn channels(&self) -> Result<OwnedValue, Error> {
        self.ask(host::FREESWITCH_CHANNELS, &[]).await
    }

    /// The call detail record of a call; [`Code::NotFound`] for an unknown one.
    pub async fn cdr(&self, call: &str) -> Result<OwnedValue, Error> {
        self.ask(host::FREESWITCH_CDR, &[call]).await
    }

    /// Opens the recording of a call; [`Code::Conflict`] while it is being written.
    pub async fn recording(&self, call: &str) -> Result<Attachment, Error> {
        attachment(host::FREESWITCH_RECORDING, self.ask(host::FREESWITCH_RECORDING, &[call]).await?)
    }
}

fn attachment(import: Import, body: OwnedValue) -> Result<Attachment, Error> {
    Attachment::decode(body.encoded())
        .map_err(|e: CodecError| Error::new(Code::Internal, Source::Host, "", format!("{}: {}", import.name, e)))
}
