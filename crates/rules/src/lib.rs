//! The guarded XML arena, and the dated rule sets that judge it.
//!
//! [`arena`] reads one XML document, once, into a flat store that later readers walk as often as they like.
//! [`RuleSet`] judges a UBL invoice or credit note in it: the structure of UBL 2.1, EN 16931 and Peppol BIS Billing with
//! its national rules, with the official rule ids, severities and counts. No IO, no clock: bytes and dates come in as
//! arguments.
//!
//! ```
//! use kvitt_rules::arena::{Document, Limits};
//! use kvitt_rules::{Day, Findings, Language, RuleSet};
//!
//! let xml = br#"<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>"#;
//! let document = Document::parse(xml, &Limits::default())?;
//! let mut findings = Findings::new();
//! RuleSet::in_force(Day { year: 2026, month: 11, day: 22 }).judge(&document, &mut findings);
//! for finding in &findings {
//!     println!("{} at {}: {}", finding.id, finding.places[0].path, finding.sentence(Language::English));
//! }
//! assert!(findings.is_fatal() && findings.get("BR-02").is_some());
//! # Ok::<(), kvitt_rules::arena::XmlFault>(())
//! ```
//!
//! Where to look next: `en16931`, `peppol` and `structure` hold the rules, `codelists` their lists, `docs/rules-scoreboard.md`
//! how they compare with the official validators.

pub mod arena;
mod codelists;
mod decimal;
mod en16931;
mod finding;
mod judge;
mod messages;
mod peppol;
mod sets;
mod structure;
mod ubl;
mod vocabulary;

pub use finding::{Change, Finding, Findings, Layer, MAX_PLACES, Place, Severity};
pub use messages::{Advice, Language, MendedBy, advice};
pub use sets::{Day, Revision, RuleSet};
