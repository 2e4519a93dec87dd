//! Norwegian bank accounts and IBANs.

use super::check_digits::{mod10, mod97, weighted};
use super::{Dots, digits, shown, ungrouped, written_as_text};
use crate::fault::{Fault, codes};

/// A Norwegian bank account number (BBAN): eleven digits, the last a MOD11 check digit with weights 5, 4, 3, 2, 7, 6, 5, 4, 3, 2.
///
/// Accounts that start with `0000` are old Postgiro accounts: their last seven digits carry a MOD10 (Luhn) check digit instead.
/// Bank files hold accounts that follow neither (test data, foreign payers), so nothing that reads them uses this type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BankAccount(String);

impl BankAccount {
    /// Takes `86011117947`, `8601.11.17947` and `8601 11 17947`. Anything else is `account.invalid`.
    pub fn parse(text: &str) -> Result<BankAccount, Fault> {
        let refused = || Fault::fatal(codes::ACCOUNT_INVALID).with("account", shown(text));
        let plain = ungrouped(text, &[4, 2, 5], Dots::Allowed).ok_or_else(refused)?;
        let number: [u8; 11] = digits(&plain).ok_or_else(refused)?;
        let (body, check) = (&number[..10], u32::from(number[10]));
        let holds = if body.starts_with(&[0, 0, 0, 0]) {
            u32::from(mod10(&body[4..])) == check
        } else {
            // Check digit included, weight 1: a result of 10 can then never hold, as the rule wants.
            (weighted(body, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) + check).is_multiple_of(11)
        };
        if holds { Ok(BankAccount(plain)) } else { Err(refused()) }
    }

    /// As people print it: `8601.11.17947`.
    pub fn printed(&self) -> String {
        format!("{}.{}.{}", &self.0[..4], &self.0[4..6], &self.0[6..])
    }

    /// The same account as an IBAN: `NO` + two check digits + the eleven digits (ISO 13616).
    pub fn iban(&self) -> Iban {
        let rest = mod97(self.0.chars().chain("NO00".chars())).expect("an account is digits only");
        Iban(format!("NO{:02}{}", 98 - rest, self.0))
    }
}

/// An IBAN of any country: country code, two check digits (ISO 13616, remainder 1 by 97), national account number.
///
/// The length is checked for the Nordic countries, whose accounts Kvitt pays from and to; for others only the limits of the
/// standard. For Norway the account inside must hold too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Iban(String);

/// ISO 13616 allows up to 34 characters; the shortest national form is Norway's, 15.
const IBAN_LENGTHS: std::ops::RangeInclusive<usize> = 15..=34;

impl Iban {
    /// Takes `NO9386011117947` and `NO93 8601 1117 947` (groups of four). Anything else is `account.invalid`.
    pub fn parse(text: &str) -> Result<Iban, Fault> {
        let refused = || Fault::fatal(codes::ACCOUNT_INVALID).with("account", shown(text));
        let plain = ungrouped(text, &groups_of_four(text), Dots::Refused).ok_or_else(refused)?;
        let form_holds = IBAN_LENGTHS.contains(&plain.len())
            && plain.is_ascii()
            && plain[..2].bytes().all(|byte| byte.is_ascii_uppercase())
            && plain[2..4].bytes().all(|byte| byte.is_ascii_digit())
            && nordic_length(&plain[..2]).is_none_or(|length| length == plain.len());
        if !form_holds {
            return Err(refused());
        }
        // The country and check digits count last.
        if mod97(plain[4..].chars().chain(plain[..4].chars())) != Some(1) {
            return Err(refused());
        }
        let iban = Iban(plain);
        if iban.country() == "NO" && iban.norwegian_account().is_none() {
            return Err(refused());
        }
        Ok(iban)
    }

    /// Its ISO 3166-1 country code.
    pub fn country(&self) -> &str {
        &self.0[..2]
    }

    /// The Norwegian account inside, where it is one.
    pub fn norwegian_account(&self) -> Option<BankAccount> {
        (self.country() == "NO").then(|| BankAccount::parse(&self.0[4..]).ok())?
    }

    /// As people print it, in groups of four: `NO93 8601 1117 947`.
    pub fn printed(&self) -> String {
        let mut printed = String::with_capacity(self.0.len() + self.0.len() / 4);
        for (index, character) in self.0.chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                printed.push(' ');
            }
            printed.push(character);
        }
        printed
    }
}

/// The lengths in the IBAN registry of the countries around us.
fn nordic_length(country: &str) -> Option<usize> {
    match country {
        "NO" => Some(15),
        "DK" | "FO" | "GL" | "FI" => Some(18),
        "SE" => Some(24),
        "IS" => Some(26),
        _ => None,
    }
}

/// The groups of a printed IBAN: fours, and what is left.
fn groups_of_four(text: &str) -> Vec<usize> {
    let length = text.chars().filter(|character| !character.is_whitespace()).count().min(*IBAN_LENGTHS.end());
    let rest = length % 4;
    let mut groups = vec![4; length / 4];
    if rest > 0 {
        groups.push(rest);
    }
    groups
}

written_as_text!(BankAccount, Iban);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts() {
        for good in ["86011117947", "8601.11.17947", "8601 11 17947", "99991042764", "11110500019"] {
            assert!(BankAccount::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "86011117949", "88888888888", "8601.1117947", "8601-11-17947", "8601111794", "860111179470", "86O11117947"]
        {
            assert_eq!(BankAccount::parse(bad).unwrap_err().code, codes::ACCOUNT_INVALID, "{bad}");
        }
        assert_eq!(BankAccount::parse("86011117947").unwrap().printed(), "8601.11.17947");
    }

    #[test]
    fn old_postgiro_accounts_carry_a_luhn_digit() {
        assert!(BankAccount::parse("00001234566").is_ok());
        assert!(BankAccount::parse("00001234567").is_err());
    }

    #[test]
    fn ibans() {
        for (account, iban) in
            [("86011117947", "NO9386011117947"), ("99991042764", "NO9799991042764"), ("11110500019", "NO7611110500019")]
        {
            let account = BankAccount::parse(account).unwrap();
            assert_eq!(account.iban().as_str(), iban);
            assert_eq!(Iban::parse(iban).unwrap().norwegian_account(), Some(account));
        }
        let printed = Iban::parse("NO9386011117947").unwrap().printed();
        assert_eq!(printed, "NO93 8601 1117 947");
        assert_eq!(Iban::parse(&printed).unwrap().as_str(), "NO9386011117947");
        for good in ["SE4550000000058398257466", "DK5000400440116243", "FI2112345600000785", "DE89370400440532013000"] {
            assert!(Iban::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "NO9386011117948",
            "NO938601111794",
            "no9386011117947",
            "NO93.8601.1117.947",
            "IBAN32423940",
            "NO9øø",
            "86011117947",
        ] {
            assert_eq!(Iban::parse(bad).unwrap_err().code, codes::ACCOUNT_INVALID, "{bad}");
        }
    }

    #[test]
    fn a_norwegian_iban_whose_account_is_wrong_is_refused() {
        // 86011117949 fails MOD11; these check digits make mod 97 hold all the same.
        let rest = mod97("86011117949NO00".chars()).unwrap();
        assert!(Iban::parse(&format!("NO{:02}86011117949", 98 - rest)).is_err());
    }
}
