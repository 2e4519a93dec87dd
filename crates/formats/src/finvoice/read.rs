//! The document as a whole: what it is, its dates and references, and the groups put together.

use kvitt_domain::fault::codes;
use kvitt_domain::invoice::{Attachment, DocumentKind, Invoice, Line, Note, Period, PrecedingInvoice, References};
use kvitt_domain::{Currency, Fault};
use kvitt_rules::arena::{Document, Node};

use super::{SYNTAX, amounts, party, payment, row};
use crate::identity::shown;
use crate::terms::{Terms, all, text_of};

pub(super) fn read(document: &Document<'_>) -> (Option<Invoice>, Vec<Fault>) {
    let root = document.root();
    if !super::is_finvoice(document) {
        let position = document.position(root.offset());
        let found = format!("{{{}}}{}", root.namespace(), root.name());
        let place = format!("{} {}:{}", shown(&root.path()), position.line, position.column);
        return (None, vec![Fault::fatal(codes::DOCUMENT_UNKNOWN).at(place).with("root", shown(&found))]);
    }
    let mut terms = Terms::new(document, &SYNTAX);
    let Some(details) = terms.one(root, "InvoiceDetails", "BT-1") else {
        terms.missing(root, "InvoiceDetails", "BT-1");
        return (None, terms.finish(()).1);
    };
    let invoice = read_invoice(&mut terms, root, details);
    terms.finish(invoice)
}

fn read_invoice<'d>(terms: &mut Terms<'d>, root: Node<'d>, details: Node<'d>) -> Invoice {
    let kind = read_kind(terms, details);
    // The currency first: every amount is judged by it.
    let currency = read_currency(terms, details);
    terms.currency = currency;
    let issued_on = terms.required_date(details, "InvoiceDate", "BT-2");
    let (lines, words) = read_rows(terms, root);
    let totals = amounts::read_totals(terms, root, details, &lines);
    let notes = all(details, "InvoiceFreeText").filter_map(text_of).chain(words);
    let period = Period {
        from: terms.date(details, "InvoicingPeriodStartDate", "BT-73"),
        to: terms.date(details, "InvoicingPeriodEndDate", "BT-74"),
    };
    let type_code = terms.text(details, "InvoiceTypeCodeUN", "BT-3");
    let mut invoice = Invoice {
        kind,
        type_code: type_code.unwrap_or_else(|| usual_code(kind).to_owned()),
        number: terms.required_text(details, "InvoiceNumber", "BT-1"),
        issued_on,
        due_on: payment::read_due_date(terms, root, issued_on),
        tax_point_on: terms.date(details, "VatPoint/VatPointDate", "BT-7"),
        tax_point_code: terms.text(details, "VatPoint/VatPointDateCode", "BT-8"),
        currency: currency.unwrap_or(Currency::NOK),
        tax_currency: currency.and_then(|currency| amounts::tax_currency(&totals, currency)),
        specification: terms.text(root, "MessageTransmissionDetails/MessageDetails/SpecificationIdentifier", "BT-24"),
        process: None,
        notes: notes.map(|text| Note { subject_code: None, text }).collect(),
        references: read_references(terms, root, details),
        preceding: read_preceding(terms, details),
        seller: party::read_seller(terms, root),
        buyer: party::read_buyer(terms, root),
        payee: party::read_payee(terms, root),
        tax_representative: party::read_tax_representative(terms, root),
        delivery: party::read_delivery(terms, root),
        period: (period != Period::default()).then_some(period),
        payment: payment::read(terms, root),
        payment_terms: payment::read_terms(details),
        allowances_and_charges: amounts::read_changes(terms, details),
        vat_breakdown: amounts::read_vat_breakdown(terms, details),
        totals,
        attachments: read_links(root),
        lines,
    };
    if amounts::reads_turned(kind, invoice.totals.with_vat) {
        amounts::turn_signs(&mut invoice);
    }
    invoice
}

/// UNTDID 1001: what a Finvoice is that says it only in the Finnish list.
fn usual_code(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "380",
        DocumentKind::CreditNote => "381",
    }
}

