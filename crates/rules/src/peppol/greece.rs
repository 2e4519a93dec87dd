//! Greece (GR-R, GR-S): for Greek sellers, whose invoice numbers tell the tax office what they are.

use super::identifiers::{is_greek, is_number};
use super::{Context, after_characters, first_characters, is_party_of, scheme_ids};
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Unjudged, Why};
use crate::vocabulary::{Tag, cac, cbc, root};

const MARK: &str = "##M.AR.K##";
const VERIFICATION: &str = "##INVOICE|URL##";

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>, context: &Context<'_>) {
    let countries = &context.countries;
    let sender = countries.greek_sender;
    let of_seller = |element: Element<'_>| is_party_of(element, cac::AccountingSupplierParty);
    let of_buyer = |element: Element<'_>| is_party_of(element, cac::AccountingCustomerParty);
    let party_is = |question: &dyn Fn(Element<'_>) -> bool| element.parent().is_some_and(question);
    match element.tag() {
        cbc::ID if sender && is_number_of_document(element) => invoice_number(judge, element, context.root),
        root::Invoice | root::CreditNote if sender && countries.seller_address == Some("GR") => document(judge, element),
        cac::Party if sender && of_seller(element) => {
            judge.check("GR-R-002", element, has_name(element));
            judge.check("GR-S-011", element, has_vat_number(element));
        }
        cac::Party if sender && of_buyer(element) => {
            judge.check("GR-R-005", element, has_name(element));
            if countries.greek_receiver {
                judge.check("GR-R-006", element, has_vat_number(element));
            }
        }
        cbc::CompanyID if sender && is_sellers_vat_number(element) => {
            judge.check("GR-R-003", element, is_vat_number(element.text()));
        }
        cac::AdditionalDocumentReference if sender => additional_reference(judge, element, context),
        cbc::EndpointID if countries.greek_supplier && party_is(&of_seller) => {
            judge.check("GR-R-009", element, is_greek_address(element));
        }
        cbc::EndpointID if sender && countries.greek_receiver && party_is(&of_buyer) => {
            judge.check("GR-R-010", element, is_greek_address(element));
        }
        _ => {}
    }
}

fn is_number_of_document(id: Element<'_>) -> bool {
    id.parent().is_some_and(|parent| parent.is_root() && matches!(parent.tag(), root::Invoice | root::CreditNote))
}

