//! Reading a NETS file: which record may stand where, what belongs together, and whether it adds up.
//!
//! Here: the frame of transmission, order and items. `pending` puts claims, mandates and payments together from their records.
//! Rules are those of the AvtaleGiro system specification 3.3 and the OCR giro system specification 2.0.

mod pending;

use std::collections::VecDeque;
use std::io::BufRead;
use std::sync::Arc;

use jiff::civil::Date;
use kvitt_domain::fault::codes;
use kvitt_domain::{Amount, Currency, Fault};

use super::items::{Format, Item, Order, OrderEnd, OrderKind, Transmission, TransmissionEnd};
use super::layout::{self, Field};
use super::lines::{Line, Lines};
use super::record::{Record, at};
use super::tally::Counted;
use pending::Pending;

pub(super) struct Reader<R> {
    lines: Lines<R>,
    frame: Frame,
    has_ended: bool,
}

impl<R: BufRead> Reader<R> {
    pub fn after(passed: u64, source: R) -> Reader<R> {
        Reader { lines: Lines::after(passed, source), frame: Frame::default(), has_ended: false }
    }

    #[inline]
    pub fn next(&mut self) -> Option<Result<Item, Fault>> {
        loop {
            if let Some(ready) = self.frame.ready.pop_front() {
                return Some(ready);
            }
            if self.has_ended {
                return None;
            }
            match self.lines.next() {
                Line::Record(record) => {
                    if let Some(item) = self.frame.record(&record) {
                        return Some(Ok(item));
                    }
                }
                Line::Blank => self.frame.blank(self.lines.number()),
                Line::Refused(fault) => self.frame.refused(fault),
                Line::End => {
                    self.has_ended = true;
                    self.frame.end(self.lines.number());
                }
            }
        }
    }
}

/// What kind of record a line is, by its first eight characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    TransmissionStart,
    TransmissionEnd,
    OrderStart(OrderKind),
    OrderEnd(OrderKind),
    Item1(OrderKind),
    Item2(OrderKind),
    Item3,
    Specification,
    Mandate,
}

