//! The document as a whole: what it is, its dates and references, and the groups put together.

use jiff::civil::Date;
use kvitt_domain::fault::codes;
use kvitt_domain::invoice::{DeliveryInformation, DocumentKind, Identifier, Invoice, Note, Period, PrecedingInvoice, References};
use kvitt_domain::{Currency, Fault};
use kvitt_rules::arena::{Document, Node};

use super::{amounts, attachments, line, names, party, payment};
use crate::identity::shown;
use crate::terms::{Terms, all, text_of};

pub(super) fn read(document: &Document<'_>) -> (Option<Invoice>, Vec<Fault>) {
    let root = document.root();
    let kinds = [DocumentKind::Invoice, DocumentKind::CreditNote];
    let Some(kind) = kinds.into_iter().find(|kind| root.is(names(*kind).namespace, names(*kind).root)) else {
        let position = document.position(root.offset());
        let found = format!("{{{}}}{}", root.namespace(), root.name());
        let place = format!("{} {}:{}", shown(&root.path()), position.line, position.column);
        return (None, vec![Fault::fatal(codes::DOCUMENT_UNKNOWN).at(place).with("root", shown(&found))]);
    };
    let mut terms = Terms::new(document, &super::SYNTAX);
    let invoice = read_invoice(&mut terms, root, kind);
    terms.finish(invoice)
}

fn read_invoice<'d>(terms: &mut Terms<'d>, root: Node<'d>, kind: DocumentKind) -> Invoice {
    // The currency first: every amount is judged by it.
    terms.currency = terms.currency(root, "cbc:DocumentCurrencyCode", "BT-5");
    let currency = terms.currency.unwrap_or_else(|| {
        if all(root, "cbc:DocumentCurrencyCode").all(|node| node.trimmed().is_empty()) {
            terms.missing(root, "cbc:DocumentCurrencyCode", "BT-5");
        }
        Currency::NOK
    });
    let number = terms.required_text(root, "cbc:ID", "BT-1");
    let tax_currency = terms.currency(root, "cbc:TaxCurrencyCode", "BT-6");
    let taxes = amounts::read_tax_totals(terms, root, tax_currency);
    let mut payment = payment::read(terms, root, kind);
    let mut seller = party::read_seller(terms, root);
    payment::settle_creditor(&mut payment, &mut seller.identifiers, party::read_payee_creditor(root));
    let attachments = attachments::read(terms, root, kind, &number);
    let lines: Vec<_> = all(root, names(kind).line).map(|node| line::read(terms, node, kind)).collect();
    if lines.is_empty() {
        terms.missing(root, names(kind).line, "BG-25");
    }
    Invoice {
        kind,
        type_code: terms.required_text(root, names(kind).type_code, "BT-3"),
        number,
        issued_on: terms.required_date(root, "cbc:IssueDate", "BT-2"),
        due_on: read_due_date(terms, root),
        tax_point_on: terms.date(root, "cbc:TaxPointDate", "BT-7"),
        tax_point_code: terms.text(root, "cac:InvoicePeriod/cbc:DescriptionCode", "BT-8"),
        currency,
        tax_currency,
        specification: terms.text(root, "cbc:CustomizationID", "BT-24"),
        process: terms.text(root, "cbc:ProfileID", "BT-23"),
        notes: all(root, "cbc:Note").filter_map(text_of).map(read_note).collect(),
        references: read_references(terms, root, kind),
        preceding: read_preceding(terms, root),
        seller,
        buyer: party::read_buyer(terms, root),
        payee: party::read_payee(terms, root),
        tax_representative: party::read_tax_representative(terms, root),
        delivery: read_delivery(terms, root),
        period: read_period(terms, root, "BT-73", "BT-74"),
        payment,
        payment_terms: read_payment_terms(terms, root),
        allowances_and_charges: amounts::read_changes(terms, root, &amounts::OF_DOCUMENT),
        totals: amounts::read_totals(terms, root, &taxes),
        vat_breakdown: taxes.breakdown,
        attachments,
        lines,
    }
}

/// BT-9: an invoice has it at the top; a credit note, and an invoice of EHF 2, in its payment means.
fn read_due_date<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Option<Date> {
    let own = terms.date(root, "cbc:DueDate", "BT-9");
    own.or_else(|| payment::read_due_date(terms, root))
}

