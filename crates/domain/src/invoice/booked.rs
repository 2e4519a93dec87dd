//! What a document adds to its seller's sales: the figures that reports sum. A credit note takes away: its figures are below zero.
//!
//! A document states its VAT by category and rate (BG-23). The seller's VAT return wants it by standard tax code (Skatteetaten's
//! standard VAT codes, of SAF-T Financial); which code a rate of a day has is said by [`crate::invoicing::vat`].

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{DocumentKind, Invoice};
use crate::identifiers::without_identity_numbers;
use crate::invoicing::vat;
use crate::money::Amount;

/// Documents that ask for money and book nothing, by their type code (BT-3, UNTDID 1001): what they ask for is invoiced apart, or was.
///
/// Request for payment, invoicing data sheet, direct, provisional and ordinary payment valuation, interim application for payment, final
/// payment request, payment request for completed units, pro forma invoice, discrepancy report, claim notification, consular invoice.
const BOOKS_NOTHING: [&str; 12] = ["71", "130", "202", "203", "204", "211", "218", "219", "325", "553", "817", "870"];
/// Letters of a name or number by which a customer or project is known in reports.
const LONGEST: usize = 80;

/// What a document adds to its seller's sales.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// BT-109, without VAT.
    pub net: Amount,
    /// BT-110; zero where the document states none.
    pub vat: Amount,
    /// BT-112.
    pub total: Amount,
    /// By VAT code and rate, as the document states it: in the currency in which its VAT is accounted, where it says how much that is
    /// (BT-111), else in its own. None where it books nothing.
    pub rates: Vec<BookedRate>,
    /// By what one customer is told from another: the number of a register, the seller's own number, else the name.
    pub customer: String,
    /// The customer's name, folded to the letters and digits that it is searched by.
    pub customer_name: String,
    /// The seller's own number of the customer (BT-46); empty where there is none.
    pub customer_number: String,
    /// BT-11; empty where there is none.
    pub project: String,
}

/// What was sold at one rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedRate {
    /// The standard tax code; empty where no Norwegian one means this category and rate.
    pub code: String,
    /// UNTDID 5305; empty where the document does not specify its VAT.
    pub category: String,
    /// Percent without zeros at its end; empty where there is none.
    pub percent: String,
    /// BT-116.
    pub basis: Amount,
    /// BT-117.
    pub vat: Amount,
}

impl Invoice {
    /// What this document adds to its seller's sales.
    pub fn booked(&self) -> Booked {
        let signed = |amount: Amount| match self.kind {
            DocumentKind::Invoice => amount,
            DocumentKind::CreditNote => Amount::new(amount.minor().saturating_neg(), amount.currency()),
        };
        let zero = Amount::zero(self.currency);
        let books = !BOOKS_NOTHING.contains(&self.type_code.as_str());
        let of_document = |amount: Amount| if books { signed(amount) } else { zero };
        let vat = self.totals.vat.unwrap_or(zero);
        let mut rates: Vec<BookedRate> = self.vat_breakdown.iter().map(|row| self.rate(row, signed)).collect();
        if rates.is_empty() {
            let (basis, vat) = (signed(self.totals.without_vat), signed(vat));
            rates.push(BookedRate { code: String::new(), category: String::new(), percent: String::new(), basis, vat });
        }
        if !books {
            rates.clear();
        }
        if let Some(stated) = self.totals.vat_in_tax_currency.filter(|stated| stated.currency() != self.currency) {
            rates = accounted(&rates, vat, signed(stated), signed(vat)).unwrap_or(rates);
        }
        let buyer = &self.buyer;
        let number = buyer.identifiers.iter().map(|number| plain(&number.value)).find(|number| !number.is_empty());
        let registered = buyer.legal_registration.as_ref().map(|number| plain(&number.value));
        let name = plain(&buyer.name);
        Booked {
            net: of_document(self.totals.without_vat),
            vat: of_document(vat),
            total: of_document(self.totals.with_vat),
            rates,
            customer: registered.filter(|number| !number.is_empty()).or_else(|| number.clone()).unwrap_or_else(|| name.clone()),
            customer_name: name,
            customer_number: number.unwrap_or_default(),
            project: self.references.project.as_deref().map(known).unwrap_or_default(),
        }
    }

