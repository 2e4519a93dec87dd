//! Whether the sums add up: EN 16931-1, rules BR-CO-10 to BR-CO-17, and the line calculation of Peppol BIS Billing 3.
//!
//! Amounts are whole minor units, so sums of amounts must be exact, as the standard wants. Two products are not sums and have
//! their tolerances: VAT by rate (BR-CO-17: the official rule set takes less than one whole unit of currency, because systems
//! round VAT by line or by rate) and the line's net amount.

use rust_decimal::Decimal;

use super::Found;
use crate::fault::{Fault, Severity, codes};
use crate::invoice::{AllowanceKind, AllowanceOrCharge, Invoice, Line, VatSubtotal};
use crate::money::{Amount, Currency};

/// EN 16931's own specification says nothing of how the line is rounded and its rule set does not check it. Peppol BIS Billing 3
/// does, with two hundredths either way (PEPPOL-EN16931-R120).
const LINE_TOLERANCE: Decimal = Decimal::from_parts(2, 0, 0, false, 2);

/// BR-CO-17: less than this.
const VAT_TOLERANCE: Decimal = Decimal::ONE;

/// The specification (BT-24) of the documents whose lines must add up.
const PEPPOL_BILLING: &str = "urn:fdc:peppol.eu:2017:poacc:billing:3";

/// The specification of EHF 2 and its kin (CEN BII): there the total with VAT is rounded, in EN 16931 what is to be paid.
const BII: &str = "urn:www.cenbii.eu:transaction:";

pub(super) fn check(invoice: &Invoice, found: &mut Found) {
    if !check_currencies(invoice, found) {
        // Amounts in several currencies have no sum; the sums come when this is mended.
        return;
    }
    check_totals(invoice, found);
    for (subtotal, number) in invoice.vat_breakdown.iter().zip(1..) {
        found.extend(check_vat(subtotal).map(|fault| fault.at(format!("BG-23[{number}]/BT-117"))));
    }
    let by_peppol = invoice.specification.as_deref().is_some_and(|specification| specification.contains(PEPPOL_BILLING));
    let severity = if by_peppol { Severity::Fatal } else { Severity::Warning };
    for (line, number) in invoice.lines.iter().zip(1..) {
        let fault = check_line(line).map(|fault| Fault { severity, ..fault }.at(format!("BG-25[{number}]/BT-131")));
        found.extend(fault);
    }
}

fn check_totals(invoice: &Invoice, found: &mut Found) {
    let totals = &invoice.totals;
    let zero = Amount::zero(invoice.currency);
    let or_zero = |amount: Option<Amount>| amount.unwrap_or(zero);
    let of_kind = |kind: AllowanceKind| {
        let amounts = invoice.allowances_and_charges.iter().filter(move |entry| entry.adds == kind).map(|entry| entry.amount);
        sum(zero, amounts)
    };
    let (allowances, charges, vat) = (or_zero(totals.allowances), or_zero(totals.charges), or_zero(totals.vat));
    let without_vat = totals.lines.checked_sub(allowances).and_then(|rest| rest.checked_add(charges));
    let with_vat = totals.without_vat.checked_add(vat);
    let payable = totals.with_vat.checked_sub(or_zero(totals.prepaid));
    let rounded = |sum: Option<Amount>| sum.and_then(|sum| sum.checked_add(or_zero(totals.rounding)));
    let follows_bii = invoice.specification.as_deref().is_some_and(|specification| specification.contains(BII));
    let (with_vat, payable) = if follows_bii { (rounded(with_vat), payable) } else { (with_vat, rounded(payable)) };

    let mut compare = |place: &str, stated: Amount, computed: Option<Amount>| {
        if computed != Some(stated) {
            found.push(mismatch(stated, computed.map(|amount| amount.to_string())).at(place));
        }
    };
    compare("BT-106", totals.lines, sum(zero, invoice.lines.iter().map(|line| line.net))); // BR-CO-10
    compare("BT-107", allowances, of_kind(AllowanceKind::Allowance)); // BR-CO-11
    compare("BT-108", charges, of_kind(AllowanceKind::Charge)); // BR-CO-12
    compare("BT-109", totals.without_vat, without_vat); // BR-CO-13
    if !invoice.vat_breakdown.is_empty() {
        // A missing breakdown is another fault (BR-CO-18), and `kvitt-rules`' to find.
        compare("BT-110", vat, sum(zero, invoice.vat_breakdown.iter().map(|subtotal| subtotal.tax))); // BR-CO-14
    }
    compare("BT-112", totals.with_vat, with_vat); // BR-CO-15
    compare("BT-115", totals.payable, payable); // BR-CO-16
}

/// BR-CO-17: the tax of a rate is its base times the rate. Without a rate (category `O`) there is nothing to compare.
fn check_vat(subtotal: &VatSubtotal) -> Option<Fault> {
    let percent = subtotal.rate.percent?;
    let computed =
        subtotal.taxable.to_decimal().checked_mul(percent).and_then(|product| product.checked_div(Decimal::ONE_HUNDRED));
    let stated = subtotal.tax.to_decimal();
    if computed.is_some_and(|computed| is_within(stated, computed, |difference| difference < VAT_TOLERANCE)) {
        return None;
    }
    let rounded = computed.and_then(|computed| Amount::rounded(computed, subtotal.tax.currency()));
    Some(mismatch(subtotal.tax, rounded.map(|amount| amount.to_string())))
}

