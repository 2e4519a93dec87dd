//! Finvoice written and read: the published schema, the round trip of generated invoices, the table, own documents, faults.

use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;
use jiff::civil::date;
use kvitt_domain::invoice::{DocumentKind, Invoice};
use kvitt_domain::{Amount, Currency, Fault};
use kvitt_formats::finvoice::mapping::{MAPPING, page};
use kvitt_formats::{convert, finvoice, ubl};
use kvitt_rules::arena::{Document, Limits, Node};
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

/// The fields of a value as the table writes them.
fn fields(value: &Value, at: &str, into: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(group) => {
            for (name, value) in group.iter().filter(|(name, _)| *name != "adds") {
                let dot = if at.is_empty() { "" } else { "." };
                if name == "allowances_and_charges" {
                    for item in value.as_array().into_iter().flatten() {
                        let list = if item["adds"] == "charge" { "charges" } else { "allowances" };
                        fields(item, &format!("{at}{dot}{list}[]"), into);
                    }
                } else {
                    fields(value, &format!("{at}{dot}{name}"), into);
                }
            }
        }
        Value::Array(list) if at.ends_with("attributes[]") => {
            list.iter().enumerate().for_each(|(place, item)| fields(item, &format!("{at}[{place}]"), into));
        }
        Value::Array(list) => list.iter().for_each(|item| fields(item, &format!("{at}[]"), into)),
        _ => {
            into.insert(at.to_owned());
        }
    }
}

#[test]
fn the_table_has_every_field_of_an_invoice_and_no_other() {
    let mut found = std::collections::BTreeSet::new();
    generated(200).iter().for_each(|invoice| fields(&serde_json::to_value(invoice).expect("it serialises"), "", &mut found));
    let covers =
        |row: &str, field: &str| field.strip_prefix(row).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    for field in &found {
        let group =
            MAPPING.iter().any(|row| row.field.starts_with(&format!("{field}.")) || row.field.starts_with(&format!("{field}[]")));
        assert!(group || MAPPING.iter().any(|row| covers(row.field, field)), "no row for {field}");
    }
    for row in MAPPING {
        assert!(found.iter().any(|field| covers(row.field, field)), "{} is no field", row.field);
    }
}

/// The elements at a path below a node; an attribute at its end must be there.
fn stands(node: Node<'_>, path: &str) -> bool {
    let (step, rest) = path.split_once('/').map_or((path, None), |(step, rest)| (step, Some(rest)));
    match (step.strip_prefix('@'), rest) {
        (Some(attribute), _) => node.attribute(attribute).is_some(),
        (None, Some(rest)) => node.children_named(step).any(|child| stands(child, rest)),
        (None, None) => node.children_named(step).next().is_some(),
    }
}

/// Whether a field of the table says something anywhere in an invoice.
fn says(value: &Value, field: &str) -> bool {
    let (step, rest) = field.split_once('.').map_or((field, None), |(step, rest)| (step, Some(rest)));
    let (name, list) = step.split_once("[]").map_or((step, false), |(name, _)| (name, true));
    let below = |value: &Value| match rest {
        Some(rest) => says(value, rest),
        None => !value.is_null(),
    };
    match (name, list) {
        ("allowances" | "charges", true) => {
            let kind = name.trim_end_matches('s');
            value["allowances_and_charges"].as_array().into_iter().flatten().any(|item| item["adds"] == kind && below(item))
        }
        (name, true) => value[name].as_array().into_iter().flatten().any(below),
        (name, false) => below(&value[name]),
    }
}

/// Percentages and accounts as they are in life: what the strategies make is seldom what Finvoice holds.
fn tame(invoice: &mut Invoice) {
    let of_lines = invoice.lines.iter_mut().flat_map(|line| &mut line.allowances_and_charges);
    for change in invoice.allowances_and_charges.iter_mut().chain(of_lines) {
        let vat = change.vat.iter_mut().filter_map(|vat| vat.percent.as_mut());
        change.percent.iter_mut().chain(vat).for_each(|percent| *percent = 25.into());
    }
    let rates = invoice.vat_breakdown.iter_mut().map(|subtotal| &mut subtotal.rate);
    let rates = rates.chain(invoice.lines.iter_mut().map(|line| &mut line.vat)).filter_map(|rate| rate.percent.as_mut());
    rates.for_each(|percent| *percent = 25.into());
    for debit in invoice.payment.iter_mut().filter_map(|means| means.direct_debit.as_mut()) {
        debit.debited_account.iter_mut().for_each(|account| *account = "86011117947".to_owned());
    }
    // Finvoice has one payment order: the others are told, which would hide what becomes of the first.
    invoice.payment.truncate(1);
}

