//! What a reminder may cost and when it may be sent. Fees are dated data (`data/reminders.no.toml`), never constants.
//!
//! The rules are those of the Norwegian regulation on debt collection (inkassoforskriften, chapter 1): a fee is at most a twentieth of the
//! collection rate, the reminder is sent no earlier than 14 days after the due date and gives 14 days to pay, and at most two reminders
//! of an invoice bear a fee, the second only when the first one's days are over.

use std::sync::OnceLock;

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::fault::{Fault, codes};
use crate::money::{Amount, Currency};

/// Days after the due date before which no reminder bears a fee, and days that a reminder gives.
const DAYS: i32 = 14;
/// Reminders of one invoice that bear a fee.
const MOST_WITH_FEE: usize = 2;
/// The part of the collection rate that a reminder may cost.
const PART: Decimal = Decimal::from_parts(20, 0, 0, false, 0);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    rate: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    from: toml::value::Datetime,
    collection_rate: Decimal,
}

fn rates() -> &'static [(Date, Decimal)] {
    static RATES: OnceLock<Vec<(Date, Decimal)>> = OnceLock::new();
    RATES.get_or_init(|| {
        let text = include_str!("../../data/reminders.no.toml");
        let table: Table = toml::from_str(text).expect("the table is part of the program and a test reads it");
        let read = |row: Row| (row.from.to_string().parse().expect("the table's dates are dates"), row.collection_rate);
        table.rate.into_iter().map(read).collect()
    })
}

/// The most that a reminder sent on a day may cost, rounded to whole kroner; `None` for days of which no rate is known here.
pub fn highest_fee(on: Date) -> Option<Amount> {
    let (_, rate) = rates().iter().rev().find(|(from, _)| *from <= on)?;
    let kroner = rate.checked_div(PART)?.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    Amount::from_decimal(kroner, Currency::NOK)
}

/// A reminder that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminder {
    /// What it may cost at most; nothing where it may bear no fee.
    pub fee: Option<Amount>,
    /// Until when the customer has to pay.
    pub pay_by: Date,
}

/// Whether an invoice may be reminded of today, and at what price. `earlier` are the days on which reminders with a fee were sent.
///
/// # Errors
/// `reminder.too_early`, with the first day on which it may be sent.
pub fn may_remind(due_on: Date, earlier: &[Date], today: Date) -> Result<Reminder, Fault> {
    let after = |day: Date| day.checked_add(DAYS.days()).unwrap_or(day);
    // The last reminder's days must be over before the next one: its last day is still the customer's.
    let next = earlier.iter().copied().max().map(|last| after(last).tomorrow().unwrap_or(last));
    let first = next.map_or(after(due_on), |next| next.max(after(due_on)));
    if today < first {
        return Err(Fault::fatal(codes::REMINDER_TOO_EARLY).with("date", first));
    }
    let fee = (earlier.len() < MOST_WITH_FEE).then(|| highest_fee(today)).flatten();
    Ok(Reminder { fee, pay_by: after(today) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_reminder_costs_a_twentieth_of_the_rate() {
        assert_eq!(highest_fee(date(2026, 11, 22)), Some(Amount::new(3_800, Currency::NOK)));
        assert_eq!(highest_fee(date(2020, 1, 1)), None, "what is not known is not claimed");
        assert!(rates().is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn two_reminders_bear_a_fee_and_none_comes_too_early() {
        let due = date(2026, 10, 1);
        let check = |earlier: &[Date], today: Date, expected: Result<(bool, Date), &str>| {
            let found = may_remind(due, earlier, today);
            let found = found.map(|found| (found.fee.is_some(), found.pay_by));
            assert_eq!(found.map_err(|fault| fault.value("date").unwrap().to_owned()), expected.map_err(str::to_owned));
        };
        check(&[], date(2026, 10, 14), Err("2026-10-15"));
        check(&[], date(2026, 10, 15), Ok((true, date(2026, 10, 29))));
        let first = date(2026, 10, 15);
        check(&[first], date(2026, 10, 29), Err("2026-10-30"));
        check(&[first], date(2026, 10, 30), Ok((true, date(2026, 11, 13))));
        let second = date(2026, 10, 30);
        check(&[first, second], date(2026, 11, 13), Err("2026-11-14"));
        check(&[first, second], date(2026, 11, 14), Ok((false, date(2026, 11, 28))));
    }
}
