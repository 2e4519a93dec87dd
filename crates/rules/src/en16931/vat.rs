//! The VAT rules of EN 16931 (section 6.4.3, BR-S, BR-Z, BR-E, BR-AE, BR-IC, BR-G, BR-O, BR-AF, BR-AG, BR-B).
//!
//! Nine categories have the same ten questions with small differences, so that they are one table ([`Family`]) and
//! one set of functions. What must be known of the whole document is collected before (`usage`).

use super::usage::{Sums, Total, Usage, Used, code, is_charge, is_vat};
use crate::decimal::Decimal;
use crate::judge::Judge;
use crate::ubl::{Checked, Element};
use crate::vocabulary::{cac, cbc};

/// A VAT category of UNTDID 5305 with the ids of its ten rules.
pub(super) struct Family {
    pub(super) code: &'static str,
    ids: [&'static str; 10],
    pub(super) kind: Kind,
}

/// How a category is taxed, which is where the families differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A rate above zero; several breakdowns, one a rate.
    Standard,
    /// The Canary Islands and Ceuta and Melilla: a rate, possibly zero.
    Islands,
    /// The rate is zero and no reason may be given.
    ZeroRated,
    /// The rate is zero and a reason must be given.
    Exempt,
    /// No rate at all.
    OutOfScope,
}

macro_rules! family {
    ($code:literal, $name:literal, $kind:ident) => {
        Family {
            code: $code,
            ids: [
                concat!("BR-", $name, "-01"),
                concat!("BR-", $name, "-02"),
                concat!("BR-", $name, "-03"),
                concat!("BR-", $name, "-04"),
                concat!("BR-", $name, "-05"),
                concat!("BR-", $name, "-06"),
                concat!("BR-", $name, "-07"),
                concat!("BR-", $name, "-08"),
                concat!("BR-", $name, "-09"),
                concat!("BR-", $name, "-10"),
            ],
            kind: Kind::$kind,
        }
    };
}

pub(super) const FAMILIES: [Family; 9] = [
    family!("S", "S", Standard),
    family!("Z", "Z", ZeroRated),
    family!("E", "E", Exempt),
    family!("AE", "AE", Exempt),
    family!("K", "IC", Exempt),
    family!("G", "G", Exempt),
    family!("O", "O", OutOfScope),
    family!("L", "AF", Islands),
    family!("M", "AG", Islands),
];

pub(super) fn family_of(code: &str) -> Option<usize> {
    FAMILIES.iter().position(|family| family.code == code)
}

impl Kind {
    pub(super) fn has_rates(self) -> bool {
        matches!(self, Kind::Standard | Kind::Islands)
    }
}

/// The rules on the document as a whole: 01 to 04, 11 to 14, and split payment.
pub(crate) fn document(judge: &mut Judge<'_>, root: Element<'_>, usage: &Usage) {
    for (family, used) in FAMILIES.iter().zip(&usage.used) {
        let [r01, r02, r03, r04, ..] = family.ids;
        judge.check(r01, root, breakdown_matches_use(family, used));
        let registered = match family.code {
            "AE" => usage.seller_is_registered() && (usage.buyer_vat_id || usage.buyer_legal_id),
            "K" => usage.seller_has_vat_id() && usage.buyer_vat_id,
            "G" => usage.seller_has_vat_id(),
            "O" => !(usage.seller_has_vat_id() || usage.buyer_vat_id),
            _ => usage.seller_is_registered(),
        };
        // As published, the standard rate counts as used whatever its tax scheme, and must then be VAT.
        let item = if family.code == "S" { used.item && !(used.item_vat && registered) } else { used.item_vat && !registered };
        judge.check(r02, root, !item);
        let (allowance, charge) = match family.code {
            "O" => (used.own_allowance_vat, used.own_charge_vat),
            "L" => (used.allowance_vat, used.charge_exact_vat),
            _ => (used.allowance_vat, used.charge_vat),
        };
        judge.check(r03, root, !allowance || registered);
        judge.check(r04, root, !charge || registered);
    }
    let out_of_scope = usage.of_category("O").breakdowns_vat > 0;
    judge.check("BR-O-11", root, !(out_of_scope && usage.other_breakdown));
    judge.check("BR-O-12", root, !(out_of_scope && usage.other_item));
    judge.check("BR-O-13", root, !(out_of_scope && usage.other_allowance));
    judge.check("BR-O-14", root, !(out_of_scope && usage.other_charge));
    intra_community(judge, root, usage);
    split_payment(judge, root, usage);
}

