//! The example documents of this repository: the good ones read and survive, the faulty ones are refused for their reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kvitt_domain::Fault;
use kvitt_domain::invoice::Invoice;
use kvitt_formats::container::{Budget, open};
use kvitt_formats::{metadata, ubl};
use kvitt_rules::arena::Limits;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// One document as it would be handed in: the file, and the metadata of the same name beside it.
fn hand_in(path: &Path) -> Result<Invoice, Vec<Fault>> {
    let bytes = std::fs::read(path).expect("the example is readable");
    let handed = open(&bytes, &Budget::default())?;
    let beside = std::fs::read(path.with_extension("json")).ok();
    let mut faults = Vec::new();
    if let Some(bytes) = handed.metadata.as_ref().or(beside.as_ref()) {
        faults.extend(metadata::read(bytes).err().unwrap_or_default());
    }
    match ubl::read(&handed.xml, &Limits::default()) {
        Ok(mut invoice) if faults.is_empty() => {
            handed.merge_into(&mut invoice);
            Ok(invoice)
        }
        Ok(_) => Err(faults),
        Err(more) => Err(faults.into_iter().chain(more).collect()),
    }
}

#[test]
fn good_examples_read_and_survive() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder("invoices")).expect("the examples are there") {
        let path = entry.expect("the examples are readable").path();
        if path.extension().is_some_and(|ending| ending == "json") {
            continue;
        }
        let invoice = hand_in(&path).unwrap_or_else(|faults| panic!("{}: {}", path.display(), crate::lines(&faults)));
        let again = ubl::read(&ubl::write(&invoice), &Limits::default());
        assert!(again.as_ref() == Ok(&invoice), "{} reads otherwise once it was written", path.display());
        count += 1;
    }
    assert!(count >= 40, "only {count} examples");
}

#[test]
fn faulty_examples_are_refused_for_their_reason() {
    for (file, expected) in [
        ("01-sums-dates-buyer.xml", "term.missing"),
        ("02-doctype.xml", "xml.doctype"),
        ("03-cut-short.xml", "xml.unreadable"),
        ("04-an-order.xml", "document.unknown"),
        ("06-attachments.xml", "attachment.type attachment.unreadable"),
        ("07-amounts-dates-currency.xml", "term.invalid"),
        ("08-metadata.xml", "metadata.unreadable metadata.value"),
        ("09-metadata-unreadable.xml", "metadata.unreadable"),
        ("10-too-deep.xml", "xml.over_budget"),
        ("11-wrong-encoding.xml", "xml.unreadable"),
        ("12-two-invoices.zip", "archive.documents"),
    ] {
        let faults = hand_in(&folder("faulty").join(file)).expect_err(file);
        let codes: BTreeSet<&str> = faults.iter().map(|fault| fault.code.name()).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        assert_eq!(codes.join(" "), expected, "{file}: {}", crate::lines(&faults));
    }
}