impl Tag {
    #[inline]
    fn of(bytes: &[u8; layout::WIDTH]) -> Option<Tag> {
        use OrderKind::{Cancellations, Claims, Mandates, Payments};
        if &bytes[..2] != b"NY" {
            return None;
        }
        Some(match &bytes[2..8] {
            b"000010" => Tag::TransmissionStart,
            b"000089" => Tag::TransmissionEnd,
            b"210020" => Tag::OrderStart(Claims),
            b"210088" => Tag::OrderEnd(Claims),
            b"210230" | b"212130" => Tag::Item1(Claims),
            b"210231" | b"212131" => Tag::Item2(Claims),
            b"212149" => Tag::Specification,
            b"213620" => Tag::OrderStart(Cancellations),
            b"213688" => Tag::OrderEnd(Cancellations),
            b"219330" => Tag::Item1(Cancellations),
            b"219331" => Tag::Item2(Cancellations),
            b"212420" => Tag::OrderStart(Mandates),
            b"212488" => Tag::OrderEnd(Mandates),
            b"219470" => Tag::Mandate,
            b"090020" => Tag::OrderStart(Payments),
            b"090088" => Tag::OrderEnd(Payments),
            // Any type of transaction: an unknown one is kept and told.
            [b'0', b'9', tens, ones, rest @ ..] if tens.is_ascii_digit() && ones.is_ascii_digit() => match rest {
                b"30" => Tag::Item1(Payments),
                b"31" => Tag::Item2(Payments),
                b"32" => Tag::Item3,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn layout(self) -> &'static layout::Record {
        use OrderKind::{Cancellations, Claims, Mandates, Payments};
        match self {
            Tag::TransmissionStart => &layout::transmission_start::RECORD,
            Tag::TransmissionEnd => &layout::transmission_end::RECORD,
            Tag::OrderStart(Payments) => &layout::assignment_start::RECORD,
            Tag::OrderStart(Claims | Cancellations | Mandates) => &layout::order_start::RECORD,
            Tag::OrderEnd(Payments) => &layout::assignment_end::RECORD,
            Tag::OrderEnd(Mandates) => &layout::mandates_end::RECORD,
            Tag::OrderEnd(Claims | Cancellations) => &layout::order_end::RECORD,
            Tag::Item1(Payments) => &layout::payment_1::RECORD,
            Tag::Item1(_) => &layout::claim_1::RECORD,
            Tag::Item2(Payments) => &layout::payment_2::RECORD,
            Tag::Item2(_) => &layout::claim_2::RECORD,
            Tag::Item3 => &layout::payment_3::RECORD,
            Tag::Specification => &layout::specification::RECORD,
            Tag::Mandate => &layout::mandate::RECORD,
        }
    }

    /// Its name in the catalogue's table `[record]`.
    fn name(self) -> &'static str {
        use OrderKind::{Cancellations, Claims, Mandates, Payments};
        match self {
            Tag::TransmissionStart => "transmission_start",
            Tag::TransmissionEnd => "transmission_end",
            Tag::OrderStart(Claims) => "claims_start",
            Tag::OrderStart(Cancellations) => "cancellations_start",
            Tag::OrderStart(Mandates) => "mandates_start",
            Tag::OrderStart(Payments) => "payments_start",
            Tag::OrderEnd(kind) => end_of(kind),
            Tag::Item1(_) => "amount_item_1",
            Tag::Item2(_) => "amount_item_2",
            Tag::Item3 => "amount_item_3",
            Tag::Specification => "specification",
            Tag::Mandate => "mandate",
        }
    }
}

fn end_of(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Claims => "claims_end",
        OrderKind::Cancellations => "cancellations_end",
        OrderKind::Mandates => "mandates_end",
        OrderKind::Payments => "payments_end",
    }
}

/// Where in the file the reading is, and what is ready to be given.
#[derive(Default)]
struct Frame {
    ready: VecDeque<Result<Item, Fault>>,
    transmission: Option<OpenTransmission>,
    order: Option<OpenOrder>,
    /// The transaction whose records are being read.
    pending: Option<Pending>,
    /// Whether anything was there to read.
    has_begun: bool,
    /// Whether records without an order were told: one fault for all of them.
    is_lost: bool,
    /// The first blank line since the last record: only at the end of a file may there be any.
    blank: Option<u64>,
}

struct OpenTransmission {
    start: Arc<Transmission>,
    counted: Counted,
    /// Due dates of claims and cancellations: only these decide the date at the end.
    earliest_due: Option<Date>,
}

struct OpenOrder {
    start: Arc<Order>,
    counted: Counted,
    last_transaction: u32,
}

impl Frame {
    /// Takes a record. An item that is whole by then is answered where nothing else is ready, because most are: it is large, and
    /// goes through the queue only where it must.
    #[inline]
    fn record(&mut self, record: &Record<'_>) -> Option<Item> {
        self.has_begun = true;
        if let Some(blank) = self.blank.take() {
            self.refuse(at(codes::BANK_LINE_LENGTH, blank, 1).with("found", 0));
        }
        let Some(tag) = Tag::of(record.bytes) else {
            self.unknown(record);
            return None;
        };
        if !record.may_be_short(tag.layout()) {
            let column = record.length + 1;
            self.refuse(at(codes::BANK_LINE_LENGTH, record.line, column).with("found", record.length));
        }
        match tag {
            Tag::TransmissionStart => self.begin_transmission(record),
            Tag::TransmissionEnd => self.end_transmission(record),
            Tag::OrderStart(kind) => self.begin_order(kind, record),
            Tag::OrderEnd(kind) => self.end_order(kind, record),
            Tag::Item1(_) | Tag::Item2(_) | Tag::Item3 | Tag::Specification | Tag::Mandate => return self.item(tag, record),
        }
        None
    }

    fn blank(&mut self, line: u64) {
        self.blank.get_or_insert(line);
    }

    /// A line that is no record. It counts as one all the same, so that a fault is not told twice.
    fn refused(&mut self, fault: Fault) {
        self.has_begun = true;
        self.count_record();
        self.refuse(fault);
    }

    fn unknown(&mut self, record: &Record<'_>) {
        self.count_record();
        let column = 1;
        self.refuse(at(codes::BANK_RECORD_UNKNOWN, record.line, column).with("value", record.prefix()));
    }

    fn refuse(&mut self, fault: Fault) {
        self.ready.push_back(Err(fault));
    }

    fn give(&mut self, item: Item) {
        self.ready.push_back(Ok(item));
    }

    fn count_record(&mut self) {
        match (&mut self.order, &mut self.transmission) {
            (Some(order), _) => order.counted.records += 1,
            (None, Some(transmission)) => transmission.counted.records += 1,
            (None, None) => {}
        }
    }

    #[cold]
    fn misplaced(&mut self, tag: Tag, record: &Record<'_>, expected: &str) {
        let fault = at(codes::BANK_RECORD_MISPLACED, record.line, 1)
            .at(format!("{} {}:1", record.prefix(), record.line))
            .with("record", tag.name())
            .with("expected_record", expected);
        self.refuse(fault);
    }

