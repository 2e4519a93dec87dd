//! Finvoice written and read: the published schema, the round trip of generated invoices, the table, own documents, faults.

use std::path::{Path, PathBuf};
use std::process::Command;

use kvitt_domain::Fault;
use kvitt_domain::invoice::Invoice;
use kvitt_formats::finvoice;
use kvitt_formats::finvoice::mapping::{MAPPING, page};
use kvitt_rules::arena::Limits;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::lookup_keys::golden;
use crate::strategies::invoice;
use crate::{lines, required, shared};

/// The schema and the program that judges by it, or none where this machine has not both. With `KVITT_REQUIRE=vectors,xmllint`
/// that is a failure.
fn schema() -> Option<PathBuf> {
    let schema = shared("schemas/finvoice")?.join("Finvoice3.0.xsd");
    if Command::new("xmllint").arg("--version").output().is_ok() {
        return Some(schema);
    }
    assert!(!required("xmllint"), "xmllint (libxml2-utils) is required and not installed");
    println!("SKIPPED: no xmllint (libxml2-utils) to validate with");
    None
}

/// Writes the documents side by side and has them all judged in one go.
fn assert_valid(schema: &Path, name: &str, documents: &[(String, Vec<u8>)]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    let mut files = Vec::new();
    for (at, (_, bytes)) in documents.iter().enumerate() {
        let file = folder.join(format!("{at}.xml"));
        std::fs::write(&file, bytes).expect("the target folder can be written");
        files.push(file);
    }
    let mut complaints: Vec<String> = Vec::new();
    for (chunk, files) in files.chunks(500).enumerate() {
        let judged =
            Command::new("xmllint").args(["--noout", "--schema"]).arg(schema).args(files).output().expect("xmllint runs");
        let text = String::from_utf8_lossy(&judged.stderr);
        let valid = text.lines().filter(|line| line.ends_with(" validates")).count();
        if !judged.status.success() || valid != files.len() {
            let first = files.iter().position(|file| text.contains(&format!("{} fails", file.display())));
            complaints.extend(first.map(|at| format!("first: {}", documents[chunk * 500 + at].0)));
            complaints.extend(text.lines().filter(|line| !line.ends_with(" validates")).take(20).map(str::to_owned));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn generated(count: usize) -> Vec<Invoice> {
    let mut runner = TestRunner::deterministic();
    let strategy = invoice();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("the strategy makes invoices").current()).collect()
}

#[test]
fn what_is_written_is_valid_against_the_schema() {
    let Some(schema) = schema() else { return };
    let documents: Vec<_> =
        generated(400).iter().enumerate().map(|(at, invoice)| (format!("generated {at}"), finvoice::write(invoice).0)).collect();
    assert_valid(&schema, "finvoice-generated", &documents);
}

fn read(bytes: &[u8]) -> Invoice {
    finvoice::read(bytes, &Limits::default())
        .unwrap_or_else(|faults| panic!("{}\n{}", lines(&faults), String::from_utf8_lossy(bytes)))
}

/// The invoice as JSON with what the comparison takes for the same made the same: no white space in texts, numbers without
/// zeros at their end, allowances before charges.
fn canonical(invoice: &Invoice) -> Value {
    fn settle(value: &mut Value) {
        match value {
            Value::String(text) => {
                text.retain(|character| !character.is_whitespace());
                if let Ok(number) = text.parse::<rust_decimal::Decimal>() {
                    *text = number.normalize().to_string();
                }
            }
            Value::Array(list) => {
                list.sort_by_key(|item| item["adds"] == "charge");
                list.iter_mut().for_each(settle);
            }
            Value::Object(fields) => fields.values_mut().for_each(settle),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(invoice).expect("it serialises");
    settle(&mut value);
    value
}

/// Empties the places of these faults: `BG-25[2]/BG-28[1]/BT-141` is `lines[1].allowances_and_charges[the first charge].amount`.
fn without(mut value: Value, lost: &[Fault]) -> Value {
    for fault in lost {
        let pattern: String =
            fault.place.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect::<Vec<_>>().join("[]");
        let positions: Vec<usize> =
            fault.place.split('[').skip(1).filter_map(|part| part.split(']').next()?.parse().ok()).collect();
        let rows: Vec<_> = MAPPING.iter().filter(|row| row.term == pattern).collect();
        assert!(!rows.is_empty(), "no row for {} ({pattern})", fault.place);
        for row in rows {
            empty(&mut value, row.field, &positions);
        }
    }
    value
}

/// Empties one field; its path goes down step by step, lists by position.
fn empty(value: &mut Value, field: &str, positions: &[usize]) {
    let Some((step, rest)) = field.split_once('.').map(|(step, rest)| (step, Some(rest))).or(Some((field, None))) else {
        return;
    };
    let (name, list) = step.split_once("[]").map_or((step, None), |(name, after)| (name, Some(after)));
    let kind = match name {
        "allowances" if list.is_some() => Some("allowance"),
        "charges" if list.is_some() => Some("charge"),
        _ => None,
    };
    let name = if kind.is_some() { "allowances_and_charges" } else { name };
    let Some(mut found) = value.get_mut(name) else { return };
    let mut positions = positions;
    if let Some(after) = list {
        let Some((position, others)) = positions.split_first() else { return };
        positions = others;
        let Some(items) = found.as_array_mut() else { return };
        let of_kind = items.iter_mut().filter(|item| kind.is_none_or(|kind| item["adds"] == kind));
        let Some(item) = of_kind.into_iter().nth(position - 1) else { return };
        found = item;
        if let Some(at) = after.strip_prefix('[').and_then(|at| at.strip_suffix(']')) {
            found = &mut found[at.parse::<usize>().expect("a place in a pair")];
        }
    }
    match rest {
        Some(rest) => empty(found, rest, positions),
        None => *found = Value::Null,
    }
}

/// Takes away groups that say nothing any more, and list items at the end: one that is gone and one that was emptied are the same.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: serde_json::Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name, pruned(value))).filter(|(_, value)| !value.is_null()).collect();
            // The kind of an allowance alone says nothing.
            let says = fields.keys().any(|name| name != "adds");
            if says { Value::Object(fields) } else { Value::Null }
        }
        Value::Array(list) => {
            let mut list: Vec<Value> = list.into_iter().map(pruned).collect();
            while list.last().is_some_and(Value::is_null) {
                list.pop();
            }
            if list.is_empty() { Value::Null } else { Value::Array(list) }
        }
        Value::Bool(false) => Value::Null,
        other => other,
    }
}

/// Accounts and attachments that Finvoice cannot hold are left out: gaps in their places keep the positions of the others.
fn with_gaps(before: &Value, mut after: Value) -> Value {
    fn open(before: &Value, after: &mut Value, name: &str) {
        let (Some(before), Some(items)) = (before.as_array(), after.as_array_mut()) else { return };
        for (at, item) in before.iter().enumerate() {
            let stays = items
                .get(at)
                .is_some_and(|found| found[name] == item[name] || !before.iter().any(|one| one[name] == found[name]));
            if !stays {
                items.insert(at.min(items.len()), Value::Null);
            }
        }
    }
    open(&before["attachments"], &mut after["attachments"], "id");
    if let Some(payment) = after["payment"].as_array_mut() {
        payment
            .iter_mut()
            .enumerate()
            .for_each(|(at, means)| open(&before["payment"][at]["accounts"], &mut means["accounts"], "number"));
    }
    after
}

fn check_that_losses_are_complete(invoice: &Invoice) {
    let (written, lost) = finvoice::write(invoice);
    let again = read(&written);
    let expected = pruned(without(canonical(invoice), &lost));
    let found = pruned(without(with_gaps(&canonical(invoice), canonical(&again)), &lost));
    assert!(expected == found, "lost: {}\nbefore {expected:#}\nafter {found:#}", lines(&lost));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_as_the_same_invoice_but_for_what_is_told(invoice in invoice()) {
        check_that_losses_are_complete(&invoice);
    }
}

#[test]
fn the_page_of_finvoice_is_the_table() {
    golden("finvoice.md", &page());
}
