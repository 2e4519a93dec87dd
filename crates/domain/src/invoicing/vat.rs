//! VAT codes: what a line is sold under, and what that means on a day. Rates are dated data (`data/vat.no.toml`), never constants.

use std::sync::OnceLock;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::invoice::VatRate;

/// A VAT code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VatCode {
    /// The standard tax code of SAF-T Financial, such as `3`.
    pub code: String,
    /// UNTDID 5305.
    pub category: String,
    /// VATEX code, where there is one.
    pub exemption: Option<String>,
    /// The usual ledger account of the sale.
    pub account: String,
    rates: Vec<(Date, Option<Decimal>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    code: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: String,
    category: String,
    account: String,
    exemption: Option<String>,
    rates: Vec<Rate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    from: toml::value::Datetime,
    percent: Option<Decimal>,
}

/// The Norwegian codes of sales, in the order in which forms offer them.
pub fn norwegian() -> &'static [VatCode] {
    static CODES: OnceLock<Vec<VatCode>> = OnceLock::new();
    CODES.get_or_init(|| {
        let table: Table =
            toml::from_str(include_str!("../../data/vat.no.toml")).expect("the table is part of the program and a test reads it");
        table.code.into_iter().map(VatCode::of).collect()
    })
}

/// The code with a name.
pub fn named(code: &str) -> Option<&'static VatCode> {
    norwegian().iter().find(|known| known.code == code)
}

/// The first code that means this on a day: for invoices that were not written here.
pub fn meaning(rate: &VatRate, on: Date) -> Option<&'static VatCode> {
    let percent = |rate: &VatRate| rate.percent.map(|percent| percent.normalize());
    norwegian()
        .iter()
        .find(|code| code.on(on).is_some_and(|known| known.category == rate.category && percent(&known) == percent(rate)))
}

impl VatCode {
    fn of(row: Row) -> VatCode {
        let rates = row.rates.into_iter().map(|rate| {
            let from = rate.from.to_string().parse().expect("the table's dates are dates");
            (from, rate.percent)
        });
        VatCode { code: row.code, category: row.category, exemption: row.exemption, account: row.account, rates: rates.collect() }
    }

    /// Category and rate on a day; `None` before the first rate.
    pub fn on(&self, day: Date) -> Option<VatRate> {
        let (_, percent) = self.rates.iter().rev().find(|(from, _)| *from <= day)?;
        Some(VatRate { category: self.category.clone(), percent: *percent })
    }

    /// Whether a reason must be given why there is no VAT (EN 16931-1, BR-E-10, BR-AE-10, BR-G-10, BR-O-10).
    pub fn needs_reason(&self) -> bool {
        matches!(self.category.as_str(), "E" | "AE" | "G" | "O" | "K")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn rates_are_those_of_the_day() {
        let check = |code: &str, day: Date, expected: Option<(&str, Option<&str>)>| {
            let found = named(code).unwrap().on(day).map(|rate| (rate.category, rate.percent.map(|percent| percent.to_string())));
            let expected = expected.map(|(category, percent)| (category.to_owned(), percent.map(str::to_owned)));
            assert_eq!(found, expected, "{code} {day}");
        };
        let today = date(2026, 11, 22);
        for (code, category, percent) in [
            ("3", "S", Some("25")),
            ("31", "S", Some("15")),
            ("32", "S", Some("11.11")),
            ("33", "S", Some("12")),
            ("5", "Z", Some("0")),
            ("51", "AE", Some("0")),
            ("52", "G", Some("0")),
            ("6", "E", Some("0")),
            ("7", "O", None),
        ] {
            check(code, today, Some((category, percent)));
        }
        check("33", date(2020, 3, 31), Some(("S", Some("12"))));
        check("33", date(2020, 4, 1), Some(("S", Some("6"))));
        check("33", date(2021, 9, 30), Some(("S", Some("6"))));
        check("33", date(2021, 10, 1), Some(("S", Some("12"))));
        check("3", date(2004, 12, 31), None);
        assert!(named("99").is_none());
    }

    #[test]
    fn every_code_is_found_by_what_it_means() {
        let today = date(2026, 11, 22);
        for code in norwegian() {
            let rate = code.on(today).unwrap();
            assert_eq!(meaning(&rate, today).map(|found| found.code.as_str()), Some(code.code.as_str()));
            assert!(code.rates.is_sorted_by(|one, next| one.0 < next.0), "{}", code.code);
        }
        let foreign = VatRate { category: "S".into(), percent: Some(Decimal::from(19)) };
        assert_eq!(meaning(&foreign, today), None);
    }
}
