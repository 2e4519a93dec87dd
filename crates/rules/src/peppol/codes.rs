//! The core rules on codes and dates (PEPPOL-EN16931-CL001 to CL008, F001, P0100 to P0112).

use super::document::Profile;
use super::{Context, Edition};
use crate::codelists;
use crate::judge::Judge;
use crate::ubl::{Element, parse_date};
use crate::vocabulary::{cac, cbc};

/// Document types of the billing edition.
const INVOICE_TYPES: [&str; 26] = [
    "71", "80", "82", "84", "102", "218", "219", "326", "331", "380", "382", "383", "384", "386", "388", "393", "395", "553",
    "575", "623", "780", "817", "870", "875", "876", "877",
];
const CREDIT_NOTE_TYPES: [&str; 5] = ["381", "396", "81", "83", "532"];

/// Document types of the self-billing edition.
const SELF_BILLED_INVOICE_TYPES: [&str; 2] = ["389", "527"];
const SELF_BILLED_CREDIT_NOTE_TYPES: [&str; 1] = ["261"];

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>, context: &Context<'_>) {
    match element.tag() {
        cbc::EmbeddedDocumentBinaryObject => {
            if let Some(kind) = element.attribute("mimeCode") {
                judge.check("PEPPOL-EN16931-CL001", element, codelists::MIME_TYPES.contains(&kind));
            }
        }
        cbc::AllowanceChargeReasonCode => reason(judge, element),
        cbc::DescriptionCode if element.parent_tag() == cac::InvoicePeriod => {
            judge.check("PEPPOL-EN16931-CL006", element, codelists::TAX_POINT_DATES.has(element.trimmed()));
        }
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
        | cbc::PayableAmount => amount(judge, element, context),
        cbc::InvoiceTypeCode => invoice_type(judge, element, context),
        cbc::CreditNoteTypeCode => {
            let known: &[&str] = match context.edition {
                Edition::Billing => &CREDIT_NOTE_TYPES,
                Edition::SelfBilling => &SELF_BILLED_CREDIT_NOTE_TYPES,
            };
            judge.check("PEPPOL-EN16931-P0101", element, !restricts_types(context) || known.contains(&element.trimmed()));
        }
        cbc::IssueDate | cbc::DueDate | cbc::TaxPointDate | cbc::StartDate | cbc::EndDate | cbc::ActualDeliveryDate => {
            let text = element.text();
            judge.check("PEPPOL-EN16931-F001", element, text.chars().count() == 10 && parse_date(text).is_some());
        }
        cbc::EndpointID => {
            if let Some(scheme) = element.attribute("schemeID") {
                judge.check("PEPPOL-EN16931-CL008", element, codelists::PEPPOL_ENDPOINT_SCHEMES.has(scheme));
            }
        }
        cac::TaxCategory => exemption(judge, element),
        _ => {}
    }
}

/// CL002, CL003: the indicator is compared as written here, unlike in EN 16931.
fn reason(judge: &mut Judge<'_>, code: Element<'_>) {
    let Some(parent) = code.parent().filter(|parent| parent.tag() == cac::AllowanceCharge) else {
        return;
    };
    let indicator_is = |wanted: &str| parent.all(cbc::ChargeIndicator).any(|indicator| indicator.text() == wanted);
    if indicator_is("false") {
        judge.check("PEPPOL-EN16931-CL002", code, codelists::ALLOWANCE_REASONS.has(code.trimmed()));
    } else if indicator_is("true") {
        judge.check("PEPPOL-EN16931-CL003", code, codelists::CHARGE_REASONS.has(code.trimmed()));
    }
}

/// CL007 and R051: the currency is one, and the document's own but for the VAT total in the accounting currency.
fn amount(judge: &mut Judge<'_>, amount: Element<'_>, context: &Context<'_>) {
    let currency = amount.attribute("currencyID").unwrap_or_default();
    judge.check("PEPPOL-EN16931-CL007", amount, codelists::PEPPOL_CURRENCIES.has(currency));
    let in_accounting_currency = amount.tag() == cbc::TaxAmount
        && !amount.parent().is_some_and(|parent| match parent.tag() {
            cac::TaxTotal => parent.has(cac::TaxSubtotal),
            cac::TaxSubtotal => true,
            _ => false,
        });
    if !in_accounting_currency {
        let own = amount.attribute("currencyID");
        let same = own.is_some_and(|own| context.currencies.contains(&own));
        judge.check("PEPPOL-EN16931-R051", amount, same);
    }
}

/// Do the profile and the edition restrict the document types? The response profile does so in billing only.
fn restricts_types(context: &Context<'_>) -> bool {
    match context.edition {
        Edition::Billing => context.profile.is_some(),
        Edition::SelfBilling => context.profile == Some(Profile::Billing),
    }
}

fn invoice_type(judge: &mut Judge<'_>, code: Element<'_>, context: &Context<'_>) {
    let known: &[&str] = match context.edition {
        Edition::Billing => &INVOICE_TYPES,
        Edition::SelfBilling => &SELF_BILLED_INVOICE_TYPES,
    };
    judge.check("PEPPOL-EN16931-P0100", code, !restricts_types(context) || known.contains(&code.trimmed()));
    if context.edition == Edition::Billing {
        let german = context.countries.german_seller && context.countries.german_buyer;
        judge.check("PEPPOL-EN16931-P0112", code, !matches!(code.trimmed(), "326" | "384") || german);
    }
}

/// P0104 to P0111: a reason for exemption, the category that it belongs to, and the rule that says so.
const EXEMPTIONS: [(&str, &str, &str); 8] = [
    ("VATEX-EU-G", "G", "PEPPOL-EN16931-P0104"),
    ("VATEX-EU-O", "O", "PEPPOL-EN16931-P0105"),
    ("VATEX-EU-IC", "K", "PEPPOL-EN16931-P0106"),
    ("VATEX-EU-AE", "AE", "PEPPOL-EN16931-P0107"),
    ("VATEX-EU-D", "E", "PEPPOL-EN16931-P0108"),
    ("VATEX-EU-F", "E", "PEPPOL-EN16931-P0109"),
    ("VATEX-EU-I", "E", "PEPPOL-EN16931-P0110"),
    ("VATEX-EU-J", "E", "PEPPOL-EN16931-P0111"),
];

fn exemption(judge: &mut Judge<'_>, category: Element<'_>) {
    let Ok(Some(reason)) = category.only(cbc::TaxExemptionReasonCode) else {
        return;
    };
    let known = EXEMPTIONS.iter().find(|(code, ..)| reason.text().eq_ignore_ascii_case(code));
    if let Some((_, wanted, id)) = known {
        judge.check(id, category, category.only_text(&[cbc::ID]).map(|code| code == *wanted));
    }
}
