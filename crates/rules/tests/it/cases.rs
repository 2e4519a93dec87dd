//! One invoice, changed in one place, and the rules that notice: what the crate promises without any file of others.

use kvitt_rules::arena::{Document, Limits};
use kvitt_rules::{Day, Findings, RuleSet, Severity};

const INVOICE: &str = include_str!("invoice.xml");

/// Replaces the first `from` by `to` and lists what fires: `ID`, `ID*3` for three times, `(ID)` for a warning.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert!(INVOICE.contains(from), "{from:?} is not in the invoice");
    let fired = fired(&INVOICE.replacen(from, to, 1));
    assert_eq!(fired, expected, "{from:?} -> {to:?}");
}

fn fired(xml: &str) -> String {
    let document = Document::parse(xml.as_bytes(), &Limits::default()).expect("it is still XML");
    let mut findings = Findings::new();
    RuleSet::in_force(Day { year: 2026, month: 11, day: 22 }).judge(&document, &mut findings);
    let mut words: Vec<String> = findings
        .iter()
        .map(|finding| {
            let count = if finding.count > 1 { format!("*{}", finding.count) } else { String::new() };
            match finding.severity {
                Severity::Fatal => format!("{}{count}", finding.id),
                Severity::Warning => format!("({}{count})", finding.id),
            }
        })
        .collect();
    words.sort();
    words.join(" ")
}

#[test]
fn what_the_document_must_say() {
    check("<cbc:ID>2026-104</cbc:ID>", "", "BR-02 UBL-STRUCTURE-MISSING");
    check("2026-104", " ", "BR-02 PEPPOL-EN16931-R008");
    check("<cbc:IssueDate>2026-11-02</cbc:IssueDate>", "", "BR-03 UBL-STRUCTURE-MISSING");
    check("2026-11-02", "2.11.2026", "PEPPOL-EN16931-F001 UBL-STRUCTURE-VALUE");
    check(">380<", ">999<", "BR-CL-01 PEPPOL-EN16931-P0100");
    check(">380<", ">326<", "PEPPOL-EN16931-P0112");
    check(">NOK<", ">SEK<", "BR-CO-15 PEPPOL-EN16931-R051*11");
    check("<cbc:BuyerReference>Kari Nordmann</cbc:BuyerReference>", "", "PEPPOL-EN16931-R003");
    check("billing:3.0<", "billing:3.0::1<", "PEPPOL-EN16931-R004");
    check("billing:01:1.0", "billing:99:1.0", "PEPPOL-EN16931-R007");
    check("<cbc:Note>Strøm", "<cbc:Note>#XYZ#</cbc:Note><cbc:Note>Strøm", "BR-CL-08 PEPPOL-EN16931-R002");
}

#[test]
fn what_the_parties_must_say() {
    check("<cbc:EndpointID schemeID=\"0192\">987654325</cbc:EndpointID>", "", "PEPPOL-EN16931-R010");
    check(" schemeID=\"0192\">987654325", ">987654325", "BR-63");
    check("schemeID=\"0192\">987654325", "schemeID=\"0192\">987654324", "PEPPOL-COMMON-R041");
    check("Kjøper Eksempel AS", "", "BR-07 PEPPOL-EN16931-R008");
    check(">NO</cbc:IdentificationCode>", ">NX</cbc:IdentificationCode>", "BR-CL-14");
    check("NO123456785MVA", "123456785MVA", "BR-CO-09");
    check("NO123456785MVA", "NO123456785", "NO-R-001");
    check("Foretaksregisteret", "Registeret", "(NO-R-002)");
}

#[test]
fn what_the_sums_must_be() {
    check(
        "<cbc:LineExtensionAmount currencyID=\"NOK\">200.00",
        "<cbc:LineExtensionAmount currencyID=\"NOK\">200.001",
        "BR-CO-10 BR-DEC-09 UBL-DT-01",
    );
    check(
        "<cbc:TaxExclusiveAmount currencyID=\"NOK\">240.00",
        "<cbc:TaxExclusiveAmount currencyID=\"NOK\">239.00",
        "BR-CO-13 BR-CO-15",
    );
    check("<cbc:PayableAmount currencyID=\"NOK\">300.00", "<cbc:PayableAmount currencyID=\"NOK\">300.01", "BR-CO-16");
    check(
        "<cbc:PayableAmount currencyID=\"NOK\">300.00",
        "<cbc:PayableAmount currencyID=\"NOK\">three",
        "UBL-STRUCTURE-VALUE VALUE-NUMBER",
    );
    check(
        "<cbc:ChargeTotalAmount currencyID=\"NOK\">40.00",
        "<cbc:ChargeTotalAmount currencyID=\"NOK\">41.00",
        "BR-CO-12 BR-CO-13",
    );
    check(
        "<cbc:TaxableAmount currencyID=\"NOK\">240.00",
        "<cbc:TaxableAmount currencyID=\"NOK\">200.00",
        "BR-CO-17 BR-S-08 BR-S-09",
    );
    check("<cbc:TaxAmount currencyID=\"NOK\">60.00", "<cbc:TaxAmount currencyID=\"NOK\">50.00", "BR-CO-14 BR-CO-15");
    check("\">0.50<", "\">0.60<", "PEPPOL-EN16931-R120");
    check("\">0.50<", "\">-0.50<", "BR-27 PEPPOL-EN16931-R120");
    check("unitCode=\"KWH\">400", "unitCode=\"kilowatt\">400", "BR-CL-23 PEPPOL-EN16931-R130");
}

