//! What reports there are, what they show, and of which days. What stands in them is the hub's to find out.
//!
//! A report is a table: columns that are named once, rows of cells, and sums below. Pages, CSV files and the command line show the same
//! table, each in its own way.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::money::Amount;

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// Every document of some days, and what became of its money.
    Invoices,
    /// Sales and VAT by VAT code and rate: what the VAT return asks for.
    Vat,
    /// What is owed on a day, by customer and by how long it is overdue.
    Ageing,
    /// What each route cost, and what paper would have.
    Routes,
    /// How large the part of paper is, and how much is paid on time, by month and route.
    Shares,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in JSON, and of its text in the catalogue below `web.report.column.`.
    pub key: &'static str,
    /// Whether it holds numbers, which stand to the right.
    pub is_number: bool,
}

const fn text(key: &'static str) -> Column {
    Column { key, is_number: false }
}

const fn number(key: &'static str) -> Column {
    Column { key, is_number: true }
}

impl Report {
    /// All, in the order in which pages offer them.
    pub const ALL: [Report; 5] = [Report::Invoices, Report::Vat, Report::Ageing, Report::Routes, Report::Shares];

    /// Its name in addresses, and in the catalogue.
    pub fn name(self) -> &'static str {
        match self {
            Report::Invoices => "invoices",
            Report::Vat => "vat",
            Report::Ageing => "ageing",
            Report::Routes => "routes",
            Report::Shares => "shares",
        }
    }

    /// The report with a name.
    pub fn named(name: &str) -> Option<Report> {
        Report::ALL.into_iter().find(|report| report.name() == name)
    }

    /// Its columns.
    pub fn columns(self) -> &'static [Column] {
        const INVOICES: &[Column] = &[
            text("number"),
            text("kind"),
            text("issued_on"),
            text("customer"),
            text("project"),
            number("net"),
            number("vat"),
            number("total"),
            number("paid"),
            number("outstanding"),
            text("currency"),
            text("due_on"),
            text("money"),
            text("state"),
            text("route"),
        ];
        const VAT: &[Column] = &[
            text("code"),
            text("meaning"),
            number("percent"),
            text("currency"),
            number("documents"),
            number("sales"),
            number("credited"),
            number("basis"),
            number("vat"),
        ];
        const AGEING: &[Column] = &[
            text("customer"),
            text("currency"),
            number("documents"),
            number("not_due"),
            number("days_30"),
            number("days_60"),
            number("days_90"),
            number("days_more"),
            number("outstanding"),
        ];
        const ROUTES: &[Column] = &[
            text("route"),
            number("documents"),
            number("priced"),
            number("cost"),
            number("each"),
            number("on_paper"),
            number("saved"),
            text("currency"),
        ];
        const SHARES: &[Column] = &[
            text("month"),
            text("route"),
            number("documents"),
            number("share"),
            number("due"),
            number("on_time"),
            number("on_time_share"),
        ];
        match self {
            Report::Invoices => INVOICES,
            Report::Vat => VAT,
            Report::Ageing => AGEING,
            Report::Routes => ROUTES,
            Report::Shares => SHARES,
        }
    }

    /// Whether it is of one day, not of several.
    pub fn is_of_a_day(self) -> bool {
        self == Report::Ageing
    }

    /// The days that it is of where nobody chose any.
    pub fn usual(self) -> Preset {
        match self {
            Report::Invoices | Report::Ageing => Preset::ThisMonth,
            Report::Vat => Preset::ThisTerm,
            Report::Routes | Report::Shares => Preset::ThisYear,
        }
    }
}

/// What stands in one cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// What somebody wrote.
    Text(String),
    /// A name that the catalogue has words for: the table, and the name; a name that it lacks stays as it is.
    Name(String, String),
    /// A day.
    Day(Option<Date>),
    /// A month, by its first day.
    Month(Date),
    /// Money.
    Amount(Amount),
    /// How many.
    Count(i64),
    /// A part of a whole in thousandths; none where there is no whole.
    Share(Option<i64>),
    /// A decimal number.
    Number(String),
    /// Nothing.
    Empty,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// A cell for each column.
    pub cells: Vec<Cell>,
    /// The path of the page that tells more; empty where there is none.
    #[serde(default)]
    pub leads_to: String,
}

/// Days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
}

/// Days that people ask for by a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The month of today.
    ThisMonth,
    /// The one before it.
    LastMonth,
    /// The two months of today's VAT return (skatteforvaltningsforskriften § 8-3-1).
    ThisTerm,
    /// The two before them.
    LastTerm,
    /// The quarter of today.
    ThisQuarter,
    /// The one before it.
    LastQuarter,
    /// The year of today.
    ThisYear,
    /// The one before it.
    LastYear,
}

impl Preset {
    /// All, in the order in which pages offer them.
    pub const ALL: [Preset; 8] = [
        Preset::ThisMonth,
        Preset::LastMonth,
        Preset::ThisTerm,
        Preset::LastTerm,
        Preset::ThisQuarter,
        Preset::LastQuarter,
        Preset::ThisYear,
        Preset::LastYear,
    ];