fn breakdown_matches_use(family: &Family, used: &Used) -> bool {
    match family.kind {
        Kind::Standard => (used.either || used.item) == (used.breakdowns > 0),
        Kind::Islands => {
            let is_used = used.either_vat || used.item_vat;
            if is_used { used.breakdowns_exact > 0 } else { used.breakdowns_vat == 0 }
        }
        _ => !(used.anywhere_vat || used.item_vat) || used.breakdowns_vat == 1,
    }
}

fn intra_community(judge: &mut Judge<'_>, root: Element<'_>, usage: &Usage) {
    if usage.of_category("K").breakdowns_vat == 0 {
        return;
    }
    let longer_than_one = |path: &[_]| -> Checked<'_, bool> {
        Ok(root.only_at(path)?.is_some_and(|element| element.text().chars().nth(1).is_some()))
    };
    let delivered = longer_than_one(&[cac::Delivery, cbc::ActualDeliveryDate]);
    let period = root.all(cac::InvoicePeriod).any(|period| period.children().next().is_some());
    judge.check("BR-IC-11", root, delivered.map(|delivered| delivered || period));
    let country = [cac::Delivery, cac::DeliveryLocation, cac::Address, cac::Country, cbc::IdentificationCode];
    judge.check("BR-IC-12", root, longer_than_one(&country));
}

fn split_payment(judge: &mut Judge<'_>, root: Element<'_>, usage: &Usage) {
    let split = usage.split_anywhere || usage.split_item;
    judge.check("BR-B-01", root, !split || !usage.foreign_country);
    if !split {
        return;
    }
    let breakdown = [cac::TaxTotal, cac::TaxSubtotal, cac::TaxCategory, cbc::ID];
    let allowance = [cac::AllowanceCharge, cac::TaxCategory, cbc::ID];
    let is = |path: &[_], code: &str| root.any(path, &mut |id| id.text() == code);
    let split = is(&breakdown, "B") || is(&allowance, "B") || usage.split_item;
    let standard = is(&[cac::TaxTotal, cac::TaxSubtotal, cbc::ID], "S") || is(&allowance, "S") || usage.standard_item;
    judge.check("BR-B-02", root, !(split && standard));
}

/// The rules on one breakdown of the document: 08 to 10.
pub(crate) fn breakdown(judge: &mut Judge<'_>, category: Element<'_>, usage: &Usage) {
    let Ok(code) = code(category) else { return };
    let (Some(family), Ok(true)) = (family_of(code), is_vat(category)) else {
        return;
    };
    let Some(subtotal) = category.parent() else {
        return;
    };
    let kind = FAMILIES[family].kind;
    let [.., r08, r09, r10] = FAMILIES[family].ids;
    let sums = &usage.used[family].sums;
    if let Some(holds) = judge.value(taxable_amount_is_sum(category, subtotal, sums, kind, usage)) {
        match holds {
            Balance::Holds => {}
            Balance::Expected(expected) => judge.fire_with(r08, category, || {
                let found = subtotal.child(cbc::TaxableAmount).map_or("", Element::trimmed);
                vec![found.to_owned(), expected.map_or_else(String::new, |sum| sum.to_string())]
            }),
        }
    }
    judge.check(r09, category, tax_amount_is_right(category, subtotal, kind));
    let reason = category.has(cbc::TaxExemptionReason) || category.has(cbc::TaxExemptionReasonCode);
    let wants_reason = matches!(kind, Kind::Exempt | Kind::OutOfScope);
    judge.check(r10, category, reason == wants_reason);
}

enum Balance {
    Holds,
    Expected(Option<Decimal>),
}

