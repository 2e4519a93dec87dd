//! Sums, VAT, allowances and charges: BG-20 to BG-23, BG-27 and BG-28, both ways.

use kvitt_domain::Amount;
use kvitt_domain::invoice::{AllowanceKind, AllowanceOrCharge, Invoice, Totals, VatRate, VatSubtotal};
use kvitt_rules::arena::Node;
use rust_decimal::Decimal;

use crate::element::Element;
use crate::terms::{Terms, all};

/// The business terms of one kind of allowance or charge.
pub(super) struct ChangeTerms {
    amount: &'static str,
    base: &'static str,
    percent: &'static str,
    /// Category and rate; none on lines.
    vat: Option<(&'static str, &'static str)>,
    reason: &'static str,
    reason_code: &'static str,
}

/// An allowance and a charge at the same level.
pub(super) struct ChangeLevel {
    group: &'static str,
    allowance: ChangeTerms,
    charge: ChangeTerms,
}

/// BG-20, BG-21.
pub(super) const OF_DOCUMENT: ChangeLevel = ChangeLevel {
    group: "BG-20",
    allowance: ChangeTerms {
        amount: "BT-92",
        base: "BT-93",
        percent: "BT-94",
        vat: Some(("BT-95", "BT-96")),
        reason: "BT-97",
        reason_code: "BT-98",
    },
    charge: ChangeTerms {
        amount: "BT-99",
        base: "BT-100",
        percent: "BT-101",
        vat: Some(("BT-102", "BT-103")),
        reason: "BT-104",
        reason_code: "BT-105",
    },
};

/// BG-27, BG-28.
pub(super) const OF_LINE: ChangeLevel = ChangeLevel {
    group: "BG-27",
    allowance: ChangeTerms {
        amount: "BT-136",
        base: "BT-137",
        percent: "BT-138",
        vat: None,
        reason: "BT-139",
        reason_code: "BT-140",
    },
    charge: ChangeTerms {
        amount: "BT-141",
        base: "BT-142",
        percent: "BT-143",
        vat: None,
        reason: "BT-144",
        reason_code: "BT-145",
    },
};

/// The allowances and charges of a document or a line.
pub(super) fn read_changes<'d>(terms: &mut Terms<'d>, parent: Node<'d>, level: &ChangeLevel) -> Vec<AllowanceOrCharge> {
    all(parent, "cac:AllowanceCharge").filter_map(|node| read_change(terms, node, level)).collect()
}

fn read_change<'d>(terms: &mut Terms<'d>, node: Node<'d>, level: &ChangeLevel) -> Option<AllowanceOrCharge> {
    let adds = read_indicator(terms, node, level.group)?;
    let bt = match adds {
        AllowanceKind::Allowance => &level.allowance,
        AllowanceKind::Charge => &level.charge,
    };
    Some(AllowanceOrCharge {
        adds,
        amount: terms.required_amount(node, "cbc:Amount", bt.amount),
        base: terms.amount(node, "cbc:BaseAmount", bt.base),
        percent: terms.decimal(node, "cbc:MultiplierFactorNumeric", bt.percent),
        vat: bt.vat.and_then(|(category, rate)| {
            let group = terms.one(node, "cac:TaxCategory", category)?;
            Some(read_vat_rate(terms, group, category, rate))
        }),
        reason: terms.text(node, "cbc:AllowanceChargeReason", bt.reason),
        reason_code: terms.text(node, "cbc:AllowanceChargeReasonCode", bt.reason_code),
    })
}

/// xsd:boolean: `true` and `1` add, `false` and `0` take away.
fn read_indicator<'d>(terms: &mut Terms<'d>, node: Node<'d>, group: &str) -> Option<AllowanceKind> {
    let Some(indicator) = terms.one(node, "cbc:ChargeIndicator", group) else {
        terms.missing(node, "cbc:ChargeIndicator", group);
        return None;
    };
    match indicator.trimmed() {
        "true" | "1" => Some(AllowanceKind::Charge),
        "false" | "0" => Some(AllowanceKind::Allowance),
        _ => {
            terms.invalid(indicator, group);
            None
        }
    }
}

