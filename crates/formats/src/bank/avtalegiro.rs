//! Writing AvtaleGiro files: one transmission with orders of claims and of cancellations, streamed.
//!
//! The writer writes one way, by the tables of [`layout`]: CRLF, unused positions as the AvtaleGiro system
//! specification 3.3 has them, transactions numbered from 1 in each order, counts, sums and dates worked out. The same input
//! gives the same bytes. What it cannot write right it refuses before a byte of it is written. Which numbers a transmission and
//! its orders have is for the caller to remember: none may ever be used twice.

use std::io::{self, Write};

use jiff::civil::Date;
use kvitt_domain::fault::codes;
use kvitt_domain::identifiers::Kid;
use kvitt_domain::{Amount, Currency, Fault};

use super::items::{OrderKind, Transmission};
use super::latin1;
use super::layout::{self, Field, Kind, WIDTH};
use super::tally::Counted;

/// How a transmission is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending<'a> {
    /// The data sender's customer unit id, eight digits.
    pub customer_unit: &'a str,
    /// The transmission number, 1 to 9,999,999: never used twice by the same sender.
    pub number: u32,
}

/// One order: of one account, and of claims or cancellations alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewOrder<'a> {
    /// [`OrderKind::Claims`] or [`OrderKind::Cancellations`].
    pub kind: OrderKind,
    /// The order number, 1 to 9,999,999: unique for the account's agreement for twelve months and a day, claims and
    /// cancellations together.
    pub number: u32,
    /// Our bank account, eleven digits.
    pub account: &'a str,
}

/// A claim to be written, or to be cancelled with the identity that it was sent with: account, KID, amount and due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewClaim<'a> {
    /// The KID, digits only: its check digit was proved when the type was made.
    pub kid: &'a Kid,
    /// The amount in kroner, above zero.
    pub amount: Amount,
    /// The due date, in this century.
    pub due_on: Date,
    /// A short name of the payer, which helps to find refused claims; cut after ten characters. May be empty.
    pub payer: &'a str,
    /// What stands on the payer's statement and in notices, cut after 25 characters. Empty for the bank's own text.
    pub reference: &'a str,
    /// Who tells the payer. A cancellation says nothing of it.
    pub notice: Notice<'a>,
}

/// Who tells the payer of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notice<'a> {
    /// The payee does (type 02).
    #[default]
    ByPayee,
    /// The bank does (type 21), with these lines: at most 42 of at most 80 characters.
    ByBank(&'a [&'a str]),
}

/// What a claim became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its transaction number in the order.
    pub transaction: u32,
    /// `bank.text_lost` where letters of a text were left out: warnings.
    pub remarks: Vec<Fault>,
}

/// What a whole transmission holds, as its last record states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// Claims and cancellations.
    pub transactions: u64,
    /// Records, each of 82 bytes.
    pub records: u64,
    /// The sum of all amounts, cancellations included as positive.
    pub sum: Amount,
    /// The earliest due date.
    pub earliest_due_on: Date,
}

/// Why nothing, or not all, was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The value cannot be written. What was written before stands, and the next value may be.
    #[error("{}", .0.code)]
    Refused(Fault),
    /// The output failed: what is in it is of no use.
    #[error("writing a bank file")]
    Io(#[from] io::Error),
}

/// The greatest number of transmissions, orders and transactions: seven digits.
const GREATEST_NUMBER: u32 = 9_999_999;
/// What fits into the 17 digits of a sum.
const GREATEST_SUM: i128 = 99_999_999_999_999_999;
/// Lines of a bank's notice, and characters of one (AvtaleGiro system specification 3.3).
const NOTICE_LINES: usize = 42;
const NOTICE_HALF: usize = 40;

/// Writes one transmission. Every one needs [`Writer::end`]: without it the file is cut short and every reader refuses it.
pub struct Writer<W> {
    out: W,
    counted: Counted,
    order: Option<Open>,
}

