//! What a company sets for the eFaktura route, and whether it makes sense.
//!
//! The service's address and login are not here: they are the hub's, kept under the name in [`EfakturaSetup::service`].

use std::time::Duration;

use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::BankAccount;
use kvitt_domain::pdf_facts::PrintLimits;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lookup::Identity;
use super::soap;
use crate::route::RouteSetup;

/// The hold budget of the route (design decision): an outage may hold a bill until four days before it is due, so that the next
/// route is still in time.
const DAYS_BEFORE_DUE: u32 = 4;

/// Bills may be due so far ahead; a longer hold budget is a typing mistake.
const MOST_DAYS_BEFORE_DUE: u64 = 366;

/// How long a lot waits for company before it is sent.
const LOT_OPEN_SECONDS: u32 = 60;

/// A lot that is open for more than a day makes no sense: the register's answers are asked for again every quarter of an hour.
const MOST_LOT_OPEN_SECONDS: u64 = 24 * 3600;

/// How long the service may take until it knows of a shipment that it got. Unconfirmed, so a setting.
const SETTLE_MINUTES: u32 = 15;

/// Much longer than any service takes, much shorter than a due-date budget.
const MOST_SETTLE_MINUTES: u64 = 24 * 60;

/// The service's field has so many characters.
const LONGEST_BRAND: usize = 40;

/// The company's settings of the eFaktura route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EfakturaSetup {
    /// The bank accounts that are registered for the company with the service, eleven digits each.
    pub accounts: Vec<String>,
    /// The name under which the hub keeps the service (`[http.<name>]`).
    #[serde(default = "service")]
    pub service: String,
    /// The name that the consumer sees in the netbank; the issuer's own where empty.
    #[serde(default)]
    pub brand_name: String,
    /// Whether an invoice without a sound KID is refused; else it goes without one, with a warning.
    #[serde(default)]
    pub strict_kid: bool,
    /// Whether a fødselsnummer may be sent to look a consumer up.
    #[serde(default)]
    pub send_identity_numbers: bool,
    /// Whether an attachment that is no PDF, which the netbank does not show, closes the route; else it is a warning.
    #[serde(default)]
    pub other_attachments: OtherAttachments,
    /// What the bill host shows of one bill: the same as fits into a printed letter, where nothing else is set.
    #[serde(default = "most_pages")]
    pub most_pages: u32,
    /// The PDF of the bill and its attachments.
    #[serde(default = "most_files")]
    pub most_files: u32,
    /// The size of each of them.
    #[serde(default = "most_file_bytes")]
    pub most_file_bytes: u64,
    /// An outage may hold a bill until the end of the day so many days before the due date.
    #[serde(default = "days_before_due")]
    pub days_before_due: u32,
    /// At most so many bills in a shipment.
    #[serde(default = "lot_size")]
    pub lot_size: u32,
    /// So long a lot that is not full waits for more.
    #[serde(default = "lot_open_seconds")]
    pub lot_open_seconds: u32,
    /// How long after a shipment "unknown" may still mean "not yet known".
    #[serde(default = "settle_minutes")]
    pub settle_minutes: u32,
}

/// What becomes of attachments that are no PDFs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherAttachments {
    /// The route is closed: the document goes where they can go with it.
    #[default]
    Refuse,
    /// The bill goes without them, and the plan says so.
    LeaveOut,
}

fn service() -> String {
    "mps".to_owned()
}

fn most_pages() -> u32 {
    PrintLimits::default().pages_per_letter
}

fn most_files() -> u32 {
    PrintLimits::default().files_per_letter
}

fn most_file_bytes() -> u64 {
    PrintLimits::default().bytes_per_file
}

fn days_before_due() -> u32 {
    DAYS_BEFORE_DUE
}

fn lot_size() -> u32 {
    u32::try_from(soap::AT_MOST).expect("a thousand is a u32")
}

fn lot_open_seconds() -> u32 {
    LOT_OPEN_SECONDS
}

fn settle_minutes() -> u32 {
    SETTLE_MINUTES
}

impl EfakturaSetup {
    /// Whether fødselsnumre may be sent.
    pub fn identity(&self) -> Identity {
        if self.send_identity_numbers { Identity::MaySend } else { Identity::Kept }
    }

    /// What the bill host shows of one bill.
    pub fn limits(&self) -> PrintLimits {
        PrintLimits {
            pages_per_letter: self.most_pages,
            files_per_letter: self.most_files,
            bytes_per_file: self.most_file_bytes,
            ..PrintLimits::default()
        }
    }

    /// How long after a shipment "unknown" may still mean "not yet known".
    pub fn settle(&self) -> Duration {
        Duration::from_secs(u64::from(self.settle_minutes) * 60)
    }
}

