//! Claims (betalingskrav): one direct debit of one invoice, and the days that the rail gives for it.
//!
//! Here is what a claim is to the rail ([`Claim`]) and until when it can be handed in, called back or no longer made
//! ([`Deadlines`]). Whether an invoice can be claimed at all is said by the route (`kvitt-adapters`, `routes/avtalegiro`); the
//! payer's permission is [`crate::mandate`], the company's [`crate::agreement`].

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::agreement::ClaimWay;
use crate::calendar::{self, BankCalendar};
use crate::money::Amount;

/// A claim as the rail knows it: two with the same account, KID, due date and amount cannot be told apart, neither when one is
/// debited nor when one is called back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// The company's bank account, eleven digits.
    pub bank_account: String,
    /// Digits only.
    pub kid: String,
    /// When it is debited; on the next bank day where this is none.
    pub due_on: Date,
    /// What is debited, in NOK, above zero.
    pub amount: Amount,
    /// How it reaches the rail.
    pub way: ClaimWay,
}

/// The days of claims that the payee gives notice of (type 02), from a date on. What the sources say of them differs, so that
/// they are settings; the defaults are careful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadlines {
    /// They hold for claims handed in on this day or later; without one, always.
    #[serde(default)]
    pub from: Option<Date>,
    /// What is handed in until this time of a bank day, in Oslo, counts as handed in on that day (AvtaleGiro: 14:00).
    #[serde(default = "cut_off")]
    pub cut_off: Time,
    /// So many whole bank days must lie between the day on which a claim is handed in and its due date.
    #[serde(default = "bank_days_between")]
    pub bank_days_between: u16,
    /// A claim with fewer calendar days than this until it is due is made with a warning: banks ask for the payer to be told in time.
    #[serde(default = "days_without_warning")]
    pub days_without_warning: u16,
    /// The due date may lie so many months ahead (AvtaleGiro system specification 3.3, amount item 1: twelve).
    #[serde(default = "months_ahead")]
    pub months_ahead: u16,
}

/// AvtaleGiro: until 14:00 on bank days.
const CUT_OFF: Time = Time::constant(14, 0, 0, 0);

fn cut_off() -> Time {
    CUT_OFF
}

fn bank_days_between() -> u16 {
    4
}

fn days_without_warning() -> u16 {
    9
}

fn months_ahead() -> u16 {
    12
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            from: None,
            cut_off: cut_off(),
            bank_days_between: bank_days_between(),
            days_without_warning: days_without_warning(),
            months_ahead: months_ahead(),
        }
    }
}

impl Deadlines {
    /// Of dated deadlines, those that hold on a day: of those that have begun the latest, else the defaults.
    pub fn on(dated: &[Deadlines], day: Date) -> Deadlines {
        let begun = dated.iter().filter(|deadlines| deadlines.from.is_none_or(|from| from <= day));
        begun.max_by_key(|deadlines| deadlines.from).copied().unwrap_or_default()
    }

    /// The bank day on which something counts as handed in that is handed in at `at`.
    pub fn handed_in_on(&self, at: Timestamp) -> Date {
        calendar::today(BankCalendar::default().next_cut_off(at, self.cut_off))
    }

    /// The first due date that works for what is handed in on a bank day.
    pub fn first_due(&self, handed_in_on: Date) -> Date {
        let last_between = BankCalendar::default().add_bank_days(handed_in_on, self.bank_days_between);
        last_between.tomorrow().unwrap_or(last_between)
    }

    /// The first due date without a warning.
    pub fn first_due_without_warning(&self, handed_in_on: Date) -> Date {
        let days = Span::new().days(i64::from(self.days_without_warning));
        handed_in_on.saturating_add(days).max(self.first_due(handed_in_on))
    }

    /// The last due date that works.
    pub fn last_due(&self, handed_in_on: Date) -> Date {
        handed_in_on.saturating_add(Span::new().months(i64::from(self.months_ahead)))
    }

    /// Until when a claim can be handed in that is due on a day.
    pub fn hand_in_until(&self, due_on: Date) -> Timestamp {
        let last_day = BankCalendar::default().sub_bank_days(due_on, self.bank_days_between.saturating_add(1));
        calendar::at(last_day, self.cut_off)
    }

    /// Until when a claim can be called back that is due on a day: the cut-off of the last bank day before it. Sources say "the day
    /// before"; on a day on which nobody works nothing is called back.
    pub fn call_back_until(&self, due_on: Date) -> Timestamp {
        calendar::at(BankCalendar::default().previous_bank_day(due_on), self.cut_off)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn oslo(text: &str) -> Timestamp {
        let time: jiff::civil::DateTime = text.parse().unwrap();
        time.to_zoned(jiff::tz::get!("Europe/Oslo")).unwrap().timestamp()
    }

    #[test]
    fn what_days_a_claim_has() {
        let deadlines = Deadlines::default();
        for (handed_in_at, on, first, without_warning) in [
            // 2026: 2 November is a Monday.
            ("2026-11-02T14:00:00", date(2026, 11, 2), date(2026, 11, 7), date(2026, 11, 11)),
            ("2026-11-02T14:00:01", date(2026, 11, 3), date(2026, 11, 10), date(2026, 11, 12)),
            ("2026-11-07T08:00:00", date(2026, 11, 9), date(2026, 11, 14), date(2026, 11, 18)),
            // Between Christmas and New Year: 24 to 26 December and 1 January are no bank days.
            ("2026-12-23T10:00:00", date(2026, 12, 23), date(2027, 1, 1), date(2027, 1, 1)),
        ] {
            let found = deadlines.handed_in_on(oslo(handed_in_at));
            assert_eq!(found, on, "{handed_in_at}");
            assert_eq!(deadlines.first_due(found), first, "{handed_in_at}");
            assert_eq!(deadlines.first_due_without_warning(found), without_warning, "{handed_in_at}");
        }
        assert_eq!(deadlines.last_due(date(2026, 11, 2)), date(2027, 11, 2));
        assert_eq!(deadlines.call_back_until(date(2026, 11, 16)), oslo("2026-11-13T14:00:00"));
        assert_eq!(deadlines.call_back_until(date(2026, 11, 17)), oslo("2026-11-16T14:00:00"));
    }

    #[test]
    fn deadlines_change_on_a_day() {
        let changed = Deadlines { from: Some(date(2027, 1, 1)), bank_days_between: 2, ..Deadlines::default() };
        let later = Deadlines { from: Some(date(2028, 1, 1)), bank_days_between: 1, ..Deadlines::default() };
        let dated = [later, changed];
        for (day, between) in [(date(2026, 12, 31), 4), (date(2027, 1, 1), 2), (date(2027, 12, 31), 2), (date(2028, 1, 1), 1)] {
            assert_eq!(Deadlines::on(&dated, day).bank_days_between, between, "{day}");
        }
    }

    proptest! {
        /// What is handed in before its last moment has a due date that works, and after it has none.
        #[test]
        fn the_last_moment_is_the_last_moment(days in 0..3_000_i64, seconds in 0..86_400_i64, between in 0..10_u16) {
            let deadlines = Deadlines { bank_days_between: between, ..Deadlines::default() };
            let due_on = date(2026, 1, 1).saturating_add(Span::new().days(days));
            let until = deadlines.hand_in_until(due_on);
            let works = |at: Timestamp| deadlines.first_due(deadlines.handed_in_on(at)) <= due_on;
            prop_assert!(works(until - Span::new().seconds(seconds)));
            prop_assert!(!works(until + Span::new().seconds(seconds + 1)));
        }
    }
}
