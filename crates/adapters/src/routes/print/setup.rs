//! What a company sets for the print route, and whether it makes sense.
//!
//! Where the print shop's drop is (a folder, or an SFTP account with its keys) is not here: that is the operator's, kept under the
//! name in [`PrintSetup::drop`].

use std::time::Duration;

use jiff::civil::Time;
use kvitt_domain::cover_sheet::EnvelopeWindow;
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::Fault;
use kvitt_domain::pdf_facts::PrintLimits;
use serde::{Deserialize, Serialize};

use super::NAME;
use crate::route::{Closes, Lot, RouteSetup};
use crate::settings::{self, Presence, Setting, is_text, is_within, is_yes_or_no, reads_as};

/// Print shops work through the evening for the next day's post.
const CLOSES_AT: Time = Time::constant(16, 0, 0, 0);

/// A job of so many ordinary letters is some ten megabytes: nothing that a line or a night cannot take.
const LETTERS_AT_MOST: u32 = 200;

/// All files of a job are in memory together when it is put.
const MOST_LETTERS: u32 = 1_000;

/// Printing, the post and the payer's own time: what the field leaves a letter.
const BANK_DAYS_BEFORE_DUE: u16 = 10;

/// More than a year of bank days is a typing mistake.
const MOST_BANK_DAYS: u64 = 250;

/// A lot that stays open for longer than a week delays letters for nothing.
const LONGEST_OPEN_MINUTES: u32 = 7 * 24 * 60;

/// An address in an envelope's window has room for so many lines.
const MOST_ADDRESS_LINES: usize = 4;

/// And a line for so many characters.
const LONGEST_LINE: usize = 60;

/// The company's settings of the print route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintSetup {
    /// Where letters come back to that cannot be delivered: the lines of the company's address, without its name.
    pub return_address: Vec<String>,
    /// The name under which the hub keeps the print shop's drop.
    #[serde(default = "drop")]
    pub drop: String,
    /// When a job is closed that is not full.
    #[serde(default)]
    pub closes: ClosesWhen,
    /// So many letters fill a job.
    #[serde(default = "letters_at_most")]
    pub letters_at_most: u32,
    /// In colour, not black and white.
    #[serde(default)]
    pub colour: bool,
    /// On both sides of a sheet.
    #[serde(default = "duplex")]
    pub duplex: bool,
    /// Which letters get a cover sheet.
    #[serde(default)]
    pub cover_sheet: CoverSheetFor,
    /// On which side the shop's envelopes have their window.
    #[serde(default)]
    pub window: EnvelopeWindow,
    /// Whether letters go to other countries than Norway.
    #[serde(default)]
    pub abroad: bool,
    /// What the shop takes.
    #[serde(default)]
    pub limits: PrintLimits,
    /// An outage of the routes before this one, or of the shop, may hold a document until the end of the day so many bank days
    /// before the due date.
    #[serde(default = "bank_days_before_due")]
    pub bank_days_before_due: u16,
}

/// When a job is closed that is not full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClosesWhen {
    /// At this time of a bank day, in Oslo: `{"daily_at": "16:00"}`.
    DailyAt(Time),
    /// So long after its first letter: `{"after_minutes": 30}`.
    AfterMinutes(u32),
}

impl Default for ClosesWhen {
    fn default() -> ClosesWhen {
        ClosesWhen::DailyAt(CLOSES_AT)
    }
}

/// Which letters get a cover sheet with the recipient's address. Our own documents have it in the window already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverSheetFor {
    /// Those whose PDF is the sender's own: nobody can know that its first page fits the window.
    #[default]
    OwnPdf,
    /// All.
    Always,
}

fn drop() -> String {
    "print".to_owned()
}

fn letters_at_most() -> u32 {
    LETTERS_AT_MOST
}

fn duplex() -> bool {
    true
}

fn bank_days_before_due() -> u16 {
    BANK_DAYS_BEFORE_DUE
}

impl PrintSetup {
    /// How letters go together into jobs.
    pub fn lot(&self) -> Lot {
        let closes = match self.closes {
            ClosesWhen::DailyAt(time) => Closes::DailyAt(time),
            ClosesWhen::AfterMinutes(minutes) => Closes::After(Duration::from_secs(u64::from(minutes) * 60)),
        };
        Lot { members: self.letters_at_most, closes }
    }

    /// Whether a letter gets a cover sheet. A window on the right shows none of the addresses that our own documents have; and on
    /// the notice of a claim it says that nothing is to be paid by hand.
    pub fn covers(&self, purpose: Purpose, is_own_pdf: bool) -> bool {
        purpose == Purpose::Notice
            || is_own_pdf
            || self.cover_sheet == CoverSheetFor::Always
            || self.window == EnvelopeWindow::Right
    }
}

