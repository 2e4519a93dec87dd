//! Claims, cancellations, mandates and payments, put together from the records that belong to one transaction.

use std::sync::Arc;

use jiff::civil::Date;
use kvitt_domain::fault::codes;
use kvitt_domain::{Amount, Currency, Fault, Severity};

use super::super::items::{
    Cancellation, Claim, Item, MandateRecord, Order, OrderKind, Part, PaymentKind, PaymentRecord, Raw, Registration,
    Specification,
};
use super::super::layout::{WIDTH, claim_1, claim_2, mandate, payment_1, payment_2, payment_3, specification};
use super::super::record::{Record, at};
use super::{Frame, Tag};

/// Lines and halves of a bank's notice (AvtaleGiro system specification 3.3): beyond, the whole transmission is refused.
const SPECIFICATION_ROWS: u32 = 42;
const SPECIFICATION_COLUMNS: u32 = 2;
const MOST_SPECIFICATIONS: usize = 84;

/// A transaction whose first record was read, and perhaps more of them.
pub(super) struct Pending {
    transaction: u32,
    seen: Seen,
    /// None where it cannot be given, because a field could not be read: what belongs to it is passed over.
    item: Option<Item>,
}

/// Which records there were so far.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Item1,
    Item2,
    Item3,
}

impl Pending {
    fn broken(transaction: u32) -> Pending {
        Pending { transaction, seen: Seen::Item1, item: None }
    }

    /// The record that must come next; none where the transaction may be over.
    fn wants(&self) -> Option<&'static str> {
        match (&self.item, self.seen) {
            (Some(Item::Claim(_) | Item::Payment(_)), Seen::Item1) => Some("amount_item_2"),
            (Some(Item::Payment(payment)), Seen::Item2) if has_text(payment.kind) => Some("amount_item_3"),
            _ => None,
        }
    }
}

/// Whether payments of this type come with a third item (OCR giro system specification 2.0: reversals and purchases with text).
fn has_text(kind: PaymentKind) -> bool {
    matches!(kind, PaymentKind::Ocr(20 | 21))
}

impl Frame {
    /// A record inside an order.
    #[inline]
    pub(super) fn item(&mut self, tag: Tag, record: &Record<'_>) -> Option<Item> {
        self.count_record();
        let Some(order) = &self.order else {
            self.without_order(tag, record);
            return None;
        };
        let kind = order.start.kind;
        match tag {
            Tag::Item1(of) if of == kind => return self.begin_item(kind, record),
            Tag::Mandate if kind == OrderKind::Mandates => self.mandate(record),
            Tag::Item2(of) if of == kind => self.go_on(tag, record),
            Tag::Item3 if kind == OrderKind::Payments => self.go_on(tag, record),
            // Nets passes specifications of cancellations over, so whole orders are sent again as they were.
            Tag::Specification if matches!(kind, OrderKind::Claims | OrderKind::Cancellations) => self.go_on(tag, record),
            _ => self.misplaced(tag, record, "item"),
        }
        None
    }

    /// The transaction that is being read is whole: gives it, or says what it lacks.
    pub(super) fn close_pending(&mut self) {
        if let Some(item) = self.take_pending() {
            self.give(item);
        }
    }

    /// The same, the item not given yet.
    #[inline]
    fn take_pending(&mut self) -> Option<Item> {
        let pending = self.pending.take()?;
        let lacking = pending.wants();
        let item = pending.item?;
        if let Some(lacking) = lacking {
            let line = match &item {
                Item::Claim(claim) => claim.line,
                Item::Payment(payment) => payment.line,
                _ => 0,
            };
            let fault = at(codes::BANK_RECORD_MISSING, line, 1).with("record", "amount_item_1").with("missing_record", lacking);
            self.refuse(fault);
            return None;
        }
        Some(item)
    }