struct Open {
    kind: OrderKind,
    counted: Counted,
    transaction: u32,
}

impl<W: Write> Writer<W> {
    /// Begins a transmission. Refused with `bank.cannot_write` where a number or the customer unit has not its form.
    pub fn begin(mut out: W, sending: &Sending<'_>) -> Result<Writer<W>, WriteError> {
        use layout::transmission_start::{NUMBER, RECIPIENT, RECORD, SENDER};
        let mut line = Line::new(&RECORD, b"NY000010");
        line.digits(&SENDER, sending.customer_unit)?;
        line.counter(&NUMBER, sending.number)?;
        line.digits(&RECIPIENT, Transmission::NETS)?;
        line.write(&mut out)?;
        Ok(Writer { out, counted: Counted { records: 1, ..Counted::default() }, order: None })
    }

    /// Begins an order and ends the one before it. An order that has no transaction by then is refused, because Nets refuses it.
    pub fn order(&mut self, order: &NewOrder<'_>) -> Result<(), WriteError> {
        use layout::order_start::{ACCOUNT, NUMBER, RECORD};
        let prefix = match order.kind {
            OrderKind::Claims => b"NY210020",
            OrderKind::Cancellations => b"NY213620",
            OrderKind::Mandates | OrderKind::Payments => return Err(refused("record", order.kind.name())),
        };
        let mut line = Line::new(&RECORD, prefix);
        line.counter(&NUMBER, order.number)?;
        line.digits(&ACCOUNT, order.account)?;
        self.end_order()?;
        line.write(&mut self.out)?;
        let counted = Counted { records: 1, ..Counted::default() };
        self.order = Some(Open { kind: order.kind, counted, transaction: 0 });
        Ok(())
    }

    /// Writes one claim, or in an order of cancellations the cancellation of one.
    pub fn claim(&mut self, claim: &NewClaim<'_>) -> Result<Written, WriteError> {
        use layout::{claim_1, claim_2};
        let Some(open) = &mut self.order else { return Err(refused("record", "amount_item_1")) };
        let transaction = open.transaction + 1;
        let amount = amount_of(claim, &self.counted, &open.counted)?;
        let cancels = open.kind == OrderKind::Cancellations;
        let (prefix_1, prefix_2) = match (cancels, claim.notice) {
            (true, _) => (b"NY219330", b"NY219331"),
            (false, Notice::ByPayee) => (b"NY210230", b"NY210231"),
            (false, Notice::ByBank(_)) => (b"NY212130", b"NY212131"),
        };
        let mut item_1 = Line::new(&claim_1::RECORD, prefix_1);
        item_1.counter(&claim_1::TRANSACTION, transaction)?;
        item_1.date(&claim_1::DUE_DATE, claim.due_on)?;
        item_1.number(&claim_1::AMOUNT, amount);
        item_1.kid(&claim_1::KID, claim.kid)?;
        let mut item_2 = Line::new(&claim_2::RECORD, prefix_2);
        let mut remarks = Vec::new();
        item_2.counter(&claim_2::TRANSACTION, transaction)?;
        item_2.text(&claim_2::PAYER, claim.payer, &mut remarks);
        item_2.text(&claim_2::REFERENCE, claim.reference, &mut remarks);
        let specifications = match (cancels, claim.notice) {
            (false, Notice::ByBank(lines)) => specifications(transaction, lines, &mut remarks)?,
            _ => Vec::new(),
        };
        item_1.write(&mut self.out)?;
        item_2.write(&mut self.out)?;
        for line in &specifications {
            line.write(&mut self.out)?;
        }
        open.transaction = transaction;
        open.counted.transactions += 1;
        open.counted.records += 2 + specifications.len() as u64;
        open.counted.amount(claim.amount);
        open.counted.date(claim.due_on);
        Ok(Written { transaction, remarks })
    }

