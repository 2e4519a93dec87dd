//! The arena reads every shared document, cut short or whole, without a panic.

use kvitt_rules::arena::{Document, Limits};

use crate::vectors;

#[test]
fn every_vector_is_read() {
    let Some(folder) = vectors::ubl() else { return };
    let files = vectors::xml_files(&folder);
    assert!(files.len() > 1_000, "only {} files", files.len());
    for file in files {
        let bytes = std::fs::read(&file).expect("a vector can be read");
        let document = Document::parse(&bytes, &Limits::default()).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        assert!(document.element_count() > 1, "{}", file.display());
    }
}

#[test]
fn a_document_cut_short_is_refused() {
    let Some(folder) = vectors::ubl() else { return };
    for file in vectors::xml_files(&folder.join("peppol-examples")) {
        let bytes = std::fs::read(&file).expect("a vector can be read");
        let end = bytes.iter().rposition(|byte| *byte == b'>').expect("XML ends in a tag");
        for cut in (0..end).step_by(37) {
            assert!(Document::parse(&bytes[..cut], &Limits::default()).is_err(), "{} cut at {cut}", file.display());
        }
    }
}
