//! Sums, VAT, allowances and charges: BG-20 to BG-23, BG-27 and BG-28, both ways; and the signs of a credit note.

use kvitt_domain::invoice::{AllowanceKind, AllowanceOrCharge, DocumentKind, Invoice, Line, Totals, VatRate, VatSubtotal};
use kvitt_domain::{Amount, Currency};
use kvitt_rules::arena::Node;
use rust_decimal::Decimal;

use super::values::{self, amount, optional, percent, untdid, wrapped};
use crate::element::Element;
use crate::terms::{Terms, all, text_of};

/// Every amount and quantity with the other sign. Prices keep theirs.
pub(super) fn turn_signs(invoice: &mut Invoice) {
    let totals = &mut invoice.totals;
    let sums = [&mut totals.lines, &mut totals.without_vat, &mut totals.with_vat, &mut totals.payable];
    let others = [
        &mut totals.allowances,
        &mut totals.charges,
        &mut totals.vat,
        &mut totals.vat_in_tax_currency,
        &mut totals.prepaid,
        &mut totals.rounding,
    ];
    sums.into_iter().chain(others.into_iter().flatten()).for_each(turn);
    for subtotal in &mut invoice.vat_breakdown {
        turn(&mut subtotal.taxable);
        turn(&mut subtotal.tax);
    }
    for line in &mut invoice.lines {
        line.quantity = -line.quantity;
        turn(&mut line.net);
    }
    let of_lines = invoice.lines.iter_mut().flat_map(|line| &mut line.allowances_and_charges);
    for change in invoice.allowances_and_charges.iter_mut().chain(of_lines) {
        turn(&mut change.amount);
        change.base.iter_mut().for_each(turn);
    }
}

/// Turns an amount's sign; the one that has no counterpart stays.
fn turn(amount: &mut Amount) {
    *amount = amount.minor().checked_neg().map_or(*amount, |minor| Amount::new(minor, amount.currency()));
}

/// The sums in the order of the schema.
pub(super) fn write_totals(totals: &Totals) -> Vec<Element> {
    [
        ("RowsTotalVatExcludedAmount", Some(totals.lines)),
        ("DiscountsTotalVatExcludedAmount", totals.allowances),
        ("ChargesTotalVatExcludedAmount", totals.charges),
        ("InvoiceTotalVatExcludedAmount", Some(totals.without_vat)),
        ("InvoiceTotalVatAmount", totals.vat),
        ("InvoiceTotalVatAccountingAmount", totals.vat_in_tax_currency),
        ("InvoiceTotalVatIncludedAmount", Some(totals.with_vat)),
        ("InvoiceTotalRoundoffAmount", totals.rounding),
        ("InvoicePaidAmount", totals.prepaid),
    ]
    .into_iter()
    .filter_map(|(name, sum)| sum.map(|sum| amount(name, sum)))
    .collect()
}

/// BG-23.
pub(super) fn write_vat_subtotal(subtotal: &VatSubtotal) -> Element {
    let exemption = subtotal.exemption.iter().flat_map(|text| wrapped(text, 70)).take(3);
    let fits =
        |code: &&str| (1..=20).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    Element::group("VatSpecificationDetails")
        .child(amount("VatBaseAmount", subtotal.taxable))
        .children(percent("VatRatePercent", subtotal.rate.percent))
        .children(untdid("VatCode", Some(&subtotal.rate.category)))
        .child(amount("VatRateAmount", subtotal.tax))
        .children(exemption.map(|piece| Element::leaf("VatFreeText", piece)))
        .optional("VatExemptionReasonCode", subtotal.exemption_code.as_deref().filter(fits))
}

/// The allowances (BG-20) before the charges (BG-21), as the schema parts them.
pub(super) fn write_changes(invoice: &Invoice) -> Vec<Element> {
    let of = |kind: AllowanceKind| invoice.allowances_and_charges.iter().filter(move |change| change.adds == kind);
    let allowances = of(AllowanceKind::Allowance).map(|change| write_change("DiscountDetails", "FreeText", change));
    let charges = of(AllowanceKind::Charge).map(|change| write_change("ChargeDetails", "ReasonText", change));
    allowances.chain(charges).collect()
}

