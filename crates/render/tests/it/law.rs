//! What must stand on a Norwegian sales document (bokføringsforskriften 5-1-1 to 5-2-7), read back from the PDF, and what must not.

use kvitt_domain::invoice::*;
use kvitt_domain::language::Language;
use kvitt_domain::money::{Amount, Currency};
use kvitt_render::{Look, PaymentOverride};

use crate::reading::{assert_is_silent, assert_says, read};
use crate::samples::{self, Sample, decimal, nok};

fn sample(name: &str) -> Sample {
    samples::all().into_iter().find(|sample| sample.name == name).expect("there is such a sample")
}

#[test]
fn every_demand_of_the_bookkeeping_regulation_is_met() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("5-1-1 no. 1: number and date", "power", &["Fakturanr. 7000418826", "Fakturadato 05.11.2026"]),
        (
            "5-1-1 no. 2 and 5-1-2: the seller, registered",
            "power",
            &["Fjordstrøm AS", "Org.nr. 974 760 673 MVA", "Foretaksregisteret"],
        ),
        ("5-1-2: a seller outside the VAT register has no MVA", "kindergarten", &["Org.nr. 983 974 724"]),
        ("5-1-1 no. 2: the buyer", "power", &["Ingrid Sørbø Čállán", "Fjellveien 14 B", "5019 BERGEN"]),
        ("5-1-2: the buyer's number", "electrician", &["Deres org.nr. 987 654 325"]),
        ("5-1-1 no. 3: kind and extent", "power", &["Strøm, spotpris", "1 284,6", "kWh", "0,6231"]),
        (
            "5-1-1 no. 4: time and place",
            "electrician",
            &["Leveringsdato 30.10.2026", "Leveringssted Nordre Brygge 7, 4006 STAVANGER"],
        ),
        ("5-1-1 no. 5: price and due date", "power", &["2 209,24 kr", "Forfallsdato 25.11.2026"]),
        ("5-1-1 no. 6: VAT in kroner", "power", &["Merverdiavgift 441,85", "Mva (kr)"]),
        ("5-1-1 no. 6: VAT in kroner beside a foreign currency", "english", &["VAT in NOK 0.00"]),
        ("5-1-1: reverse charge", "reverse-charge", &["Omvendt avgiftsplikt – Merverdiavgift ikke beregnet"]),
        (
            "5-1-5: split by rate, exempt apart",
            "municipality",
            &["15 % 2 737,65 410,65", "25 % 1 212,00 303,00", "0 % unntatt mva 1 140,00 0,00", "Eiendomsskatt er ikke omsetning"],
        ),
        ("5-2-7: a credit note points to the original", "credit-note", &["Kreditnota", "Gjelder faktura F-102938 (15.11.2026)"]),
        ("page numbers", "electrician", &["Side 1 av 5", "Side 5 av 5", "Overføres til side 2", "Overført fra side 1"]),
    ];
    for (rule, name, wanted) in cases {
        let sample = sample(name);
        println!("{rule}");
        // The order of reading is the order of the drawing, so a number follows its label.
        assert_says(&read(&sample.invoice, &sample.look), wanted);
    }
}

#[test]
fn what_a_payer_types_stands_in_the_panel() {
    let sample = sample("power");
    assert_says(
        &read(&sample.invoice, &sample.look),
        &["Å betale 2 209,24 kr", "KID 0020441870004188267", "Kontonummer 1234 56 78903", "Betales til Fjordstrøm AS"],
    );
    let sample = self::sample("english");
    assert_says(
        &read(&sample.invoice, &sample.look),
        &[
            "Amount to pay EUR 4,572.35",
            "IBAN NO93 8601 1117 947",
            "BIC/SWIFT DNBANOKKXXX",
            "Payment reference RF18 2026 0417",
            "Due date 12 December 2026",
        ],
    );
}

