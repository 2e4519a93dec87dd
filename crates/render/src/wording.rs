//! How numbers, dates, accounts and units are written in a language, and the words of the document from the message catalogue.
//!
//! Nothing here knows where a text stands.

use jiff::civil::Date;
use kvitt_domain::invoice::{Period, VatRate};
use kvitt_domain::language::Language;
use kvitt_domain::money::{Amount, Currency};
use rust_decimal::Decimal;

/// Writes in one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wording(pub Language);

/// Keeps the parts of a number on one line.
const NO_BREAK_SPACE: char = '\u{a0}';
/// The minus sign is as wide as a figure; the hyphen is not.
const MINUS: char = '\u{2212}';

impl Wording {
    /// The text under `pdf.<key>`.
    pub(crate) fn text(self, key: &str) -> String {
        self.fill(key, &[])
    }

    /// The text under `pdf.<key>` with its values.
    pub(crate) fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        self.0.text(&format!("pdf.{key}"), values)
    }

    /// `22.11.2026` or `22 November 2026`.
    pub(crate) fn date(self, date: Date) -> String {
        match self.0 {
            Language::Bokmal => date.strftime("%d.%m.%Y").to_string(),
            Language::English => date.strftime("%-d %B %Y").to_string(),
        }
    }

    /// `22.11.2026` or `22 Nov 2026`, where room is short.
    pub(crate) fn short_date(self, date: Date) -> String {
        match self.0 {
            Language::Bokmal => self.date(date),
            Language::English => date.strftime("%-d %b %Y").to_string(),
        }
    }

    /// `01.10.2026–31.10.2026`, or with one end open. `None` where both are.
    pub(crate) fn period(self, period: Period) -> Option<String> {
        match (period.from, period.to) {
            (Some(from), Some(to)) => Some(format!("{} – {}", self.short_date(from), self.short_date(to))),
            (Some(from), None) => Some(self.fill("period_from", &[("date", &self.short_date(from))])),
            (None, Some(to)) => Some(self.fill("period_to", &[("date", &self.short_date(to))])),
            (None, None) => None,
        }
    }

    /// A number with at least so many decimals, and as many as it has: `12 345,50` or `12,345.50`.
    pub(crate) fn number(self, value: Decimal, least_decimals: usize) -> String {
        let (group, point) = match self.0 {
            Language::Bokmal => (NO_BREAK_SPACE, ','),
            Language::English => (',', '.'),
        };
        let plain = value.normalize().abs().to_string();
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let mut written = String::with_capacity(plain.len() + plain.len() / 3 + 2);
        if value.is_sign_negative() && !value.is_zero() {
            written.push(MINUS);
        }
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                written.push(group);
            }
            written.push(digit);
        }
        if least_decimals > 0 || !fraction.is_empty() {
            written.push(point);
            written.push_str(fraction);
            written.extend(std::iter::repeat_n('0', least_decimals.saturating_sub(fraction.len())));
        }
        written
    }

    /// An amount without its currency.
    pub(crate) fn amount(self, amount: Amount) -> String {
        self.number(amount.to_decimal(), decimals(amount.currency()))
    }

    /// An amount that stands in a column of another currency's amounts names its own.
    pub(crate) fn amount_in(self, amount: Amount, column: Currency) -> String {
        if amount.currency() == column { self.amount(amount) } else { self.money(amount) }
    }

    /// An amount with its currency: `12 345,50 kr`, `12 345,50 EUR`, `NOK 12,345.50`.
    pub(crate) fn money(self, amount: Amount) -> String {
        let number = self.amount(amount);
        let code = amount.currency().code();
        match self.0 {
            Language::Bokmal if amount.currency() == Currency::NOK => {
                format!("{number}{NO_BREAK_SPACE}kr")
            }
            Language::Bokmal => format!("{number}{NO_BREAK_SPACE}{code}"),
            Language::English => format!("{code}{NO_BREAK_SPACE}{number}"),
        }
    }

    /// A price per unit: as many decimals as it has, at least those of the currency.
    pub(crate) fn price(self, price: Decimal, currency: Currency) -> String {
        self.number(price, decimals(currency))
    }

    /// `25 %` or `25%`.
    pub(crate) fn percent(self, percent: Decimal) -> String {
        let number = self.number(percent, 0);
        match self.0 {
            Language::Bokmal => format!("{number}{NO_BREAK_SPACE}%"),
            Language::English => format!("{number}%"),
        }
    }

    /// The rate in a line: `25 %`, or a dash for what is outside the scope of VAT and has none.
    pub(crate) fn rate(self, rate: &VatRate) -> String {
        match rate.percent {
            Some(percent) => self.percent(percent),
            None => "–".to_owned(),
        }
    }

    /// The rate in the VAT specification, where `0 %` is not enough: why it is zero (UNTDID 5305).
    pub(crate) fn category(self, rate: &VatRate) -> String {
        let key = match rate.category.as_str() {
            "Z" => "vat_zero",
            "E" => "vat_exempt",
            "AE" => "vat_reverse",
            "K" => "vat_intra_community",
            "G" => "vat_export",
            "O" => "vat_outside",
            _ => return self.rate(rate),
        };
        match rate.percent {
            Some(percent) => format!("{} {}", self.percent(percent), self.text(key)),
            None => self.text(key),
        }
    }

    /// The word for a unit of UN/ECE recommendation 20 or 21; a code without one is shown as it is.
    pub(crate) fn unit(self, code: &str) -> String {
        match code {
            "C62" | "EA" | "H87" | "NAR" | "XPP" | "PCE" => self.text("unit_piece"),
            "HUR" => self.text("unit_hour"),
            "MIN" => self.text("unit_minute"),
            "DAY" => self.text("unit_day"),
            "WEE" => self.text("unit_week"),
            "MON" => self.text("unit_month"),
            "ANN" => self.text("unit_year"),
            "LS" => self.text("unit_lump_sum"),
            "SET" => self.text("unit_set"),
            "PR" => self.text("unit_pair"),
            "XBX" => self.text("unit_box"),
            "XPK" | "XPA" => self.text("unit_package"),
            "KWH" => "kWh".to_owned(),
            "MWH" => "MWh".to_owned(),
            "KGM" => "kg".to_owned(),
            "GRM" => "g".to_owned(),
            "TNE" => "t".to_owned(),
            "MTR" => "m".to_owned(),
            "CMT" => "cm".to_owned(),
            "MMT" => "mm".to_owned(),
            "KMT" | "KTM" => "km".to_owned(),
            "MTK" => "m²".to_owned(),
            "MTQ" => "m³".to_owned(),
            "LTR" => "l".to_owned(),
            "P1" => "%".to_owned(),
            "ZZ" => String::new(),
            other => other.to_owned(),
        }
    }
}

