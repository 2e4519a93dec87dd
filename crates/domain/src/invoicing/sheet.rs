//! A form as somebody typed it, and how it is read: every field into its type, every fault at its field and all of them at once.
//!
//! People write numbers and dates as they do on paper: `1 234,50`, `1234.50`, `22.11.2026`, `2026-11-22`. A fødselsnummer belongs in
//! its own field and is refused in every other one, so that it never stands in a name or a note.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::fault::{Code, Fault, codes};
use crate::identifiers::without_identity_numbers;

/// Characters of one line of text.
pub const LINE: usize = 200;
/// Characters of a text of several lines.
pub const TEXT: usize = 4_000;
/// So much of a wrong value is repeated.
const SHOWN: usize = 60;
/// Digits of a number that somebody types: sums of money stay far below.
const MOST_DIGITS: usize = 18;

/// The fields of a form by their names, as they were typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sheet(BTreeMap<String, String>);

impl Sheet {
    /// A form with these fields.
    pub fn of<N: Into<String>, V: Into<String>>(fields: impl IntoIterator<Item = (N, V)>) -> Sheet {
        Sheet(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// What was typed in a field, without the white space around it; empty where nothing was.
    pub fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", |value| value.trim())
    }

    /// Whether the form has the field at all: a box that is not ticked is not sent.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// Writes a field.
    pub fn set(&mut self, field: impl Into<String>, value: impl ToString) {
        self.0.insert(field.into(), value.to_string());
    }

    /// Writes a field where there is something to write.
    pub fn set_some(&mut self, field: impl Into<String>, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.set(field, value);
        }
    }

    /// All fields, in the order of their names.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Reads a sheet field by field, and keeps the faults.
#[derive(Debug)]
pub struct Reader<'s> {
    sheet: &'s Sheet,
    /// Before each field's name: `line_3_` in the third line.
    before: String,
    faults: Vec<Fault>,
}

impl<'s> Reader<'s> {
    /// A reader of the whole form.
    pub fn new(sheet: &'s Sheet) -> Reader<'s> {
        Reader { sheet, before: String::new(), faults: Vec::new() }
    }

    /// Reads the fields of one row from here on: their names begin with this.
    pub fn within(&mut self, before: impl Into<String>) {
        self.before = before.into();
    }

    /// What was typed in a field.
    pub fn raw(&self, field: &str) -> &'s str {
        self.sheet.get(&format!("{}{field}", self.before))
    }

    /// Adds a fault at a field.
    pub fn fault(&mut self, field: &str, code: Code) {
        let shown: String = self.raw(field).chars().take(SHOWN).collect();
        self.push(field, Fault::fatal(code).with("field", field).with("value", shown));
    }

    /// Adds a fault of one's own at a field.
    pub fn push(&mut self, field: &str, fault: Fault) {
        self.faults.push(fault.at(format!("{}{field}", self.before)));
    }

    /// One line of text.
    pub fn text(&mut self, field: &str) -> Option<String> {
        self.within_limit(field, LINE, |c| c.is_control())
    }

    /// One line of text that must be there.
    pub fn required(&mut self, field: &str) -> String {
        self.demand(field);
        self.text(field).unwrap_or_default()
    }

