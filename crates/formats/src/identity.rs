//! What Kvitt does about a fødselsnummer that stands where it should not: it is neither read nor repeated.
//!
//! UBL has no element for a national identity number, and EHF names none. The only way in is the metadata field
//! `recipient_ssn`. A party identifier that looks like one is refused (`ubl`), and no fault of this crate repeats a value
//! without [`shown`].

use kvitt_domain::identifiers::IdentityNumber;
use kvitt_domain::invoice::Identifier;

/// The longest value that a fault repeats; the rest is cut off.
const SHOWN_CHARACTERS: usize = 60;

/// A value as a fault may show it: one line, at most sixty characters, and no run of eleven or more digits, because that
/// may be a fødselsnummer. Spaces, dots and hyphens do not break a run.
pub fn shown(value: &str) -> String {
    let masked = mask_long_numbers(value);
    let mut shown: String = masked.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN_CHARACTERS).collect();
    if masked.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

fn mask_long_numbers(value: &str) -> String {
    let mut masked = String::with_capacity(value.len());
    let mut run = String::new();
    for character in value.chars() {
        if character.is_numeric() || (!run.is_empty() && is_separator(character)) {
            run.push(character);
        } else {
            masked.push_str(&mask_run(&run));
            run.clear();
            masked.push(character);
        }
    }
    masked.push_str(&mask_run(&run));
    masked
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '.' | '_' | '/' | '\u{2010}'..='\u{2015}')
}

fn mask_run(run: &str) -> String {
    let digits = run.chars().filter(|c| c.is_numeric()).count();
    if digits < 11 { run.to_owned() } else { run.chars().map(|c| if c.is_numeric() { '•' } else { c }).collect() }
}

/// Whether an identifier of a party is a fødselsnummer, D number, H number or synthetic one by its date and check digits, in
/// no scheme or in one that is no register of organisations.
///
/// A four-digit scheme (ISO 6523 ICD, EAS) other than the Norwegian `0192` is believed: Italian and Australian
/// organisations have eleven digits too. Without a scheme, about one in a thousand customer numbers of eleven digits is
/// refused by mistake; giving it a scheme helps.
pub fn looks_like_identity(identifier: &Identifier) -> bool {
    let other_register = identifier
        .scheme
        .as_deref()
        .is_some_and(|scheme| scheme.len() == 4 && scheme.bytes().all(|byte| byte.is_ascii_digit()) && scheme != "0192");
    !other_register && IdentityNumber::parse(&identifier.value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_masked_and_short_ones_are_not() {
        for (value, expected) in [
            ("2025-13-40", "2025-13-40"),
            ("NO999999999MVA", "NO999999999MVA"),
            ("10915596784", "•••••••••••"),
            ("109155 96784", "•••••• •••••"),
            ("x 10.91.55-96784 y", "x ••.••.••-••••• y"),
            ("a\nb", "a b"),
        ] {
            assert_eq!(shown(value), expected);
        }
        assert_eq!(shown(&"å".repeat(100)), format!("{}…", "å".repeat(60)));
    }

    #[test]
    fn a_valid_identity_number_outside_other_registers_is_recognised() {
        let check = |value: &str, scheme: Option<&str>, expected: bool| {
            let identifier = Identifier { value: value.to_owned(), scheme: scheme.map(str::to_owned) };
            assert_eq!(looks_like_identity(&identifier), expected, "{identifier:?}");
        };
        check("10915596784", None, true);
        check("109155 96784", Some("FNR"), true);
        check("50846202355", Some("0192"), true);
        check("68467038838", None, true);
        check("10915596784", Some("0211"), false);
        check("999999999", Some("0192"), false);
        check("99915596784", None, false);
        check("10915596783", None, false);
        check("10915596784X", None, false);
    }
}
