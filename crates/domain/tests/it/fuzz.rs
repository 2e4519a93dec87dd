//! Every `parse` of the domain with any bytes at all: no panic, and what is taken reads back as the same.

use std::fmt::Display;

use kvitt_domain::Fault;
use kvitt_domain::identifiers::{
    BankAccount, EmailAddress, Iban, IdentityNumber, Kid, OrgNumber, VatNumber, without_identity_numbers,
};
use kvitt_domain::price_book::{EXAMPLE, PriceBook};

/// Enough to walk every branch of these short parsers on each run; a fuzzing run takes as many as it likes.
const INPUTS: usize = 2000;

/// Parses any text; what is taken must survive its own canonical form.
fn check<T: PartialEq + std::fmt::Debug + Display>(parse: fn(&str) -> Result<T, Fault>) {
    bolero::check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(value) = parse(&text) {
            assert_eq!(parse(&value.to_string()).as_ref(), Ok(&value), "{text:?}");
        }
        // Digits are what gets past the first check, so every input is tried as digits too.
        let digits: String = bytes.iter().map(|byte| char::from(b'0' + byte % 10)).collect();
        if let Ok(value) = parse(&digits) {
            assert_eq!(parse(&value.to_string()).as_ref(), Ok(&value), "{digits}");
        }
    });
}

#[test]
fn fuzz_org_number() {
    check(OrgNumber::parse);
}

#[test]
fn fuzz_vat_number() {
    check(VatNumber::parse);
}

#[test]
fn fuzz_bank_account() {
    check(BankAccount::parse);
}

#[test]
fn fuzz_iban() {
    check(Iban::parse);
}

#[test]
fn fuzz_kid() {
    check(Kid::parse);
}

#[test]
fn fuzz_email_address() {
    check(EmailAddress::parse);
}

#[test]
fn fuzz_identity_number() {
    bolero::check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(number) = IdentityNumber::parse(&text) {
            assert_eq!(IdentityNumber::parse(&number.reveal()), Ok(number));
        }
    });
}

#[test]
fn fuzz_price_book() {
    bolero::check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        drop(PriceBook::parse(&text));
        // The example with one byte changed gets past the first key.
        let mut example = EXAMPLE.as_bytes().to_vec();
        if let [place @ .., change] = bytes {
            let at = place.iter().fold(0_usize, |at, byte| at.wrapping_mul(256).wrapping_add(usize::from(*byte))) % example.len();
            example[at] = *change;
        }
        drop(PriceBook::parse(&String::from_utf8_lossy(&example)));
    });
}

#[test]
fn fuzz_masking() {
    bolero::check!().with_iterations(INPUTS).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let masked = without_identity_numbers(&text);
        assert_eq!(without_identity_numbers(&masked), masked, "masking twice masks no more");
    });
}
