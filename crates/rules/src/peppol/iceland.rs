//! Iceland (IS-R): for Icelandic sellers, two rules only when the buyer is Icelandic too.

use super::Context;
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Unjudged, Why, parse_date};
use crate::vocabulary::{Tag, cac, cbc, root};

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>, context: &Context<'_>) {
    match element.tag() {
        root::Invoice | root::CreditNote => document(judge, element),
        cac::AccountingCustomerParty if context.countries.icelandic_buyer => {
            if matches!(element.parent_tag(), root::Invoice | root::CreditNote) {
                judge.check("IS-R-004", element, has_kennitala(element));
                judge.check("IS-R-005", element, has_address(element));
            }
        }
        _ => {}
    }
}

/// The party's legal registration is an Icelandic identifier, scheme 0196.
fn has_kennitala(role: Element<'_>) -> bool {
    role.any(&[cac::Party, cac::PartyLegalEntity, cbc::CompanyID], &mut |id| id.attribute("schemeID") == Some("0196"))
}

fn has_address(role: Element<'_>) -> bool {
    let has = |part: Tag| role.exists(&[cac::Party, cac::PostalAddress, part]);
    has(cbc::StreetName) && has(cbc::PostalZone)
}

fn document(judge: &mut Judge<'_>, document: Element<'_>) {
    let known = |kind: Tag| document.only_text(&[kind]).map(|code| matches!(code, "380" | "381"));
    let kind = known(cbc::InvoiceTypeCode).and_then(|is_known| Ok(is_known || known(cbc::CreditNoteTypeCode)?));
    judge.check("IS-R-001", document, kind);
    let seller = |question: fn(Element<'_>) -> bool| document.all(cac::AccountingSupplierParty).any(question);
    judge.check("IS-R-002", document, seller(has_kennitala));
    judge.check("IS-R-003", document, seller(has_address));
    judge.check("IS-R-006", document, account_has_twelve_digits(document, "9"));
    judge.check("IS-R-007", document, account_has_twelve_digits(document, "42"));
    final_due_date(judge, document);
}

/// IS-R-006, IS-R-007: bank, ledger and account number are twelve characters together.
fn account_has_twelve_digits<'u>(document: Element<'u>, code: &str) -> Checked<'u, bool> {
    let mut used = false;
    let mut account = None;
    for means in document.all(cac::PaymentMeans) {
        if !means.all(cbc::PaymentMeansCode).any(|own| own.text() == code) {
            continue;
        }
        used = true;
        for id in means.all(cac::PayeeFinancialAccount).flat_map(|account| account.all(cbc::ID)) {
            if account.is_some() {
                return Err(Unjudged { why: Why::Repeated, element: id });
            }
            account = Some(id);
        }
    }
    Ok(!used || account.is_some_and(|id| id.trimmed().chars().count() == 12))
}

/// IS-R-008 to IS-R-010: the final due date (eindagi), given as a supporting document, is a date, comes with a due date
/// and is not before it.
fn final_due_date(judge: &mut Judge<'_>, document: Element<'_>) {
    let references: Vec<_> = document
        .all(cac::AdditionalDocumentReference)
        .filter(|reference| reference.all(cbc::DocumentDescription).any(|text| text.text() == "EINDAGI"))
        .collect();
    if references.is_empty() {
        return;
    }
    let ids: Vec<_> = references.iter().flat_map(|reference| reference.all(cbc::ID)).collect();
    let is_date = match ids[..] {
        [] => Ok(false),
        [id] => Ok(id.text().chars().count() == 10 && parse_date(id.text()).is_some()),
        [_, element, ..] => Err(Unjudged { why: Why::Repeated, element }),
    };
    judge.check("IS-R-008", document, is_date);
    judge.check("IS-R-009", document, document.has(cbc::DueDate));
    let in_order = document.all(cbc::DueDate).any(|due| ids.iter().any(|id| due.text() <= id.text()));
    judge.check("IS-R-010", document, in_order);
}
