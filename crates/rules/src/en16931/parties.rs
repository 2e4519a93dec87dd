//! The rules on seller, buyer, payee and tax representative (EN 16931-1, 6.4.1 and 6.4.2).

use super::usage::is_vat;
use crate::codelists::COUNTRIES;
use crate::judge::Judge;
use crate::ubl::{Checked, Element};
use crate::vocabulary::{Tag, cac, cbc};

/// BR-CO-26: the buyer must be able to tell the seller by some identifier.
pub(super) fn seller(judge: &mut Judge<'_>, seller: Element<'_>) {
    let identified = || -> Checked<'_, bool> {
        for party in seller.all(cac::Party) {
            for scheme in party.all(cac::PartyTaxScheme) {
                if is_vat(scheme)? && scheme.has(cbc::CompanyID) {
                    return Ok(true);
                }
            }
        }
        Ok(seller.exists(&[cac::Party, cac::PartyIdentification, cbc::ID])
            || seller.exists(&[cac::Party, cac::PartyLegalEntity, cbc::CompanyID]))
    };
    judge.check("BR-CO-26", seller, identified());
}

/// BR-17: a payee has a name, and is somebody else than the seller.
pub(super) fn payee(judge: &mut Judge<'_>, payee: Element<'_>) {
    let is_sellers = |own: &[Tag], sellers: &[Tag]| {
        payee.any(own, &mut |value| {
            payee.parent().is_some_and(|document| document.any(sellers, &mut |other| other.text() == value.text()))
        })
    };
    let name = [cac::PartyName, cbc::Name];
    let id = [cac::PartyIdentification, cbc::ID];
    let of_seller = |[first, second]: [Tag; 2]| [cac::AccountingSupplierParty, cac::Party, first, second];
    let holds = payee.exists(&name) && !is_sellers(&name, &of_seller(name)) && !is_sellers(&id, &of_seller(id));
    judge.check("BR-17", payee, holds);
}

/// BR-18, BR-19, BR-56.
pub(super) fn representative(judge: &mut Judge<'_>, representative: Element<'_>) {
    let name = representative.only_text(&[cac::PartyName, cbc::Name]);
    judge.check("BR-18", representative, name.map(|name| !name.is_empty()));
    judge.check("BR-19", representative, representative.has(cac::PostalAddress));
    let vat_id = || -> Checked<'_, bool> {
        for scheme in representative.all(cac::PartyTaxScheme) {
            if is_vat(scheme)? && scheme.has(cbc::CompanyID) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    judge.check("BR-56", representative, vat_id());
}

/// BR-09, BR-11, BR-20, BR-57: an address names its country.
pub(super) fn address(judge: &mut Judge<'_>, address: Element<'_>) {
    let country = [cac::Country, cbc::IdentificationCode];
    let parent = address.parent_tag();
    if address.tag() == cac::Address {
        if address.is_below(&[cac::DeliveryLocation, cac::Delivery]) {
            judge.check("BR-57", address, address.exists(&country));
        }
        return;
    }
    let id = match parent {
        cac::Party if address.is_below(&[cac::Party, cac::AccountingSupplierParty]) => "BR-09",
        cac::Party if address.is_below(&[cac::Party, cac::AccountingCustomerParty]) => "BR-11",
        cac::TaxRepresentativeParty => "BR-20",
        _ => return,
    };
    judge.check(id, address, address.only_text(&country).map(|country| !country.is_empty()));
}

/// BR-62, BR-63: an electronic address says its scheme.
pub(super) fn endpoint(judge: &mut Judge<'_>, endpoint: Element<'_>) {
    let id = if endpoint.is_below(&[cac::Party, cac::AccountingSupplierParty]) {
        "BR-62"
    } else if endpoint.is_below(&[cac::Party, cac::AccountingCustomerParty]) {
        "BR-63"
    } else {
        return;
    };
    judge.check(id, endpoint, endpoint.attribute("schemeID").is_some());
}

/// BR-CO-09: a VAT identifier begins with its country; Greece may say EL.
pub(super) fn tax_scheme(judge: &mut Judge<'_>, scheme: Element<'_>) {
    if !is_vat(scheme).is_ok_and(|vat| vat) {
        return;
    }
    let begins_with_country = || -> Checked<'_, bool> {
        let id = scheme.only(cbc::CompanyID)?.map_or("", Element::text);
        let end = id.char_indices().nth(2).map_or(id.len(), |(end, _)| end);
        let prefix = &id[..end];
        // As published, the prefix is looked for in the list's text, so that a shorter id passes when its letters do.
        let short = prefix.len() < 2 && (prefix.is_empty() || COUNTRIES.codes().iter().any(|code| code.contains(prefix)));
        Ok(prefix == "EL" || COUNTRIES.has(prefix) || short)
    };
    judge.check("BR-CO-09", scheme, begins_with_country());
}