/// An allowance or charge; those of rows have no VAT.
pub(super) fn write_change(group: &'static str, reason: &'static str, change: &AllowanceOrCharge) -> Element {
    let vat = change.vat.as_ref();
    Element::group(group)
        .children(optional(reason, change.reason.as_deref(), 70))
        .children(untdid("ReasonCode", change.reason_code.as_deref()))
        .children(percent("Percent", change.percent))
        .child(amount("Amount", change.amount))
        .children(change.base.map(|base| amount("BaseAmount", base)))
        .children(untdid("VatCategoryCode", vat.map(|vat| vat.category.as_str())))
        .children(percent("VatRatePercent", vat.and_then(|vat| vat.percent)))
}

/// The allowances of a row: one stands in the row itself, several one after the other in groups.
pub(super) fn write_row_allowances(line: &Line) -> Vec<Element> {
    let allowances: Vec<_> = of_line(line, AllowanceKind::Allowance).collect();
    match allowances.as_slice() {
        [one] => write_row_allowance(one),
        several => several
            .iter()
            .map(|change| Element::group("RowProgressiveDiscountDetails").children(write_row_allowance(change)))
            .collect(),
    }
}

fn write_row_allowance(change: &AllowanceOrCharge) -> Vec<Element> {
    percent("RowDiscountPercent", change.percent)
        .into_iter()
        .chain([amount("RowDiscountAmount", change.amount)])
        .chain(change.base.map(|base| amount("RowDiscountBaseAmount", base)))
        .chain(untdid("RowDiscountTypeCode", change.reason_code.as_deref()))
        .chain(optional("RowDiscountTypeText", change.reason.as_deref(), 35))
        .collect()
}

/// The changes of a line of one kind.
pub(super) fn of_line(line: &Line, kind: AllowanceKind) -> impl Iterator<Item = &AllowanceOrCharge> {
    line.allowances_and_charges.iter().filter(move |change| change.adds == kind)
}

/// The element names of an allowance or charge with its business terms.
struct ChangeNames {
    adds: AllowanceKind,
    amount: (&'static str, &'static str),
    base: (&'static str, &'static str),
    percent: (&'static str, &'static str),
    reason: (&'static str, &'static str),
    reason_code: (&'static str, &'static str),
    /// Category and rate.
    vat: Option<(&'static str, &'static str)>,
}

const ALLOWANCE: ChangeNames = ChangeNames {
    adds: AllowanceKind::Allowance,
    amount: ("Amount", "BT-92"),
    base: ("BaseAmount", "BT-93"),
    percent: ("Percent", "BT-94"),
    reason: ("FreeText", "BT-97"),
    reason_code: ("ReasonCode", "BT-98"),
    vat: Some(("BT-95", "BT-96")),
};

const CHARGE: ChangeNames = ChangeNames {
    adds: AllowanceKind::Charge,
    amount: ("Amount", "BT-99"),
    base: ("BaseAmount", "BT-100"),
    percent: ("Percent", "BT-101"),
    reason: ("ReasonText", "BT-104"),
    reason_code: ("ReasonCode", "BT-105"),
    vat: Some(("BT-102", "BT-103")),
};

const ROW_ALLOWANCE: ChangeNames = ChangeNames {
    adds: AllowanceKind::Allowance,
    amount: ("RowDiscountAmount", "BT-136"),
    base: ("RowDiscountBaseAmount", "BT-137"),
    percent: ("RowDiscountPercent", "BT-138"),
    reason: ("RowDiscountTypeText", "BT-139"),
    reason_code: ("RowDiscountTypeCode", "BT-140"),
    vat: None,
};

const ROW_CHARGE: ChangeNames = ChangeNames {
    adds: AllowanceKind::Charge,
    amount: ("Amount", "BT-141"),
    base: ("BaseAmount", "BT-142"),
    percent: ("Percent", "BT-143"),
    reason: ("ReasonText", "BT-144"),
    reason_code: ("ReasonCode", "BT-145"),
    vat: None,
};

