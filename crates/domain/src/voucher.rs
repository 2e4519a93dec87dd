//! Vouchers: what invoices, credit notes and payments are in the books, debit against credit to the øre.
//!
//! Nothing here decides what is booked where by itself: sales go on the account of each line, the rest on [`Accounts`]. An invoice in a
//! currency that the books are not kept in is no voucher: nobody has said what it is worth.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::invoice::{Address, AllowanceKind, DocumentKind, Invoice, Party, VatRate};
use crate::invoicing::draft::Draft;
use crate::invoicing::settings::InvoicingSettings;
use crate::invoicing::vat;
use crate::money::{Amount, Currency};
use crate::payment::{Flow, Payment};

/// What Norwegian books are kept in (bokføringsloven § 10).
pub const BOOKS_CURRENCY: Currency = Currency::NOK;

/// The VAT code of what is in no table of ours: no VAT treatment.
const NO_CODE: &str = "7";

/// The accounts that are not those of sales, after the Norwegian standard chart (NS 4102).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// What customers owe.
    pub receivable: String,
    /// Output VAT.
    pub vat: String,
    /// Where payments come in.
    pub bank: String,
    /// The øre that rounding leaves.
    pub rounding: String,
}

impl Default for Accounts {
    fn default() -> Accounts {
        let [receivable, vat, bank, rounding] = ["1500", "2700", "1920", "7740"].map(ToOwned::to_owned);
        Accounts { receivable, vat, bank, rounding }
    }
}

/// What a voucher is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoucherKind {
    /// An invoice.
    Invoice,
    /// A credit note.
    CreditNote,
    /// A payment that was placed with an invoice.
    Payment,
}

/// Whom a voucher is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Debtor {
    /// The customer number; else the organisation number, else the name. At most 35 characters.
    pub id: String,
    /// The name.
    pub name: String,
    /// The organisation number, where the invoice says one.
    pub org_number: Option<String>,
    /// Where the customer is.
    pub address: Address,
}

/// A voucher. Its postings come to nothing together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    /// What it is of.
    pub kind: VoucherKind,
    /// Its number among those of its kind: the invoice's, or what a payment is known by.
    pub number: String,
    /// The day that it belongs to.
    pub on: Date,
    /// The day on which it was entered.
    pub entered_on: Date,
    /// When the customer is to pay.
    pub due_on: Option<Date>,
    /// The KID.
    pub kid: Option<String>,
    /// The invoice's number: of a payment, that of the invoice paid.
    pub invoice: String,
    /// The project's number.
    pub project: Option<String>,
    /// Whom it is about.
    pub debtor: Debtor,
    /// What is posted.
    pub postings: Vec<Posting>,
}

/// One posting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// On this account.
    pub account: String,
    /// Øre; more than nothing is debit.
    pub minor: i64,
    /// What for.
    pub side: Side,
    /// The VAT that goes with it, where it is a sale.
    pub tax: Option<Tax>,
}

/// What a posting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What the customer owes.
    Receivable,
    /// What was sold.
    Sale,
    /// The VAT of it.
    Vat,
    /// What rounding leaves.
    Rounding,
    /// Money at the bank.
    Bank,
}

/// The VAT of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// The standard tax code.
    pub code: String,
    /// Percent.
    pub percent: Decimal,
    /// The share of the VAT, in øre with the sign of the posting.
    pub minor: i64,
}

impl Voucher {
    /// What is debited in all, in øre.
    pub fn debit(&self) -> i64 {
        self.postings.iter().map(|posting| posting.minor.max(0)).sum()
    }

    /// What is credited in all, in øre.
    pub fn credit(&self) -> i64 {
        -self.postings.iter().map(|posting| posting.minor.min(0)).sum::<i64>()
    }

