//! Norwegian bank days and Norwegian wall time.
//!
//! Due dates, cut-offs and "today" are local dates in Europe/Oslo, never UTC ones. The zone's rules are compiled in, so that no
//! file of the machine is read and two machines never disagree. Nothing here reads a clock: `now` comes in.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::Language;

/// Europe/Oslo, from the time zone database that the program was built with.
static OSLO: TimeZone = jiff::tz::get!("Europe/Oslo");

/// Whether banks settle on 24 December. It is no public holiday, but Norges Bank's settlement is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChristmasEve {
    /// Norges Bank's settlement calendar: closed.
    #[default]
    Closed,
    /// Open like any weekday.
    Open,
}

/// The days on which Norwegian banks settle: Monday to Friday but for the holidays (Norges Bank's settlement calendar).
/// 31 December is open.
///
/// Counting stops at the ends of what a [`Date`] can be (the years -9999 and 9999) instead of failing there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct BankCalendar {
    /// Whether banks settle on 24 December.
    #[serde(default)]
    pub christmas_eve: ChristmasEve,
}

/// A day on which banks are closed other than Saturdays and Sundays. It may fall on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holiday {
    /// The date.
    pub on: Date,
    /// Which holiday.
    pub name: HolidayName,
}

/// The closed days by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HolidayName {
    /// 1 January.
    NewYear,
    /// Thursday before Easter.
    MaundyThursday,
    /// Friday before Easter.
    GoodFriday,
    /// Monday after Easter.
    EasterMonday,
    /// 1 May.
    LabourDay,
    /// 17 May.
    ConstitutionDay,
    /// 39 days after Easter.
    AscensionDay,
    /// 50 days after Easter.
    WhitMonday,
    /// 24 December, where the calendar says so.
    ChristmasEve,
    /// 25 December.
    ChristmasDay,
    /// 26 December.
    BoxingDay,
}

impl HolidayName {
    /// Every name, in the order of the year (Ascension Day and 17 May may change places).
    pub const ALL: [HolidayName; 11] = [
        HolidayName::NewYear,
        HolidayName::MaundyThursday,
        HolidayName::GoodFriday,
        HolidayName::EasterMonday,
        HolidayName::LabourDay,
        HolidayName::ConstitutionDay,
        HolidayName::AscensionDay,
        HolidayName::WhitMonday,
        HolidayName::ChristmasEve,
        HolidayName::ChristmasDay,
        HolidayName::BoxingDay,
    ];

    /// The name in the catalogue's table `holiday`.
    pub fn key(self) -> &'static str {
        match self {
            HolidayName::NewYear => "new_year",
            HolidayName::MaundyThursday => "maundy_thursday",
            HolidayName::GoodFriday => "good_friday",
            HolidayName::EasterMonday => "easter_monday",
            HolidayName::LabourDay => "labour_day",
            HolidayName::ConstitutionDay => "constitution_day",
            HolidayName::AscensionDay => "ascension_day",
            HolidayName::WhitMonday => "whit_monday",
            HolidayName::ChristmasEve => "christmas_eve",
            HolidayName::ChristmasDay => "christmas_day",
            HolidayName::BoxingDay => "boxing_day",
        }
    }

    /// The name as people say it.
    pub fn text(self, language: Language) -> String {
        language.text(&format!("holiday.{}", self.key()), &[])
    }

    fn date(self, year: i16) -> Date {
        let day = |month, day| Date::new(year, month, day).expect("a fixed holiday exists in every year");
        let from_easter =
            |days: i32| easter(year).checked_add(days.days()).expect("Easter is months away from either end of time");
        match self {
            HolidayName::NewYear => day(1, 1),
            HolidayName::MaundyThursday => from_easter(-3),
            HolidayName::GoodFriday => from_easter(-2),
            HolidayName::EasterMonday => from_easter(1),
            HolidayName::LabourDay => day(5, 1),
            HolidayName::ConstitutionDay => day(5, 17),
            HolidayName::AscensionDay => from_easter(39),
            HolidayName::WhitMonday => from_easter(50),
            HolidayName::ChristmasEve => day(12, 24),
            HolidayName::ChristmasDay => day(12, 25),
            HolidayName::BoxingDay => day(12, 26),
        }
    }
}

