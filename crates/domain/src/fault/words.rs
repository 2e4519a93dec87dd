//! How the values of a fault read in a sentence: the catalogue's words for keys, and dates, times, amounts, numbers and sizes as
//! people write them. The values themselves stay as they were given, for machines.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::Language;
use crate::calendar;

/// A value as people read it, by its name's last word.
///
/// `route` = `email` reads as the entry `email` of the catalogue's table `route`, where there is one; the table is the value's
/// name or its last word, so that `other_term` is looked up as a `term`. A business term keeps its number, because that is what
/// the makers of invoicing systems search for: `due date (BT-9)`. What does not have the form expected of its name stays as it is.
pub(super) fn in_words(name: &str, value: &str, language: Language) -> String {
    let kind = name.rsplit('_').next().unwrap_or(name);
    let words = match kind {
        "term" => term(value, language),
        "bytes" => value.parse().ok().map(|bytes| size(bytes, language)),
        "date" => value.parse().ok().map(|on| date(on, language)),
        "at" => value.parse().ok().map(|at| time(at, language)),
        "amount" | "stated" | "computed" => amount(value, language),
        "mm" => Some(value.replace('.', decimal_mark(language))),
        "limit" | "count" => value.parse::<u64>().ok().map(|_| grouped(value, language)),
        _ => [name, kind]
            .iter()
            .map(|table| format!("{table}.{value}"))
            .find(|key| language.has(key))
            .map(|key| language.text(&key, &[])),
    };
    words.unwrap_or_else(|| value.to_owned())
}

/// `BG-25[2]/BT-131`: the net amount of the line (BG-25[2]/BT-131).
fn term(place: &str, language: Language) -> Option<String> {
    let last = place.rsplit('/').next()?.split('[').next()?;
    let key = format!("term.{last}");
    language.has(&key).then(|| format!("{} ({place})", language.text(&key, &[])))
}

/// `31.01.2026`; in English the form that no country reads the other way round.
fn date(on: Date, language: Language) -> String {
    match language {
        Language::Bokmal => format!("{:02}.{:02}.{}", on.day(), on.month(), on.year()),
        Language::English => on.to_string(),
    }
}

/// The minute, Norwegian time.
fn time(at: Timestamp, language: Language) -> String {
    let local = calendar::wall_time(at);
    let day = date(local.date(), language);
    match language {
        Language::Bokmal => format!("{day} kl. {:02}.{:02}", local.hour(), local.minute()),
        Language::English => format!("{day} {:02}:{:02} Norwegian time", local.hour(), local.minute()),
    }
}

/// `1234.50 NOK` (how an [`Amount`](crate::Amount) is written for machines) with the language's marks: `1 234,50 NOK`.
fn amount(text: &str, language: Language) -> Option<String> {
    let (number, currency) = text.split_once(' ')?;
    number.parse::<Decimal>().ok()?;
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let mark = if decimals.is_empty() { "" } else { decimal_mark(language) };
    Some(format!("{sign}{}{mark}{decimals}\u{a0}{currency}", grouped(whole, language)))
}

/// Digits in groups of three. The space does not break, so that a number stays on one line.
fn grouped(digits: &str, language: Language) -> String {
    let mark = match language {
        Language::Bokmal => '\u{a0}',
        Language::English => ',',
    };
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(mark);
        }
        grouped.push(digit);
    }
    grouped
}

/// A size as people say it: `7,3 MB`. Rounded up, so that nothing over a limit reads as the limit.
fn size(bytes: u64, language: Language) -> String {
    const KILO: u64 = 1000;
    const TENTH_OF_MEGA: u64 = 100_000;
    if bytes < 10 * TENTH_OF_MEGA {
        return format!("{} kB", bytes.div_ceil(KILO));
    }
    let tenths = bytes.div_ceil(TENTH_OF_MEGA);
    format!("{}{}{} MB", tenths / 10, decimal_mark(language), tenths % 10)
}

/// What stands between a whole and its decimals.
fn decimal_mark(language: Language) -> &'static str {
    match language {
        Language::Bokmal => ",",
        Language::English => ".",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_name() {
        let check = |name: &str, value: &str, bokmal: &str, english: &str| {
            assert_eq!(in_words(name, value, Language::Bokmal).replace('\u{a0}', " "), bokmal);
            assert_eq!(in_words(name, value, Language::English).replace('\u{a0}', " "), english);
        };
        check("route", "print", "brev på papir", "letter on paper");
        check("route", "pigeon", "pigeon", "pigeon");
        check("other_term", "BT-2", "fakturadato (BT-2)", "invoice date (BT-2)");
        check("due_date", "2026-01-31", "31.01.2026", "2026-01-31");
        check("date", "tomorrow", "tomorrow", "tomorrow");
        check("latest_at", "2026-07-01T12:00:00Z", "01.07.2026 kl. 14.00", "2026-07-01 14:00 Norwegian time");
        check("stated", "-1234567.50 NOK", "-1 234 567,50 NOK", "-1,234,567.50 NOK");
        check("stated", "999 JPY", "999 JPY", "999 JPY");
        check("computed", "–", "–", "–");
        // The value that was refused is shown as it was written.
        check("value", "2026-02-30", "2026-02-30", "2026-02-30");
        check("limit", "50000000", "50 000 000", "50,000,000");
        check("what", "files", "antall filer", "the number of files");
        check("bytes", "7340032", "7,4 MB", "7.4 MB");
        check("bytes", "999001", "1000 kB", "1000 kB");
        check("bytes", "0", "0 kB", "0 kB");
        check("bytes", "1000000", "1,0 MB", "1.0 MB");
        check("found_mm", "7.5", "7,5", "7.5");
    }
}
