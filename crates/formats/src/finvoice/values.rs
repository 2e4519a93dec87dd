//! Values as the Finvoice 3.0 schema wants them: decimal commas, dates of eight digits, texts of a limited length. Both ways.
//!
//! What does not fit is cut, rounded or left out here, and never silently: what was written is read back and compared
//! ([`crate::losses`]).

use jiff::civil::Date;
use kvitt_domain::Amount;
use kvitt_domain::invoice::Identifier;
use rust_decimal::Decimal;

use crate::element::Element;
use crate::terms;

/// What stands where the schema wants a text of two characters and the invoice has none. It reads as no text.
pub(super) const BLANK: &str = "  ";
/// What stands where the schema wants an account or a bank and the invoice has none: the word of ISO 20022 for that.
pub(super) const NOT_PROVIDED: &str = "NOTPROVIDED";
/// Digits before the comma of an amount or price (`monetaryAmount`, `unitAmountType`).
const WHOLE_DIGITS: Decimal = Decimal::from_parts(0xA4C6_8000, 0x0003_8D7E, 0, false, 0);

/// A text cut to `most` characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}

/// A text of 2 to `most` characters, white space added where it is shorter.
pub(super) fn from_two(text: &str, most: usize) -> String {
    let mut cut = cut(text, most);
    while cut.chars().count() < BLANK.len() {
        cut.push(' ');
    }
    cut
}

/// A text cut to what the element holds. A space stands for an empty one, which the schema seldom allows.
pub(super) fn text(name: &'static str, text: &str, most: usize) -> Element {
    Element::leaf(name, if text.is_empty() { " ".to_owned() } else { cut(text, most) })
}

/// A text, where there is one, cut to what the element holds.
pub(super) fn optional(name: &'static str, value: Option<&str>, most: usize) -> Option<Element> {
    value.filter(|value| !value.is_empty()).map(|value| text(name, value, most))
}

/// A text in pieces of 2 to `width` characters, broken between words where it can be. At least one piece.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut length = usize::MAX;
    for word in text.split_whitespace() {
        let word: Vec<char> = word.chars().collect();
        for part in word.chunks(width) {
            if length.saturating_add(1).saturating_add(part.len()) > width {
                pieces.push(part.iter().collect());
                length = part.len();
            } else {
                let piece = pieces.last_mut().expect("a length is only known of a piece");
                piece.push(' ');
                piece.extend(part);
                length += 1 + part.len();
            }
        }
    }
    if pieces.is_empty() {
        pieces.push(String::new());
    }
    pieces.iter().map(|piece| from_two(piece, width)).collect()
}

/// A date of eight digits.
pub(super) fn date(name: &'static str, date: Date) -> Element {
    Element::leaf(name, format!("{:04}{:02}{:02}", date.year().max(0), date.month(), date.day()))
        .attribute("Format", Some("CCYYMMDD"))
}

/// `20261102` and nothing else.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |part: &str| part.parse::<i16>().ok();
    let part = |part: &str| part.parse::<i8>().ok();
    Date::new(number(&text[..4])?, part(&text[4..6])?, part(&text[6..])?).ok()
}

/// A number with a decimal comma. A point is taken too, as older programs write it.
pub(super) fn parse_decimal(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned.contains('.') && unsigned.contains(',') { None } else { terms::parse_decimal(&text.replacen(',', ".", 1)) }
}

/// A number with at least two and at most `most` decimals, none where it has more than 15 digits before the comma.
fn comma(value: Decimal, most: u32) -> Option<String> {
    let mut value = value.round_dp(most).normalize();
    if value.abs() >= WHOLE_DIGITS {
        return None;
    }
    value.rescale(value.scale().max(2));
    if value.is_zero() {
        value.set_sign_positive(true);
    }
    Some(value.to_string().replace('.', ","))
}

/// An amount with its currency, 0 where the element cannot hold it.
pub(super) fn amount(name: &'static str, amount: Amount) -> Element {
    let text = comma(amount.to_decimal(), 5).unwrap_or_else(|| "0,00".to_owned());
    Element::leaf(name, text).attribute("AmountCurrencyIdentifier", Some(amount.currency().code()))
}

/// The amount of the payment order: exactly two decimals (`epiMonetaryAmount`).
pub(super) fn epi_amount(name: &'static str, amount: Amount) -> Element {
    let text = comma(amount.to_decimal(), 2).unwrap_or_else(|| "0,00".to_owned());
    Element::leaf(name, text).attribute("AmountCurrencyIdentifier", Some(amount.currency().code()))
}

/// A price of one unit, at most five decimals, 0 where the element cannot hold it.
pub(super) fn price(name: &'static str, value: Decimal, currency: &str) -> Element {
    Element::leaf(name, comma(value, 5).unwrap_or_else(|| "0,00".to_owned()))
        .attribute("AmountCurrencyIdentifier", Some(currency))
}