/// BG-20 and BG-21.
pub(super) fn read_changes<'d>(terms: &mut Terms<'d>, details: Node<'d>) -> Vec<AllowanceOrCharge> {
    let mut changes = Vec::new();
    for (group, names) in [("DiscountDetails", &ALLOWANCE), ("ChargeDetails", &CHARGE)] {
        changes.extend(all(details, group).map(|node| read_change(terms, node, names, None)));
    }
    changes
}

/// BG-27 and BG-28. `full` is what the row costs before changes: what the percentages of older documents, which give no
/// amount, are of.
pub(super) fn read_row_changes<'d>(terms: &mut Terms<'d>, row: Node<'d>, full: Option<Decimal>) -> Vec<AllowanceOrCharge> {
    let mut changes = Vec::new();
    // A percentage of nothing is how many programs say that there is no discount.
    let says = |name, counts: fn(Decimal) -> bool| {
        all(row, name).any(|node| !node.trimmed().is_empty() && values::parse_decimal(node.trimmed()).is_none_or(counts))
    };
    if says(ROW_ALLOWANCE.amount.0, |_| true) || says(ROW_ALLOWANCE.percent.0, |percent| !percent.is_zero()) {
        changes.push(read_change(terms, row, &ROW_ALLOWANCE, full));
    }
    changes.extend(all(row, "RowProgressiveDiscountDetails").map(|node| read_change(terms, node, &ROW_ALLOWANCE, full)));
    changes.extend(all(row, "RowChargeDetails").map(|node| read_change(terms, node, &ROW_CHARGE, full)));
    changes
}

fn read_change<'d>(terms: &mut Terms<'d>, node: Node<'d>, names: &ChangeNames, full: Option<Decimal>) -> AllowanceOrCharge {
    let percent = terms.decimal(node, names.percent.0, names.percent.1);
    let base = terms.amount(node, names.base.0, names.base.1);
    let amount = terms.amount(node, names.amount.0, names.amount.1);
    let computed = || {
        let full = base.map(Amount::to_decimal).or(full)?;
        let share = full.checked_mul(percent?)?.checked_div(Decimal::ONE_HUNDRED)?;
        Amount::rounded(share, terms.currency?)
    };
    let stands = all(node, names.amount.0).any(|node| !node.trimmed().is_empty());
    let amount = amount.or_else(|| if stands { None } else { computed() });
    AllowanceOrCharge {
        adds: names.adds,
        amount: match amount {
            Some(amount) => amount,
            None => terms.required_amount(node, names.amount.0, names.amount.1),
        },
        base,
        percent,
        vat: names.vat.and_then(|vat| read_change_vat(terms, node, vat)),
        reason: terms.text(node, names.reason.0, names.reason.1),
        reason_code: terms.text(node, names.reason_code.0, names.reason_code.1),
    }
}

fn read_change_vat<'d>(terms: &mut Terms<'d>, node: Node<'d>, vat: (&str, &str)) -> Option<VatRate> {
    let percent = terms.decimal(node, "VatRatePercent", vat.1);
    let category = terms.text(node, "VatCategoryCode", vat.0).or_else(|| percent.map(category_of))?;
    Some(VatRate { category, percent })
}

/// The VAT category where a document says only the rate, as those before Finvoice 3.0 do: standard rated, or zero rated.
fn category_of(percent: Decimal) -> String {
    (if percent.is_zero() { "Z" } else { "S" }).to_owned()
}

/// A VAT category and rate; a rate alone says its category.
pub(super) fn read_vat_rate<'d>(
    terms: &mut Terms<'d>,
    node: Node<'d>,
    names: (&'static str, &'static str),
    bt: (&str, &str),
) -> VatRate {
    let percent = terms.decimal(node, names.1, bt.1);
    let category = match (terms.text(node, names.0, bt.0), percent) {
        (Some(category), _) => category,
        (None, Some(percent)) => category_of(percent),
        (None, None) => terms.required_text(node, names.0, bt.0),
    };
    VatRate { category, percent }
}

