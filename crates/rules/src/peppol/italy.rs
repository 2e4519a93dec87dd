//! Italy (IT-R): for Italian sellers.

use super::{is_party_of, scheme_ids};
use crate::judge::Judge;
use crate::ubl::Element;
use crate::vocabulary::{cac, cbc};

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>) {
    match element.tag() {
        cac::PartyTaxScheme if element.is_below(&[cac::Party, cac::AccountingSupplierParty]) => {
            let mut schemes = scheme_ids(element);
            let scheme = schemes.next().map_or("", Element::trimmed);
            if schemes.next().is_none() && scheme != "VAT" {
                judge.check("IT-R-001", element, element.only_text(&[cbc::CompanyID]).map(is_tax_code));
            }
        }
        cac::Party if is_party_of(element, cac::AccountingSupplierParty) => {
            for (id, part) in [("IT-R-002", cbc::StreetName), ("IT-R-003", cbc::CityName), ("IT-R-004", cbc::PostalZone)] {
                judge.check(id, element, element.exists(&[cac::PostalAddress, part]));
            }
        }
        _ => {}
    }
}

/// Eleven to sixteen capital letters and digits.
fn is_tax_code(text: &str) -> bool {
    (11..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