#[test]
fn nobody_pays_a_credit_note_by_mistake() {
    let sample = sample("credit-note");
    let text = read(&sample.invoice, &sample.look);
    assert_says(&text, &["Til gode 499,00 kr", "Du skal ikke betale dette dokumentet."]);
    assert_is_silent(&text, &["KID", "Kontonummer", "1234 56 78903", "8804121029388", "Å betale", "Forfallsdato"]);
}

#[test]
fn an_invoice_below_zero_and_one_of_zero_have_no_payment_slip() {
    let cases = [("-250", "Til gode 250,00 kr"), ("0", "Ingenting å betale 0,00 kr")];
    for (payable, wanted) in cases {
        let mut sample = sample("gym");
        sample.invoice.totals.payable = nok(payable);
        let text = read(&sample.invoice, &sample.look);
        assert_says(&text, &[wanted]);
        assert_is_silent(&text, &["KID", "Kontonummer"]);
    }
}

#[test]
fn a_direct_debit_says_that_nothing_must_be_done() {
    let sample = sample("municipality");
    assert_says(
        &read(&sample.invoice, &sample.look),
        &["Beløpet trekkes fra kontoen din på forfallsdagen. Du skal ikke betale selv."],
    );
}

#[test]
fn a_sold_invoice_shows_only_the_financiers_payment_instructions() {
    let mut sample = sample("power");
    sample.look.payment = Some(PaymentOverride {
        payee: Some("Nordisk Fakturakjøp AS".to_owned()),
        account: "97101234565".to_owned(),
        kid: Some("900118800042".to_owned()),
        text: Some("Fordringen er overdratt.".to_owned()),
        bic: None,
    });
    let text = read(&sample.invoice, &sample.look);
    assert_says(
        &text,
        &["Kontonummer 9710 12 34565", "KID 900118800042", "Betales til Nordisk Fakturakjøp AS", "Fordringen er overdratt."],
    );
    assert_is_silent(&text, &["1234 56 78903", "0020441870004188267"]);
}

#[test]
fn a_national_identity_number_is_never_printed() {
    let mut sample = sample("power");
    // Synthetic: the month is 80 too high.
    let number = Identifier { value: "17912099997".to_owned(), scheme: None };
    sample.invoice.buyer.identifiers = vec![number.clone()];
    sample.invoice.buyer.legal_registration = Some(number);
    assert_is_silent(&read(&sample.invoice, &sample.look), &["17912099997", "179120 99997", "Kundenr.", "Deres org.nr."]);
}

#[test]
fn discounts_and_charges_are_told_on_line_and_document() {
    let sample = sample("gym");
    assert_says(
        &read(&sample.invoice, &sample.look),
        &[
            "Medlemsrabatt 10 %: −110,40",
            "Sum linjer 1 392,80",
            "Fakturagebyr, papir 39,00",
            "Allerede betalt −100,00",
            "Å betale 1 689,75 kr",
        ],
    );
}