fn decimals(currency: Currency) -> usize {
    currency.decimals() as usize
}

/// An account as people read it: `1234 56 78903` for eleven digits, an IBAN in fours, anything else as it is.
pub(crate) fn account(number: &str) -> String {
    let bare: String = number.chars().filter(|character| ![' ', '.', NO_BREAK_SPACE].contains(character)).collect();
    if bare.len() == 11 && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return [&bare[..4], &bare[4..6], &bare[6..]].join("\u{a0}");
    }
    if is_iban(&bare) {
        return grouped(&bare, 4);
    }
    number.to_owned()
}

/// Whether an account number has the shape of an IBAN (ISO 13616): two letters, two digits, letters and digits, 15 to 34 in all.
pub(crate) fn is_iban(number: &str) -> bool {
    let bare: Vec<u8> = number.bytes().filter(|byte| *byte != b' ').collect();
    (15..=34).contains(&bare.len())
        && bare[..2].iter().all(u8::is_ascii_uppercase)
        && bare[2..4].iter().all(u8::is_ascii_digit)
        && bare.iter().all(u8::is_ascii_alphanumeric)
}

/// An organisation number in threes, where it is one: `999 999 999`.
pub(crate) fn organisation_number(number: &str) -> String {
    let is_norwegian = number.len() == 9 && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_norwegian { grouped(number, 3) } else { number.to_owned() }
}

