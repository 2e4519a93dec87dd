//! One statement (camt.053) or notification (camt.054) of an account, and whether its entries add up.

use std::sync::Arc;

use jiff::civil::Date;
use kvitt_domain::fault::codes;
use kvitt_domain::{Amount, Currency, Fault};
use rust_decimal::Decimal;

use super::super::items::{Item, Order, OrderEnd, OrderKind, Transmission, account_of};
use super::super::record::at;
use super::super::tally::Counted;
use super::entry::{Booked, Give, amount, decimal, field, is_debit, warning};
use super::tag::Tag;
use super::watched::Place;

/// What was read of it so far.
pub struct Statement {
    place: Place,
    id: String,
    account: String,
    currency: Option<Currency>,
    /// Once it was given.
    order: Option<Arc<Order>>,
    entries: Entries,
    credits: Entries,
    debits: Entries,
    balance: Balance,
    /// The opening and the closing balance, debit below zero.
    opening: Option<i128>,
    closing: Option<(i128, Place)>,
    booked: i128,
    counted: Counted,
    /// Whether entries are in several currencies: sums then say nothing.
    is_mixed: bool,
}

/// Entries that were read, and what the summary states of them.
#[derive(Default)]
struct Entries {
    count: u64,
    sum: i128,
    stated_count: Option<(u64, Place)>,
    stated_sum: Option<(Decimal, Place)>,
}

/// A balance while it is read.
#[derive(Default)]
struct Balance {
    code: String,
    amount: Option<Amount>,
    is_debit: bool,
}

impl Statement {
    pub fn begin(place: Place) -> Statement {
        Statement {
            place,
            id: String::new(),
            account: String::new(),
            currency: None,
            order: None,
            entries: Entries::default(),
            credits: Entries::default(),
            debits: Entries::default(),
            balance: Balance::default(),
            opening: None,
            closing: None,
            booked: 0,
            counted: Counted::default(),
            is_mixed: false,
        }
    }

    /// The text of an element that is in no entry; `path` is below the statement.
    pub fn value(&mut self, path: &[Tag], text: &str, currency: Option<&str>, place: Place) -> Result<(), Fault> {
        match path {
            [Tag::Id] => text.clone_into(&mut self.id),
            [Tag::Acct, Tag::Id, Tag::IBAN] | [Tag::Acct, Tag::Id, Tag::Othr, Tag::Id] => self.account = account_of(text),
            [Tag::Acct, Tag::Ccy] => {
                self.currency = Some(Currency::parse(text).ok_or_else(|| field("currency", text, place))?);
            }
            [Tag::TxsSummry, group, Tag::NbOfNtries] => {
                let count = text.parse().map_err(|_| field("transactions", text, place))?;
                if let Some(group) = self.group(*group) {
                    group.stated_count = Some((count, place));
                }
            }
            [Tag::TxsSummry, group, Tag::Sum] => {
                let sum = decimal(text).ok_or_else(|| field("sum", text, place))?;
                if let Some(group) = self.group(*group) {
                    group.stated_sum = Some((sum, place));
                }
            }
            [Tag::Bal, Tag::Tp, Tag::CdOrPrtry, Tag::Cd] => text.clone_into(&mut self.balance.code),
            [Tag::Bal, Tag::Amt] => self.balance.amount = Some(amount(text, currency, place)?),
            [Tag::Bal, Tag::CdtDbtInd] => self.balance.is_debit = is_debit(text, place)?,
            _ => {}
        }
        Ok(())
    }

    fn group(&mut self, tag: Tag) -> Option<&mut Entries> {
        match tag {
            Tag::TtlNtries => Some(&mut self.entries),
            Tag::TtlCdtNtries => Some(&mut self.credits),
            Tag::TtlDbtNtries => Some(&mut self.debits),
            _ => None,
        }
    }

