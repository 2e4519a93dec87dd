//! How a rule speaks: it checks, and what does not hold becomes a finding.

use crate::finding::{Findings, Layer, Severity};
use crate::ubl::{Checked, Element, Unjudged};

/// The ear of one layer's rules.
pub(crate) struct Judge<'f> {
    findings: &'f mut Findings,
    layer: Layer,
}

impl<'f> Judge<'f> {
    pub(crate) fn new(findings: &'f mut Findings, layer: Layer) -> Judge<'f> {
        Judge { findings, layer }
    }

    /// The rule `id` says that `holds` is true at this element.
    pub(crate) fn check<'u>(&mut self, id: &'static str, element: Element<'u>, holds: impl Verdict<'u>) {
        match holds.verdict() {
            Ok(true) => {}
            Ok(false) => self.fire(id, element),
            Err(unjudged) => self.unjudged(unjudged),
        }
    }

    /// The rule is broken here.
    pub(crate) fn fire(&mut self, id: &'static str, element: Element<'_>) {
        self.findings.add(self.layer, id, severity(id), element.node, || own_value(element));
    }

    /// The rule is broken here, and these values show how.
    pub(crate) fn fire_with(&mut self, id: &'static str, element: Element<'_>, values: impl FnOnce() -> Vec<String>) {
        self.findings.add(self.layer, id, severity(id), element.node, values);
    }

    /// The rule speaks of the whole document, so that it is broken once however many places break it.
    pub(crate) fn fire_once(&mut self, id: &'static str, element: Element<'_>) {
        self.findings.add_once(self.layer, id, severity(id), element.node, || own_value(element));
    }

    /// A rule could not be judged here: said once an element.
    pub(crate) fn unjudged(&mut self, unjudged: Unjudged<'_>) {
        let Unjudged { why, element } = unjudged;
        self.findings.add_place(self.layer, why.id(), Severity::Fatal, element.node, || own_value(element));
    }

    /// The value where it can be had; where not, that is said and there is none.
    pub(crate) fn value<'u, T>(&mut self, checked: Checked<'u, T>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(unjudged) => {
                self.unjudged(unjudged);
                None
            }
        }
    }
}

/// Whether a rule holds: plainly, or if it can be judged at all.
pub(crate) trait Verdict<'u> {
    fn verdict(self) -> Checked<'u, bool>;
}

impl<'u> Verdict<'u> for bool {
    fn verdict(self) -> Checked<'u, bool> {
        Ok(self)
    }
}

impl<'u> Verdict<'u> for Checked<'u, bool> {
    fn verdict(self) -> Checked<'u, bool> {
        self
    }
}

fn own_value(element: Element<'_>) -> Vec<String> {
    let text = element.trimmed();
    if text.is_empty() { Vec::new() } else { vec![text.to_owned()] }
}

/// The publishers' flags: what is not a warning is fatal.
pub(crate) fn severity(id: &str) -> Severity {
    let warning = match id {
        "UBL-CR-666" | "UBL-CR-673" | "UBL-DT-01" | "UBL-DT-06" | "UBL-DT-07" => false,
        _ => WARNINGS.contains(&id) || id.starts_with("UBL-CR-") || id.starts_with("UBL-DT-"),
    };
    if warning { Severity::Warning } else { Severity::Fatal }
}

const WARNINGS: [&str; 27] = [
    "BR-51",
    "DE-R-017",
    "DE-R-019",
    "DE-R-020",
    "DE-R-026",
    "DE-R-027",
    "DE-R-028",
    "DE-R-T02",
    "GR-S-008-1",
    "GR-S-011",
    "IS-R-001",
    "NO-R-002",
    "PEPPOL-COMMON-R044",
    "PEPPOL-COMMON-R045",
    "PEPPOL-COMMON-R046",
    "PEPPOL-COMMON-R047",
    "PEPPOL-COMMON-R054",
    "PEPPOL-COMMON-R055",
    "PEPPOL-COMMON-R056-1",
    "PEPPOL-COMMON-R056-2",
    "PEPPOL-COMMON-R057",
    "SE-R-007",
    "SE-R-008",
    "SE-R-009",
    "SE-R-010",
    "SE-R-011",
    "SE-R-012",
];
