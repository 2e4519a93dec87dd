//! The conversation about a shipment: what is said next, by what its log proves ([`super::progress`]). Bills and claims have the
//! same one; in what they differ is [`Part`] and [`Terms`].

use std::time::Duration;

use jiff::Timestamp;
use kvitt_domain::delivery::Word;
use kvitt_domain::fault::{Fault, codes};
use uuid::Uuid;

use super::fate::{Fate, Wish, WishStage};
use super::part::Part;
use super::progress::{Looked, Progress, Shipment, since_then};
use super::shipment::{self, Transaction};
use super::soap::{AT_MOST, Operation};
use super::status;
use crate::route::{AdapterError, Consignment, Entry, Member, Request, Step, Then};

/// Silence about a shipment that may have been taken: after so long a person must find out. It rides out a weekend, as the
/// retry policy does.
const DOUBT_LASTS: Duration = Duration::from_secs(75 * 3600);

/// After so long nothing is expected any more of a bill that was handed over.
const WATCHED_FOR: Duration = Duration::from_secs(14 * 24 * 3600);

/// When the service is asked again about bills that it accepted: some are stopped after that. One more look some hours later, and
/// one a day after it.
const LATER_LOOKS: [Duration; 2] = [Duration::from_secs(6 * 3600), Duration::from_secs(24 * 3600)];

/// What the conversation about a consignment goes by.
pub struct Terms<'a> {
    /// The part of the service that it is about.
    pub part: &'static Part,
    /// The name under which the hub keeps the service.
    pub service: &'a str,
    /// How long after a shipment "unknown" may still mean "not yet known".
    pub settle: Duration,
    /// An attempt as the service takes it, or why it cannot be said.
    pub transaction: &'a dyn Fn(&Member) -> Result<Transaction, Fault>,
}

/// What is known of a shipment by its log, and what to say next.
pub fn step(consignment: &Consignment, log: &[Entry], terms: &Terms<'_>) -> Result<Step, AdapterError> {
    if consignment.members.is_empty() {
        return Err(AdapterError::Log("a shipment has at least one member".to_owned()));
    }
    let unsayable = |place: usize| (terms.transaction)(&consignment.members[place]).err();
    let progress = Progress::read(consignment, log, terms.part, terms.settle, unsayable)?;
    Journey { consignment, terms, progress: &progress }.step()
}

/// A shipment and what its log says.
struct Journey<'a> {
    consignment: &'a Consignment,
    terms: &'a Terms<'a>,
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
                    let why = Fault::fatal(codes::DELIVERY_IN_DOUBT).with("route", self.terms.part.route).with("text", text);
                    known.extend(self.progress.travelling().map(|fate| (fate.attempt, Word::InDoubt { why: why.clone() })));
                    Then::Finished
                } else {
                    self.later(gap(*asked), self.ask_shipment())
                }
            }
            Shipment::Taken { at, looked, asked, looks } => self.watch(*at, *looked, *asked, *looks),
        };
        let accepted = self.progress.fates.iter().filter(|fate| fate.is_accepted());
        let accepted = accepted.filter_map(|fate| (self.terms.part.accepted)(fate.attempt));
        let learned = accepted.chain(self.progress.call_backs_failed()).collect();
        Ok(Step { known, learned, then })
    }

    /// Says the shipment: what certainly nobody has yet. A repeat of the same bills is the stored request, byte for byte.
    fn say(&self, why: Option<&Fault>, faults: u32) -> Result<Then, AdapterError> {
        let travelling = self.progress.travelling().count();
        if travelling == 0 || self.progress.is_settled {
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
        let noted = |fate: &Fate| matches!(fate.wish, Some(Wish { stage: WishStage::Noted, .. }));
        let called_back = progress.fates.iter().any(|fate| fate.is_open() && noted(fate));
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
            Some(Wish { stage: WishStage::Wanted { asked }, .. }) if fate.travels() && !fate.has_failed() => {
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
                let sayable = (self.terms.transaction)(member);
                transactions
                    .push(sayable.map_err(|why| AdapterError::Log(format!("{} cannot be said: {}", fate.attempt, why.code)))?);
            }
        }
        let shipment = shipment::Shipment { id: self.progress.id, issuer: self.issuer().to_owned(), transactions };
        let message = self.message(Operation::AddShipment, shipment.transactions.len());
        Ok(Request::Http(Box::new(shipment.request(self.terms.service, message))))
    }

    fn ask_shipment(&self) -> Request {
        let message = self.message(Operation::GetShipmentStatus, self.progress.exchanges);
        Request::Http(Box::new(status::ask_shipment(self.terms.service, message, self.issuer(), self.progress.id)))
    }

    fn of_transactions(&self, operation: Operation, ids: &[Uuid]) -> Request {
        let message = self.message(operation, self.progress.exchanges);
        let ask = if operation == Operation::CancelTransaction { status::cancel } else { status::ask_transactions };
        Request::Http(Box::new(ask(self.terms.service, message, self.issuer(), ids)))
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
