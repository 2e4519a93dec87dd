//! Germany (DE-R): when both parties are German, what XRechnung wants.

use std::collections::HashSet;

use super::first_characters;
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Unjudged, Why};
use crate::vocabulary::{Tag, cac, cbc, root};

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>) {
    match element.tag() {
        root::Invoice | root::CreditNote if element.is_root() => document(judge, element),
        cac::ExternalReference if is_own(element, &[cac::Attachment, cac::AdditionalDocumentReference]) => {
            judge.check("DE-R-T02", element, element.only(cbc::URI).map(|uri| uri.is_some_and(|uri| is_url(uri.text()))));
        }
        cac::AccountingSupplierParty if is_own(element, &[]) => {
            judge.check("DE-R-002", element, element.exists(&[cac::Party, cac::Contact]));
        }
        cac::PostalAddress if is_own(element, &[cac::Party, cac::AccountingSupplierParty]) => {
            address(judge, element, ["DE-R-003", "DE-R-004"]);
        }
        cac::PostalAddress if is_own(element, &[cac::Party, cac::AccountingCustomerParty]) => {
            address(judge, element, ["DE-R-008", "DE-R-009"]);
        }
        cac::Address if is_own(element, &[cac::DeliveryLocation, cac::Delivery]) => {
            address(judge, element, ["DE-R-010", "DE-R-011"]);
        }
        cac::Contact if is_own(element, &[cac::Party, cac::AccountingSupplierParty]) => contact(judge, element),
        cac::PaymentMeans if is_own(element, &[]) => payment_means(judge, element),
        cac::TaxSubtotal if is_own(element, &[cac::TaxTotal]) => {
            judge.check("DE-R-014", element, says(element, &[cac::TaxCategory, cbc::Percent]));
        }
        _ => {}
    }
}

/// Does this hang below these, nearest first, and they below the document?
fn is_own(element: Element<'_>, ancestors: &[Tag]) -> bool {
    let mut top = element;
    for ancestor in ancestors {
        match top.parent() {
            Some(parent) if parent.tag() == *ancestor => top = parent,
            _ => return false,
        }
    }
    top.parent().is_some_and(|parent| parent.is_root() && matches!(parent.tag(), root::Invoice | root::CreditNote))
}

/// Is any element at the end of the path more than white space?
fn says(element: Element<'_>, path: &[Tag]) -> bool {
    element.any(path, &mut |value| !value.trimmed().is_empty())
}

fn address(judge: &mut Judge<'_>, address: Element<'_>, [city, zone]: [&'static str; 2]) {
    judge.check(city, address, says(address, &[cbc::CityName]));
    judge.check(zone, address, says(address, &[cbc::PostalZone]));
}

/// DE-R-005 to DE-R-007, DE-R-027, DE-R-028.
fn contact(judge: &mut Judge<'_>, contact: Element<'_>) {
    judge.check("DE-R-005", contact, says(contact, &[cbc::Name]));
    judge.check("DE-R-006", contact, says(contact, &[cbc::Telephone]));
    judge.check("DE-R-007", contact, says(contact, &[cbc::ElectronicMail]));
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count() >= 3;
    judge.check("DE-R-027", contact, contact.only_text(&[cbc::Telephone]).map(digits));
    judge.check("DE-R-028", contact, contact.only_text(&[cbc::ElectronicMail]).map(is_mail_address));
}

/// One @, something before it, and after it words parted by single dots.
fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let plain = |text: &str| !text.is_empty() && !text.contains(|character: char| character == '@' || character.is_whitespace());
    plain(local) && plain(domain) && domain.contains('.') && domain.split('.').all(|word| !word.is_empty())
}

/// An absolute URL: a scheme of at least two characters before the colon.
fn is_url(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    let mut characters = scheme.bytes();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && scheme.len() > 1
        && characters.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-'))
}