/// What a setting holds.
enum Kind {
    /// Bank accounts, at least one.
    Accounts,
    /// Any text that is not empty.
    Text,
    /// Any text of at most so many characters.
    Short(usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number in this range.
    Within(u64, u64),
    /// True or false.
    YesNo,
}

const SETTINGS: [(&str, Kind); 13] = [
    ("accounts", Kind::Accounts),
    ("service", Kind::Text),
    ("brand_name", Kind::Short(LONGEST_BRAND)),
    ("strict_kid", Kind::YesNo),
    ("send_identity_numbers", Kind::YesNo),
    ("other_attachments", Kind::OneOf(&["refuse", "leave_out"])),
    ("most_pages", Kind::Within(1, u32::MAX as u64)),
    ("most_files", Kind::Within(1, u32::MAX as u64)),
    ("most_file_bytes", Kind::Within(1, i64::MAX as u64)),
    ("days_before_due", Kind::Within(0, MOST_DAYS_BEFORE_DUE)),
    ("lot_size", Kind::Within(1, soap::AT_MOST as u64)),
    ("lot_open_seconds", Kind::Within(0, MOST_LOT_OPEN_SECONDS)),
    ("settle_minutes", Kind::Within(0, MOST_SETTLE_MINUTES)),
];

/// The one setting without a default.
const REQUIRED: &str = "accounts";

/// A company's set-up, or everything that is wrong with it; that there is none is wrong too.
pub fn read(row: Option<&RouteSetup>) -> Result<EfakturaSetup, Vec<Fault>> {
    let not_set_up = || vec![Fault::fatal(codes::ROUTE_NOT_SET_UP).with("route", super::NAME)];
    let row = row.ok_or_else(not_set_up)?;
    let faults = check(row);
    if faults.is_empty() { row.read().map_err(|_| not_set_up()) } else { Err(faults) }
}

/// Everything that is wrong with a set-up row, all at once. Where it answers nothing, the row reads as [`EfakturaSetup`].
pub fn check(setup: &RouteSetup) -> Vec<Fault> {
    let Some(row) = setup.0.as_object() else {
        return vec![wrong("efaktura".to_owned(), &setup.0)];
    };
    let known = SETTINGS.iter().flat_map(|(name, kind)| {
        let place = format!("efaktura.{name}");
        match row.get(*name) {
            None if *name == REQUIRED => vec![Fault::fatal(codes::SETUP_MISSING).at(place)],
            None => vec![],
            Some(Value::Array(values)) if matches!(kind, Kind::Accounts) && !values.is_empty() => {
                values.iter().filter(|value| !is_account(value)).map(|value| wrong(place.clone(), value)).collect()
            }
            Some(value) if kind.takes(value) => vec![],
            Some(value) => vec![wrong(place, value)],
        }
    });
    let unknown = row
        .keys()
        .filter(|name| SETTINGS.iter().all(|(known, _)| known != name))
        .map(|name| Fault::fatal(codes::SETUP_UNKNOWN).at(format!("efaktura.{}", cut(name))));
    known.chain(unknown).collect()
}

impl Kind {
    fn takes(&self, value: &Value) -> bool {
        match self {
            // Read one by one, so that the wrong one is named.
            Kind::Accounts => false,
            Kind::Text => value.as_str().is_some_and(|text| !text.trim().is_empty()),
            Kind::Short(most) => value.as_str().is_some_and(|text| text.chars().count() <= *most),
            Kind::OneOf(words) => value.as_str().is_some_and(|text| words.contains(&text)),
            Kind::Within(least, most) => value.as_u64().is_some_and(|number| (*least..=*most).contains(&number)),
            Kind::YesNo => value.is_boolean(),
        }
    }
}

/// Eleven digits as they are compared with the document's: without spaces or dots.
fn is_account(value: &Value) -> bool {
    value.as_str().is_some_and(|text| BankAccount::parse(text).is_ok_and(|account| account.as_str() == text))
}

fn wrong(place: String, value: &Value) -> Fault {
    Fault::fatal(codes::SETUP_VALUE).at(place).with("value", cut(&value.to_string()))
}

/// A wrong value is shown, but not a wall of it.
fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_row(row: Value, expected: &[(&str, &str)]) {
        let setup = RouteSetup(row.clone());
        let faults = check(&setup);
        let found: Vec<(&str, &str)> = faults.iter().map(|fault| (fault.code.name(), fault.place.as_str())).collect();
        assert_eq!(found, expected, "{row}");
        // The check and the type must agree on what can be read.
        if faults.is_empty() {
            setup.read::<EfakturaSetup>().unwrap_or_else(|error| panic!("{row}: {error}"));
        }
    }

    #[test]
    fn a_row_with_an_account_is_enough() {
        check_row(json!({"accounts": ["86011117947"]}), &[]);
        let setup: EfakturaSetup = RouteSetup(json!({"accounts": ["86011117947"]})).read().unwrap();
        assert_eq!((setup.identity(), setup.days_before_due, setup.lot_size), (Identity::Kept, 4, 1_000));
        assert_eq!((setup.service.as_str(), setup.other_attachments), ("mps", OtherAttachments::Refuse));
    }

    #[test]
    fn every_setting_can_be_set() {
        check_row(
            json!({
                "accounts": ["86011117947"], "service": "mps_test", "brand_name": "Nordlys", "strict_kid": true,
                "send_identity_numbers": true, "other_attachments": "leave_out", "days_before_due": 5,
                "most_pages": 20, "most_files": 1, "most_file_bytes": 1_000_000, "lot_size": 1,
                "lot_open_seconds": 0, "settle_minutes": 30,
            }),
            &[],
        );
    }

    #[test]
    fn every_fault_is_told_at_once() {
        check_row(json!({"service": ""}), &[("setup.missing", "efaktura.accounts"), ("setup.value", "efaktura.service")]);
        check_row(
            json!({
                "accounts": ["86011117947", "86011117948", 7], "brand_name": "x".repeat(41), "lot_size": 1001,
                "other_attachments": "drop", "days_before_due": -1, "strict_kid": null, "colour": "red",
            }),
            &[
                ("setup.value", "efaktura.accounts"),
                ("setup.value", "efaktura.accounts"),
                ("setup.value", "efaktura.brand_name"),
                ("setup.value", "efaktura.strict_kid"),
                ("setup.value", "efaktura.other_attachments"),
                ("setup.value", "efaktura.days_before_due"),
                ("setup.value", "efaktura.lot_size"),
                ("setup.unknown", "efaktura.colour"),
            ],
        );
        check_row(json!({"accounts": []}), &[("setup.value", "efaktura.accounts")]);
        check_row(json!("efaktura"), &[("setup.value", "efaktura")]);
    }
}
