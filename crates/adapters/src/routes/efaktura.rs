//! eFaktura: up to a thousand bills a shipment, to the netbanks of consumers who take them, by the payment service's SOAP
//! interface for eFaktura and AvtaleGiro together.
//!
//! Here is what is said next. Its parts: the settings ([`setup`]), what closes the route ([`rules`], [`bill`]), the messages
//! ([`soap`], [`element`], [`shipment`], [`status`], [`lookup`], [`services`]), what a log proves ([`progress`]) and what goes
//! wrong as faults ([`outcome`]). The register of consumers who take eFaktura is [`crate::registers::yes_to_all`].
//! `docs/routes/efaktura.md` is the page for users, and says what is confirmed and what is inferred.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::Verdict;
use uuid::{Uuid, uuid};

use self::bill::Bill;
use self::progress::{Fate, Looked, Progress, Shipment, Wish, WishStage, since_then};
pub use self::setup::EfakturaSetup;
use self::shipment::{EfakturaInfo, PaymentType, Receiver, Transaction};
use self::soap::{AT_MOST, Operation, Value};
use crate::register::Register;
use crate::registers::yes_to_all::YesToAll;
use crate::route::{
    AdapterError, Arrival, Arrived, Closes, Concerned, Consignment, Document, Entry, Facts, Lot, Member, Request, Route,
    RouteSetup, Secret, Step, Then,
};

pub mod bill;
pub mod element;
pub mod lookup;
pub mod outcome;
pub mod progress;
pub mod rules;
pub mod services;
pub mod setup;
pub mod shipment;
pub mod soap;
pub mod status;

/// The name of the route.
pub const NAME: &str = "efaktura";

/// The longest address of a bill that the service takes.
const LONGEST_ADDRESS: usize = 255;

/// Silence about a shipment that may have been taken: after so long a person must find out. It rides out a weekend, as the
/// retry policy does.
const DOUBT_LASTS: Duration = Duration::from_secs(75 * 3600);

/// After so long nothing is expected any more of a bill that was handed over.
const WATCHED_FOR: Duration = Duration::from_secs(14 * 24 * 3600);

/// When the service is asked again about bills that it accepted: some are stopped after that. One more look some hours later, and
/// one a day after it.
const LATER_LOOKS: [Duration; 2] = [Duration::from_secs(6 * 3600), Duration::from_secs(24 * 3600)];

/// The eFaktura route.
#[derive(Debug, Clone, Copy)]
pub struct Efaktura;

/// A shipment's id with the service: from the consignment's, so that a repeat has the same.
pub fn shipment_id(consignment: Uuid) -> Uuid {
    const SHIPMENTS: Uuid = uuid!("5f0d2c1e-6a51-4c8f-9d0e-0f4a3c7be001");
    Uuid::new_v5(&SHIPMENTS, consignment.as_bytes())
}

/// A bill's id with the service: from the attempt's, so that the service recognises it in whatever shipment it comes.
pub fn transaction_id(attempt: AttemptId) -> Uuid {
    const TRANSACTIONS: Uuid = uuid!("5f0d2c1e-6a51-4c8f-9d0e-0f4a3c7be002");
    Uuid::new_v5(&TRANSACTIONS, attempt.0.as_bytes())
}

fn oslo_date(at: Timestamp) -> Date {
    at.to_zoned(jiff::tz::get!("Europe/Oslo")).date()
}

impl Route for Efaktura {
    fn name(&self) -> &'static str {
        NAME
    }

    fn consider(&self, document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict {
        rules::consider(document, facts, now)
    }

    fn lot(&self, setup: &RouteSetup) -> Lot {
        match setup.read::<EfakturaSetup>() {
            Ok(setup) => {
                let wait = Duration::from_secs(setup.lot_open_seconds.into());
                Lot { members: setup.lot_size, closes: Closes::After(wait) }
            }
            // A row that cannot be read is told when its lot is to be said.
            Err(_) => Lot::OF_ONE,
        }
    }

    fn next(&self, consignment: &Consignment, log: &[Entry]) -> Result<Step, AdapterError> {
        if consignment.members.is_empty() {
            return Err(AdapterError::Log("a shipment has at least one bill".to_owned()));
        }
        let setup: EfakturaSetup = consignment.setup.read()?;
        let unsayable = |place: usize| transaction(&consignment.members[place], &setup).err();
        let progress = Progress::read(consignment, log, setup.settle(), unsayable)?;
        let shipment = Journey { consignment, setup: &setup, progress: &progress };
        shipment.step()
    }

    fn read(&self, _arrived: &Arrival) -> Result<Vec<(Concerned, Arrived)>, AdapterError> {
        Err(AdapterError::Arrival("nothing comes by itself from the eFaktura service: it is asked".to_owned()))
    }

    fn check_setup(&self, setup: &RouteSetup) -> Vec<Fault> {
        setup::check(setup)
    }

    fn register(&self) -> Option<&'static dyn Register> {
        Some(&YesToAll)
    }

    fn can_be_called_back(&self) -> bool {
        true
    }
}

