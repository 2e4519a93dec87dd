//! Files of 80 columns: claim files as they are read, records as they are written.
//!
//! Layouts: AvtaleGiro system specification 3.3 and OCR giro system specification 2.0. The reader is the sandbox's own, and
//! strict: what a real centre refuses is refused, with the line that is wrong.

use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// The centre's own number in the frame.
pub const CENTRE: &str = "00008080";

/// Characters of a record.
const WIDTH: usize = 80;

/// A claim file as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmission {
    /// The data sender's customer unit.
    pub sender: String,
    /// Its number.
    pub number: u64,
    /// In their order.
    pub orders: Vec<Order>,
    /// Øre, cancellations too.
    pub sum_minor: u64,
    /// Claims and cancellations.
    pub transactions: u64,
}

/// One order of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub number: u64,
    /// The account that is paid.
    pub account: String,
    /// Does it cancel?
    pub cancels: bool,
    /// In their order.
    pub items: Vec<Item>,
    /// What is wrong with its counts, sum or dates, in a sentence.
    pub wrong: Option<String>,
}

/// One transaction of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub number: u64,
    /// When it is due; `None` where that is no date.
    pub due_on: Option<Date>,
    /// Øre.
    pub minor: u64,
    /// Digits, as they stand.
    pub kid: String,
    /// What is wrong with its records, in a sentence.
    pub wrong: Option<String>,
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The transmission's number, where the file says it.
    pub number: Option<u64>,
    /// `T003` records, `T004` counts and sums.
    pub code: &'static str,
    /// In a sentence.
    pub text: String,
}

/// One record: its line's number, from 1, and its characters.
#[derive(Debug, Clone, Copy)]
struct Record<'a> {
    line: usize,
    text: &'a [u8],
}

impl<'a> Record<'a> {
    /// The first eight characters.
    fn prefix(&self) -> &'a [u8] {
        &self.text[..8]
    }

    /// Characters from a position, counted from 1.
    fn part(&self, from: usize, length: usize) -> &'a [u8] {
        &self.text[from - 1..from - 1 + length]
    }

    fn number(&self, from: usize, length: usize) -> Option<u64> {
        std::str::from_utf8(self.part(from, length)).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
    }

    fn text(&self, from: usize, length: usize) -> String {
        self.part(from, length).iter().map(|b| char::from(*b)).collect()
    }

    fn date(&self, from: usize) -> Option<Date> {
        let part = |at: usize| self.number(from + at, 2);
        let (day, month, year) = (part(0)?, part(2)?, part(4)?);
        Date::new(2000 + i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }

    fn is_filled(&self, from: usize, with: u8) -> bool {
        self.text[from - 1..].iter().all(|b| *b == with)
    }
}

/// Reads a claim file whole.
///
/// # Errors
/// A record is out of place, or the file does not add up.
pub fn read(bytes: &[u8]) -> Result<Transmission, Refused> {
    let refused = |number, code, text: String| Refused { number, code, text };
    let misplaced = |number, line: usize, text: &str| refused(number, "T003", format!("line {line}: {text}"));
    let records = records(bytes).map_err(|(line, text)| misplaced(None, line, text))?;
    let [first, inside @ .., last] = records.as_slice() else {
        return Err(misplaced(None, 1, "there is no transmission"));
    };
    let number = Some(first).filter(|first| first.prefix() == b"NY000010").and_then(|first| first.number(17, 7));
    let is_start = number.is_some() && first.number(9, 8).is_some() && first.part(24, 8) == CENTRE.as_bytes();
    if !is_start || !first.is_filled(32, b'0') {
        return Err(misplaced(number, 1, "this is no start of a transmission to the centre"));
    }
    if last.prefix() != b"NY000089" || !last.is_filled(48, b'0') {
        return Err(misplaced(number, last.line, "this is no end of a transmission"));
    }
    let mut orders = Vec::new();
    let mut rest = inside;
    while let Some(start) = rest.first() {
        let (end_prefix, cancels): (&[u8], bool) = match start.prefix() {
            b"NY210020" => (b"NY210088", false),
            b"NY213620" => (b"NY213688", true),
            _ => return Err(misplaced(number, start.line, "no order begins with this record")),
        };
        let end = rest.iter().position(|record| record.prefix() == end_prefix);
        let end = end.ok_or_else(|| misplaced(number, start.line, "the order has no end"))?;
        orders.push(order(&rest[..=end], cancels).map_err(|(line, text)| misplaced(number, line, text))?);
        rest = &rest[end + 1..];
    }
    let items = || orders.iter().flat_map(|order| &order.items);
    let sum_minor = sum(items());
    let transactions = items().count() as u64;
    let said = (last.number(9, 8), last.number(17, 8), last.number(25, 17), last.date(42));
    let found = (Some(transactions), Some(records.len() as u64), Some(sum_minor), items().filter_map(|item| item.due_on).min());
    if orders.is_empty() || said != found {
        let text = format!("line {}: the transmission's counts, sum or first date are not those of its orders", last.line);
        return Err(refused(number, "T004", text));
    }
    Ok(Transmission { sender: first.text(9, 8), number: number.unwrap_or_default(), orders, sum_minor, transactions })
}

