//! The published documents beside the repository, where they are there: nothing panics, official examples read and survive.

use std::path::{Path, PathBuf};

use kvitt_domain::invoice::Invoice;
use kvitt_formats::ubl;
use kvitt_rules::arena::Limits;

use crate::shared;

/// The suites whose documents must read without a fault.
const CLEAN_SUITES: [&str; 6] =
    ["peppol-examples", "peppol-national-examples", "peppol-selfbilling", "ehf", "ehf-selfbilling", "ehf-forwardbilling-energy"];

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xml")) {
            files.push((path.clone(), std::fs::read(&path).expect("the file is readable")));
        }
    }
    files.sort();
    files
}

/// The documents inside a test set: from each root element of a document to its end, as text. Prefixes that the set
/// declares further out are declared again.
fn inner_documents(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    let mut documents = Vec::new();
    for root in ["Invoice", "CreditNote"] {
        let mut rest: &str = &text;
        while let Some((start, prefix)) = find_root(rest, root) {
            let close = format!("</{prefix}{root}>");
            let Some(length) = rest[start..].find(&close) else {
                break;
            };
            let end = start + length + close.len();
            documents.push(rest.as_bytes()[start..end].to_vec());
            rest = &rest[end..];
        }
    }
    documents
}

fn find_root<'t>(text: &'t str, root: &str) -> Option<(usize, &'t str)> {
    text.match_indices('<').find_map(|(start, _)| {
        let name = text[start + 1..].split(|c: char| c.is_whitespace() || c == '>').next()?;
        let prefix = name.strip_suffix(root)?;
        (prefix.is_empty() || prefix.ends_with(':')).then_some((start, prefix))
    })
}

fn read(bytes: &[u8]) -> Result<Invoice, Vec<kvitt_domain::Fault>> {
    ubl::read(bytes, &Limits::default())
}

fn survives(invoice: &Invoice, path: &Path) {
    let written = ubl::write(invoice);
    let again = read(&written).unwrap_or_else(|faults| panic!("{}: what was written does not read: {faults:?}", path.display()));
    assert!(&again == invoice, "{} reads otherwise once it was written", path.display());
    assert!(ubl::write(&again) == written, "{}: the bytes are not stable", path.display());
}

#[test]
fn no_document_makes_the_reader_panic_and_what_reads_survives() {
    let Some(folder) = shared("ubl") else { return };
    let (mut documents, mut clean) = (0, 0);
    for (path, bytes) in files(&folder) {
        let inner = inner_documents(&bytes);
        for document in std::iter::once(bytes).chain(inner) {
            documents += 1;
            match read(&document) {
                Ok(invoice) => {
                    clean += 1;
                    survives(&invoice, &path);
                }
                Err(faults) => assert!(faults.iter().all(|fault| fault.is_fatal() && !fault.place.is_empty()), "{faults:?}"),
            }
        }
    }
    println!("{documents} documents, {clean} read");
    assert!(clean > 300, "only {clean} of {documents} documents read");
}

#[test]
fn official_examples_read_without_a_fault() {
    let Some(folder) = shared("ubl") else { return };
    for suite in CLEAN_SUITES {
        for (path, bytes) in files(&folder.join(suite)) {
            let faults = read(&bytes).err().unwrap_or_default();
            assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
        }
    }
}

#[test]
fn the_sums_of_official_examples_are_what_the_documents_say() {
    let Some(folder) = shared("ubl") else { return };
    for (file, lines, payable, subtotals) in [
        ("peppol-examples/base-example_profile02.xml", "1300", "1656.25", 1),
        ("peppol-national-examples/Norwegian-example-1.xml", "1436.5", "802", 3),
        ("ehf/ehf-2-faktura-1.xml", "1436.5", "802", 3),
    ] {
        let bytes = std::fs::read(folder.join(file)).expect("the example is there");
        let invoice = read(&bytes).expect("the example reads");
        let decimal = |text: &str| text.parse::<rust_decimal::Decimal>().expect("a number");
        assert_eq!(invoice.totals.lines.to_decimal(), decimal(lines), "{file}");
        assert_eq!(invoice.totals.payable.to_decimal(), decimal(payable), "{file}");
        assert_eq!(invoice.vat_breakdown.len(), subtotals, "{file}");
    }
}

/// Valid by the reference: the schema holds, no fatal rule fires, and the reference itself did not stumble.
#[test]
fn what_the_reference_calls_valid_reads() {
    let Some(folder) = shared("ubl") else { return };
    let expected = std::fs::read(folder.join("expected.json")).expect("the expectations are there");
    let expected: serde_json::Value = serde_json::from_slice(&expected).expect("the expectations are JSON");
    let entries = expected["files"].as_array().expect("there is a list of files");
    let valid = entries.iter().filter(|entry| {
        let fatal = entry["fatal"].as_array().is_none_or(Vec::is_empty);
        entry["kind"] == "document" && entry["xsd_valid"] == true && fatal && entry["oracle_error"].is_null()
    });
    let (mut count, mut refused) = (0, Vec::new());
    for entry in valid {
        let file = entry["file"].as_str().expect("each file has a path");
        let bytes = std::fs::read(folder.join(file)).expect("the file is there");
        count += 1;
        if let Err(faults) = read(&bytes) {
            refused.push(format!("{file}: {}", crate::lines(&faults)));
        }
    }
    assert!(refused.is_empty(), "{} of {count} valid documents are refused:\n{}", refused.len(), refused.join("\n"));
    assert!(count > 100, "only {count} valid documents");
}
