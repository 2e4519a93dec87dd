//! One request at work: what it may look at, and what it comes to.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{self, TimeZone};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::NAME;
use super::books::{House, Object, Shelf};
use super::refusals::Refused;
use crate::ledger::Line;

/// What a request may look at.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The company's books.
    pub house: &'a House,
    /// What the address says after `?`, in small letters as it must be.
    pub query: &'a [(String, String)],
    /// When, by the business clock.
    pub now: Timestamp,
}

/// What a request comes to.
#[derive(Debug, Default)]
pub struct Done {
    /// The HTTP status.
    pub status: u16,
    /// What is said, where it is JSON.
    pub body: Option<Value>,
    /// The word of the `Location` header, which is no address.
    pub location: Option<&'static str>,
    /// Records to be made or changed.
    pub puts: Vec<(Shelf, String, Object)>,
    /// Records to be taken away.
    pub gone: Vec<(Shelf, String)>,
    /// Lines of the ledger.
    pub lines: Vec<Line>,
    /// A file to keep, by id.
    pub file: Option<(String, Vec<u8>)>,
    /// A file to show, by id.
    pub shows: Option<String>,
    /// Does the connection close without a reply?
    pub hangs_up: bool,
}

/// What a request comes to, or why not.
pub type Outcome = Result<Done, Refused>;

impl Done {
    /// An answer that changes nothing.
    pub fn said(body: Value) -> Done {
        Done { status: 200, body: Some(body), ..Done::default() }
    }

    /// Something was made.
    pub fn made(body: Value, location: &'static str) -> Done {
        Done { status: 201, body: Some(body), location: Some(location), ..Done::default() }
    }

    /// Something was taken away.
    pub fn deleted() -> Done {
        Done { status: 204, ..Done::default() }
    }
}

impl<'a> Work<'a> {
    /// What the address says of this after `?`.
    pub fn asked(&self, name: &str) -> Option<&'a str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// What day it is in Stockholm.
    pub fn today(&self) -> Date {
        self.now.to_zoned(stockholm()).date()
    }

    /// A line of the ledger; `what` follows the company in the key.
    pub fn line(&self, kind: &str, what: &str, invoice: Option<&str>, recipient: &str, digested: &[u8]) -> Line {
        let company = self.house.organisation();
        Line {
            counterparty: NAME.to_owned(),
            kind: kind.to_owned(),
            key: format!("{company}/{what}"),
            company: Some(company),
            invoice: invoice.map(ToOwned::to_owned),
            recipient: recipient.to_owned(),
            digest: hex::encode(Sha256::digest(digested)),
            at: self.now,
            bill: None,
        }
    }
}

/// Where the service's days and times are told.
pub fn stockholm() -> TimeZone {
    tz::get!("Europe/Stockholm")
}

/// The text under a name; empty where there is none.
pub fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The day under a name.
pub fn day(object: &Object, name: &str) -> Option<Date> {
    text(object, name).parse().ok()
}

/// Is the flag under a name up?
pub fn flag(object: &Object, name: &str) -> bool {
    object.get(name).and_then(Value::as_bool).unwrap_or(false)
}
