//! What a company may set for AvtaleGiro, and whether it makes sense. Nothing is compulsory: by which way claims go, and whether payers
//! are told, stands in the agreement of the bank account (`kvitt_domain::agreement::DirectDebit`).
//!
//! Who hands the files in, and where the service is, is the operator's (`[avtalegiro]` in kvitt.toml); the hub adds it as [`House`],
//! and the way of the lot, whenever it asks the route something ([`completed`]).

use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp, ToSpan};
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::calendar;
use kvitt_domain::claim::{Claim, Deadlines};
use kvitt_domain::fault::{Fault, codes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::NAME;
use crate::route::{Closes, Lot, RouteSetup};
use crate::routes::efaktura::soap::AT_MOST;
use crate::settings::{self, Presence, Setting, is_within, is_yes_or_no, reads_as};

/// A file is closed in time for the rail's cut-off at 14:00: half an hour for a slow drop.
const FILE_CLOSES_AT: Time = Time::constant(13, 30, 0, 0);

/// All claims of a file are in memory together when it is written; a larger run is several files.
const CLAIMS_IN_A_FILE: u32 = 5_000;

/// How long a shipment waits for company before it is sent.
const LOT_OPEN_SECONDS: u32 = 60;

/// How long the service may take until it knows of a shipment that it got. Unconfirmed, so a setting.
const SETTLE_MINUTES: u32 = 15;

/// The bank lists what it received once a day.
const RECEIPT_HOURS: u32 = 30;

/// The company's settings of the route, with what the hub adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvtalegiroSetup {
    /// The rail's days, where they are others than usual; dated, because they change.
    #[serde(default)]
    pub deadlines: Vec<Deadlines>,
    /// When a file is closed, on bank days, in Oslo.
    #[serde(default = "file_closes_at")]
    pub file_closes_at: Time,
    /// So many claims fill a file.
    #[serde(default = "claims_in_a_file")]
    pub claims_in_a_file: u32,
    /// After so many hours without a receipt for a file a person is told.
    #[serde(default = "receipt_hours")]
    pub receipt_hours: u32,
    /// Whether the bank tells payers of claims in files, with the invoice's lines (type 21). Then nobody else does.
    #[serde(default)]
    pub bank_notice: bool,
    /// At most so many claims in a shipment by the service.
    #[serde(default = "lot_size")]
    pub lot_size: u32,
    /// So long a shipment that is not full waits for more.
    #[serde(default = "lot_open_seconds")]
    pub lot_open_seconds: u32,
    /// How long after a shipment "unknown" may still mean "not yet known".
    #[serde(default = "settle_minutes")]
    pub settle_minutes: u32,
    /// The way of the claims that are asked about. Added by the hub.
    #[serde(default)]
    pub way: ClaimWay,
    /// What is the operator's. Added by the hub.
    #[serde(default)]
    pub house: House,
}

/// What is the operator's and the same for all companies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct House {
    /// The customer unit of the data sender, eight digits; empty where it is not configured.
    #[serde(default)]
    pub customer_unit: String,
    /// The name of the drop that files go to; empty where it is not configured.
    #[serde(default)]
    pub files: String,
    /// The name of the service; empty where it is not configured.
    #[serde(default)]
    pub service: String,
}

impl Default for AvtalegiroSetup {
    fn default() -> AvtalegiroSetup {
        AvtalegiroSetup {
            deadlines: Vec::new(),
            file_closes_at: file_closes_at(),
            claims_in_a_file: claims_in_a_file(),
            receipt_hours: receipt_hours(),
            bank_notice: false,
            lot_size: lot_size(),
            lot_open_seconds: lot_open_seconds(),
            settle_minutes: settle_minutes(),
            way: ClaimWay::default(),
            house: House::default(),
        }
    }
}

fn file_closes_at() -> Time {
    FILE_CLOSES_AT
}

fn claims_in_a_file() -> u32 {
    CLAIMS_IN_A_FILE
}

fn receipt_hours() -> u32 {
    RECEIPT_HOURS
}

fn lot_size() -> u32 {
    u32::try_from(AT_MOST).expect("a thousand is a u32")
}

fn lot_open_seconds() -> u32 {
    LOT_OPEN_SECONDS
}