    /// Its name in addresses, and in the catalogue below `web.report.period.`.
    pub fn name(self) -> &'static str {
        match self {
            Preset::ThisMonth => "this_month",
            Preset::LastMonth => "last_month",
            Preset::ThisTerm => "this_term",
            Preset::LastTerm => "last_term",
            Preset::ThisQuarter => "this_quarter",
            Preset::LastQuarter => "last_quarter",
            Preset::ThisYear => "this_year",
            Preset::LastYear => "last_year",
        }
    }

    /// The preset with a name.
    pub fn named(name: &str) -> Option<Preset> {
        Preset::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Its days.
    pub fn days(self, today: Date) -> Days {
        let (months, back) = match self {
            Preset::ThisMonth => (1, 0),
            Preset::LastMonth => (1, 1),
            Preset::ThisTerm => (2, 0),
            Preset::LastTerm => (2, 1),
            Preset::ThisQuarter => (3, 0),
            Preset::LastQuarter => (3, 1),
            Preset::ThisYear => (12, 0),
            Preset::LastYear => (12, 1),
        };
        let into = i32::from(today.month() - 1) % months;
        let begins = |ago: i32| today.first_of_month().checked_sub(ago.months()).unwrap_or(today);
        let from = begins(into + back * months);
        let to = from.checked_add(months.months()).and_then(|next| next.yesterday()).unwrap_or(today);
        Days { from, to }
    }
}

/// Days as somebody asks for them: by a word, by one or two ends, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// A word.
    #[serde(default)]
    pub preset: Option<Preset>,
    /// The first day.
    #[serde(default)]
    pub from: Option<Date>,
    /// The last day.
    #[serde(default)]
    pub to: Option<Date>,
}

impl Asked {
    /// The word that says which days they are, where one does: also where nobody said anything.
    pub fn preset_for(self, report: Report) -> Option<Preset> {
        match self {
            _ if report.is_of_a_day() => None,
            Asked { preset: Some(preset), .. } => Some(preset),
            Asked { from: None, to: None, .. } => Some(report.usual()),
            Asked { .. } => None,
        }
    }

    /// The days: of a report of one day the last, by default today; else those of the word, or between the ends. An end that is missing is
    /// today, or the first day of the other one's month. Ends the wrong way round are no days: `None`.
    pub fn days(self, report: Report, today: Date) -> Option<Days> {
        if report.is_of_a_day() {
            let on = self.to.unwrap_or(today);
            return Some(Days { from: on, to: on });
        }
        if let Some(preset) = self.preset_for(report) {
            return Some(preset.days(today));
        }
        let to = self.to.unwrap_or(today);
        let from = self.from.unwrap_or_else(|| to.first_of_month());
        (from <= to).then_some(Days { from, to })
    }
}

impl Days {
    /// The first days of its months: at most so many, the last ones.
    pub fn months(self, most: usize) -> Vec<Date> {
        let mut months = Vec::new();
        let mut month = self.to.first_of_month();
        while month >= self.from.first_of_month() && months.len() < most {
            months.push(month);
            match month.checked_sub(1.month()) {
                Ok(before) => month = before,
                Err(_) => break,
            }
        }
        months.reverse();
        months
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn words_mean_days() {
        let check = |preset: Preset, today: Date, from: Date, to: Date| {
            assert_eq!(preset.days(today), Days { from, to }, "{} on {today}", preset.name());
        };
        let november = date(2026, 11, 22);
        check(Preset::ThisMonth, november, date(2026, 11, 1), date(2026, 11, 30));
        check(Preset::LastMonth, november, date(2026, 10, 1), date(2026, 10, 31));
        check(Preset::ThisTerm, november, date(2026, 11, 1), date(2026, 12, 31));
        check(Preset::LastTerm, november, date(2026, 9, 1), date(2026, 10, 31));
        check(Preset::ThisQuarter, november, date(2026, 10, 1), date(2026, 12, 31));
        check(Preset::LastQuarter, november, date(2026, 7, 1), date(2026, 9, 30));
        check(Preset::ThisYear, november, date(2026, 1, 1), date(2026, 12, 31));
        check(Preset::LastYear, november, date(2025, 1, 1), date(2025, 12, 31));
        check(Preset::LastMonth, date(2026, 1, 31), date(2025, 12, 1), date(2025, 12, 31));
        check(Preset::LastTerm, date(2024, 4, 30), date(2024, 1, 1), date(2024, 2, 29));
        check(Preset::ThisMonth, date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29));
    }

    #[test]
    fn days_are_asked_for_in_many_ways() {
        let today = date(2026, 11, 22);
        let days = |from: Date, to: Date| Some(Days { from, to });
        let asked = |preset: Option<Preset>, from: Option<Date>, to: Option<Date>| Asked { preset, from, to };
        let (first, last) = (date(2026, 11, 1), date(2026, 11, 30));
        let check =
            |asked: Asked, report: Report, expected: Option<Days>| assert_eq!(asked.days(report, today), expected, "{asked:?}");
        check(Asked::default(), Report::Invoices, days(first, last));
        check(Asked::default(), Report::Ageing, days(today, today));
        check(asked(Some(Preset::LastYear), None, None), Report::Ageing, days(today, today));
        check(asked(None, None, Some(last)), Report::Ageing, days(last, last));
        check(asked(Some(Preset::LastMonth), Some(today), None), Report::Vat, days(date(2026, 10, 1), date(2026, 10, 31)));
        check(asked(None, Some(first), None), Report::Vat, days(first, today));
        check(asked(None, None, Some(last)), Report::Vat, days(first, last));
        check(asked(None, Some(last), Some(first)), Report::Vat, None);
        assert_eq!(asked(None, Some(first), None).preset_for(Report::Vat), None);
    }

    #[test]
    fn names_are_found_again() {
        for report in Report::ALL {
            assert_eq!(Report::named(report.name()), Some(report));
            assert!(!report.columns().is_empty());
        }
        for preset in Preset::ALL {
            assert_eq!(Preset::named(preset.name()), Some(preset));
        }
    }

    #[test]
    fn months_are_counted_and_have_a_most() {
        let days = Days { from: date(2025, 11, 30), to: date(2026, 2, 1) };
        assert_eq!(days.months(24), [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]);
        assert_eq!(days.months(1), [date(2026, 2, 1)]);
        assert!(Days { from: date(2026, 2, 1), to: date(2026, 1, 1) }.months(9).is_empty());
    }
}
