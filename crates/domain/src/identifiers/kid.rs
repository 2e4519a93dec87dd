//! The KID (kundeidentifikasjon): the reference that a Norwegian payer gives and a payment is matched by.
//!
//! [`Kid`] is any KID that holds by itself; [`KidStructure`] is one payee's way of making them, and the only thing that knows
//! which digits are the customer part. One generator serves PDF, XML, claim file and matcher, so that they cannot differ.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::check_digits::{mod10, mod11};
use super::{shown, written_as_text};
use crate::fault::{Fault, codes};

/// A KID: 2 to 25 digits, the last a check digit after MOD10 or MOD11 (OCR giro system specification 2.0).
///
/// A MOD11 check digit of ten is written `-`. It is read, because payers' banks send it; it is never made, because the eFaktura
/// and AvtaleGiro services take digits only. Which of the two rules a payee uses is agreed with the bank and not in the KID,
/// so both are taken here; [`KidStructure::read`] takes the one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kid(String);

/// OCR giro system specification 2.0 and AvtaleGiro system specification 3.3: the field has 25 positions. The eFaktura service
/// takes 2 to 25.
const KID_LENGTHS: std::ops::RangeInclusive<usize> = 2..=25;

/// How a check digit is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modulus {
    /// Weights 2, 1 from the right, digit sums (Luhn). The usual one.
    #[default]
    Mod10,
    /// Weights 2 to 7 repeating from the right.
    Mod11,
}

impl Modulus {
    /// The check digit of a body of digits: `'0'..='9'`, or `'-'` for a MOD11 result of ten. `None` where the body is not digits.
    pub fn check_digit(self, body: &str) -> Option<char> {
        let digits: Vec<u8> = body.bytes().map(|byte| byte.wrapping_sub(b'0')).collect();
        if digits.iter().any(|digit| *digit > 9) {
            return None;
        }
        let digit = match self {
            Modulus::Mod10 => Some(mod10(&digits)),
            Modulus::Mod11 => mod11(&digits),
        };
        Some(digit.map_or('-', |digit| char::from(b'0' + digit)))
    }

    /// Whether the last character of `number` is the check digit of the rest.
    pub fn holds(self, number: &str) -> bool {
        let Some(check) = number.chars().next_back() else {
            return false;
        };
        self.check_digit(&number[..number.len() - check.len_utf8()]) == Some(check)
    }
}

impl Kid {
    /// Takes digits as they stand in XML and bank files, no spaces inside. `kid.form` where length or characters are wrong,
    /// `kid.check_digit` where neither MOD10 nor MOD11 holds.
    pub fn parse(text: &str) -> Result<Kid, Fault> {
        let text = text.trim();
        let body_is_digits = text.strip_suffix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
        if !body_is_digits || !KID_LENGTHS.contains(&text.len()) {
            return Err(Fault::fatal(codes::KID_FORM).with("kid", shown(text)));
        }
        if Modulus::Mod10.holds(text) || Modulus::Mod11.holds(text) {
            return Ok(Kid(text.to_owned()));
        }
        let expected = |modulus: Modulus| modulus.check_digit(&text[..text.len() - 1]).unwrap_or('-');
        Err(Fault::fatal(codes::KID_CHECK_DIGIT)
            .with("kid", shown(text))
            .with("mod10", expected(Modulus::Mod10))
            .with("mod11", expected(Modulus::Mod11)))
    }

    /// Whether the check digit follows this rule. Some KIDs follow both.
    pub fn follows(&self, modulus: Modulus) -> bool {
        modulus.holds(&self.0)
    }
}

/// How one payee makes KIDs for one account: which positions hold the customer, the kind of claim and the invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "KidParts", into = "KidParts")]
pub struct KidStructure(KidParts);

/// The parts of a [`KidStructure`] as a setting says them. Positions count from 0 and end before the second number; the check
/// digit's position, the last, belongs to no part. Positions in no part are zeros.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KidParts {
    /// The length of the whole KID, check digit included: 2 to 25. Some services take no fewer than 4.
    pub length: usize,
    /// The customer part, which a standing mandate is matched on (the "reference position").
    pub customer: Range<usize>,
    /// The type part and the digits in it, where the payee tells kinds of claims apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<(Range<usize>, String)>,
    /// The invoice part.
    pub invoice: Range<usize>,
    /// The rule of the check digit.
    #[serde(default)]
    pub modulus: Modulus,
}

