//! Claims (AvtaleGiro payment requests): taken or rejected when they come, cancelled in time, and what is said of each at a
//! given time. They come from MPS, from claim files, and from the provider that had an agreement before.
//!
//! Rules: AvtaleGiro system specification 3.3 and the rail's pages for its deadlines. The list of rejection codes is not
//! public; those here are the sandbox's own.

use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::payers::Payer;
use super::{Bank, Record};
use crate::counterparties::calendar;

/// Claims of a bank day are received until this hour in Oslo; so are cancellations, the day before the due date.
pub const CUT_OFF_HOUR: i8 = 14;

/// Claims go to the payers' banks at this hour in Oslo.
const SENT_TO_BANKS_HOUR: i8 = 17;

/// Bank days from the day of the cut-off to the earliest due date.
pub const EARLIEST_BANK_DAYS: u32 = 4;

/// The latest due date, months ahead (AvtaleGiro system specification 3.3).
const LATEST_MONTHS: i32 = 12;

/// The largest claim, øre: a million kroner, as the rail's link generator has it.
pub const LARGEST_MINOR: u64 = 100_000_000;

/// A claim is looked at after this long, and passed on after this long, by the business clock.
const RECEIVED_AFTER: Duration = Duration::from_secs(30);
const PROCESSED_AFTER: Duration = Duration::from_secs(60);

/// Why a claim was rejected, or a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The payer has no mandate.
    NoMandate,
    /// Nobody can debit as early as that.
    TooEarly,
    /// Too far ahead.
    TooLate,
    /// Nothing, or too much.
    Amount,
    /// The KID does not hold, or fits no structure.
    Kid,
    /// The same claim stands already.
    Same,
    /// A cancellation after the cut-off.
    CancelledTooLate,
    /// A cancellation of nothing.
    NothingToCancel,
    /// The records of the claim do not fit together.
    Malformed,
}

impl Rejection {
    /// Four characters, and a sentence.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Rejection::NoMandate => ("M001", "No active mandate for this KID"),
            Rejection::TooEarly => ("D001", "Due date is too early"),
            Rejection::TooLate => ("D002", "Due date is too late"),
            Rejection::Amount => ("A001", "Amount is not allowed"),
            Rejection::Kid => ("K001", "KID is not allowed"),
            Rejection::Same => ("X001", "The same claim is known already"),
            Rejection::CancelledTooLate => ("C001", "Cancellation came after the cut-off"),
            Rejection::NothingToCancel => ("C002", "There is no such claim to cancel"),
            Rejection::Malformed => ("F001", "The records of the transaction do not fit together"),
        }
    }
}

/// What makes a claim this claim and no other: the rail knows nothing else of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// Who is paid: eleven digits.
    pub account: String,
    /// The KID.
    pub kid: String,
    /// Øre.
    pub minor: u64,
    /// When it is due, as it was sent.
    pub due_on: Date,
}

impl Identity {
    /// The ledger's key.
    pub fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.account, self.kid, kroner(self.minor), self.due_on)
    }

    /// When it is debited: on the due date, or the next bank day.
    pub fn debited_on(&self) -> Date {
        calendar::working_day_from(self.due_on)
    }
}

/// `499.00`
pub fn kroner(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// One claim, with what was decided of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// MPS: the transaction. A file: sender, transmission, order, transaction.
    pub id: String,
    /// What is claimed.
    #[serde(flatten)]
    pub identity: Identity,
    /// The customer part of the KID; empty where the KID has none.
    pub part: String,
    /// Whose claim: nine digits.
    pub organisation: String,
    /// Who sent it: a customer unit.
    pub provider: String,
    /// When it came.
    pub at: Timestamp,
    /// Why it is none.
    pub rejected: Option<Rejection>,
}

/// What became of a claim since it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// A cancellation was taken.
    Cancelled,
    /// A cancellation was taken, and rejected by the payer's bank: the claim stands.
    CancellationRejected,
    /// Its day came, and the payer was debited.
    Debited,
    /// Its day came, and the payer was not.
    NotDebited,
}

/// A claim, and what became of it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// As it came.
    pub claim: Claim,
    /// Oldest first; a rejected cancellation may be followed by a debit.
    pub fates: Vec<(Fate, Timestamp)>,
}

/// A claim's status in MPS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The word.
    pub word: &'static str,
    /// Why, where it is REJECTED.
    pub reason: Option<Rejection>,
}

