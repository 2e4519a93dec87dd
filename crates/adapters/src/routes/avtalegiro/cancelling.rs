//! Calling claims back by file: a transmission of its own for each wish, with one cancellation, whose identity is exactly the claim's.
//!
//! A cancellation works where it is with the bank in time. That the bank has received it says so only then; what came too late, or so
//! near the end that nobody knows, counts as done only where the bank says so. Whatever did not work, or is not known to have worked, a person hears of.

use std::time::Duration;

use jiff::Timestamp;
use kvitt_domain::calendar;
use kvitt_domain::claim::Deadlines;
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::fault::{Fault, codes};
use kvitt_formats::bank::OrderKind;
use kvitt_formats::bank::avtalegiro::NewOrder;

use super::file::{Rail, account_of, after, since, write};
use super::{NAME, outcome};
use crate::placing::Whereabouts;
use crate::route::{AdapterError, Arrived, ClaimVerdict, Entry, FileNumbers, Member, Request, Then};

/// A cancellation that could not be put is tried again so long after its own last try, within the time that it has.
const AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

/// An exchange is known by when it was written down: so much later its file may get the name under which the bank finds it.
const LONGEST_PUT: Duration = Duration::from_secs(15 * 60);

/// A wish to call a claim back, with the numbers of its own file.
pub(super) struct Wish<'a> {
    pub(super) by: &'a str,
    at: Timestamp,
    file: FileNumbers,
    /// Which of the wishes for this claim: 1, 2, 3…
    pub(super) number: u32,
}

/// What became of a wish.
pub(super) enum Called {
    /// The rail takes the claim back.
    Back,
    /// The rail said no, or nobody knows whether it heard in time.
    Failed(Fault),
    /// Something is to be said for it.
    Say(Then),
}

impl Rail<'_> {
    /// Wishes that came after the claim had left the house: each has the numbers of a file of its own.
    pub(super) fn wishes(&self, of: AttemptId) -> impl Iterator<Item = Wish<'_>> {
        let all = self.log.iter().filter(move |entry| matches!(entry, Entry::CallBack { attempt, .. } if *attempt == of));
        let out = self.log.iter().position(|entry| self.is_out(entry, of)).unwrap_or(self.log.len());
        let at_home =
            self.log.iter().take(out).filter(move |entry| matches!(entry, Entry::CallBack { attempt, .. } if *attempt == of));
        all.zip(1..).skip(at_home.count()).filter_map(|(entry, number)| match entry {
            Entry::CallBack { by, at, file: Some(file), .. } => Some(Wish { by, at: *at, file: *file, number }),
            _ => None,
        })
    }

    /// How far a wish to call a claim back has come.
    pub(super) fn called(&self, member: &Member, wish: &Wish<'_>) -> Result<Called, AdapterError> {
        let name = self.name_of(wish.file.transmission);
        let until = self.until(member, wish);
        let unconfirmed = || Called::Failed(Fault::warning(codes::CALL_BACK_UNCONFIRMED).with("route", NAME).with("at", until));
        let mut received = false;
        let mut accepted = false;
        for (_, arrived) in self.receipts(wish.file.transmission) {
            match arrived {
                Arrived::TransmissionRefused { code, text, .. }
                | Arrived::ClaimJudged { verdict: ClaimVerdict::Rejected, code, text, .. } => {
                    return Ok(Called::Failed(outcome::not_called_back(code, text)));
                }
                Arrived::ClaimJudged { .. } => accepted = true,
                _ => received = true,
            }
        }
        let there_by = |begun: Timestamp| begun.checked_add(LONGEST_PUT).unwrap_or(Timestamp::MAX);
        let in_time = self.placed_at(&name).is_some_and(|begun| there_by(begun) <= until);
        if accepted || (received && in_time) {
            return Ok(Called::Back);
        }
        if received {
            return Ok(unconfirmed());
        }
        let last_at = self.last_at().unwrap_or(wish.at);
        // What was said for others meanwhile makes this one wait no longer.
        let own = self.exchanges_of(&name).last().map_or(last_at, |exchange| exchange.at);
        let rest_of = |wait: Duration| wait.saturating_sub(since(own, last_at));
        Ok(match self.whereabouts(&name, false)? {
            Whereabouts::Here => Called::Say(Then::Send(self.package(name, self.cancellation(member, wish)?))),
            Whereabouts::NotHandedOver { .. } if last_at >= until => unconfirmed(),
            Whereabouts::NotHandedOver { package, .. } => {
                // The last try is the last moment at which it counts.
                Called::Say(after(rest_of(AGAIN_AFTER).min(since(last_at, until)), Request::Put(package)))
            }
            Whereabouts::Perhaps { look_after, .. } => Called::Say(after(rest_of(look_after), self.look(&name))),
            Whereabouts::Unknowable { .. } => unconfirmed(),
            Whereabouts::There { .. } => self.without_receipt(&name, last_at).map_or_else(unconfirmed, Called::Say),
        })
    }

    /// A cancellation of which the bank has said nothing yet: when the drop is looked at, which is the place in the log at which the
    /// time for a receipt had passed; `None` where it has.
    fn without_receipt(&self, name: &str, last_at: Timestamp) -> Option<Then> {
        let patience = self.setup.receipt_patience();
        let placed = self.placed_at(name)?;
        let mut later = self.exchanges_of(name).filter(|exchange| since(placed, exchange.at) >= patience);
        match later.next() {
            Some(_) => None,
            None => Some(after(patience.saturating_sub(since(placed, last_at)), self.look(name))),
        }
    }

    /// Until when a cancellation of a claim counts.
    fn until(&self, member: &Member, wish: &Wish<'_>) -> Timestamp {
        let deadlines = Deadlines::on(&self.setup.deadlines, calendar::today(wish.at));
        member.claim.as_ref().map_or(Timestamp::MIN, |claim| deadlines.call_back_until(claim.due_on))
    }

    fn cancellation(&self, member: &Member, wish: &Wish<'_>) -> Result<String, AdapterError> {
        let text = write(&self.setup.house.customer_unit, wish.file.transmission, |writer| {
            writer.order(&NewOrder { kind: OrderKind::Cancellations, number: wish.file.order, account: account_of(member) })?;
            self.write_claim(writer, member)
        });
        text.map_err(|why| AdapterError::Log(format!("the cancellation cannot be written: {}", why.code)))
    }
}