fn settle_minutes() -> u32 {
    SETTLE_MINUTES
}

impl AvtalegiroSetup {
    /// The settings of a row that the hub may have added to; the usual ones where there is none. What is wrong with it otherwise.
    pub fn read(row: Option<&RouteSetup>) -> Result<AvtalegiroSetup, Vec<Fault>> {
        let Some(row) = row.filter(|row| !row.0.is_null()) else { return Ok(AvtalegiroSetup::default()) };
        row.read().map_err(|_| {
            let mut own = row.clone();
            if let Value::Object(members) = &mut own.0 {
                members.retain(|name, _| !ADDED.contains(&name.as_str()));
            }
            let faults = check(&own);
            if faults.is_empty() { vec![Fault::fatal(codes::ROUTE_NOT_SET_UP).with("route", NAME)] } else { faults }
        })
    }

    /// How claims go together.
    pub fn lot(&self) -> Lot {
        match self.way {
            ClaimWay::Service => {
                let wait = Duration::from_secs(self.lot_open_seconds.into());
                Lot { members: self.lot_size, closes: Closes::After(wait) }
            }
            ClaimWay::File => Lot { members: self.claims_in_a_file, closes: Closes::DailyAt(self.file_closes_at) },
            ClaimWay::Elsewhere => Lot::OF_ONE,
        }
    }

    /// How long after a shipment "unknown" may still mean "not yet known".
    pub fn settle(&self) -> Duration {
        Duration::from_secs(u64::from(self.settle_minutes) * 60)
    }

    /// After so long without a receipt a person is told.
    pub fn receipt_patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.receipt_hours) * 3_600)
    }

    /// What the operator has not configured for a way.
    pub fn lacks(&self, way: ClaimWay) -> Vec<Fault> {
        let House { customer_unit, files, service } = &self.house;
        let needed: &[(&str, &str)] = match way {
            ClaimWay::Service => &[("avtalegiro.service", service)],
            ClaimWay::File => &[("avtalegiro.customer_unit", customer_unit), ("avtalegiro.files", files)],
            ClaimWay::Elsewhere => &[],
        };
        let missing = needed.iter().filter(|(_, value)| value.is_empty());
        missing.map(|(setting, _)| Fault::fatal(codes::CLAIM_NO_SERVICE).with("setting", setting)).collect()
    }

    /// Whether it is too late to hand a claim in. Whoever makes it elsewhere knows until when.
    pub fn is_late(&self, claim: &Claim, now: Timestamp) -> bool {
        let deadlines = Deadlines::on(&self.deadlines, calendar::today(now));
        claim.way != ClaimWay::Elsewhere && now > deadlines.hand_in_until(claim.due_on)
    }

    /// The first due date that works for a claim handed in on a bank day. One that the bank tells of goes to the payer by post: the
    /// last bank day of a month is the last for due dates from the 15th of the month after (AvtaleGiro user manual 3.1).
    pub fn first_due(&self, deadlines: &Deadlines, handed_in_on: Date, way: ClaimWay) -> Date {
        let first = deadlines.first_due(handed_in_on);
        if !(self.bank_notice && way == ClaimWay::File) {
            return first;
        }
        let next_month = handed_in_on.first_of_month().saturating_add(1.month());
        first.max(next_month.saturating_add(Span::new().days(14)))
    }
}

/// Where a claim gathers with others to travel together. A file has the claims of one account: of an order that the bank refuses it
/// names no claim, and all orders of a transmission would have the same number.
pub fn lane(claim: &Claim) -> String {
    match claim.way {
        ClaimWay::File => format!("{} {}", claim.way.name(), claim.bank_account),
        ClaimWay::Service | ClaimWay::Elsewhere => claim.way.name().to_owned(),
    }
}

/// The way of the claims that gather in a lane; `None` where no claims do.
pub fn way_of(lane: &str) -> Option<ClaimWay> {
    let way = lane.split(' ').next()?;
    ClaimWay::ALL.into_iter().find(|known| known.name() == way)
}