/// What comes of an attempt to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It is taken (or was before).
    Requested,
    /// The claim has not been looked at yet.
    TryLater,
    /// After the cut-off.
    NotAllowed,
    /// There is nothing to cancel.
    NotFound,
}

impl Bank {
    /// Takes a claim or rejects it; the same id again changes nothing.
    pub fn claim(
        &mut self,
        id: String,
        identity: Identity,
        provider: &str,
        now: Timestamp,
        records: &mut Vec<Record>,
    ) -> Option<Rejection> {
        if let Some(known) = self.claims.get(&id) {
            return known.claim.rejected;
        }
        let agreement = self.agreements.get(&identity.account);
        let part = agreement.and_then(|agreement| agreement.customer_part(&identity.kid)).unwrap_or_default().to_owned();
        let organisation = agreement.map(|agreement| agreement.organisation.clone()).unwrap_or_default();
        self.claim_comes(&identity.account, &part, now, records);
        let rejected = self.judge(&identity, &part, now);
        let claim = Claim { id, identity, part, organisation, provider: provider.to_owned(), at: now, rejected };
        self.enter(Record::Claim(claim), records);
        rejected
    }

    fn judge(&self, identity: &Identity, part: &str, now: Timestamp) -> Option<Rejection> {
        let today = calendar::day_of(now);
        let latest = today.saturating_add(LATEST_MONTHS.months());
        if part.is_empty() {
            Some(Rejection::Kid)
        } else if identity.minor == 0 || identity.minor > LARGEST_MINOR {
            Some(Rejection::Amount)
        } else if identity.debited_on() < earliest_due(now) {
            Some(Rejection::TooEarly)
        } else if identity.due_on > latest {
            Some(Rejection::TooLate)
        } else if self.open.contains_key(identity) {
            Some(Rejection::Same)
        } else if self.standing(&identity.account, part).is_none() {
            Some(Rejection::NoMandate)
        } else {
            None
        }
    }

    /// Cancels the claim with this id.
    pub fn cancel(&mut self, id: &str, now: Timestamp, records: &mut Vec<Record>) -> Cancelled {
        let Some(kept) = self.claims.get(id).filter(|kept| kept.claim.rejected.is_none()) else {
            return Cancelled::NotFound;
        };
        let claim = &kept.claim;
        match kept.fates.last() {
            _ if now < later(claim.at, RECEIVED_AFTER) => Cancelled::TryLater,
            Some((Fate::Cancelled | Fate::CancellationRejected, _)) => Cancelled::Requested,
            Some((Fate::Debited | Fate::NotDebited, _)) => Cancelled::NotAllowed,
            None if now >= last_cancellation(claim.identity.due_on) => Cancelled::NotAllowed,
            None => {
                let is_kept = Payer::of(&claim.part) == Payer::KeepsClaim;
                let fate = if is_kept { Fate::CancellationRejected } else { Fate::Cancelled };
                self.enter(Record::Fate { claim: id.to_owned(), fate, at: now }, records);
                Cancelled::Requested
            }
        }
    }

    /// Cancels the open claim that is this one, for a claim file.
    ///
    /// # Errors
    /// There is none, or it is too late.
    pub fn cancel_same(&mut self, identity: &Identity, now: Timestamp, records: &mut Vec<Record>) -> Result<(), Rejection> {
        let Some(id) = self.open.get(identity).cloned() else {
            return Err(Rejection::NothingToCancel);
        };
        // A file is worked on when all that came before it has been.
        if now >= last_cancellation(identity.due_on) {
            return Err(Rejection::CancelledTooLate);
        }
        let is_kept = self.claims.get(&id).is_some_and(|kept| Payer::of(&kept.claim.part) == Payer::KeepsClaim);
        let fate = if is_kept { Fate::CancellationRejected } else { Fate::Cancelled };
        self.enter(Record::Fate { claim: id, fate, at: now }, records);
        Ok(())
    }

