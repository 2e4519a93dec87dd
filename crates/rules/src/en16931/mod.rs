//! EN 16931-1 in UBL: what every European invoice must hold, 979 rules in three groups that judge side by side.
//!
//! - the model (`document`, `parties`, `totals`, `lines`, `vat` with `usage`): BR, BR-CO, BR-DEC and the VAT families;
//! - the syntax (`syntax`, `restrictions`): UBL-SR, UBL-DT, UBL-CR;
//! - the code lists (`codes`): BR-CL.
//!
//! Within a group an element is judged by the first rule context that fits it, as the validation artefacts
//! (1.3.16) do; each function here is one such context or several that exclude each other. One walk over the document
//! asks each element's name, so that a rule costs nothing where it has nothing to say.
//!
//! The rules' meaning is EN 16931-1:2017, sections 6.4 and 6.5, © CEN, and CEN/TS 16931-3-2; the wording and the code
//! are ours.

mod codes;
mod document;
mod lines;
mod parties;
pub(crate) mod restrictions;
mod syntax;
mod totals;
mod usage;
mod vat;

use crate::finding::{Findings, Layer};
use crate::judge::Judge;
use crate::ubl::{Element, Ubl};
use crate::vocabulary::{cac, cbc, root};
use restrictions::Place;
use usage::Usage;

/// Judges an invoice or credit note by all rules of EN 16931.
pub(crate) fn judge(ubl: &Ubl<'_>, findings: &mut Findings) {
    let mut judge = Judge::new(findings, Layer::En16931);
    let top = ubl.root();
    let usage = Usage::of(ubl, &mut judge);
    document::root(&mut judge, ubl, top);
    vat::document(&mut judge, top, &usage);
    syntax::root(&mut judge, ubl, top);
    visit(&mut judge, top, Some(Place::ROOT), &usage);
}

fn visit(judge: &mut Judge<'_>, element: Element<'_>, place: Option<Place>, usage: &Usage) {
    if let Some(place) = place {
        for rule in place.forbidden_by() {
            judge.fire_once(restrictions::id(*rule), element);
        }
    }
    model(judge, element, usage);
    syntax::element(judge, element);
    codes::element(judge, element);
    for child in element.children() {
        visit(judge, child, place.and_then(|place| place.step(child.tag())), usage);
    }
}

fn model(judge: &mut Judge<'_>, element: Element<'_>, usage: &Usage) {
    match element.tag() {
        cac::AdditionalDocumentReference => document::additional_reference(judge, element),
        cac::BillingReference => document::billing_reference(judge, element),
        cac::PaymentMeans => document::payment_means(judge, element),
        cac::PayeeFinancialAccount => document::payee_account(judge, element),
        cbc::PrimaryAccountNumberID => document::card_number(judge, element),
        cbc::Note => document::note(judge, element),
        cac::AccountingSupplierParty => parties::seller(judge, element),
        cac::PayeeParty => parties::payee(judge, element),
        cac::TaxRepresentativeParty => parties::representative(judge, element),
        cac::PostalAddress | cac::Address => parties::address(judge, element),
        cbc::EndpointID => parties::endpoint(judge, element),
        cac::PartyTaxScheme => parties::tax_scheme(judge, element),
        cac::LegalMonetaryTotal => totals::monetary_total(judge, element),
        cac::TaxTotal => totals::tax_total(judge, element),
        cac::TaxSubtotal => totals::tax_subtotal(judge, element),
        cac::AllowanceCharge => totals::allowance_charge(judge, element),
        cac::InvoiceLine | cac::CreditNoteLine => lines::line(judge, element),
        cac::InvoicePeriod => lines::period(judge, element),
        cac::AdditionalItemProperty => lines::property(judge, element),
        cbc::ItemClassificationCode => lines::classification(judge, element),
        cac::StandardItemIdentification => lines::standard_identification(judge, element),
        cac::TaxCategory => {
            let Some(parent) = element.parent() else {
                return;
            };
            match parent.tag() {
                cac::AllowanceCharge => vat::allowance_charge(judge, element, parent),
                cac::TaxSubtotal if is_own_subtotal(parent) => vat::breakdown(judge, element, usage),
                _ => {}
            }
        }
        cac::ClassifiedTaxCategory if is_line_item(element) => vat::item(judge, element),
        _ => {}
    }
}

/// A tax subtotal of the document itself.
fn is_own_subtotal(subtotal: Element<'_>) -> bool {
    let total = subtotal.parent().filter(|total| total.tag() == cac::TaxTotal);
    total.and_then(Element::parent).is_some_and(Element::is_root)
}

/// Something of a line's item.
fn is_line_item(element: Element<'_>) -> bool {
    element.is_below(&[cac::Item, cac::InvoiceLine]) || element.is_below(&[cac::Item, cac::CreditNoteLine])
}

/// Is this the document, or a child of it?
fn is_of_document(element: Element<'_>) -> bool {
    let Some(parent) = element.parent() else {
        return false;
    };
    parent.is_root() && matches!(parent.tag(), root::Invoice | root::CreditNote)
}

/// Does the text have at most two digits after the point? As published: what follows the point, white space too.
fn has_cents_at_most(amount: Element<'_>) -> bool {
    amount.text().split_once('.').is_none_or(|(_, after)| after.chars().nth(2).is_none())
}
