//! What is counted and summed: of an order and a transmission while they are read, and of all items for whoever wants totals.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kvitt_domain::{Amount, Currency};

use super::items::{Format, Item, OrderKind};

/// Counts and sums of a file, or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The kind of the file; of several files that of the first.
    pub format: Option<Format>,
    /// Transmissions, or messages of camt.
    pub transmissions: u64,
    /// Orders, or statements and notifications of camt.
    pub orders: u64,
    /// By kind of order and currency. A mandate has no amount and stands under the kroner.
    pub sums: BTreeMap<(OrderKind, &'static str), Sums>,
}

/// Counts and sums of one kind in one currency, in minor units. No file is so long that they overflow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many.
    pub count: u64,
    /// All amounts without their signs, as control sums count.
    pub sum: i128,
    /// What they do to the account, signs counted.
    pub net: i128,
    /// How many of them take something back.
    pub reversals: u64,
}

impl Tally {
    /// Counts one item.
    pub fn add(&mut self, item: &Item) {
        match item {
            Item::Transmission(transmission) => {
                self.format.get_or_insert(transmission.format);
                self.transmissions += 1;
            }
            Item::Order(_) => self.orders += 1,
            Item::Claim(claim) => self.count(OrderKind::Claims, claim.amount, false),
            Item::Cancellation(cancellation) => self.count(OrderKind::Cancellations, cancellation.amount, false),
            Item::Mandate(_) => self.count(OrderKind::Mandates, Amount::zero(Currency::NOK), false),
            Item::Payment(payment) => self.count(OrderKind::Payments, payment.amount, payment.is_reversal),
            Item::OrderEnd(_) | Item::TransmissionEnd(_) | Item::Remark(_) => {}
        }
    }

    /// Counts all that another counted.
    pub fn merge(&mut self, other: &Tally) {
        self.format = self.format.or(other.format);
        self.transmissions += other.transmissions;
        self.orders += other.orders;
        for (key, theirs) in &other.sums {
            let ours = self.sums.entry(*key).or_default();
            ours.count += theirs.count;
            ours.sum += theirs.sum;
            ours.net += theirs.net;
            ours.reversals += theirs.reversals;
        }
    }

    /// How many items of a kind there were, in whatever currency.
    pub fn count_of(&self, kind: OrderKind) -> u64 {
        self.sums.iter().filter(|((of, _), _)| *of == kind).map(|(_, sums)| sums.count).sum()
    }

    fn count(&mut self, kind: OrderKind, amount: Amount, is_reversal: bool) {
        let sums = self.sums.entry((kind, amount.currency().code())).or_default();
        sums.count += 1;
        sums.sum += i128::from(amount.minor().unsigned_abs());
        sums.net += i128::from(amount.minor());
        sums.reversals += u64::from(is_reversal);
    }
}

/// What was read of an order or transmission so far, to hold against what its end states.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub transactions: u64,
    pub records: u64,
    /// Without signs.
    pub sum: i128,
    pub net: i128,
    /// Whether an amount could not be read: the sum then proves nothing.
    pub lacks_amount: bool,
    pub first: Option<Date>,
    pub last: Option<Date>,
}

impl Counted {
    /// One more transaction of so many minor units.
    #[inline]
    pub fn amount(&mut self, amount: Amount) {
        self.sum += i128::from(amount.minor().unsigned_abs());
        self.net += i128::from(amount.minor());
    }

    /// One more date.
    #[inline]
    pub fn date(&mut self, date: Date) {
        self.first = Some(self.first.map_or(date, |first| first.min(date)));
        self.last = Some(self.last.map_or(date, |last| last.max(date)));
    }

    /// All that an order in this transmission counted.
    pub fn merge(&mut self, order: &Counted) {
        self.transactions += order.transactions;
        self.records += order.records;
        self.sum += order.sum;
        self.net += order.net;
        self.lacks_amount |= order.lacks_amount;
        order.first.into_iter().chain(order.last).for_each(|date| self.date(date));
    }

    /// The net as an amount, where one can hold it.
    pub fn net_in(&self, currency: Currency) -> Option<Amount> {
        i64::try_from(self.net).ok().map(|net| Amount::new(net, currency))
    }
}
