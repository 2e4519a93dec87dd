//! The core rules on the document, its parties and its payment (PEPPOL-EN16931-R001 to R020, R053 to R061, R080).

use super::{Context, Edition};
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Unjudged, Why, to_double};
use crate::vocabulary::{Tag, cac, cbc, root};

/// The business processes of the BIS. Which document types may be sent depends on it (P0100, P0101).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    Billing,
    BillingWithResponse,
}

impl Profile {
    /// The profile that the document names; none when it is not one of its edition's.
    pub(super) fn of(judge: &mut Judge<'_>, root: Element<'_>, edition: Edition) -> Option<Profile> {
        let own = match edition {
            Edition::Billing => "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
            Edition::SelfBilling => "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0",
        };
        match judge.value(root.only_text(&[cbc::ProfileID]))? {
            "urn:peppol:bis:billing_with_response" => Some(Profile::BillingWithResponse),
            "urn:peppol:france:billing:regulated" | "urn:peppol:france:billing:non-regulated" => Some(Profile::Billing),
            profile if profile == own => Some(Profile::Billing),
            _ => None,
        }
    }
}

const BILLING: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";

pub(super) fn root(judge: &mut Judge<'_>, document: Element<'_>, context: &Context<'_>) {
    let countries = &context.countries;
    judge.check("PEPPOL-EN16931-R001", document, document.has(cbc::ProfileID));
    judge.check("PEPPOL-EN16931-R007", document, context.profile.is_some());
    let german = countries.german_seller && countries.german_buyer;
    judge.check("PEPPOL-EN16931-R002", document, document.count(cbc::Note) <= 1 || german);
    let reference = document.has(cbc::BuyerReference) || document.exists(&[cac::OrderReference, cbc::ID]);
    judge.check("PEPPOL-EN16931-R003", document, reference);
    let wanted = match context.edition {
        Edition::Billing => BILLING,
        Edition::SelfBilling => super::SELF_BILLING,
    };
    let customization = document.only_text(&[cbc::CustomizationID]);
    let is_peppol = customization.map(|text| text.starts_with(wanted) && !text.contains("::"));
    judge.check("PEPPOL-EN16931-R004", document, is_peppol);
    let with_breakdown = document.all(cac::TaxTotal).filter(|total| total.has(cac::TaxSubtotal)).count();
    judge.check("PEPPOL-EN16931-R053", document, with_breakdown == 1);
    let without = document.count(cac::TaxTotal) - with_breakdown;
    judge.check("PEPPOL-EN16931-R054", document, without == usize::from(document.has(cbc::TaxCurrencyCode)));
    judge.check("PEPPOL-EN16931-R055", document, signs_agree(document));
    if document.tag() == root::CreditNote {
        let projects = document
            .all(cac::AdditionalDocumentReference)
            .filter(|reference| reference.all(cbc::DocumentTypeCode).any(|kind| kind.text() == "50"));
        judge.check("PEPPOL-EN16931-R080", document, projects.count() <= 1);
    }
}

/// R055: the VAT totals in both currencies have the same sign; zero has either.
fn signs_agree(document: Element<'_>) -> Checked<'_, bool> {
    if !document.has(cbc::TaxCurrencyCode) {
        return Ok(true);
    }
    // Whether any total in that currency is at most, and at least, zero.
    let signs = |currency: Tag| -> Checked<'_, (bool, bool)> {
        let currency = document.only_text(&[currency])?;
        let (mut at_most, mut at_least) = (false, false);
        for amount in document.all(cac::TaxTotal).flat_map(|total| total.all(cbc::TaxAmount)) {
            if amount.attribute("currencyID") != Some(currency) {
                continue;
            }
            let number = to_double(amount.text());
            if number.is_nan() {
                return Err(Unjudged { why: Why::Number, element: amount });
            }
            at_most |= number <= 0.0;
            at_least |= number >= 0.0;
        }
        Ok((at_most, at_least))
    };
    let accounting = signs(cbc::TaxCurrencyCode)?;
    let invoice = signs(cbc::DocumentCurrencyCode)?;
    Ok((accounting.0 && invoice.0) || (accounting.1 && invoice.1))
}

pub(super) fn tax_currency(judge: &mut Judge<'_>, currency: Element<'_>) {
    let differs = || -> Checked<'_, bool> {
        let Some(document) = currency.parent() else {
            return Ok(true);
        };
        let other = document.only(cbc::DocumentCurrencyCode)?;
        // With nothing to compare both are empty texts, which are the same.
        Ok(other.map_or("", Element::trimmed) != currency.trimmed())
    };
    judge.check("PEPPOL-EN16931-R005", currency, differs());
}

/// R010, R020: both parties have an electronic address.
pub(super) fn party(judge: &mut Judge<'_>, party: Element<'_>) {
    let id = match party.parent_tag() {
        cac::AccountingCustomerParty => "PEPPOL-EN16931-R010",
        cac::AccountingSupplierParty => "PEPPOL-EN16931-R020",
        _ => return,
    };
    judge.check(id, party, party.has(cbc::EndpointID));
}

/// R061: direct debit names its mandate.
pub(super) fn payment_means(judge: &mut Judge<'_>, means: Element<'_>) {
    // A means with two codes fits no context.
    if means.only_text(&[cbc::PaymentMeansCode]).is_ok_and(|code| matches!(code, "49" | "59")) {
        judge.check("PEPPOL-EN16931-R061", means, means.exists(&[cac::PaymentMandate, cbc::ID]));
    }
}
