//! Bytes of every kind: nothing panics. Short in an ordinary run; `cargo bolero test` runs them for long.

use kvitt_formats::bank;
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

/// A bank file of any bytes: it is read to its end, and what is taken is taken the same again.
fn check_bank_file(bytes: &[u8]) {
    let verdict = bank::verify(bytes);
    let given = bank::read(bytes).filter_map(Result::ok);
    let mut tally = bank::Tally::default();
    given.for_each(|item| tally.add(&item));
    assert_eq!(verdict.tally, tally);
    for fault in verdict.faults.iter().chain(&verdict.remarks) {
        assert!(fault.value("line").is_some() || fault.code.name().starts_with("xml."), "{fault:?}");
    }
}

#[test]
fn the_bank_file_reader_takes_any_bytes() {
    bolero::check!().for_each(|bytes: &[u8]| {
        // Chance seldom begins like a file of either kind.
        for beginning in [b"".as_slice(), b"NY000010", b"<Document><BkToCstmrStmt><Stmt>"] {
            check_bank_file(&[beginning, bytes].concat());
        }
    });
}

/// Records in any order, with any digits: each byte pair chooses a record of a real file and damages it.
#[test]
fn the_bank_file_reader_takes_any_records() {
    let lines: Vec<Vec<u8>> = ["claims_and_cancellations.txt", "payments_and_mandates.txt"]
        .iter()
        .flat_map(|name| {
            crate::bank::example(name).split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()
        })
        .collect();
    bolero::check!().with_type::<Vec<(u8, u8, u8)>>().for_each(|chosen| {
        let mut bytes = Vec::new();
        for (line, at, byte) in chosen {
            let mut line = lines[usize::from(*line) % lines.len()].clone();
            if let Some(changed) = line.get_mut(usize::from(*at)) {
                *changed = *byte;
            }
            bytes.extend_from_slice(&line);
        }
        check_bank_file(&bytes);
    });
}

#[test]
fn the_bank_file_reader_takes_any_damaged_file() {
    let files = ["claims_and_cancellations.txt", "payments_and_mandates.txt", "camt054_batch.xml", "camt053_statement.xml"]
        .map(crate::bank::example);
    bolero::check!().with_type::<(u8, Vec<(u16, u8)>)>().for_each(|(file, damages)| {
        let mut bytes = files[usize::from(*file) % files.len()].clone();
        for (at, byte) in damages.iter().take(8) {
            let at = usize::from(*at) % bytes.len();
            bytes[at] = *byte;
        }
        check_bank_file(&bytes);
    });
}
