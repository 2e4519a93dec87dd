//! Which rules are in force when.
//!
//! A [`RuleSet`] is one dated edition of all layers together. Sets live side by side: a document is judged by the set
//! in force on a day, and a set to come can be asked before its day; [`Findings::changes`] tells two of them apart.
//!
//! A new edition is a row in `SETS`. A layer that did not change is shared; of one that did, the rules that differ get
//! the edition as a parameter, and new code lists stand beside the old ones in `codelists/data`.

use crate::arena::Document;
use crate::en16931;
use crate::finding::Findings;
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
#[derive(Debug)]
pub struct RuleSet {
    name: &'static str,
    in_force_from: Day,
    /// Whether the other layers can judge it too.
    structure: fn(&Ubl<'_>, &mut Findings) -> bool,
    en16931: fn(&Ubl<'_>, &mut Findings),
    peppol: fn(&Ubl<'_>, &mut Findings),
}

/// All editions, oldest first.
static SETS: [RuleSet; 1] = [RuleSet {
    name: "EN 16931 UBL 1.3.16 + Peppol BIS Billing 3.0.21",
    // Peppol's May 2026 release became mandatory on this day.
    in_force_from: Day { year: 2026, month: 8, day: 24 },
    structure: structure::judge,
    en16931: en16931::judge,
    peppol: peppol::judge,
}];

impl RuleSet {
    /// The set in force on a day. Before the first set's day it is the first one: older editions are not kept.
    pub fn in_force(on: Day) -> &'static RuleSet {
        SETS.iter().rev().find(|set| set.in_force_from <= on).unwrap_or(&SETS[0])
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
        let mut ubl = Ubl::new(document);
        if (self.structure)(&ubl, findings) {
            ubl.sort_top();
            (self.en16931)(&ubl, findings);
            (self.peppol)(&ubl, findings);
        }
    }
}
