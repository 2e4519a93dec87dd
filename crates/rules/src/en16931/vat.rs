//! The VAT rules of EN 16931 (section 6.4.3, BR-S, BR-Z, BR-E, BR-AE, BR-IC, BR-G, BR-O, BR-AF, BR-AG, BR-B).
//!
//! Nine categories have the same ten questions with small differences, so that they are one table ([`Family`]) and
//! one set of functions. What must be known of the whole document (which categories are used where, sums for each
//! category and rate) is collected in one pass before ([`Usage`]), which keeps the rules linear in the lines.

use crate::decimal::Decimal;
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Ubl, Unjudged, Why};
use crate::vocabulary::{cac, cbc};

/// A VAT category of UNTDID 5305 with the ids of its ten rules.
struct Family {
    code: &'static str,
    ids: [&'static str; 10],
    kind: Kind,
}

/// How a category is taxed, which is where the families differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
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

const FAMILIES: [Family; 9] = [
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

fn family_of(code: &str) -> Option<usize> {
    FAMILIES.iter().position(|family| family.code == code)
}

/// Where one category is used.
#[derive(Default, Clone)]
struct Used {
    /// On a line's item, whatever the tax scheme; and with the scheme VAT.
    item: bool,
    item_vat: bool,
    /// On an allowance or charge anywhere, and with the scheme VAT.
    allowance: bool,
    allowance_vat: bool,
    charge: bool,
    charge_vat: bool,
    /// On an allowance or charge of the document itself, with the scheme VAT.
    own_allowance_vat: bool,
    own_charge_vat: bool,
    /// On an allowance or charge, with whatever indicator.
    either: bool,
    either_vat: bool,
    /// In any `TaxCategory` with the scheme VAT.
    anywhere_vat: bool,
    /// In how many breakdowns, and with the scheme VAT.
    breakdowns: usize,
    breakdowns_vat: usize,
    /// Without white space around the code, which two rules of the islands want.
    breakdowns_exact: usize,
    charge_exact_vat: bool,
    sums: Sums,
}

/// Net amounts of one category, all rates together and for each rate.
#[derive(Default, Clone)]
struct Sums {
    lines: Total,
    charges: Total,
    allowances: Total,
    by_rate: Vec<RateSums>,
}

#[derive(Clone)]
struct RateSums {
    rate: Decimal,
    lines: Total,
    charges: Total,
    allowances: Total,
    has_line: bool,
    /// An allowance or charge anywhere, not only the document's own.
    has_either: bool,
}

/// A sum, none after an overflow.
#[derive(Clone, Copy)]
struct Total(Option<Decimal>);

impl Default for Total {
    fn default() -> Total {
        Total(Some(Decimal::ZERO))
    }
}

impl Total {
    fn add(&mut self, amount: Decimal) {
        self.0 = self.0.and_then(|sum| sum.plus(amount));
    }
}

impl Sums {
    fn rate(&mut self, rate: Decimal) -> &mut RateSums {
        let at = self.by_rate.iter().position(|sums| sums.rate == rate).unwrap_or_else(|| {
            let none = Total::default();
            self.by_rate.push(RateSums {
                rate,
                lines: none,
                charges: none,
                allowances: none,
                has_line: false,
                has_either: false,
            });
            self.by_rate.len() - 1
        });
        &mut self.by_rate[at]
    }
}

/// Different rates of one category that one document may use before it cannot be judged: no country has more than a
/// handful, and without a bound a hostile document would make the sums quadratic.
const MAX_RATES: usize = 64;

/// What the VAT rules must know of the whole document.
pub(crate) struct Usage {
    used: [Used; FAMILIES.len()],
    has_lines: bool,
    /// Breakdowns, items, allowances and charges with the scheme VAT and a category other than "out of scope".
    other_breakdown: bool,
    other_item: bool,
    other_allowance: bool,
    other_charge: bool,
    /// The split payment category, compared exactly as written.
    split_anywhere: bool,
    split_item: bool,
    standard_item: bool,
    foreign_country: bool,
    seller_tax_id: bool,
    seller_vat_id: bool,
    representative_vat_id: bool,
    buyer_vat_id: bool,
    buyer_legal_id: bool,
}

/// Has this category or party tax scheme the scheme VAT? Any case, white space around it allowed.
pub(crate) fn is_vat(element: Element<'_>) -> Checked<'_, bool> {
    for scheme in element.all(cac::TaxScheme) {
        if scheme.only(cbc::ID)?.is_some_and(|id| id.trimmed().eq_ignore_ascii_case("VAT")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The category code of a `TaxCategory` or `ClassifiedTaxCategory`.
fn code(category: Element<'_>) -> Checked<'_, &str> {
    Ok(category.only(cbc::ID)?.map_or("", Element::trimmed))
}

/// Allowance (`false`) or charge (`true`); none when the indicator is missing.
pub(crate) fn is_charge(allowance_charge: Element<'_>) -> Checked<'_, Option<bool>> {
    allowance_charge.child(cbc::ChargeIndicator).map(Element::to_boolean).transpose()
}

impl Usage {
    pub(crate) fn of<'u>(ubl: &'u Ubl<'u>, judge: &mut Judge<'_>) -> Usage {
        let mut usage = Usage {
            used: std::array::from_fn(|_| Used::default()),
            has_lines: false,
            other_breakdown: false,
            other_item: false,
            other_allowance: false,
            other_charge: false,
            split_anywhere: false,
            split_item: false,
            standard_item: false,
            foreign_country: false,
            seller_tax_id: false,
            seller_vat_id: false,
            representative_vat_id: false,
            buyer_vat_id: false,
            buyer_legal_id: false,
        };
        for element in ubl.elements() {
            let noted = match element.tag() {
                cac::TaxCategory => usage.note_category(element),
                cac::ClassifiedTaxCategory => usage.note_item(element),
                cac::PartyTaxScheme => usage.note_tax_scheme(element),
                cac::InvoiceLine | cac::CreditNoteLine => usage.note_line(element),
                cac::AllowanceCharge => usage.note_allowance_charge(element),
                cac::PartyLegalEntity => {
                    usage.buyer_legal_id |=
                        element.has(cbc::CompanyID) && element.is_below(&[cac::Party, cac::AccountingCustomerParty]);
                    Ok(())
                }
                cbc::IdentificationCode => {
                    usage.foreign_country |= element.text() != "IT";
                    Ok(())
                }
                _ => Ok(()),
            };
            judge.value(noted);
        }
        usage
    }

    fn note_category<'u>(&mut self, category: Element<'u>) -> Checked<'u, ()> {
        self.split_anywhere |= category.all(cbc::ID).any(|id| id.text() == "B");
        let vat = is_vat(category)?;
        let code = code(category)?;
        let is_exact = category.child(cbc::ID).is_some_and(|id| id.text() == code);
        let family = family_of(code);
        if let Some(family) = family {
            self.used[family].anywhere_vat |= vat;
        }
        let Some(parent) = category.parent() else {
            return Ok(());
        };
        match parent.tag() {
            cac::TaxSubtotal if parent.is_below(&[cac::TaxTotal]) && is_own(parent.parent()) => {
                if let Some(family) = family {
                    self.used[family].breakdowns += 1;
                    self.used[family].breakdowns_vat += usize::from(vat);
                    self.used[family].breakdowns_exact += usize::from(is_exact && (vat || code == "L"));
                }
                self.other_breakdown |= vat && code != "O";
            }
            cac::AllowanceCharge => {
                let charge = is_charge(parent)?;
                self.other_allowance |= charge == Some(false) && vat && code != "O";
                self.other_charge |= charge == Some(true) && vat && code != "O";
                let own = parent.parent().is_some_and(Element::is_root);
                if let Some(family) = family {
                    let used = &mut self.used[family];
                    used.either = true;
                    used.either_vat |= vat;
                    match charge {
                        Some(false) => {
                            used.allowance = true;
                            used.allowance_vat |= vat;
                            used.own_allowance_vat |= vat && own;
                        }
                        Some(true) => {
                            used.charge = true;
                            used.charge_vat |= vat;
                            used.charge_exact_vat |= vat && is_exact;
                            used.own_charge_vat |= vat && own;
                        }
                        None => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn note_item<'u>(&mut self, category: Element<'u>) -> Checked<'u, ()> {
        for id in category.all(cbc::ID) {
            self.split_item |= id.text() == "B";
            self.standard_item |= id.text() == "S";
        }
        let vat = is_vat(category)?;
        let code = code(category)?;
        self.other_item |= vat && code != "O";
        if let Some(family) = family_of(code) {
            self.used[family].item = true;
            self.used[family].item_vat |= vat;
        }
        Ok(())
    }

    fn note_tax_scheme<'u>(&mut self, scheme: Element<'u>) -> Checked<'u, ()> {
        if !scheme.has(cbc::CompanyID) {
            return Ok(());
        }
        if scheme.is_below(&[cac::Party, cac::AccountingSupplierParty]) {
            self.seller_tax_id = true;
            self.seller_vat_id |= is_vat(scheme)?;
        } else if scheme.is_below(&[cac::TaxRepresentativeParty]) {
            self.representative_vat_id |= is_vat(scheme)?;
        } else if scheme.is_below(&[cac::Party, cac::AccountingCustomerParty]) {
            self.buyer_vat_id |= is_vat(scheme)?;
        }
        Ok(())
    }

    fn note_line<'u>(&mut self, line: Element<'u>) -> Checked<'u, ()> {
        self.has_lines = true;
        if !is_own(Some(line)) {
            return Ok(());
        }
        let mut categories = line.all(cac::Item).flat_map(|item| item.all(cac::ClassifiedTaxCategory));
        let Some(first) = categories.next() else {
            return Ok(());
        };
        let rest: Vec<_> = categories.collect();
        let amount = line.decimal(cbc::LineExtensionAmount);
        self.note_amount(first, &rest, amount, &mut |sums, amount| sums.lines.add(amount), &mut |rate, amount| {
            rate.has_line = true;
            if let Some(amount) = amount {
                rate.lines.add(amount);
            }
        })
    }

    fn note_allowance_charge<'u>(&mut self, allowance_charge: Element<'u>) -> Checked<'u, ()> {
        let mut categories = allowance_charge.all(cac::TaxCategory);
        let Some(first) = categories.next() else {
            return Ok(());
        };
        let rest: Vec<_> = categories.collect();
        let charge = is_charge(allowance_charge)?.filter(|_| is_own(Some(allowance_charge)));
        let amount = match charge {
            Some(_) => allowance_charge.decimal(cbc::Amount),
            None => Ok(None),
        };
        let mut whole = |sums: &mut Sums, amount| match charge {
            Some(true) => sums.charges.add(amount),
            Some(false) => sums.allowances.add(amount),
            None => {}
        };
        let mut part = |rate: &mut RateSums, amount: Option<Decimal>| {
            rate.has_either = true;
            match (charge, amount) {
                (Some(true), Some(amount)) => rate.charges.add(amount),
                (Some(false), Some(amount)) => rate.allowances.add(amount),
                _ => {}
            }
        };
        self.note_amount(first, &rest, amount, &mut whole, &mut part)
    }

    /// Adds an amount to each category and each rate that its element names; there is one of both but in odd documents.
    fn note_amount<'u>(
        &mut self,
        first: Element<'u>,
        rest: &[Element<'u>],
        amount: Checked<'u, Option<Decimal>>,
        whole: &mut dyn FnMut(&mut Sums, Decimal),
        part: &mut dyn FnMut(&mut RateSums, Option<Decimal>),
    ) -> Checked<'u, ()> {
        if rest.len() >= MAX_RATES {
            return Err(Unjudged { why: Why::TooLarge, element: first });
        }
        let all = || std::iter::once(first).chain(rest.iter().copied());
        for (number, category) in all().enumerate() {
            let code = code(category)?;
            let Some(family) = family_of(code) else {
                continue;
            };
            let is_again = all().take(number).any(|earlier| self::code(earlier).is_ok_and(|earlier| earlier == code));
            if is_again {
                continue;
            }
            let amount = amount?;
            let sums = &mut self.used[family].sums;
            if let Some(amount) = amount {
                whole(sums, amount);
            }
            if !FAMILIES[family].kind.has_rates() {
                continue;
            }
            let mut seen = Vec::new();
            for category in all() {
                let Some(rate) = category.decimal(cbc::Percent)? else {
                    continue;
                };
                if seen.contains(&rate) {
                    continue;
                }
                if !rest.is_empty() {
                    seen.push(rate);
                }
                if sums.by_rate.len() >= MAX_RATES {
                    return Err(Unjudged { why: Why::TooLarge, element: category });
                }
                part(sums.rate(rate), amount);
            }
        }
        Ok(())
    }

    /// Has the seller any tax id, or the representative a VAT id? BR-S-02 and its like.
    fn seller_is_registered(&self) -> bool {
        self.seller_tax_id || self.representative_vat_id
    }

    fn seller_has_vat_id(&self) -> bool {
        self.seller_vat_id || self.representative_vat_id
    }
}

impl Kind {
    fn has_rates(self) -> bool {
        matches!(self, Kind::Standard | Kind::Islands)
    }
}

/// Is this a child of the root?
fn is_own(element: Option<Element<'_>>) -> bool {
    element.and_then(Element::parent).is_some_and(Element::is_root)
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
    let out_of_scope = usage.used[6].breakdowns_vat > 0;
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
    if usage.used[4].breakdowns_vat == 0 {
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
    let counted = match kind {
        Kind::Standard => found.is_some_and(|sums| sums.has_line || sums.has_either),
        _ => usage.has_lines,
    };
    let near = taxable.zip(expected).is_some_and(|(taxable, expected)| within_one(taxable, expected));
    Ok(if counted && near { Balance::Holds } else { Balance::Expected(expected) })
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
