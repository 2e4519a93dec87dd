//! The published and own bank files beside the repository, where they are there.

use kvitt_formats::bank::{Format, OrderKind, verify};

use crate::shared;

/// Of each kind how many there are, the sum without signs and the one with signs, in øre.
type Expected = &'static [(OrderKind, u64, i128, i128)];

const FILES: [(&str, Format, Expected); 6] = [
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
