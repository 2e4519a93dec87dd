//! Reading camt.053 and camt.054 of any version, event by event: elements are known by their local names alone.
//!
//! Here: the message around statements and notifications. `statement` and `entry` are what is in them, `tag` is the elements that
//! are read, `charset` reads the encoding that a file declares, `watched` knows lines and columns. Written against ISO 20022 `camt.053.001.02` to `.12` and `camt.054` alike.

mod charset;
mod entry;
mod statement;
mod tag;
mod watched;

use std::collections::VecDeque;
use std::io::BufRead;
use std::sync::Arc;

use kvitt_domain::Fault;
use kvitt_domain::fault::codes;
use quick_xml::Reader as Events;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::items::{Format, Item, Order, Transmission, TransmissionEnd};
use super::record::at;
use super::tally::Counted;
use charset::InUtf8;
use entry::{Entry, Give};
use statement::Statement;
use tag::Tag;
use watched::{MOST_BYTES, Place, Watched};

/// Elements inside each other: camt needs about fifteen, envelopes around it a few more.
const DEEPEST: usize = 64;

pub(super) struct Reader<R> {
    events: Events<Watched<InUtf8<R>>>,
    buffer: Vec<u8>,
    document: Document,
    has_ended: bool,
}

impl<R: BufRead> Reader<R> {
    pub fn after(passed: u64, source: R) -> Reader<R> {
        let mut events = Events::from_reader(Watched::after(passed, InUtf8::of(source)));
        events.config_mut().expand_empty_elements = true;
        Reader { events, buffer: Vec::new(), document: Document::default(), has_ended: false }
    }

    pub fn next(&mut self) -> Option<Result<Item, Fault>> {
        loop {
            if let Some(ready) = self.document.ready.pop_front() {
                return Some(ready);
            }
            if self.has_ended {
                return None;
            }
            if let Err(last) = self.step() {
                self.has_ended = true;
                self.document.ready.extend(last.map(Err));
            }
        }
    }

    /// Takes one event. The error is the end of the reading, with the fault that ends it, if any.
    fn step(&mut self) -> Result<(), Option<Fault>> {
        let place = self.events.get_ref().place();
        self.events.get_mut().begin();
        self.buffer.clear();
        let fault = |code| at(code, place.line, place.column);
        let event = match self.events.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => {
                if self.events.get_ref().is_over() {
                    return Err(Some(fault(codes::BANK_OVER_LIMIT).with("what", "token").with("limit", MOST_BYTES)));
                }
                return Err(Some(fault(codes::BANK_UNREADABLE).with("why", error)));
            }
        };
        match event {
            Event::Start(tag) => self.document.start(&tag, place).map_err(Some),
            Event::End(tag) => self.document.end(tag.name().as_ref(), place).map_err(Some),
            Event::Text(text) => self.document.text(&text, &text.xml10_content(), place).map_err(Some),
            Event::CData(text) => {
                let content = text.xml10_content();
                self.document.text(&quick_xml::escape::escape(&*content), &content, place).map_err(Some)
            }
            Event::GeneralRef(reference) => match resolved(&reference) {
                Some(text) => self.document.text(&format!("&{};", &*reference), &text, place).map_err(Some),
                None => Err(Some(fault(codes::BANK_UNREADABLE).with("why", format!("&{};", &*reference)))),
            },
            Event::DocType(_) => Err(Some(Fault::fatal(codes::XML_DOCTYPE).at(format!("{}:{}", place.line, place.column)))),
            Event::Eof => Err(self.document.finish(place)),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Ok(()),
        }
    }
}

/// The character of a reference; XML has five names and all numbers.
fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character.to_string()),
        Ok(None) => resolve_predefined_entity(reference).map(str::to_owned),
        Err(_) => None,
    }
}