#[test]
fn every_part_that_can_be_on_an_invoice_is_on_its_page() {
    let mut sample = sample("electrician");
    let invoice = &mut sample.invoice;
    invoice.tax_point_on = Some(jiff::civil::date(2026, 10, 31));
    invoice.references = References {
        buyer: Some("R.buyer".to_owned()),
        project: Some("R.project".to_owned()),
        contract: Some("R.contract".to_owned()),
        purchase_order: Some("R.purchase".to_owned()),
        sales_order: Some("R.sales".to_owned()),
        receiving_advice: Some("R.receiving".to_owned()),
        despatch_advice: Some("R.despatch".to_owned()),
        tender: Some("R.tender".to_owned()),
        invoiced_object: Some(Identifier { value: "R.object".to_owned(), scheme: None }),
        buyer_accounting: Some("R.accounting".to_owned()),
    };
    invoice.payee = Some(Payee { name: "R.payee".to_owned(), ..Payee::default() });
    invoice.tax_representative =
        Some(Party { name: "R.representative".to_owned(), vat_number: Some("NO999999999MVA".to_owned()), ..Party::default() });
    invoice.seller.legal_information = Some("R.legal".to_owned());
    invoice.notes = vec![Note { subject_code: None, text: "R.note".to_owned() }];
    invoice.totals.rounding = Some(nok("0.37"));
    let line = &mut invoice.lines[0];
    line.note = Some("R.linenote".to_owned());
    line.order_line = Some("R.orderline".to_owned());
    line.invoiced_object = Some(Identifier { value: "R.lineobject".to_owned(), scheme: None });
    line.item.attributes = vec![("R.name".to_owned(), "R.value".to_owned())];
    line.price.base_quantity = Some(decimal("100"));
    let text = read(&sample.invoice, &sample.look);
    let parts = [
        "R.buyer",
        "R.project",
        "R.contract",
        "R.purchase",
        "R.sales",
        "R.receiving",
        "R.despatch",
        "R.tender",
        "R.object",
        "R.accounting",
        "R.payee",
        "R.representative",
        "R.legal",
        "R.note",
        "R.linenote",
        "R.orderline",
        "R.lineobject",
        "R.name: R.value",
        "412,00 / 100",
        "Avgiftsdato 31.10.2026",
        "Øreavrunding 0,37",
        "timeliste-uke-41.pdf",
        "30 dager netto.",
        "Vår ref. Øyvind Lervik",
        "Att: Silje Tveit",
    ];
    assert_says(&text, &parts);
}

#[test]
fn what_is_too_long_for_its_place_is_said_in_full_among_the_notes() {
    let mut sample = sample("power");
    let long = |name: &str| (0..60).map(|at| format!("{name}{at}")).collect::<Vec<_>>().join(" ");
    sample.invoice.buyer.name = long("kunde");
    sample.invoice.seller.name = long("selger");
    sample.invoice.references.buyer = Some(long("referanse"));
    sample.invoice.payment[0].remittance = Some(long("betaling"));
    sample.look.footer = Some((0..200).map(|at| format!("fot{at}")).collect::<Vec<_>>().join(" "));
    let text = read(&sample.invoice, &sample.look);
    assert_says(&text, &["kunde59", "selger59", "referanse59", "betaling59", "fot199"]);
}

#[test]
fn letters_of_the_north_and_typographic_signs_come_back_as_they_went_in() {
    let mut sample = sample("power");
    let text = "æøåÆØÅ čđŋšŧžČĐŊŠŦŽ áÁ äöü ÄÖÜ éèê ẞß € – — “sitat” «sitat» … ½ × ° m² §";
    sample.look.text_before = Some(text.to_owned());
    // Decomposed letters, as some systems write them.
    sample.invoice.notes = vec![Note { subject_code: None, text: "A\u{30a}lesund o\u{308}st".to_owned() }];
    let read = read(&sample.invoice, &sample.look);
    assert_says(&read, &[text]);
    assert!(read.contains("Ålesund") || read.contains("A\u{30a}lesund"), "{read}");
}

#[test]
fn english_documents_are_written_in_english() {
    let mut look = sample("power").look;
    look.language = Language::English;
    let mut invoice = sample("power").invoice;
    let euro = Currency::parse("EUR").expect("EUR is a currency");
    invoice.totals.payable = Amount::new(123_450, euro);
    assert_says(&read(&invoice, &look), &["Invoice no.", "5 November 2026", "1,284.6", "EUR 1,234.50", "Page 1 of 1", "25%"]);
}

#[test]
fn a_look_of_its_own_is_not_needed() {
    let sample = sample("kindergarten");
    let look = Look::plain(Language::Bokmal, sample.look.made_at);
    assert_says(&read(&sample.invoice, &look), &["Markblomsten barnehage SA", "Omsorgstjenester i barnehage"]);
}