    /// A record of an order where there is none.
    fn without_order(&mut self, tag: Tag, record: &Record<'_>) {
        if !std::mem::replace(&mut self.is_lost, true) {
            let expected = if self.transmission.is_some() { "order_start" } else { "transmission_start" };
            self.misplaced(tag, record, expected);
        }
    }

    fn begin_transmission(&mut self, record: &Record<'_>) {
        use layout::transmission_start::{NUMBER, RECIPIENT, SENDER};
        let tag = Tag::TransmissionStart;
        if self.order.is_some() {
            self.misplaced(tag, record, "item");
            self.drop_order();
        } else if self.transmission.is_some() {
            self.misplaced(tag, record, "transmission_end");
        }
        let mut digits = |field: &Field| record.digits(field).unwrap_or_else(|fault| self.unreadable(fault));
        let (sender, number, recipient) = (digits(&SENDER), digits(&NUMBER), digits(&RECIPIENT));
        let start = Arc::new(Transmission {
            format: Format::Nets,
            number,
            sender: Some(sender),
            recipient: Some(recipient),
            created: None,
            line: record.line,
        });
        let counted = Counted { records: 1, ..Counted::default() };
        self.transmission = Some(OpenTransmission { start: Arc::clone(&start), counted, earliest_due: None });
        self.give(Item::Transmission(start));
    }

    /// Tells the fault and goes on with nothing in the field's place.
    fn unreadable(&mut self, fault: Fault) -> String {
        self.refuse(fault);
        String::new()
    }

    fn begin_order(&mut self, kind: OrderKind, record: &Record<'_>) {
        use layout::{assignment_start, order_start};
        let tag = Tag::OrderStart(kind);
        if let Some(order) = &self.order {
            let expected = end_of(order.start.kind);
            self.misplaced(tag, record, expected);
            self.drop_order();
        }
        let Some(transmission) = &self.transmission else {
            self.is_lost = true;
            return self.misplaced(tag, record, "transmission_start");
        };
        self.is_lost = false;
        let transmission = Arc::clone(&transmission.start);
        let mut digits = |field: &Field| record.digits(field).unwrap_or_else(|fault| self.unreadable(fault));
        let (number, account) = (digits(&order_start::NUMBER), digits(&order_start::ACCOUNT));
        let agreement = (kind == OrderKind::Payments).then(|| digits(&assignment_start::AGREEMENT));
        let start = Arc::new(Order { transmission, kind, number, agreement, account, line: record.line });
        let counted = Counted { records: 1, ..Counted::default() };
        self.order = Some(OpenOrder { start: Arc::clone(&start), counted, last_transaction: 0 });
        self.give(Item::Order(start));
    }

    /// An order that does not end as it should: what was in it still counts for the transmission.
    fn drop_order(&mut self) {
        self.close_pending();
        if let Some(order) = self.order.take() {
            self.merge(&order);
        }
    }

    fn merge(&mut self, order: &OpenOrder) {
        let Some(transmission) = &mut self.transmission else { return };
        transmission.counted.merge(&order.counted);
        if matches!(order.start.kind, OrderKind::Claims | OrderKind::Cancellations) {
            transmission.earliest_due = transmission.earliest_due.into_iter().chain(order.counted.first).min();
        }
    }

    fn end_order(&mut self, kind: OrderKind, record: &Record<'_>) {
        self.close_pending();
        let Some(mut order) = self.order.take() else {
            self.count_record();
            return self.without_order(Tag::OrderEnd(kind), record);
        };
        order.counted.records += 1;
        self.merge(&order);
        let OpenOrder { start, counted, .. } = order;
        if start.kind != kind {
            return self.misplaced(Tag::OrderEnd(kind), record, end_of(start.kind));
        }
        let sum = match kind {
            OrderKind::Mandates => {
                use layout::mandates_end::{RECORDS, TRANSACTIONS};
                self.compare_counts(record, [&TRANSACTIONS, &RECORDS], &counted);
                None
            }
            OrderKind::Claims | OrderKind::Cancellations => {
                use layout::order_end::{FIRST_DATE, LAST_DATE, RECORDS, SUM, TRANSACTIONS};
                self.compare_counts(record, [&TRANSACTIONS, &RECORDS], &counted);
                self.compare_date(record, &FIRST_DATE, counted.first, Mismatch::Refused);
                self.compare_date(record, &LAST_DATE, counted.last, Mismatch::Refused);
                self.compare_sum(record, &SUM, &counted)
            }
            OrderKind::Payments => {
                use layout::assignment_end::{FIRST_DATE, LAST_DATE, RECORDS, SUM, TRANSACTIONS};
                self.compare_counts(record, [&TRANSACTIONS, &RECORDS], &counted);
                self.compare_date(record, &FIRST_DATE, counted.first, Mismatch::Told);
                self.compare_date(record, &LAST_DATE, counted.last, Mismatch::Told);
                self.compare_sum(record, &SUM, &counted)
            }
        };
        let net = (kind != OrderKind::Mandates).then(|| counted.net_in(Currency::NOK)).flatten();
        self.give(Item::OrderEnd(OrderEnd {
            kind,
            order: start,
            transactions: counted.transactions,
            records: counted.records,
            sum,
            net,
            first_on: counted.first,
            last_on: counted.last,
            line: record.line,
        }));
    }

