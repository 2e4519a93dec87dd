//! Drafts and what becomes of them: sums to the øre, and every fault at its field.
#![expect(clippy::inconsistent_digit_grouping, reason = "the last two digits are øre: 1_250_00 is 1,250.00 kroner")]

use jiff::civil::date;

use super::*;
use crate::invoice::checks;
use crate::invoicing::customer;
use crate::invoicing::draft::Credited;
use crate::invoicing::sheet::Sheet;

fn today() -> Date {
    date(2026, 11, 22)
}

fn settings() -> InvoicingSettings {
    let mut settings = InvoicingSettings::default();
    settings.sender.bank_account = Some("86011117947".into());
    settings
}

fn buyer_of(fields: &[(&str, &str)]) -> Customer {
    let mut sheet = Sheet::of([("name", "Fjellheimen Barnehage SA"), ("kind", "business"), ("org_number", "988077917")]);
    fields.iter().for_each(|(field, value)| sheet.set(*field, value));
    customer::read(&sheet).unwrap().0
}

fn line(quantity: &str, price: &str, discount: &str, code: &str) -> DraftLine {
    DraftLine {
        quantity: quantity.parse().unwrap(),
        discount_percent: discount.parse().unwrap(),
        ..DraftLine::of("Rådgivning", price.parse().unwrap(), code)
    }
}

fn draft_of(lines: Vec<DraftLine>) -> Draft {
    Draft { lines, ..Draft::new(DocumentKind::Invoice) }
}

fn made(draft: &Draft, settings: &InvoicingSettings, customer: Option<&Customer>) -> (Invoice, Vec<Fault>) {
    let seller = Seller { name: "Nordlys Kraft AS", org_number: "999999999", settings };
    let customer = customer.map(|customer| ("100007", customer));
    let parts = Parts { draft, seller, customer, project: None, number: "10001", kid: None, today: today(), files: Vec::new() };
    invoice(parts)
}

#[test]
fn sums_are_rounded_by_rate() {
    let check = |lines: Vec<DraftLine>, expected: (i64, i64, i64)| {
        let (sums, faults) = sums(&draft_of(lines), today());
        assert_eq!(faults, []);
        assert_eq!((sums.without_vat.minor(), sums.vat_total.minor(), sums.with_vat.minor()), expected);
    };
    check(vec![line("1", "1000", "0", "3")], (1_000_00, 250_00, 1_250_00));
    check(vec![line("7.5", "1250", "10", "3")], (8_437_50, 2_109_38, 10_546_88));
    // Three times 0.333 kr is 0.33 + 0.33 + 0.33; the VAT of 0.99 is 0.25, where line by line it would be 0.24.
    check(vec![line("1", "0.333", "0", "3"); 3], (99, 25, 1_24));
    // Half an øre goes away from zero.
    check(vec![line("1", "0.10", "0", "3")], (10, 3, 13));
    check(vec![line("-1", "0.10", "0", "3"), line("1", "1", "0", "3")], (90, 23, 1_13));
    // Each rate by itself: 15 % of 100.10, 12 % of 50.05, nothing of the rest.
    check(
        vec![line("1", "100.10", "0", "31"), line("1", "50.05", "0", "33"), line("2", "10", "50", "5"), line("1", "5", "0", "6")],
        (165_15, 15_02 + 6_01, 186_18),
    );
    check(vec![line("1", "100", "100", "3")], (0, 0, 0));
    check(vec![], (0, 0, 0));
}

#[test]
fn what_is_made_holds() {
    let buyer = buyer_of(&[("reference", "Eva"), ("terms_days", "30")]);
    let mut draft = draft_of(vec![
        line("7.5", "1250", "10", "3"),
        line("3", "0.333", "33.33", "31"),
        line("1", "-100", "0", "3"),
        line("-2", "49.90", "12.5", "33"),
    ]);
    draft.description = Some("November".into());
    draft.text_before = Some("Takk.".into());
    let (invoice, faults) = made(&draft, &settings(), Some(&buyer));
    assert_eq!((faults, checks::check(&invoice)), (vec![], vec![]));
    assert_eq!(invoice.due_on, Some(date(2026, 12, 22)));
    assert_eq!(invoice.references.buyer.as_deref(), Some("Eva"));
    assert_eq!(invoice.notes[0].text, "November\nTakk.");
    assert_eq!(invoice.lines[2].quantity, Decimal::NEGATIVE_ONE, "a price is never below zero");
    assert_eq!(invoice.seller.vat_number.as_deref(), Some("NO999999999MVA"));
    assert_eq!(invoice.buyer.electronic_address, invoice.buyer.legal_registration);
    assert!(invoice.lines.iter().all(|line| line.buyer_accounting.is_none()), "the seller's books are not the buyer's");
}