/// BG-23.
pub(super) fn read_vat_breakdown<'d>(terms: &mut Terms<'d>, details: Node<'d>) -> Vec<VatSubtotal> {
    all(details, "VatSpecificationDetails")
        .map(|node| {
            let exemption: Vec<String> = all(node, "VatFreeText").filter_map(text_of).collect();
            VatSubtotal {
                taxable: terms.required_amount(node, "VatBaseAmount", "BT-116"),
                tax: terms.required_amount(node, "VatRateAmount", "BT-117"),
                rate: read_vat_rate(terms, node, ("VatCode", "VatRatePercent"), ("BT-118", "BT-119")),
                exemption: (!exemption.is_empty()).then(|| exemption.join(" ")),
                exemption_code: terms.text(node, "VatExemptionReasonCode", "BT-121"),
            }
        })
        .collect()
}

/// BG-22. Sums that EN 16931 wants and Finvoice does not are what the others add up to.
pub(super) fn read_totals<'d>(terms: &mut Terms<'d>, root: Node<'d>, details: Node<'d>, lines: &[Line]) -> Totals {
    let with_vat = terms.required_amount(details, "InvoiceTotalVatIncludedAmount", "BT-112");
    let vat = terms.amount(details, "InvoiceTotalVatAmount", "BT-110");
    let without_vat = terms.amount(details, "InvoiceTotalVatExcludedAmount", "BT-109");
    let rows = terms.amount(details, "RowsTotalVatExcludedAmount", "BT-106");
    let accounted = terms.one(details, "InvoiceTotalVatAccountingAmount", "BT-111");
    let summed = || lines.iter().try_fold(terms.nothing(), |sum, line| sum.checked_add(line.net));
    Totals {
        lines: rows.or_else(summed).unwrap_or_else(|| terms.nothing()),
        allowances: terms.amount(details, "DiscountsTotalVatExcludedAmount", "BT-107"),
        charges: terms.amount(details, "ChargesTotalVatExcludedAmount", "BT-108"),
        without_vat: without_vat.or_else(|| with_vat.checked_sub(vat?)).unwrap_or(with_vat),
        vat,
        vat_in_tax_currency: accounted.and_then(|node| terms.amount_in_any_currency(node, "BT-111")),
        with_vat,
        prepaid: terms.amount(details, "InvoicePaidAmount", "BT-113"),
        rounding: terms.amount(details, "InvoiceTotalRoundoffAmount", "BT-114"),
        payable: terms.required_amount(root, "EpiDetails/EpiPaymentInstructionDetails/EpiInstructedAmount", "BT-115"),
    }
}

/// BT-6: the currency of the VAT that is accounted in another.
pub(super) fn tax_currency(totals: &Totals, currency: Currency) -> Option<Currency> {
    totals.vat_in_tax_currency.map(Amount::currency).filter(|accounted| *accounted != currency)
}

/// Whether the signs of a document stand the other way round than those of EN 16931: a credit note whose total is below zero.
pub(super) fn reads_turned(kind: DocumentKind, with_vat: Amount) -> bool {
    kind == DocumentKind::CreditNote && with_vat.is_negative()
}

/// Whether an invoice is written with its signs turned: every credit note that gives anything back.
pub(super) fn writes_turned(invoice: &Invoice) -> bool {
    invoice.kind == DocumentKind::CreditNote && invoice.totals.with_vat.minor() != 0
}

/// The price of the whole row before changes.
pub(super) fn full_price(quantity: Decimal, price: Decimal, base_quantity: Option<Decimal>) -> Option<Decimal> {
    let base = base_quantity.filter(|base| !base.is_zero()).unwrap_or(Decimal::ONE);
    quantity.checked_mul(price)?.checked_div(base)
}

/// The price of a row, in the row's currency.
pub(super) fn write_price(name: &'static str, value: Option<Decimal>, currency: Currency) -> Option<Element> {
    value.map(|value| values::price(name, value, currency.code()))
}
