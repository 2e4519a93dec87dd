//! What the simulated MPS keeps: shipments, bills, cancellations; and what it says of them at a given time.
//!
//! Every outcome is settled when a shipment comes in and shown when its time has come, so that nothing has to run in
//! between. Ids are kept for ever. What is kept is said in [`Record`]s, which the caller writes down and reads back
//! into [`Books::remember`] after a start.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::bills::{
    Bill, Fate, Parts, Reason, Refused, check, claim_line, decision_takes, fate, has_claim, key, line, parts, receiver, refused,
    url_of,
};
use super::consumers::Nature;
use super::issuers::{Issuer, Issuers};
use super::requests::{Shipment, Transaction};
use crate::counterparties::bank::claims::Rejection;
use crate::ledger::Line;

/// How long after the acceptance the bank thinks better of it, by the business clock.
const SECOND_THOUGHTS: Duration = Duration::from_secs(120);

/// Direct debits are looked at so long after they came, by the business clock.
const CLAIMS_TAKE: Duration = Duration::from_secs(30);

/// One thing that happened, as the sandbox's journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A shipment was taken.
    Shipment {
        /// Its id.
        id: Uuid,
        /// Whose.
        issuer: String,
        /// When, by the business clock.
        at: Timestamp,
        /// What was in it.
        bills: Vec<Bill>,
    },
    /// A bill was cancelled.
    Cancelled {
        /// The transaction.
        id: Uuid,
        /// When, by the business clock.
        at: Timestamp,
    },
    /// An issuer was made, changed or ended.
    Issuer(Issuer),
}

/// What a status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// One of the service's words.
    pub word: &'static str,
    /// Why, where it is a no.
    pub reason: Option<Reason>,
}

impl Status {
    fn plain(word: &'static str) -> Status {
        Status { word, reason: None }
    }
}

/// Everything kept.
#[derive(Debug, Default)]
pub struct Books {
    shipments: HashMap<Uuid, Kept>,
    bills: HashMap<Uuid, (Uuid, Bill)>,
    /// Transactions in the order in which they came.
    order: Vec<Uuid>,
    cancelled: HashMap<Uuid, Timestamp>,
    payments: HashSet<Uuid>,
    /// Who may send.
    pub issuers: Issuers,
}

#[derive(Debug)]
struct Kept {
    issuer: String,
    at: Timestamp,
    decided_at: Timestamp,
    parts: Vec<Parts>,
    has_bills: bool,
}

impl Books {
    /// Takes a shipment or refuses it whole; gives what to write down and what the ledger says. `may_claim` knows the
    /// accounts that the sender may claim for, `claim` hands a good shipment's direct debits to the bank.
    ///
    /// # Errors
    /// The codes of the service description: 3002, 3003, 3010, 3011, 3020, 3021, 3100, 3101, and 3998 of our own.
    pub fn add(
        &mut self,
        shipment: &Shipment,
        may_claim: impl Fn(&str) -> bool,
        mut claim: impl FnMut(&Transaction) -> Option<Rejection>,
        now: Timestamp,
    ) -> Result<(Record, Vec<Line>), Refused> {
        if self.shipments.contains_key(&shipment.id) {
            return Err(refused(3002, format!("Shipment id {} is already used", shipment.id)));
        }
        let mut seen = HashSet::new();
        for transaction in &shipment.transactions {
            if self.bills.contains_key(&transaction.id) || !seen.insert(transaction.id) {
                return Err(refused(3003, format!("Transaction id {} is already used", transaction.id)));
            }
            check(transaction)?;
            if has_claim(parts(transaction)) && !may_claim(&transaction.account) {
                let Transaction { id, account, .. } = transaction;
                let issuer = &shipment.issuer;
                return Err(refused(
                    3101,
                    format!("ATG is not allowed for issuer {issuer} on account {account}, in transaction {id}"),
                ));
            }
        }
        let spoils = |transaction: &Transaction| receiver(transaction).is_some_and(|to| to.nature == Nature::SpoilsShipment);
        if shipment.transactions.iter().any(spoils) {
            return Err(refused(3998, "The shipment could not be validated"));
        }
        let mut lines = Vec::new();
        let mut bills = Vec::new();
        let mut payments = HashSet::new();
        for transaction in &shipment.transactions {
            let (bill, line) = self.settle(transaction, &shipment.issuer, &mut payments, now);
            let rejected = if has_claim(bill.parts) { claim(transaction) } else { None };
            lines.extend(match bill.parts {
                Parts::Claim => claim_line(transaction, &shipment.issuer, rejected, now),
                Parts::Efaktura | Parts::Both | Parts::ExternalClaim => line,
            });
            bills.push(bill);
        }
        let record = Record::Shipment { id: shipment.id, issuer: shipment.issuer.clone(), at: now, bills };
        self.remember(record.clone());
        Ok((record, lines))
    }

