//! Reads a bank's file into batches for whoever they are for: payments and mandates of one bank account each. Here a record becomes a
//! [`Payment`]; where it belongs is decided elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use jiff::civil::Date;
use kvitt_domain::Amount;
use kvitt_domain::fault::Fault;
use kvitt_domain::mandate::MandateRecord;
use kvitt_domain::payment::{Flow, Payment, PaymentKind, account_key};
use kvitt_formats::bank::{self, Format, Item, OrderEnd, OrderKind, PaymentRecord};
use uuid::Uuid;

use crate::actions::place_payments::NewPayment;
use crate::error::{Error, Result};
use crate::store::payment::{Part, Source};

/// What banks write where they have no reference: it names nothing.
const SAYS_NOTHING: [&str; 2] = ["NOTPROVIDED", "NONREF"];
/// Remarks that are kept of one file.
const MOST_REMARKS: usize = 100;

/// What one batch holds.
#[derive(Debug)]
pub enum Batch {
    /// Payments on one of our accounts.
    Payments {
        /// The account, by its key.
        account: String,
        /// In the order of the file.
        payments: Vec<NewPayment>,
    },
    /// Records of mandates for one of our accounts.
    Mandates {
        /// The account, by its key.
        account: String,
        /// In the order of the file.
        records: Vec<MandateRecord>,
    },
    /// What a person should know.
    Remark(Fault),
}

/// Reads a file and gives it in batches of at most so many, until `give` wants no more. The file was verified before: a fault now
/// means that it is not what it was. Answers until which day it tells of each account, by its key.
pub fn read_bank_file(
    source: impl BufRead,
    at_once: usize,
    mut give: impl FnMut(Batch) -> bool,
) -> Result<BTreeMap<String, Date>> {
    let mut until = BTreeMap::new();
    let mut gathering: Option<Batch> = None;
    let mut remarks = 0;
    let mut seen = Seen::default();
    for item in bank::read(source) {
        let item = item.map_err(|fault| Error::Damaged(format!("a stored bank file reads with a fault: {}", fault.code)))?;
        let next = match item {
            Item::Payment(record) => {
                let account = account_key(&record.order.account);
                match seen.payment(&account, record) {
                    Some(new) => Batch::Payments { account, payments: vec![new] },
                    None => continue,
                }
            }
            Item::Mandate(record) => Batch::Mandates { account: account_key(&record.order.account), records: vec![said(record)] },
            Item::Remark(fault) => {
                remarks += 1;
                if remarks > MOST_REMARKS {
                    continue;
                }
                Batch::Remark(fault)
            }
            Item::Order(order) => {
                seen.order_begins(order.transmission.format);
                continue;
            }
            Item::Transmission(_) => {
                seen.transmission_begins();
                continue;
            }
            Item::OrderEnd(end) => {
                if let Some(day) = told_until(&end) {
                    let known = until.entry(account_key(&end.order.account)).or_insert(day);
                    *known = day.max(*known);
                }
                continue;
            }
            Item::Claim(_) | Item::Cancellation(_) | Item::TransmissionEnd(_) => continue,
        };
        let full = match gathering.as_mut() {
            Some(batch) => batch.join(next, at_once),
            None => {
                gathering = Some(next);
                None
            }
        };
        if let Some(next) = full
            && let Some(ready) = gathering.replace(next)
            && !give(ready)
        {
            return Ok(until);
        }
    }
    if let Some(last) = gathering {
        give(last);
    }
    Ok(until)
}

/// Until which day an order tells of its account: that of its last payment. A statement tells also of the days before it was made on
/// which nothing moved.
fn told_until(end: &OrderEnd) -> Option<Date> {
    let transmission = &end.order.transmission;
    let made = transmission.created.as_deref().filter(|_| transmission.format == Format::Camt053);
    let made: Option<Date> = made.and_then(|made| made.get(..10)).and_then(|day| day.parse().ok());
    let before = made.and_then(|day| day.yesterday().ok());
    end.last_on.filter(|_| end.kind == OrderKind::Payments).max(before)
}

impl Batch {
    /// Takes another in, where there is room for it; else gives it back.
    fn join(&mut self, next: Batch, at_once: usize) -> Option<Batch> {
        match (self, next) {
            (Batch::Payments { account, payments }, Batch::Payments { account: of, payments: more })
                if *account == of && payments.len() < at_once =>
            {
                payments.extend(more);
                None
            }
            (Batch::Mandates { account, records }, Batch::Mandates { account: of, records: more })
                if *account == of && records.len() < at_once =>
            {
                records.extend(more);
                None
            }
            (_, next) => Some(next),
        }
    }
}

/// What was seen so far: how often the very same was told, where what the rail calls it is all that tells it from another. Names are
/// kept as digests, so that a million of them take some tens of megabytes.
#[derive(Debug, Default)]
struct Seen {
    times: HashMap<Uuid, u32>,
}

impl Seen {
    fn transmission_begins(&mut self) {
        self.times.clear();
    }