/// BT-3. `INV02` is a credit note and every other `INV` an invoice; orders, reminders and the like are none, and neither is a
/// copy or a cancellation, which must never be paid.
fn read_kind<'d>(terms: &mut Terms<'d>, details: Node<'d>) -> DocumentKind {
    if let Some(origin) = terms.one(details, "OriginCode", "BT-3").filter(|node| !["", "Original"].contains(&node.trimmed())) {
        terms.invalid(origin, "BT-3");
    }
    let Some(code) = terms.one(details, "InvoiceTypeCode", "BT-3").filter(|node| !node.trimmed().is_empty()) else {
        terms.missing(details, "InvoiceTypeCode", "BT-3");
        return DocumentKind::Invoice;
    };
    match code.trimmed() {
        "INV02" => DocumentKind::CreditNote,
        // Reminders ask for money that an invoice has asked for before.
        other if !other.starts_with("INV") || other == "INV08" => {
            terms.invalid(code, "BT-3");
            DocumentKind::Invoice
        }
        _ => DocumentKind::Invoice,
    }
}

/// BT-5: the currency of the total, which every Finvoice has.
fn read_currency<'d>(terms: &mut Terms<'d>, details: Node<'d>) -> Option<Currency> {
    let total = terms.one(details, "InvoiceTotalVatIncludedAmount", "BT-112")?;
    Currency::parse(total.attribute("AmountCurrencyIdentifier")?.trim())
}

/// BG-25, and what the rows say that are only words. A row of sub-rows specifies others and asks for no money of its own.
fn read_rows<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> (Vec<Line>, Vec<String>) {
    let mut lines = Vec::new();
    let mut words = Vec::new();
    for node in all(root, "InvoiceRow") {
        if row::is_only_words(node) {
            words.extend(row::words(node));
        } else {
            lines.push(row::read(terms, node, lines.len() + 1));
        }
    }
    if lines.is_empty() {
        terms.missing(root, "InvoiceRow", "BG-25");
    }
    (lines, words)
}

fn read_references<'d>(terms: &mut Terms<'d>, root: Node<'d>, details: Node<'d>) -> References {
    References {
        buyer: terms.text(details, "BuyerReferenceIdentifier", "BT-10"),
        project: terms.text(details, "ProjectReferenceIdentifier", "BT-11"),
        contract: terms.text(details, "AgreementIdentifier", "BT-12"),
        purchase_order: terms.text(details, "OrderIdentifier", "BT-13"),
        sales_order: terms.text(details, "OrderConfirmationIdentifier", "BT-14"),
        receiving_advice: None,
        despatch_advice: terms.text(root, "DeliveryDetails/DeliveryNoteIdentifier", "BT-16"),
        tender: terms.text(details, "TenderReference", "BT-17"),
        invoiced_object: terms.identifier(details, "InvoicedObjectID", "BT-18"),
        buyer_accounting: terms.text(details, "AccountDimensionText", "BT-19"),
    }
}

/// BG-3: the list of 3.0, else the one invoice of the versions before.
fn read_preceding<'d>(terms: &mut Terms<'d>, details: Node<'d>) -> Vec<PrecedingInvoice> {
    let mut list: Vec<PrecedingInvoice> = Vec::new();
    for node in all(details, "OriginalInvoiceReference") {
        let issued_on = terms.date(node, "InvoiceDate", "BT-26");
        list.extend(terms.text(node, "InvoiceNumber", "BT-25").map(|number| PrecedingInvoice { number, issued_on }));
    }
    let number = terms.text(details, "OriginalInvoiceNumber", "BT-25");
    let issued_on = terms.date(details, "OriginalInvoiceDate", "BT-26");
    if list.is_empty() {
        list.extend(number.map(|number| PrecedingInvoice { number, issued_on }));
    }
    list
}

/// BT-124: links with their names, in the order of both.
fn read_links(root: Node<'_>) -> Vec<Attachment> {
    let mut names = all(root, "InvoiceUrlNameText");
    let mut attachments = Vec::new();
    for place in all(root, "InvoiceUrlText") {
        let name = names.next().and_then(text_of);
        let Some(location) = text_of(place) else {
            continue;
        };
        attachments.push(Attachment {
            id: name.unwrap_or_else(|| location.clone()),
            description: None,
            location: Some(location),
            file: None,
            is_image_of_invoice: false,
        });
    }
    attachments
}
