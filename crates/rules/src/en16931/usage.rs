//! What the VAT rules must know of the whole document: which categories are used where, and sums for each category and
//! rate, collected in one pass so that the rules stay linear in the lines.
//!
//! Not here: what the rules make of it (`vat`).

use super::vat::{FAMILIES, family_of};
use crate::decimal::Decimal;
use crate::judge::Judge;
use crate::ubl::{Checked, Element, Ubl, Unjudged, Why};
use crate::vocabulary::{cac, cbc};

/// Where one category is used.
#[derive(Default, Clone)]
pub(super) struct Used {
    /// On a line's item, whatever the tax scheme; and with the scheme VAT.
    pub(super) item: bool,
    pub(super) item_vat: bool,
    /// On an allowance or charge anywhere, with the scheme VAT.
    pub(super) allowance_vat: bool,
    pub(super) charge_vat: bool,
    /// On an allowance or charge of the document itself, with the scheme VAT.
    pub(super) own_allowance_vat: bool,
    pub(super) own_charge_vat: bool,
    /// On an allowance or charge, with whatever indicator.
    pub(super) either: bool,
    pub(super) either_vat: bool,
    /// In any `TaxCategory` with the scheme VAT.
    pub(super) anywhere_vat: bool,
    /// In how many breakdowns, and with the scheme VAT.
    pub(super) breakdowns: usize,
    pub(super) breakdowns_vat: usize,
    /// Without white space around the code, which two rules of the islands want.
    pub(super) breakdowns_exact: usize,
    pub(super) charge_exact_vat: bool,
    pub(super) sums: Sums,
}

/// Net amounts of one category, all rates together and for each rate.
#[derive(Default, Clone)]
pub(super) struct Sums {
    pub(super) lines: Total,
    pub(super) charges: Total,
    pub(super) allowances: Total,
    pub(super) by_rate: Vec<RateSums>,
}

#[derive(Clone)]
pub(super) struct RateSums {
    pub(super) rate: Decimal,
    pub(super) lines: Total,
    pub(super) charges: Total,
    pub(super) allowances: Total,
    pub(super) has_line: bool,
    /// An allowance or charge anywhere, not only the document's own.
    pub(super) has_either: bool,
}

/// A sum, none after an overflow.
#[derive(Clone, Copy)]
pub(super) struct Total(pub(super) Option<Decimal>);

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
pub(super) struct Usage {
    pub(super) used: [Used; FAMILIES.len()],
    pub(super) has_lines: bool,
    /// Breakdowns, items, allowances and charges with the scheme VAT and a category other than "out of scope".
    pub(super) other_breakdown: bool,
    pub(super) other_item: bool,
    pub(super) other_allowance: bool,
    pub(super) other_charge: bool,
    /// The split payment category, compared exactly as written.
    pub(super) split_anywhere: bool,
    pub(super) split_item: bool,
    pub(super) standard_item: bool,
    pub(super) foreign_country: bool,
    pub(super) seller_tax_id: bool,
    pub(super) seller_vat_id: bool,
    pub(super) representative_vat_id: bool,
    pub(super) buyer_vat_id: bool,
    pub(super) buyer_legal_id: bool,
}

/// Has this category or party tax scheme the scheme VAT? Any case, white space around it allowed.
pub(super) fn is_vat(element: Element<'_>) -> Checked<'_, bool> {
    for scheme in element.all(cac::TaxScheme) {
        if scheme.only(cbc::ID)?.is_some_and(|id| id.trimmed().eq_ignore_ascii_case("VAT")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The category code of a `TaxCategory` or `ClassifiedTaxCategory`.
pub(super) fn code(category: Element<'_>) -> Checked<'_, &str> {
    Ok(category.only(cbc::ID)?.map_or("", Element::trimmed))
}

/// Allowance (`false`) or charge (`true`); none when the indicator is missing.
pub(super) fn is_charge(allowance_charge: Element<'_>) -> Checked<'_, Option<bool>> {
    allowance_charge.child(cbc::ChargeIndicator).map(Element::to_boolean).transpose()
}

impl Usage {
    pub(super) fn of<'u>(ubl: &'u Ubl<'u>, judge: &mut Judge<'_>) -> Usage {
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
                            used.allowance_vat |= vat;
                            used.own_allowance_vat |= vat && own;
                        }
                        Some(true) => {
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

    /// Where the category with this code is used.
    pub(super) fn of_category(&self, code: &str) -> &Used {
        &self.used[family_of(code).expect("only the nine families are asked for")]
    }

    /// Has the seller any tax id, or the representative a VAT id? BR-S-02 and its like.
    pub(super) fn seller_is_registered(&self) -> bool {
        self.seller_tax_id || self.representative_vat_id
    }

    pub(super) fn seller_has_vat_id(&self) -> bool {
        self.seller_vat_id || self.representative_vat_id
    }
}

/// Is this a child of the root?
fn is_own(element: Option<Element<'_>>) -> bool {
    element.and_then(Element::parent).is_some_and(Element::is_root)
}
