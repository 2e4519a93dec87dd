//! What a rule set found: which rule, how bad, how often, where, and with which values.
//!
//! Sentences for people are in `messages` ([`crate::advice`]); this is what machines compare.

use std::borrow::Cow;

use crate::arena::Node;
use crate::messages::{Language, advice};
use crate::sets::Revision;

/// How bad a finding is, as the rule's publisher flags it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A conforming receiver refuses the document.
    Fatal,
    /// The document can be sent; the receiver may ignore or dislike something.
    Warning,
}

/// Which layer of the rules a finding comes from. The layers judge independently of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// UBL 2.1: order, cardinality, data types. Ids are ours: `UBL-STRUCTURE-…`.
    Structure,
    /// EN 16931-1 and its UBL binding (CEN/TS 16931-3-2).
    En16931,
    /// Peppol BIS Billing 3.0 with its national rules.
    Peppol,
}

/// One place where a rule was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Byte offset of the element's start tag.
    pub offset: usize,
    /// XPath with indices, as [`Node::path`] writes it.
    pub path: String,
}

/// One rule that was broken, at every place where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's official id, such as `BR-CO-10`; ids of ours begin with `UBL-STRUCTURE-` or `VALUE-`.
    pub id: &'static str,
    /// The layer that the rule belongs to.
    pub layer: Layer,
    /// As the publisher flags it.
    pub severity: Severity,
    /// How many times the rule was broken.
    pub count: usize,
    /// The first [`MAX_PLACES`] places, in document order.
    pub places: Vec<Place>,
    /// Values involved at the first place: what stands there, and for sums what was expected.
    pub values: Vec<String>,
}

/// One rule on which two sets judge one document differently; at least one side is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'f> {
    /// What the first set found; nothing where the rule was kept or did not exist.
    pub before: Option<&'f Finding>,
    /// What the second set found.
    pub after: Option<&'f Finding>,
}

/// Places kept with one finding: a person fixes the pattern, not the thousandth instance, and the path of each place
/// costs a walk over its siblings.
pub const MAX_PLACES: usize = 20;

/// Bytes of a value kept: enough to recognise it.
const MAX_VALUE: usize = 120;

/// The findings of one document, in the order in which rules first fired.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Findings {
    findings: Vec<Finding>,
}

impl Findings {
    /// No findings yet.
    pub fn new() -> Findings {
        Findings::default()
    }