    /// The first record of a transaction, which ends the one before it.
    #[inline]
    fn begin_item(&mut self, kind: OrderKind, record: &Record<'_>) -> Option<Item> {
        let before = self.take_pending();
        self.begin(kind, record);
        if self.ready.is_empty() {
            return before;
        }
        // Whatever is ready is about this record.
        before.into_iter().for_each(|item| self.ready.push_front(Ok(item)));
        None
    }

    #[inline]
    fn begin(&mut self, kind: OrderKind, record: &Record<'_>) {
        let Some((order, transaction)) = self.begin_transaction(kind, record) else { return };
        let read = match kind {
            OrderKind::Payments => payment(order, transaction, record),
            OrderKind::Claims => claim(order, transaction, record),
            OrderKind::Cancellations | OrderKind::Mandates => cancellation(order, transaction, record),
        };
        let Some(open) = &mut self.order else { return };
        let (amount, date) = match &read {
            Ok(Item::Claim(claim)) => (claim.amount, claim.due_on),
            Ok(Item::Cancellation(cancellation)) => (cancellation.amount, cancellation.due_on),
            Ok(Item::Payment(payment)) => (payment.amount, payment.booked_on),
            _ => {
                open.counted.lacks_amount = true;
                self.pending = Some(Pending::broken(transaction));
                self.ready.extend(read.err().map(Err));
                return;
            }
        };
        open.counted.amount(amount);
        open.counted.date(date);
        if let Ok(Item::Payment(payment)) = &read {
            self.remark_on(payment, record);
        }
        self.pending = Some(Pending { transaction, seen: Seen::Item1, item: read.ok() });
    }

    /// Counts a transaction and reads its number. The order that it is in, and the number.
    #[inline]
    fn begin_transaction(&mut self, kind: OrderKind, record: &Record<'_>) -> Option<(Arc<Order>, u32)> {
        let number = record.small(&claim_1::TRANSACTION);
        let open = self.order.as_mut()?;
        open.counted.transactions += 1;
        let (transaction, previous) = match number {
            Ok(number) => (number, std::mem::replace(&mut open.last_transaction, number)),
            Err(fault) => {
                open.counted.lacks_amount = true;
                self.pending = Some(Pending::broken(0));
                self.refuse(fault);
                return None;
            }
        };
        let order = Arc::clone(&open.start);
        if transaction <= previous {
            let mut fault = record
                .fault(codes::BANK_TRANSACTION_ORDER, &claim_1::TRANSACTION)
                .with("value", transaction)
                .with("previous", previous);
            // AvtaleGiro system specification 3.3 wants them ascending; of payments and mandates it is the bank's own number.
            if matches!(kind, OrderKind::Claims | OrderKind::Cancellations) {
                self.refuse(fault);
            } else {
                fault.severity = Severity::Warning;
                self.give(Item::Remark(fault));
            }
        }
        Some((order, transaction))
    }

    /// A further record of the transaction.
    #[inline]
    fn go_on(&mut self, tag: Tag, record: &Record<'_>) {
        let Some(pending) = &mut self.pending else { return self.misplaced(tag, record, "amount_item_1") };
        let (expected, number) = (pending.transaction, record.small(&claim_2::TRANSACTION));
        let told = match number {
            Ok(number) if number == expected || pending.item.is_none() => pending.take(tag, record),
            Ok(number) => Err(Misfit::Fault(
                record
                    .fault(codes::BANK_TRANSACTION_MIXED, &claim_2::TRANSACTION)
                    .with("value", number)
                    .with("expected", expected),
            )),
            Err(fault) => Err(Misfit::Fault(fault)),
        };
        match told {
            Ok(()) => {}
            Err(Misfit::Fault(fault)) => {
                self.pending = Some(Pending::broken(expected));
                self.refuse(fault);
            }
            Err(Misfit::Misplaced(wanted)) => self.misplaced(tag, record, wanted),
        }
    }