    /// Statements of one message may tell the same. What stands twice in a transmission of OCR giro was done twice, also where it is
    /// in two assignments of one number.
    fn order_begins(&mut self, format: Format) {
        match format {
            Format::Camt053 | Format::Camt054 => self.times.clear(),
            Format::Nets => {}
        }
    }

    /// How often this was told, this time included.
    fn again(&mut self, of: &str) -> u32 {
        let times = self.times.entry(Uuid::new_v5(&Uuid::NAMESPACE_OID, of.as_bytes())).or_default();
        *times += 1;
        *times
    }

    /// A record as a payment; `None` where nothing moved.
    fn payment(&mut self, account: &str, record: PaymentRecord) -> Option<NewPayment> {
        let reference = self.reference(account, &record);
        let minor = record.amount.minor();
        let kind = match record.kind {
            bank::PaymentKind::Ocr(code) => PaymentKind::Ocr { code },
            bank::PaymentKind::Camt => PaymentKind::Camt { is_direct_debit: record.is_direct_debit },
        };
        let flow = match (minor, record.is_reversal, kind) {
            (0, _, _) => return None,
            (1.., false, _) => Flow::In,
            (1.., true, _) => Flow::CameBack,
            // What OCR giro takes away was there before: types 18 and 20, and the sign of the other types.
            (_, true, _) | (_, false, PaymentKind::Ocr { .. }) => Flow::TakenBack,
            (_, false, PaymentKind::Camt { .. }) => Flow::Out,
        };
        let line = record.entry_reference.clone().filter(|reference| says_something(reference));
        let part = match (record.kind, &record.part, line) {
            // The serial number of OCR giro is one of a day, and its totals stand in the assignment's end.
            (bank::PaymentKind::Ocr(_), _, _) => Part::Whole,
            (_, bank::Part::TotalOf(_), batch) => Part::TotalOf { batch },
            // What goes out is no invoice's, in however many payments.
            (_, bank::Part::Line, batch) if flow == Flow::In => Part::Line { batch },
            (_, bank::Part::Whole | bank::Part::Of(_) | bank::Part::Line, Some(batch)) => Part::Of { batch },
            (_, bank::Part::Whole | bank::Part::Of(_) | bank::Part::Line, None) => Part::Whole,
        };
        let by = match record.order.transmission.format {
            Format::Nets => Source::Ocr,
            Format::Camt053 => Source::Camt053,
            Format::Camt054 => Source::Camt054,
        };
        let is_named = by == Source::Ocr || record.reference.as_deref().is_some_and(says_something);
        let payment = Payment {
            bank_account: account.to_owned(),
            kid: record.kid,
            amount: Amount::new(minor.checked_abs()?, record.amount.currency()),
            flow,
            booked_on: record.booked_on,
            valued_on: record.valued_on,
            payer_account: record.payer_account.as_deref().map(account_key),
            payer_name: record.payer,
            kind,
            reference,
            text: record.text,
            raw: text_of(record.raw.bytes(), record.kind),
        };
        Some(NewPayment { payment, part, by, is_named })
    }

    /// What names this movement in every file that tells of it. OCR giro numbers its transactions; where one number stands for several
    /// that are the same in all else, those after the first are counted. A bank's statement and notification share its reference of
    /// the movement and not their own numbers; where details share that too, they are counted.
    fn reference(&mut self, account: &str, record: &PaymentRecord) -> String {
        let kid = record.kid.as_deref().unwrap_or("-");
        match (record.kind, &record.reference) {
            (bank::PaymentKind::Camt, Some(reference)) if says_something(reference) => {
                let total = matches!(record.part, bank::Part::TotalOf(_));
                let of = format!(
                    "camt/{account}/{reference}/{kid}/{}/{}/{}",
                    record.amount,
                    record.booked_on,
                    if total { "total" } else { "one" }
                );
                let times = self.again(&of);
                format!("{of}/{times}")
            }
            (bank::PaymentKind::Camt, _) => record.key(),
            (bank::PaymentKind::Ocr(_), _) => {
                let key = record.key();
                match self.again(&format!("{key}/{kid}/{}", record.amount)) {
                    1 => key,
                    times => format!("{key}#{times}"),
                }
            }
        }
    }
}

/// Whether a reference of a bank names anything.
fn says_something(reference: &str) -> bool {
    !reference.is_empty() && !SAYS_NOTHING.contains(&reference)
}

/// What a record says of a mandate, without where it stood.
fn said(record: bank::MandateRecord) -> MandateRecord {
    MandateRecord { kid: record.kid, registration: record.registration, wants_notice: record.wants_notice }
}

/// The raw lines as text: ISO 8859-1 in a NETS file, UTF-8 in camt.
fn text_of(bytes: &[u8], kind: bank::PaymentKind) -> String {
    match kind {
        bank::PaymentKind::Ocr(_) => bytes.iter().copied().map(char::from).collect(),
        bank::PaymentKind::Camt => String::from_utf8_lossy(bytes).into_owned(),
    }
}
