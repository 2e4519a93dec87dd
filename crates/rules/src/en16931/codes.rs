//! The rules on codes (BR-CL): each coded value is on its list.

use super::usage::is_charge;
use crate::codelists::{self, CodeList};
use crate::judge::Judge;
use crate::ubl::Element;
use crate::vocabulary::{cac, cbc};

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>) {
    match element.tag() {
        cbc::InvoiceTypeCode => text(judge, "BR-CL-01", element, &codelists::DOCUMENT_TYPES_INVOICE),
        cbc::CreditNoteTypeCode => text(judge, "BR-CL-01", element, &codelists::DOCUMENT_TYPES_CREDIT_NOTE),
        cbc::Amount
        | cbc::BaseAmount
        | cbc::PriceAmount
        | cbc::TaxAmount
        | cbc::TaxableAmount
        | cbc::LineExtensionAmount
        | cbc::TaxExclusiveAmount
        | cbc::TaxInclusiveAmount
        | cbc::AllowanceTotalAmount
        | cbc::ChargeTotalAmount
        | cbc::PrepaidAmount
        | cbc::PayableRoundingAmount
        | cbc::PayableAmount => {
            let currency = element.attribute("currencyID").unwrap_or_default();
            judge.check("BR-CL-03", element, codelists::CURRENCIES.has(trim(currency)));
        }
        cbc::DocumentCurrencyCode => text(judge, "BR-CL-04", element, &codelists::CURRENCIES),
        cbc::TaxCurrencyCode => text(judge, "BR-CL-05", element, &codelists::CURRENCIES),
        cbc::DescriptionCode if element.parent_tag() == cac::InvoicePeriod => {
            text(judge, "BR-CL-06", element, &codelists::TAX_POINT_DATES);
        }
        cbc::ID => identifier(judge, element),
        cbc::CompanyID if element.parent_tag() == cac::PartyLegalEntity => {
            attribute(judge, "BR-CL-11", element, "schemeID", &codelists::IDENTIFIER_SCHEMES);
        }
        cbc::ItemClassificationCode if element.parent_tag() == cac::CommodityClassification => {
            attribute(judge, "BR-CL-13", element, "listID", &codelists::ITEM_CLASSIFICATIONS);
        }
        cbc::IdentificationCode => match element.parent_tag() {
            cac::Country => text(judge, "BR-CL-14", element, &codelists::COUNTRIES),
            cac::OriginCountry => text(judge, "BR-CL-15", element, &codelists::COUNTRIES),
            _ => {}
        },
        cbc::PaymentMeansCode if element.parent_tag() == cac::PaymentMeans => {
            text(judge, "BR-CL-16", element, &codelists::PAYMENT_MEANS);
        }
        cbc::AllowanceChargeReasonCode => reason(judge, element),
        cbc::TaxExemptionReasonCode => {
            let code = element.trimmed();
            let list = &codelists::EXEMPTION_REASONS;
            judge.check("BR-CL-22", element, list.has(code) || list.has(&code.to_uppercase()));
        }
        cbc::InvoicedQuantity | cbc::BaseQuantity | cbc::CreditedQuantity => {
            attribute(judge, "BR-CL-23", element, "unitCode", &codelists::UNITS);
        }
        cbc::EmbeddedDocumentBinaryObject => {
            if let Some(kind) = element.attribute("mimeCode") {
                judge.check("BR-CL-24", element, codelists::MIME_TYPES.contains(&kind));
            }
        }
        cbc::EndpointID => attribute(judge, "BR-CL-25", element, "schemeID", &codelists::ENDPOINT_SCHEMES),
        _ => {}
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

fn text(judge: &mut Judge<'_>, id: &'static str, element: Element<'_>, list: &CodeList) {
    judge.check(id, element, list.has(element.trimmed()));
}

/// The rule speaks only where the attribute stands.
fn attribute(judge: &mut Judge<'_>, id: &'static str, element: Element<'_>, name: &str, list: &CodeList) {
    if let Some(code) = element.attribute(name) {
        judge.check(id, element, list.has(trim(code)));
    }
}

fn identifier(judge: &mut Judge<'_>, id: Element<'_>) {
    let Some(parent) = id.parent() else { return };
    match parent.tag() {
        cac::AdditionalDocumentReference | cac::DocumentReference if is_object(parent) => {
            attribute(judge, "BR-CL-07", id, "schemeID", &codelists::REFERENCE_QUALIFIERS);
        }
        cac::PartyIdentification => {
            // A SEPA creditor identifier has a scheme of its own, for seller and payee only.
            let is_creditor = id.attribute("schemeID").is_some_and(|scheme| trim(scheme) == "SEPA")
                && (id.is_below(&[cac::PartyIdentification, cac::Party, cac::AccountingSupplierParty])
                    || id.is_below(&[cac::PartyIdentification, cac::PayeeParty]));
            if !is_creditor {
                attribute(judge, "BR-CL-10", id, "schemeID", &codelists::IDENTIFIER_SCHEMES);
            }
        }
        cac::TaxCategory => text(judge, "BR-CL-17", id, &codelists::VAT_CATEGORIES),
        cac::ClassifiedTaxCategory => text(judge, "BR-CL-18", id, &codelists::VAT_CATEGORIES),
        cac::StandardItemIdentification => {
            attribute(judge, "BR-CL-21", id, "schemeID", &codelists::IDENTIFIER_SCHEMES);
        }
        cac::DeliveryLocation => attribute(judge, "BR-CL-26", id, "schemeID", &codelists::IDENTIFIER_SCHEMES),
        _ => {}
    }
}

/// Does this reference name an invoiced object rather than a document?
fn is_object(reference: Element<'_>) -> bool {
    reference.all(cbc::DocumentTypeCode).any(|kind| kind.text() == "130")
}

fn reason(judge: &mut Judge<'_>, code: Element<'_>) {
    let Some(parent) = code.parent().filter(|parent| parent.tag() == cac::AllowanceCharge) else {
        return;
    };
    match is_charge(parent) {
        Ok(Some(false)) => text(judge, "BR-CL-19", code, &codelists::ALLOWANCE_REASONS),
        Ok(Some(true)) => text(judge, "BR-CL-20", code, &codelists::CHARGE_REASONS),
        _ => {}
    }
}
