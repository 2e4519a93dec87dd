//! The core rules on lines, prices, allowances and charges (PEPPOL-EN16931-R040 to R046, R100 to R130).

use super::Context;
use crate::decimal::Decimal;
use crate::judge::Judge;
use crate::ubl::{Checked, Element};
use crate::vocabulary::{cac, cbc, root};

/// Sums may be two hundredths off.
const SLACK: Decimal = Decimal::cents(2);

fn is_near(left: Decimal, right: Decimal) -> bool {
    left.minus(right).is_some_and(|difference| difference.absolute() <= SLACK)
}

/// Is this an allowance or charge of the document, of a line, or neither?
fn is_of_document_or_line(allowance_charge: Element<'_>) -> bool {
    let Some(parent) = allowance_charge.parent() else {
        return false;
    };
    match parent.tag() {
        root::Invoice | root::CreditNote => true,
        cac::InvoiceLine => parent.parent_tag() == root::Invoice,
        cac::CreditNoteLine => parent.parent_tag() == root::CreditNote,
        _ => false,
    }
}

pub(super) fn allowance_charge(judge: &mut Judge<'_>, element: Element<'_>) {
    if element.parent_tag() == cac::Price {
        price_allowance(judge, element);
        return;
    }
    if !is_of_document_or_line(element) {
        return;
    }
    match (element.has(cbc::MultiplierFactorNumeric), element.has(cbc::BaseAmount)) {
        (true, false) => judge.fire("PEPPOL-EN16931-R041", element),
        (false, true) => judge.fire("PEPPOL-EN16931-R042", element),
        (percentage, _) => {
            if percentage {
                percentage_amount(judge, element);
            }
            let indicator = element.only_text(&[cbc::ChargeIndicator]);
            judge.check("PEPPOL-EN16931-R043", element, indicator.map(|text| matches!(text, "true" | "false")));
        }
    }
}

/// R040: the amount is the percentage of the base amount.
fn percentage_amount<'u>(judge: &mut Judge<'_>, element: Element<'u>) {
    let amounts = || -> Checked<'u, (Decimal, Option<Decimal>)> {
        let amount = element.decimal(cbc::Amount)?.unwrap_or(Decimal::ZERO);
        let base = element.decimal(cbc::BaseAmount)?;
        let factor = element.decimal(cbc::MultiplierFactorNumeric)?;
        let product = base.zip(factor).and_then(|(base, factor)| base.times(factor)?.over(Decimal::HUNDRED));
        Ok((amount, product))
    };
    let Some((amount, expected)) = judge.value(amounts()) else {
        return;
    };
    if !expected.is_some_and(|expected| is_near(amount, expected)) {
        judge.fire_with("PEPPOL-EN16931-R040", element, || show(amount, expected));
    }
}

fn show(found: Decimal, expected: Option<Decimal>) -> Vec<String> {
    std::iter::once(found).chain(expected).map(|amount| amount.to_string()).collect()
}

/// R044, R046: a price has allowances only, and is the gross price less them.
fn price_allowance(judge: &mut Judge<'_>, allowance: Element<'_>) {
    let indicator = allowance.only_text(&[cbc::ChargeIndicator]);
    judge.check("PEPPOL-EN16931-R044", allowance, indicator.map(|text| text == "false"));
    let net_price = || -> Checked<'_, bool> {
        if !allowance.has(cbc::BaseAmount) {
            return Ok(true);
        }
        let net = allowance.parent().map(|price| price.decimal(cbc::PriceAmount)).transpose()?.flatten();
        let gross = allowance.decimal(cbc::BaseAmount)?;
        let amount = allowance.decimal(cbc::Amount)?;
        let expected = gross.zip(amount).and_then(|(gross, amount)| gross.minus(amount));
        Ok(net.is_some() && net == expected)
    };
    judge.check("PEPPOL-EN16931-R046", allowance, net_price());
}