#[test]
fn a_credit_note_points_to_its_invoice_and_asks_for_nothing() {
    let buyer = buyer_of(&[]);
    let credits = Some(Credited { invoice: "i1".into(), number: "10000".into(), issued_on: date(2026, 11, 1) });
    let draft = Draft { kind: DocumentKind::CreditNote, credits, ..draft_of(vec![line("1", "1000", "0", "3")]) };
    let (invoice, faults) = made(&draft, &InvoicingSettings::default(), Some(&buyer));
    assert_eq!((faults, checks::check(&invoice)), (vec![], vec![]));
    assert_eq!((invoice.type_code.as_str(), invoice.due_on, invoice.payment.len()), ("381", None, 0));
    assert_eq!(invoice.preceding, [PrecedingInvoice { number: "10000".into(), issued_on: Some(date(2026, 11, 1)) }]);
    assert!(invoice.payment_terms.as_deref().unwrap().contains("10000"));
}

#[test]
fn what_lies_outside_of_vat_is_sold_without_a_vat_number() {
    let (invoice, faults) = made(&draft_of(vec![line("1", "1000", "0", "7")]), &settings(), Some(&buyer_of(&[])));
    assert_eq!(faults, []);
    assert_eq!((invoice.seller.vat_number, invoice.vat_breakdown[0].rate.percent), (None, None));
    assert!(invoice.vat_breakdown[0].exemption.is_some());
}

#[test]
fn all_that_is_missing_at_once_and_at_its_field() {
    let check = |draft: &Draft, settings: &InvoicingSettings, customer: Option<&Customer>, expected: &[&str]| {
        let (_, faults) = made(draft, settings, customer);
        let told: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.code, fault.place)).collect();
        assert_eq!(told, expected);
    };
    let buyer = buyer_of(&[]);
    let (plain, own) = (InvoicingSettings::default(), settings());
    check(&draft_of(vec![]), &own, None, &["field.missing customer", "field.missing lines"]);
    let mut bad = vec![line("1", "1", "0", ""), line("1", "1", "0", "99"), line("1", "1", "0", "3")];
    bad[2].text.clear();
    bad[2].ledger_account = "9999".into();
    check(
        &draft_of(bad),
        &plain,
        Some(&buyer),
        &[
            "field.missing line_1_vat_code",
            "vat_code.unknown line_2_vat_code",
            "field.missing line_3_text",
            "ledger_account.unknown line_3_ledger_account",
            "invoicing.account_missing bank_account",
        ],
    );
    check(&draft_of(vec![line("-1", "1", "0", "3")]), &own, Some(&buyer), &["invoicing.negative lines"]);
    let largest = DraftLine { price: Decimal::MAX, ..line("10", "1", "0", "3") };
    check(&draft_of(vec![largest]), &own, Some(&buyer), &["field.invalid line_1_price"]);
    let mut unregistered = settings();
    unregistered.sender.vat_registered = false;
    check(&draft_of(vec![line("1", "1", "0", "3")]), &unregistered, Some(&buyer), &["vat.not_registered line_1_vat_code"]);
    let outside = [line("1", "500", "0", "7"), line("1", "1000", "0", "3")];
    check(&draft_of(outside.to_vec()), &own, Some(&buyer), &["vat.outside_mixed line_1_vat_code"]);
    let gone = Customer { archived: true, ..buyer };
    check(&draft_of(vec![line("1", "1", "0", "3")]), &own, Some(&gone), &["customer.archived customer"]);
    // What was invoiced is credited whatever has become of the customer and of the company's registration.
    let credit = Draft { kind: DocumentKind::CreditNote, ..draft_of(vec![line("1", "1", "0", "3")]) };
    check(&credit, &unregistered, Some(&gone), &[]);
}

#[test]
fn places_in_the_invoice_are_fields_of_the_form() {
    for (place, field) in [
        ("BT-9", "due_on"),
        ("BG-25[2]/BT-146", "line_2_price"),
        ("BG-25[12]/BG-26/BT-135", "line_12_period_to"),
        ("BG-16[1]/BT-83", "bank_account"),
        ("/Invoice/cac:InvoiceLine[3]/cac:Item/cac:ClassifiedTaxCategory 40:7", "line_3_vat_code"),
        ("/Invoice/cac:AccountingCustomerParty/cac:Party 12:3", "customer"),
        ("/Invoice 1:1", ""),
        ("", ""),
    ] {
        assert_eq!(field_of(place), field, "{place}");
    }
}

#[test]
fn a_file_named_after_the_invoice_is_no_picture_of_it() {
    let file = |name: &str| File { name: name.into(), media_type: "application/pdf".into(), bytes: vec![] };
    let named: Vec<String> =
        attachments("10001", vec![file("10001.pdf"), file("timer.pdf")]).into_iter().map(|one| one.file.unwrap().name).collect();
    assert_eq!(named, ["vedlegg-10001.pdf", "timer.pdf"]);
}
