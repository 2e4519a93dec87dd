//! The domain's invoice as a UBL document, group by group in the order of the UBL 2.1 schemas.

use jiff::civil::Date;
use kvitt_domain::Currency;
use kvitt_domain::invoice::{DeliveryInformation, DocumentKind, Identifier, Invoice, Note, Period};

use super::{CAC, CBC, amounts, attachments, line, names, party, payment};
use crate::element::Element;

pub(super) fn write(invoice: &Invoice) -> Vec<u8> {
    document(invoice).document()
}

fn document(invoice: &Invoice) -> Element {
    let names = names(invoice.kind);
    let root = Element::group(names.root)
        .attribute("xmlns", Some(names.namespace))
        .attribute("xmlns:cac", Some(CAC))
        .attribute("xmlns:cbc", Some(CBC));
    references(header(root, invoice), invoice)
        .children(party::write_parties(invoice))
        .children(invoice.delivery.as_ref().map(delivery))
        .children(payment::write(invoice))
        .child(Element::group("cac:PaymentTerms").optional("cbc:Note", invoice.payment_terms.as_deref()))
        .children(invoice.allowances_and_charges.iter().map(amounts::write_allowance_or_charge))
        .children(amounts::write_tax_totals(invoice))
        .child(amounts::write_totals(&invoice.totals))
        .children(invoice.lines.iter().map(|line| line::write(line, invoice.kind)))
}

fn header(root: Element, invoice: &Invoice) -> Element {
    let tax_point = invoice.tax_point_on.map(date);
    let type_code = Element::leaf(names(invoice.kind).type_code, &*invoice.type_code);
    let notes = invoice.notes.iter().map(note);
    let root = root
        .optional("cbc:CustomizationID", invoice.specification.as_deref())
        .optional("cbc:ProfileID", invoice.process.as_deref())
        .value("cbc:ID", &invoice.number)
        .value("cbc:IssueDate", &date(invoice.issued_on));
    // The two schemas disagree on the place of the tax point date, and only the invoice has a due date here.
    let root = match invoice.kind {
        DocumentKind::Invoice => root
            .optional("cbc:DueDate", invoice.due_on.map(date).as_deref())
            .child(type_code)
            .children(notes)
            .optional("cbc:TaxPointDate", tax_point.as_deref()),
        DocumentKind::CreditNote => root.optional("cbc:TaxPointDate", tax_point.as_deref()).child(type_code).children(notes),
    };
    root.value("cbc:DocumentCurrencyCode", invoice.currency.code())
        .optional("cbc:TaxCurrencyCode", invoice.tax_currency.map(Currency::code))
        .optional("cbc:AccountingCost", invoice.references.buyer_accounting.as_deref())
        .optional("cbc:BuyerReference", invoice.references.buyer.as_deref())
        .child(
            period_group(invoice.period.unwrap_or_default()).optional("cbc:DescriptionCode", invoice.tax_point_code.as_deref()),
        )
}

/// BG-1: EN 16931-3-2 puts the subject code before the text, between number signs.
fn note(note: &Note) -> Element {
    match &note.subject_code {
        Some(code) => Element::leaf("cbc:Note", format!("#{code}#{}", note.text)),
        None => Element::leaf("cbc:Note", &*note.text),
    }
}

fn references(root: Element, invoice: &Invoice) -> Element {
    let references = &invoice.references;
    // UBL wants an order number wherever there is an order reference; Peppol BIS Billing 3 (BT-14) fills in NA.
    let order = references.purchase_order.as_deref().or(references.sales_order.as_ref().map(|_| "NA"));
    let root = root
        .child(
            Element::group("cac:OrderReference")
                .optional("cbc:ID", order)
                .optional("cbc:SalesOrderID", references.sales_order.as_deref()),
        )
        .children(invoice.preceding.iter().map(|preceding| {
            Element::group("cac:BillingReference").child(
                Element::group("cac:InvoiceDocumentReference")
                    .value("cbc:ID", &preceding.number)
                    .optional("cbc:IssueDate", preceding.issued_on.map(date).as_deref()),
            )
        }))
        .child(reference("cac:DespatchDocumentReference", references.despatch_advice.as_deref()))
        .child(reference("cac:ReceiptDocumentReference", references.receiving_advice.as_deref()));
    let originator = reference("cac:OriginatorDocumentReference", references.tender.as_deref());
    let contract = reference("cac:ContractDocumentReference", references.contract.as_deref());
    let object =
        references.invoiced_object.as_ref().map(|object| document_reference_of_object("cac:AdditionalDocumentReference", object));
    let supporting = attachments::write(invoice);
    match invoice.kind {
        DocumentKind::Invoice => root
            .child(originator)
            .child(contract)
            .children(object)
            .children(supporting)
            .child(reference("cac:ProjectReference", references.project.as_deref())),
        // A credit note has no project reference: EN 16931-3-2 makes it a document of type 50.
        DocumentKind::CreditNote => root
            .child(contract)
            .children(object)
            .children(references.project.as_ref().map(|project| {
                Element::group("cac:AdditionalDocumentReference").value("cbc:ID", project).value("cbc:DocumentTypeCode", "50")
            }))
            .children(supporting)
            .child(originator),
    }
}

fn reference(group: &'static str, id: Option<&str>) -> Element {
    Element::group(group).optional("cbc:ID", id)
}

/// BT-18, BT-128: a document reference of type 130.
pub(super) fn document_reference_of_object(group: &'static str, object: &Identifier) -> Element {
    Element::group(group).child(identifier("cbc:ID", object)).value("cbc:DocumentTypeCode", "130")
}

fn delivery(delivery: &DeliveryInformation) -> Element {
    let location = Element::group("cac:DeliveryLocation")
        .children(delivery.location.as_ref().map(|location| identifier("cbc:ID", location)))
        .children(delivery.address.as_ref().map(|address| party::write_address("cac:Address", address)));
    let name = Element::group("cac:PartyName").optional("cbc:Name", delivery.name.as_deref());
    Element::group("cac:Delivery")
        .optional("cbc:ActualDeliveryDate", delivery.delivered_on.map(date).as_deref())
        .child(location)
        .child(Element::group("cac:DeliveryParty").child(name))
}

/// BG-14, BG-26, empty where there is no period.
pub(super) fn period_group(period: Period) -> Element {
    Element::group("cac:InvoicePeriod")
        .optional("cbc:StartDate", period.from.map(date).as_deref())
        .optional("cbc:EndDate", period.to.map(date).as_deref())
}

/// An identifier with its scheme.
pub(super) fn identifier(name: &'static str, id: &Identifier) -> Element {
    Element::leaf(name, &*id.value).attribute("schemeID", id.scheme.as_deref())
}

/// ISO 8601, as xsd:date without a zone.
pub(super) fn date(date: Date) -> String {
    date.to_string()
}