fn has_name(party: Element<'_>) -> Checked<'_, bool> {
    Ok(party.only_at(&[cac::PartyName, cbc::Name])?.is_some_and(|name| !name.text().is_empty()))
}

/// EL and a valid tax number.
fn is_vat_number(text: &str) -> bool {
    first_characters(text, 2) == "EL" && is_greek(after_characters(text, 2))
}

/// Exactly one VAT number, and a right one.
fn has_vat_number(party: Element<'_>) -> bool {
    let registrations = party.all(cac::PartyTaxScheme).filter(|registration| is_trimmed_vat(*registration));
    let mut numbers = registrations.flat_map(|registration| registration.all(cbc::CompanyID));
    let number = numbers.next();
    number.is_some_and(|number| is_vat_number(number.text())) && numbers.next().is_none()
}

fn is_trimmed_vat(registration: Element<'_>) -> bool {
    let mut ids = scheme_ids(registration);
    ids.next().is_some_and(|id| id.trimmed() == "VAT") && ids.next().is_none()
}

fn is_sellers_vat_number(id: Element<'_>) -> bool {
    id.is_below(&[cac::PartyTaxScheme, cac::Party, cac::AccountingSupplierParty]) && id.parent().is_some_and(is_trimmed_vat)
}

fn is_greek_address(endpoint: Element<'_>) -> bool {
    endpoint.attribute("schemeID") == Some("9933") && is_greek(endpoint.text())
}

/// The kinds of document that the tax office numbers.
const DOCUMENT_TYPES: [&str; 6] = ["1.1", "1.6", "2.1", "2.4", "5.1", "5.2"];

/// GR-R-001: tax number, date, branch, kind, series and number, parted by bars.
fn invoice_number<'u>(judge: &mut Judge<'_>, id: Element<'u>, document: Element<'u>) {
    let segments: Vec<&str> = if id.text().is_empty() { Vec::new() } else { id.text().split('|').collect() };
    let segment = |number: usize| segments.get(number - 1).copied().unwrap_or_default();
    judge.check("GR-R-001-1", id, segments.len() == 6);
    let tax_number = segment(1);
    let own = [cac::AccountingSupplierParty, cac::Party, cac::PartyTaxScheme];
    let representative = [cac::TaxRepresentativeParty, cac::PartyTaxScheme];
    let is_sellers = |path: &[Tag]| {
        document.any(path, &mut |registration| {
            scheme_ids(registration).any(|scheme| scheme.text() == "VAT")
                && registration.all(cbc::CompanyID).any(|vat| first_characters(after_characters(vat.text(), 2), 9) == tax_number)
        })
    };
    let is_tax_number = tax_number.trim().chars().count() == 9 && is_greek(tax_number);
    judge.check("GR-R-001-2", id, is_tax_number && (is_sellers(&own) || is_sellers(&representative)));
    judge.check(
        "GR-R-001-3",
        id,
        document.only(cbc::IssueDate).map(|issued| is_date_of(segment(2), issued.map_or("", Element::text))),
    );
    let branch = segment(3);
    let is_branch = match branch.trim() {
        "" => Ok(false),
        _ if !is_number(branch) => Ok(false),
        text => match text.parse::<i64>() {
            Ok(number) => Ok(number >= 0),
            Err(_) => Err(Unjudged { why: Why::Number, element: id }),
        },
    };
    judge.check("GR-R-001-4", id, is_branch);
    judge.check("GR-R-001-5", id, DOCUMENT_TYPES.contains(&segment(4)));
    judge.check("GR-R-001-6", id, !segment(5).is_empty());
    judge.check("GR-R-001-7", id, !segment(6).is_empty());
}

/// Is this the issue date (`2026-11-22`) as day, month and year (`22/11/2026`), and a date of these two centuries?
fn is_date_of(text: &str, issued: &str) -> bool {
    let issued: Vec<&str> = issued.split('-').collect();
    let written: Vec<&str> = text.split('/').collect();
    let ([day, month, year, ..], [own_year, own_month, own_day, ..]) = (&written[..], &issued[..]) else {
        return false;
    };
    let within = |text: &str, last: u32| {
        let plain = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
        plain && text.parse().is_ok_and(|number: u32| (1..=last).contains(&number))
    };
    let is_year =
        ["19", "20"].contains(&first_characters(year, 2)) && year.bytes().take(4).filter(u8::is_ascii_digit).count() == 4;
    let same = day == own_day && month == own_month && year == own_year;
    same && within(day, 31) && within(month, 12) && is_year
}

fn describes(reference: Element<'_>, text: &str) -> bool {
    reference.all(cbc::DocumentDescription).any(|description| description.text() == text)
}

/// GR-R-004-1, GR-S-008-1, GR-R-008-2: one registration mark, and at most one address to verify it.
fn document(judge: &mut Judge<'_>, document: Element<'_>) {
    let count =
        |text: &str| document.all(cac::AdditionalDocumentReference).filter(|reference| describes(*reference, text)).count();
    judge.check("GR-R-004-1", document, count(MARK) == 1);
    judge.check("GR-S-008-1", document, count(VERIFICATION) == 1);
    judge.check("GR-R-008-2", document, count(VERIFICATION) <= 1);
}

fn additional_reference(judge: &mut Judge<'_>, reference: Element<'_>, context: &Context<'_>) {
    if context.countries.seller_address == Some("GR") && describes(reference, MARK) {
        for id in reference.all(cbc::ID) {
            let is_positive = id.text().bytes().next().is_some_and(|byte| matches!(byte, b'1'..=b'9'));
            judge.check("GR-R-004-2", id, is_positive);
        }
    }
    if describes(reference, VERIFICATION) {
        let address = reference.only_text(&[cac::Attachment, cac::ExternalReference, cbc::URI]);
        judge.check("GR-R-008-3", reference, address.map(|address| !address.is_empty()));
    }
}
