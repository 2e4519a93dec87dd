//! The numbers that a company gives: to customers, projects, products and invoices. Kvitt is master: a number that was given never
//! changes, and an accounting system that wants numbers in a range is told so here, not when the transfer fails.

use serde::{Deserialize, Serialize};

use super::sheet::{Reader, Sheet};
use crate::fault::{Fault, codes};
use crate::identifiers::without_identity_numbers;

/// The longest number that somebody may choose. Accounting systems take 20 to 50 characters.
const LONGEST: usize = 20;

/// No series begins so high: behind it no number can be counted.
const LAST: u64 = 1 << 62;

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbered {
    /// Customers.
    Customer,
    /// Projects.
    Project,
    /// Products.
    Product,
    /// Invoices, and credit notes unless they have their own series.
    Invoice,
    /// Credit notes, where they have their own series.
    CreditNote,
}

impl Numbered {
    /// Everything, in the order of the settings' page.
    pub const ALL: [Numbered; 5] =
        [Numbered::Customer, Numbered::Project, Numbered::Product, Numbered::Invoice, Numbered::CreditNote];

    /// The name as stored, and in field names.
    pub fn name(self) -> &'static str {
        match self {
            Numbered::Customer => "customer",
            Numbered::Project => "project",
            Numbered::Product => "product",
            Numbered::Invoice => "invoice",
            Numbered::CreditNote => "credit_note",
        }
    }
}

/// One series of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The first number that is given.
    pub start: u64,
    /// The last one, where there is a range; every number must then be within it, also one that somebody chooses.
    #[serde(default)]
    pub end: Option<u64>,
}

impl Series {
    /// A series from this number on, without an end.
    pub const fn from(start: u64) -> Series {
        Series { start, end: None }
    }

    /// Whether both may give the same number.
    fn meets(&self, other: &Series) -> bool {
        let end = |series: &Series| series.end.unwrap_or(u64::MAX);
        self.start <= end(other) && other.start <= end(self)
    }

    /// Judges a number that somebody chose.
    ///
    /// # Errors
    /// `number.digits` where the series has a range and the number other characters than digits, or leading zeros; `number.range`
    /// outside of it; `number.form` for one that is empty, longer than 20 characters, has blanks or control characters in it, or could
    /// be a fødselsnummer.
    pub fn check(&self, number: &str) -> Result<(), Fault> {
        let is_fit = !number.is_empty()
            && number.chars().count() <= LONGEST
            && !number.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '/' | '\\' | '?' | '#' | '%'))
            && without_identity_numbers(number) == number;
        if !is_fit {
            let shown: String = number.chars().take(LONGEST).collect();
            return Err(Fault::fatal(codes::NUMBER_FORM).with("number", shown).with("limit", LONGEST));
        }
        let Some(end) = self.end else { return Ok(()) };
        let value = number.parse::<u64>().ok().filter(|value| value.to_string() == number);
        match value {
            None => Err(Fault::fatal(codes::NUMBER_DIGITS).with("number", number).with("from", self.start).with("to", end)),
            Some(value) if value < self.start || value > end => {
                Err(Fault::fatal(codes::NUMBER_RANGE).with("number", number).with("from", self.start).with("to", end))
            }
            Some(_) => Ok(()),
        }
    }

    /// Whether this number of the series may still be given.
    ///
    /// # Errors
    /// `series.full` behind the last one.
    pub fn give(&self, number: u64) -> Result<String, Fault> {
        match self.end {
            Some(end) if number > end => Err(Fault::fatal(codes::SERIES_FULL).with("from", self.start).with("to", end)),
            _ => Ok(number.to_string()),
        }
    }
}

/// All series of a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Numbering {
    /// Customers: in the range that SpareBank 1 Regnskap and DNB Regnskap demand, unless the company says otherwise.
    pub customer: Series,
    /// Projects: digits alone, for the same accounting systems.
    pub project: Series,
    /// Products.
    pub product: Series,
    /// Invoices.
    pub invoice: Series,
    /// Credit notes; without their own series they are numbered with the invoices.
    pub credit_note: Option<Series>,
}

impl Default for Numbering {
    fn default() -> Numbering {
        Numbering {
            customer: Series { start: 100_000, end: Some(199_999) },
            project: Series { start: 1_000, end: Some(999_999) },
            product: Series::from(1),
            invoice: Series::from(10_001),
            credit_note: None,
        }
    }
}