/// The digits of a Norwegian VAT number `NO999999999MVA`; `None` for others.
pub(crate) fn norwegian_vat_digits(number: &str) -> Option<&str> {
    let digits = number.strip_suffix("MVA")?;
    let digits = digits.strip_prefix("NO").unwrap_or(digits).trim();
    (digits.len() == 9 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

fn grouped(ascii: &str, size: usize) -> String {
    let mut written = String::with_capacity(ascii.len() + ascii.len() / size);
    for (at, character) in ascii.chars().enumerate() {
        if at > 0 && at.is_multiple_of(size) {
            written.push(NO_BREAK_SPACE);
        }
        written.push(character);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const NB: Wording = Wording(Language::Bokmal);
    const EN: Wording = Wording(Language::English);

    #[test]
    fn numbers_are_written_after_their_language() {
        let cases = [
            ("0", 2, "0,00", "0.00"),
            ("-0.00", 2, "0,00", "0.00"),
            ("7", 0, "7", "7"),
            ("999.5", 2, "999,50", "999.50"),
            ("1000", 2, "1 000,00", "1,000.00"),
            ("12345.5", 2, "12 345,50", "12,345.50"),
            ("-1234567.125", 2, "−1 234 567,125", "−1,234,567.125"),
            ("0.39873", 2, "0,39873", "0.39873"),
            (
                "79228162514264337593543950335",
                2,
                "79 228 162 514 264 337 593 543 950 335,00",
                "79,228,162,514,264,337,593,543,950,335.00",
            ),
        ];
        for (value, decimals, nb, en) in cases {
            let value: Decimal = value.parse().unwrap();
            assert_eq!(NB.number(value, decimals).replace(NO_BREAK_SPACE, " "), nb);
            assert_eq!(EN.number(value, decimals), en);
        }
    }

    #[test]
    fn money_names_its_currency() {
        let euro = Currency::parse("EUR").unwrap();
        let yen = Currency::parse("JPY").unwrap();
        let cases = [
            (Amount::new(1_234_550, Currency::NOK), "12 345,50 kr", "NOK 12,345.50"),
            (Amount::new(-100, euro), "−1,00 EUR", "EUR −1.00"),
            (Amount::new(1500, yen), "1 500 JPY", "JPY 1,500"),
            (Amount::new(i64::MIN, Currency::NOK), "−92 233 720 368 547 758,08 kr", "NOK −92,233,720,368,547,758.08"),
        ];
        for (amount, nb, en) in cases {
            assert_eq!(NB.money(amount).replace(NO_BREAK_SPACE, " "), nb);
            assert_eq!(EN.money(amount).replace(NO_BREAK_SPACE, " "), en);
        }
    }

    #[test]
    fn dates_and_periods_are_written_after_their_language() {
        let date = jiff::civil::date(2026, 11, 2);
        assert_eq!((NB.date(date).as_str(), EN.date(date).as_str()), ("02.11.2026", "2 November 2026"));
        let period = Period { from: Some(date), to: None };
        assert_eq!(
            (NB.period(period).as_deref(), EN.period(period).as_deref()),
            (Some("fra 02.11.2026"), Some("from 2 Nov 2026"))
        );
        assert_eq!(NB.period(Period::default()), None);
    }

    #[test]
    fn accounts_and_organisation_numbers_are_grouped_as_people_read_them() {
        let cases = [
            ("12345678903", "1234 56 78903"),
            ("1234.56.78903", "1234 56 78903"),
            ("NO9386011117947", "NO93 8601 1117 947"),
            ("5050-1055", "5050-1055"),
            ("æøå", "æøå"),
        ];
        for (given, written) in cases {
            assert_eq!(account(given).replace(NO_BREAK_SPACE, " "), written);
        }
        assert_eq!(organisation_number("974760673").replace(NO_BREAK_SPACE, " "), "974 760 673");
        assert_eq!(norwegian_vat_digits("NO974760673MVA"), Some("974760673"));
        assert_eq!(norwegian_vat_digits("SE556036079301"), None);
    }
}