    fn settle(
        &self,
        transaction: &Transaction,
        issuer: &str,
        payments: &mut HashSet<Uuid>,
        now: Timestamp,
    ) -> (Bill, Option<Line>) {
        let (to, parts) = (receiver(transaction), parts(transaction));
        let recipient = to.map_or_else(|| "-".to_owned(), |one| one.identifier());
        let digest = Sha256::digest(key(transaction, issuer, &recipient));
        let payment = Uuid::from_bytes(std::array::from_fn(|at| digest[at]));
        let mut fate = if parts == Parts::Claim { Fate::Accepted } else { fate(to) };
        // What becomes of a direct debit is the bank's to say.
        let mut kind = match (fate, parts) {
            (Fate::Rejected(_), _) | (_, Parts::Claim) => None,
            (_, Parts::Efaktura | Parts::Both | Parts::ExternalClaim) => Some("efaktura"),
        };
        let is_known = self.payments.contains(&payment) || payments.contains(&payment);
        if kind.is_some() && is_known {
            fate = Fate::Rejected(Reason::SecondPayment);
            kind = Some("second payment");
        } else if kind.is_some() {
            payments.insert(payment);
        }
        let line = kind.map(|kind| line(transaction, issuer, recipient, kind, now));
        let bill = Bill { id: transaction.id, parts, url: url_of(transaction).to_owned(), to, fate, payment };
        (bill, line)
    }

    /// Enters what happened; also what was read back after a start.
    pub fn remember(&mut self, record: Record) {
        match record {
            Record::Shipment { id, issuer, at, bills } => {
                let slowest = bills.iter().map(decision_takes).max().unwrap_or(CLAIMS_TAKE);
                let kept = Kept {
                    issuer,
                    at,
                    decided_at: later(at, slowest),
                    parts: bills.iter().map(|bill| bill.parts).collect(),
                    has_bills: bills.iter().any(|bill| bill.parts != Parts::Claim),
                };
                self.shipments.insert(id, kept);
                for bill in bills {
                    if bill.is_seen() {
                        self.payments.insert(bill.payment);
                    }
                    self.order.push(bill.id);
                    self.bills.insert(bill.id, (id, bill));
                }
            }
            Record::Cancelled { id, at } => {
                self.cancelled.insert(id, at);
                if let Some((_, bill)) = self.bills.get(&id) {
                    self.payments.remove(&bill.payment);
                }
            }
            Record::Issuer(issuer) => self.issuers.remember(issuer),
        }
    }

    /// Takes back what could not be written down.
    pub fn forget(&mut self, record: &Record) {
        match record {
            Record::Shipment { id, bills, .. } => {
                self.shipments.remove(id);
                for bill in bills {
                    self.bills.remove(&bill.id);
                    if bill.is_seen() {
                        self.payments.remove(&bill.payment);
                    }
                }
                self.order.retain(|id| self.bills.contains_key(id));
            }
            Record::Cancelled { id, .. } => {
                self.cancelled.remove(id);
                if let Some((_, bill)) = self.bills.get(id) {
                    self.payments.insert(bill.payment);
                }
            }
            Record::Issuer(issuer) => self.issuers.forget(issuer),
        }
    }

    /// The two statuses of a shipment: of its bills, and of its direct debits.
    ///
    /// # Errors
    /// 3000: this issuer has no such shipment.
    pub fn shipment(&self, issuer: &str, id: Uuid, now: Timestamp) -> Result<(&'static str, &'static str), Refused> {
        let kept = self.shipments.get(&id).filter(|kept| kept.issuer == issuer);
        let kept = kept.ok_or_else(|| refused(3000, format!("Shipment {id} is unknown")))?;
        let bills = match kept.has_bills {
            false => "NO_EFAKTURA_IN_SHIPMENT",
            true if now < kept.decided_at => "IN_PROGRESS",
            true => "PROCESSED",
        };
        let claims = match kept.parts.iter().any(|parts| has_claim(*parts)) {
            false => "NO_ATG_IN_SHIPMENT",
            true if now < later(kept.at, CLAIMS_TAKE) => "IN_PROGRESS",
            true => "PROCESSED",
        };
        Ok((bills, claims))
    }

