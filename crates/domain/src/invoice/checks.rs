//! What Kvitt checks on every invoice at intake: presence, sums, dates, identifiers, KID. Full rule judgement is `kvitt-rules`.
//!
//! The measure is EN 16931: what it allows is not refused here, whatever we think of it. Beyond it a fault is fatal only where
//! the money would certainly go astray or the sender could not be told apart; everything else doubtful is a warning.
//!
//! Amounts in more decimals than the currency has cannot be held by an [`Amount`](crate::Amount): the readers refuse them
//! (`amount.decimals`). That every amount is in the invoice's currency is checked here.
//! Files in this folder: `presence`, `sums`, `dates`, `numbers` (organisation numbers, accounts, KIDs).

use super::Invoice;
use crate::fault::{Fault, Severity};

mod dates;
mod numbers;
mod presence;
mod sums;
#[cfg(test)]
mod tests;

/// More faults help nobody: a document with so many comes from a system that does one thing wrong on every line.
const MOST_FAULTS: usize = 500;

/// What a company may choose in the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckOptions {
    /// How bad a wrong check digit is in what looks like a KID (BT-83 of a Norwegian seller, digits only, 2 to 25 of them).
    ///
    /// A warning by default: nothing says that BT-83 holds a KID, a KID is not required by law, and an account without a KID
    /// agreement takes any number. Fatal for a company that always uses KIDs.
    pub kid: Severity,
}

impl Default for CheckOptions {
    fn default() -> CheckOptions {
        CheckOptions { kid: Severity::Warning }
    }
}

/// Everything that is wrong with the invoice itself, all at once. Fatal faults refuse it; warnings travel with the plan.
pub fn check(invoice: &Invoice) -> Vec<Fault> {
    check_with(invoice, &CheckOptions::default())
}

/// The same, as a company has chosen. Presence first, then dates, numbers and sums; places are business terms with their groups,
/// counted from 1: `BG-25[2]/BT-131`.
pub fn check_with(invoice: &Invoice, options: &CheckOptions) -> Vec<Fault> {
    let mut found = Found(Vec::new());
    presence::check(invoice, &mut found);
    dates::check(invoice, &mut found);
    numbers::check(invoice, options, &mut found);
    sums::check(invoice, &mut found);
    found.0
}

/// The faults found so far, never more than [`MOST_FAULTS`].
struct Found(Vec<Fault>);

impl Found {
    fn push(&mut self, fault: Fault) {
        if self.0.len() < MOST_FAULTS {
            self.0.push(fault);
        }
    }

    fn extend(&mut self, fault: Option<Fault>) {
        fault.into_iter().for_each(|fault| self.push(fault));
    }
}
