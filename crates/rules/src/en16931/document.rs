//! The document's own rules: what it must say of itself, its references and its payment (EN 16931-1, 6.4.1 and 6.4.2).

use super::is_of_document;
use crate::codelists::NOTE_SUBJECTS;
use crate::decimal::Decimal;
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Ubl, Unjudged, Why};
use crate::vocabulary::{Tag, cac, cbc};

/// BR-01 to BR-16, BR-53, BR-CO-03, BR-CO-15, BR-CO-18.
pub(super) fn root(judge: &mut Judge<'_>, ubl: &Ubl<'_>, root: Element<'_>) {
    let says = |path: &[Tag]| root.only_text(path).map(|text| !text.is_empty());
    judge.check("BR-01", root, says(&[cbc::CustomizationID]));
    judge.check("BR-02", root, says(&[cbc::ID]));
    judge.check("BR-03", root, says(&[cbc::IssueDate]));
    let kind = says(&[cbc::InvoiceTypeCode]).and_then(|says_it| Ok(says_it || says(&[cbc::CreditNoteTypeCode])?));
    judge.check("BR-04", root, kind);
    judge.check("BR-05", root, says(&[cbc::DocumentCurrencyCode]));
    let name = |party| says(&[party, cac::Party, cac::PartyLegalEntity, cbc::RegistrationName]);
    judge.check("BR-06", root, name(cac::AccountingSupplierParty));
    judge.check("BR-07", root, name(cac::AccountingCustomerParty));
    judge.check("BR-08", root, root.exists(&[cac::AccountingSupplierParty, cac::Party, cac::PostalAddress]));
    judge.check("BR-10", root, root.exists(&[cac::AccountingCustomerParty, cac::Party, cac::PostalAddress]));
    judge.check("BR-16", root, root.has(cac::InvoiceLine) || root.has(cac::CreditNoteLine));
    let has_tax_point = root.has(cbc::TaxPointDate);
    let has_tax_point_code = root.exists(&[cac::InvoicePeriod, cbc::DescriptionCode]);
    judge.check("BR-CO-03", root, !(has_tax_point && has_tax_point_code));
    judge.check("BR-CO-18", root, root.exists(&[cac::TaxTotal, cac::TaxSubtotal]));
    accounting_currency(judge, ubl, root);
    let balance = root.all(cbc::DocumentCurrencyCode).try_fold((), |(), currency| total_is_sum(root, currency.text()));
    match balance {
        Ok(()) => {}
        Err(Imbalance::Unjudged(unjudged)) => judge.unjudged(unjudged),
        Err(Imbalance::Found(values)) => judge.fire_with("BR-CO-15", root, || values),
    }
}

/// BR-53: a VAT total in the accounting currency, however deep in the document.
fn accounting_currency(judge: &mut Judge<'_>, ubl: &Ubl<'_>, root: Element<'_>) {
    for currency in root.all(cbc::TaxCurrencyCode) {
        let is_total = |amount: Element<'_>| {
            amount.tag() == cbc::TaxAmount
                && amount.parent_tag() == cac::TaxTotal
                && amount.attribute("currencyID") == Some(currency.text())
        };
        if !ubl.elements().any(is_total) {
            judge.fire("BR-53", root);
            return;
        }
    }
}

enum Imbalance<'u> {
    Unjudged(Unjudged<'u>),
    Found(Vec<String>),
}

impl<'u> From<Unjudged<'u>> for Imbalance<'u> {
    fn from(unjudged: Unjudged<'u>) -> Imbalance<'u> {
        Imbalance::Unjudged(unjudged)
    }
}

/// BR-CO-15: with VAT = without VAT + VAT, in the document's currency, which has exactly one VAT total.
fn total_is_sum<'u>(root: Element<'u>, currency: &str) -> Result<(), Imbalance<'u>> {
    let mut vat = None;
    let mut totals = 0;
    for total in root.all(cac::TaxTotal) {
        let mut amounts = total.all(cbc::TaxAmount).filter(|amount| amount.attribute("currencyID") == Some(currency));
        if let Some(amount) = amounts.next() {
            totals += 1;
            vat = Some(amount.to_decimal()?);
        }
        if let Some(element) = amounts.next() {
            return Err(Unjudged { why: Why::Repeated, element }.into());
        }
    }
    if totals != 1 {
        return Err(Imbalance::Found(vec![format!("{totals} VAT totals in {currency}")]));
    }
    let Some(monetary) = root.only(cac::LegalMonetaryTotal)? else {
        return Err(Imbalance::Found(Vec::new()));
    };
    let inclusive = monetary.decimal(cbc::TaxInclusiveAmount)?;
    let exclusive = monetary.decimal(cbc::TaxExclusiveAmount)?;
    let expected = exclusive.zip(vat).and_then(|(exclusive, vat)| exclusive.plus(vat)).map(Decimal::rounded);
    if inclusive.is_some() && inclusive == expected {
        return Ok(());
    }
    Err(Imbalance::Found([inclusive, expected].into_iter().flatten().map(|amount| amount.to_string()).collect()))
}

/// BR-52.
pub(super) fn additional_reference(judge: &mut Judge<'_>, reference: Element<'_>) {
    judge.check("BR-52", reference, reference.only_text(&[cbc::ID]).map(|id| !id.is_empty()));
}

/// BR-55.
pub(super) fn billing_reference(judge: &mut Judge<'_>, reference: Element<'_>) {
    judge.check("BR-55", reference, reference.exists(&[cac::InvoiceDocumentReference, cbc::ID]));
}

/// BR-49, BR-61.
pub(super) fn payment_means(judge: &mut Judge<'_>, means: Element<'_>) {
    judge.check("BR-49", means, means.has(cbc::PaymentMeansCode));
    let account = || -> Checked<'_, bool> {
        let code = means.only_text(&[cbc::PaymentMeansCode])?;
        Ok(!matches!(code, "30" | "58") || means.exists(&[cac::PayeeFinancialAccount, cbc::ID]))
    };
    judge.check("BR-61", means, account());
}

/// BR-50: only under credit transfer, whose code is compared exactly as written.
pub(super) fn payee_account(judge: &mut Judge<'_>, account: Element<'_>) {
    let Some(means) = account.parent().filter(|means| means.tag() == cac::PaymentMeans) else {
        return;
    };
    if means.all(cbc::PaymentMeansCode).any(|code| matches!(code.text(), "30" | "58")) {
        judge.check("BR-50", account, account.only_text(&[cbc::ID]).map(|id| !id.is_empty()));
    }
}

/// BR-51: at most the first six and last four digits of a card, which are ten.
pub(super) fn card_number(judge: &mut Judge<'_>, number: Element<'_>) {
    if number.is_below(&[cac::CardAccount, cac::PaymentMeans]) {
        judge.check("BR-51", number, number.trimmed().split_whitespace().flat_map(str::chars).nth(10).is_none());
    }
}

/// BR-CL-08: a subject code between two # at a note's start must be one.
pub(super) fn note(judge: &mut Judge<'_>, note: Element<'_>) {
    if !is_of_document(note) {
        return;
    }
    let subject = note.text().split_once('#').and_then(|(_, after)| after.split_once('#')).map(|(subject, _)| subject);
    let is_coded = subject.filter(|subject| subject.chars().count() == 3);
    judge.check("BR-CL-08", note, is_coded.is_none_or(|subject| NOTE_SUBJECTS.has(subject)));
}