    /// The voucher of an invoice or credit note; `draft` is what it was written as, where it was written here. `None` where it is not in
    /// [`BOOKS_CURRENCY`], or its sums are too large to be added.
    pub fn of_invoice(
        invoice: &Invoice,
        draft: Option<&Draft>,
        settings: &InvoicingSettings,
        accounts: &Accounts,
        entered_on: Date,
    ) -> Option<Voucher> {
        if invoice.currency != BOOKS_CURRENCY {
            return None;
        }
        let is_credit = invoice.kind == DocumentKind::CreditNote;
        // Sales are credited; a credit note does it the other way round.
        let sign = if is_credit { 1 } else { -1 };
        let mut postings = Vec::new();
        for sale in sales(invoice, draft, settings)? {
            let tax = Tax { code: sale.code, percent: sale.percent, minor: sign * sale.tax };
            postings.push(Posting { account: sale.account, minor: sign * sale.net, side: Side::Sale, tax: Some(tax) });
        }
        let vat = invoice.vat_breakdown.iter().try_fold(0_i64, |sum, one| sum.checked_add(one.tax.minor()))?;
        let plain = |account: &String, minor, side| Posting { account: account.clone(), minor, side, tax: None };
        postings.push(plain(&accounts.vat, sign * vat, Side::Vat));
        let rounding = invoice.totals.rounding.map_or(0, Amount::minor);
        let owed = invoice.totals.with_vat.minor().checked_add(rounding)?;
        postings.insert(0, plain(&accounts.receivable, -sign * owed, Side::Receivable));
        // Rounding, and whatever øre the document's own sums leave: a voucher balances.
        let rest = -postings.iter().try_fold(0_i64, |sum, posting| sum.checked_add(posting.minor))?;
        postings.push(plain(&accounts.rounding, rest, Side::Rounding));
        postings.retain(|posting| posting.minor != 0);
        Some(Voucher {
            kind: if is_credit { VoucherKind::CreditNote } else { VoucherKind::Invoice },
            number: invoice.number.clone(),
            on: invoice.issued_on,
            entered_on,
            due_on: invoice.due_on,
            kid: invoice.remittance().map(ToOwned::to_owned),
            invoice: invoice.number.clone(),
            project: invoice.references.project.clone(),
            debtor: Debtor::of(&invoice.buyer),
            postings,
        })
    }

    /// The voucher of a payment that was placed with an invoice; `number` is what it is known by. `None` where it is not in
    /// [`BOOKS_CURRENCY`].
    pub fn of_payment(
        payment: &Payment,
        number: &str,
        invoice: &Invoice,
        accounts: &Accounts,
        entered_on: Date,
    ) -> Option<Voucher> {
        if payment.amount.currency() != BOOKS_CURRENCY {
            return None;
        }
        let minor = match payment.flow {
            Flow::In | Flow::CameBack => payment.amount.minor(),
            Flow::TakenBack | Flow::Out => -payment.amount.minor(),
        };
        let posting = |account: &String, minor, side| Posting { account: account.clone(), minor, side, tax: None };
        Some(Voucher {
            kind: VoucherKind::Payment,
            number: number.to_owned(),
            on: payment.booked_on,
            entered_on,
            due_on: None,
            kid: payment.kid.clone(),
            invoice: invoice.number.clone(),
            project: None,
            debtor: Debtor::of(&invoice.buyer),
            postings: vec![posting(&accounts.bank, minor, Side::Bank), posting(&accounts.receivable, -minor, Side::Receivable)],
        })
    }
}

/// Digits of a fødselsnummer: what has so many is no number of a customer that leaves the house.
const PERSON_DIGITS: usize = 11;

/// The longest id of a debtor (SAF-T Financial 1.30, `SAFmiddle1textType`).
const LONGEST_ID: usize = 35;

impl Debtor {
    /// The buyer of an invoice.
    pub fn of(buyer: &Party) -> Debtor {
        let is_person = |text: &str| text.len() == PERSON_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = |text: &&str| !text.is_empty() && text.chars().count() <= LONGEST_ID && !is_person(text);
        let number = buyer.identifiers.iter().filter(|one| one.scheme.is_none()).map(|one| one.value.as_str()).find(fits);
        let registered = buyer.legal_registration.as_ref().map(|one| one.value.as_str()).filter(fits);
        let id = number.or(registered).map_or_else(|| short_name(&buyer.name), ToOwned::to_owned);
        Debtor { id, name: buyer.name.clone(), org_number: registered.map(ToOwned::to_owned), address: buyer.address.clone() }
    }
}

