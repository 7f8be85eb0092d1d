//! Parameters and results of the extension points of the modules that come with
//! Patchbay, for handlers with typed parameters.

use crate::record;

/// `sms.provider`
pub mod sms {
    use super::record;
    use crate::{FromValue, Misfit, OwnedValue, ToValue, Value};

    /// The name of the extension point.
    pub const POINT: &str = "sms.provider";

    record! {
        /// Parameters of `send`.
        #[derive(Clone, Debug)]
        pub struct Sms {
            /// E.164: `+79190000000`.
            pub phone: String,
            pub message: String,
            /// Empty: the provider's own.
            pub originator: String = String::new(),
            /// Our id of the message, unique.
            pub reference: String,
            /// `gsm7` or `ucs2`, what the text needs.
            pub encoding: String = String::from("ucs2"),
            /// Parts that it makes; 0 when unknown.
            pub segments: u32 = 0,
            /// Where the aggregator may report deliveries; empty when that is off.
            pub receipt_url: String = String::new(),
        }

        /// Result of `send`.
        #[derive(Clone, Debug)]
        pub struct Sent {
            /// The aggregator's id, empty when it gives none.
            pub message_id: String,
            /// Ids of the parts, for aggregators that give more than one.
            pub part_ids: Option<Vec<String>>,
        }

        /// Parameters of `status`.
        #[derive(Clone, Debug)]
        pub struct StatusQuery {
            pub message_id: String = String::new(),
            pub reference: String = String::new(),
            pub phone: String = String::new(),
        }

        /// Result of `status`.
        #[derive(Clone, Debug)]
        pub struct Status {
            pub status: Delivery,
            /// The aggregator's own words.
            pub detail: String,
            /// RFC 3339, empty when it does not say.
            pub at: String,
        }

        /// Result of `balance`.
        #[derive(Clone, Debug)]
        pub struct Balance {
            /// Decimal text.
            pub amount: String,
            /// ISO 4217: `RUB`.
            pub currency: String,
        }

        /// Parameters of `receipt`: an HTTP request that came to the webhook of this
        /// instance. [`Error::invalid`](crate::Error::invalid) is answered with 400.
        #[derive(Clone, Debug)]
        pub struct Webhook {
            pub method: String = String::from("GET"),
            /// A map of texts.
            pub query: OwnedValue,
            /// A map of texts, names in lower case.
            pub header: OwnedValue,
            pub content_type: String = String::new(),
            pub body: String = String::new(),
            /// The body parsed by its type, missing when it is not.
            pub data: OwnedValue,
        }

        /// The report about one SMS; at least one of both ids names it.
        #[derive(Clone, Debug)]
        pub struct Receipt {
            pub message_id: String,
            pub reference: String,
            pub status: Delivery,
            pub detail: String,
            pub at: String,
        }

        /// Result of `receipt`: what to store, and what to answer once it is stored.
        #[derive(Clone, Debug)]
        pub struct Receipts {
            pub receipts: Vec<Receipt>,
            /// `None` is an empty 200.
            pub answer: Option<WebhookAnswer>,
        }

        /// What the aggregator reads.
        #[derive(Clone, Debug)]
        pub struct WebhookAnswer {
            pub status: u16,
            pub content_type: String,
            pub body: String,
        }
    }

    /// What became of an SMS.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Delivery {
        Accepted,
        Sent,
        Delivered,
        Undelivered,
        Expired,
        Rejected,
        Unknown,
    }

    impl Delivery {
        pub fn as_str(self) -> &'static str {
            match self {
                Delivery::Accepted => "accepted",
                Delivery::Sent => "sent",
                Delivery::Delivered => "delivered",
                Delivery::Undelivered => "undelivered",
                Delivery::Expired => "expired",
                Delivery::Rejected => "rejected",
                Delivery::Unknown => "unknown",
            }
        }
    }

    impl ToValue for Delivery {
        fn put(&self, out: &mut Vec<u8>) {
            self.as_str().put(out);
        }
    }

    /// What is not one of them reads as unknown.
    impl FromValue for Delivery {
        fn from_value(v: &Value) -> Result<Delivery, Misfit> {
            use Delivery::*;
            let known = [Accepted, Sent, Delivered, Undelivered, Expired, Rejected];
            Ok(known.into_iter().find(|d| v.as_str() == Some(d.as_str())).unwrap_or(Unknown))
        }
    }

    impl Sent {
        pub fn new(message_id: impl Into<String>) -> Sent {
            Sent { message_id: message_id.into(), part_ids: None }
        }
    }
}

/// `onlinestat.source`
pub mod onlinestat {
    use super::record;

    /// The name of the extension point.
    pub const POINT: &str = "onlinestat.source";

    record! {
        /// Parameters of `get`.
        #[derive(Clone, Debug)]
        pub struct Project {
            pub id: String as "project_id",
        }

        /// Operators of one project.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Counts {
            pub logged_in: Option<i64> as "cntLoggedIn",
            pub ready: i64 as "cntReady",
            pub not_ready: i64 as "cntNotReady",
            pub talking: i64 as "cntTalking",
        }
    }
}

/// `report.source`
pub mod report {
    use super::record;
    use crate::OwnedValue;

    /// The name of the extension point.
    pub const POINT: &str = "report.source";

    record! {
        /// Parameters of `rows`.
        #[derive(Clone, Debug)]
        pub struct Period {
            /// `YYYY-MM-DD`, whole days, both ends included, or `YYYY-MM-DD HH:MM:SS`.
            pub start: String as "start_date",
            pub stop: String as "stop_date",
            /// 0: the source's own.
            pub limit: u32 = 0,
            pub cursor: String = String::new(),
            pub zone: String as "tz" = String::new(),
        }

        /// Result of `rows`.
        #[derive(Clone, Debug)]
        pub struct Page {
            /// An array of maps with equal keys.
            pub rows: OwnedValue,
            /// Cursor of the next page, empty at the end.
            pub next: String,
        }
    }
}
