//! The data types of UBL's basic components: what a value may look like, and which attributes come with it.
//!
//! Source: UBL-UnqualifiedDataTypes-2.1.xsd and the core component types below it; lexical forms by XML Schema part 2.

use crate::ubl::parse_date;

/// A data type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Amount,
    BinaryObject,
    Code,
    Date,
    Identifier,
    Indicator,
    Measure,
    Numeric,
    Quantity,
    Text,
    Time,
}

impl Kind {
    /// By the name that the table writes.
    pub(super) fn named(name: &str) -> Kind {
        match name {
            "amount" => Kind::Amount,
            "binaryobject" => Kind::BinaryObject,
            "code" => Kind::Code,
            "date" => Kind::Date,
            "identifier" => Kind::Identifier,
            "indicator" => Kind::Indicator,
            "measure" => Kind::Measure,
            "numeric" | "percent" | "rate" => Kind::Numeric,
            "quantity" => Kind::Quantity,
            "name" | "text" => Kind::Text,
            "time" => Kind::Time,
            _ => unreachable!("the table knows eleven data types and their synonyms"),
        }
    }

    pub(super) fn accepts(self, text: &str) -> bool {
        match self {
            Kind::Amount | Kind::Measure | Kind::Numeric | Kind::Quantity => is_decimal(text),
            Kind::BinaryObject => is_base64(text),
            // XML Schema 1.0 knows no year zero; XPath's dates, which the rules use, do.
            Kind::Date => parse_date(text).is_some() && !trim(text).trim_start_matches('-').starts_with("0000-"),
            Kind::Time => is_time(trim(text)),
            Kind::Indicator => matches!(trim(text), "true" | "false" | "1" | "0"),
            Kind::Code | Kind::Identifier | Kind::Text => true,
        }
    }

    pub(super) fn attributes(self) -> &'static [&'static str] {
        match self {
            Kind::Amount => &["currencyID", "currencyCodeListVersionID"],
            Kind::BinaryObject => &["format", "mimeCode", "encodingCode", "characterSetCode", "uri", "filename"],
            Kind::Code => &[
                "listID",
                "listAgencyID",
                "listAgencyName",
                "listName",
                "listVersionID",
                "name",
                "languageID",
                "listURI",
                "listSchemeURI",
            ],
            Kind::Identifier => {
                &["schemeID", "schemeName", "schemeAgencyID", "schemeAgencyName", "schemeVersionID", "schemeDataURI", "schemeURI"]
            }
            Kind::Measure => &["unitCode", "unitCodeListVersionID"],
            Kind::Numeric => &["format"],
            Kind::Quantity => &["unitCode", "unitCodeListID", "unitCodeListAgencyID", "unitCodeListAgencyName"],
            Kind::Text => &["languageID", "languageLocaleID"],
            Kind::Date | Kind::Time | Kind::Indicator => &[],
        }
    }

    pub(super) fn required_attribute(self) -> Option<&'static str> {
        match self {
            Kind::Amount => Some("currencyID"),
            Kind::BinaryObject => Some("mimeCode"),
            Kind::Measure => Some("unitCode"),
            _ => None,
        }
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// `xs:decimal`, of any length.
fn is_decimal(text: &str) -> bool {
    let text = trim(text);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut points = 0;
    let plain = digits.bytes().all(|byte| {
        points += usize::from(byte == b'.');
        byte == b'.' || byte.is_ascii_digit()
    });
    plain && points <= 1 && digits.len() > points
}

/// `xs:time`: hours, minutes, seconds with decimals, and perhaps a zone.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[2] != b':' || bytes[5] != b':' || !text.is_char_boundary(8) {
        return false;
    }
    let two = |at: usize| {
        let pair = &bytes[at..at + 2];
        pair.iter().all(u8::is_ascii_digit).then(|| (pair[0] - b'0') * 10 + pair[1] - b'0')
    };
    let (Some(hour), Some(minute), Some(second)) = (two(0), two(3), two(6)) else { return false };
    let mut rest = &text[8..];
    let mut is_whole = true;
    if let Some(decimals) = rest.strip_prefix('.') {
        let length = decimals.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return false;
        }
        is_whole = decimals[..length].bytes().all(|byte| byte == b'0');
        rest = &decimals[length..];
    }
    // A zone is one wherever it stands; a date lends the rest.
    let zone = rest.is_empty() || parse_date(&format!("2000-01-01{rest}")).is_some();
    let midnight = hour == 24 && minute == 0 && second == 0 && is_whole;
    zone && (midnight || (hour < 24 && minute < 60 && second < 60))
}

/// `xs:base64Binary`: groups of four, white space anywhere, at most two `=` at the end.
fn is_base64(text: &str) -> bool {
    let (mut characters, mut padding) = (0usize, 0usize);
    let mut last = 0u8;
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {
                characters += 1;
                last = byte;
            }
            b'=' => padding += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => return false,
        }
    }
    // The bits that the padding leaves over must be zero.
    match padding {
        0 => characters % 4 == 0,
        1 => characters % 4 == 3 && b"AEIMQUYcgkosw048".contains(&last),
        2 => characters % 4 == 2 && b"AQgw".contains(&last),
        _ => false,
    }
}

/// `xs:language`: words of up to eight letters and digits, parted by hyphens, the first one letters.
pub(super) fn is_language(text: &str) -> bool {
    let fits = |word: &str| (1..=8).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let text = trim(text);
    text.split('-').all(fits) && text.split('-').next().is_some_and(|first| first.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_schemas() {
        let cases: [(Kind, &[&str], &[&str]); 5] = [
            (Kind::Amount, &["1", " -1.50 ", ".5", "5."], &["", ".", "1,5", "1e2", "1.2.3", "+"]),
            (Kind::BinaryObject, &["", "QUJD", "QUI=", "QQ==", "QU\nJD"], &["QUJ", "QUJ=D", "QR==", "Q===", "QU.D"]),
            (
                Kind::Time,
                &["12:30:00", "24:00:00", "00:00:00.5Z", "12:00:00+02:00"],
                &["12:30", "25:00:00", "12:60:00", "12:00:00x"],
            ),
            (Kind::Indicator, &["true", "0", " false "], &["", "TRUE", "yes"]),
            (Kind::Date, &["2026-11-22", "2026-11-22Z"], &["2026-11-31", "22.11.2026", "", "0000-01-01"]),
        ];
        for (kind, right, wrong) in cases {
            for text in right {
                assert!(kind.accepts(text), "{kind:?} {text}");
            }
            for text in wrong {
                assert!(!kind.accepts(text), "{kind:?} {text}");
            }
        }
        assert!(is_language("no") && is_language("en-GB") && !is_language("") && !is_language("1n") && !is_language("en_GB"));
    }
}
