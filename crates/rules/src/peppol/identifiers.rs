//! Identifiers of parties: each scheme's form and check digits (PEPPOL-COMMON-R040 to R057).

use super::{after_characters, first_characters, is_digits, scheme_ids};
use crate::judge::Judge;
use crate::ubl::{Element, to_double};
use crate::vocabulary::{cac, cbc};

/// An electronic address, a party's identifier or a registration number: judged by the scheme it names.
pub(super) fn identifier(judge: &mut Judge<'_>, id: Element<'_>) {
    let scheme = id.attribute("schemeID").unwrap_or_default();
    let trimmed = id.trimmed();
    // A few forms are compared as written, white space and all.
    let written = id.text();
    let (rule, holds) = match scheme {
        "0088" => ("PEPPOL-COMMON-R040", is_gln(trimmed)),
        "0192" => ("PEPPOL-COMMON-R041", is_norwegian(trimmed)),
        "0184" => ("PEPPOL-COMMON-R042", is_danish_vat(written) || is_digits(written, 8)),
        "0096" => ("PEPPOL-COMMON-R052", is_digits(written, 10)),
        "0198" => ("PEPPOL-COMMON-R053", is_danish_vat(written)),
        "0208" => ("PEPPOL-COMMON-R043", is_belgian(trimmed)),
        "0201" => ("PEPPOL-COMMON-R044", is_ipa_code(trimmed)),
        "0210" => ("PEPPOL-COMMON-R045", is_codice_fiscale(trimmed)),
        "9907" if id.tag() == cbc::EndpointID => ("PEPPOL-COMMON-R046", is_codice_fiscale(trimmed)),
        "0211" => ("PEPPOL-COMMON-R047", is_partita_iva(trimmed)),
        "0007" => ("PEPPOL-COMMON-R049", is_swedish(trimmed)),
        "0151" => ("PEPPOL-COMMON-R050", is_australian(trimmed)),
        "0106" => ("PEPPOL-COMMON-R054", is_digits(trimmed, 8)),
        "0190" => ("PEPPOL-COMMON-R055", is_digits(trimmed, 20)),
        "9944" => ("PEPPOL-COMMON-R056-1", is_dutch_vat(trimmed)),
        _ if is_dutch_vat_number(id) => ("PEPPOL-COMMON-R056-2", is_dutch_vat(trimmed)),
        "0217" => ("PEPPOL-COMMON-R057", is_digits(trimmed, 12)),
        _ => return,
    };
    judge.check(rule, id, holds);
}

/// A VAT number that begins with NL, whatever its scheme.
fn is_dutch_vat_number(id: Element<'_>) -> bool {
    let Some(registration) = id.parent().filter(|parent| parent.tag() == cac::PartyTaxScheme) else {
        return false;
    };
    let mut schemes = scheme_ids(registration);
    let is_vat = schemes.next().is_some_and(|scheme| scheme.trimmed() == "VAT") && schemes.next().is_none();
    id.tag() == cbc::CompanyID && is_vat && id.trimmed().starts_with("NL")
}

fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> + Clone {
    text.bytes().map(|byte| u32::from(byte.wrapping_sub(b'0')))
}

/// GS1 General Specifications 7.9: weights three and one from the right.
pub(super) fn is_gln(text: &str) -> bool {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let (body, check) = text.split_at(text.len() - 1);
    let sum: u32 = digits(body).rev().zip([3, 1].into_iter().cycle()).map(|(digit, weight)| digit * weight % 10).sum();
    digits(check).eq([(10 - sum % 10) % 10])
}

/// A Norwegian organisation number: MOD11 with the weights 3 2 7 6 5 4 3 2.
pub(super) fn is_norwegian(text: &str) -> bool {
    is_digits(text, 9) && mod11(text)
}

/// MOD11 with weights two to seven from the right; a remainder of ten fits no digit.
fn mod11(text: &str) -> bool {
    let (body, check) = text.split_at(text.len() - 1);
    let sum: u32 = digits(body).rev().zip((2..=7).cycle()).map(|(digit, weight)| digit * weight).sum();
    text.bytes().any(|byte| byte != b'0') && digits(check).eq([(11 - sum % 11) % 11])
}

fn is_danish_vat(text: &str) -> bool {
    text.strip_prefix("DK").is_some_and(|number| is_digits(number, 8))
}

