//! `[payments]`: bank files that are put into a folder, and how long an unpaid direct debit is waited for.

use std::path::PathBuf;

use jiff::civil::{Date, date};
use serde::Deserialize;

/// Bank days after the due date, until a later rule is dated: the file of the first bank day after it tells of the debit, and two
/// more leave room for a bank that is late.
const USUAL_DAYS: u16 = 3;

/// Payments.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentsConfig {
    /// A folder that bank files are put into; they move on to `read/` or `refused/` in it.
    pub folder: Option<PathBuf>,
    /// After how many bank days a direct debit that was not seen counts as unpaid: each from a date on.
    pub unpaid_after: Vec<Dated>,
}

/// A number of bank days from a date on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dated {
    /// The first day on which it holds.
    pub from: Date,
    /// Bank days.
    pub bank_days: u16,
}

impl Default for PaymentsConfig {
    fn default() -> PaymentsConfig {
        PaymentsConfig { folder: None, unpaid_after: vec![Dated { from: date(2000, 1, 1), bank_days: USUAL_DAYS }] }
    }
}

impl PaymentsConfig {
    /// The number of bank days that holds on a date.
    pub fn unpaid_after(&self, on: Date) -> u16 {
        let holding = self.unpaid_after.iter().filter(|dated| dated.from <= on).max_by_key(|dated| dated.from);
        holding.map_or(USUAL_DAYS, |dated| dated.bank_days)
    }
}
