//! Denmark (DK-R): for Danish sellers, most rules only when the buyer is Danish too.

use super::{Context, first_characters, is_digits, is_party_of};
use crate::judge::Judge;
use crate::ubl::{Checked, Element, to_double};
use crate::vocabulary::{Tag, cac, cbc, root};

pub(super) fn element(judge: &mut Judge<'_>, element: Element<'_>, context: &Context<'_>) {
    let domestic = context.countries.danish_buyer;
    match element.tag() {
        root::Invoice | root::CreditNote => document(judge, element, context),
        cac::PartyIdentification if domestic && is_of_seller_or_buyer(element) => {
            let scheme = || -> Checked<'_, bool> {
                let Some(id) = element.only(cbc::ID)? else {
                    return Ok(true);
                };
                Ok(id.attribute("schemeID").is_some_and(|scheme| !scheme.trim().is_empty()))
            };
            judge.check("DK-R-013", element, scheme());
        }
        cac::PaymentMeans if domestic && element.parent_tag() == root::Invoice => payment_means(judge, element),
        cac::Party if domestic && is_party_of(element, cac::AccountingCustomerParty) => {
            judge.check("DK-R-017", element, legal_id_is_cvr(element, &[cac::PartyLegalEntity, cbc::CompanyID]));
        }
        cac::InvoiceLine if domestic && element.parent_tag() == root::Invoice => line(judge, element),
        cac::CreditNoteLine if domestic && element.parent_tag() == root::CreditNote => line(judge, element),
        cac::AllowanceCharge if domestic => judge.check("DK-R-004", element, tax_is_coded(element)),
        _ => {}
    }
}

fn is_of_seller_or_buyer(identification: Element<'_>) -> bool {
    [cac::AccountingSupplierParty, cac::AccountingCustomerParty].iter().any(|role| identification.is_below(&[cac::Party, *role]))
}

const SELLER_ID: [Tag; 4] = [cac::AccountingSupplierParty, cac::Party, cac::PartyLegalEntity, cbc::CompanyID];

fn document(judge: &mut Judge<'_>, document: Element<'_>, context: &Context<'_>) {
    judge.check("DK-R-002", document, document.only_text(&SELLER_ID).map(|id| !id.is_empty()));
    judge.check("DK-R-014", document, legal_id_is_cvr(document, &SELLER_ID));
    if document.tag() == root::CreditNote && context.countries.danish_buyer {
        let payable = document.only_text(&[cac::LegalMonetaryTotal, cbc::PayableAmount]).map(to_double);
        judge.check("DK-R-016", document, payable.map(|payable| payable >= 0.0 || payable.is_nan()));
    }
}

/// DK-R-014, DK-R-017: a legal registration number is a CVR number, scheme 0184.
fn legal_id_is_cvr<'u>(from: Element<'u>, path: &[Tag]) -> Checked<'u, bool> {
    let Some(id) = from.only_at(path)? else {
        return Ok(true);
    };
    Ok(id.attribute("schemeID").is_some_and(|scheme| scheme.trim() == "0184"))
}

const PAYMENT_MEANS: &str = " 1 10 31 42 48 49 50 58 59 93 97 ";

/// DK-R-005 to DK-R-011: transfer, direct debit (Betalingsservice), giro and FIK.
fn payment_means(judge: &mut Judge<'_>, means: Element<'_>) {
    let code = match means.only(cbc::PaymentMeansCode) {
        Ok(code) => code.map_or("", Element::text),
        Err(unjudged) => return judge.unjudged(unjudged),
    };
    // As published, the code is looked for in the list's text.
    judge.check("DK-R-005", means, PAYMENT_MEANS.contains(&format!(" {code} ")));
    let says = |path: &[Tag]| means.only_text(path).map(|text| !text.is_empty());
    let account = [cac::PayeeFinancialAccount, cbc::ID];
    if matches!(code, "31" | "42") {
        let branch = [cac::PayeeFinancialAccount, cac::FinancialInstitutionBranch, cbc::ID];
        judge.check("DK-R-006", means, says(&account).and_then(|holds| Ok(holds && says(&branch)?)));
    }
    if code == "49" {
        let payer = [cac::PaymentMandate, cac::PayerFinancialAccount, cbc::ID];
        let mandate = says(&[cac::PaymentMandate, cbc::ID]);
        judge.check("DK-R-007", means, mandate.and_then(|holds| Ok(holds && says(&payer)?)));
    }
    if !matches!(code, "50" | "93") {
        return;
    }
    let reference = match means.only(cbc::PaymentID) {
        Ok(reference) => reference.map_or("", Element::text),
        Err(unjudged) => return judge.unjudged(unjudged),
    };
    let number_is =
        |fits: fn(&str) -> bool| -> Checked<'_, bool> { Ok(means.only_at(&account)?.is_some_and(|number| fits(number.text()))) };
    let kind = first_characters(reference, 3);
    let length = reference.chars().count();
    if code == "50" {
        let is_giro = |number: &str| is_digits(number, 7) || is_digits(number, 8);
        let giro = if matches!(kind, "01#" | "04#" | "15#") { number_is(is_giro) } else { Ok(false) };
        judge.check("DK-R-008", means, giro);
        judge.check("DK-R-009", means, !matches!(kind, "04#" | "15#") || length == 19);
    } else {
        let is_creditor = |number: &str| number.chars().count() == 8;
        let creditor = if matches!(kind, "71#" | "73#" | "75#") { number_is(is_creditor) } else { Ok(false) };
        judge.check("DK-R-010", means, creditor);
        judge.check("DK-R-011", means, !matches!(kind, "71#" | "75#") || matches!(length, 18 | 19));
    }
}

/// DK-R-003: UNSPSC in one of two versions.
fn line(judge: &mut Judge<'_>, line: Element<'_>) {
    let path = [cac::Item, cac::CommodityClassification, cbc::ItemClassificationCode];
    let has = |attribute: &str, wanted: &[&str]| {
        line.any(&path, &mut |code| code.attribute(attribute).is_some_and(|value| wanted.contains(&value)))
    };
    let is_unspsc = has("listID", &["TST"]);
    let versions = ["19.05.01", "19.0501", "26.08.01", "26.0801"];
    judge.check("DK-R-003", line, !is_unspsc || has("listVersionID", &versions));
}

/// DK-R-004: taxes other than VAT are charges with the reason code ZZZ and a tax code, or text around a #.
fn tax_is_coded(element: Element<'_>) -> Checked<'_, bool> {
    if !element.all(cbc::AllowanceChargeReasonCode).any(|code| code.text() == "ZZZ") {
        return Ok(true);
    }
    let Some(reason) = element.only(cbc::AllowanceChargeReason)? else {
        return Ok(false);
    };
    let number = to_double(reason.text());
    let is_code = reason.trimmed().chars().count() == 4 && (0.0..=9999.0).contains(&number);
    let text = reason.text();
    Ok(is_code || (text.contains('#') && !text.starts_with('#') && !text.ends_with('#')))
}