    /// A text of several lines.
    pub fn lines(&mut self, field: &str) -> Option<String> {
        self.within_limit(field, TEXT, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            .map(|text| text.replace("\r\n", "\n"))
    }

    /// Says that a field is missing where nothing was typed.
    pub fn demand(&mut self, field: &str) {
        if self.raw(field).is_empty() {
            self.fault(field, codes::FIELD_MISSING);
        }
    }

    /// A decimal number.
    pub fn decimal(&mut self, field: &str) -> Option<Decimal> {
        self.parsed(field, decimal)
    }

    /// A date.
    pub fn date(&mut self, field: &str) -> Option<Date> {
        self.parsed(field, date)
    }

    /// A whole number.
    pub fn whole<T: FromStr>(&mut self, field: &str) -> Option<T> {
        self.parsed(field, |text| text.parse().ok())
    }

    /// Whatever else: `None` from `parse` is a fault.
    pub fn parsed<T>(&mut self, field: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.raw(field);
        if text.is_empty() {
            return None;
        }
        let value = parse(text);
        if value.is_none() {
            self.fault(field, codes::FIELD_INVALID);
        }
        value
    }

    /// What has its own way in, such as an organisation number, with its own fault.
    pub fn identifier<T>(&mut self, field: &str, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let text = self.raw(field);
        if text.is_empty() {
            return None;
        }
        parse(text).map_err(|fault| self.push(field, fault)).ok()
    }

    /// A box that is ticked or not.
    pub fn ticked(&self, field: &str) -> bool {
        !matches!(self.raw(field), "" | "0" | "false" | "no")
    }

    /// The value, or everything that is wrong.
    ///
    /// # Errors
    /// The faults that were found, in the order of reading.
    pub fn finish<T>(self, value: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() { Ok(value) } else { Err(self.faults) }
    }

    fn within_limit(&mut self, field: &str, limit: usize, forbidden: impl Fn(char) -> bool) -> Option<String> {
        let text = self.raw(field);
        if text.is_empty() {
            return None;
        }
        if text.chars().count() > limit {
            self.push(field, Fault::fatal(codes::FIELD_TOO_LONG).with("field", field).with("limit", limit));
        } else if text.chars().any(forbidden) {
            self.fault(field, codes::FIELD_INVALID);
        } else if without_identity_numbers(text) != text {
            self.push(field, Fault::fatal(codes::FIELD_IDENTITY).with("field", field));
        }
        Some(text.to_owned())
    }
}

/// A number as people type it: spaces between groups, and a comma or dot before the decimals. Where both stand, the last one is the
/// decimal mark.
pub fn decimal(text: &str) -> Option<Decimal> {
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}')).collect();
    let text = text.replace('\u{2212}', "-");
    let plain = match (text.rfind(','), text.rfind('.')) {
        (Some(comma), Some(dot)) if comma > dot => text.replace('.', "").replacen(',', ".", 1),
        (Some(_), Some(_)) => text.replace(',', ""),
        (Some(_), None) => text.replacen(',', ".", 1),
        _ => text,
    };
    let digits = plain.chars().filter(char::is_ascii_digit).count();
    let is_plain = plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.'));
    (is_plain && (1..=MOST_DIGITS).contains(&digits)).then(|| Decimal::from_str(&plain).ok())?
}

/// A date as people type it: `22.11.2026`, `22.11.26`, `22/11-2026`, `22112026`, or ISO.
pub fn date(text: &str) -> Option<Date> {
    if let Ok(date) = text.parse::<Date>() {
        return Some(date);
    }
    let parts: Vec<&str> = text.split(['.', '/', '-', ' ']).filter(|part| !part.is_empty()).collect();
    let (day, month, year) = match parts.as_slice() {
        [day, month, year] => (*day, *month, *year),
        [all] if matches!(all.len(), 6 | 8) && all.is_ascii() => (&all[..2], &all[2..4], &all[4..]),
        _ => return None,
    };
    let year: i16 = match year.len() {
        2 => year.parse::<i16>().ok()? + 2000,
        4 => year.parse().ok()?,
        _ => return None,
    };
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_type_them() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(decimal(text), expected.map(|number| number.parse().unwrap()), "{text}");
        };
        check("1 234,50", Some("1234.50"));
        check("1\u{a0}234,50", Some("1234.50"));
        check("1.234,50", Some("1234.50"));
        check("1,234.50", Some("1234.50"));
        check("12,5", Some("12.5"));
        check("-3", Some("-3"));
        check("\u{2212}3", Some("-3"));
        check("1234.5", Some("1234.5"));
        for wrong in ["", "abc", "1,2,3", "--1", "1e9", "kr 100", "-", ".", "1234567890123456789"] {
            check(wrong, None);
        }
    }

    #[test]
    fn dates_as_people_type_them() {
        let day = jiff::civil::date(2026, 2, 3);
        for text in ["2026-02-03", "03.02.2026", "3.2.2026", "3.2.26", "3/2-2026", "03022026", "030226"] {
            assert_eq!(date(text), Some(day), "{text}");
        }
        for text in ["", "2026", "31.02.2026", "3.2", "3.2.026", "i dag", "ø30226"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn every_fault_stands_at_its_field() {
        let long = "x".repeat(201);
        let sheet = Sheet::of([
            ("name", " "),
            ("note", "ring 10915596784"),
            ("city", long.as_str()),
            ("line_2_price", "dyrt"),
            ("line_2_text", "a\u{7}b"),
        ]);
        let mut reader = Reader::new(&sheet);
        assert_eq!(reader.required("name"), "");
        reader.lines("note");
        reader.text("city");
        reader.text("absent");
        reader.within("line_2_");
        reader.decimal("price");
        reader.text("text");
        let faults = reader.finish(()).unwrap_err();
        let told: Vec<(&str, &str)> = faults.iter().map(|fault| (fault.code.name(), fault.place.as_str())).collect();
        assert_eq!(
            told,
            [
                ("field.missing", "name"),
                ("field.identity", "note"),
                ("field.too_long", "city"),
                ("field.invalid", "line_2_price"),
                ("field.invalid", "line_2_text"),
            ]
        );
        assert!(!format!("{faults:?}").contains("10915596784"));
    }
}