/// Why a [`KidParts`] is no structure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KidStructureError {
    /// The length is outside 2 to 25.
    #[error("a KID has 2 to 25 digits, not {0}")]
    Length(usize),
    /// A part is empty, backwards, or reaches the check digit or beyond.
    #[error("the {part} part, positions {from} to {to}, is empty or reaches outside the KID's body")]
    Outside {
        /// Which part.
        part: &'static str,
        /// Its first position.
        from: usize,
        /// The position after its last.
        to: usize,
    },
    /// Two parts share a position.
    #[error("the {0} part and the {1} part overlap")]
    Overlap(&'static str, &'static str),
    /// The digits of the type part do not fill it, or are no digits.
    #[error("the type part holds {0:?}, which are not digits that fill it")]
    Kind(String),
}

/// Why a KID could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KidError {
    /// The customer or invoice number does not fit into its part.
    #[error("{number} does not fit into the {part} part of {width} digits")]
    TooLong {
        /// Which part.
        part: &'static str,
        /// The number.
        number: u64,
        /// How many digits the part has.
        width: usize,
    },
    /// MOD11 gives this body a check digit of ten. The number is left out: take the next, as [`KidStructure::generate_from`] does.
    #[error("customer {customer}, invoice {invoice} has no MOD11 check digit: use the next invoice number")]
    NoCheckDigit {
        /// The customer number.
        customer: u64,
        /// The invoice number.
        invoice: u64,
    },
}

impl KidStructure {
    /// A structure whose parts lie inside the body and apart from each other.
    pub fn new(parts: KidParts) -> Result<KidStructure, KidStructureError> {
        if !KID_LENGTHS.contains(&parts.length) {
            return Err(KidStructureError::Length(parts.length));
        }
        let mut named = vec![("customer", &parts.customer), ("invoice", &parts.invoice)];
        if let Some((range, digits)) = &parts.kind {
            named.push(("type", range));
            if digits.len() != range.len() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(KidStructureError::Kind(digits.clone()));
            }
        }
        for (index, (part, range)) in named.iter().enumerate() {
            if range.is_empty() || range.end > parts.length - 1 {
                return Err(KidStructureError::Outside { part, from: range.start, to: range.end });
            }
            for (other, taken) in &named[..index] {
                if range.start < taken.end && taken.start < range.end {
                    return Err(KidStructureError::Overlap(other, part));
                }
            }
        }
        Ok(KidStructure(parts))
    }

    /// Its parts.
    pub fn parts(&self) -> &KidParts {
        &self.0
    }

    /// The KID of this customer and invoice, numbers filled with zeros from the left.
    pub fn generate(&self, customer: u64, invoice: u64) -> Result<Kid, KidError> {
        let mut body = "0".repeat(self.0.length - 1);
        let mut fill = |part: &'static str, range: &Range<usize>, number: u64| {
            let width = range.len();
            let digits = format!("{number:0width$}");
            if digits.len() > width {
                return Err(KidError::TooLong { part, number, width });
            }
            body.replace_range(range.clone(), &digits);
            Ok(())
        };
        fill("customer", &self.0.customer, customer)?;
        fill("invoice", &self.0.invoice, invoice)?;
        if let Some((range, digits)) = &self.0.kind {
            body.replace_range(range.clone(), digits);
        }
        match self.0.modulus.check_digit(&body).expect("the body was filled with digits") {
            '-' => Err(KidError::NoCheckDigit { customer, invoice }),
            check => Ok(Kid(format!("{body}{check}"))),
        }
    }

    /// The first invoice number from `first` on that has a KID, with that KID. Only MOD11 ever leaves a number out.
    pub fn generate_from(&self, customer: u64, first: u64) -> Result<(u64, Kid), KidError> {
        let mut invoice = first;
        loop {
            match self.generate(customer, invoice) {
                // The check digit of the next number differs, so this ends after a few steps, or where the part is full.
                Err(KidError::NoCheckDigit { .. }) if invoice < u64::MAX => invoice += 1,
                result => return result.map(|kid| (invoice, kid)),
            }
        }
    }

    /// Takes a KID of this structure: its length, its rule, its type part. Faults as [`Kid::parse`].
    pub fn read(&self, text: &str) -> Result<Kid, Fault> {
        let kid = Kid::parse(text)?;
        let form =
            kid.0.len() == self.0.length && self.0.kind.as_ref().is_none_or(|(range, digits)| kid.0[range.clone()] == **digits);
        if !form {
            return Err(Fault::fatal(codes::KID_FORM).with("kid", &kid));
        }
        if !kid.follows(self.0.modulus) {
            let (mod10, mod11) = (Modulus::Mod10.check_digit(kid.body()), Modulus::Mod11.check_digit(kid.body()));
            return Err(Fault::fatal(codes::KID_CHECK_DIGIT)
                .with("kid", &kid)
                .with("mod10", mod10.unwrap_or('-'))
                .with("mod11", mod11.unwrap_or('-')));
        }
        Ok(kid)
    }

    /// The customer part of a KID of this structure, zeros kept; `None` for a KID of another.
    pub fn customer_part<'kid>(&self, kid: &'kid Kid) -> Option<&'kid str> {
        self.read(&kid.0).ok()?;
        kid.0.get(self.0.customer.clone())
    }

    /// The invoice part of a KID of this structure, zeros kept; `None` for a KID of another.
    pub fn invoice_part<'kid>(&self, kid: &'kid Kid) -> Option<&'kid str> {
        self.read(&kid.0).ok()?;
        kid.0.get(self.0.invoice.clone())
    }
}