    /// A transaction, with its bill's status.
    ///
    /// # Errors
    /// 3001: this issuer has no such transaction; it is named.
    pub fn transaction(&self, issuer: &str, id: Uuid, now: Timestamp) -> Result<(&Bill, Status), Refused> {
        let (kept, bill) = self.of_issuer(issuer, id).ok_or_else(|| refused(3001, format!("Transaction {id} is unknown")))?;
        Ok((bill, self.bill_status(kept, bill, now)))
    }

    /// Cancels a transaction's bill where that is still possible; gives the answer, the transaction's parts where there is
    /// such a transaction, and what to write down.
    pub fn cancel(&mut self, issuer: &str, id: Uuid, now: Timestamp) -> (&'static str, Option<Parts>, Option<Record>) {
        let Some((kept, bill)) = self.of_issuer(issuer, id) else {
            return ("NOT_FOUND", None, None);
        };
        let parts = bill.parts;
        let word = match self.bill_status(kept, bill, now).word {
            "IN_PROGRESS" => "PROCESSING_IN_PROGRESS-TRY_LATER",
            "CANCELLED" => "ALREADY_CANCELLED",
            "ACCEPTED" => "CANCELLATION_REQUESTED",
            // Nothing is there to be cancelled: it was refused, stopped, or never had a bill.
            _ => "NOT_FOUND",
        };
        let record = (word == "CANCELLATION_REQUESTED").then_some(Record::Cancelled { id, at: now });
        if let Some(record) = &record {
            self.remember(record.clone());
        }
        (word, Some(parts), record)
    }

    /// A bill as its consumer's bank has it, with its status; `None` where there is no such transaction.
    pub fn bill(&self, id: Uuid, now: Timestamp) -> Option<(&Bill, Status)> {
        let (shipment, bill) = self.bills.get(&id)?;
        Some((bill, self.bill_status(self.shipments.get(shipment)?, bill, now)))
    }

    /// Bills with their issuer, shipment and status, newest first.
    pub fn newest(&self, now: Timestamp) -> impl Iterator<Item = (&str, Uuid, &Bill, Status)> {
        self.order.iter().rev().filter_map(move |id| {
            let (shipment, bill) = self.bills.get(id)?;
            let kept = self.shipments.get(shipment)?;
            Some((kept.issuer.as_str(), *shipment, bill, self.bill_status(kept, bill, now)))
        })
    }

    fn of_issuer(&self, issuer: &str, id: Uuid) -> Option<(&Kept, &Bill)> {
        let (shipment, bill) = self.bills.get(&id)?;
        let kept = self.shipments.get(shipment)?;
        (kept.issuer == issuer).then_some((kept, bill))
    }

    fn bill_status(&self, kept: &Kept, bill: &Bill, now: Timestamp) -> Status {
        if bill.parts == Parts::Claim {
            return Status::plain("NOT_AN_EFAKTURA_TRANSACTION");
        }
        let decided_at = later(kept.at, decision_takes(bill));
        let is_over = now >= later(decided_at, SECOND_THOUGHTS);
        if self.cancelled.contains_key(&bill.id) {
            return Status::plain("CANCELLED");
        }
        let no = |word, reason| Status { word, reason: Some(reason) };
        match bill.fate {
            _ if now < decided_at => Status::plain("IN_PROGRESS"),
            Fate::Rejected(reason) => no("REJECTED", reason),
            Fate::RejectedLater if is_over => no("REJECTED", Reason::RejectedByBank),
            Fate::StoppedLater if is_over => no("STOPPED", Reason::Stopped),
            Fate::Accepted | Fate::RejectedLater | Fate::StoppedLater => Status::plain("ACCEPTED"),
        }
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(at.as_millisecond().saturating_add(ms)).unwrap_or(Timestamp::MAX)
}