    /// What MPS says of a claim; `None` where there is no such.
    pub fn claim_status(&self, id: &str, now: Timestamp) -> Option<Status> {
        let Kept { claim, fates } = self.claims.get(id)?;
        let plain = |word| Status { word, reason: None };
        if now < later(claim.at, RECEIVED_AFTER) {
            return Some(plain("IN_PROGRESS"));
        }
        if let Some(reason) = claim.rejected {
            return Some(Status { word: "REJECTED", reason: Some(reason) });
        }
        let cancelled = fates.iter().find(|(fate, _)| matches!(fate, Fate::Cancelled | Fate::CancellationRejected));
        Some(plain(match cancelled {
            Some((_, at)) if now < later(*at, RECEIVED_AFTER) => "CANCELLATION_RECEIVED",
            Some((_, at)) if now < later(*at, PROCESSED_AFTER) => "CANCELLATION_SENT_TO_BDS",
            Some((Fate::Cancelled, _)) => "CANCELLATION_ACCEPTED_BY_BDS",
            Some(_) => "CANCELLATION_REJECTED_BY_BDS",
            None if now < later(claim.at, PROCESSED_AFTER) => "RECEIVED",
            None if now < sent_to_banks(claim.at) => "PROCESSED",
            None => "SENT_TO_BDS",
        }))
    }

    /// Claims as they came, newest first.
    pub fn newest_claims(&self) -> impl Iterator<Item = &Kept> {
        self.order.iter().rev().filter_map(|id| self.claims.get(id))
    }

    pub(super) fn remember_claim(&mut self, claim: Claim) {
        if self.claims.contains_key(&claim.id) {
            return;
        }
        if claim.rejected.is_none() {
            self.open.insert(claim.identity.clone(), claim.id.clone());
            self.due.entry(claim.identity.debited_on()).or_default().push(claim.id.clone());
        }
        self.order.push(claim.id.clone());
        self.claims.insert(claim.id.clone(), Kept { claim, fates: Vec::new() });
    }

    pub(super) fn remember_fate(&mut self, id: &str, fate: Fate, at: Timestamp) {
        let Some(kept) = self.claims.get_mut(id) else {
            return;
        };
        kept.fates.push((fate, at));
        if fate != Fate::CancellationRejected {
            self.open.remove(&kept.claim.identity);
        }
    }
}

impl Kept {
    /// Is its day still to come?
    pub fn is_open(&self) -> bool {
        self.claim.rejected.is_none() && self.fates.iter().all(|(fate, _)| *fate == Fate::CancellationRejected)
    }
}

/// The first due date that a claim received now may have.
pub fn earliest_due(now: Timestamp) -> Date {
    calendar::working_days_after(day_of_cut_off(now), EARLIEST_BANK_DAYS)
}

/// The bank day whose cut-off is the next.
fn day_of_cut_off(now: Timestamp) -> Date {
    let today = calendar::day_of(now);
    if calendar::is_working_day(today) && now < calendar::at_hour(today, CUT_OFF_HOUR) {
        today
    } else {
        calendar::working_days_after(today, 1)
    }
}

/// When claims that come now go to the payers' banks.
fn sent_to_banks(came_at: Timestamp) -> Timestamp {
    calendar::at_hour(day_of_cut_off(came_at), SENT_TO_BANKS_HOUR)
}

/// Up to when a claim can be cancelled: 14:00 on the day before the due date.
fn last_cancellation(due_on: Date) -> Timestamp {
    calendar::at_hour(due_on.saturating_sub(1.day()), CUT_OFF_HOUR)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(at.as_millisecond().saturating_add(ms)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines() {
        // When a claim comes, its earliest due date, and when it goes to the banks.
        let table = [
            // A Monday before and after two in the afternoon.
            ("2026-11-23T12:59:59Z", "2026-11-27", "2026-11-23T16:00:00Z"),
            ("2026-11-23T13:00:00Z", "2026-11-30", "2026-11-24T16:00:00Z"),
            // A Saturday.
            ("2026-11-28T09:00:00Z", "2026-12-04", "2026-11-30T16:00:00Z"),
            // The day before Christmas Eve, on which banks are closed.
            ("2026-12-23T09:00:00Z", "2026-12-31", "2026-12-23T16:00:00Z"),
            ("2026-12-23T14:00:00Z", "2027-01-04", "2026-12-28T16:00:00Z"),
            // Before Easter 2027 (28 March), in winter time.
            ("2027-03-24T09:00:00Z", "2027-04-02", "2027-03-24T16:00:00Z"),
        ];
        for (at, earliest, sent) in table {
            let at: Timestamp = at.parse().unwrap();
            assert_eq!((earliest_due(at).to_string(), sent_to_banks(at).to_string()), (earliest.into(), sent.into()), "{at}");
        }
        // Summer time: 14:00 in Oslo is 12:00 UTC.
        assert_eq!(last_cancellation("2026-07-01".parse().unwrap()).to_string(), "2026-06-30T12:00:00Z");
    }
}
