//! Which countries a document is of.
//!
//! The national rules do not agree on how to tell. Norway, Italy and Greece take the VAT number's first letters, else
//! the tax representative's, else the address; Denmark and Iceland the address as written; Germany and the Netherlands
//! the address trimmed, in any case; Sweden the address as written and sometimes the VAT number too. Each is kept.

use super::{first_characters, scheme_ids};
use crate::ubl::{Checked, Element, Unjudged, Why};
use crate::vocabulary::{Tag, cac, cbc};

pub(super) struct Countries<'u> {
    pub(super) norwegian_seller: bool,
    pub(super) italian_seller: bool,
    pub(super) danish_seller: bool,
    pub(super) danish_buyer: bool,
    pub(super) icelandic_seller: bool,
    pub(super) icelandic_buyer: bool,
    /// By address alone; [`Countries::swedish_vat`] says whether the VAT number agrees.
    pub(super) swedish_seller: bool,
    pub(super) swedish_vat: bool,
    pub(super) swedish_buyer: bool,
    pub(super) german_seller: bool,
    pub(super) german_buyer: bool,
    pub(super) dutch_seller: bool,
    pub(super) dutch_buyer: bool,
    pub(super) dutch_representative: bool,
    /// Greece counts the tax representative for the sender, but not for the supplier's electronic address.
    pub(super) greek_sender: bool,
    pub(super) greek_supplier: bool,
    pub(super) greek_receiver: bool,
    /// The seller's country in the address, exactly as written.
    pub(super) seller_address: Option<&'u str>,
}

const ADDRESS: [Tag; 3] = [cac::PostalAddress, cac::Country, cbc::IdentificationCode];
const SELLER: [Tag; 5] = party_address(cac::AccountingSupplierParty);
const BUYER: [Tag; 5] = party_address(cac::AccountingCustomerParty);
const REPRESENTATIVE: [Tag; 4] = [cac::TaxRepresentativeParty, ADDRESS[0], ADDRESS[1], ADDRESS[2]];

const fn party_address(role: Tag) -> [Tag; 5] {
    [role, cac::Party, ADDRESS[0], ADDRESS[1], ADDRESS[2]]
}

impl<'u> Countries<'u> {
    /// Where a country cannot be told (two addresses, two VAT numbers), the rules of no country apply, as published.
    pub(super) fn of(top: Element<'u>) -> Countries<'u> {
        let address = |path: &[Tag]| top.only_at(path).ok().flatten();
        let (seller, buyer) = (address(&SELLER), address(&BUYER));
        let representative = address(&REPRESENTATIVE);
        let written = |place: Option<Element<'_>>, code: &str| place.is_some_and(|place| place.text() == code);
        let meant =
            |place: Option<Element<'_>>, code: &str| place.is_some_and(|place| place.trimmed().eq_ignore_ascii_case(code));
        let supplier_vat = vat_country(top, &[cac::AccountingSupplierParty, cac::Party]);
        let representative_vat = vat_country(top, &[cac::TaxRepresentativeParty]);
        let customer_vat = vat_country(top, &[cac::AccountingCustomerParty, cac::Party]);
        let is = |vat: Checked<'u, Option<&str>>, place: Option<Element<'_>>, code: &str| match vat {
            Ok(Some(vat)) => vat.trim().eq_ignore_ascii_case(code),
            Ok(None) => meant(place, code),
            Err(_) => false,
        };
        let seller_vat = match supplier_vat {
            Ok(None) => representative_vat,
            own => own,
        };
        let seller_is = |code: &str| is(seller_vat, seller, code);
        let supplier_is = |code: &str| is(supplier_vat, seller, code);
        let customer_is = |code: &str| is(customer_vat, buyer, code);
        Countries {
            norwegian_seller: seller_is("NO"),
            italian_seller: seller_is("IT"),
            danish_seller: written(seller, "DK"),
            danish_buyer: written(buyer, "DK"),
            icelandic_seller: written(seller, "IS"),
            icelandic_buyer: written(buyer, "IS"),
            swedish_seller: written(seller, "SE"),
            swedish_vat: written(seller, "SE") && has_swedish_vat(top),
            swedish_buyer: written(buyer, "SE"),
            german_seller: meant(seller, "DE"),
            german_buyer: meant(buyer, "DE"),
            dutch_seller: meant(seller, "NL"),
            dutch_buyer: meant(buyer, "NL"),
            dutch_representative: meant(representative, "NL"),
            greek_sender: seller_is("GR") || seller_is("EL"),
            greek_supplier: supplier_is("GR") || supplier_is("EL"),
            greek_receiver: customer_is("GR") || customer_is("EL"),
            seller_address: seller.map(Element::text),
        }
    }
}

/// The first two characters of the one VAT number of these parties; none when there is none or it is empty.
fn vat_country<'u>(top: Element<'u>, parties: &[Tag]) -> Checked<'u, Option<&'u str>> {
    let mut found = None;
    let mut unjudged = None;
    top.any(parties, &mut |party| {
        for registration in party.all(cac::PartyTaxScheme) {
            if !scheme_ids(registration).any(|id| id.text() == "VAT") {
                continue;
            }
            if found.is_some() {
                unjudged = Some(Unjudged { why: Why::Repeated, element: registration });
                return true;
            }
            match registration.only(cbc::CompanyID) {
                Ok(id) => found = Some(id.map_or("", |id| first_characters(id.text(), 2))),
                Err(error) => unjudged = Some(error),
            }
        }
        unjudged.is_some()
    });
    match unjudged {
        Some(unjudged) => Err(unjudged),
        None => Ok(found.filter(|country| !country.is_empty())),
    }
}

/// A registration with two numbers fits no context, like everything that cannot be told here.
fn has_swedish_vat(top: Element<'_>) -> bool {
    top.any(&[cac::AccountingSupplierParty, cac::Party, cac::PartyTaxScheme], &mut |registration| {
        scheme_ids(registration).any(|id| id.text() == "VAT")
            && registration.only(cbc::CompanyID).is_ok_and(|id| id.is_some_and(|id| first_characters(id.text(), 2) == "SE"))
    })
}
