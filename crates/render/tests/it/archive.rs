//! The file as an archive, a mail server and a print shop see it: same bytes every time, small, tagged, with its attachment.
//!
//! Conformance to PDF/A-3a and PDF/UA-1 is judged by the PDF writer itself, which refuses to write a file that breaks them; no
//! second validator runs here.

use jiff::civil::date;
use kvitt_domain::invoice::Invoice;
use kvitt_render::{Embedded, Logo, LogoError, Relationship, RenderError, pdf};
use lopdf::{Document, Object};

use crate::samples::{self, invoice, line, party, pay_to, seller};

fn of_lines(count: usize) -> Invoice {
    let lines = (0..count).map(|at| line(at + 1, "Snøbrøyting, ettermiddag", "1.5", "HUR", "890", "25")).collect();
    let seller = seller("Vestby Anlegg AS", "Industrigata 4", "1540", "VESTBY", "912345675");
    let buyer = party("Sameiet Solsiden", "Solveien 1", "1540", "VESTBY");
    let mut invoice = invoice("1", date(2026, 1, 31), date(2026, 2, 28), seller, buyer, lines);
    invoice.payment = pay_to("12345678903", "1000018");
    invoice
}

#[test]
fn the_same_invoice_is_the_same_bytes() {
    for sample in samples::all() {
        let draw = || pdf(&sample.invoice, &sample.look, &sample.embed).expect("a sample can be drawn");
        let first = draw();
        assert_eq!(first, draw(), "{}", sample.name);
        // A second thread must not see another order of anything.
        let other = std::thread::scope(|scope| scope.spawn(draw).join().expect("drawing does not panic"));
        assert_eq!(first, other, "{}", sample.name);
    }
}

#[test]
fn one_page_is_at_most_100_kb_and_long_invoices_go_over_pages() {
    let look = samples::all().remove(0).look;
    let cases = [(0, 1..=1, 60_000), (1, 1..=1, 60_000), (40, 2..=2, 80_000), (400, 12..=16, 400_000)];
    for (lines, pages, most_bytes) in cases {
        let pdf = pdf(&of_lines(lines), &look, &[]).expect("lines can be drawn");
        assert!(pages.contains(&pdf.pages), "{lines} lines on {} pages", pdf.pages);
        assert!(pdf.bytes.len() <= most_bytes, "{lines} lines in {} bytes", pdf.bytes.len());
        let read = Document::load_mem(&pdf.bytes).expect("our PDF can be read");
        assert_eq!(read.get_pages().len(), pdf.pages);
    }
    for sample in samples::all() {
        let pdf = pdf(&sample.invoice, &sample.look, &sample.embed).expect("a sample can be drawn");
        assert!(pdf.pages > 1 || pdf.bytes.len() <= 100_000, "{}: {} bytes", sample.name, pdf.bytes.len());
    }
}

#[test]
fn a_bill_longer_than_any_is_refused() {
    let look = samples::all().remove(1).look;
    let mut invoice = of_lines(1);
    invoice.lines[0].note = Some("linje\n".repeat(80_000));
    assert!(matches!(pdf(&invoice, &look, &[]), Err(RenderError::TooLong)));
}

/// The value under a path of keys, through references.
fn at<'a>(document: &'a Document, start: &'a Object, path: &[&str]) -> &'a Object {
    path.iter().fold(start, |object, key| {
        let dictionary = match object {
            Object::Stream(stream) => &stream.dict,
            other => other.as_dict().expect("a dictionary"),
        };
        let value = dictionary.get(key.as_bytes()).unwrap_or_else(|_| panic!("{key} is missing"));
        document.dereference(value).expect("a reference leads somewhere").1
    })
}