pub(super) fn line(judge: &mut Judge<'_>, line: Element<'_>, context: &Context<'_>) {
    if let Some((amount, expected)) = judge.value(net_amount(line, context))
        && !expected.is_some_and(|expected| is_near(amount, expected))
    {
        judge.fire_with("PEPPOL-EN16931-R120", line, || show(amount, expected));
    }
    let base = line.only_at(&[cac::Price, cbc::BaseQuantity]);
    let is_positive = base.and_then(|base| base.map_or(Ok(true), |base| Ok(base.to_decimal()? > Decimal::ZERO)));
    judge.check("PEPPOL-EN16931-R121", line, is_positive);
    let mut references = 0;
    let mut has_object = false;
    for reference in line.all(cac::DocumentReference) {
        references += 1;
        has_object |= reference.all(cbc::DocumentTypeCode).any(|kind| kind.text() == "130");
    }
    judge.check("PEPPOL-EN16931-R100", line, references <= 1);
    judge.check("PEPPOL-EN16931-R101", line, references == 0 || has_object);
}

/// The net amount that a line says, and the one that its quantity, price, allowances and charges make.
fn net_amount<'u>(line: Element<'u>, context: &Context<'_>) -> Checked<'u, (Decimal, Option<Decimal>)> {
    let amount = line.decimal(cbc::LineExtensionAmount)?.unwrap_or(Decimal::ZERO);
    let quantity = if context.is_invoice { cbc::InvoicedQuantity } else { cbc::CreditedQuantity };
    let quantity = line.decimal(quantity)?.unwrap_or(Decimal::ONE);
    let price = line.only_at(&[cac::Price, cbc::PriceAmount])?.map(Element::to_decimal).transpose()?;
    let base = line.only_at(&[cac::Price, cbc::BaseQuantity])?.map(Element::to_decimal).transpose()?;
    let base = base.filter(|base| !base.is_zero()).unwrap_or(Decimal::ONE);
    let (mut charges, mut allowances) = (Some(Decimal::ZERO), Some(Decimal::ZERO));
    for element in line.all(cac::AllowanceCharge) {
        let sum = match element.only_text(&[cbc::ChargeIndicator])? {
            "true" => &mut charges,
            "false" => &mut allowances,
            _ => continue,
        };
        for amount in element.all(cbc::Amount) {
            let amount = amount.to_decimal()?;
            *sum = sum.and_then(|sum| sum.plus(amount));
        }
    }
    let expected = || {
        let goods = quantity.times(price.unwrap_or(Decimal::ZERO).over(base)?)?;
        goods.plus(charges?.rounded())?.minus(allowances?.rounded())
    };
    Ok((amount, expected()))
}

/// R110, R111: a line's period lies within the document's.
pub(super) fn period_date(judge: &mut Judge<'_>, date: Element<'_>, context: &Context<'_>) {
    let of_line = date.is_below(&[cac::InvoicePeriod, cac::InvoiceLine, root::Invoice])
        || date.is_below(&[cac::InvoicePeriod, cac::CreditNoteLine, root::CreditNote]);
    let is_start = date.tag() == cbc::StartDate;
    let [start, end] = context.period;
    let bound = if is_start { start } else { end };
    if !of_line || matches!(bound, Ok(None)) {
        return;
    }
    let within = || -> Checked<'_, bool> {
        if date.text().is_empty() {
            return Ok(false);
        }
        let own = date.to_date()?;
        let Some(bound) = bound? else { return Ok(true) };
        let bound = bound.to_date()?;
        Ok(if is_start { own >= bound } else { own <= bound })
    };
    let id = if is_start { "PEPPOL-EN16931-R110" } else { "PEPPOL-EN16931-R111" };
    judge.check(id, date, within());
}

/// R130: the price's base quantity has the unit of the line's quantity.
pub(super) fn base_quantity(judge: &mut Judge<'_>, base: Element<'_>, context: &Context<'_>) {
    let Some(unit) = base.attribute("unitCode") else {
        return;
    };
    let Some(line) = base.parent().and_then(Element::parent) else {
        return;
    };
    if !line.has(cbc::InvoicedQuantity) && !line.has(cbc::CreditedQuantity) {
        return;
    }
    let quantity = if context.is_invoice { cbc::InvoicedQuantity } else { cbc::CreditedQuantity };
    let same = line.all(quantity).any(|quantity| quantity.attribute("unitCode") == Some(unit));
    judge.check("PEPPOL-EN16931-R130", base, same);
}
