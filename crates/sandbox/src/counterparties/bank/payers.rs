//! Who pays direct debits: the last two digits of a KID's customer part choose how a payer and the payer's bank behave.
//!
//! What follows from a persona is in `mandates.rs`, `claims.rs` and `day.rs`; `docs/sandbox.md` explains it to a newcomer.

use super::NAME;
use crate::personas::Description;

/// How one payer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payer {
    /// Is debited when due.
    Pays,
    /// Has nothing on the bank account, and never pays.
    NoCover,
    /// Has allowed [`LOW_LIMIT_MINOR`] a month, which a claim exceeds.
    LowLimit,
    /// Deletes the mandate when a claim comes, after any look-up.
    MandateDeleted,
    /// Wants no notice of claims.
    NoNotice,
    /// Is debited, and pays by hand too.
    PaysTwice,
    /// Is debited twice by the bank's mistake.
    Doubled,
    /// Has no cover; pays later by hand, with the KID of another invoice.
    WrongKid,
    /// Has no cover; pays half later by hand.
    PaysPart,
    /// Has no cover; pays later by hand, too much.
    PaysOver,
    /// Is debited, and has it reversed.
    Reverses,
    /// Never made a mandate.
    NoMandate,
    /// Makes a mandate the morning after the agreement's list was sent.
    LateMandate,
    /// Changes the wish for notices the morning after the agreement's list was sent.
    ChangesNotice,
    /// The payer's bank refuses cancellations, and debits.
    KeepsClaim,
}

/// What [`Payer::LowLimit`] has allowed a month, øre.
pub const LOW_LIMIT_MINOR: u64 = 10_000;

/// Every payer by the two digits. All other digits are an ordinary payer's.
pub const PAYERS: [Description<Payer>; 15] = [
    payer("00", Payer::Pays, "Debited when due (and so is everyone with digits that are not in this list)."),
    payer("01", Payer::NoCover, "No cover: not debited, and no record says so."),
    payer("02", Payer::LowLimit, "The mandate allows 100 kroner a month: a claim above it is not debited."),
    payer(
        "03",
        Payer::MandateDeleted,
        "A look-up finds the mandate; it is deleted when a claim comes, which is rejected (M001).",
    ),
    payer("04", Payer::NoNotice, "Wants no notice; debited when due."),
    payer("05", Payer::PaysTwice, "Debited when due, and pays by hand on the same day."),
    payer("06", Payer::Doubled, "The bank debits twice by mistake."),
    payer("07", Payer::WrongKid, "No cover; two bank days later pays by hand with a wrong KID that holds."),
    payer("08", Payer::PaysPart, "No cover; two bank days later pays half by hand."),
    payer("09", Payer::PaysOver, "No cover; two bank days later pays 100 kroner too much by hand."),
    payer("10", Payer::Reverses, "Debited when due; reversed two bank days later."),
    payer("11", Payer::NoMandate, "No mandate."),
    payer("12", Payer::LateMandate, "The mandate comes the morning after the agreement's first list."),
    payer("13", Payer::ChangesNotice, "Wants notices, and none any more from the morning after the agreement's first list."),
    payer("14", Payer::KeepsClaim, "The payer's bank rejects a cancellation that MPS took, and debits."),
];

const fn payer(name: &'static str, persona: Payer, does: &'static str) -> Description<Payer> {
    Description { counterparty: NAME, name, does, dials: "", persona }
}

impl Payer {
    /// Who a customer part names.
    pub fn of(part: &str) -> Payer {
        let digits = part.get(part.len().saturating_sub(2)..).unwrap_or_default();
        PAYERS.iter().find(|line| line.name == digits).map_or(Payer::Pays, |line| line.persona)
    }

    /// The two digits.
    pub fn name(self) -> &'static str {
        PAYERS.iter().find(|line| line.persona == self).expect("every payer is in the table").name
    }
}

/// A payer's bank account: always the same for the same customer part, eleven digits, MOD11.
pub fn bank_account(part: &str) -> String {
    let number = part.bytes().fold(0_u32, |number, digit| (number * 10 + u32::from(digit - b'0')) % 10_000);
    // One body in eleven has no check digit; of two in a row one has.
    let bodies = [format!("999905{number:04}"), format!("999906{number:04}")];
    let whole = bodies.iter().find_map(|body| Some((body, super::kid::Modulus::Mod11.check_digit(body)?)));
    whole.map_or_else(|| "0".repeat(11), |(body, check)| format!("{body}{}", char::from(check)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_digits_choose() {
        for (part, expected) in [("000106", Payer::Doubled), ("06", Payer::Doubled), ("000660", Payer::Pays), ("1", Payer::Pays)]
        {
            assert_eq!(Payer::of(part), expected, "{part}");
        }
    }

    #[test]
    fn every_payer_has_a_bank_account() {
        assert!((0..10_000).all(|n| bank_account(&format!("{n:06}")) != "0".repeat(11)));
        assert_eq!(bank_account("000106").len(), 11);
    }
}
