//! The Netherlands (NL-R): for Dutch sellers, some rules only when the other party is Dutch too.

use super::Context;
use crate::decimal::Decimal;
use crate::judge::Judge;
use crate::ubl::{Checked, Element};
use crate::vocabulary::{cac, cbc, root};

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>, context: &Context<'_>) {
    let domestic = context.countries.dutch_buyer;
    match element.tag() {
        cbc::CreditNoteTypeCode => {
            let path = [cac::BillingReference, cac::InvoiceDocumentReference, cbc::ID];
            judge.check("NL-R-001", element, context.root.exists(&path));
        }
        cac::PostalAddress => address(judge, element, context),
        cbc::CompanyID if element.is_below(&[cac::PartyLegalEntity, cac::Party, cac::AccountingSupplierParty]) => {
            judge.check("NL-R-003", element, is_kvk_or_oin(element));
        }
        cbc::CompanyID if element.is_below(&[cac::PartyLegalEntity, cac::Party, cac::AccountingCustomerParty]) => {
            judge.check("NL-R-005", element, !domestic || is_kvk_or_oin(element));
        }
        cac::LegalMonetaryTotal => judge.check("NL-R-007", element, names_payment_means(element, context)),
        cac::PaymentMeans if domestic => {
            let code = element.only_text(&[cbc::PaymentMeansCode]);
            let known = code.map(|code| matches!(code, "30" | "48" | "49" | "57" | "58" | "59"));
            judge.check("NL-R-008", element, known);
        }
        cbc::LineID if element.parent_tag() == cac::OrderLineReference => {
            judge.check("NL-R-009", element, context.has_order_reference);
        }
        _ => {}
    }
}

/// NL-R-002, NL-R-004, NL-R-006: street, city and postal code.
fn address(judge: &mut Judge<'_>, address: Element<'_>, context: &Context<'_>) {
    let countries = &context.countries;
    let id = if address.is_below(&[cac::Party, cac::AccountingSupplierParty]) {
        "NL-R-002"
    } else if countries.dutch_buyer && address.is_below(&[cac::Party, cac::AccountingCustomerParty]) {
        "NL-R-004"
    } else if countries.dutch_representative && address.parent_tag() == cac::TaxRepresentativeParty {
        "NL-R-006"
    } else {
        return;
    };
    let complete = [cbc::StreetName, cbc::CityName, cbc::PostalZone].iter().all(|part| address.has(*part));
    judge.check(id, address, complete);
}

/// A number of the chamber of commerce (0106) or of the government (0190).
fn is_kvk_or_oin(id: Element<'_>) -> bool {
    let scheme = id.attribute("schemeID").unwrap_or_default();
    scheme.split(' ').any(|word| matches!(word, "0106" | "0190")) && !id.trimmed().is_empty()
}

/// NL-R-007: who wants money says how.
fn names_payment_means<'u>(total: Element<'u>, context: &Context<'_>) -> Checked<'u, bool> {
    let payable = total.decimal(cbc::PayableAmount)?;
    let nothing_due = payable.is_some_and(|payable| match context.root.tag() {
        root::Invoice => payable <= Decimal::ZERO,
        root::CreditNote => payable >= Decimal::ZERO,
        _ => false,
    });
    Ok(nothing_due || context.has_payment_means)
}