/// A VAT category and its rate.
pub(super) fn read_vat_rate<'d>(terms: &mut Terms<'d>, group: Node<'d>, category: &str, rate: &str) -> VatRate {
    VatRate { category: terms.required_text(group, "cbc:ID", category), percent: terms.decimal(group, "cbc:Percent", rate) }
}

/// What the tax totals of a document say: BT-110, BT-111, BG-23.
#[derive(Default)]
pub(super) struct TaxTotals {
    vat: Option<Amount>,
    vat_in_tax_currency: Option<Amount>,
    /// BG-23.
    pub(super) breakdown: Vec<VatSubtotal>,
}

/// The tax totals: one in the document's currency with the VAT specification, at most one more in the tax currency.
pub(super) fn read_tax_totals<'d>(
    terms: &mut Terms<'d>,
    root: Node<'d>,
    tax_currency: Option<kvitt_domain::Currency>,
) -> TaxTotals {
    let mut read = TaxTotals::default();
    for total in all(root, "cac:TaxTotal") {
        let Some(node) = terms.one(total, "cbc:TaxAmount", "BT-110") else {
            terms.missing(total, "cbc:TaxAmount", "BT-110");
            continue;
        };
        let Some(amount) = terms.amount_in_any_currency(node, "BT-110") else {
            continue;
        };
        let in_tax_currency = terms.currency.is_some_and(|currency| currency != amount.currency());
        if in_tax_currency && tax_currency != Some(amount.currency()) {
            terms.invalid_currency(node, "BT-111");
        } else if in_tax_currency {
            if read.vat_in_tax_currency.replace(amount).is_some() {
                terms.repeated(node, "BT-111");
            }
        } else {
            if read.vat.replace(amount).is_some() {
                terms.repeated(node, "BT-110");
            }
            read.breakdown.extend(all(total, "cac:TaxSubtotal").map(|subtotal| read_vat_subtotal(terms, subtotal)));
        }
    }
    read
}

fn read_vat_subtotal<'d>(terms: &mut Terms<'d>, node: Node<'d>) -> VatSubtotal {
    VatSubtotal {
        taxable: terms.required_amount(node, "cbc:TaxableAmount", "BT-116"),
        tax: terms.required_amount(node, "cbc:TaxAmount", "BT-117"),
        rate: VatRate {
            category: terms.required_text(node, "cac:TaxCategory/cbc:ID", "BT-118"),
            percent: terms.decimal(node, "cac:TaxCategory/cbc:Percent", "BT-119"),
        },
        exemption: terms.one(node, "cac:TaxCategory", "BG-23").and_then(|group| terms.free_text(group, "cbc:TaxExemptionReason")),
        exemption_code: terms.text(node, "cac:TaxCategory/cbc:TaxExemptionReasonCode", "BT-121"),
    }
}

/// BG-22.
pub(super) fn read_totals<'d>(terms: &mut Terms<'d>, root: Node<'d>, taxes: &TaxTotals) -> Totals {
    let Some(group) = terms.one(root, "cac:LegalMonetaryTotal", "BG-22") else {
        terms.missing(root, "cac:LegalMonetaryTotal", "BG-22");
        let nothing = terms.nothing();
        return Totals {
            lines: nothing,
            allowances: None,
            charges: None,
            without_vat: nothing,
            vat: None,
            vat_in_tax_currency: None,
            with_vat: nothing,
            prepaid: None,
            rounding: None,
            payable: nothing,
        };
    };
    Totals {
        lines: terms.required_amount(group, "cbc:LineExtensionAmount", "BT-106"),
        allowances: terms.amount(group, "cbc:AllowanceTotalAmount", "BT-107"),
        charges: terms.amount(group, "cbc:ChargeTotalAmount", "BT-108"),
        without_vat: terms.required_amount(group, "cbc:TaxExclusiveAmount", "BT-109"),
        vat: taxes.vat,
        vat_in_tax_currency: taxes.vat_in_tax_currency,
        with_vat: terms.required_amount(group, "cbc:TaxInclusiveAmount", "BT-112"),
        prepaid: terms.amount(group, "cbc:PrepaidAmount", "BT-113"),
        rounding: terms.amount(group, "cbc:PayableRoundingAmount", "BT-114"),
        payable: terms.required_amount(group, "cbc:PayableAmount", "BT-115"),
    }
}

