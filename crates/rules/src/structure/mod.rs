//! The structure of UBL 2.1: which elements stand where, in which order and how often, with which attributes and values.
//!
//! The official validators run this as XML Schema before any rule. Here it is one table (`ubl_2_1.txt`, written by a
//! test from the published schemas) and one walk. The content of extensions is open and not looked into, as in the
//! schemas; signatures inside it are therefore not checked.
//!
//! Findings are ours: `UBL-STRUCTURE-ROOT`, `-UNKNOWN`, `-ORDER`, `-REPEATED`, `-MISSING`, `-CONTENT`, `-ATTRIBUTE`,
//! `-VALUE`, all fatal.

mod values;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::finding::{Findings, Layer};
use crate::judge::Judge;
use crate::ubl::{Element, Ubl, Unjudged, Why};
use crate::vocabulary::{self, Tag};
use values::Kind;

static TABLE: &str = include_str!("ubl_2_1.txt");

/// Structural faults after which a document is not judged further. The rules ask about neighbours and rely on the
/// structure for what that costs: a hundred thousand elements where one may stand would make them quadratic. An extension
/// may have as many parts of invoices beside each other.
const MAX_FAULTS: usize = 1_000;

/// Judges a document's structure; false when it is too broken for the rules.
pub(crate) fn judge(ubl: &Ubl<'_>, findings: &mut Findings) -> bool {
    let mut judge = Judge::new(findings, Layer::Structure);
    let root = ubl.root();
    if !matches!(root.tag(), vocabulary::root::Invoice | vocabulary::root::CreditNote) {
        judge.fire_with("UBL-STRUCTURE-ROOT", root, || vec![root.node.name().to_owned()]);
        return false;
    }
    // A walk must not ask a hash map at every element: each different name is looked up once.
    let contents: Vec<_> = ubl.tags().iter().map(|tag| SCHEMA.content.get(tag).copied()).collect();
    element(&mut judge, root, &contents);
    let faults = || findings.iter().filter(|finding| finding.layer == Layer::Structure);
    let is_too_large = faults().any(|finding| finding.id == Why::TooLarge.id());
    !is_too_large && faults().map(|finding| finding.count).sum::<usize>() <= MAX_FAULTS
}

/// What an element may hold.
#[derive(Clone, Copy)]
enum Content {
    /// Other elements: the number of the type.
    Aggregate(usize),
    Basic(Kind),
    /// Anything, not looked into.
    Open,
}

struct Field {
    tag: Tag,
    required: bool,
    repeats: bool,
}

struct Schema {
    content: HashMap<Tag, Content>,
    types: Vec<Vec<Field>>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let mut schema = Schema { content: HashMap::new(), types: Vec::new() };
    for (head, words) in rows() {
        match head.split_once(' ') {
            Some(("basic", "any")) => {
                schema.content.extend(words.iter().map(|word| (vocabulary::written(word), Content::Open)));
            }
            Some(("basic", kind)) => {
                let kind = Kind::named(kind);
                schema.content.extend(words.iter().map(|word| (vocabulary::written(word), Content::Basic(kind))));
            }
            Some((_, elements)) => {
                let number = schema.types.len();
                schema.types.push(words.iter().map(|word| field(word)).collect());
                let elements = elements.split(' ').map(vocabulary::written);
                schema.content.extend(elements.map(|tag| (tag, Content::Aggregate(number))));
            }
            None => unreachable!("every row of the table has a kind"),
        }
    }
    schema
});

fn field(word: &'static str) -> Field {
    Field { tag: vocabulary::written(bare(word)), required: !word.ends_with(['?', '*']), repeats: word.ends_with(['*', '+']) }
}

fn bare(word: &'static str) -> &'static str {
    word.trim_end_matches(['?', '*', '+'])
}

/// The rows of the table: what stands before the colon, and the words behind it. A row goes on where a line is indented.
fn rows() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut rows: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let head = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")));
        let words = match head.filter(|_| !line.starts_with(' ')) {
            Some((head, words)) => {
                rows.push((head, Vec::new()));
                words
            }
            None => line,
        };
        let row = rows.last_mut().expect("the table begins with a row");
        row.1.extend(words.split_ascii_whitespace());
    }
    rows
}

/// Every name of the table, for the vocabulary.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    rows().into_iter().flat_map(|(head, words)| {
        let elements = head.strip_prefix("aggregate ").into_iter().flat_map(|elements| elements.split(' '));
        elements.chain(words.into_iter().map(bare))
    })
}