impl Numbering {
    /// The series of something, and what it is counted with: credit notes without their own series are counted with the invoices.
    pub fn of(&self, what: Numbered) -> (Numbered, &Series) {
        match (what, &self.credit_note) {
            (Numbered::Customer, _) => (what, &self.customer),
            (Numbered::Project, _) => (what, &self.project),
            (Numbered::Product, _) => (what, &self.product),
            (Numbered::CreditNote, Some(series)) => (what, series),
            (Numbered::Invoice | Numbered::CreditNote, _) => (Numbered::Invoice, &self.invoice),
        }
    }

    /// Reads the fields `customer_start`, `customer_end` and so on.
    pub(super) fn read(reader: &mut Reader<'_>) -> Numbering {
        let mut series = |what: Numbered| {
            let (start, end) = (format!("{}_start", what.name()), format!("{}_end", what.name()));
            let read = (reader.whole::<u64>(&start), reader.whole::<u64>(&end));
            match read {
                (Some(from), Some(to)) if to < from => reader.fault(&end, codes::FIELD_INVALID),
                (None, Some(_)) => reader.demand(&start),
                (Some(0 | LAST..), _) => reader.fault(&start, codes::FIELD_INVALID),
                _ => {}
            }
            read.0.map(|start| Series { start, end: read.1 })
        };
        let before = Numbering::default();
        let read = Numbering {
            customer: series(Numbered::Customer).unwrap_or(before.customer),
            project: series(Numbered::Project).unwrap_or(before.project),
            product: series(Numbered::Product).unwrap_or(before.product),
            invoice: series(Numbered::Invoice).unwrap_or(before.invoice),
            credit_note: series(Numbered::CreditNote),
        };
        if read.credit_note.as_ref().is_some_and(|own| own.meets(&read.invoice)) {
            reader.push("credit_note_start", Fault::fatal(codes::SERIES_OVERLAP));
        }
        read
    }

    /// Writes them.
    pub(super) fn write(&self, sheet: &mut Sheet) {
        for what in Numbered::ALL {
            let series = match what {
                Numbered::CreditNote => self.credit_note.as_ref(),
                other => Some(self.of(other).1),
            };
            if let Some(series) = series {
                sheet.set(format!("{}_start", what.name()), series.start);
                sheet.set_some(format!("{}_end", what.name()), series.end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_that_meet_would_leave_gaps_in_each_other() {
        let check = |one: (u64, Option<u64>), other: (u64, Option<u64>), expected: bool| {
            let (one, other) = (Series { start: one.0, end: one.1 }, Series { start: other.0, end: other.1 });
            assert_eq!((one.meets(&other), other.meets(&one)), (expected, expected), "{one:?} {other:?}");
        };
        check((10_001, None), (10_001, None), true);
        check((10_001, None), (90_000, Some(99_999)), true);
        check((10_001, Some(89_999)), (90_000, None), false);
        check((10_001, Some(90_000)), (90_000, None), true);
        check((1, Some(5)), (6, Some(9)), false);
    }

    #[test]
    fn numbers_that_somebody_chooses() {
        let free = Series::from(1);
        let bound = Series { start: 100_000, end: Some(199_999) };
        let check = |series: &Series, number: &str, expected: Option<&str>| {
            assert_eq!(series.check(number).err().map(|fault| fault.code.name()), expected, "{number}");
        };
        check(&free, "A-17", None);
        check(&free, "0017", None);
        for wrong in ["", "A 17", "a/b", "12345678901234567890x", "10915596784"] {
            check(&free, wrong, Some("number.form"));
        }
        check(&bound, "100000", None);
        check(&bound, "199999", None);
        check(&bound, "200000", Some("number.range"));
        check(&bound, "17", Some("number.range"));
        check(&bound, "0100000", Some("number.digits"));
        check(&bound, "A-17", Some("number.digits"));
        assert_eq!(bound.give(199_999).unwrap(), "199999");
        assert_eq!(bound.give(200_000).unwrap_err().code, codes::SERIES_FULL);
        assert_eq!(free.give(u64::MAX).unwrap(), u64::MAX.to_string());
    }

    #[test]
    fn credit_notes_share_the_invoices_series_unless_they_have_one() {
        let shared = Numbering::default();
        assert_eq!(shared.of(Numbered::CreditNote), (Numbered::Invoice, &shared.invoice));
        let own = Numbering { credit_note: Some(Series::from(50_001)), ..Numbering::default() };
        assert_eq!(own.of(Numbered::CreditNote).0, Numbered::CreditNote);
    }
}
