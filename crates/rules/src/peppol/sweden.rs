//! Sweden (SE-R): for sellers with a Swedish address, some rules only with a Swedish VAT number too.

use super::countries::Countries;
use super::identifiers::{is_number, luhn};
use super::{after_characters, first_characters, is_digits, is_party_of, scheme_ids};
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Unjudged, Why, to_double};
use crate::vocabulary::{cac, cbc};

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>, countries: &Countries<'_>) {
    match element.tag() {
        cac::Party if is_party_of(element, cac::AccountingSupplierParty) => {
            if countries.swedish_vat {
                vat_number(judge, element);
            }
            if element.exists(&[cac::PartyLegalEntity, cbc::CompanyID]) {
                element.all(cac::PartyTaxScheme).for_each(|registration| tax_registration(judge, registration));
            }
        }
        cac::PartyLegalEntity if element.is_below(&[cac::Party, cac::AccountingSupplierParty]) => {
            legal_entity(judge, element);
        }
        cac::TaxCategory | cac::ClassifiedTaxCategory if countries.swedish_vat && is_standard(element) => {
            let rate = element.only_text(&[cbc::Percent]).map(to_double);
            judge.check("SE-R-006", element, rate.map(|rate| [25.0, 12.0, 6.0].contains(&rate)));
        }
        cac::PaymentMeans => payment_means(judge, element, countries),
        _ => {}
    }
}

fn is_standard(category: Element<'_>) -> bool {
    category.all(cbc::ID).any(|code| code.text() == "S")
}

/// SE-R-001, SE-R-002: SE, ten digits and two more.
fn vat_number(judge: &mut Judge<'_>, party: Element<'_>) {
    let number = || -> Checked<'_, &str> {
        let mut found = None;
        for registration in party.all(cac::PartyTaxScheme) {
            if !scheme_ids(registration).any(|id| id.text() == "VAT") {
                continue;
            }
            for id in registration.all(cbc::CompanyID) {
                if found.is_some() {
                    return Err(Unjudged { why: Why::Repeated, element: id });
                }
                found = Some(id.text());
            }
        }
        Ok(found.unwrap_or_default())
    };
    let Some(number) = judge.value(number()) else {
        return;
    };
    judge.check("SE-R-001", party, number.trim().chars().count() == 14);
    judge.check("SE-R-002", party, is_number(first_characters(after_characters(number, 2), 12)));
}

/// SE-R-003, SE-R-004, SE-R-013: an organisation number.
fn legal_entity(judge: &mut Judge<'_>, entity: Element<'_>) {
    let Some(id) = judge.value(entity.only(cbc::CompanyID)).flatten() else {
        return;
    };
    judge.check("SE-R-003", entity, is_number(id.text()));
    let number = id.trimmed();
    judge.check("SE-R-004", entity, number.chars().count() == 10);
    judge.check("SE-R-013", entity, check_digit_is_right(number));
}

/// Luhn's check over the first ten digits, whatever follows, as published.
fn check_digit_is_right(number: &str) -> bool {
    let head = first_characters(number, 10);
    is_digits(number, number.len()) && head.len() == 10 && luhn(head)
}

/// SE-R-005: the one other tax registration is the approval for F-tax.
fn tax_registration(judge: &mut Judge<'_>, registration: Element<'_>) {
    let mut schemes = scheme_ids(registration);
    let is_vat = schemes.next().is_some_and(|scheme| scheme.trimmed().eq_ignore_ascii_case("VAT"));
    if is_vat || schemes.next().is_some() {
        return;
    }
    for id in registration.all(cbc::CompanyID) {
        let approved = id.text().to_uppercase().split_whitespace().eq(["GODKÄND", "FÖR", "F-SKATT"]);
        judge.check("SE-R-005", id, approved);
    }
}

/// SE-R-007 to SE-R-012: Plusgiro and Bankgiro are credit transfers with the giro as the branch.
fn payment_means(judge: &mut Judge<'_>, means: Element<'_>, countries: &Countries<'_>) {
    let transfer = means.only_text(&[cbc::PaymentMeansCode]).is_ok_and(|code| code == "30");
    let branch = means.only_text(&[cac::PayeeFinancialAccount, cac::FinancialInstitutionBranch, cbc::ID]);
    if transfer {
        for id in means.all(cac::PayeeFinancialAccount).flat_map(|account| account.all(cbc::ID)) {
            let length = id.trimmed().chars().count();
            match branch {
                Ok("SE:PLUSGIRO") => {
                    judge.check("SE-R-007", id, is_number(id.text()));
                    judge.check("SE-R-010", id, (2..=8).contains(&length));
                }
                Ok("SE:BANKGIRO") => {
                    judge.check("SE-R-008", id, is_number(id.text()));
                    judge.check("SE-R-009", id, matches!(length, 7 | 8));
                }
                _ => {}
            }
        }
    }
    let has_code = |wanted: &[&str]| means.all(cbc::PaymentMeansCode).any(|code| wanted.contains(&code.text()));
    if has_code(&["50", "56"]) {
        judge.fire("SE-R-011", means);
    } else if countries.swedish_buyer && has_code(&["31"]) {
        judge.fire("SE-R-012", means);
    }
}