const SETTINGS: [Setting; 11] = [
    Setting { name: "return_address", presence: Presence::Required, takes: is_address },
    Setting { name: "drop", presence: Presence::Optional, takes: is_text },
    Setting { name: "closes", presence: Presence::Optional, takes: closes_sometime },
    Setting {
        name: "letters_at_most",
        presence: Presence::Optional,
        takes: |value| is_within(value, 1, u64::from(MOST_LETTERS)),
    },
    Setting { name: "colour", presence: Presence::Optional, takes: is_yes_or_no },
    Setting { name: "duplex", presence: Presence::Optional, takes: is_yes_or_no },
    Setting { name: "cover_sheet", presence: Presence::Optional, takes: reads_as::<CoverSheetFor> },
    Setting { name: "window", presence: Presence::Optional, takes: reads_as::<EnvelopeWindow> },
    Setting { name: "abroad", presence: Presence::Optional, takes: is_yes_or_no },
    Setting { name: "limits", presence: Presence::Optional, takes: reads_as::<PrintLimits> },
    Setting { name: "bank_days_before_due", presence: Presence::Optional, takes: |value| is_within(value, 0, MOST_BANK_DAYS) },
];

/// Everything that is wrong with a set-up row, all at once. Where it answers nothing, the row reads as [`PrintSetup`].
pub fn check(setup: &RouteSetup) -> Vec<Fault> {
    settings::check(NAME, &SETTINGS, setup)
}

fn is_address(value: &serde_json::Value) -> bool {
    let is_line =
        |line: &serde_json::Value| is_text(line) && line.as_str().is_some_and(|text| text.chars().count() <= LONGEST_LINE);
    value.as_array().is_some_and(|lines| (1..=MOST_ADDRESS_LINES).contains(&lines.len()) && lines.iter().all(is_line))
}

fn closes_sometime(value: &serde_json::Value) -> bool {
    match serde_json::from_value(value.clone()) {
        Ok(ClosesWhen::DailyAt(_)) => true,
        Ok(ClosesWhen::AfterMinutes(minutes)) => minutes <= LONGEST_OPEN_MINUTES,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_row(row: serde_json::Value, expected: &[(&str, &str)]) {
        let setup = RouteSetup(row.clone());
        let faults = check(&setup);
        let found: Vec<(&str, &str)> = faults.iter().map(|fault| (fault.code.name(), fault.place.as_str())).collect();
        assert_eq!(found, expected, "{row}");
        // The check and the type must agree on what can be read.
        if faults.is_empty() {
            setup.read::<PrintSetup>().unwrap_or_else(|error| panic!("{row}: {error}"));
        }
    }

    #[test]
    fn a_return_address_is_enough() {
        check_row(json!({"return_address": ["Postboks 1", "8001 Bodø"]}), &[]);
    }

    #[test]
    fn a_row_with_everything() {
        check_row(
            json!({
                "return_address": ["Storgata 1", "8006 Bodø"],
                "drop": "trykkeriet",
                "closes": {"after_minutes": 30},
                "letters_at_most": 1000,
                "colour": true,
                "duplex": false,
                "cover_sheet": "always",
                "window": "right",
                "abroad": true,
                "limits": {"pages_per_letter": 20, "highest_version": "1.5", "left_margin_tenths_mm": 180},
                "bank_days_before_due": 0,
            }),
            &[],
        );
    }

    #[test]
    fn every_fault_is_told_at_once() {
        check_row(
            json!({
                "return_address": [],
                "drop": " ",
                "closes": {"daily_at": "25:00"},
                "letters_at_most": 0,
                "colour": "red",
                "cover_sheet": "never",
                "limits": {"pages": 3},
                "bank_days_before_due": -1,
                "paper": "recycled",
            }),
            &[
                ("setup.value", "print.return_address"),
                ("setup.value", "print.drop"),
                ("setup.value", "print.closes"),
                ("setup.value", "print.letters_at_most"),
                ("setup.value", "print.colour"),
                ("setup.value", "print.cover_sheet"),
                ("setup.value", "print.limits"),
                ("setup.value", "print.bank_days_before_due"),
                ("setup.unknown", "print.paper"),
            ],
        );
        check_row(json!({}), &[("setup.missing", "print.return_address")]);
        check_row(json!(["Postboks 1"]), &[("setup.value", "print")]);
    }

    #[test]
    fn jobs_close_daily_or_after_a_while() {
        let lot = |closes: serde_json::Value| {
            let row = RouteSetup(json!({"return_address": ["Postboks 1"], "closes": closes}));
            row.read::<PrintSetup>().unwrap().lot()
        };
        let daily = lot(json!({"daily_at": "13:30"}));
        assert_eq!(daily, Lot { members: 200, closes: Closes::DailyAt(Time::constant(13, 30, 0, 0)) });
        assert_eq!(lot(json!({"after_minutes": 2})).closes, Closes::After(Duration::from_secs(120)));
        check_row(
            json!({"return_address": ["Postboks 1"], "closes": {"after_minutes": 99_999}}),
            &[("setup.value", "print.closes")],
        );
    }
}