impl BankCalendar {
    /// The closed days of a year other than Saturdays and Sundays, in order of date. Two may fall on the same date
    /// (Ascension Day was 1 May in 2008).
    pub fn holidays(self, year: i16) -> Vec<Holiday> {
        let mut holidays: Vec<Holiday> = self.closed_days().map(|name| Holiday { on: name.date(year), name }).collect();
        holidays.sort_by_key(|holiday| holiday.on);
        holidays
    }

    /// Whether banks settle on this date.
    pub fn is_bank_day(self, date: Date) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        !weekend && !self.closed_days().any(|name| name.date(date.year()) == date)
    }

    /// The date itself if it is a bank day, else the first one after it: where a due date on a holiday moves to.
    pub fn on_or_after(self, date: Date) -> Date {
        if self.is_bank_day(date) { date } else { self.next_bank_day(date) }
    }

    /// The date itself if it is a bank day, else the last one before it.
    pub fn on_or_before(self, date: Date) -> Date {
        if self.is_bank_day(date) { date } else { self.previous_bank_day(date) }
    }

    /// The first bank day after this date; never the date itself.
    pub fn next_bank_day(self, date: Date) -> Date {
        self.walk(date, 1, Date::tomorrow)
    }

    /// The last bank day before this date; never the date itself.
    pub fn previous_bank_day(self, date: Date) -> Date {
        self.walk(date, 1, Date::yesterday)
    }

    /// The `days`-th bank day after this date, which need not be one: Saturday + 1 is Monday. 0 is the date itself.
    pub fn add_bank_days(self, date: Date, days: u16) -> Date {
        self.walk(date, days, Date::tomorrow)
    }

    /// The `days`-th bank day before this date, which need not be one: Sunday - 1 is Friday. 0 is the date itself.
    pub fn sub_bank_days(self, date: Date, days: u16) -> Date {
        self.walk(date, days, Date::yesterday)
    }

    /// The first cut-off at or after `now`: this time of day, Oslo wall time, on a bank day. What arrives exactly at the
    /// cut-off is in time.
    pub fn next_cut_off(self, now: Timestamp, time: Time) -> Timestamp {
        let day = self.on_or_after(today(now));
        let cut_off = at(day, time);
        if cut_off >= now { cut_off } else { at(self.next_bank_day(day), time) }
    }

    fn walk(self, date: Date, days: u16, step: fn(Date) -> Result<Date, jiff::Error>) -> Date {
        let mut date = date;
        let mut left = days;
        while left > 0 {
            match step(date) {
                Ok(next) => date = next,
                Err(_) => return date,
            }
            if self.is_bank_day(date) {
                left -= 1;
            }
        }
        date
    }

    fn closed_days(self) -> impl Iterator<Item = HolidayName> {
        let open = self.christmas_eve == ChristmasEve::Open;
        HolidayName::ALL.into_iter().filter(move |name| !(open && *name == HolidayName::ChristmasEve))
    }
}

/// Easter Sunday by the anonymous Gregorian rule (Meeus/Jones/Butcher), right for every year of the Gregorian calendar.
pub fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let golden = y.rem_euclid(19);
    let (century, of_century) = (y.div_euclid(100), y.rem_euclid(100));
    let (leap_centuries, century_rest) = (century.div_euclid(4), century.rem_euclid(4));
    let moon = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let epact = (19 * golden + century - leap_centuries - moon + 15).rem_euclid(30);
    let weekday = (32 + 2 * century_rest + 2 * (of_century / 4) - epact - of_century % 4).rem_euclid(7);
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    Date::new(year, (days / 31) as i8, (days % 31 + 1) as i8).expect("the rule gives 22 March to 25 April")
}

/// The date in Norway at this instant.
pub fn today(now: Timestamp) -> Date {
    wall_time(now).date()
}

/// What a clock on a Norwegian wall shows at this instant.
pub fn wall_time(now: Timestamp) -> DateTime {
    OSLO.to_datetime(now)
}

