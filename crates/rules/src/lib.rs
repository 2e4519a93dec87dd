//! The guarded XML arena, and the dated rule sets that judge it.
//!
//! [`arena`] reads one XML document, once, into a flat store that later readers walk as often as they like.
//! [`RuleSet`] judges a UBL invoice or credit note in it: EN 16931 and Peppol BIS Billing with its national rules, with
//! the official rule ids, severities and counts. No IO, no clock: bytes and dates come in as arguments.

pub mod arena;
mod codelists;
mod decimal;
mod en16931;
mod finding;
mod judge;
mod peppol;
mod sets;
mod ubl;
mod vocabulary;

pub use finding::{Finding, Findings, Layer, MAX_PLACES, Place, Severity};
pub use sets::{Day, RuleSet};