fn element(judge: &mut Judge<'_>, element: Element<'_>, contents: &[Option<Content>]) {
    match contents[element.node.name_number() as usize] {
        Some(Content::Aggregate(number)) => aggregate(judge, element, &SCHEMA.types[number], contents),
        Some(Content::Basic(kind)) => basic(judge, element, kind),
        Some(Content::Open) => open(judge, element),
        None => {}
    }
}

/// An extension may hold anything, also parts of invoices, and the rules do look there: what no schema bounds, they would
/// compare with all its neighbours.
fn open(judge: &mut Judge<'_>, element: Element<'_>) {
    let known = element.children().filter(|child| child.tag() != vocabulary::OTHER).count();
    if known > MAX_FAULTS {
        judge.unjudged(Unjudged { why: Why::TooLarge, element });
        return;
    }
    for child in element.children() {
        open(judge, child);
    }
}

fn aggregate(judge: &mut Judge<'_>, parent: Element<'_>, fields: &[Field], contents: &[Option<Content>]) {
    if !parent.trimmed().is_empty() {
        judge.fire("UBL-STRUCTURE-CONTENT", parent);
    }
    for (name, _) in parent.node.qualified_attributes() {
        attribute_unknown(judge, parent, name);
    }
    // The place in the sequence, and how often the field there has stood.
    let (mut at, mut count) = (0, 0);
    let mut missing = None;
    for child in parent.children() {
        let tag = child.tag();
        let Some(found) = fields[at..].iter().position(|field| field.tag == tag).map(|found| at + found) else {
            let known = fields[..at].iter().any(|field| field.tag == tag) && tag != vocabulary::OTHER;
            let id = if known { "UBL-STRUCTURE-ORDER" } else { "UBL-STRUCTURE-UNKNOWN" };
            judge.fire_with(id, child, || vec![child.node.name().to_owned()]);
            continue;
        };
        if found > at {
            missing = missing.or_else(|| first_missing(&fields[at..found], count));
            (at, count) = (found, 0);
        }
        count += 1;
        if count > 1 && !fields[at].repeats {
            judge.fire_with("UBL-STRUCTURE-REPEATED", child, || vec![child.node.name().to_owned()]);
        }
        element(judge, child, contents);
    }
    missing = missing.or_else(|| first_missing(&fields[at..], count));
    if let Some(tag) = missing {
        judge.fire_with("UBL-STRUCTURE-MISSING", parent, || vec![vocabulary::name(tag).to_owned()]);
    }
}

/// The first of these fields that must stand and does not; the first one has stood `count` times.
fn first_missing(fields: &[Field], count: usize) -> Option<Tag> {
    let skip = usize::from(count > 0);
    fields.iter().skip(skip).find(|field| field.required).map(|field| field.tag)
}

fn basic(judge: &mut Judge<'_>, element: Element<'_>, kind: Kind) {
    if let Some(child) = element.children().next() {
        judge.fire_with("UBL-STRUCTURE-CONTENT", child, || vec![child.node.name().to_owned()]);
    }
    if !kind.accepts(element.text()) {
        judge.fire("UBL-STRUCTURE-VALUE", element);
    }
    let mut has_required = kind.required_attribute().is_none();
    for (name, value) in element.node.qualified_attributes() {
        if name.0.is_empty() && kind.attributes().contains(&name.1) {
            has_required |= kind.required_attribute() == Some(name.1);
            if name.1 == "languageID" && !values::is_language(value) {
                judge.fire_with("UBL-STRUCTURE-ATTRIBUTE", element, || vec![name.1.to_owned(), value.to_owned()]);
            }
        } else {
            attribute_unknown(judge, element, name);
        }
    }
    if !has_required {
        let name = kind.required_attribute().unwrap_or_default();
        judge.fire_with("UBL-STRUCTURE-ATTRIBUTE", element, || vec![name.to_owned()]);
    }
}

/// Where a schema is to be found may be said anywhere; everything else must be known.
fn attribute_unknown(judge: &mut Judge<'_>, element: Element<'_>, (namespace, name): (&str, &str)) {
    let is_hint = namespace == "http://www.w3.org/2001/XMLSchema-instance"
        && matches!(name, "schemaLocation" | "noNamespaceSchemaLocation");
    if !is_hint {
        judge.fire_with("UBL-STRUCTURE-ATTRIBUTE", element, || vec![name.to_owned()]);
    }
}
