//! Invoices that come again: every month, quarter or year, each for its own period, until a day or until somebody ends it.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::sheet::{Reader, Sheet};
use crate::fault::{Fault, codes};
use crate::invoice::Period;

/// The longest time between two invoices, in months: what comes more seldom is written by hand.
const MOST_MONTHS: u8 = 60;

/// Invoices that come again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    /// What each of them says, without dates.
    pub draft: Draft,
    /// Months between them.
    pub every_months: u8,
    /// The day of the first one. A day that a month does not have is its last.
    pub first_on: Date,
    /// None comes after this day.
    pub until: Option<Date>,
    /// What is invoiced: the time that begins on the day, or the time that ended before it.
    pub bills: Bills,
    /// Whether each is made final by itself, or waits as a draft for a person.
    pub does: Does,
}

/// Which time an invoice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bills {
    /// The time that begins on its day.
    #[default]
    InAdvance,
    /// The time that ended the day before.
    InArrears,
}

/// What becomes of each invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// A draft for a person.
    #[default]
    Draft,
    /// An invoice that is sent.
    Finalise,
}

impl Recurrence {
    /// The day of an invoice, counted from 0; `None` after the last one.
    pub fn day(&self, number: u32) -> Option<Date> {
        let months = i32::from(self.every_months).checked_mul(i32::try_from(number).ok()?)?;
        // Counted from the first day, so that the 31st comes back after a short month.
        let day = self.first_on.checked_add(months.months()).ok()?;
        self.until.is_none_or(|until| day <= until).then_some(day)
    }

    /// The number of the first invoice that comes on or after a day; `None` where none does.
    pub fn next_from(&self, day: Date) -> Option<u32> {
        let mut number = 0;
        loop {
            let on = self.day(number)?;
            if on >= day {
                return Some(number);
            }
            number += 1;
        }
    }

    /// The draft of one of them, with its dates; `None` after the last one.
    pub fn draft(&self, number: u32) -> Option<Draft> {
        let on = self.day(number)?;
        let months = i32::from(self.every_months);
        let moved = |by: i32| self.first_on.checked_add((months * (i32::try_from(number).ok()? + by)).months()).ok();
        let (from, behind) = match self.bills {
            Bills::InAdvance => (on, moved(1)?),
            Bills::InArrears => (moved(-1)?, on),
        };
        let period = Some(Period { from: Some(from), to: behind.yesterday().ok() });
        Some(Draft { issued_on: Some(on), due_on: None, delivered_on: None, period, credits: None, ..self.draft.clone() })
    }
}

/// Reads the form of a recurrence of a draft.
///
/// # Errors
/// Every fault, each at its field.
pub fn read(draft: &Draft, sheet: &Sheet) -> Result<Recurrence, Vec<Fault>> {
    let mut reader = Reader::new(sheet);
    reader.demand("every_months");
    reader.demand("first_on");
    let every_months =
        reader.parsed("every_months", |text| text.parse().ok().filter(|months| (1..=MOST_MONTHS).contains(months)));
    let (first_on, until) = (reader.date("first_on"), reader.date("until"));
    if first_on.zip(until).is_some_and(|(first, until)| until < first) {
        reader.push("until", Fault::fatal(codes::FIELD_BEFORE).with("field", "until").with("other_field", "first_on"));
    }
    let recurrence = Recurrence {
        draft: Draft { issued_on: None, due_on: None, delivered_on: None, period: None, credits: None, ..draft.clone() },
        every_months: every_months.unwrap_or(1),
        first_on: first_on.unwrap_or_default(),
        until,
        bills: if reader.ticked("in_arrears") { Bills::InArrears } else { Bills::InAdvance },
        does: if reader.ticked("finalises") { Does::Finalise } else { Does::Draft },
    };
    reader.finish(recurrence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::DocumentKind;
    use jiff::civil::date;

    fn of(every: &str, first: &str, until: &str, more: &str) -> Recurrence {
        let sheet = Sheet::of([("every_months", every), ("first_on", first), ("until", until), (more, "1")]);
        read(&Draft::new(DocumentKind::Invoice), &sheet).unwrap()
    }

    #[test]
    fn the_last_day_of_a_month_comes_back() {
        let monthly = of("1", "31.1.2026", "30.4.2026", "");
        let days: Vec<Date> = (0..9).map_while(|number| monthly.day(number)).collect();
        assert_eq!(days, [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]);
        assert_eq!(monthly.next_from(date(2026, 2, 1)), Some(1));
        assert_eq!(monthly.next_from(date(2026, 2, 28)), Some(1));
        assert_eq!(monthly.next_from(date(2026, 5, 1)), None);
    }

    #[test]
    fn each_is_for_its_own_period() {
        let period = |of: &Recurrence, number| of.draft(number).unwrap().period.unwrap();
        let quarterly = of("3", "1.1.2026", "", "");
        let first = period(&quarterly, 0);
        assert_eq!((first.from, first.to), (Some(date(2026, 1, 1)), Some(date(2026, 3, 31))));
        assert_eq!(quarterly.draft(1).unwrap().issued_on, Some(date(2026, 4, 1)));
        let arrears = of("1", "1.3.2026", "", "in_arrears");
        let first = period(&arrears, 0);
        assert_eq!((first.from, first.to), (Some(date(2026, 2, 1)), Some(date(2026, 2, 28))));
        assert_eq!(period(&arrears, 1).from, Some(date(2026, 3, 1)));
    }

    #[test]
    fn what_cannot_come_again_is_told() {
        let wrong = Sheet::of([("every_months", "0"), ("first_on", "1.2.2026"), ("until", "31.1.2026")]);
        let faults = read(&Draft::new(DocumentKind::Invoice), &wrong).unwrap_err();
        let told: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect();
        assert_eq!(told, ["field.invalid every_months", "field.before until"]);
    }
}