pub(super) fn write_allowance_or_charge(change: &AllowanceOrCharge) -> Element {
    Element::group("cac:AllowanceCharge")
        .value("cbc:ChargeIndicator", indicator(change.adds))
        .optional("cbc:AllowanceChargeReasonCode", change.reason_code.as_deref())
        .optional("cbc:AllowanceChargeReason", change.reason.as_deref())
        .optional("cbc:MultiplierFactorNumeric", change.percent.map(decimal).as_deref())
        .child(amount("cbc:Amount", change.amount))
        .children(change.base.map(|base| amount("cbc:BaseAmount", base)))
        .children(change.vat.as_ref().map(|vat| write_vat_rate("cac:TaxCategory", vat, Exemption::default())))
}

fn indicator(adds: AllowanceKind) -> &'static str {
    match adds {
        AllowanceKind::Allowance => "false",
        AllowanceKind::Charge => "true",
    }
}

/// BT-120 and BT-121, which only the VAT specification has.
#[derive(Default)]
pub(super) struct Exemption<'a> {
    code: Option<&'a str>,
    reason: Option<&'a str>,
}

pub(super) fn write_vat_rate(group: &'static str, vat: &VatRate, exemption: Exemption<'_>) -> Element {
    Element::group(group)
        .value("cbc:ID", &vat.category)
        .optional("cbc:Percent", vat.percent.map(decimal).as_deref())
        .optional("cbc:TaxExemptionReasonCode", exemption.code)
        .optional("cbc:TaxExemptionReason", exemption.reason)
        .child(Element::group("cac:TaxScheme").value("cbc:ID", "VAT"))
}

/// BT-110 with BG-23, then BT-111. The VAT specification cannot stand without its sum, which then is the sum of its lines.
pub(super) fn write_tax_totals(invoice: &Invoice) -> Vec<Element> {
    let breakdown = &invoice.vat_breakdown;
    let summed = || breakdown.iter().try_fold(Amount::zero(invoice.currency), |sum, subtotal| sum.checked_add(subtotal.tax));
    let total = invoice.totals.vat.or_else(|| if breakdown.is_empty() { None } else { summed() });
    let in_document_currency = total.map(|total| {
        Element::group("cac:TaxTotal").child(amount("cbc:TaxAmount", total)).children(breakdown.iter().map(write_vat_subtotal))
    });
    let in_tax_currency =
        invoice.totals.vat_in_tax_currency.map(|vat| Element::group("cac:TaxTotal").child(amount("cbc:TaxAmount", vat)));
    in_document_currency.into_iter().chain(in_tax_currency).collect()
}

fn write_vat_subtotal(subtotal: &VatSubtotal) -> Element {
    let exemption = Exemption { code: subtotal.exemption_code.as_deref(), reason: subtotal.exemption.as_deref() };
    Element::group("cac:TaxSubtotal")
        .child(amount("cbc:TaxableAmount", subtotal.taxable))
        .child(amount("cbc:TaxAmount", subtotal.tax))
        .child(write_vat_rate("cac:TaxCategory", &subtotal.rate, exemption))
}

pub(super) fn write_totals(totals: &Totals) -> Element {
    let optional = |name, sum: Option<Amount>| sum.map(|sum| amount(name, sum));
    Element::group("cac:LegalMonetaryTotal")
        .child(amount("cbc:LineExtensionAmount", totals.lines))
        .child(amount("cbc:TaxExclusiveAmount", totals.without_vat))
        .child(amount("cbc:TaxInclusiveAmount", totals.with_vat))
        .children(optional("cbc:AllowanceTotalAmount", totals.allowances))
        .children(optional("cbc:ChargeTotalAmount", totals.charges))
        .children(optional("cbc:PrepaidAmount", totals.prepaid))
        .children(optional("cbc:PayableRoundingAmount", totals.rounding))
        .child(amount("cbc:PayableAmount", totals.payable))
}

/// An amount with its currency.
pub(super) fn amount(name: &'static str, amount: Amount) -> Element {
    Element::leaf(name, amount.to_decimal().to_string()).attribute("currencyID", Some(amount.currency().code()))
}

/// A number as xsd:decimal.
pub(super) fn decimal(value: Decimal) -> String {
    value.to_string()
}