/// Price × quantity / base quantity, less allowances, plus charges. A currency without hundredths gets half of its smallest unit,
/// because less cannot be written in it.
fn check_line(line: &Line) -> Option<Fault> {
    let computed = line_net(line);
    let tolerance = LINE_TOLERANCE.max(half_a_minor_unit(line.net.currency()));
    if computed.is_some_and(|computed| is_within(line.net.to_decimal(), computed, |difference| difference <= tolerance)) {
        return None;
    }
    let rounded = computed.and_then(|computed| Amount::rounded(computed, line.net.currency()));
    Some(mismatch(line.net, rounded.map(|amount| amount.to_string())))
}

/// The line's net amount before rounding; `None` for a base quantity of zero and for numbers too large to multiply.
fn line_net(line: &Line) -> Option<Decimal> {
    let gross = line.price.net.checked_mul(line.quantity)?.checked_div(line.price.base_quantity.unwrap_or(Decimal::ONE))?;
    line.allowances_and_charges.iter().try_fold(gross, |net, entry| match entry.adds {
        AllowanceKind::Allowance => net.checked_sub(entry.amount.to_decimal()),
        AllowanceKind::Charge => net.checked_add(entry.amount.to_decimal()),
    })
}

/// Whether every amount but the VAT in accounting currency is in the invoice's currency (EN 16931-1, BT-5;
/// PEPPOL-EN16931-R051).
fn check_currencies(invoice: &Invoice, found: &mut Found) -> bool {
    let mut all_in_place = true;
    let mut demand = |currency: Currency, amount: Amount, place: &dyn Fn() -> String| {
        if amount.currency() != currency {
            all_in_place = false;
            found.push(Fault::fatal(codes::TERM_INVALID).at(place()).with("value", amount));
        }
    };
    for (entry, place) in placed(&invoice.allowances_and_charges, &DOCUMENT_TERMS) {
        demand(invoice.currency, entry.amount, &|| place.amount());
        entry.base.inspect(|base| demand(invoice.currency, *base, &|| place.base()));
    }
    let totals = &invoice.totals;
    for (term, amount) in [
        ("BT-106", Some(totals.lines)),
        ("BT-107", totals.allowances),
        ("BT-108", totals.charges),
        ("BT-109", Some(totals.without_vat)),
        ("BT-110", totals.vat),
        ("BT-112", Some(totals.with_vat)),
        ("BT-113", totals.prepaid),
        ("BT-114", totals.rounding),
        ("BT-115", Some(totals.payable)),
    ] {
        amount.inspect(|amount| demand(invoice.currency, *amount, &|| term.to_owned()));
    }
    if let (Some(currency), Some(vat)) = (invoice.tax_currency, totals.vat_in_tax_currency) {
        demand(currency, vat, &|| "BT-111".to_owned());
    }
    for (subtotal, number) in invoice.vat_breakdown.iter().zip(1..) {
        demand(invoice.currency, subtotal.taxable, &|| format!("BG-23[{number}]/BT-116"));
        demand(invoice.currency, subtotal.tax, &|| format!("BG-23[{number}]/BT-117"));
    }
    for (line, number) in invoice.lines.iter().zip(1..) {
        demand(invoice.currency, line.net, &|| format!("BG-25[{number}]/BT-131"));
        for (entry, place) in placed(&line.allowances_and_charges, &LINE_TERMS) {
            demand(invoice.currency, entry.amount, &|| format!("BG-25[{number}]/{}", place.amount()));
            entry.base.inspect(|base| demand(invoice.currency, *base, &|| format!("BG-25[{number}]/{}", place.base())));
        }
    }
    all_in_place
}

/// The standard's names for an allowance or charge: group, amount, base.
struct Terms {
    allowance: [&'static str; 3],
    charge: [&'static str; 3],
}

const DOCUMENT_TERMS: Terms = Terms { allowance: ["BG-20", "BT-92", "BT-93"], charge: ["BG-21", "BT-99", "BT-100"] };
const LINE_TERMS: Terms = Terms { allowance: ["BG-27", "BT-136", "BT-137"], charge: ["BG-28", "BT-141", "BT-142"] };

/// Where an allowance or charge stands: two groups in the standard, each counted from 1, and one list here.
struct Place {
    terms: [&'static str; 3],
    number: usize,
}

impl Place {
    fn amount(&self) -> String {
        format!("{}[{}]/{}", self.terms[0], self.number, self.terms[1])
    }

    fn base(&self) -> String {
        format!("{}[{}]/{}", self.terms[0], self.number, self.terms[2])
    }
}

fn placed<'e>(entries: &'e [AllowanceOrCharge], terms: &'e Terms) -> impl Iterator<Item = (&'e AllowanceOrCharge, Place)> {
    let (mut allowances, mut charges) = (0, 0);
    entries.iter().map(move |entry| {
        let (terms, count) = match entry.adds {
            AllowanceKind::Allowance => (terms.allowance, &mut allowances),
            AllowanceKind::Charge => (terms.charge, &mut charges),
        };
        *count += 1;
        (entry, Place { terms, number: *count })
    })
}

fn mismatch(stated: Amount, computed: Option<String>) -> Fault {
    // What is too large to compute is shown as a dash.
    Fault::fatal(codes::SUM_MISMATCH).with("stated", stated).with("computed", computed.unwrap_or_else(|| "–".to_owned()))
}

fn sum(zero: Amount, mut amounts: impl Iterator<Item = Amount>) -> Option<Amount> {
    amounts.try_fold(zero, Amount::checked_add)
}

fn is_within(stated: Decimal, computed: Decimal, limit: impl Fn(Decimal) -> bool) -> bool {
    stated.checked_sub(computed).is_some_and(|difference| limit(difference.abs()))
}

fn half_a_minor_unit(currency: Currency) -> Decimal {
    Decimal::new(5, currency.decimals() + 1)
}