    fn mandate(&mut self, record: &Record<'_>) {
        self.close_pending();
        let Some((order, transaction)) = self.begin_transaction(OrderKind::Mandates, record) else { return };
        self.pending = None;
        let registration = match record.letter(&mandate::REGISTRATION) {
            b'0' => Registration::Existing,
            b'1' => Registration::NewOrChanged,
            b'2' => Registration::Deleted,
            _ => return self.refuse(record.refused(&mandate::REGISTRATION)),
        };
        let wants_notice = match record.letter(&mandate::NOTICE) {
            b'J' => true,
            b'N' => false,
            _ => return self.refuse(record.refused(&mandate::NOTICE)),
        };
        let (Some(kid), is_kid) = record.kid(&mandate::KID) else { return self.refuse(record.refused(&mandate::KID)) };
        if !is_kid {
            self.give(odd_kid(record, &kid, mandate::KID.from));
        }
        let (line, raw) = (record.line, raw_of(record, 1));
        self.give(Item::Mandate(MandateRecord { order, transaction, registration, kid, wants_notice, line, raw }));
    }

    /// What is odd about a payment and stops nothing.
    fn remark_on(&mut self, payment: &PaymentRecord, record: &Record<'_>) {
        if let Some(kid) = &payment.kid
            && !record.kid(&payment_1::KID).1
        {
            self.give(odd_kid(record, kid, payment_1::KID.from));
        }
        if let PaymentKind::Ocr(kind) = payment.kind
            && !(10..=21).contains(&kind)
        {
            let mut fault = at(codes::BANK_PAYMENT_TYPE, record.line, 5).with("value", kind);
            fault.severity = Severity::Warning;
            self.give(Item::Remark(fault));
        }
    }
}