/// The instant of this wall time in Norway.
///
/// A time that the clocks skip in spring (02:30) is read an hour later, one that they show twice in autumn as the first of the
/// two: RFC 5545 § 3.3.5. At the ends of time, beyond which no [`Timestamp`] is, it is the nearest one.
pub fn at(date: Date, time: Time) -> Timestamp {
    let end = if date.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    OSLO.to_ambiguous_timestamp(date.to_datetime(time)).compatible().unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    const CALENDAR: BankCalendar = BankCalendar { christmas_eve: ChristmasEve::Closed };

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        // Years with the earliest, the latest and the exceptional dates of the rule.
        for (year, month, day) in [
            (1818, 3, 22),
            (1943, 4, 25),
            (1954, 4, 18),
            (1981, 4, 19),
            (2000, 4, 23),
            (2026, 4, 5),
            (2027, 3, 28),
            (2038, 4, 25),
            (2049, 4, 18),
        ] {
            assert_eq!(easter(year), date(year, month, day));
        }
        for year in -9999..=9999 {
            let easter = easter(year);
            assert_eq!(easter.weekday(), Weekday::Sunday, "{easter}");
            assert!((date(year, 3, 22)..=date(year, 4, 25)).contains(&easter), "{easter}");
        }
    }

    #[test]
    fn counting() {
        // Wednesday before Easter 2026: Thursday, Friday and Monday are closed.
        assert_eq!(CALENDAR.next_bank_day(date(2026, 4, 1)), date(2026, 4, 7));
        assert_eq!(CALENDAR.previous_bank_day(date(2026, 4, 7)), date(2026, 4, 1));
        assert_eq!(CALENDAR.add_bank_days(date(2026, 4, 4), 1), date(2026, 4, 7));
        assert_eq!(CALENDAR.add_bank_days(date(2026, 4, 4), 0), date(2026, 4, 4));
        assert_eq!(CALENDAR.sub_bank_days(date(2026, 12, 28), 1), date(2026, 12, 23));
        assert_eq!(CALENDAR.on_or_after(date(2026, 5, 17)), date(2026, 5, 18));
        assert_eq!(CALENDAR.on_or_before(date(2026, 5, 17)), date(2026, 5, 15));
        let open = BankCalendar { christmas_eve: ChristmasEve::Open };
        assert_eq!(open.sub_bank_days(date(2026, 12, 28), 1), date(2026, 12, 24));
        assert!(CALENDAR.is_bank_day(date(2026, 12, 31)));
        assert_eq!(CALENDAR.add_bank_days(Date::MAX, 9), Date::MAX);
        assert_eq!(CALENDAR.sub_bank_days(Date::MIN, 9), Date::MIN);
    }

    #[test]
    fn today_is_norwegian_not_utc() {
        let at_utc = |text: &str| today(text.parse().unwrap());
        assert_eq!(at_utc("2026-01-31T22:59:59Z"), date(2026, 1, 31));
        assert_eq!(at_utc("2026-01-31T23:00:00Z"), date(2026, 2, 1));
        assert_eq!(at_utc("2026-07-31T21:59:59Z"), date(2026, 7, 31));
        assert_eq!(at_utc("2026-07-31T22:00:00Z"), date(2026, 8, 1));
    }

    #[test]
    fn wall_time_is_safe_where_the_clocks_change() {
        let check =
            |day: Date, hour: i8, minute: i8, expected: &str| assert_eq!(at(day, time(hour, minute, 0, 0)).to_string(), expected);
        check(date(2026, 1, 15), 14, 0, "2026-01-15T13:00:00Z");
        check(date(2026, 7, 15), 14, 0, "2026-07-15T12:00:00Z");
        // 29 March 2026: 02:30 does not exist and is read as 03:30.
        check(date(2026, 3, 29), 2, 30, "2026-03-29T01:30:00Z");
        // 25 October 2026: 02:30 exists twice; the first is taken.
        check(date(2026, 10, 25), 2, 30, "2026-10-25T00:30:00Z");
        // Beyond the last change that the database lists, its rule goes on.
        check(date(2090, 7, 1), 14, 0, "2090-07-01T12:00:00Z");
    }

    #[test]
    fn cut_offs() {
        let check = |now: &str, expected: &str| {
            assert_eq!(CALENDAR.next_cut_off(now.parse().unwrap(), time(14, 0, 0, 0)).to_string(), expected, "{now}");
        };
        check("2026-11-20T12:59:59Z", "2026-11-20T13:00:00Z");
        check("2026-11-20T13:00:00Z", "2026-11-20T13:00:00Z");
        check("2026-11-20T13:00:00.001Z", "2026-11-23T13:00:00Z");
        check("2026-11-22T03:00:00Z", "2026-11-23T13:00:00Z");
        // Friday after the cut-off, summer time ends on the Sunday between.
        check("2026-10-23T12:30:00Z", "2026-10-26T13:00:00Z");
        check("2026-12-23T14:00:00Z", "2026-12-28T13:00:00Z");
    }
}
