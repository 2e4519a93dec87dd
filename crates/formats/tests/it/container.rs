//! Archives opened and refused: the convention, every budget, every trick.

use std::io::{Cursor, Write};

use kvitt_formats::container::{Budget, Handed, open};
use kvitt_formats::ubl;
use kvitt_rules::arena::Limits;
use zip::write::SimpleFileOptions;

use crate::lines;

/// An archive of these files.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("the name is new");
        writer.write_all(bytes).expect("memory takes it");
    }
    writer.finish().expect("memory takes it").into_inner()
}

fn opened(bytes: &[u8]) -> Handed {
    open(bytes, &Budget::default()).unwrap_or_else(|faults| panic!("{}", lines(&faults)))
}

fn refused(bytes: &[u8], budget: &Budget, expected: &str) {
    assert_eq!(lines(&open(bytes, budget).expect_err(expected)), expected);
}

/// The archive with every occurrence of one text replaced by another of the same length.
fn forged(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn bare_xml_goes_through_untouched() {
    let handed = opened(b"<Invoice/>");
    assert_eq!(handed, Handed { xml: b"<Invoice/>".to_vec(), ..Handed::default() });
    let budget = Budget { archive_bytes: 5, ..Budget::default() };
    refused(b"<Invoice/>", &budget, "xml.over_budget |  | what=bytes, limit=5");
}

#[test]
fn an_archive_is_taken_apart_by_names() {
    let files: [(&str, &[u8]); 5] =
        [("timer.pdf", b"%PDF t"), ("F-1.XML", b"<x/>"), ("f-1.pdf", b"%PDF i"), ("Metadata.json", b"{}"), ("b.png", b"png")];
    let handed = opened(&zip(&files));
    assert_eq!(handed.xml, b"<x/>");
    assert_eq!(handed.image.as_ref().map(|file| file.name.as_str()), Some("f-1.pdf"));
    assert_eq!(handed.metadata.as_deref(), Some(b"{}".as_slice()));
    let others: Vec<_> = handed.files.iter().map(|file| (file.name.as_str(), file.media_type.as_str())).collect();
    assert_eq!(others, [("timer.pdf", "application/pdf"), ("b.png", "image/png")]);
}

#[test]
fn files_become_attachments_and_the_archives_picture_wins() {
    let xml = include_bytes!("../data/invoice_attachments.xml");
    let mut invoice = ubl::read(xml, &Limits::default()).expect("it reads");
    assert_eq!(invoice.own_image().map(|file| file.name.as_str()), Some("faktura.pdf"));
    opened(&zip(&[("1.xml", xml), ("1.pdf", b"%PDF"), ("b.png", b"png")])).merge_into(&mut invoice);
    assert_eq!(invoice.own_image().map(|file| file.name.as_str()), Some("1.pdf"));
    let enclosures: Vec<_> = invoice.enclosures().map(|file| file.name.as_str()).collect();
    assert_eq!(enclosures, ["timer.csv", "faktura.pdf", "b.png"]);
}

#[test]
fn exactly_one_document_is_wanted() {
    refused(&zip(&[("a.pdf", b"%PDF")]), &Budget::default(), "archive.documents |  | count=0");
    refused(&zip(&[("a.xml", b"<a/>"), ("b.xml", b"<b/>")]), &Budget::default(), "archive.documents |  | count=2");
}

#[test]
fn budgets_hold_before_anything_is_expanded() {
    let archive = zip(&[("a.xml", b"<a/>"), ("b.txt", &[b'x'; 100])]);
    let base = Budget::default();
    refused(&archive, &Budget { files: 1, ..base }, "archive.over_budget |  | what=files, limit=1");
    refused(&archive, &Budget { file_bytes: 99, ..base }, "archive.over_budget | b.txt | what=file_bytes, limit=99");
    refused(&archive, &Budget { total_bytes: 103, ..base }, "archive.over_budget |  | what=total_bytes, limit=103");
    refused(&archive, &Budget { archive_bytes: 50, ..base }, "archive.over_budget |  | what=bytes, limit=50");
    let bomb = zip(&[("a.xml", b"<a/>"), ("b.txt", &vec![0; 2_000_000])]);
    refused(&bomb, &base, "archive.over_budget | b.txt | what=ratio, limit=200");
}

#[test]
fn tricks_are_refused() {
    let base = Budget::default();
    let folders = "files must lie at the top of the archive, without folders";
    for name in ["../a.xml", "/a.xml", "b/a.xml", "b\\a.xml", "C:a.xml"] {
        refused(&zip(&[(name, b"<a/>")]), &base, &format!("archive.unreadable | {name} | why={folders}"));
    }
    let program = zip(&[("a.xml", b"<a/>"), ("a.exe", b"MZ")]);
    refused(&program, &base, "attachment.type | a.exe | file=a.exe, type=exe");
    let inner = zip(&[("a.xml", b"<a/>")]);
    refused(&zip(&[("a.xml", b"<a/>"), ("b.zip", &inner)]), &base, "archive.over_budget | b.zip | what=nesting, limit=0");
    refused(&zip(&[("a.xml", b"<a/>"), ("b.pdf", &inner)]), &base, "archive.over_budget | b.pdf | what=nesting, limit=0");
    let twice = forged(zip(&[("a.xml", b"<a/>"), ("b.xml", b"<b/>")]), b"b.xml", b"a.xml");
    refused(&twice, &base, "archive.unreadable |  | why=its directory is damaged, or a file name stands twice");
    refused(&zip(&[("a.xml", b"<a/>"), ("A.XML", b"<b/>")]), &base, "archive.unreadable | A.XML | why=its name stands twice");
    // Flags of the central directory (APPNOTE 4.3.12) at offset 8: bit 0 is encryption.
    let mut locked = zip(&[("a.xml", b"<a/>")]);
    let central = locked.windows(4).position(|window| window == b"PK\x01\x02").expect("there is a directory");
    locked[central + 8] |= 1;
    refused(&locked, &base, "archive.unreadable | a.xml | why=it has a password");
    refused(b"PK\x03\x04 and no more", &base, "archive.unreadable |  | why=invalid Zip archive: Could not find EOCD");
}

#[test]
fn a_size_that_lies_stops_the_expansion() {
    // Uncompressed size of the central directory (APPNOTE 4.3.12) at offset 24.
    for (declared, name) in [(10u32, "smaller"), (5_000, "larger")] {
        let mut lying = zip(&[("a.xml", &[b'x'; 1_000])]);
        let central = lying.windows(4).position(|window| window == b"PK\x01\x02").expect("there is a directory");
        lying[central + 24..central + 28].copy_from_slice(&declared.to_le_bytes());
        let faults = open(&lying, &Budget::default()).expect_err(name);
        assert_eq!(lines(&faults), "archive.unreadable | a.xml | why=its size is not what the archive declares", "{name}");
    }
}