impl Kid {
    /// Everything but the check digit.
    fn body(&self) -> &str {
        &self.0[..self.0.len() - 1]
    }
}

impl TryFrom<KidParts> for KidStructure {
    type Error = KidStructureError;
    fn try_from(parts: KidParts) -> Result<KidStructure, KidStructureError> {
        KidStructure::new(parts)
    }
}

impl From<KidStructure> for KidParts {
    fn from(structure: KidStructure) -> KidParts {
        structure.0
    }
}

written_as_text!(Kid);

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(length: usize, customer: Range<usize>, invoice: Range<usize>) -> KidParts {
        KidParts { length, customer, kind: None, invoice, modulus: Modulus::Mod10 }
    }

    #[test]
    fn forms() {
        for good in ["123456782", "20261003-", "00", "  123456782 "] {
            assert!(Kid::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "1", "12345678 2", "12-4", "-", "--", "A23456782", "１２", &"1".repeat(26)] {
            assert_eq!(Kid::parse(bad).unwrap_err().code, codes::KID_FORM, "{bad}");
        }
        let fault = Kid::parse("123456783").unwrap_err();
        assert_eq!(fault.code, codes::KID_CHECK_DIGIT);
        assert_eq!(fault.values[1..], [("mod10".to_owned(), "2".to_owned()), ("mod11".to_owned(), "5".to_owned())]);
    }

    #[test]
    fn a_structure_makes_and_takes_apart() {
        let structure = KidStructure::new(KidParts { kind: Some((8..9, "7".to_owned())), ..parts(20, 0..8, 9..19) }).unwrap();
        let kid = structure.generate(42, 2026_0001).unwrap();
        assert_eq!(&kid.as_str()[..19], "0000004270020260001");
        assert_eq!(structure.customer_part(&kid), Some("00000042"));
        assert_eq!(structure.invoice_part(&kid), Some("0020260001"));
        assert_eq!(structure.customer_part(&Kid::parse("123456782").unwrap()), None);
        assert!(matches!(structure.generate(123_456_789, 1), Err(KidError::TooLong { part: "customer", width: 8, .. })));
        let json = serde_json::to_string(&structure).unwrap();
        assert_eq!(serde_json::from_str::<KidStructure>(&json).unwrap(), structure);
    }

    #[test]
    fn mod11_leaves_out_what_has_no_digit() {
        let structure = KidStructure::new(KidParts { modulus: Modulus::Mod11, ..parts(9, 0..4, 4..8) }).unwrap();
        assert!(matches!(structure.generate(2026, 1003), Err(KidError::NoCheckDigit { .. })));
        let (invoice, kid) = structure.generate_from(2026, 1003).unwrap();
        assert_eq!((invoice, &kid.as_str()[..8]), (1004, "20261004"));
        // Read all the same when a bank sends it.
        assert_eq!(structure.read("20261003-").unwrap().as_str(), "20261003-");
    }

    #[test]
    fn structures_that_cannot_be() {
        let check = |parts: KidParts, expected: KidStructureError| assert_eq!(KidStructure::new(parts).unwrap_err(), expected);
        check(parts(26, 0..4, 4..8), KidStructureError::Length(26));
        check(parts(8, 0..4, 4..8), KidStructureError::Outside { part: "invoice", from: 4, to: 8 });
        check(parts(9, 4..4, 4..8), KidStructureError::Outside { part: "customer", from: 4, to: 4 });
        check(parts(9, 0..5, 4..8), KidStructureError::Overlap("customer", "invoice"));
        check(KidParts { kind: Some((8..9, "77".into())), ..parts(20, 0..8, 9..19) }, KidStructureError::Kind("77".into()));
    }
}
