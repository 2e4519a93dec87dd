//! Any bytes and any invoice, broken in any way, are judged without a panic, and what is found has a place in them; what is
//! repeated without end is judged in time that grows with it and no faster. `cargo bolero test` runs the first two for long.

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
        judge(xml.as_bytes());
    });
}

#[test]
fn any_bytes_are_judged_or_refused() {
    bolero::check!().for_each(|bytes: &[u8]| {
        judge(bytes);
    });
}

/// What was found; nothing where it is no XML.
fn judge(xml: &[u8]) -> Findings {
    let mut findings = Findings::new();
    let Ok(document) = Document::parse(xml, &Limits::default()) else { return findings };
    RuleSet::in_force(Day { year: 2026, month: 11, day: 22 }).judge(&document, &mut findings);
    for finding in &findings {
        assert!(finding.count >= finding.places.len() && (1..=MAX_PLACES).contains(&finding.places.len()));
        assert!(finding.places.iter().all(|place| xml[place.offset..].starts_with(b"<")));
    }
    findings
}

/// Where each of them asked the price for its amount, stepping over the others, this test would not end.
#[test]
fn a_price_of_a_hundred_thousand_allowances_is_judged() {
    let allowance = "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:Amount currencyID=\"NOK\">0</cbc:Amount><cbc:BaseAmount currencyID=\"NOK\">0.50</cbc:BaseAmount></cac:AllowanceCharge>";
    let xml = INVOICE.replacen("</cac:Price>", &format!("{}</cac:Price>", allowance.repeat(100_000)), 1);
    let findings = judge(xml.as_bytes());
    assert!(findings.get("PEPPOL-EN16931-R046").is_none(), "{findings:#?}");
}

/// No schema says what an extension holds, but the rules look there too.
#[test]
fn an_extension_full_of_invoice_is_too_large_to_judge() {
    let in_extension = |count: usize| {
        let pairs = "<cbc:PaymentMeansCode>30</cbc:PaymentMeansCode><cac:PayeeFinancialAccount/>".repeat(count);
        let extensions = format!(
            "<ext:UBLExtensions xmlns:ext=\"urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2\"><ext:UBLExtension><ext:ExtensionContent><cac:PaymentMeans>{pairs}</cac:PaymentMeans></ext:ExtensionContent></ext:UBLExtension></ext:UBLExtensions><cbc:CustomizationID>"
        );
        judge(INVOICE.replacen("<cbc:CustomizationID>", &extensions, 1).as_bytes())
    };
    assert!(in_extension(10).get("VALUE-TOO-LARGE").is_none());
    let findings = in_extension(1_000);
    assert!(findings.is_fatal() && findings.iter().all(|finding| finding.id == "VALUE-TOO-LARGE"), "{findings:#?}");
}

#[test]
fn the_invoice_itself_is_valid() {
    let document = Document::parse(INVOICE.as_bytes(), &Limits::default()).expect("it is XML");
    let mut findings = Findings::new();
    RuleSet::in_force(Day { year: 2026, month: 11, day: 22 }).judge(&document, &mut findings);
    assert!(!findings.is_fatal(), "{findings:#?}");
}
