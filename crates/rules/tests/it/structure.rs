//! The table of UBL 2.1's structure is what the published schemas say: derived here from them, and compared.
//!
//! `KVITT_BLESS=1 cargo test -p kvitt-rules structure` writes the table anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kvitt_rules::arena::{Document, Limits, Node};

use crate::vectors;

const SCHEMAS: [&str; 5] = [
    "maindoc/UBL-Invoice-2.1.xsd",
    "maindoc/UBL-CreditNote-2.1.xsd",
    "common/UBL-CommonAggregateComponents-2.1.xsd",
    "common/UBL-CommonBasicComponents-2.1.xsd",
    "common/UBL-CommonExtensionComponents-2.1.xsd",
];

#[test]
fn the_table_says_what_the_schemas_say() {
    let Some(folder) = vectors::schemas("ubl-2.1") else { return };
    let mut schemas = Schemas::default();
    for file in SCHEMAS {
        let bytes = std::fs::read(folder.join(file)).expect("a schema can be read");
        let document = Document::parse(&bytes, &Limits::default()).expect("a schema is XML");
        schemas.read(document.root());
    }
    let table = schemas.table();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/structure/ubl_2_1.txt");
    if std::env::var_os("KVITT_BLESS").is_some() {
        std::fs::write(&path, &table).expect("the table can be written");
    }
    let written = std::fs::read_to_string(&path).expect("the table is there");
    assert!(written == table, "the table differs from the schemas");
}

#[derive(Default)]
struct Schemas {
    /// Element name, with its prefix, to its type.
    elements: BTreeMap<String, String>,
    /// Aggregate type to its fields, as the table writes them.
    aggregates: BTreeMap<String, Vec<String>>,
    /// Basic type to its kind.
    basics: BTreeMap<String, String>,
}

impl Schemas {
    fn read(&mut self, schema: Node<'_>) {
        let target = schema.attribute("targetNamespace").expect("a schema has one");
        let prefix = match target.rsplit(':').next() {
            Some("CommonAggregateComponents-2") => "cac:",
            Some("CommonBasicComponents-2") => "",
            Some("CommonExtensionComponents-2") => "ext:",
            _ => "root:",
        };
        for child in schema.children() {
            match child.name() {
                "element" => {
                    self.elements.insert(format!("{prefix}{}", name(child)), format!("{prefix}{}", own_type(child)));
                }
                "complexType" => self.read_type(prefix, child),
                _ => {}
            }
        }
    }

    fn read_type(&mut self, prefix: &str, complex: Node<'_>) {
        let own = format!("{prefix}{}", name(complex));
        if let Some(extension) = complex.descendant(&["simpleContent", "extension"]) {
            let base = extension.attribute("base").expect("an extension has a base");
            let kind = base.trim_start_matches("udt:").trim_end_matches("Type").to_lowercase();
            self.basics.insert(own, kind);
            return;
        }
        let sequence = complex.child("sequence").expect("UBL's aggregates are sequences");
        let fields = sequence.children().map(|field| {
            let reference = field.attribute("ref").expect("a field is a reference");
            let reference = match reference.strip_prefix("cbc:") {
                Some(basic) => basic.to_owned(),
                None if reference.contains(':') => reference.to_owned(),
                None => format!("{prefix}{reference}"),
            };
            let many = field.attribute("maxOccurs") == Some("unbounded");
            let suffix = match (field.attribute("minOccurs"), many) {
                (Some("0"), false) => "?",
                (Some("0"), true) => "*",
                (_, true) => "+",
                (_, false) => "",
            };
            format!("{reference}{suffix}")
        });
        let fields = fields.collect();
        self.aggregates.insert(own, fields);
    }

    /// What can be reached from an invoice or a credit note.
    fn table(&self) -> String {
        let mut types = BTreeMap::new();
        let mut of_type: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut of_kind: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut open = vec!["root:Invoice", "root:CreditNote"];
        let mut seen = BTreeSet::new();
        while let Some(element) = open.pop() {
            if !seen.insert(element) {
                continue;
            }
            let own = self.elements.get(element).expect("every reference is declared").as_str();
            if let Some(kind) = self.basics.get(own) {
                of_kind.entry(kind).or_default().insert(element);
            } else if let Some(fields) = self.aggregates.get(own) {
                of_type.entry(own).or_default().insert(element);
                types.insert(own, fields);
                open.extend(fields.iter().map(|field| field.trim_end_matches(['?', '*', '+'])));
            } else {
                // What an extension holds is open.
                of_kind.entry("any").or_default().insert(element);
            }
        }
        let mut table = String::from(HEADING);
        for (kind, elements) in of_kind {
            table.push_str(&wrap(&format!("basic {kind}:"), elements.into_iter()));
        }
        for (name, fields) in types {
            let elements: Vec<_> = of_type[name].iter().copied().collect();
            table.push_str(&wrap(&format!("aggregate {}:", elements.join(" ")), fields.iter().map(String::as_str)));
        }
        table
    }
}

const HEADING: &str = "\
# The structure of UBL 2.1 invoices and credit notes, as facts of the OASIS schemas (UBL-Invoice-2.1.xsd,
# UBL-CreditNote-2.1.xsd and what they use). Written by the test `structure` of this crate.
# basic KIND: elements of that data type.
# aggregate ELEMENTS: what each of them holds, in this order. Plain: once; ?: at most once; *: any number; +: at least once.
# Names without a prefix are basic components (cbc).
";

fn wrap<'a>(head: &str, words: impl Iterator<Item = &'a str>) -> String {
    let mut text = head.to_owned();
    let mut width = text.len();
    for word in words {
        if width + word.len() > 118 {
            text.push_str("\n   ");
            width = 3;
        }
        text.push(' ');
        text.push_str(word);
        width += word.len() + 1;
    }
    text.push('\n');
    text
}

fn name(node: Node<'_>) -> &str {
    node.attribute("name").expect("a declaration has a name")
}

fn own_type(node: Node<'_>) -> &str {
    node.attribute("type").expect("an element has a type")
}