/// Why a record does not go into a transaction.
enum Misfit {
    /// It cannot be read.
    Fault(Fault),
    /// It stands where another should.
    Misplaced(&'static str),
}

impl Pending {
    #[inline]
    fn take(&mut self, tag: Tag, record: &Record<'_>) -> Result<(), Misfit> {
        let Some(item) = &mut self.item else { return Ok(()) };
        match (item, self.seen, tag) {
            (Item::Claim(claim), Seen::Item1, Tag::Item2(_)) => {
                self.seen = Seen::Item2;
                claim.payer = record.text(&claim_2::PAYER);
                claim.reference = record.text(&claim_2::REFERENCE);
                claim.raw.push(record.raw());
                Ok(())
            }
            (Item::Claim(claim), Seen::Item2, Tag::Specification) => {
                if claim.specifications.len() == MOST_SPECIFICATIONS {
                    let fault = at(codes::BANK_OVER_LIMIT, record.line, 1);
                    let fault = fault.with("what", "specifications").with("limit", MOST_SPECIFICATIONS);
                    return Err(Misfit::Fault(fault));
                }
                claim.specifications.push(specification_of(record).map_err(Misfit::Fault)?);
                claim.raw.push(record.raw());
                Ok(())
            }
            (Item::Cancellation(cancellation), _, Tag::Item2(_)) => {
                cancellation.payer = record.text(&claim_2::PAYER);
                cancellation.raw.push(record.raw());
                Ok(())
            }
            // Specifications of cancellations mean nothing (AvtaleGiro system specification 3.3).
            (Item::Cancellation(_), _, Tag::Specification) => Ok(()),
            (Item::Payment(payment), Seen::Item1, Tag::Item2(_)) => {
                self.seen = Seen::Item2;
                payment.reference = record.digits_if_any(&payment_2::ARCHIVE);
                payment.payer_account = record.digits_if_any(&payment_2::DEBIT_ACCOUNT);
                payment.valued_on = record.date(&payment_2::BANK_DATE).map_err(Misfit::Fault)?;
                payment.raw.push(record.raw());
                Ok(())
            }
            (Item::Payment(payment), Seen::Item2, Tag::Item3) => {
                self.seen = Seen::Item3;
                payment.text = Some(record.text(&payment_3::TEXT)).filter(|text| !text.is_empty());
                payment.raw.push(record.raw());
                Ok(())
            }
            _ => Err(Misfit::Misplaced(self.wants().unwrap_or("item"))),
        }
    }
}

#[inline]
fn raw_of(record: &Record<'_>, records: usize) -> Raw {
    let mut raw = Raw::with_capacity(records * (WIDTH + 1));
    raw.push(record.raw());
    raw
}

/// What stands in amount item 1 of claims and cancellations alike.
#[inline]
fn due(record: &Record<'_>) -> Result<(Date, Amount, String), Fault> {
    let due_on = record.day(&claim_1::DUE_DATE)?;
    let amount = Amount::new(record.number(&claim_1::AMOUNT)?, Currency::NOK);
    match record.kid(&claim_1::KID) {
        (Some(kid), true) => Ok((due_on, amount, kid)),
        _ => Err(record.refused(&claim_1::KID)),
    }
}

#[inline]
fn claim(order: Arc<Order>, transaction: u32, record: &Record<'_>) -> Result<Item, Fault> {
    let (due_on, amount, kid) = due(record)?;
    Ok(Item::Claim(Claim {
        order,
        transaction,
        bank_notifies: &record.bytes[4..6] == b"21",
        due_on,
        amount,
        kid,
        payer: String::new(),
        reference: String::new(),
        specifications: Vec::new(),
        line: record.line,
        raw: raw_of(record, 2),
    }))
}

fn cancellation(order: Arc<Order>, transaction: u32, record: &Record<'_>) -> Result<Item, Fault> {
    let (due_on, amount, kid) = due(record)?;
    let (line, raw) = (record.line, raw_of(record, 2));
    Ok(Item::Cancellation(Cancellation { order, transaction, due_on, amount, kid, payer: String::new(), line, raw }))
}

#[inline]
fn payment(order: Arc<Order>, transaction: u32, record: &Record<'_>) -> Result<Item, Fault> {
    let kind = 10 * (record.bytes[4] - b'0') + (record.bytes[5] - b'0');
    let booked_on = record.day(&payment_1::NETS_DATE)?;
    let stated = record.number(&payment_1::AMOUNT)?;
    let has_minus = match record.letter(&payment_1::SIGN) {
        b'-' => true,
        b'0' | b' ' => false,
        _ => return Err(record.refused(&payment_1::SIGN)),
    };
    // OCR giro system specification 2.0: 18 and 20 take money back, whether or not the sign was agreed upon.
    let is_reversal = has_minus || matches!(kind, 18 | 20);
    let amount = Amount::new(if is_reversal { -stated } else { stated }, Currency::NOK);
    let part = match record.digits_if_any(&payment_1::STATEMENT_LINE) {
        Some(serial) => Part::Of(serial),
        None => Part::Whole,
    };
    Ok(Item::Payment(PaymentRecord {
        order,
        transaction,
        kind: PaymentKind::Ocr(kind),
        kid: record.kid(&payment_1::KID).0,
        amount,
        is_reversal,
        booked_on,
        valued_on: None,
        payer_account: None,
        payer: None,
        reference: None,
        entry_reference: None,
        text: None,
        is_direct_debit: false,
        part,
        line: record.line,
        raw: raw_of(record, 2),
    }))
}

fn specification_of(record: &Record<'_>) -> Result<Specification, Fault> {
    use specification::{COLUMN, LINE, TEXT};
    let within = |field, most: u32| {
        let number = record.small(field)?;
        u8::try_from(number).ok().filter(|_| (1..=most).contains(&number)).ok_or_else(|| record.refused(field))
    };
    Ok(Specification {
        row: within(&LINE, SPECIFICATION_ROWS)?,
        column: within(&COLUMN, SPECIFICATION_COLUMNS)?,
        text: record.indented(&TEXT),
    })
}

fn odd_kid(record: &Record<'_>, kid: &str, column: usize) -> Item {
    let mut fault = at(codes::BANK_KID_ODD, record.line, column).with("kid", kid);
    fault.severity = Severity::Warning;
    Item::Remark(fault)
}