/// A name as an id: a long one ends in a number made of all of it, so that two that begin alike stay two.
fn short_name(name: &str) -> String {
    if (1..=LONGEST_ID).contains(&name.chars().count()) {
        return name.to_owned();
    }
    // FNV-1a, 64 bits: small, and the same on every machine.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let begins: String = name.chars().take(LONGEST_ID - 17).collect();
    format!("{begins}-{hash:016x}")
}

/// What is sold on one account under one VAT code.
struct Sale {
    account: String,
    code: String,
    percent: Decimal,
    rate: VatRate,
    net: i64,
    tax: i64,
}

/// Lines, and allowances and charges of the whole document, by account and VAT code, each with its share of its rate's VAT.
fn sales(invoice: &Invoice, draft: Option<&Draft>, settings: &InvoicingSettings) -> Option<Vec<Sale>> {
    let written = draft.map(|draft| draft.lines.as_slice()).filter(|lines| lines.len() == invoice.lines.len());
    let on = invoice.tax_point_on.unwrap_or(invoice.issued_on);
    let code_of = |rate: &VatRate| vat::meaning(rate, on).map_or(NO_CODE, |code| code.code.as_str()).to_owned();
    let account_of =
        |code: &str| settings.account_for(code).map_or_else(|| usual_account(code), |account| account.number.clone());
    let mut nets: BTreeMap<(String, String), (VatRate, i64)> = BTreeMap::new();
    let mut add = |account: String, code: String, rate: &VatRate, net: i64| {
        let entry = nets.entry((account, code)).or_insert_with(|| (rate.clone(), 0));
        entry.1 = entry.1.checked_add(net)?;
        Some(())
    };
    for (index, line) in invoice.lines.iter().enumerate() {
        let known = written.and_then(|lines| lines.get(index));
        let code = known.map(|line| line.vat_code.clone()).filter(|code| !code.is_empty()).unwrap_or_else(|| code_of(&line.vat));
        let account = known.map(|line| line.ledger_account.clone()).filter(|account| !account.is_empty());
        add(account.unwrap_or_else(|| account_of(&code)), code, &line.vat, line.net.minor())?;
    }
    for one in &invoice.allowances_and_charges {
        let Some(rate) = &one.vat else { continue };
        let code = code_of(rate);
        let sign = if one.adds == AllowanceKind::Charge { 1 } else { -1 };
        add(account_of(&code), code, rate, sign * one.amount.minor())?;
    }
    let sale = |((account, code), (rate, net)): ((String, String), (VatRate, i64))| Sale {
        percent: rate.percent.unwrap_or_default().normalize(),
        account,
        code,
        rate,
        net,
        tax: 0,
    };
    let mut sales: Vec<Sale> = nets.into_iter().map(sale).collect();
    for one in &invoice.vat_breakdown {
        share_out(&mut sales, &one.rate, one.tax.minor());
    }
    Some(sales)
}

/// Shares a rate's VAT out among its sales by their nets; the last one gets what rounding leaves.
fn share_out(sales: &mut [Sale], rate: &VatRate, tax: i64) {
    let is_same = |sale: &Sale| {
        sale.rate.category == rate.category && sale.rate.percent.unwrap_or_default() == rate.percent.unwrap_or_default()
    };
    let whole: i128 = sales.iter().filter(|sale| is_same(sale)).map(|sale| i128::from(sale.net)).sum();
    let mut left = tax;
    let mut last = None;
    for (index, sale) in sales.iter_mut().enumerate().filter(|(_, sale)| is_same(sale)) {
        let share = if whole == 0 { 0 } else { i128::from(tax) * i128::from(sale.net) / whole };
        sale.tax = i64::try_from(share).unwrap_or(0);
        left -= sale.tax;
        // What comes to nothing is not posted, and would take its share along.
        if sale.net != 0 {
            last = Some(index);
        }
    }
    if let Some(sale) = last.and_then(|index| sales.get_mut(index)) {
        sale.tax += left;
    }
}

fn usual_account(code: &str) -> String {
    vat::named(code).map_or("3900", |code| code.account.as_str()).to_owned()
}

#[cfg(test)]
mod tests;
