//! The Norwegian national identity number (fødselsnummer) and its relatives.

use super::check_digits::weighted;
use super::{Dots, MASK, digits, ungrouped};
use crate::fault::{Fault, codes};

/// A fødselsnummer, D-number, H-number or synthetic number: eleven digits with two check digits.
///
/// It is shown masked by `Debug` and `Display` and cannot be serialised: the one way to the digits is [`IdentityNumber::reveal`],
/// so that a search for that word finds every place that handles them. Neither sex nor year of birth is ever derived from it:
/// numbers given from 2032 on do not tell (Skatteetaten, "Nytt fødselsnummer 2032").
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdentityNumber([u8; 11]);

impl IdentityNumber {
    /// Takes eleven digits, with or without the space after the sixth. Anything else is `identity.invalid`, and the fault never
    /// repeats what was given.
    ///
    /// The date must exist once the offsets are taken off (day + 40: D-number; month + 40: H-number; month + 80: synthetic; the
    /// first goes with either of the others), the first check digit must follow the rule of before 2032 or the one after, and the
    /// second its one rule. Whether the number was ever given to a person only the register knows.
    pub fn parse(text: &str) -> Result<IdentityNumber, Fault> {
        let refused = || Fault::fatal(codes::IDENTITY_INVALID);
        let plain = ungrouped(text, &[6, 5], Dots::Refused).ok_or_else(refused)?;
        let number: [u8; 11] = digits(&plain).ok_or_else(refused)?;
        if date_exists(&number) && check_digits_hold(&number) { Ok(IdentityNumber(number)) } else { Err(refused()) }
    }

    /// The eleven digits, for the vault and for a register that may be asked by them. They go nowhere else.
    pub fn reveal(&self) -> String {
        self.0.iter().map(|digit| char::from(b'0' + digit)).collect()
    }

    /// Whether it is a D-number: given to people who do not live in Norway for good.
    pub fn is_d_number(&self) -> bool {
        self.0[0] >= 4
    }

    /// Whether it is synthetic (month + 80): made for tests, given to nobody.
    pub fn is_synthetic(&self) -> bool {
        self.0[2] >= 8
    }
}

impl std::fmt::Debug for IdentityNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdentityNumber({MASK})")
    }
}

impl std::fmt::Display for IdentityNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

fn date_exists(number: &[u8; 11]) -> bool {
    let two = |at: usize| number[at] * 10 + number[at + 1];
    let day = match two(0) {
        day @ 41..=71 => day - 40,
        day => day,
    };
    let month = match two(2) {
        month @ 41..=52 => month - 40,
        month @ 81..=92 => month - 80,
        month => month,
    };
    // The century is not in the number, so 29 February exists in every year divisible by four: 2000 was a leap year.
    let days = match month {
        2 if two(4).is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn check_digits_hold(number: &[u8; 11]) -> bool {
    let first = weighted(&number[..9], &[3, 7, 6, 1, 8, 9, 4, 5, 2]) + u32::from(number[9]);
    let second = weighted(&number[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) + u32::from(number[10]);
    // Until 2032 the first remainder is 0; from 2032 on it may be 0, 1, 2 or 3. Old numbers stay valid, so both are taken.
    first % 11 <= 3 && second.is_multiple_of(11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_shows_itself() {
        let number = IdentityNumber::parse("109155 96784").unwrap();
        assert_eq!(format!("{number} {number:?}"), format!("{MASK} IdentityNumber({MASK})"));
        assert_eq!(number.reveal(), "10915596784");
        let fault = IdentityNumber::parse("10915596785").unwrap_err();
        assert!(!format!("{fault:?}").contains("1091"), "{fault:?}");
    }

    #[test]
    fn kinds() {
        let kinds = |text: &str| {
            let number = IdentityNumber::parse(text).unwrap();
            (number.is_d_number(), number.is_synthetic())
        };
        assert_eq!(kinds("10915596784"), (false, true));
        assert_eq!(kinds("50846202355"), (true, true));
    }

    #[test]
    fn what_is_no_date_is_no_number() {
        for bad in ["", "1091559678", "109155967840", "10915596785", "1091 5596784", "00000000000", "1091559678X"] {
            assert_eq!(IdentityNumber::parse(bad).unwrap_err().code, codes::IDENTITY_INVALID, "{bad}");
        }
    }
}