fn taxable_amount_is_sum<'u>(
    category: Element<'u>,
    subtotal: Element<'u>,
    sums: &Sums,
    kind: Kind,
    usage: &Usage,
) -> Checked<'u, Balance> {
    let total = |lines: Total, charges: Total, allowances: Total| {
        lines.0.zip(charges.0).zip(allowances.0).and_then(|((lines, charges), allowances)| lines.plus(charges)?.minus(allowances))
    };
    if !kind.has_rates() {
        let taxable = subtotal.decimal(cbc::TaxableAmount)?;
        let expected = total(sums.lines, sums.charges, sums.allowances);
        let holds = usage.has_lines && taxable.is_some() && taxable == expected;
        return Ok(if holds { Balance::Holds } else { Balance::Expected(expected) });
    }
    let Some(rate) = category.decimal(cbc::Percent)? else {
        return Ok(Balance::Holds);
    };
    let taxable = subtotal.decimal(cbc::TaxableAmount)?;
    let found = sums.by_rate.iter().find(|sums| sums.rate == rate);
    let expected = found.map_or(Some(Decimal::ZERO), |sums| total(sums.lines, sums.charges, sums.allowances));
    let is_near =
        |expected: Option<Decimal>| taxable.zip(expected).is_some_and(|(taxable, expected)| within_one(taxable, expected));
    let holds = match (kind, found) {
        (Kind::Standard, Some(sums)) => {
            // As published, the equation may hold for invoice lines or for credit note lines, of which there are none:
            // with any allowance or charge at this rate, the sum of those alone will do.
            let without_lines = total(Total::default(), sums.charges, sums.allowances);
            ((sums.has_line || sums.has_either) && is_near(expected)) || (sums.has_either && is_near(without_lines))
        }
        (Kind::Standard, None) => false,
        _ => usage.has_lines && is_near(expected),
    };
    Ok(if holds { Balance::Holds } else { Balance::Expected(expected) })
}

/// Do two amounts differ by less than one?
fn within_one(left: Decimal, right: Decimal) -> bool {
    left.minus(right).is_some_and(|difference| difference.absolute() < Decimal::ONE)
}

fn tax_amount_is_right<'u>(category: Element<'u>, subtotal: Element<'u>, kind: Kind) -> Checked<'u, bool> {
    let tax = subtotal.decimal(cbc::TaxAmount)?;
    if !kind.has_rates() {
        return Ok(tax.is_some_and(Decimal::is_zero));
    }
    let taxable = subtotal.decimal(cbc::TaxableAmount)?;
    let rate = category.decimal(cbc::Percent)?;
    let (Some(tax), Some(taxable), Some(rate)) = (tax, taxable, rate) else {
        return Ok(false);
    };
    Ok(tax_of(taxable, rate).is_some_and(|expected| within_one(tax.absolute(), expected)))
}

/// The tax of an amount at a rate in percent, rounded to two decimals; signs are left to the rules that compare.
pub(crate) fn tax_of(taxable: Decimal, rate: Decimal) -> Option<Decimal> {
    Some(taxable.absolute().times(rate)?.over(Decimal::HUNDRED)?.rounded())
}

/// The rules on an allowance's or charge's category: 06 and 07.
pub(crate) fn allowance_charge(judge: &mut Judge<'_>, category: Element<'_>, allowance_charge: Element<'_>) {
    let Ok(Some(charge)) = is_charge(allowance_charge) else {
        return;
    };
    let Ok(code) = code(category) else { return };
    let (Some(family), Ok(true)) = (family_of(code), is_vat(category)) else {
        return;
    };
    let id = FAMILIES[family].ids[if charge { 6 } else { 5 }];
    judge.check(id, category, rate_is_right(category, FAMILIES[family].kind));
}

/// The rules on an item's category: 05.
pub(crate) fn item(judge: &mut Judge<'_>, category: Element<'_>) {
    let Ok(code) = code(category) else { return };
    let (Some(family), Ok(true)) = (family_of(code), is_vat(category)) else {
        return;
    };
    judge.check(FAMILIES[family].ids[4], category, rate_is_right(category, FAMILIES[family].kind));
}

fn rate_is_right(category: Element<'_>, kind: Kind) -> Checked<'_, bool> {
    if kind == Kind::OutOfScope {
        return Ok(!category.has(cbc::Percent));
    }
    let rate = category.decimal(cbc::Percent)?;
    Ok(rate.is_some_and(|rate| match kind {
        Kind::Standard => rate > Decimal::ZERO,
        Kind::Islands => rate >= Decimal::ZERO,
        _ => rate.is_zero(),
    }))
}