    fn rate(&self, row: &super::VatSubtotal, signed: impl Fn(Amount) -> Amount) -> BookedRate {
        let code = vat::meaning(&row.rate, self.taxed_on()).map(|code| code.code.clone()).unwrap_or_default();
        BookedRate {
            code,
            category: row.rate.category.clone(),
            percent: row.rate.percent.map(|percent| Decimal::normalize(&percent).to_string()).unwrap_or_default(),
            basis: signed(row.taxable),
            vat: signed(row.tax),
        }
    }

    /// The day whose rates hold: BT-7, else the day of delivery (BT-72), else the end of the period (BT-74), else the document's own.
    fn taxed_on(&self) -> Date {
        let delivered = self.delivery.as_ref().and_then(|delivery| delivery.delivered_on);
        let period = self.period.and_then(|period| period.to);
        self.tax_point_on.or(delivered).or(period).unwrap_or(self.issued_on)
    }
}

/// Rates in the currency in which VAT is accounted, at the rate that follows from the two sums of VAT. What rounding leaves stands with
/// the last one that bears VAT, so that they sum to what the document states. `None` where there is no VAT to tell the rate by.
fn accounted(rates: &[BookedRate], vat: Amount, stated: Amount, own: Amount) -> Option<Vec<BookedRate>> {
    if vat.minor() == 0 {
        return None;
    }
    let factor = stated.to_decimal().checked_div(own.to_decimal())?;
    let exchanged = |amount: Amount| Amount::rounded(amount.to_decimal().checked_mul(factor)?, stated.currency());
    let mut found = Vec::with_capacity(rates.len());
    for rate in rates {
        found.push(BookedRate { basis: exchanged(rate.basis)?, vat: exchanged(rate.vat)?, ..rate.clone() });
    }
    let sum: i64 = found.iter().map(|rate| rate.vat.minor()).sum();
    let rest = stated.minor().checked_sub(sum)?;
    let last = found.iter_mut().rev().find(|rate| rate.vat.minor() != 0)?;
    last.vat = Amount::new(last.vat.minor().checked_add(rest)?, stated.currency());
    Some(found)
}

/// A text by which something is known, without what might be a fødselsnummer: reports stand outside of the vault.
fn known(text: &str) -> String {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if without_identity_numbers(&text) == text { text } else { String::new() }
}

/// Small letters and digits alone: how customers are compared and sought.
pub fn plain(text: &str) -> String {
    let plain: String = known(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    // What was written with marks between its digits must not become a fødselsnummer by losing them.
    known(&plain)
}

#[cfg(test)]
mod tests {
    use crate::money::Currency;

    use super::*;

    #[test]
    fn vat_is_accounted_as_the_document_states_it() {
        let euro = Currency::parse("EUR").unwrap();
        let rate = |basis: i64, vat: i64| BookedRate {
            code: "3".into(),
            category: "S".into(),
            percent: "25".into(),
            basis: Amount::new(basis, euro),
            vat: Amount::new(vat, euro),
        };
        let kroner = |minor: i64| Amount::new(minor, Currency::NOK);
        let rates = [rate(10_000, 2_500), rate(333, 50), rate(1_000, 0)];
        let own = Amount::new(2_550, euro);
        let found = accounted(&rates, own, kroner(29_501), own).unwrap();
        let shown: Vec<(i64, i64)> = found.iter().map(|rate| (rate.basis.minor(), rate.vat.minor())).collect();
        assert_eq!(shown, [(115_690, 28_923), (3_852, 578), (11_569, 0)]);
        assert_eq!(found.iter().map(|rate| rate.vat.minor()).sum::<i64>(), 29_501);
        assert!(found.iter().all(|rate| rate.basis.currency() == Currency::NOK));
        let zero = Amount::zero(euro);
        assert_eq!(accounted(&[rate(1_000, 0)], zero, kroner(0), zero), None, "nothing says at what rate");
        assert!(BOOKS_NOTHING.contains(&"325") && !BOOKS_NOTHING.contains(&"380"));
    }

    #[test]
    fn customers_are_compared_without_marks_and_a_fodselsnummer_is_no_name() {
        for (text, expected) in [
            ("Øst & Vest AS", "østvestas"),
            (" 988 077 917 ", "988077917"),
            ("109155 96784", ""),
            ("10-91-55-96784", ""),
            ("10915596784", ""),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