    /// A balance ends.
    pub fn end_balance(&mut self, place: Place) {
        let Balance { code, amount, is_debit } = std::mem::take(&mut self.balance);
        let Some(amount) = amount else { return };
        let minor = i128::from(amount.minor()) * if is_debit { -1 } else { 1 };
        match code.as_str() {
            "OPBD" | "PRCD" => {
                self.opening.get_or_insert(minor);
            }
            "CLBD" => self.closing = Some((minor, place)),
            _ => {}
        }
    }

    /// The order that payments are in, given before the first of them.
    pub fn order(&mut self, transmission: &Arc<Transmission>, give: Give<'_>) -> Arc<Order> {
        let order = self.order.get_or_insert_with(|| {
            let order = Arc::new(Order {
                transmission: Arc::clone(transmission),
                kind: OrderKind::Payments,
                number: std::mem::take(&mut self.id),
                agreement: None,
                account: std::mem::take(&mut self.account),
                line: self.place.line,
            });
            if order.account.is_empty() {
                give(Err(field("account", "", self.place)));
            }
            give(Ok(Item::Order(Arc::clone(&order))));
            order
        });
        Arc::clone(order)
    }

    /// Counts a payment that is given, and answers its number in the statement.
    pub fn count(&mut self, amount: Amount, booked_on: Date) -> u32 {
        self.counted.transactions += 1;
        self.counted.amount(amount);
        self.counted.date(booked_on);
        u32::try_from(self.counted.transactions).unwrap_or(u32::MAX)
    }

    /// Counts an entry.
    pub fn add(&mut self, booked: &Booked, is_moved: bool) {
        let Booked { amount, is_debit } = booked;
        let minor = i128::from(amount.minor());
        let side = if *is_debit { &mut self.debits } else { &mut self.credits };
        for group in [&mut self.entries, side] {
            group.count += 1;
            group.sum += minor;
        }
        if is_moved {
            self.booked += if *is_debit { -minor } else { minor };
        }
        let currency = *self.currency.get_or_insert(amount.currency());
        self.is_mixed |= currency != amount.currency();
    }

    /// It ends: says what does not add up, and gives its totals.
    pub fn end(mut self, transmission: &Arc<Transmission>, line: u64, give: Give<'_>) -> Counted {
        let order = self.order(transmission, give);
        let currency = self.currency.unwrap_or(Currency::NOK);
        let shown = |minor: i128| {
            i64::try_from(minor).map_or_else(|_| minor.to_string(), |minor| Amount::new(minor, currency).to_string())
        };
        for group in [&self.entries, &self.credits, &self.debits] {
            if let Some((stated, place)) = group.stated_count
                && stated != group.count
            {
                let fault = at(codes::BANK_COUNT, place.line, place.column).with("what", "entries");
                give(Err(fault.with("stated", stated).with("computed", group.count)));
            }
            if let Some((stated, place)) = group.stated_sum
                && !self.is_mixed
                && Amount::from_decimal(stated, currency).is_none_or(|sum| i128::from(sum.minor()) != group.sum)
            {
                let fault = at(codes::BANK_SUM, place.line, place.column);
                let stated = format!("{stated} {}", currency.code());
                give(Err(fault.with("stated", stated).with("computed", shown(group.sum))));
            }
        }
        // A page of a longer statement has balances of its own, so this stops nothing.
        if let (Some(opening), Some((closing, place))) = (self.opening, self.closing)
            && !self.is_mixed
            && opening + self.booked != closing
        {
            let fault = at(codes::BANK_BALANCE, place.line, place.column);
            let fault = fault.with("stated", shown(closing)).with("computed", shown(opening + self.booked));
            give(Ok(Item::Remark(warning(fault))));
        }
        let sum = i64::try_from(self.counted.sum).ok().map(|sum| Amount::new(sum, currency)).filter(|_| !self.is_mixed);
        give(Ok(Item::OrderEnd(OrderEnd {
            order,
            kind: OrderKind::Payments,
            transactions: self.counted.transactions,
            records: 0,
            sum,
            net: self.counted.net_in(currency).filter(|_| !self.is_mixed),
            first_on: self.counted.first,
            last_on: self.counted.last,
            line,
        })));
        self.counted
    }
}