const SELLER_REGISTRATION: [Tag; 4] = [cac::AccountingSupplierParty, cac::Party, cac::PartyTaxScheme, cbc::CompanyID];
const VAT_CODES: [&str; 8] = ["S", "Z", "E", "AE", "K", "G", "L", "M"];
const DOCUMENT_TYPES: [&str; 8] = ["326", "380", "384", "389", "381", "875", "876", "877"];

fn document(judge: &mut Judge<'_>, document: Element<'_>) {
    judge.check("DE-R-001", document, document.has(cac::PaymentMeans));
    judge.check("DE-R-015", document, says(document, &[cbc::BuyerReference]));
    let registered = document.has(cac::TaxRepresentativeParty) || says(document, &SELLER_REGISTRATION);
    judge.check("DE-R-016", document, registered || !uses_vat(document));
    if let Some([invoice, credit_note]) = judge.value(types(document)) {
        let known = DOCUMENT_TYPES.contains(&invoice) || DOCUMENT_TYPES.contains(&credit_note);
        judge.check("DE-R-017", document, known);
        let corrects = invoice == "384" || credit_note == "384";
        let reference = document.exists(&[cac::BillingReference, cac::InvoiceDocumentReference]);
        judge.check("DE-R-026", document, !corrects || reference);
    }
    judge.check("DE-R-018", document, discounts_are_right(document));
    judge.check("DE-R-022", document, file_names_differ(document));
    if document.exists(&[cac::PaymentMeans, cac::PaymentMandate]) {
        let is_creditor = |path: &[Tag]| document.any(path, &mut |id| id.attribute("schemeID") == Some("SEPA"));
        let creditor = is_creditor(&[cac::AccountingSupplierParty, cac::Party, cac::PartyIdentification, cbc::ID])
            || is_creditor(&[cac::PayeeParty, cac::PartyIdentification, cbc::ID]);
        judge.check("DE-R-030", document, creditor);
        let debited = [cac::PaymentMeans, cac::PaymentMandate, cac::PayerFinancialAccount, cbc::ID];
        judge.check("DE-R-031", document, document.exists(&debited));
    }
}