    /// Ends the last order and the transmission, and flushes. A transmission without an order is refused.
    pub fn end(mut self) -> Result<Total, WriteError> {
        use layout::transmission_end::{FIRST_DATE, RECORD, RECORDS, SUM, TRANSACTIONS};
        self.end_order()?;
        self.counted.records += 1;
        let Some(earliest_due_on) = self.counted.first else { return Err(refused("transactions", "0")) };
        let mut line = Line::new(&RECORD, b"NY000089");
        line.number(&TRANSACTIONS, self.counted.transactions);
        line.number(&RECORDS, self.counted.records);
        let sum = sum_of(&self.counted);
        line.number(&SUM, sum.minor().unsigned_abs());
        line.date(&FIRST_DATE, earliest_due_on)?;
        line.write(&mut self.out)?;
        self.out.flush()?;
        let Counted { transactions, records, .. } = self.counted;
        Ok(Total { transactions, records, sum, earliest_due_on })
    }

    fn end_order(&mut self) -> Result<(), WriteError> {
        use layout::order_end::{FIRST_DATE, LAST_DATE, RECORD, RECORDS, SUM, TRANSACTIONS};
        let Some(open) = &mut self.order else { return Ok(()) };
        let (Some(first), Some(last)) = (open.counted.first, open.counted.last) else {
            return Err(refused("transactions", "0"));
        };
        open.counted.records += 1;
        let prefix = if open.kind == OrderKind::Cancellations { b"NY213688" } else { b"NY210088" };
        let mut line = Line::new(&RECORD, prefix);
        line.number(&TRANSACTIONS, open.counted.transactions);
        line.number(&RECORDS, open.counted.records);
        line.number(&SUM, sum_of(&open.counted).minor().unsigned_abs());
        line.date(&FIRST_DATE, first)?;
        line.date(&LAST_DATE, last)?;
        line.write(&mut self.out)?;
        self.counted.merge(&open.counted);
        self.order = None;
        Ok(())
    }
}

fn refused(field: &'static str, value: impl ToString) -> WriteError {
    WriteError::Refused(Fault::fatal(codes::BANK_CANNOT_WRITE).at(field).with("bank_field", field).with("value", value))
}

/// The sum, which [`amount_of`] kept within 17 digits.
fn sum_of(counted: &Counted) -> Amount {
    Amount::new(i64::try_from(counted.sum).unwrap_or(i64::MAX), Currency::NOK)
}

/// The øre of a claim: kroner, above zero, and within what the sums of order and transmission can state.
fn amount_of(claim: &NewClaim<'_>, transmission: &Counted, order: &Counted) -> Result<u64, WriteError> {
    let minor = claim.amount.minor();
    let fits = transmission.sum + order.sum + i128::from(minor) <= GREATEST_SUM;
    if claim.amount.currency() != Currency::NOK || minor <= 0 || !fits {
        return Err(refused("amount", claim.amount));
    }
    Ok(minor.unsigned_abs())
}

/// The records of a bank's notice: each line in two halves, empty ones left out.
fn specifications(transaction: u32, lines: &[&str], remarks: &mut Vec<Fault>) -> Result<Vec<Line>, WriteError> {
    use layout::specification::{COLUMN, LINE, NOTICE, RECORD, TEXT, TRANSACTION};
    if lines.len() > NOTICE_LINES {
        return Err(refused("line", lines.len()));
    }
    let mut records = Vec::new();
    for (row, text) in (1_u32..).zip(lines) {
        let converted = latin1::convert(text);
        if converted.bytes.len() > 2 * NOTICE_HALF {
            return Err(refused("text", text));
        }
        if converted.has_losses {
            remarks.push(text_lost("text", text));
        }
        for (column, half) in (1_u32..).zip(converted.bytes.chunks(NOTICE_HALF)) {
            if half.iter().all(|byte| *byte == b' ') {
                continue;
            }
            let mut line = Line::new(&RECORD, b"NY212149");
            line.counter(&TRANSACTION, transaction)?;
            // The only kind of notice that there is (AvtaleGiro system specification 3.3).
            line.bytes(&NOTICE, b"4");
            line.number(&LINE, u64::from(row));
            line.number(&COLUMN, u64::from(column));
            line.bytes(&TEXT, half);
            records.push(line);
        }
    }
    Ok(records)
}

