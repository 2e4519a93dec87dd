//! The rules on sums: document totals, VAT totals, allowances and charges (EN 16931-1, 6.4.2 and BR-DEC).

use super::usage::{is_charge, is_vat};
use super::vat::tax_of;
use super::{has_cents_at_most, is_of_document};
use crate::decimal::Decimal;
use crate::judge::Judge;
use crate::ubl::{Checked, Element};
use crate::vocabulary::{Tag, cac, cbc};

/// A rule that an amount has at most two decimals.
fn cents(judge: &mut Judge<'_>, parent: Element<'_>, rules: &[(&'static str, Tag)]) {
    for (id, amount) in rules {
        let only = parent.only(*amount);
        judge.check(id, parent, only.map(|amount| amount.is_none_or(has_cents_at_most)));
    }
}

/// An equation: the amount that stands there, and the one that is expected. None on either side does not hold.
fn equals(judge: &mut Judge<'_>, id: &'static str, place: Element<'_>, found: Option<Decimal>, expected: Option<Decimal>) {
    if found.is_some() && found == expected {
        return;
    }
    judge.fire_with(id, place, || [found, expected].into_iter().flatten().map(|amount| amount.to_string()).collect());
}

/// BR-12 to BR-15, BR-CO-10 to BR-CO-13, BR-CO-16, BR-DEC-09 to BR-DEC-18.
pub(super) fn monetary_total(judge: &mut Judge<'_>, total: Element<'_>) {
    judge.check("BR-12", total, total.has(cbc::LineExtensionAmount));
    judge.check("BR-13", total, total.has(cbc::TaxExclusiveAmount));
    judge.check("BR-14", total, total.has(cbc::TaxInclusiveAmount));
    judge.check("BR-15", total, total.has(cbc::PayableAmount));
    cents(
        judge,
        total,
        &[
            ("BR-DEC-09", cbc::LineExtensionAmount),
            ("BR-DEC-10", cbc::AllowanceTotalAmount),
            ("BR-DEC-11", cbc::ChargeTotalAmount),
            ("BR-DEC-12", cbc::TaxExclusiveAmount),
            ("BR-DEC-14", cbc::TaxInclusiveAmount),
            ("BR-DEC-16", cbc::PrepaidAmount),
            ("BR-DEC-17", cbc::PayableRoundingAmount),
            ("BR-DEC-18", cbc::PayableAmount),
        ],
    );
    if let Err(unjudged) = sums(judge, total) {
        judge.unjudged(unjudged);
    }
}

fn sums<'u>(judge: &mut Judge<'_>, total: Element<'u>) -> Checked<'u, ()> {
    let Some(document) = total.parent() else {
        return Ok(());
    };
    let lines = total.decimal(cbc::LineExtensionAmount)?;
    equals(judge, "BR-CO-10", total, lines, sum_of_lines(document)?.map(Decimal::rounded));

    let allowances = total.decimal(cbc::AllowanceTotalAmount)?;
    let charges = total.decimal(cbc::ChargeTotalAmount)?;
    for (id, is_charges, declared) in [("BR-CO-11", false, allowances), ("BR-CO-12", true, charges)] {
        let (sum, count) = sum_of_allowance_charges(document, is_charges)?;
        if declared.is_some() || count > 0 {
            equals(judge, id, total, declared, sum.map(Decimal::rounded));
        }
    }

    let exclusive = total.decimal(cbc::TaxExclusiveAmount)?;
    let mut expected = lines;
    if let Some(charges) = charges {
        expected = expected.and_then(|sum| sum.plus(charges));
    }
    if let Some(allowances) = allowances {
        expected = expected.and_then(|sum| sum.minus(allowances));
    }
    if charges.is_some() || allowances.is_some() {
        expected = expected.map(Decimal::rounded);
    }
    equals(judge, "BR-CO-13", total, exclusive, expected);

    let mut payable = total.decimal(cbc::PayableAmount)?;
    if let Some(rounding) = total.decimal(cbc::PayableRoundingAmount)? {
        payable = payable.and_then(|payable| payable.minus(rounding)).map(Decimal::rounded);
    }
    let mut due = total.decimal(cbc::TaxInclusiveAmount)?;
    if let Some(prepaid) = total.decimal(cbc::PrepaidAmount)? {
        due = due.and_then(|due| due.minus(prepaid)).map(Decimal::rounded);
    }
    equals(judge, "BR-CO-16", total, payable, due);
    Ok(())
}

fn sum_of_lines(document: Element<'_>) -> Checked<'_, Option<Decimal>> {
    let mut sum = Some(Decimal::ZERO);
    for line in document.children().filter(|child| matches!(child.tag(), cac::InvoiceLine | cac::CreditNoteLine)) {
        if let Some(amount) = line.decimal(cbc::LineExtensionAmount)? {
            sum = sum.and_then(|sum| sum.plus(amount));
        }
    }
    Ok(sum)
}

fn sum_of_allowance_charges(document: Element<'_>, charges: bool) -> Checked<'_, (Option<Decimal>, usize)> {
    let mut sum = Some(Decimal::ZERO);
    let mut count = 0;
    for element in document.all(cac::AllowanceCharge) {
        if is_charge(element)? != Some(charges) {
            continue;
        }
        count += 1;
        if let Some(amount) = element.decimal(cbc::Amount)? {
            sum = sum.and_then(|sum| sum.plus(amount));
        }
    }
    Ok((sum, count))
}

/// BR-CO-14: a VAT total is the sum of its breakdowns, where it has some.
pub(super) fn tax_total(judge: &mut Judge<'_>, total: Element<'_>) {
    if !is_of_document(total) || !total.has(cac::TaxSubtotal) {
        return;
    }
    let amounts = || -> Checked<'_, (Option<Decimal>, Option<Decimal>)> {
        let mut sum = Some(Decimal::ZERO);
        for subtotal in total.all(cac::TaxSubtotal) {
            if let Some(amount) = subtotal.decimal(cbc::TaxAmount)? {
                sum = sum.and_then(|sum| sum.plus(amount));
            }
        }
        Ok((total.decimal(cbc::TaxAmount)?, sum.map(Decimal::rounded)))
    };
    if let Some((found, expected)) = judge.value(amounts()) {
        equals(judge, "BR-CO-14", total, found, expected);
    }
}

/// BR-45 to BR-48, BR-CO-17, BR-DEC-19, BR-DEC-20.
pub(super) fn tax_subtotal(judge: &mut Judge<'_>, subtotal: Element<'_>) {
    if subtotal.parent_tag() != cac::TaxTotal {
        return;
    }
    judge.check("BR-45", subtotal, subtotal.has(cbc::TaxableAmount));
    judge.check("BR-46", subtotal, subtotal.has(cbc::TaxAmount));
    cents(judge, subtotal, &[("BR-DEC-19", cbc::TaxableAmount), ("BR-DEC-20", cbc::TaxAmount)]);
    let rate = |judge: &mut Judge<'_>| -> Checked<'_, ()> {
        let mut category = None;
        for candidate in subtotal.all(cac::TaxCategory) {
            if is_vat(candidate)? {
                category = category.or(Some(candidate));
            }
        }
        let code = category.and_then(|category| category.child(cbc::ID));
        let rate = category.map(|category| category.decimal(cbc::Percent)).transpose()?.flatten();
        judge.check("BR-47", subtotal, code.is_some());
        judge.check("BR-48", subtotal, rate.is_some() || code.is_some_and(|code| code.trimmed() == "O"));
        let tax = subtotal.decimal(cbc::TaxAmount)?;
        let is_untaxed = tax.is_some_and(|tax| tax.rounded_to(0).is_zero());
        let rate = match rate {
            Some(rate) if !rate.rounded_to(0).is_zero() => rate,
            _ => {
                judge.check("BR-CO-17", subtotal, is_untaxed);
                return Ok(());
            }
        };
        let taxable = subtotal.decimal(cbc::TaxableAmount)?;
        let expected = taxable.and_then(|taxable| tax_of(taxable, rate));
        let difference = tax.zip(expected).and_then(|(tax, expected)| tax.absolute().minus(expected));
        if difference.is_none_or(|difference| difference.absolute() >= Decimal::ONE) {
            judge.fire_with("BR-CO-17", subtotal, || {
                [tax, expected].into_iter().flatten().map(|amount| amount.to_string()).collect()
            });
        }
        Ok(())
    };
    if let Err(unjudged) = rate(judge) {
        judge.unjudged(unjudged);
    }
}

/// The ids for one kind of allowance or charge.
struct AllowanceRules {
    amount: &'static str,
    category: Option<&'static str>,
    reason: [&'static str; 2],
    cents: [&'static str; 2],
}

const OWN_ALLOWANCE: AllowanceRules =
    AllowanceRules { amount: "BR-31", category: Some("BR-32"), reason: ["BR-33", "BR-CO-21"], cents: ["BR-DEC-01", "BR-DEC-02"] };
const OWN_CHARGE: AllowanceRules =
    AllowanceRules { amount: "BR-36", category: Some("BR-37"), reason: ["BR-38", "BR-CO-22"], cents: ["BR-DEC-05", "BR-DEC-06"] };
const LINE_ALLOWANCE: AllowanceRules =
    AllowanceRules { amount: "BR-41", category: None, reason: ["BR-42", "BR-CO-23"], cents: ["BR-DEC-24", "BR-DEC-25"] };
const LINE_CHARGE: AllowanceRules =
    AllowanceRules { amount: "BR-43", category: None, reason: ["BR-44", "BR-CO-24"], cents: ["BR-DEC-27", "BR-DEC-28"] };

/// BR-31 to BR-44, BR-CO-21 to BR-CO-24, BR-DEC-01 to -06 and -24 to -28.
pub(super) fn allowance_charge(judge: &mut Judge<'_>, element: Element<'_>) {
    // Without an indicator, or with one that is none, no rule's context fits.
    let Ok(Some(charge)) = is_charge(element) else {
        return;
    };
    let rules = match (element.parent_tag(), charge) {
        (cac::InvoiceLine | cac::CreditNoteLine, false) => LINE_ALLOWANCE,
        (cac::InvoiceLine | cac::CreditNoteLine, true) => LINE_CHARGE,
        (_, false) if is_of_document(element) => OWN_ALLOWANCE,
        (_, true) if is_of_document(element) => OWN_CHARGE,
        _ => return,
    };
    judge.check(rules.amount, element, element.has(cbc::Amount));
    if let Some(id) = rules.category {
        let categorised = || -> Checked<'_, bool> {
            for category in element.all(cac::TaxCategory) {
                if is_vat(category)? && category.has(cbc::ID) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        judge.check(id, element, categorised());
    }
    let reason = element.has(cbc::AllowanceChargeReason) || element.has(cbc::AllowanceChargeReasonCode);
    for id in rules.reason {
        judge.check(id, element, reason);
    }
    let [amount, base] = rules.cents;
    cents(judge, element, &[(amount, cbc::Amount), (base, cbc::BaseAmount)]);
}
