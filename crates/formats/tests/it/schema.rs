//! What is written, against the published UBL 2.1 schemas: every element known, in its place, as often as it may.

use std::collections::HashMap;
use std::path::Path;

use kvitt_formats::ubl;
use kvitt_rules::arena::{Document, Limits, Node};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::shared;
use crate::strategies::invoice;

/// One child that a type may have.
struct Slot {
    name: String,
    required: bool,
    many: bool,
}

/// The sequences of the complex types, and the type of each group.
#[derive(Default)]
struct Schema {
    sequences: HashMap<String, Vec<Slot>>,
    types: HashMap<String, String>,
}

impl Schema {
    fn add(&mut self, path: &Path) {
        let bytes = std::fs::read(path).expect("the schema is there");
        let document = Document::parse(&bytes, &Limits::default()).expect("the schema is XML");
        for node in document.root().children() {
            match (node.name(), node.attribute("name")) {
                ("element", Some(name)) => {
                    self.types.insert(name.to_owned(), node.attribute("type").unwrap_or_default().to_owned());
                }
                ("complexType", Some(name)) => {
                    let slots = node.child("sequence").map(|sequence| sequence.children_named("element").map(slot).collect());
                    self.sequences.insert(name.to_owned(), slots.unwrap_or_default());
                }
                _ => {}
            }
        }
    }

    /// Checks a group's children against its type, and theirs.
    fn check(&self, group: Node<'_>) {
        let Some(slots) = self.types.get(group.name()).and_then(|kind| self.sequences.get(kind)) else {
            return;
        };
        let mut at = 0;
        let mut counts = vec![0; slots.len()];
        for child in group.children() {
            let slot = slots.iter().position(|slot| slot.name == child.name());
            let slot = slot.unwrap_or_else(|| panic!("{} is not in the schema", child.path()));
            assert!(slot >= at, "{} stands after {}", child.path(), slots[at].name);
            at = slot;
            counts[slot] += 1;
            self.check(child);
        }
        for (slot, count) in slots.iter().zip(counts) {
            assert!(count > 0 || !slot.required, "{} lacks {}", group.path(), slot.name);
            assert!(count < 2 || slot.many, "{} has {count} {}", group.path(), slot.name);
        }
    }
}

fn slot(element: Node<'_>) -> Slot {
    let name = element.attribute("ref").unwrap_or_default();
    Slot {
        name: name.split_once(':').map_or(name, |(_, local)| local).to_owned(),
        required: element.attribute("minOccurs") != Some("0"),
        many: element.attribute("maxOccurs") == Some("unbounded"),
    }
}

#[test]
fn what_is_written_follows_the_schema() {
    let Some(folder) = shared("schemas/ubl-2.1") else {
        return;
    };
    let mut common = Schema::default();
    common.add(&folder.join("common/UBL-CommonAggregateComponents-2.1.xsd"));
    common.add(&folder.join("maindoc/UBL-Invoice-2.1.xsd"));
    common.add(&folder.join("maindoc/UBL-CreditNote-2.1.xsd"));
    assert!(common.sequences["InvoiceType"].len() > 40 && common.sequences["PartyType"].len() > 15, "the schemas were read");
    let mut runner = TestRunner::deterministic();
    for _ in 0..64 {
        let invoice = invoice().new_tree(&mut runner).expect("the strategy makes invoices").current();
        let written = ubl::write(&invoice);
        let document = Document::parse(&written, &Limits::default()).expect("it is XML");
        common.check(document.root());
    }
}