#[test]
fn what_vat_must_be() {
    check("<cbc:Percent>25</cbc:Percent>", "<cbc:Percent>0</cbc:Percent>", "BR-S-07 BR-S-08");
    check("<cbc:ID>S</cbc:ID>", "<cbc:ID>E</cbc:ID>", "BR-E-01 BR-E-07 BR-S-08");
    check("<cbc:ID>S</cbc:ID>", "<cbc:ID>X</cbc:ID>", "BR-CL-17 BR-S-08");
    check(
        "<cac:ClassifiedTaxCategory>\n        <cbc:ID>S",
        "<cac:ClassifiedTaxCategory>\n        <cbc:ID>O",
        "BR-O-01 BR-O-02 BR-O-05 BR-S-08",
    );
}

#[test]
fn what_ubl_must_be() {
    check(
        "<cbc:DueDate>2026-11-30</cbc:DueDate>\n  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>",
        "<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>\n  <cbc:DueDate>2026-11-30</cbc:DueDate>",
        "UBL-STRUCTURE-ORDER",
    );
    check("<cbc:BuyerReference>", "<cbc:Unheard>x</cbc:Unheard><cbc:BuyerReference>", "UBL-STRUCTURE-UNKNOWN");
    check("<cbc:BuyerReference>", "<cbc:BuyerReference lang=\"no\">", "UBL-STRUCTURE-ATTRIBUTE");
    check("<cbc:IssueDate>", "<cbc:UUID>a</cbc:UUID><cbc:IssueDate>", "(UBL-CR-005)");
    check(" mimeCode=\"text/csv\"", "", "UBL-DT-06 UBL-STRUCTURE-ATTRIBUTE");
    check("text/csv", "text/html", "BR-CL-24 PEPPOL-EN16931-CL001");
    check("MTIzNDU2", "MTIz NDU", "UBL-STRUCTURE-VALUE");
    check(
        "</cac:AccountingCustomerParty>",
        "</cac:AccountingCustomerParty><cac:PayeeParty><cac:PartyName><cbc:Name>A</cbc:Name></cac:PartyName></cac:PayeeParty><cac:PayeeParty/>",
        "BR-17 PEPPOL-EN16931-R008 UBL-SR-19 UBL-SR-20 UBL-SR-21 UBL-STRUCTURE-REPEATED",
    );
    check(
        "<cbc:ChargeIndicator>true",
        "<cbc:ChargeIndicator>ja",
        "BR-S-08 PEPPOL-EN16931-R043 UBL-STRUCTURE-VALUE VALUE-BOOLEAN",
    );
}

#[test]
fn each_country_has_its_own() {
    let of = |code: &str, changes: &[(&str, &str)]| {
        let mut xml = INVOICE.replace(">NO</cbc:IdentificationCode>", &format!(">{code}</cbc:IdentificationCode>"));
        xml = xml.replace("NO123456785MVA", &format!("{code}123456785"));
        for (from, to) in changes {
            assert!(xml.contains(from), "{from:?}");
            xml = xml.replacen(from, to, 1);
        }
        fired(&xml)
    };
    assert_eq!(of("DE", &[]), "DE-R-002");
    assert_eq!(of("DK", &[]), "DK-R-005 DK-R-014");
    assert_eq!(of("SE", &[]), "SE-R-001 SE-R-004 SE-R-005 SE-R-013");
    assert_eq!(of("IS", &[]), "IS-R-002 IS-R-004 IS-R-005");
    assert_eq!(of("NL", &[]), "(PEPPOL-COMMON-R056-2) NL-R-003 NL-R-004");
    assert_eq!(of("IT", &[]), "IT-R-001");
    assert_eq!(
        of("EL", &[(">EL<", ">GR<"), (">EL<", ">GR<")]),
        "(GR-S-008-1) (GR-S-011) GR-R-001-1 GR-R-001-2 GR-R-001-3 GR-R-001-4 GR-R-001-5 GR-R-001-6 GR-R-001-7 GR-R-003 GR-R-004-1 GR-R-005 GR-R-006 GR-R-009 GR-R-010"
    );
}

#[test]
fn another_document_is_not_judged_by_the_rules() {
    assert_eq!(fired("<Order xmlns='urn:oasis:names:specification:ubl:schema:xsd:Order-2'/>"), "UBL-STRUCTURE-ROOT");
    assert_eq!(fired("<Invoice/>"), "UBL-STRUCTURE-ROOT");
}
