//! The published and own bank files beside the repository, where they are there.

use kvitt_formats::bank::avtalegiro::Sending;
use kvitt_formats::bank::{Format, OrderKind, verify};

use super::writing::{given, write};
use super::{items, told};
use crate::shared;

/// Of each kind how many there are, the sum without signs and the one with signs, in øre.
type Expected = &'static [(OrderKind, u64, i128, i128)];

const FILES: [(&str, Format, Expected); 7] = [
    ("own/atg_minimal_lf.txt", Format::Nets, &[(OrderKind::Claims, 1, 100, 100)]),
    (
        "own/atg_claims_and_cancellation.latin1.txt",
        Format::Nets,
        &[(OrderKind::Claims, 3, 169_951, 169_951), (OrderKind::Cancellations, 1, 120_050, 120_050)],
    ),
    (
        "own/inbound_ocr_and_mandates.latin1.txt",
        Format::Nets,
        &[(OrderKind::Mandates, 5, 0, 0), (OrderKind::Payments, 5, 187_350, 182_350)],
    ),
    ("own/camt054_kid.xml", Format::Camt054, &[(OrderKind::Payments, 3, 174_950, 174_950)]),
    ("netsgiro/avtalegiro_agreements.txt", Format::Nets, &[(OrderKind::Mandates, 16, 0, 0)]),
    ("netsgiro/avtalegiro_payment_request.txt", Format::Nets, &[(OrderKind::Claims, 6, 600, 600)]),
    ("netsgiro/ocr_giro_transactions.txt", Format::Nets, &[(OrderKind::Payments, 20, 5_144_900, 5_144_900)]),
];

#[test]
fn every_file_reads_and_adds_up() {
    let Some(folder) = shared("rails") else { return };
    for (file, format, sums) in FILES {
        let bytes = std::fs::read(folder.join(file)).expect("the vector is there");
        let verdict = verify(&*bytes);
        assert!(verdict.is_valid(), "{file}:\n{}", crate::lines(&verdict.faults));
        assert_eq!(verdict.tally.format, Some(format), "{file}");
        let found: Vec<_> = verdict.tally.sums.iter().map(|((kind, _), sums)| (*kind, sums.count, sums.sum, sums.net)).collect();
        assert_eq!(found, sums, "{file}");
    }
}

/// The files that are for the bank are written back from what was read of them. Line ends are ours: MPS asks for CRLF, and some
/// of the vectors have LF.
#[test]
fn what_is_ours_to_write_is_written_back_byte_for_byte() {
    let Some(folder) = shared("rails") else { return };
    for file in
        ["own/atg_minimal_lf.txt", "own/atg_claims_and_cancellation.latin1.txt", "netsgiro/avtalegiro_payment_request.txt"]
    {
        let bytes = std::fs::read(folder.join(file)).expect("the vector is there");
        let (sender, number, orders) = given(&bytes);
        let (written, _) = write(&Sending { customer_unit: &sender, number }, &orders).expect("what reads can be written");
        let mut expected = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty()) {
            expected.extend_from_slice(line);
            expected.extend_from_slice(b"\r\n");
        }
        assert!(written == expected, "{file} is written otherwise:\n{}", String::from_utf8_lossy(&written));
    }
}

/// What the vectors say of single payments and mandates, by hand.
#[test]
fn the_own_inbound_file_in_detail() {
    let Some(folder) = shared("rails") else { return };
    for (name, file) in [
        ("vector_inbound", "own/inbound_ocr_and_mandates.latin1.txt"),
        ("vector_camt054", "own/camt054_kid.xml"),
        ("vector_ocr", "netsgiro/ocr_giro_transactions.txt"),
    ] {
        let bytes = std::fs::read(folder.join(file)).expect("the vector is there");
        insta::assert_snapshot!(name, told(&items(&bytes)));
    }
}