/// A shipment and what its log says.
struct Journey<'a> {
    consignment: &'a Consignment,
    setup: &'a EfakturaSetup,
    progress: &'a Progress<'a>,
}

impl Journey<'_> {
    fn step(&self) -> Result<Step, AdapterError> {
        let mut known = self.progress.words();
        let then = match &self.progress.shipment {
            Shipment::Unsaid { why, faults } => self.say(why.as_ref(), *faults)?,
            Shipment::InDoubt { since, asked, why, .. } => {
                let asked_last = self.progress.last_exchange.unwrap_or(*since);
                if since_then(*since, asked_last) >= DOUBT_LASTS {
                    let text = why.value("text").unwrap_or_default();
                    let why = Fault::fatal(codes::DELIVERY_IN_DOUBT).with("route", NAME).with("text", text);
                    known.extend(self.progress.travelling().map(|fate| (fate.attempt, Word::InDoubt { why: why.clone() })));
                    Then::Finished
                } else {
                    self.later(gap(*asked), self.ask_shipment())
                }
            }
            Shipment::Taken { at, looked, asked, looks } => self.watch(*at, *looked, *asked, *looks),
        };
        Ok(Step { known, learned: vec![], then })
    }

    /// Says the shipment: what certainly nobody has yet. A repeat of the same bills is the stored request, byte for byte.
    fn say(&self, why: Option<&Fault>, faults: u32) -> Result<Then, AdapterError> {
        let travelling = self.progress.travelling().count();
        if travelling == 0 {
            return Ok(Then::Finished);
        }
        let request = match self.progress.said {
            // Bills are only ever left out, never added: as many are the same.
            Some((said, count)) if count == travelling => said.clone(),
            Some(_) | None => self.shipment()?,
        };
        Ok(match why {
            Some(why) => Then::Retry { why: why.clone(), request, faults },
            None => Then::Send(request),
        })
    }

    /// Follows a shipment that was taken until each of its bills has ended, and a little longer.
    fn watch(&self, taken_at: Timestamp, looked: Looked, asked: u32, looks: u32) -> Then {
        let progress = self.progress;
        if let Some((asked, ids)) = self.to_call_back() {
            let request = self.of_transactions(Operation::CancelTransaction, &ids);
            return if asked == 0 { Then::Send(request) } else { self.later(gap(asked), request) };
        }
        // Whatever the shipment as a whole still does, nobody waits for it.
        if progress.travelling().all(Fate::has_failed) {
            return Then::Finished;
        }
        let called_back = progress.fates.iter().any(|fate| fate.is_open() && fate.wish.is_some());
        if !called_back && progress.last_exchange.is_some_and(|last| since_then(taken_at, last) >= WATCHED_FOR) {
            return Then::Finished;
        }
        if looked == Looked::NotYet {
            return self.later(gap(asked), self.ask_shipment());
        }
        let open: Vec<&Fate> = progress.fates.iter().filter(|fate| fate.is_open()).collect();
        // One that the service does not know spoils the question about the others, so it is asked about last.
        let known: Vec<Uuid> = open.iter().filter(|fate| !fate.unknown).map(|fate| fate.transaction).take(AT_MOST).collect();
        let unknown: Vec<Uuid> = open.iter().filter(|fate| fate.unknown).map(|fate| fate.transaction).take(AT_MOST).collect();
        let ids = if known.is_empty() { unknown } else { known };
        if !ids.is_empty() {
            let request = self.of_transactions(Operation::GetTransactionStatus, &ids);
            return if looked == Looked::JustNow { Then::Send(request) } else { self.later(gap(asked), request) };
        }
        let accepted: Vec<Uuid> =
            progress.fates.iter().filter(|fate| fate.is_accepted()).map(|fate| fate.transaction).take(AT_MOST).collect();
        match LATER_LOOKS.get(looks as usize) {
            Some(after) if !accepted.is_empty() => {
                self.later(*after, self.of_transactions(Operation::GetTransactionStatus, &accepted))
            }
            Some(_) | None => Then::Finished,
        }
    }

    /// The bills that somebody wants back and the service has not answered for, and how often it was asked.
    fn to_call_back(&self) -> Option<(u32, Vec<Uuid>)> {
        let wanted = |fate: &Fate| match &fate.wish {
            Some(Wish { stage: WishStage::Wanted { asked }, .. }) if fate.left_out.is_none() && !fate.has_failed() => {
                Some((*asked, fate.transaction))
            }
            Some(_) | None => None,
        };
        let wanted: Vec<(u32, Uuid)> = self.progress.fates.iter().filter_map(wanted).take(AT_MOST).collect();
        let asked = wanted.iter().map(|(asked, _)| *asked).min()?;
        Some((asked, wanted.into_iter().map(|(_, id)| id).collect()))
    }

    /// Says something so long after the last exchange, whatever has arrived since.
    fn later(&self, gap: Duration, request: Request) -> Then {
        let passed = match (self.progress.last_exchange, self.progress.last_entry) {
            (Some(exchange), Some(entry)) => since_then(exchange, entry),
            _ => Duration::ZERO,
        };
        Then::SendAt { after: gap.saturating_sub(passed), request }
    }

    fn shipment(&self) -> Result<Request, AdapterError> {
        let mut transactions = Vec::with_capacity(self.consignment.members.len());
        for (member, fate) in self.consignment.members.iter().zip(&self.progress.fates) {
            if fate.left_out.is_none() {
                let sayable = transaction(member, self.setup);
                transactions
                    .push(sayable.map_err(|why| AdapterError::Log(format!("{} cannot be said: {}", fate.attempt, why.code)))?);
            }
        }
        let shipment = shipment::Shipment { id: self.progress.id, issuer: self.issuer().to_owned(), transactions };
        let message = self.message(Operation::AddShipment, shipment.transactions.len());
        Ok(Request::Http(Box::new(shipment.request(&self.setup.service, message))))
    }

    fn ask_shipment(&self) -> Request {
        let message = self.message(Operation::GetShipmentStatus, self.progress.exchanges);
        Request::Http(Box::new(status::ask_shipment(&self.setup.service, message, self.issuer(), self.progress.id)))
    }

    fn of_transactions(&self, operation: Operation, ids: &[Uuid]) -> Request {
        let message = self.message(operation, self.progress.exchanges);
        let ask = if operation == Operation::CancelTransaction { status::cancel } else { status::ask_transactions };
        Request::Http(Box::new(ask(&self.setup.service, message, self.issuer(), ids)))
    }

    fn issuer(&self) -> &str {
        &self.consignment.company.org_number
    }

    /// Message identifiers follow from the shipment and what was said before: the same log, the same message.
    fn message(&self, operation: Operation, number: usize) -> Uuid {
        Uuid::new_v5(&self.progress.id, format!("{} {number}", operation.name()).as_bytes())
    }
}