fn records(bytes: &[u8]) -> Result<Vec<Record<'_>>, (usize, &'static str)> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = bytes.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let record = |(line, text): (usize, _)| Record { line, text };
    let records: Vec<Record<'_>> = (1..).zip(lines).map(record).collect();
    match records.iter().find(|record| record.text.len() != WIDTH || !record.text.starts_with(b"NY")) {
        None => Ok(records),
        Some(wrong) => Err((wrong.line, "a record has 80 characters and begins with NY")),
    }
}

/// Sums øre; what is too much for a number is too much for the file as well.
fn sum<'a>(items: impl Iterator<Item = &'a Item>) -> u64 {
    items.fold(0, |sum, item| sum.saturating_add(item.minor))
}

/// Reads the records of one order, start and end included.
fn order(records: &[Record<'_>], cancels: bool) -> Result<Order, (usize, &'static str)> {
    let (Some(start), Some(end)) = (records.first(), records.last()) else {
        return Err((0, "the order is empty"));
    };
    let (Some(number), Some(_)) = (start.number(18, 7), start.number(25, 11)) else {
        return Err((start.line, "the order's number or account is none"));
    };
    let mut items: Vec<Item> = Vec::new();
    let mut last_record = b"20";
    for record in &records[1..records.len() - 1] {
        let kind: [u8; 2] = [record.text[6], record.text[7]];
        let fits = match record.part(5, 2) {
            b"02" | b"21" => !cancels,
            b"93" => cancels,
            _ => false,
        };
        if record.part(3, 2) != b"21" || !fits || !matches!(&kind, b"30" | b"31" | b"49") {
            return Err((record.line, "the record does not belong in this order"));
        }
        match &kind {
            b"30" => {
                let previous = items.last().map_or(0, |item| item.number);
                if last_record == b"30" && !cancels {
                    items.last_mut().into_iter().for_each(|item| item.spoil("amount item 2 is missing"));
                }
                items.push(item(record, previous));
                last_record = b"30";
            }
            _ => {
                let Some(item) = items.last_mut() else {
                    return Err((record.line, "a transaction begins with amount item 1"));
                };
                if record.number(9, 7) != Some(item.number) {
                    item.spoil("the transaction's records have different numbers");
                }
                if &kind == b"31" {
                    last_record = b"31";
                }
            }
        }
    }
    if last_record == b"30" && !cancels {
        items.last_mut().into_iter().for_each(|item| item.spoil("amount item 2 is missing"));
    }
    let dates = || items.iter().filter_map(|item| item.due_on);
    let sum = sum(items.iter());
    let said = (end.number(9, 8), end.number(17, 8), end.number(25, 17), end.date(42), end.date(48));
    let found = (Some(items.len() as u64), Some(records.len() as u64), Some(sum), dates().min(), dates().max());
    let wrong = (said != found || items.is_empty())
        .then(|| format!("line {}: the order's counts, sum or dates are not those of its transactions", end.line));
    Ok(Order { number, account: start.text(25, 11), cancels, items, wrong })
}

fn item(record: &Record<'_>, previous: u64) -> Item {
    let number = record.number(9, 7).unwrap_or_default();
    let amount = record.number(33, 17);
    let kid = record.text(50, 25).trim_start_matches(' ').to_owned();
    let mut item = Item { number, due_on: record.date(16), minor: amount.unwrap_or_default(), kid, wrong: None };
    // Positions 22-32 are blanks; senders in the wild write zeros.
    let filler = record.part(22, 11);
    if number <= previous {
        item.spoil("the transaction's number is not higher than the one before");
    } else if amount.is_none() {
        item.spoil("the amount is no number");
    } else if item.due_on.is_none() {
        item.spoil("the due date is none");
    } else if !item.kid.bytes().all(|b| b.is_ascii_digit()) {
        item.spoil("the KID is not digits, right-justified");
    } else if !filler.iter().all(|b| matches!(b, b' ' | b'0')) || !record.is_filled(75, b'0') {
        item.spoil("the filler is not as the layout has it");
    }
    item
}

impl Item {
    fn spoil(&mut self, text: &str) {
        self.wrong.get_or_insert_with(|| text.to_owned());
    }
}

/// A record of these parts, filled with zeros.
pub fn row(parts: &[&str]) -> String {
    let mut row = parts.concat();
    debug_assert!(row.chars().count() <= WIDTH, "{row}");
    while row.chars().count() < WIDTH {
        row.push('0');
    }
    row
}

/// `DDMMYY`
pub fn short_date(day: Date) -> String {
    format!("{:02}{:02}{:02}", day.day(), day.month(), day.year().rem_euclid(100))
}

/// Records as a file: ISO-8859-1, CR LF.
pub fn file(rows: &[String]) -> Vec<u8> {
    latin1(&(rows.join("\r\n") + "\r\n"))
}

/// ISO-8859-1; what has no place in it becomes a question mark.
pub fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// SHA-256 of a file, hex.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