#[test]
fn what_the_table_says_is_held_stands_where_it_says() {
    let mut proven = std::collections::BTreeSet::new();
    for mut invoice in generated(300) {
        tame(&mut invoice);
        let (written, lost) = finvoice::write(&invoice);
        let document = Document::parse(&written, &Limits::default()).expect("it is XML");
        let value = serde_json::to_value(&invoice).expect("it serialises");
        for row in MAPPING {
            let gone = lost
                .iter()
                .any(|fault| fault.place.ends_with(row.number()) || fault.place.contains(&format!("{}[", row.number())));
            match row.element {
                Some(element) if !gone && says(&value, row.field) => {
                    assert!(stands(document.root(), element), "{} is not at {element}", row.field);
                    proven.insert(row.field);
                }
                None if says(&value, row.field) && value_counts(&value, row.field) => assert!(gone, "{} is not told", row.field),
                _ => {}
            }
        }
    }
    let unproven: Vec<_> =
        MAPPING.iter().filter(|row| row.element.is_some() && !proven.contains(row.field)).map(|row| row.field).collect();
    assert!(unproven.is_empty(), "never written without a loss: {unproven:?}");
}

/// A mark that is not set, and the group of a tax representative whose terms have rows of their own, say nothing.
fn value_counts(value: &Value, field: &str) -> bool {
    match field {
        "attachments[].is_image_of_invoice" => {
            value["attachments"].as_array().into_iter().flatten().any(|attachment| attachment["is_image_of_invoice"] == true)
        }
        "tax_representative" => false,
        _ => true,
    }
}

#[test]
fn the_tables_elements_are_the_schemas() {
    let Some(folder) = shared("schemas/finvoice") else { return };
    let schema = std::fs::read_to_string(folder.join("Finvoice3.0.xsd")).expect("the schema is readable");
    for step in MAPPING.iter().filter_map(|row| row.element).flat_map(|element| element.split('/')) {
        let name = step.strip_prefix('@').unwrap_or(step);
        assert!(schema.contains(&format!("name=\"{name}\"")), "{step} is not in the schema");
    }
}

#[test]
fn valid_documents_convert_and_what_they_lose_is_told() {
    let Some(folder) = shared("ubl") else { return };
    let expected = std::fs::read(folder.join("expected.json")).expect("the expectations are there");
    let expected: Value = serde_json::from_slice(&expected).expect("the expectations are JSON");
    let mut documents = Vec::new();
    for entry in expected["files"].as_array().expect("there is a list of files") {
        let file = entry["file"].as_str().expect("each file has a path");
        let bytes = std::fs::read(folder.join(file)).expect("the file is there");
        // Whole documents and broken ones alike: some of those read, too.
        let Ok(invoice) = ubl::read(&bytes, &Limits::default()) else { continue };
        let converted = convert::ubl_to_finvoice(&bytes, &Limits::default()).expect("it reads");
        check_that_losses_are_complete(&invoice);
        let back = convert::finvoice_to_ubl(&converted.document, &Limits::default())
            .unwrap_or_else(|faults| panic!("{file}: {}", lines(&faults)));
        assert_eq!(lines(&back.lost), "", "{file}: UBL holds all that Finvoice does");
        documents.push((file.to_owned(), converted.document));
    }
    println!("{} documents", documents.len());
    assert!(documents.len() > 300, "only {} documents", documents.len());
    let Some(schema) = schema() else { return };
    assert_valid(&schema, "finvoice-vectors", &documents);
}

const FINNISH: &str = include_str!("../data/finvoice_invoice.xml");

#[test]
fn a_finnish_invoice_reads_with_what_follows_from_the_rest() {
    if let Some(schema) = schema() {
        assert_valid(&schema, "finvoice-own", &[("own".to_owned(), FINNISH.into())]);
    }
    let invoice = read(FINNISH.as_bytes());
    assert_eq!((invoice.kind, invoice.type_code.as_str(), invoice.number.as_str()), (DocumentKind::Invoice, "380", "4711"));
    assert_eq!((invoice.issued_on, invoice.due_on), (date(2026, 11, 2), Some(date(2026, 11, 16))));
    assert_eq!((invoice.remittance(), invoice.account()), (Some("1232"), Some("FI2112345600000785")));
    assert_eq!(invoice.payment[0].accounts.len(), 2);
    assert_eq!(invoice.buyer.name, "Kahvila Kivi ja Kannel Oy");
    assert_eq!(invoice.seller.address.line2.as_deref(), Some("PL 12"));
    let notes: Vec<_> = invoice.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes, ["Kiitos tilauksesta!", "Toimitus 1.11.2026"]);
    let line = &invoice.lines[0];
    assert_eq!((line.id.as_str(), line.unit.as_str(), line.vat.category.as_str()), ("1", "C62", "S"));
    assert_eq!((line.price.net.to_string().as_str(), line.price.gross), ("50.00", None));
    assert_eq!(line.allowances_and_charges[0].amount, Amount::new(1_000, Currency::parse("EUR").expect("a currency")));
    assert_eq!(invoice.totals.lines.minor(), 19_000);
    let (_, lost) = finvoice::write(&invoice);
    assert_eq!(lines(&lost), "");
}

