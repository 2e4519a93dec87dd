//! Which rules are in force when.
//!
//! A [`RuleSet`] is one dated edition of all layers together. Sets live side by side: a document is judged by the set
//! in force on a day, and a set to come can be asked before its day; [`Findings::changes`] tells two of them apart.
//!
//! A new edition is a row in `SETS`. A layer that did not change is shared, and a rule that only got another flag or went is a
//! [`Revision`]; of a layer that did change, the rules that differ get the edition as a parameter, and new code lists
//! stand beside the old ones in `codelists/data`. `docs/rules.md` says it step by step.

use crate::arena::Document;
use crate::en16931;
use crate::finding::{Findings, Severity};
use crate::peppol;
use crate::structure;
use crate::ubl::Ubl;

/// A day in the proleptic Gregorian calendar; compared as written. `Day { year: 2026, month: 8, day: 24 }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// The year, four digits.
    pub year: i16,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
}

/// One edition of the rules.
#[derive(Debug, Clone)]
pub struct RuleSet {
    name: &'static str,
    in_force_from: Day,
    /// Whether the other layers can judge it too.
    structure: fn(&Ubl<'_>, &mut Findings) -> bool,
    en16931: fn(&Ubl<'_>, &mut Findings),
    peppol: fn(&Ubl<'_>, &mut Findings),
    /// Where a rule of a layer that is shared with another edition is another one here.
    revisions: &'static [Revision],
}

/// What one edition changes of a rule that it shares with the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// The rule has another flag.
    Flagged(&'static str, Severity),
    /// The rule is gone.
    Withdrawn(&'static str),
}

/// All editions, oldest first.
static SETS: [RuleSet; 1] = [RuleSet {
    name: "EN 16931 UBL 1.3.16 + Peppol BIS Billing 3.0.21",
    // Peppol's May 2026 release became mandatory on this day.
    in_force_from: Day { year: 2026, month: 8, day: 24 },
    structure: structure::judge,
    en16931: en16931::judge,
    peppol: peppol::judge,
    revisions: &[],
}];

impl RuleSet {
    /// The set in force on a day. Before the first set's day it is the first one: older editions are not kept.
    pub fn in_force(on: Day) -> &'static RuleSet {
        among(&SETS, on)
    }

    /// An edition that judges by the same functions, but for these revisions (instead of its own).
    pub const fn revised(&self, name: &'static str, in_force_from: Day, revisions: &'static [Revision]) -> RuleSet {
        let RuleSet { structure, en16931, peppol, .. } = *self;
        RuleSet { name, in_force_from, structure, en16931, peppol, revisions }
    }

    /// All sets, oldest first.
    pub fn all() -> &'static [RuleSet] {
        &SETS
    }

    /// What the set is called by its publishers.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The first day on which the set is mandatory.
    pub fn in_force_from(&self) -> Day {
        self.in_force_from
    }

    /// Judges a document by every layer of this set, adding what is found. A document that is neither an invoice nor a
    /// credit note, or whose structure is broken in a thousand places, is judged by its structure alone.
    pub fn judge(&self, document: &Document<'_>, findings: &mut Findings) {
        if self.revisions.is_empty() {
            return self.judge_unrevised(document, findings);
        }
        // What was found before by another set is not this one's to revise.
        let mut own = Findings::new();
        self.judge_unrevised(document, &mut own);
        for revision in self.revisions {
            own.revise(*revision);
        }
        findings.extend(own);
    }

    fn judge_unrevised(&self, document: &Document<'_>, findings: &mut Findings) {
        let mut ubl = Ubl::new(document);
        if (self.structure)(&ubl, findings) {
            ubl.sort_many();
            (self.en16931)(&ubl, findings);
            (self.peppol)(&ubl, findings);
        }
    }
}

fn among(sets: &'static [RuleSet], on: Day) -> &'static RuleSet {
    sets.iter().rev().find(|set| set.in_force_from <= on).unwrap_or(&sets[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Limits;

    /// What a release half a year later may look like; the real ones stand in `SETS`.
    static TWO: [RuleSet; 2] = [
        SETS[0].revised("first", Day { year: 2026, month: 8, day: 24 }, &[]),
        SETS[0].revised(
            "second",
            Day { year: 2027, month: 2, day: 24 },
            &[Revision::Flagged("BR-03", Severity::Warning), Revision::Withdrawn("BR-04"), Revision::Withdrawn("NO-SUCH-RULE")],
        ),
    ];

    #[test]
    fn the_day_chooses_the_set() {
        let on = |year, month, day| among(&TWO, Day { year, month, day }).name();
        assert_eq!(on(2020, 1, 1), "first");
        assert_eq!(on(2026, 8, 24), "first");
        assert_eq!(on(2027, 2, 23), "first");
        assert_eq!(on(2027, 2, 24), "second");
        assert_eq!(on(2031, 1, 1), "second");
        assert!(RuleSet::all().is_sorted_by(|one, other| one.in_force_from < other.in_force_from));
    }

    #[test]
    fn a_revision_changes_its_rule_and_no_other_and_nothing_that_another_set_found() {
        let xml = br#"<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>"#;
        let document = Document::parse(xml, &Limits::default()).unwrap();
        let [mut before, mut after] = [Findings::new(), Findings::new()];
        TWO[0].judge(&document, &mut before);
        TWO[1].judge(&document, &mut after);
        let changed: Vec<_> = before
            .changes(&after)
            .map(|change| (change.before.unwrap().id, change.before.unwrap().severity, change.after.map(|after| after.severity)))
            .collect();
        assert_eq!(changed, [("BR-03", Severity::Fatal, Some(Severity::Warning)), ("BR-04", Severity::Fatal, None)],);
        let judged_before = before.clone();
        TWO[1].judge(&document, &mut before);
        assert_eq!(
            before.iter().take(judged_before.iter().count()).collect::<Vec<_>>(),
            judged_before.iter().collect::<Vec<_>>()
        );
    }
}
