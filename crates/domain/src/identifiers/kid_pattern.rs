//! A KID structure as people type it: one sign for each position, such as `CCCCCCCIIIIIIIIIIIIK`.

use std::ops::Range;
use std::str::FromStr;

use super::kid::{KidParts, KidStructure, KidStructureError, Modulus};

/// Why a pattern is no structure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KidPatternError {
    /// A sign that means nothing.
    #[error("“{0}” means nothing in a pattern: say C for the customer, I for the invoice, K for the check digit, or a digit")]
    Sign(char),
    /// The check digit is not there, or not last.
    #[error("a pattern ends in one K, the check digit, and has no other")]
    CheckDigit,
    /// A part has two pieces.
    #[error("the {0} part stands in two places")]
    TwoPieces(&'static str),
    /// The parts are no structure.
    #[error(transparent)]
    Structure(#[from] KidStructureError),
}

/// The pattern's structure, with MOD10: `C` is the customer part, `I` the invoice part, digits are the type part (zeros beside
/// another are in no part), and `K` is the check digit. [`KidPattern::with`] takes MOD11.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KidPattern(KidParts);

impl KidPattern {
    /// The structure with this check digit.
    pub fn with(self, modulus: Modulus) -> Result<KidStructure, KidPatternError> {
        Ok(KidStructure::new(KidParts { modulus, ..self.0 })?)
    }
}

impl FromStr for KidPattern {
    type Err = KidPatternError;

    fn from_str(text: &str) -> Result<KidPattern, KidPatternError> {
        let signs: Vec<char> = text.chars().map(|sign| sign.to_ascii_uppercase()).collect();
        if let Some(sign) = signs.iter().find(|sign| !matches!(sign, 'C' | 'I' | 'K' | '0'..='9')) {
            return Err(KidPatternError::Sign(*sign));
        }
        let Some(('K', body)) = signs.split_last().map(|(last, body)| (*last, body)) else {
            return Err(KidPatternError::CheckDigit);
        };
        if body.contains(&'K') {
            return Err(KidPatternError::CheckDigit);
        }
        let customer = only("customer", runs(body, |sign| sign == 'C'))?;
        let invoice = only("invoice", runs(body, |sign| sign == 'I'))?;
        let mut digits: Vec<(Range<usize>, String)> = runs(body, |sign| sign.is_ascii_digit())
            .into_iter()
            .map(|range| (range.clone(), body[range].iter().collect()))
            .collect();
        if digits.len() > 1 {
            digits.retain(|(_, digits)| digits.bytes().any(|digit| digit != b'0'));
        }
        if digits.len() > 1 {
            return Err(KidPatternError::TwoPieces("type"));
        }
        let parts = KidParts { length: signs.len(), customer, kind: digits.pop(), invoice, modulus: Modulus::Mod10 };
        // Both kinds of check digit have the same parts, so that one proof is enough.
        KidStructure::new(parts.clone())?;
        Ok(KidPattern(parts))
    }
}

/// Where signs of one kind stand side by side.
fn runs(body: &[char], is_one: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in body.iter().enumerate().filter(|(_, sign)| is_one(**sign)) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(Range { start: at, end: at + 1 }),
        }
    }
    runs
}

fn only(part: &'static str, mut runs: Vec<Range<usize>>) -> Result<Range<usize>, KidPatternError> {
    match (runs.pop(), runs.is_empty()) {
        (Some(run), true) => Ok(run),
        (Some(_), false) => Err(KidPatternError::TwoPieces(part)),
        (None, _) => Ok(0..0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let parts = |text: &str| text.parse::<KidPattern>().map(|pattern| pattern.0);
        let simple = parts("CCCCCCCIIIIIIIIIIIIK").unwrap();
        assert_eq!((simple.length, &simple.customer, &simple.invoice, &simple.kind), (20, &(0..7), &(7..19), &None));
        let typed = parts("cccc7iiiik").unwrap();
        assert_eq!(typed.kind, Some((4..5, "7".to_owned())));
        assert_eq!(parts("00CCC12IIIK").unwrap().kind, Some((5..7, "12".to_owned())));
        assert_eq!(parts("00CCCIIIK").unwrap().kind, Some((0..2, "00".to_owned())));
        assert_eq!(parts("CCXIIK"), Err(KidPatternError::Sign('X')));
        assert_eq!(parts("CCII"), Err(KidPatternError::CheckDigit));
        assert_eq!(parts("CCKIIK"), Err(KidPatternError::CheckDigit));
        assert_eq!(parts(""), Err(KidPatternError::CheckDigit));
        assert_eq!(parts("CIICK"), Err(KidPatternError::TwoPieces("customer")));
        assert_eq!(parts("1C2IK"), Err(KidPatternError::TwoPieces("type")));
        assert!(matches!(parts("IIIK"), Err(KidPatternError::Structure(KidStructureError::Outside { part: "customer", .. }))));
        assert!(matches!(parts(&format!("C{}K", "I".repeat(24))), Err(KidPatternError::Structure(_))));
        let structure = "CCCCIIIIK".parse::<KidPattern>().unwrap().with(Modulus::Mod11).unwrap();
        assert!(structure.generate(2026, 1003).is_err());
        assert_eq!(structure.generate(2026, 1004).unwrap().as_str().len(), 9);
    }
}
