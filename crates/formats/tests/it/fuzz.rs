//! Bytes of every kind: nothing panics. Short in an ordinary run; `cargo bolero test` runs them for long.

use kvitt_formats::container::{self, Budget};
use kvitt_formats::{convert, finvoice, metadata, ubl};
use kvitt_rules::arena::Limits;

/// Small enough that a run of many inputs stays short.
const SMALL: Limits = Limits { bytes: 1 << 16, depth: 32, elements: 2_000, attributes: 16, text: 1 << 14 };

#[test]
fn the_ubl_reader_takes_any_bytes() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let _ = ubl::read(bytes, &SMALL);
    });
}

/// Chance seldom makes XML: here it only breaks a real document, a few bytes at a time.
#[test]
fn the_ubl_reader_takes_any_damaged_invoice() {
    const INVOICE: &[u8] = include_bytes!("../data/invoice_consumer_kid.xml");
    bolero::check!().with_type::<Vec<(u16, u8)>>().for_each(|damages| {
        let mut bytes = INVOICE.to_vec();
        for (at, byte) in damages.iter().take(8) {
            let at = usize::from(*at) % bytes.len();
            bytes[at] = *byte;
        }
        if let Ok(invoice) = ubl::read(&bytes, &SMALL) {
            assert_eq!(ubl::read(&ubl::write(&invoice), &Limits::default()).as_ref(), Ok(&invoice));
        }
    });
}

#[test]
fn the_finvoice_reader_takes_any_bytes() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let _ = finvoice::read(bytes, &SMALL);
    });
}

/// What a damaged document still says is written and read as the same again, but for what is told.
#[test]
fn the_finvoice_reader_takes_any_damaged_invoice() {
    const INVOICE: &[u8] = include_bytes!("../data/finvoice_invoice.xml");
    bolero::check!().with_type::<Vec<(u16, u8)>>().for_each(|damages| {
        let mut bytes = INVOICE.to_vec();
        for (at, byte) in damages.iter().take(8) {
            let at = usize::from(*at) % bytes.len();
            bytes[at] = *byte;
        }
        if let Ok(invoice) = finvoice::read(&bytes, &SMALL) {
            let (written, _) = finvoice::write(&invoice);
            assert!(finvoice::read(&written, &Limits::default()).is_ok());
            assert!(convert::finvoice_to_ubl(&bytes, &SMALL).is_ok());
        }
    });
}

/// Small budgets: what comes out must stay inside them whatever went in.
const FRUGAL: Budget = Budget { archive_bytes: 1 << 16, files: 4, file_bytes: 1 << 14, total_bytes: 1 << 15, ratio: 50 };

#[test]
fn the_container_takes_any_bytes_and_keeps_its_budget() {
    bolero::check!().for_each(|bytes: &[u8]| {
        // Chance seldom begins like a ZIP.
        let disguised = [b"PK\x03\x04".as_slice(), bytes].concat();
        for bytes in [bytes, &disguised] {
            let _ = container::open(bytes, &FRUGAL);
        }
    });
}

#[test]
fn the_container_takes_any_damaged_archive_and_keeps_its_budget() {
    let archive = crate::container::zip(&[("a.xml", b"<a/>"), ("a.pdf", b"%PDF"), ("metadata.json", b"{}")]);
    bolero::check!().with_type::<Vec<(u16, u8)>>().for_each(|damages| {
        let mut bytes = archive.clone();
        for (at, byte) in damages.iter().take(6) {
            let at = usize::from(*at) % bytes.len();
            bytes[at] = *byte;
        }
        if let Ok(handed) = container::open(&bytes, &FRUGAL) {
            let files = handed.image.iter().chain(&handed.files).map(|file| file.bytes.len()).sum::<usize>();
            assert!((files + handed.xml.len()) as u64 <= FRUGAL.total_bytes);
        }
    });
}

#[test]
fn the_metadata_reader_takes_any_bytes() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let _ = metadata::read(bytes);
    });
}

#[test]
fn the_metadata_reader_takes_any_damaged_metadata() {
    const METADATA: &[u8] = br#"{"version":"1.1","recipient_type":"consumer","routing":{"route_order":["netbank","email"]},
        "recipient_ssn":"10915596784","recipient_phone_number":"+4799900001","lang":"NO","email_settings":{"attach_xml":true}}"#;
    bolero::check!().with_type::<Vec<(u16, u8)>>().for_each(|damages| {
        let mut bytes = METADATA.to_vec();
        for (at, byte) in damages.iter().take(3) {
            let at = usize::from(*at) % bytes.len();
            bytes[at] = *byte;
        }
        for fault in metadata::read(&bytes).err().unwrap_or_default() {
            assert!(!format!("{fault:?}").contains("10915596784"), "{fault:?}");
        }
    });
}
