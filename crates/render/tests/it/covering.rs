//! The cover sheet as a reader, an envelope and a print shop meet it.

use jiff::civil::date;
use kvitt_domain::cover_sheet::{CoverContents, CoverPayment, CoverSheet, EnvelopeWindow};
use kvitt_domain::language::Language;
use kvitt_domain::pdf_facts::{PrintLimits, printability};
use kvitt_render::{RenderError, cover_sheet, inspect};

use crate::reading::{assert_is_silent, assert_says, text_of};
use crate::samples::nok;

fn sheet() -> CoverSheet {
    let lines = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    CoverSheet {
        language: Language::Bokmal,
        made_at: "2026-11-22T08:15:00Z".parse().expect("a time"),
        sender: "Fjordstrøm AS".to_owned(),
        return_address: lines(&["Kaigata 4", "5020 BERGEN"]),
        recipient: lines(&["Ingrid Sørbø Čállán", "Fjellveien 14 B", "5019 BERGEN"]),
        window: EnvelopeWindow::Left,
        contents: CoverContents::Invoice,
        number: "7000418826".to_owned(),
        amount: Some(nok("2209.24")),
        due_on: Some(date(2026, 12, 12)),
        payment: CoverPayment::AsOnDocument,
    }
}

#[test]
fn it_says_who_whom_and_what() {
    let check = |change: fn(&mut CoverSheet), says: &[&str], silent: &[&str]| {
        let mut cover = sheet();
        change(&mut cover);
        let pdf = cover_sheet(&cover).expect("it can be drawn");
        assert_eq!(pdf, cover_sheet(&cover).expect("it can be drawn"), "same sheet, same bytes");
        assert_eq!(pdf.pages, 1);
        assert!(pdf.bytes.len() < 60_000, "{} bytes", pdf.bytes.len());
        let text = text_of(&pdf.bytes);
        assert_says(&text, says);
        assert_is_silent(&text, silent);
        let facts = inspect(&pdf.bytes).expect("it can be read");
        assert_eq!(printability(&facts, &PrintLimits::default()), []);
    };
    check(
        |_| {},
        &[
            "Faktura",
            "Retur: Fjordstrøm AS · Kaigata 4 · 5020 BERGEN",
            "Ingrid Sørbø Čállán Fjellveien 14 B 5019 BERGEN",
            "Gjelder fakturanr. 7000418826",
            "Beløp 2 209,24 kr",
            "Forfallsdato 12.12.2026",
            "Dokumentet ligger på de neste sidene.",
        ],
        &["ikke betale"],
    );
    check(
        |cover| {
            cover.language = Language::English;
            cover.contents = CoverContents::CreditNote;
            cover.payment = CoverPayment::Nothing;
            (cover.amount, cover.due_on) = (None, None);
        },
        &["Credit note", "About credit note no. 7000418826", "You have nothing to pay."],
        &["Amount", "Due date"],
    );
    check(|cover| cover.payment = CoverPayment::DirectDebit, &["Du skal ikke betale selv.", "AvtaleGiro"], &[]);
    check(
        |cover| {
            let more = (0..9).map(|at| format!("linje {at}"));
            cover.recipient.splice(1..1, more);
        },
        &["Mottaker: Ingrid Sørbø Čállán, linje 0,", "linje 8, Fjellveien 14 B"],
        &[],
    );
}

#[test]
fn the_recipient_is_in_the_window_on_either_side() {
    let mut cover = sheet();
    let left = inspect(&cover_sheet(&cover).expect("it can be drawn").bytes).expect("it can be read");
    // Return address and three lines.
    assert_eq!(left.texts_in_window, Some(4));
    cover.window = EnvelopeWindow::Right;
    let right = inspect(&cover_sheet(&cover).expect("it can be drawn").bytes).expect("it can be read");
    // The left window reaches 15 mm into the right one, and the address begins 5 mm inside it.
    assert_eq!(right.texts_in_window, Some(4));
}

#[test]
fn an_endless_address_is_refused() {
    let mut cover = sheet();
    cover.recipient = vec!["W ".repeat(40_000)];
    assert!(matches!(cover_sheet(&cover), Err(RenderError::TooLong)));
}