/// A company's row of this route with what the hub adds: the operator's part, and the way of a lot.
pub fn completed(row: Option<&RouteSetup>, house: &House, way: ClaimWay) -> RouteSetup {
    let mut row = match row {
        Some(RouteSetup(Value::Object(members))) => members.clone(),
        Some(RouteSetup(other)) if !other.is_null() => return RouteSetup(other.clone()),
        Some(_) | None => serde_json::Map::new(),
    };
    let House { customer_unit, files, service } = house;
    row.insert("way".to_owned(), way.name().into());
    row.insert("house".to_owned(), json!({"customer_unit": customer_unit, "files": files, "service": service}));
    RouteSetup(Value::Object(row))
}

/// What the hub adds to a row.
const ADDED: [&str; 2] = ["way", "house"];

const SETTINGS: [Setting; 8] = [
    Setting { name: "deadlines", presence: Presence::Optional, takes: reads_as::<Vec<Deadlines>> },
    Setting { name: "file_closes_at", presence: Presence::Optional, takes: reads_as::<Time> },
    Setting { name: "claims_in_a_file", presence: Presence::Optional, takes: |value| is_within(value, 1, 100_000) },
    // A week without a word is no patience any more.
    Setting { name: "receipt_hours", presence: Presence::Optional, takes: |value| is_within(value, 1, 7 * 24) },
    Setting { name: "bank_notice", presence: Presence::Optional, takes: is_yes_or_no },
    Setting { name: "lot_size", presence: Presence::Optional, takes: |value| is_within(value, 1, AT_MOST as u64) },
    Setting { name: "lot_open_seconds", presence: Presence::Optional, takes: |value| is_within(value, 0, 24 * 3_600) },
    Setting { name: "settle_minutes", presence: Presence::Optional, takes: |value| is_within(value, 0, 24 * 60) },
];

/// Everything that is wrong with a company's row, all at once. What the hub adds is not the company's to set.
pub fn check(setup: &RouteSetup) -> Vec<Fault> {
    settings::check(NAME, &SETTINGS, setup)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_in_files_gather_by_account() {
        let claim = |way, account: &str| Claim {
            bank_account: account.to_owned(),
            kid: "123456782".to_owned(),
            due_on: jiff::civil::date(2026, 11, 16),
            amount: kvitt_domain::Amount::new(100, kvitt_domain::Currency::NOK),
            way,
        };
        for (way, account, expected) in [
            (ClaimWay::Service, "86011117947", "service"),
            (ClaimWay::File, "86011117947", "file 86011117947"),
            (ClaimWay::File, "99991042764", "file 99991042764"),
            (ClaimWay::Elsewhere, "86011117947", "elsewhere"),
        ] {
            let lane = lane(&claim(way, account));
            assert_eq!((lane.as_str(), way_of(&lane)), (expected, Some(way)));
        }
        assert_eq!((way_of(""), way_of("filed")), (None, None));
    }

    #[test]
    fn what_can_be_set() {
        for (row, expected) in [
            (json!({}), vec![]),
            (
                json!({
                    "deadlines": [{"from": "2027-01-01", "bank_days_between": 3, "cut_off": "12:00"}], "file_closes_at": "12:30",
                    "claims_in_a_file": 10, "receipt_hours": 48, "bank_notice": true, "lot_size": 1, "lot_open_seconds": 0,
                    "settle_minutes": 30,
                }),
                vec![],
            ),
            (json!({"way": "file", "house": {}}), vec!["setup.unknown avtalegiro.house", "setup.unknown avtalegiro.way"]),
            (json!({"deadlines": [{"days": 3}]}), vec!["setup.value avtalegiro.deadlines"]),
            (json!({"file_closes_at": "late"}), vec!["setup.value avtalegiro.file_closes_at"]),
            (json!("avtalegiro"), vec!["setup.value avtalegiro"]),
        ] {
            let setup = RouteSetup(row.clone());
            let found: Vec<String> = check(&setup).iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect();
            assert_eq!(found, expected, "{row}");
            if expected.is_empty() {
                let added = completed(Some(&setup), &House::default(), ClaimWay::File);
                assert_eq!(AvtalegiroSetup::read(Some(&added)).expect("it reads").way, ClaimWay::File);
            }
        }
        assert_eq!(AvtalegiroSetup::read(None), AvtalegiroSetup::read(Some(&RouteSetup(json!({})))));
    }
}