/// A percentage from 0 to 999, at most three decimals.
pub(super) fn percent(name: &'static str, value: Option<Decimal>) -> Option<Element> {
    let value = value?.round_dp(3).normalize();
    let fits = !value.is_sign_negative() && value < Decimal::ONE_THOUSAND || value.is_zero();
    fits.then(|| Element::leaf(name, value.abs().to_string().replace('.', ",")))
}

/// A quantity of at most 14 characters with its unit, decimals given up where there is no room for them.
pub(super) fn quantity(name: &'static str, value: Decimal, unit: Option<&str>) -> Option<Element> {
    const MOST: usize = 14;
    let text = (0..=value.scale()).rev().map(|decimals| value.round_dp(decimals).normalize().to_string());
    let text = text.into_iter().find(|text| text.len() <= MOST)?;
    let by_list = unit.filter(|unit| (2..=3).contains(&unit.len()) && is_code(unit));
    Some(
        Element::leaf(name, text.replace('.', ","))
            .attribute("QuantityUnitCode", unit.map(|unit| cut(unit, MOST)).as_deref())
            .attribute("QuantityUnitCodeUN", by_list),
    )
}

/// Capitals and digits, one to three: a code of a UNTDID list as the schema has them.
pub(super) fn is_untdid(code: &str) -> bool {
    (1..=3).contains(&code.len()) && is_code(code)
}

fn is_code(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A code of a UNTDID list, left out where it is none.
pub(super) fn untdid(name: &'static str, code: Option<&str>) -> Option<Element> {
    code.filter(|code| is_untdid(code)).map(|code| Element::leaf(name, code))
}

/// Whether the text is an xsd:NMTOKEN, which account numbers and bank codes must be.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
}

/// Whether the text has the form of an ISO 3166-1 alpha-2 code.
pub(super) fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// ISO 6523: four digits.
fn icd(scheme: Option<&str>) -> Option<&str> {
    scheme.filter(|scheme| scheme.len() == 4 && scheme.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An identifier whose scheme can only be of ISO 6523.
pub(super) fn icd_identifier(name: &'static str, id: &Identifier, most: usize) -> Element {
    text(name, &id.value, most).attribute("SchemeID", icd(id.scheme.as_deref()))
}

/// A party's own identifier: a scheme that is not of ISO 6523 stands as the type of the identifier.
pub(super) fn party_code(name: &'static str, id: &Identifier) -> Element {
    let scheme = id.scheme.as_deref();
    let other = scheme.filter(|scheme| icd(Some(scheme)).is_none() && scheme.chars().count() <= 20);
    text(name, &id.value, 70).attribute("IdentifierType", other).attribute("SchemeID", icd(scheme))
}

/// An electronic address.
pub(super) fn address(name: &'static str, address: Option<&Identifier>) -> Element {
    let scheme = address.and_then(|address| address.scheme.as_deref()).filter(|scheme| is_token(scheme) && scheme.len() <= 10);
    Element::leaf(name, address.map_or(BLANK.to_owned(), |address| from_two(&address.value, 35))).attribute("SchemeID", scheme)
}

/// The object that an invoice or a row is about, its scheme of UNTDID 1153.
pub(super) fn object(name: &'static str, id: &Identifier) -> Element {
    text(name, &id.value, 70).attribute("SchemeID", id.scheme.as_deref().filter(|scheme| is_untdid(scheme)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_and_the_decimals_that_the_schema_wants() {
        for (value, expected) in [
            ("1", Some("1,00")),
            ("-12.5", Some("-12,50")),
            ("0.1234567", Some("0,12346")),
            ("-0.000001", Some("0,00")),
            ("999999999999999", Some("999999999999999,00")),
            ("1000000000000000", None),
        ] {
            let value: Decimal = value.parse().expect("a number");
            assert_eq!(comma(value, 5).as_deref(), expected, "{value}");
        }
        for (text, expected) in
            [("12,50", Some("12.50")), ("-3", Some("-3")), ("3.5", Some("3.5")), ("1.000,50", None), ("1,0,0", None)]
        {
            assert_eq!(parse_decimal(text).map(|value| value.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn long_texts_break_between_words() {
        for (text, width, expected) in [
            ("one two three", 7, vec!["one two", "three"]),
            ("abcdefgh", 3, vec!["abc", "def", "gh"]),
            ("a", 5, vec!["a "]),
            ("", 5, vec!["  "]),
        ] {
            assert_eq!(wrapped(text, width), expected, "{text}");
        }
    }

    #[test]
    fn dates_are_eight_digits() {
        for (text, valid) in [("20250228", true), ("20250229", false), ("2025-2-8", false), ("+2025022", false), ("åååå", false)]
        {
            assert_eq!(parse_date(text).is_some(), valid, "{text}");
        }
    }
}
