//! Peppol BIS Billing 3.0: what the network wants beyond EN 16931, and what each country adds.
//!
//! - `document`, `lines`, `codes`: the core rules; `identifiers`: the schemes of identifiers with their check digits;
//! - `countries`: which countries a document is of, as each country's rules ask it;
//! - `denmark`, `germany`, … : the national rules, which self-billing does not have.
//!
//! Rules by their meaning in Peppol BIS Billing 3.0.21 (May 2026) and its self-billing edition; ids are OpenPeppol's,
//! wording and code are ours. Where a country's rule has an odd condition, it is kept and said.

mod codes;
mod countries;
mod denmark;
mod document;
mod germany;
mod greece;
mod iceland;
mod identifiers;
mod italy;
mod lines;
mod netherlands;
mod norway;
mod sweden;

use crate::finding::{Findings, Layer};
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Ubl};
use crate::vocabulary::{Tag, cac, cbc, root};
use countries::Countries;

/// Which edition of the BIS a document follows, by its own customization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edition {
    Billing,
    SelfBilling,
}

/// What the rules ask of the document as a whole, found once: asked again at every line, it would cost lines squared.
struct Context<'u> {
    root: Element<'u>,
    edition: Edition,
    /// The profile is one of those that the edition knows (`01` or `02` in the BIS).
    profile: Option<document::Profile>,
    countries: Countries<'u>,
    is_invoice: bool,
    /// Anywhere in the document, however deep.
    has_payment_means: bool,
    has_order_reference: bool,
    /// The document's currencies as written; one but in broken documents.
    currencies: Vec<&'u str>,
    /// The first and last day of the document's period, where they stand; a document cannot have two of either.
    period: [Checked<'u, Option<Element<'u>>>; 2],
}

const SELF_BILLING: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0";

/// Judges an invoice or credit note by all rules of its edition of the BIS.
pub(crate) fn judge(ubl: &Ubl<'_>, findings: &mut Findings) {
    let mut judge = Judge::new(findings, Layer::Peppol);
    let top = ubl.root();
    let customization = top.child(cbc::CustomizationID).map_or("", Element::trimmed);
    let edition = if customization.starts_with(SELF_BILLING) { Edition::SelfBilling } else { Edition::Billing };
    let context = Context {
        root: top,
        edition,
        profile: document::Profile::of(&mut judge, top, edition),
        countries: Countries::of(top),
        is_invoice: top.tag() == root::Invoice,
        has_payment_means: ubl.elements().any(|element| element.tag() == cac::PaymentMeans),
        has_order_reference: top.exists(&[cac::OrderReference, cbc::ID]),
        currencies: top.all(cbc::DocumentCurrencyCode).map(Element::text).collect(),
        period: [cbc::StartDate, cbc::EndDate].map(|date| top.only_at(&[cac::InvoicePeriod, date])),
    };
    for element in ubl.elements() {
        core(&mut judge, element, &context);
        if edition == Edition::Billing {
            national(&mut judge, element, &context);
        }
    }
}

fn core(judge: &mut Judge<'_>, element: Element<'_>, context: &Context<'_>) {
    // R008: nothing may be empty, whatever its name.
    if element.trimmed().is_empty() && element.children().next().is_none() {
        judge.fire("PEPPOL-EN16931-R008", element);
    }
    match element.tag() {
        root::Invoice | root::CreditNote => document::root(judge, element, context),
        cbc::TaxCurrencyCode => document::tax_currency(judge, element),
        cac::Party => document::party(judge, element),
        cac::PaymentMeans => document::payment_means(judge, element),
        cac::AllowanceCharge => lines::allowance_charge(judge, element),
        cac::InvoiceLine | cac::CreditNoteLine => lines::line(judge, element, context),
        cbc::StartDate | cbc::EndDate => lines::period_date(judge, element, context),
        cbc::BaseQuantity if element.parent_tag() == cac::Price => lines::base_quantity(judge, element, context),
        cbc::EndpointID => identifiers::identifier(judge, element),
        cbc::ID if element.parent_tag() == cac::PartyIdentification => identifiers::identifier(judge, element),
        cbc::CompanyID => identifiers::identifier(judge, element),
        _ => {}
    }
    codes::element(judge, element, context);
}

fn national(judge: &mut Judge<'_>, element: Element<'_>, context: &Context<'_>) {
    let countries = &context.countries;
    if countries.norwegian_seller {
        norway::element(judge, element);
    }
    if countries.danish_seller {
        denmark::element(judge, element, context);
    }
    if countries.italian_seller {
        italy::element(judge, element);
    }
    if countries.swedish_seller {
        sweden::element(judge, element, countries);
    }
    if countries.greek_sender || countries.greek_supplier {
        greece::element(judge, element, context);
    }
    if countries.icelandic_seller {
        iceland::element(judge, element, context);
    }
    if countries.dutch_seller {
        netherlands::element(judge, element, context);
    }
    if countries.german_seller && countries.german_buyer {
        germany::element(judge, element);
    }
}

/// Is this the party of the seller (`AccountingSupplierParty`) or of the buyer?
fn is_party_of(party: Element<'_>, role: Tag) -> bool {
    party.tag() == cac::Party && party.parent_tag() == role
}

/// The texts of a tax registration's schemes, as `PartyTaxScheme[… cac:TaxScheme/cbc:ID …]` compares them.
fn scheme_ids(registration: Element<'_>) -> impl Iterator<Item = Element<'_>> {
    registration.all(cac::TaxScheme).flat_map(|scheme| scheme.all(cbc::ID))
}

/// The first characters of a text, at most so many.
fn first_characters(text: &str, count: usize) -> &str {
    let end = text.char_indices().nth(count).map_or(text.len(), |(end, _)| end);
    &text[..end]
}

/// What follows the first characters of a text.
fn after_characters(text: &str, count: usize) -> &str {
    let start = text.char_indices().nth(count).map_or(text.len(), |(start, _)| start);
    &text[start..]
}

/// Only digits, and exactly so many.
fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}