    /// All findings, one a rule.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter()
    }

    /// The finding of one rule.
    pub fn get(&self, id: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.id == id)
    }

    /// Is any of them fatal? A document with a fatal finding is not valid.
    pub fn is_fatal(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Fatal)
    }

    /// Is there nothing to say?
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// How another set's findings on the same document differ from these: the rules broken more or less often, or with
    /// another severity. First what these findings know, in their order, then what is new.
    pub fn changes<'f>(&'f self, after: &'f Findings) -> impl Iterator<Item = Change<'f>> {
        let known = self.iter().map(|finding| Change { before: Some(finding), after: after.same_rule(finding) });
        let new = after.iter().filter(|finding| self.same_rule(finding).is_none());
        known
            .chain(new.map(|finding| Change { before: None, after: Some(finding) }))
            .filter(|change| change.before.map(Finding::verdict) != change.after.map(Finding::verdict))
    }

    fn same_rule(&self, of: &Finding) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.id == of.id && finding.layer == of.layer)
    }

    /// Takes what another set found; a rule that both know stands twice then.
    pub(crate) fn extend(&mut self, found: Findings) {
        self.findings.extend(found.findings);
    }

    /// Changes what an edition has changed of one of its rules.
    pub(crate) fn revise(&mut self, revision: Revision) {
        match revision {
            Revision::Withdrawn(id) => self.findings.retain(|finding| finding.id != id),
            Revision::Flagged(id, severity) => {
                self.findings.iter_mut().filter(|finding| finding.id == id).for_each(|finding| finding.severity = severity);
            }
        }
    }

    /// The rule is broken once more, at this node.
    pub(crate) fn add(
        &mut self,
        layer: Layer,
        id: &'static str,
        severity: Severity,
        node: Node<'_>,
        values: impl FnOnce() -> Vec<String>,
    ) {
        let finding = self.entry(layer, id, severity, values);
        finding.count += 1;
        finding.place(node);
    }

    /// The rule is broken in this document, among others at this node.
    pub(crate) fn add_once(
        &mut self,
        layer: Layer,
        id: &'static str,
        severity: Severity,
        node: Node<'_>,
        values: impl FnOnce() -> Vec<String>,
    ) {
        let finding = self.entry(layer, id, severity, values);
        finding.count = 1;
        finding.place(node);
    }

    /// The rule is broken at this node, which many may say.
    pub(crate) fn add_place(
        &mut self,
        layer: Layer,
        id: &'static str,
        severity: Severity,
        node: Node<'_>,
        values: impl FnOnce() -> Vec<String>,
    ) {
        let finding = self.entry(layer, id, severity, values);
        if finding.places.iter().all(|place| place.offset != node.offset()) {
            finding.count += 1;
            finding.place(node);
        }
    }

    fn entry(
        &mut self,
        layer: Layer,
        id: &'static str,
        severity: Severity,
        values: impl FnOnce() -> Vec<String>,
    ) -> &mut Finding {
        let known = self.findings.iter().position(|finding| finding.id == id && finding.layer == layer);
        let at = known.unwrap_or_else(|| {
            let values = values().into_iter().map(shorten).collect();
            self.findings.push(Finding { id, layer, severity, count: 0, places: Vec::new(), values });
            self.findings.len() - 1
        });
        &mut self.findings[at]
    }
}

impl Finding {
    /// What is wrong and what to do, in our words; [`crate::advice`] says who can do it and which business term it is.
    pub fn sentence(&self, language: Language) -> Cow<'static, str> {
        advice(self.id).expect("a test demands a sentence for every rule").sentence(language)
    }

    fn verdict(&self) -> (Severity, usize) {
        (self.severity, self.count)
    }

    fn place(&mut self, node: Node<'_>) {
        if self.places.len() < MAX_PLACES {
            self.places.push(Place { offset: node.offset(), path: node.path() });
        }
    }
}

impl<'f> IntoIterator for &'f Findings {
    type Item = &'f Finding;
    type IntoIter = std::slice::Iter<'f, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.findings.iter()
    }
}

fn shorten(mut value: String) -> String {
    if value.len() > MAX_VALUE {
        let cut = (0..=MAX_VALUE).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
        value.truncate(cut);
        value.push('…');
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(of: &[(&'static str, Severity, usize)]) -> Findings {
        let finding = |(id, severity, count): &(&'static str, Severity, usize)| Finding {
            id,
            layer: Layer::Peppol,
            severity: *severity,
            count: *count,
            places: Vec::new(),
            values: Vec::new(),
        };
        Findings { findings: of.iter().map(finding).collect() }
    }

    #[test]
    fn two_sets_differ_where_a_rule_is_new_gone_sterner_or_broken_more_often() {
        use Severity::{Fatal, Warning};
        let before = findings(&[("GONE", Fatal, 1), ("SAME", Fatal, 2), ("DK-R-003", Warning, 1), ("BR-CO-10", Fatal, 1)]);
        let after = findings(&[("SK-R-001", Fatal, 1), ("BR-CO-10", Fatal, 3), ("DK-R-003", Fatal, 1), ("SAME", Fatal, 2)]);

        let changes: Vec<_> = before
            .changes(&after)
            .map(|change| (change.before.map(|finding| finding.id), change.after.map(|finding| finding.id)))
            .collect();
        assert_eq!(
            changes,
            [
                (Some("GONE"), None),
                (Some("DK-R-003"), Some("DK-R-003")),
                (Some("BR-CO-10"), Some("BR-CO-10")),
                (None, Some("SK-R-001")),
            ]
        );
        assert_eq!(before.changes(&before).count(), 0);
    }
}