/// How long to wait for news after having asked so often without any: a minute, then twice as long each time, up to an hour;
/// after a day of that, six hours.
fn gap(asked: u32) -> Duration {
    match asked {
        0..=5 => Duration::from_secs(60 << asked),
        6..=30 => Duration::from_secs(3_600),
        _ => Duration::from_secs(6 * 3_600),
    }
}

/// An attempt as the service takes it: everything comes from the closed consignment. What was said of it on an earlier journey
/// is not looked at: that was a whole shipment, and the id alone makes the service recognise the bill.
fn transaction(member: &Member, setup: &EfakturaSetup) -> Result<Transaction, Fault> {
    let cannot = || Fault::fatal(codes::EFAKTURA_BILL_ADDRESS);
    let bill = Bill::of(&member.invoice, setup, oslo_date(member.opened_at))
        .map_err(|faults| faults.into_iter().next().unwrap_or_else(cannot))?;
    // The bill host shows the PDF there, and everything that goes with it.
    let url = member.bill_address.clone().filter(|url| url.chars().count() <= LONGEST_ADDRESS).ok_or_else(cannot)?;
    let given = member.recipient.efaktura_identifier.as_deref().map(str::trim).filter(|identifier| !identifier.is_empty());
    let receiver = given.map_or(Value::Secret(Secret::Found(member.attempt)), |identifier| Value::Text(identifier.to_owned()));
    Ok(Transaction {
        id: transaction_id(member.attempt),
        payment: PaymentType::Efaktura,
        document: bill.document,
        kid: bill.kid,
        account: bill.account,
        amount: bill.amount,
        due_on: bill.due_on,
        efaktura: Some(EfakturaInfo {
            receiver: Receiver::Identifier(receiver),
            minimum: None,
            brand: setup.brand_name.clone(),
            url,
        }),
        claim: None,
    })
}