/// Where in the document the reading is.
#[derive(Default)]
struct Document {
    ready: VecDeque<Result<Item, Fault>>,
    /// Elements that are open around the message.
    outside: usize,
    /// The root, for the fault of a document that is no camt.
    root: Option<String>,
    /// Open elements from the message on.
    path: Vec<Tag>,
    /// The text of the element that is open, and its attribute for the currency.
    text: String,
    text_place: Option<Place>,
    currency: Option<String>,
    format: Option<Format>,
    number: String,
    created: Option<String>,
    begun_on: u64,
    transmission: Option<Arc<Transmission>>,
    counted: Counted,
    statement: Option<Statement>,
    entry: Option<Entry>,
}

impl Document {
    fn start(&mut self, tag: &BytesStart<'_>, place: Place) -> Result<(), Fault> {
        let name = tag.local_name();
        let name = name.as_ref();
        if self.outside + self.path.len() == DEEPEST {
            return Err(at(codes::BANK_OVER_LIMIT, place.line, place.column).with("what", "depth").with("limit", DEEPEST));
        }
        self.text.clear();
        self.text_place = None;
        self.currency = None;
        if self.path.is_empty() {
            self.root.get_or_insert_with(|| name.to_owned());
            self.format = match name {
                "BkToCstmrDbtCdtNtfctn" => Some(Format::Camt054),
                "BkToCstmrStmt" => Some(Format::Camt053),
                _ => {
                    self.outside += 1;
                    return Ok(());
                }
            };
            self.path.push(Tag::Message);
            self.begun_on = place.line;
            return Ok(());
        }
        let known = Tag::of(name);
        if matches!(known, Tag::Amt | Tag::TxAmt | Tag::RmtdAmt) {
            let attribute = tag.try_get_attribute("Ccy").ok().flatten();
            self.currency = attribute.map(|attribute| attribute.value.into_owned());
        }
        self.path.push(known);
        match self.path[..] {
            [Tag::Message, Tag::Stmt | Tag::Ntfctn] => self.statement = Some(Statement::begin(place)),
            [Tag::Message, _, Tag::Ntry] if self.statement.is_some() => self.entry = Some(Entry::begin(place)),
            [Tag::Message, _, Tag::Ntry, ..] => {
                if let Some(entry) = &mut self.entry {
                    entry.begin_element(&self.path[3..], place);
                }
            }
            _ => {}
        }
        match &mut self.entry {
            Some(entry) => entry.keep(&format!("<{}>", &**tag)),
            None => Ok(()),
        }
    }

    /// A piece of text: as it stood, and what it says.
    fn text(&mut self, as_it_stood: &str, text: &str, place: Place) -> Result<(), Fault> {
        if self.path.is_empty() {
            return Ok(());
        }
        if self.text.len() + text.len() > MOST_BYTES {
            return Err(at(codes::BANK_OVER_LIMIT, place.line, place.column).with("what", "text").with("limit", MOST_BYTES));
        }
        self.text_place.get_or_insert(place);
        self.text.push_str(text);
        match &mut self.entry {
            Some(entry) => entry.keep(as_it_stood),
            None => Ok(()),
        }
    }

    fn end(&mut self, name: &str, place: Place) -> Result<(), Fault> {
        if self.path.is_empty() {
            self.outside = self.outside.saturating_sub(1);
            return Ok(());
        }
        if let Some(entry) = &mut self.entry {
            entry.keep(&format!("</{name}>"))?;
        }
        let text = std::mem::take(&mut self.text);
        let text_place = self.text_place.take().unwrap_or(place);
        if let Err(fault) = self.value(text.trim(), text_place) {
            self.ready.push_back(Err(fault));
        }
        self.close(place);
        // The buffer of the text is used again.
        self.text = text;
        self.text.clear();
        self.path.pop();
        Ok(())
    }