/// BT-20. EHF 2 gave terms one by one.
fn read_payment_terms<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Option<String> {
    let texts: Vec<String> = all(root, "cac:PaymentTerms").filter_map(|group| terms.free_text(group, "cbc:Note")).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// BG-1: `#AAI#text` is a text with its subject code (EN 16931-3-2).
fn read_note(text: String) -> Note {
    let coded = text.strip_prefix('#').and_then(|rest| rest.split_once('#'));
    match coded {
        Some((code, rest)) if is_subject_code(code) && !rest.trim().is_empty() => {
            Note { subject_code: Some(code.to_owned()), text: rest.trim_start().to_owned() }
        }
        _ => Note { subject_code: None, text },
    }
}

/// UNTDID 4451: three capitals.
fn is_subject_code(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn read_references<'d>(terms: &mut Terms<'d>, root: Node<'d>, kind: DocumentKind) -> References {
    let sales_order = terms.text(root, "cac:OrderReference/cbc:SalesOrderID", "BT-14");
    let purchase_order = terms.text(root, "cac:OrderReference/cbc:ID", "BT-13");
    References {
        buyer: terms.text(root, "cbc:BuyerReference", "BT-10"),
        project: match kind {
            DocumentKind::Invoice => terms.text(root, "cac:ProjectReference/cbc:ID", "BT-11"),
            // EN 16931-3-2: a credit note has the project as a document of type 50.
            DocumentKind::CreditNote => {
                read_typed(terms, root, "cac:AdditionalDocumentReference", "50", "BT-11").map(|project| project.value)
            }
        },
        contract: terms.text(root, "cac:ContractDocumentReference/cbc:ID", "BT-12"),
        // Peppol BIS Billing 3 (BT-14): NA stands where only the sales order is known.
        purchase_order: purchase_order.filter(|order| !(order == "NA" && sales_order.is_some())),
        sales_order,
        receiving_advice: terms.text(root, "cac:ReceiptDocumentReference/cbc:ID", "BT-15"),
        despatch_advice: terms.text(root, "cac:DespatchDocumentReference/cbc:ID", "BT-16"),
        tender: terms.text(root, "cac:OriginatorDocumentReference/cbc:ID", "BT-17"),
        invoiced_object: read_object(terms, root, "cac:AdditionalDocumentReference", "BT-18"),
        buyer_accounting: terms.text(root, "cbc:AccountingCost", "BT-19"),
    }
}

/// BT-18, BT-128: the reference of type 130.
pub(super) fn read_object<'d>(terms: &mut Terms<'d>, parent: Node<'d>, group: &'static str, term: &str) -> Option<Identifier> {
    read_typed(terms, parent, group, "130", term)
}

fn read_typed<'d>(terms: &mut Terms<'d>, parent: Node<'d>, group: &'static str, code: &str, term: &str) -> Option<Identifier> {
    let mut typed = all(parent, group).filter(|reference| has_type(*reference, code));
    let first = typed.next()?;
    if let Some(second) = typed.next() {
        terms.repeated(second, term);
    }
    terms.identifier(first, "cbc:ID", term)
}

/// Whether a document reference has this type code (UNTDID 1001).
pub(super) fn has_type(reference: Node<'_>, code: &str) -> bool {
    all(reference, "cbc:DocumentTypeCode").any(|node| node.trimmed() == code)
}

/// BG-3.
fn read_preceding<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Vec<PrecedingInvoice> {
    all(root, "cac:BillingReference")
        .flat_map(|reference| all(reference, "cac:InvoiceDocumentReference"))
        .map(|reference| PrecedingInvoice {
            number: terms.required_text(reference, "cbc:ID", "BT-25"),
            issued_on: terms.date(reference, "cbc:IssueDate", "BT-26"),
        })
        .collect()
}

/// BG-13 with BG-15; none where it says nothing.
fn read_delivery<'d>(terms: &mut Terms<'d>, root: Node<'d>) -> Option<DeliveryInformation> {
    let group = terms.one(root, "cac:Delivery", "BG-13")?;
    let delivery = DeliveryInformation {
        name: terms.text(group, "cac:DeliveryParty/cac:PartyName/cbc:Name", "BT-70"),
        location: terms.identifier(group, "cac:DeliveryLocation/cbc:ID", "BT-71"),
        delivered_on: terms.date(group, "cbc:ActualDeliveryDate", "BT-72"),
        address: party::read_address(terms, group, "cac:DeliveryLocation/cac:Address", &party::DELIVERED_TO),
    };
    (delivery != DeliveryInformation::default()).then_some(delivery)
}

/// BG-14, BG-26; none where neither end is given.
pub(super) fn read_period<'d>(terms: &mut Terms<'d>, parent: Node<'d>, from: &str, to: &str) -> Option<Period> {
    let period = Period {
        from: terms.date(parent, "cac:InvoicePeriod/cbc:StartDate", from),
        to: terms.date(parent, "cac:InvoicePeriod/cbc:EndDate", to),
    };
    (period != Period::default()).then_some(period)
}