fn types(document: Element<'_>) -> Checked<'_, [&str; 2]> {
    Ok([document.only_text(&[cbc::InvoiceTypeCode])?, document.only_text(&[cbc::CreditNoteTypeCode])?])
}

/// Is any line, allowance or charge in one of the categories that need a registration?
fn uses_vat(document: Element<'_>) -> bool {
    let is_code = |id: Element<'_>| VAT_CODES.contains(&id.text());
    let on_allowance = document.all(cac::AllowanceCharge).any(|element| {
        element.all(cbc::ChargeIndicator).any(|indicator| matches!(indicator.text(), "true" | "false"))
            && element.any(&[cac::TaxCategory, cbc::ID], &mut |id| is_code(id))
    });
    on_allowance
        || [cac::InvoiceLine, cac::CreditNoteLine]
            .iter()
            .any(|line| document.any(&[*line, cac::Item, cac::ClassifiedTaxCategory, cbc::ID], &mut |id| is_code(id)))
}

/// DE-R-018: cash discounts (Skonto) in the payment terms, one a line, and a line break after the last.
fn discounts_are_right(document: Element<'_>) -> Checked<'_, bool> {
    let mut notes = document.all(cac::PaymentTerms).filter_map(|terms| terms.child(cbc::Note));
    let (first, second) = (notes.next(), notes.next());
    let all = || first.into_iter().chain(second).flat_map(|note| note.text().split('\n'));
    if !all().any(|line| line.trim().starts_with('#')) {
        return Ok(true);
    }
    if let Some(element) = second {
        return Err(Unjudged { why: Why::Repeated, element });
    }
    let text = first.map_or("", Element::text);
    // What follows the last #…# on any line must begin with a line break.
    let mut rest = text;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some((_, close)) = line.find('#').zip(line.rfind('#')).filter(|(open, close)| *close > *open + 1) {
            rest = &text[at + close + 1..];
        }
        at += line.len();
    }
    let blank = rest.len() - rest.trim_start().len();
    let broken = rest[..blank].contains('\n');
    let lines_are_right = all().map(str::trim).filter(|line| line.starts_with('#')).all(is_discount);
    Ok(lines_are_right && broken)
}

/// `#SKONTO#TAGE=14#PROZENT=2.00#`, optionally with `BASISBETRAG=100.00#` at the end.
fn is_discount(line: &str) -> bool {
    let Some(inside) = line.strip_prefix("#SKONTO#TAGE=").and_then(|rest| rest.strip_suffix('#')) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let cents = |text: &str| text.split_once('.').is_some_and(|(whole, part)| digits(whole) && part.len() == 2 && digits(part));
    let mut parts = inside.split('#');
    let days = parts.next().is_some_and(digits);
    let percent = parts.next().and_then(|part| part.strip_prefix("PROZENT=")).is_some_and(cents);
    let base = parts.next().is_none_or(|part| {
        part.strip_prefix("BASISBETRAG=").is_some_and(|amount| cents(amount.strip_prefix('-').unwrap_or(amount)))
    });
    days && percent && base && parts.next().is_none()
}

/// DE-R-022: each attachment has a name of its own.
fn file_names_differ(document: Element<'_>) -> bool {
    let mut seen = HashSet::new();
    for reference in document.all(cac::AdditionalDocumentReference) {
        let mut names = Vec::new();
        reference.any(&[cac::Attachment, cbc::EmbeddedDocumentBinaryObject], &mut |object| {
            names.extend(object.attribute("filename"));
            false
        });
        if names.iter().any(|name| seen.contains(name)) {
            return false;
        }
        seen.extend(names);
    }
    true
}

/// DE-R-019, DE-R-020, DE-R-023 to DE-R-025: each means of payment comes with its own details and no others.
fn payment_means(judge: &mut Judge<'_>, means: Element<'_>) {
    let Ok(code) = means.only_text(&[cbc::PaymentMeansCode]) else {
        return;
    };
    let transfer = means.has(cac::PayeeFinancialAccount);
    let card = means.has(cac::CardAccount);
    let debit = means.has(cac::PaymentMandate);
    let (rules, has_own, has_other) = match code {
        "30" | "58" => (["DE-R-023-1", "DE-R-023-2"], transfer, card || debit),
        "48" | "54" | "55" => (["DE-R-024-1", "DE-R-024-2"], card, transfer || debit),
        "59" => (["DE-R-025-1", "DE-R-025-2"], debit, transfer || card),
        _ => return,
    };
    if code == "58" {
        let account = means.only_at(&[cac::PayeeFinancialAccount, cbc::ID]);
        judge.check("DE-R-019", means, account.map(|id| is_iban(id.map_or("", Element::text))));
    }
    if code == "59" {
        let account = means.only_at(&[cac::PaymentMandate, cac::PayerFinancialAccount, cbc::ID]);
        judge.check("DE-R-020", means, account.map(|id| is_iban(id.map_or("", Element::text))));
    }
    judge.check(rules[0], means, has_own);
    judge.check(rules[1], means, !has_other);
}

/// An IBAN: country, check digits and at most thirty characters, white space anywhere; remainder one by 97.
///
/// As published, small letters in the account are not raised to capitals before they are counted.
fn is_iban(text: &str) -> bool {
    let iban: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let bytes = iban.as_bytes();
    let formed = (4..=34).contains(&bytes.len())
        && first_characters(&iban, 2).bytes().all(|byte| byte.is_ascii_uppercase())
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().all(u8::is_ascii_alphanumeric);
    if !formed {
        return false;
    }
    let remainder = bytes[4..].iter().chain(&bytes[..4]).fold(0u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        _ => (remainder * 100 + u32::from(byte - 55)) % 97,
    });
    remainder == 1
}