    fn end_transmission(&mut self, record: &Record<'_>) {
        use layout::transmission_end::{FIRST_DATE, RECORDS, SUM, TRANSACTIONS};
        if let Some(order) = &self.order {
            let expected = end_of(order.start.kind);
            self.misplaced(Tag::TransmissionEnd, record, expected);
            self.drop_order();
        }
        let Some(mut transmission) = self.transmission.take() else {
            return self.misplaced(Tag::TransmissionEnd, record, "transmission_start");
        };
        transmission.counted.records += 1;
        let OpenTransmission { start, counted, earliest_due } = transmission;
        self.compare_counts(record, [&TRANSACTIONS, &RECORDS], &counted);
        // Only claims fix this date: from Nets it is the day of processing, or zeros.
        match earliest_due.filter(|_| !start.is_inbound()) {
            Some(earliest) => self.compare_date(record, &FIRST_DATE, Some(earliest), Mismatch::Refused),
            None => {
                if let Err(fault) = record.date(&FIRST_DATE) {
                    self.refuse(fault);
                }
            }
        }
        let sum = self.compare_sum(record, &SUM, &counted);
        let (transactions, records) = (counted.transactions, counted.records);
        self.give(Item::TransmissionEnd(TransmissionEnd { transmission: start, transactions, records, sum, line: record.line }));
    }

    fn compare_counts(&mut self, record: &Record<'_>, [transactions, records]: [&Field; 2], counted: &Counted) {
        for (field, computed) in [(transactions, counted.transactions), (records, counted.records)] {
            match record.number(field) {
                Err(fault) => self.refuse(fault),
                Ok(stated) if u64::try_from(stated).is_ok_and(|stated| stated == computed) => {}
                Ok(stated) => {
                    let fault = record.fault(codes::BANK_COUNT, field).with("what", field.name);
                    self.refuse(fault.with("stated", stated).with("computed", computed));
                }
            }
        }
    }

    /// The sum as it is stated, once it was compared.
    fn compare_sum(&mut self, record: &Record<'_>, field: &Field, counted: &Counted) -> Option<Amount> {
        let stated = match record.number(field) {
            Ok(stated) => stated,
            Err(fault) => {
                self.refuse(fault);
                return None;
            }
        };
        let amount = Amount::new(stated, Currency::NOK);
        if i128::from(stated) != counted.sum && !counted.lacks_amount {
            let computed = i64::try_from(counted.sum)
                .map_or_else(|_| counted.sum.to_string(), |sum| Amount::new(sum, Currency::NOK).to_string());
            self.refuse(record.fault(codes::BANK_SUM, field).with("stated", amount).with("computed", computed));
        }
        Some(amount)
    }

    fn compare_date(&mut self, record: &Record<'_>, field: &Field, computed: Option<Date>, mismatch: Mismatch) {
        let stated = match record.date(field) {
            Ok(stated) => stated,
            Err(fault) => return self.refuse(fault),
        };
        if stated == computed || (stated.is_none() && mismatch == Mismatch::Told) {
            return;
        }
        let shown = |date: Option<Date>| date.map_or_else(|| "–".to_owned(), |date| date.to_string());
        let mut fault = record
            .fault(codes::BANK_DATE_RANGE, field)
            .with("bank_field", field.name)
            .with("stated_date", shown(stated))
            .with("computed_date", shown(computed));
        match mismatch {
            Mismatch::Refused => self.refuse(fault),
            Mismatch::Told => {
                fault.severity = kvitt_domain::Severity::Warning;
                self.give(Item::Remark(fault));
            }
        }
    }

    /// There is nothing more.
    fn end(&mut self, line: u64) {
        self.close_pending();
        let expected = match (&self.order, &self.transmission) {
            (Some(order), _) => end_of(order.start.kind),
            (None, Some(_)) => "transmission_end",
            (None, None) if !self.has_begun => "transmission_start",
            (None, None) => return,
        };
        self.refuse(at(codes::BANK_CUT_SHORT, line, layout::WIDTH).with("expected_record", expected));
    }
}

/// What a date at the end of an order is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mismatch {
    /// Nets refuses the order.
    Refused,
    /// The bank's own: told.
    Told,
}