    /// What the element that ends says.
    fn value(&mut self, text: &str, place: Place) -> Result<(), Fault> {
        let currency = self.currency.take();
        match &self.path[..] {
            [Tag::Message, Tag::GrpHdr, Tag::MsgId] => text.clone_into(&mut self.number),
            [Tag::Message, Tag::GrpHdr, Tag::CreDtTm] => self.created = Some(text.to_owned()),
            [Tag::Message, _, Tag::Ntry, inner @ ..] => {
                if let Some(entry) = &mut self.entry {
                    return entry.value(inner, text, currency.as_deref(), place);
                }
            }
            [Tag::Message, _, inner @ ..] => {
                if let Some(statement) = &mut self.statement {
                    return statement.value(inner, text, currency.as_deref(), place);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What ends with the element.
    fn close(&mut self, place: Place) {
        match self.path[..] {
            [Tag::Message, Tag::GrpHdr] => {
                self.begin_transmission();
            }
            [Tag::Message, _, Tag::Bal] => {
                if let Some(statement) = &mut self.statement {
                    statement.end_balance(place);
                }
            }
            [Tag::Message, _, Tag::Ntry, Tag::NtryDtls, Tag::TxDtls] => self.in_entry(Entry::end_details),
            [Tag::Message, _, Tag::Ntry] => self.end_entry(),
            [Tag::Message, Tag::Stmt | Tag::Ntfctn] => self.end_statement(place),
            [Tag::Message] => self.end_transmission(place),
            _ => {}
        }
    }

    fn begin_transmission(&mut self) -> Arc<Transmission> {
        if let Some(transmission) = &self.transmission {
            return Arc::clone(transmission);
        }
        let transmission = Arc::new(Transmission {
            format: self.format.unwrap_or(Format::Camt054),
            number: std::mem::take(&mut self.number),
            sender: None,
            recipient: None,
            created: self.created.take(),
            line: self.begun_on,
        });
        self.ready.push_back(Ok(Item::Transmission(Arc::clone(&transmission))));
        self.transmission = Some(Arc::clone(&transmission));
        transmission
    }

    /// Does something with the entry, and counts the payments that come of it.
    fn in_entry(&mut self, act: impl FnOnce(&mut Entry, &Arc<Order>, Give<'_>)) {
        let transmission = self.begin_transmission();
        let Document { statement: Some(statement), entry: Some(entry), ready, .. } = self else { return };
        let order = statement.order(&transmission, &mut |item| ready.push_back(item));
        act(entry, &order, &mut |mut item| {
            if let Ok(Item::Payment(payment)) = &mut item {
                payment.transaction = statement.count(payment.amount, payment.booked_on);
            }
            ready.push_back(item);
        });
    }

    fn end_entry(&mut self) {
        let mut booked = None;
        self.in_entry(|entry, order, give| booked = entry.end(order, give));
        let entry = self.entry.take();
        if let (Some(booked), Some(entry), Some(statement)) = (booked, entry, &mut self.statement) {
            statement.add(&booked, entry.is_booked());
        }
    }

    fn end_statement(&mut self, place: Place) {
        let transmission = self.begin_transmission();
        let Document { ready, .. } = self;
        if let Some(statement) = self.statement.take() {
            let counted = statement.end(&transmission, place.line, &mut |item| ready.push_back(item));
            self.counted.merge(&counted);
        }
    }

    fn end_transmission(&mut self, place: Place) {
        let transmission = self.begin_transmission();
        self.transmission = None;
        let transactions = std::mem::take(&mut self.counted).transactions;
        let end = TransmissionEnd { transmission, transactions, records: 0, sum: None, line: place.line };
        self.ready.push_back(Ok(Item::TransmissionEnd(end)));
    }

    /// There is nothing more: what is still open was cut off, and a document without a message is no camt.
    fn finish(&mut self, place: Place) -> Option<Fault> {
        if self.outside > 0 || !self.path.is_empty() {
            let fault = at(codes::BANK_CUT_SHORT, place.line, place.column);
            return Some(fault.with("expected_record", "document_end"));
        }
        let root = self.root.as_deref().unwrap_or_default();
        let fault = || at(codes::BANK_UNKNOWN_FILE, 1, 1).with("found", format!("<{root}>"));
        self.format.is_none().then(fault)
    }
}