#[test]
fn the_encoding_of_older_programs_reads_the_same() {
    let latin = FINNISH.replace("UTF-8", "ISO-8859-15");
    let bytes: Vec<u8> = latin.chars().map(|character| u8::try_from(u32::from(character)).expect("Finnish fits")).collect();
    assert!(std::str::from_utf8(&bytes).is_err());
    assert_eq!(read(&bytes), read(FINNISH.as_bytes()));
}

#[test]
fn credit_notes_are_negative_in_finvoice_and_positive_in_the_domain() {
    let invoice = ubl::read(include_bytes!("../data/credit_note.xml"), &Limits::default()).expect("it reads");
    let (written, lost) = finvoice::write(&invoice);
    let text = String::from_utf8(written).expect("UTF-8");
    let payable = invoice.totals.payable.to_decimal().to_string().replace('.', ",");
    assert!(text.contains(&format!(">-{payable}</EpiInstructedAmount>")), "{text}");
    assert!(text.contains(">INV02<"), "{text}");
    let again = read(text.as_bytes());
    assert_eq!(again.totals, invoice.totals);
    // A credit note that is positive already is left as it is.
    let positive = text.replace(">-", ">");
    assert_eq!(read(positive.as_bytes()).totals, invoice.totals);
    assert!(lost.iter().all(|fault| !fault.is_fatal()), "{}", lines(&lost));
}

#[test]
fn all_faults_come_at_once_each_with_its_term_path_and_place() {
    let faults =
        finvoice::read(include_bytes!("../data/finvoice_many_faults.xml"), &Limits::default()).expect_err("it is refused");
    assert_snapshot!(lines(&faults), @r"
    term.missing | BT-27 /Finvoice/SellerPartyDetails/SellerOrganisationName 3:3
    term.invalid | BT-47 /Finvoice/BuyerPartyDetails/BuyerPartyIdentifier 7:5 | value=•••••••••••
    term.missing | BT-1 /Finvoice/InvoiceDetails/InvoiceNumber 10:3
    term.invalid | BT-3 /Finvoice/InvoiceDetails/OriginCode 13:5 | value=Copy
    term.invalid | BT-2 /Finvoice/InvoiceDetails/InvoiceDate 14:5 | value=2026-11-02
    term.invalid | BT-112 /Finvoice/InvoiceDetails/InvoiceTotalVatIncludedAmount 15:5 | value=1 254,00
    term.invalid | BT-113 /Finvoice/InvoiceDetails/InvoicePaidAmount/@AmountCurrencyIdentifier 16:5 | value=SEK
    term.repeated | BT-9 /Finvoice/InvoiceDetails/PaymentTermsDetails[2] 20:5
    term.missing | BT-151 /Finvoice/InvoiceRow/RowVatCode 24:3
    term.missing | BT-153 /Finvoice/InvoiceRow/ArticleName 24:3
    term.invalid | BT-129 /Finvoice/InvoiceRow/InvoicedQuantity 25:5 | value=kaksi
    amount.decimals | BT-131 /Finvoice/InvoiceRow/RowVatExcludedAmount 27:5 | value=100,005, decimals=2
    term.missing | BT-115 /Finvoice/EpiDetails/EpiPaymentInstructionDetails/EpiInstructedAmount/@AmountCurrencyIdentifier 31:7
    ");
}

#[test]
fn what_is_no_invoice_is_refused() {
    for (from, to) in [(">INV01<", ">INV08<"), (">INV01<", ">QUO01<"), (">Original<", ">Cancel<"), (">Original<", ">Copy<")] {
        assert!(FINNISH.contains(from));
        let faults = finvoice::read(FINNISH.replacen(from, to, 1).as_bytes(), &Limits::default()).expect_err(to);
        assert!(lines(&faults).starts_with("term.invalid | BT-3 /Finvoice/InvoiceDetails/"), "{}", lines(&faults));
    }
    let faults = finvoice::read(b"<Invoice/>", &Limits::default()).expect_err("it is refused");
    assert_eq!(lines(&faults), "document.unknown | /Invoice 1:1 | root={}Invoice");
}

#[test]
fn what_cannot_be_held_is_told_and_money_is_fatal() {
    let mut invoice = read(FINNISH.as_bytes());
    invoice.number = "A number of more than twenty characters".to_owned();
    invoice.process = Some("urn:process".to_owned());
    invoice.lines[0].item.name = "x".repeat(101);
    invoice.payment[0].remittance = Some("1234567890123456789012345".to_owned());
    let (_, lost) = finvoice::write(&invoice);
    let told: Vec<_> = lost.iter().map(|fault| (fault.place.as_str(), fault.is_fatal())).collect();
    assert_eq!(told, [("BT-1", true), ("BT-23", false), ("BG-16[1]/BT-83", true), ("BG-25[1]/BT-153", false)]);
}
