//! KIDs as the bank reads and makes them: check digits, and the digits that name the customer.
//!
//! MOD10 and MOD11 as in the OCR giro system specification 2.0. A MOD11 check digit of ten (`-`) is never made here.

use serde::{Deserialize, Serialize};

/// How the last digit of a KID is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Modulus {
    /// Weights 2, 1 from the right, digit sums.
    Mod10,
    /// Weights 2 to 7 from the right.
    Mod11,
}

/// One way in which the KIDs of an account are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Structure {
    /// Digits in all, check digit included.
    pub length: usize,
    /// The first digit of the customer part, counted from 1.
    pub from: usize,
    /// The last digit of the customer part.
    pub to: usize,
    /// The check digit's rule.
    pub modulus: Modulus,
}

impl Structure {
    /// `None` where it cannot be: 4 to 25 digits (MPS, AvtaleGiro), and a customer part before the check digit.
    pub fn new(length: usize, reference: &str, modulus: Modulus) -> Option<Structure> {
        let (from, to) = reference.strip_prefix('[')?.strip_suffix(']')?.split_once('-')?;
        let structure = Structure { length, from: from.parse().ok()?, to: to.parse().ok()?, modulus };
        let fits = (4..=25).contains(&length) && 1 <= structure.from && structure.from <= structure.to && structure.to < length;
        fits.then_some(structure)
    }

    /// The customer part of a KID of this structure; `None` where it is none.
    pub fn customer_part<'a>(&self, kid: &'a str) -> Option<&'a str> {
        let (body, check) = kid.split_at_checked(kid.len().checked_sub(1)?)?;
        let fits = kid.len() == self.length && self.modulus.check_digit(body).map(char::from) == check.chars().next();
        fits.then(|| &kid[self.from - 1..self.to])
    }

    /// How many digits name the customer.
    pub fn width(&self) -> usize {
        self.to + 1 - self.from
    }

    /// A KID that names this customer and no invoice: what a payer's mandate is registered under.
    pub fn mandate_kid(&self, part: &str) -> Option<String> {
        if part.len() != self.width() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let before = "0".repeat(self.from - 1);
        let after = "0".repeat(self.length - 1 - self.to);
        self.completed(format!("{before}{part}{after}"))
    }

    /// A KID of the same customer that is another's invoice: every digit outside the customer part is turned (9 minus it).
    /// It holds by its check digit, so that a bank that controls KIDs lets it pass.
    pub fn mistaken(&self, kid: &str) -> Option<String> {
        self.customer_part(kid)?;
        let is_customer = |at: usize| (self.from - 1..self.to).contains(&at);
        let body = kid.bytes().take(self.length - 1).enumerate();
        let turned = body.map(|(at, digit)| char::from(if is_customer(at) { digit } else { b'0' + (b'9' - digit) }));
        self.completed(turned.collect())
    }

    /// Adds the check digit. Where MOD11 has none, a digit outside the customer part is counted up until it has.
    fn completed(&self, body: String) -> Option<String> {
        let mut body = body.into_bytes();
        let free = (0..body.len()).rev().find(|at| !(self.from - 1..self.to).contains(at));
        for _ in 0..10 {
            let text = std::str::from_utf8(&body).ok()?;
            if let Some(check) = self.modulus.check_digit(text) {
                return Some(format!("{text}{}", char::from(check)));
            }
            let at = free?;
            body[at] = if body[at] == b'9' { b'0' } else { body[at] + 1 };
        }
        None
    }
}

impl Modulus {
    /// The check digit of a body of digits; `None` where it is not digits, or MOD11 gives ten.
    pub fn check_digit(self, body: &str) -> Option<u8> {
        if !body.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digits = body.bytes().rev().map(|b| u32::from(b - b'0'));
        let digit = match self {
            Modulus::Mod10 => {
                let sum: u32 =
                    digits.zip([2, 1].into_iter().cycle()).map(|(digit, weight)| digit * weight).map(|p| p / 10 + p % 10).sum();
                (10 - sum % 10) % 10
            }
            Modulus::Mod11 => {
                let sum: u32 = digits.zip((2..=7).cycle()).map(|(digit, weight)| digit * weight).sum();
                (11 - sum % 11) % 11
            }
        };
        u8::try_from(digit).ok().filter(|digit| *digit < 10).map(|digit| b'0' + digit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        for kid in ["123456782", "123456701123453"] {
            assert_eq!(Modulus::Mod10.check_digit(&kid[..kid.len() - 1]).map(char::from), kid.chars().last(), "{kid}");
        }
        for kid in ["123456785", "12345674"] {
            assert_eq!(Modulus::Mod11.check_digit(&kid[..kid.len() - 1]).map(char::from), kid.chars().last(), "{kid}");
        }
        assert_eq!(Modulus::Mod11.check_digit("20261003"), None);
        assert_eq!(Modulus::Mod10.check_digit("12a"), None);
    }

    #[test]
    fn customers_and_their_mandates() {
        for modulus in [Modulus::Mod10, Modulus::Mod11] {
            let structure = Structure::new(15, "[1-6]", modulus).unwrap();
            for part in ["000000", "000100", "004711", "999999"] {
                let kid = structure.mandate_kid(part).unwrap();
                assert_eq!((kid.len(), structure.customer_part(&kid)), (15, Some(part)));
                let wrong = structure.mistaken(&kid).unwrap();
                assert_ne!(wrong, kid);
                assert_eq!(structure.customer_part(&wrong), Some(part));
            }
            assert_eq!(structure.mandate_kid("47"), None);
            assert_eq!(structure.customer_part("123"), None);
        }
        for (length, reference) in
            [(3, "[1-2]"), (26, "[1-2]"), (9, "[0-2]"), (9, "[3-2]"), (9, "[1-9]"), (9, "1-2"), (9, "[1:2]")]
        {
            assert_eq!(Structure::new(length, reference, Modulus::Mod10), None, "{length} {reference}");
        }
    }
}
