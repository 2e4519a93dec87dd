//! The working days of Norway: when banks are open, when a print shop prints (ten in the evening) and posts (eight in the
//! morning of a working day).

use jiff::civil::{Date, Weekday, time};
use jiff::tz::{self, TimeZone};
use jiff::{Timestamp, ToSpan as _};

/// The next ten in the evening.
pub fn next_night(after: Timestamp) -> Timestamp {
    next(after, 22, |_| true)
}

/// The next eight in the morning of a working day.
pub fn next_posting(after: Timestamp) -> Timestamp {
    next(after, 8, is_working_day)
}

/// The next time that it is so many hours on a working day in Oslo.
pub fn next_working_hour(after: Timestamp, hour: i8) -> Timestamp {
    next(after, hour, is_working_day)
}

/// So many days later.
pub fn days_after(at: Timestamp, days: i32) -> Timestamp {
    at.checked_add((24 * i64::from(days)).hours()).unwrap_or(Timestamp::MAX)
}

/// What day it is in Oslo.
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(oslo()).date()
}

/// This hour of that day in Oslo.
pub fn at_hour(day: Date, hour: i8) -> Timestamp {
    day.to_datetime(time(hour, 0, 0, 0)).to_zoned(oslo()).map_or(Timestamp::MAX, |at| at.timestamp())
}

/// The day itself where the banks are open, else the next one on which they are.
pub fn working_day_from(day: Date) -> Date {
    let mut day = day;
    // Never more than six in a row are off; the calendar's last day ends it too.
    while !is_working_day(day) && day < Date::MAX {
        day = day.saturating_add(1.day());
    }
    day
}

/// The so many-th working day after a day, 1 being the next.
pub fn working_days_after(day: Date, count: u32) -> Date {
    (0..count).fold(day, |day, _| working_day_from(day.saturating_add(1.day())))
}

fn oslo() -> TimeZone {
    tz::get!("Europe/Oslo")
}

fn next(after: Timestamp, hour: i8, fits: impl Fn(Date) -> bool) -> Timestamp {
    let mut day = day_of(after);
    // Easter with a weekend is the longest that nobody works: six days. Twenty cannot be missed.
    for _ in 0..20 {
        let at = at_hour(day, hour);
        if at > after && fits(day) {
            return at;
        }
        day = day.saturating_add(1.day());
    }
    Timestamp::MAX
}

/// Monday to Friday, none of the days off by law (Lov om 1. og 17. mai; Lov om helligdager §2), and not Christmas Eve,
/// when the banks are closed (settlement calendar of Norges Bank).
pub fn is_working_day(day: Date) -> bool {
    let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let is_fixed = matches!((day.month(), day.day()), (1, 1) | (5, 1) | (5, 17) | (12, 24..=26));
    let after_easter = (day - easter(day.year())).get_days();
    // Maundy Thursday, Good Friday, Easter Monday, Ascension Day, Whit Monday.
    !is_weekend && !is_fixed && ![-3, -2, 1, 39, 50].contains(&after_easter)
}

/// Easter Sunday by the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, ch. 8).
fn easter(year: i16) -> Date {
    let year_number = i32::from(year);
    let (a, b, c) = (year_number % 19, year_number / 100, year_number % 100);
    let f = (b + 8) / 25;
    let h = (19 * a + b - b / 4 - (b - f + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    let part = |number: i32| i8::try_from(number).expect("month 3 or 4, day 1 to 31");
    Date::new(year, part(sum / 31), part(sum % 31 + 1)).expect("Easter is a day in March or April")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn nights_and_mornings() {
        let table = [
            // A Sunday: printed that night, posted on Monday.
            ("2026-11-22T08:00:00Z", "2026-11-22T21:00:00Z", "2026-11-23T07:00:00Z"),
            ("2026-11-22T21:00:00Z", "2026-11-23T21:00:00Z", "2026-11-24T07:00:00Z"),
            // A Friday evening in summer.
            ("2026-06-12T19:59:59Z", "2026-06-12T20:00:00Z", "2026-06-15T06:00:00Z"),
            // Wednesday before Easter 2026 (5 April): six days without work.
            ("2026-04-01T12:00:00Z", "2026-04-01T20:00:00Z", "2026-04-07T06:00:00Z"),
            ("2026-12-24T12:00:00Z", "2026-12-24T21:00:00Z", "2026-12-28T07:00:00Z"),
        ];
        for (taken, printed, posted) in table {
            assert_eq!(next_night(at(taken)), at(printed), "{taken}");
            assert_eq!(next_posting(next_night(at(taken))), at(posted), "{taken}");
        }
    }

    /// The banks' list of eleven years, made by other code.
    #[test]
    fn the_banks_days_off() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/rails/own/bank_holidays_2025_2035.csv");
        let Ok(list) = std::fs::read_to_string(path) else {
            let required = std::env::var("KVITT_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|what| what == "vectors"), "{path} is missing");
            println!("SKIPPED: {path} is missing");
            return;
        };
        let off: Vec<Date> = list.lines().skip(1).map(|line| line[..10].parse().unwrap()).collect();
        let mut day = jiff::civil::date(2025, 1, 1);
        while day.year() < 2036 {
            let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            assert_eq!(is_working_day(day), !is_weekend && !off.contains(&day), "{day}");
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn days_off() {
        for day in [
            "2025-04-17",
            "2025-04-18",
            "2025-04-21",
            "2025-05-29",
            "2025-06-09",
            "2026-05-14",
            "2026-05-25",
            "2027-05-17",
            "2027-01-01",
        ] {
            assert!(!is_working_day(day.parse().unwrap()), "{day}");
        }
        for day in ["2025-04-16", "2025-12-23", "2025-12-31", "2026-05-15", "2026-04-07"] {
            assert!(is_working_day(day.parse().unwrap()), "{day}");
        }
    }
}
