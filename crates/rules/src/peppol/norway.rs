//! Norway (NO-R): for Norwegian sellers.

use super::identifiers::is_norwegian;
use super::{after_characters, first_characters, is_party_of, scheme_ids};
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Unjudged, Why};
use crate::vocabulary::{cac, cbc};

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>) {
    if !is_party_of(element, cac::AccountingSupplierParty) {
        return;
    }
    judge.check("NO-R-002", element, is_in_register(element));
    judge.check("NO-R-001", element, vat_number_is_right(element));
}

/// The party's registrations under one scheme, trimmed; a registration with two schemes cannot be compared.
fn registrations<'u>(party: Element<'u>, scheme: &'static str) -> impl Iterator<Item = Checked<'u, Element<'u>>> {
    party.all(cac::PartyTaxScheme).filter_map(move |registration| {
        let mut ids = scheme_ids(registration);
        let first = ids.next().map_or("", Element::trimmed);
        match ids.next() {
            Some(element) => Some(Err(Unjudged { why: Why::Repeated, element })),
            None => (first == scheme).then_some(Ok(registration)),
        }
    })
}

/// NO-R-002: companies with limited liability say that they stand in the register of business enterprises
/// (foretaksregisterloven § 10-2).
fn is_in_register(party: Element<'_>) -> Checked<'_, bool> {
    let mut found = None;
    for registration in registrations(party, "TAX") {
        for id in registration?.all(cbc::CompanyID) {
            if found.is_some() {
                return Err(Unjudged { why: Why::Repeated, element: id });
            }
            found = Some(id.trimmed());
        }
    }
    Ok(found == Some("Foretaksregisteret"))
}

/// NO-R-001: a VAT number that begins with NO is an organisation number between NO and MVA.
fn vat_number_is_right(party: Element<'_>) -> Checked<'_, bool> {
    let mut numbers = Vec::new();
    for registration in registrations(party, "VAT") {
        numbers.push(registration?.only(cbc::CompanyID)?.map_or("", Element::text));
    }
    if !numbers.iter().any(|number| first_characters(number, 2) == "NO") {
        return Ok(true);
    }
    let [number] = numbers[..] else {
        return Err(Unjudged { why: Why::Repeated, element: party });
    };
    let rest = after_characters(number, 2);
    Ok(rest.strip_suffix("MVA").is_some_and(is_norwegian))
}
