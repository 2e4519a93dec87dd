//! How pages say things: the catalogue's table `[web]`, and money, days and times as people in Norway write them.

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::Language;
use kvitt_domain::calendar;
use kvitt_domain::fault::Fault;
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::money::{Amount, Currency};
use rust_decimal::Decimal;

/// One language for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words(pub Language);

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Words {
    /// The text under `web.<key>`.
    pub fn t(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// The text under `web.<key>` with its values.
    pub fn with(self, key: &str, values: &[(&str, &str)]) -> String {
        self.0.text(&format!("web.{key}"), values)
    }

    /// Whether there is a text under `web.<key>`.
    pub fn has(self, key: &str) -> bool {
        self.0.has(&format!("web.{key}"))
    }

    /// A stored name in words: `table` is `route`, `state`, `role`… A name that the catalogue lacks stays as it is.
    pub fn name(self, table: &str, name: &str) -> String {
        let key = format!("{table}.{name}");
        if self.0.has(&key) { self.0.text(&key, &[]) } else { name.to_owned() }
    }

    /// The same with a capital letter.
    pub fn title(self, table: &str, name: &str) -> String {
        capital(&self.name(table, name))
    }

    /// What is wrong, and what to do about it. No page repeats a fødselsnummer.
    pub fn fault(self, fault: &Fault) -> (String, String) {
        let masked = |text: String| without_identity_numbers(&text).into_owned();
        (masked(fault.sentence(self.0)), masked(fault.remedy(self.0)))
    }

    /// An amount: `12 450,00 kr`. The spaces do not break.
    pub fn money(self, amount: Amount) -> String {
        let unit = if amount.currency() == Currency::NOK { "kr" } else { amount.currency().code() };
        format!("{}\u{a0}{unit}", self.amount(amount))
    }

    /// An amount without its currency: `12 450,00`.
    pub fn amount(self, amount: Amount) -> String {
        decimal(&amount.to_decimal().to_string())
    }

    /// A whole number in groups of three.
    pub fn count(self, number: i64) -> String {
        decimal(&number.to_string())
    }

    /// A number as it is, without zeros at its end: `1,5`.
    pub fn number(self, number: Decimal) -> String {
        decimal(&number.normalize().to_string())
    }

    /// A size: `7,4 MB`.
    pub fn size(self, bytes: u64) -> String {
        const KILO: u64 = 1_000;
        const TENTH_OF_MEGA: u64 = 100_000;
        match bytes {
            ..=999_999 => format!("{}\u{a0}kB", bytes.div_ceil(KILO)),
            bytes => {
                let tenths = bytes.div_ceil(TENTH_OF_MEGA);
                format!("{},{}\u{a0}MB", tenths / 10, tenths % 10)
            }
        }
    }

    /// A day: `22.11.2026`, in English `22 Nov 2026`.
    pub fn date(self, on: Date) -> String {
        match self.0 {
            Language::Bokmal => format!("{:02}.{:02}.{}", on.day(), on.month(), on.year()),
            Language::English => {
                format!("{} {} {}", on.day(), MONTHS[usize::try_from(on.month() - 1).unwrap_or_default()], on.year())
            }
        }
    }

    /// A day that is stored as text; what is no day stays as it is.
    pub fn date_text(self, on: &str) -> String {
        on.parse().map_or_else(|_| on.to_owned(), |on| self.date(on))
    }

    /// A moment, as the clock on the wall shows it in Norway: `22.11.2026 kl. 14.03`.
    pub fn time(self, at: Timestamp) -> String {
        let local = calendar::wall_time(at);
        let day = self.date(local.date());
        match self.0 {
            Language::Bokmal => format!("{day} kl. {:02}.{:02}", local.hour(), local.minute()),
            Language::English => format!("{day}, {:02}:{:02}", local.hour(), local.minute()),
        }
    }

    /// A moment given as Unix milliseconds.
    pub fn time_ms(self, at_ms: i64) -> String {
        Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| self.time(at))
    }

    /// The day of a moment given as Unix milliseconds.
    pub fn day_ms(self, at_ms: i64) -> String {
        let day = Timestamp::from_millisecond(at_ms).map(|at| calendar::wall_time(at).date());
        day.map_or_else(|_| at_ms.to_string(), |on| self.date(on))
    }
}

/// A decimal number such as `-1234.50`, grouped and marked as in Norway: `−1 234,50`.
fn decimal(number: &str) -> String {
    let (minus, number) = number.strip_prefix('-').map_or(("", number), |rest| ("\u{2212}", rest));
    let (whole, decimals) = number.split_once('.').map_or((number, None), |(whole, decimals)| (whole, Some(decimals)));
    let mut grouped = String::with_capacity(number.len() + 4);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    match decimals {
        Some(decimals) => format!("{minus}{grouped},{decimals}"),
        None => format!("{minus}{grouped}"),
    }
}

/// A text with a capital letter in front. A name with its capital further on, such as eFaktura, stays as it is.
pub fn capital(text: &str) -> String {
    if text.chars().nth(1).is_some_and(char::is_uppercase) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_it() {
        let (nb, en) = (Words(Language::Bokmal), Words(Language::English));
        assert_eq!(nb.money(Amount::new(1_245_000, Currency::NOK)), "12\u{a0}450,00\u{a0}kr");
        assert_eq!(en.money(Amount::new(-50, Currency::NOK)), "\u{2212}0,50\u{a0}kr");
        let euro = Currency::parse("EUR").expect("the euro is known");
        assert_eq!(nb.money(Amount::new(99_900, euro)), "999,00\u{a0}EUR");
        let at = "2026-11-22T13:03:00Z".parse().expect("a time");
        assert_eq!(nb.time(at), "22.11.2026 kl. 14.03");
        assert_eq!(en.time(at), "22 Nov 2026, 14:03");
        assert_eq!(en.date_text("2026-01-02"), "2 Jan 2026");
        assert_eq!(nb.date_text("soon"), "soon");
        assert_eq!(nb.count(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(capital("øst"), "Øst");
        assert_eq!(capital("eFaktura"), "eFaktura");
    }
}
