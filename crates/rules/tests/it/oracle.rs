//! Every labelled document against the reference: same rules, same severities, same counts, same verdict.
//!
//! The labels come from the official validation artefacts (`expected.json` in the vectors; its README says how). What
//! disagrees is listed by rule with an example, and the figures by family are a golden file in `docs`.

use std::collections::BTreeMap;
use std::path::Path;

use kvitt_rules::arena::{Document, Limits, Node};
use kvitt_rules::{Day, Findings, Layer, RuleSet, Severity};
use serde_json::Value;

use crate::scoreboard::Scoreboard;
use crate::vectors;

const TODAY: Day = Day { year: 2026, month: 11, day: 22 };

#[test]
fn the_rules_agree_with_the_reference() {
    let Some(folder) = vectors::ubl() else { return };
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("the labels can be read");
    let labels: Value = serde_json::from_str(&text).expect("the labels are JSON");
    let mut board = Scoreboard::default();
    for entry in labels["files"].as_array().expect("a list of files") {
        let file = entry["file"].as_str().expect("a file name");
        let bytes = std::fs::read(folder.join(file)).expect("a vector can be read");
        let document = Document::parse(&bytes, &Limits::default()).expect("the vectors are XML");
        if entry["kind"] == "document" {
            whole_document(&mut board, file, entry, &document);
        } else {
            test_set(&mut board, file, entry, &document);
        }
    }
    board.print_disagreements();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules-scoreboard.md");
    board.compare_with(&golden);
}

fn whole_document(board: &mut Scoreboard, file: &str, entry: &Value, document: &Document<'_>) {
    let findings = judge(document);
    let exact = compare(board, file, entry, &findings);
    let valid = entry["xsd_valid"] == true
        && entry["fatal"].as_array().is_none_or(Vec::is_empty)
        && entry["oracle_error"].as_object().is_none_or(serde_json::Map::is_empty);
    board.document(file, exact, valid, !findings.is_fatal());
}

fn test_set(board: &mut Scoreboard, file: &str, entry: &Value, document: &Document<'_>) {
    let tests: Vec<_> = document.root().children_named("test").collect();
    for case in entry["cases"].as_array().expect("a list of cases") {
        let number = case["n"].as_u64().expect("a case number") as usize;
        let mut parts = tests[number - 1].children();
        let root = parts.find(|part| part.namespace() != TEST_NAMESPACE).expect("a test holds a document");
        let mut xml = String::new();
        write(root, &mut xml);
        let document = Document::parse(xml.as_bytes(), &Limits::default()).expect("what we wrote is XML");
        let findings = judge(&document);
        let place = format!("{file}#{number}");
        let exact = compare(board, &place, case, &findings);
        let agrees = fulfils(&case["repo"], &findings);
        // Three tests were written for an older release: the reference itself does not fulfil them.
        board.unit_test(&place, exact, agrees, case["repo_agrees_with_oracle"] == true);
    }
}

const TEST_NAMESPACE: &str = "http://difi.no/xsd/vefa/validator/1.0";

fn judge(document: &Document<'_>) -> Findings {
    let mut findings = Findings::new();
    RuleSet::in_force(TODAY).judge(document, &mut findings);
    findings
}

/// Compares each layer that has a reference result; where the reference stopped with an error, it has none.
fn compare(board: &mut Scoreboard, place: &str, label: &Value, findings: &Findings) -> bool {
    let mut exact = true;
    for (layer, names) in [(Layer::En16931, &["cen"][..]), (Layer::Peppol, &["peppol", "peppol-sb"][..])] {
        if names.iter().any(|name| label["oracle_error"].get(name).is_some()) {
            exact &= findings.is_fatal();
            continue;
        }
        let mut expected = BTreeMap::new();
        for name in names {
            for (id, fired) in label["oracle"][name].as_object().into_iter().flatten() {
                let flag = fired[0].as_str().expect("a flag");
                expected.insert(id.as_str(), (flag, fired[1].as_u64().expect("a count") as usize));
            }
        }
        let ours = findings.iter().filter(|finding| finding.layer == layer);
        let found: BTreeMap<_, _> = ours.map(|finding| (finding.id, (flag(finding.severity), finding.count))).collect();
        exact &= board.rules(place, &expected, &found);
    }
    exact
}

fn flag(severity: Severity) -> &'static str {
    match severity {
        Severity::Fatal => "fatal",
        Severity::Warning => "warning",
    }
}

/// The repository's own expectation: these rules fire so often, those do not.
fn fulfils(expectation: &Value, findings: &Findings) -> bool {
    let count = |id: &str| findings.get(id).map_or(0, |finding| finding.count);
    let silent = expectation["success"].as_array().into_iter().flatten();
    let is_silent = silent.filter_map(Value::as_str).all(|id| count(id) == 0);
    let fired = ["error", "warning", "fatal"].iter().filter_map(|kind| expectation[kind].as_object());
    let fires = fired.flatten().all(|(id, times)| times.as_u64() == Some(count(id) as u64));
    is_silent && fires
}

/// A part of a document as a document of its own. Prefixes do not matter to rules, so that each name says its namespace.
fn write(node: Node<'_>, xml: &mut String) {
    xml.push_str(&format!("<{} xmlns=\"{}\"", node.name(), escape(node.namespace())));
    for (name, value) in node.attributes() {
        xml.push_str(&format!(" {name}=\"{}\"", escape(value)));
    }
    xml.push('>');
    xml.push_str(&escape(node.text()));
    for child in node.children() {
        write(child, xml);
    }
    xml.push_str(&format!("</{}>", node.name()));
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\t', "&#9;").replace('\n', "&#10;")
}