fn text_lost(field: &'static str, text: &str) -> Fault {
    Fault::warning(codes::BANK_TEXT_LOST).at(field).with("bank_field", field).with("value", text)
}

/// One record while it is filled in. Unused positions are right from the start.
struct Line([u8; WIDTH]);

impl Line {
    #[inline]
    fn new(record: &layout::Record, prefix: &[u8; 8]) -> Line {
        let mut bytes = [b'0'; WIDTH];
        bytes[..8].copy_from_slice(prefix);
        for field in record.fields {
            if matches!(field.kind, Kind::Blanks | Kind::Text | Kind::Kid) {
                bytes[field.range()].fill(b' ');
            }
        }
        Line(bytes)
    }

    #[inline]
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut bytes = [b'\n'; WIDTH + 2];
        bytes[..WIDTH].copy_from_slice(&self.0);
        bytes[WIDTH] = b'\r';
        out.write_all(&bytes)
    }

    /// From the left.
    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        let start = field.from - 1;
        let length = bytes.len().min(field.length);
        self.0[start..start + length].copy_from_slice(&bytes[..length]);
    }

    /// A number, zeros before it. It fits: every caller's greatest number does.
    #[inline]
    fn number(&mut self, field: &Field, mut number: u64) {
        for byte in self.0[field.range()].iter_mut().rev() {
            *byte = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }

    /// A number from 1 on of at most seven digits.
    #[inline]
    fn counter(&mut self, field: &Field, number: u32) -> Result<(), WriteError> {
        if !(1..=GREATEST_NUMBER).contains(&number) {
            return Err(refused(field.name, number));
        }
        self.number(field, u64::from(number));
        Ok(())
    }

    fn digits(&mut self, field: &Field, digits: &str) -> Result<(), WriteError> {
        if digits.len() != field.length || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused(field.name, digits));
        }
        self.bytes(field, digits.as_bytes());
        Ok(())
    }

    /// `DDMMYY`: the century is not written, so only this one's days can be.
    #[inline]
    fn date(&mut self, field: &Field, date: Date) -> Result<(), WriteError> {
        let mut digits = [0_u8; 6];
        let parts = [i16::from(date.day()), i16::from(date.month()), date.year() - 2000];
        for (at, part) in parts.into_iter().enumerate() {
            let part = u8::try_from(part).ok().filter(|part| *part < 100).ok_or_else(|| refused(field.name, date))?;
            digits[2 * at] = b'0' + part / 10;
            digits[2 * at + 1] = b'0' + part % 10;
        }
        if layout::date_of(digits) != Some(date) {
            return Err(refused(field.name, date));
        }
        self.0[field.range()].copy_from_slice(&digits);
        Ok(())
    }

    /// Right-justified, blanks before it. A KID that ends in `-` cannot be claimed.
    #[inline]
    fn kid(&mut self, field: &Field, kid: &Kid) -> Result<(), WriteError> {
        let digits = kid.as_str().as_bytes();
        if digits.len() > field.length || digits.last() == Some(&b'-') {
            return Err(refused(field.name, kid));
        }
        self.0[field.to() - digits.len()..field.to()].copy_from_slice(digits);
        Ok(())
    }

    /// Left-justified, blanks after it, cut where it is too long.
    #[inline]
    fn text(&mut self, field: &Field, text: &str, remarks: &mut Vec<Fault>) {
        if text.is_empty() {
            return;
        }
        let converted = latin1::convert(text);
        if converted.has_losses {
            remarks.push(text_lost(field.name, text));
        }
        self.bytes(field, &converted.bytes);
    }
}
