//! The domain's invoice as a Finvoice document, group by group in the order of the schema.

use std::borrow::Cow;

use kvitt_domain::invoice::{DocumentKind, Invoice};

use super::values::{BLANK, address, date, from_two, object, optional, text, untdid};
use super::{amounts, party, payment, row};
use crate::element::Element;

/// BT-24 as the schema holds it.
const SPECIFICATION: usize = 35;

pub(super) fn write(invoice: &Invoice) -> Vec<u8> {
    let mut invoice = Cow::Borrowed(invoice);
    if amounts::writes_turned(&invoice) {
        amounts::turn_signs(invoice.to_mut());
    }
    document(&invoice).document()
}

fn document(invoice: &Invoice) -> Element {
    Element::group("Finvoice")
        .attribute("Version", Some("3.0"))
        .children(transmission(invoice))
        .children(party::write_seller(invoice))
        .children(party::write_buyer(invoice))
        .children(party::write_others(invoice))
        .child(details(invoice))
        .children(payment::write_card_and_debit(invoice))
        .children(invoice.lines.iter().map(row::write))
        .child(payment::write_epi(invoice))
        .children(links(invoice))
}

/// The frame of the message, which alone has room for electronic addresses and the specification. The operators, and the time
/// of sending, are for whoever transmits it: until then the operators are blank and the time is the start of the day of issue.
fn transmission(invoice: &Invoice) -> Option<Element> {
    let from = invoice.seller.electronic_address.as_ref();
    let to = invoice.buyer.electronic_address.as_ref();
    let specification = invoice.specification.as_deref().filter(|text| text.chars().count() <= SPECIFICATION);
    if from.is_none() && to.is_none() && specification.is_none() {
        return None;
    }
    let sender = Element::group("MessageSenderDetails").child(address("FromIdentifier", from)).value("FromIntermediator", BLANK);
    let receiver = Element::group("MessageReceiverDetails").child(address("ToIdentifier", to)).value("ToIntermediator", BLANK);
    let message = Element::group("MessageDetails")
        .value("MessageIdentifier", &from_two(&invoice.number, 48))
        .value("MessageTimeStamp", &format!("{}T00:00:00Z", invoice.issued_on))
        .children(optional("SpecificationIdentifier", specification, SPECIFICATION));
    Some(Element::group("MessageTransmissionDetails").child(sender).child(receiver).child(message))
}

fn details(invoice: &Invoice) -> Element {
    let (code, words) = match invoice.kind {
        DocumentKind::Invoice => ("INV01", "INVOICE"),
        DocumentKind::CreditNote => ("INV02", "CREDIT NOTE"),
    };
    let references = &invoice.references;
    let period = invoice.period.unwrap_or_default();
    let group = Element::group("InvoiceDetails")
        .child(Element::leaf("InvoiceTypeCode", code).attribute("CodeListAgencyIdentifier", Some("SPY")))
        .children(untdid("InvoiceTypeCodeUN", Some(&invoice.type_code)))
        .value("InvoiceTypeText", words)
        .value("OriginCode", "Original")
        .children(references.invoiced_object.as_ref().map(|id| object("InvoicedObjectID", id)))
        .child(text("InvoiceNumber", &invoice.number, 20))
        .child(date("InvoiceDate", invoice.issued_on))
        .children(preceding(invoice))
        .children(period.from.map(|from| date("InvoicingPeriodStartDate", from)))
        .children(period.to.map(|to| date("InvoicingPeriodEndDate", to)))
        .children(optional("OrderIdentifier", references.purchase_order.as_deref(), 70))
        .children(optional("OrderConfirmationIdentifier", references.sales_order.as_deref(), 70))
        .children(optional("AgreementIdentifier", references.contract.as_deref(), 70))
        .children(optional("BuyerReferenceIdentifier", references.buyer.as_deref(), 70))
        .children(optional("ProjectReferenceIdentifier", references.project.as_deref(), 70))
        .children(amounts::write_totals(&invoice.totals))
        .children(optional("AccountDimensionText", references.buyer_accounting.as_deref(), 35));
    let notes = invoice.notes.iter().flat_map(|note| row::pieces(&note.text));
    group
        .child(vat_point(invoice))
        .children(invoice.vat_breakdown.iter().map(amounts::write_vat_subtotal))
        .children(notes.map(|piece| Element::leaf("InvoiceFreeText", piece)))
        .children(payment::write_terms(invoice))
        .children(amounts::write_changes(invoice))
        .children(optional("TenderReference", references.tender.as_deref(), 70))
}

/// BG-3: a list since 3.0; the first also where it stood before that.
fn preceding(invoice: &Invoice) -> Vec<Element> {
    let first = invoice.preceding.first();
    let number = first.map(|first| text("OriginalInvoiceNumber", &first.number, 20));
    let issued_on = first.and_then(|first| first.issued_on).map(|issued_on| date("OriginalInvoiceDate", issued_on));
    let list = invoice.preceding.iter().map(|preceding| {
        Element::group("OriginalInvoiceReference")
            .child(text("InvoiceNumber", &preceding.number, 20))
            .children(preceding.issued_on.map(|issued_on| date("InvoiceDate", issued_on)))
    });
    number.into_iter().chain(issued_on).chain(list).collect()
}

/// BT-7, else BT-8: the schema has room for one.
fn vat_point(invoice: &Invoice) -> Element {
    let point = match invoice.tax_point_on {
        Some(on) => Some(date("VatPointDate", on)),
        None => untdid("VatPointDateCode", invoice.tax_point_code.as_deref()),
    };
    Element::group("VatPoint").children(point)
}

/// BT-124 with its reference. Files travel as messages of their own, so that no file stands here.
fn links(invoice: &Invoice) -> Vec<Element> {
    let linked = || invoice.attachments.iter().filter_map(|attachment| Some((&attachment.id, attachment.location.as_ref()?)));
    let names = linked().map(|(id, _)| text("InvoiceUrlNameText", id, 512));
    let places = linked().map(|(_, location)| text("InvoiceUrlText", location, 512));
    names.chain(places).collect()
}