/// A Belgian enterprise number: 97 less the remainder of the first eight digits by 97.
fn is_belgian(text: &str) -> bool {
    if !is_digits(text, 10) {
        return false;
    }
    let number = |part: &str| digits(part).fold(0, |number, digit| number * 10 + digit);
    number(&text[8..]) == 97 - number(&text[..8]) % 97
}

fn is_ipa_code(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Castable as `xs:integer`: digits with at most one sign before them.
fn is_integer(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// An Italian tax code: sixteen characters in a fixed pattern, or eleven digits.
fn is_codice_fiscale(text: &str) -> bool {
    let characters: Vec<char> = text.chars().take(17).collect();
    let letters = |part: &[char]| part.iter().all(char::is_ascii_alphabetic);
    let integer = |part: &[char]| is_integer(&part.iter().collect::<String>());
    match characters.len() {
        11 => is_integer(text),
        16 => {
            letters(&characters[..6])
                && integer(&characters[6..8])
                && letters(&characters[8..9])
                && integer(&characters[9..11])
                && integer(&characters[14..15])
                && letters(&characters[15..])
        }
        _ => false,
    }
}

/// An Italian VAT number, where the text says that it is one: eleven digits that pass Luhn's check.
fn is_partita_iva(text: &str) -> bool {
    if !matches!(first_characters(text, 2), "IT" | "it") {
        return true;
    }
    let number = after_characters(text, 2);
    is_digits(number, 11) && luhn(number)
}

/// Luhn's check over a text of digits, the last one being the check digit.
pub(super) fn luhn(text: &str) -> bool {
    let doubled = |digit: u32| if digit < 5 { digit * 2 } else { digit * 2 - 9 };
    let sum: u32 = digits(text).rev().enumerate().map(|(at, digit)| if at % 2 == 1 { doubled(digit) } else { digit }).sum();
    sum.is_multiple_of(10)
}

/// A Swedish organisation number: ten digits that pass Luhn's check.
pub(super) fn is_swedish(text: &str) -> bool {
    is_digits(text, 10) && luhn(text)
}

/// An Australian business number: weights 10, 1, 3 … 19 after taking one from the first digit, divisible by 89.
fn is_australian(text: &str) -> bool {
    if !is_digits(text, 11) {
        return false;
    }
    let weights = [10i64, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    let sum: i64 = digits(text).zip(weights).map(|(digit, weight)| i64::from(digit) * weight).sum::<i64>() - 10;
    sum % 89 == 0
}

fn is_dutch_vat(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("NL") else {
        return false;
    };
    rest.len() == 12 && rest.is_ascii() && is_digits(&rest[..9], 9) && rest.as_bytes()[9] == b'B' && is_digits(&rest[10..], 2)
}

/// A Greek tax number: powers of two from the right over the first eight digits, remainder by eleven, then by ten.
/// What stands after the ninth digit is not looked at.
pub(super) fn is_greek(text: &str) -> bool {
    let head = first_characters(text, 9);
    if !is_digits(head, 9) {
        return false;
    }
    let (body, check) = head.split_at(8);
    let sum: u32 = digits(body).enumerate().map(|(at, digit)| digit << (8 - at)).sum();
    digits(check).eq([sum % 11 % 10])
}

/// Is this what XPath's `number` takes for one?
pub(super) fn is_number(text: &str) -> bool {
    !to_double(text).is_nan()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_checked() {
        type Scheme = fn(&str) -> bool;
        let cases: [(Scheme, &[&str], &[&str]); 9] = [
            (is_gln, &["7300010000001"], &["7300010000002", "", "730001000000A"]),
            (is_norwegian, &["974760673", "923609016"], &["974760674", "000000000", "97476067"]),
            (is_belgian, &["0202239951"], &["0202239952", "202239951"]),
            (is_swedish, &["5560360793", "2021005489"], &["5560360794", "556036-0793"]),
            (is_australian, &["51824753556"], &["51824753557"]),
            (is_partita_iva, &["IT00743110157", "00743110158"], &["IT00743110158", "IT0074311015"]),
            (is_codice_fiscale, &["RSSMRA85T10A562S", "00743110157"], &["RSSMRA85T10A5622", "short"]),
            (is_dutch_vat, &["NL123456789B12"], &["NL123456789C12", "NL12345678B12", "NL12345678ÆB1"]),
            (is_greek, &["094259216"], &["094259217", "09425921"]),
        ];
        for (scheme, right, wrong) in cases {
            for text in right {
                assert!(scheme(text), "{text}");
            }
            for text in wrong {
                assert!(!scheme(text), "{text}");
            }
        }
    }
}
