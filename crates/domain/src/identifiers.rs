//! The numbers that name people, companies, accounts and payments: each a type that cannot hold a wrong check digit.
//!
//! Every type has one way in, `parse(&str) -> Result<_, Fault>`, with the codes of [`crate::fault::codes`]. White space around
//! the text is ignored; spaces and dots inside it only exactly where people print them (`8601.11.17947`, `988 077 917`).
//! The numbers inside an [`Invoice`](crate::invoice::Invoice) stay as written there; [`crate::invoice::checks`] judges them.
//! Files in this folder: `org_number`, `bank_account` (with IBAN), `kid` (with `kid_text`), `identity_number`, `email_address`.

use std::borrow::Cow;

mod bank_account;
mod check_digits;
mod email_address;
mod identity_number;
mod kid;
mod kid_text;
mod org_number;

pub use bank_account::{BankAccount, Iban};
pub use email_address::EmailAddress;
pub use identity_number::IdentityNumber;
pub use kid::{Kid, KidError, KidParts, KidStructure, KidStructureError, Modulus};
pub use org_number::{OrgNumber, VatNumber};

/// How much of a refused text a fault repeats, in characters: enough to recognise it, not enough to fill a log.
const SHOWN_CHARACTERS: usize = 60;

/// What stands in place of a fødselsnummer wherever text could hold one.
pub(crate) const MASK: &str = "•••••••••••";

/// The text with every valid fødselsnummer masked, printed with or without the space in the middle.
///
/// A person types their fødselsnummer into the wrong field now and then, and a refused value is repeated in the fault. An
/// account number or KID that happens to be a valid fødselsnummer too (about one in a hundred of eleven digits) is masked as well.
pub fn without_identity_numbers(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let run = digits_from(bytes, at);
        if run == 0 {
            at += 1;
            continue;
        }
        let mut end = at + run;
        if run == 6 && bytes.get(end) == Some(&b' ') && digits_from(bytes, end + 1) == 5 {
            end += 6;
        }
        if IdentityNumber::parse(&text[at..end]).is_ok() {
            found.push(at..end);
        }
        at = end;
    }
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = text.to_owned();
    for range in found.into_iter().rev() {
        masked.replace_range(range, MASK);
    }
    Cow::Owned(masked)
}

fn digits_from(bytes: &[u8], at: usize) -> usize {
    bytes[at.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// A refused text as a fault may repeat it: not longer than a line.
fn shown(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= SHOWN_CHARACTERS {
        return text.to_owned();
    }
    text.chars().take(SHOWN_CHARACTERS).chain(std::iter::once('…')).collect()
}

/// The characters of `text` without the separators that people print between groups of these sizes; `None` where a separator
/// stands anywhere else. A non-breaking space counts as a space: that is what comes out of a PDF.
fn ungrouped(text: &str, groups: &[usize], dots: Dots) -> Option<String> {
    let text = text.trim();
    let is_separator = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}') || (dots == Dots::Allowed && c == '.');
    if !text.contains(is_separator) {
        return Some(text.to_owned());
    }
    let parts: Vec<&str> = text.split(is_separator).collect();
    let as_printed = parts.len() == groups.len() && parts.iter().zip(groups).all(|(part, size)| part.chars().count() == *size);
    as_printed.then(|| parts.concat())
}

/// Whether dots separate groups as spaces do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dots {
    Allowed,
    Refused,
}

/// Exactly `N` digits as numbers 0-9, or `None`.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: [u8; N] = text.as_bytes().try_into().ok()?;
    bytes.iter().all(u8::is_ascii_digit).then(|| bytes.map(|byte| byte - b'0'))
}

/// Text form, serde and `Display` of an identifier that is not secret: the same canonical text everywhere.
macro_rules! written_as_text {
    ($($type:ident),*) => {$(
        impl $type {
            /// The canonical text: no spaces, no dots.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::fault::Fault;
            fn from_str(text: &str) -> Result<$type, $crate::fault::Fault> {
                $type::parse(text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let text = String::deserialize(deserializer)?;
                $type::parse(&text).map_err(|fault| serde::de::Error::custom(fault.sentence($crate::Language::English)))
            }
        }
    )*};
}
use written_as_text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_national_identity_number_in_the_wrong_field_is_masked() {
        let check = |text: &str, expected: &str| assert_eq!(without_identity_numbers(text), expected);
        check("nothing here", "nothing here");
        check("account 86011117947", "account 86011117947");
        check("10915596784", MASK);
        check("109155 96784 and 10915596784.", &format!("{MASK} and {MASK}."));
        check("åæø 10915596784 øå", &format!("åæø {MASK} øå"));
        // Inside a longer number it is not recognisable as one.
        check("110915596784", "110915596784");
    }

    #[test]
    fn separators_stand_only_where_people_print_them() {
        assert_eq!(ungrouped("8601.11.17947", &[4, 2, 5], Dots::Allowed).as_deref(), Some("86011117947"));
        assert_eq!(ungrouped(" 988\u{a0}077 917 ", &[3, 3, 3], Dots::Refused).as_deref(), Some("988077917"));
        assert_eq!(ungrouped("98 8077 917", &[3, 3, 3], Dots::Refused), None);
        assert_eq!(ungrouped("988.077.917", &[3, 3, 3], Dots::Refused).as_deref(), Some("988.077.917"));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shown(&"ø".repeat(100)), format!("{}…", "ø".repeat(SHOWN_CHARACTERS)));
    }
}
