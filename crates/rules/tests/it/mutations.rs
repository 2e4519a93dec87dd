//! Any invoice, broken in any way, is judged without a panic, and what is found has a place in it.

use kvitt_rules::arena::{Document, Limits};
use kvitt_rules::{Day, Findings, MAX_PLACES, RuleSet};

/// A small invoice with something of everything that rules look at.
const INVOICE: &str = include_str!("invoice.xml");

/// Pieces that are put in place of a text, an attribute or a tag.
const PIECES: [&str; 24] = [
    "",
    " ",
    "abc",
    "-1",
    "0",
    "1e9",
    "99999999999999999999999999999999999999999999",
    "0.000000000000000000000000000000000000001",
    "true",
    "NaN",
    "NO",
    "DE",
    "DK",
    "SE",
    "GR",
    "VAT",
    "2026-02-30",
    "9999999999-12-31",
    "#SKONTO#TAGE=1#PROZENT=1.00#",
    "æøå€",
    "|||||",
    "<cbc:ID>x</cbc:ID>",
    "<cac:TaxCategory/>",
    "##",
];

#[test]
fn a_broken_invoice_is_judged() {
    let places: Vec<usize> = INVOICE.match_indices(['<', '>', '"']).map(|(at, _)| at).collect();
    bolero::check!().with_type::<Vec<(u16, u8, u8)>>().for_each(|mutations| {
        let mut xml = INVOICE.to_owned();
        for (place, length, piece) in mutations.iter().take(8) {
            let from = places[*place as usize % places.len()];
            let marks = xml.char_indices().map(|(at, _)| at).skip_while(|at| *at <= from);
            let bounds: Vec<usize> = marks.take(*length as usize % 48 + 1).collect();
            if let (Some(first), Some(last)) = (bounds.first(), bounds.last()) {
                xml.replace_range(*first..*last, PIECES[*piece as usize % PIECES.len()]);
            }
        }
        let Ok(document) = Document::parse(xml.as_bytes(), &Limits::default()) else { return };
        let mut findings = Findings::new();
        RuleSet::in_force(Day { year: 2026, month: 11, day: 22 }).judge(&document, &mut findings);
        for finding in &findings {
            assert!(finding.count >= finding.places.len() && (1..=MAX_PLACES).contains(&finding.places.len()));
            assert!(finding.places.iter().all(|place| xml[place.offset..].starts_with('<')));
        }
    });
}

#[test]
fn the_invoice_itself_is_valid() {
    let document = Document::parse(INVOICE.as_bytes(), &Limits::default()).expect("it is XML");
    let mut findings = Findings::new();
    RuleSet::in_force(Day { year: 2026, month: 11, day: 22 }).judge(&document, &mut findings);
    assert!(!findings.is_fatal(), "{findings:#?}");
}