#[test]
fn the_file_is_an_accessible_archive_with_the_ubl_inside() {
    let sample = samples::all().remove(0);
    let pdf = pdf(&sample.invoice, &sample.look, &sample.embed).expect("a sample can be drawn");
    let document = Document::load_mem(&pdf.bytes).expect("our PDF can be read");
    let root = document.dereference(document.trailer.get(b"Root").expect("a root")).expect("a catalogue").1;
    assert_eq!(at(&document, root, &["Lang"]).as_str().expect("a string"), b"nb");
    assert_eq!(at(&document, root, &["MarkInfo", "Marked"]).as_bool().ok(), Some(true));
    assert_eq!(at(&document, root, &["ViewerPreferences", "DisplayDocTitle"]).as_bool().ok(), Some(true));
    assert_eq!(at(&document, root, &["OutputIntents"]).as_array().map(Vec::len).ok(), Some(1));

    let metadata = at(&document, root, &["Metadata"]).as_stream().expect("a stream");
    let xmp = String::from_utf8_lossy(&metadata.content).into_owned();
    for wanted in [
        "<pdfaid:part>3<",
        "<pdfaid:conformance>A<",
        "<pdfuaid:part>1<",
        "Faktura 7000418826 – Fjordstrøm AS",
        "2026-11-22T08:15:00",
    ] {
        assert!(xmp.contains(wanted), "{wanted} is missing in {xmp}");
    }

    let associated = at(&document, root, &["AF"]).as_array().expect("associated files");
    let file = document.dereference(&associated[0]).expect("a file").1;
    assert_eq!(at(&document, file, &["AFRelationship"]).as_name().ok(), Some(b"Alternative".as_slice()));
    let stream = at(&document, file, &["EF", "F"]).as_stream().expect("a stream");
    let content = stream.decompressed_content().unwrap_or_else(|_| stream.content.clone());
    assert_eq!(content, sample.embed[0].bytes);
}

#[test]
fn the_structure_has_a_title_tables_and_paragraphs() {
    let sample = samples::all().remove(0);
    let pdf = pdf(&sample.invoice, &sample.look, &[]).expect("a sample can be drawn");
    let document = Document::load_mem(&pdf.bytes).expect("our PDF can be read");
    let names = document.objects.values().filter_map(|object| object.as_dict().ok()?.get(b"S").ok()?.as_name().ok());
    let mut counts = std::collections::BTreeMap::new();
    for name in names {
        *counts.entry(String::from_utf8_lossy(name).into_owned()).or_insert(0_usize) += 1;
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    assert_eq!((count("H1"), count("Table"), count("Figure")), (1, 3, 1), "{counts:?}");
    // Five lines with six cells, one VAT rate with two, three totals with one.
    assert_eq!((count("TD"), count("TH")), (5 * 6 + 2 + 3, 6 + 3 + 1 + 3), "{counts:?}");
    assert!(count("P") > 10, "{counts:?}");
}

#[test]
fn fonts_are_embedded() {
    let sample = samples::all().remove(0);
    let pdf = pdf(&sample.invoice, &sample.look, &[]).expect("a sample can be drawn");
    let document = Document::load_mem(&pdf.bytes).expect("our PDF can be read");
    let descriptors = document
        .objects
        .values()
        .filter_map(|object| object.as_dict().ok())
        .filter(|dictionary| dictionary.has_type(b"FontDescriptor"));
    let embedded = descriptors.map(|descriptor| descriptor.has(b"FontFile3") || descriptor.has(b"FontFile2")).collect::<Vec<_>>();
    assert_eq!(embedded, [true; 3]);
}

#[test]
fn what_cannot_be_embedded_or_shown_is_refused_with_its_reason() {
    let sample = samples::all().remove(1);
    let file = |name: &str, media_type: &str| Embedded {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        bytes: b"x".to_vec(),
        relationship: Relationship::Supplement,
    };
    let draw = |embed: &[Embedded]| pdf(&sample.invoice, &sample.look, embed);
    assert!(matches!(draw(&[file("a.xml", "nonsense")]), Err(RenderError::MediaType(_))));
    assert!(matches!(draw(&[file("a.txt", "text/plain"), file("a.txt", "text/plain")]), Err(RenderError::SameName(_))));

    let png = include_bytes!("logo.png");
    assert_eq!(Logo::parse(b"GIF89a".to_vec()).err(), Some(LogoError::NoPicture));
    assert_eq!(Logo::parse(png[..20].to_vec()).err(), Some(LogoError::NoPicture));
    assert_eq!(Logo::parse(vec![0; Logo::MOST_BYTES + 1]).err(), Some(LogoError::TooManyBytes));
    let mut look = sample.look.clone();
    look.logo = Logo::parse(png[..png.len() / 2].to_vec()).ok();
    assert!(look.logo.is_some(), "the header of the torn picture is whole");
    assert!(matches!(pdf(&sample.invoice, &look, &[]), Err(RenderError::Logo(_))));
}
