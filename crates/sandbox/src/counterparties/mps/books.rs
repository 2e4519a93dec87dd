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

use super::NAME;
use super::consumers::{Consumer, Nature};
use super::issuers::{Issuer, Issuers};
use super::requests::{Receiver, Shipment, Transaction};
use crate::counterparties::bank::claims::Rejection;
use crate::ledger::{Bill as Evidence, Line};

/// The document type that the sandbox's banks have not built: 3100.
pub const NOT_BUILT: &str = "ENFORCEMENT_WARNING";

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

/// One transaction, with what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// The transaction.
    pub id: Uuid,
    /// Which of its two parts it has.
    pub parts: Parts,
    /// Where the bill is; empty where there is no eFaktura.
    pub url: String,
    /// Whose bill it is, where the sandbox knows the person.
    pub to: Option<Consumer>,
    /// What becomes of it.
    pub fate: Fate,
    /// What a second payment would have in common with it: 16 bytes of a digest, written like an id.
    pub payment: Uuid,
}

/// The parts of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parts {
    /// A bill in the consumer's bank.
    Efaktura,
    /// A direct debit.
    Claim,
    /// Both.
    Both,
    /// A bill, and a direct debit that came by file.
    ExternalClaim,
}

/// What becomes of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The consumer sees it.
    Accepted,
    /// The consumer never sees it.
    Rejected(Reason),
    /// The consumer saw it for two minutes, then it was rejected.
    RejectedLater,
    /// The consumer saw it for two minutes, then it was stopped.
    StoppedLater,
}

/// Why a bill is not, or no longer, in the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nobody has this number, or has Yes to All on.
    ReceiverNotFound,
    /// The receiver takes bills from agreed issuers only.
    NoAgreement,
    /// The receiver has blocked the issuer.
    Blocked,
    /// The same bill was accepted before under another id.
    SecondPayment,
    /// The bank said no after all.
    RejectedByBank,
    /// Somebody stopped it.
    Stopped,
}

impl Reason {
    /// `rejectionCode`, four characters, and `rejectionText`. The real list of codes is not public; these are ours.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Reason::ReceiverNotFound => ("S001", "Receiver not found"),
            Reason::NoAgreement => ("S002", "Receiver has no agreement with the issuer and no Yes to All"),
            Reason::Blocked => ("S003", "Issuer is blocked by the receiver"),
            Reason::SecondPayment => ("S004", "The same bill was accepted before under another transaction id"),
            Reason::RejectedByBank => ("S005", "Rejected by the receiver's bank"),
            Reason::Stopped => ("S006", "Stopped after acceptance"),
        }
    }
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

/// Why a request is refused: a `ValidationFault`'s code and description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// 3000 to 3998.
    pub code: u16,
    /// In a sentence.
    pub description: String,
}

fn refused(code: u16, description: impl Into<String>) -> Refused {
    Refused { code, description: description.into() }
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

impl Bill {
    /// Does a second one like it pay twice?
    fn is_seen(&self) -> bool {
        self.parts != Parts::Claim && !matches!(self.fate, Fate::Rejected(_))
    }
}

/// Is there a direct debit that MPS sends to the bank?
pub fn has_claim(parts: Parts) -> bool {
    matches!(parts, Parts::Claim | Parts::Both)
}

fn check(transaction: &Transaction) -> Result<(), Refused> {
    let Transaction { id, payment_type, document_type, .. } = transaction;
    let (has_bill, has_claim) =
        (payment_type != "AVTALEGIRO", payment_type.ends_with("_AVTALEGIRO") || payment_type == "AVTALEGIRO");
    let claim_is_ours = has_claim && payment_type != "EFAKTURA_AND_EXTERNAL_AVTALEGIRO";
    if claim_is_ours && !transaction.has_direct_debit {
        return Err(refused(3010, format!("ATG information is missing in transaction {id}")));
    }
    if has_bill && transaction.efaktura.is_none() {
        return Err(refused(3011, format!("eFaktura information is missing in transaction {id}")));
    }
    if has_claim && transaction.kid.is_none() {
        return Err(refused(3020, format!("KID is missing in transaction {id}")));
    }
    if has_claim && document_type != "INVOICE" {
        return Err(refused(3021, format!("ATG is allowed for INVOICE only, not {document_type}, in transaction {id}")));
    }
    if document_type == NOT_BUILT {
        return Err(refused(3100, format!("Document type {document_type} is not implemented, in transaction {id}")));
    }
    Ok(())
}

fn parts(transaction: &Transaction) -> Parts {
    match transaction.payment_type.as_str() {
        "AVTALEGIRO" => Parts::Claim,
        "EFAKTURA_AND_AVTALEGIRO" => Parts::Both,
        "EFAKTURA_AND_EXTERNAL_AVTALEGIRO" => Parts::ExternalClaim,
        _ => Parts::Efaktura,
    }
}

/// What the ledger says of a direct debit without an eFaktura: a payer would call it the same as another with its KID,
/// account, amount and due date.
fn claim_line(transaction: &Transaction, issuer: &str, rejected: Option<Rejection>, at: Timestamp) -> Option<Line> {
    let kind = match rejected {
        None => "claim",
        Some(Rejection::Same) => "second payment",
        Some(_) => return None,
    };
    Some(line(transaction, issuer, "-".to_owned(), kind, at))
}

/// The name of the old agreement of a consumer who has one.
pub fn reference(of: &Consumer) -> String {
    format!("REF{}", of.identifier())
}

fn receiver(transaction: &Transaction) -> Option<Consumer> {
    match &transaction.efaktura.as_ref()?.receiver {
        Receiver::Identifier(identifier) => Consumer::of_identifier(identifier),
        Receiver::IdentityNumber(number) => Consumer::of_identity_number(number),
        Receiver::Reference(name) => {
            name.strip_prefix("REF").and_then(Consumer::of_identifier).filter(|one| one.nature == Nature::Agreement)
        }
    }
}

fn fate(to: Option<Consumer>) -> Fate {
    let Some(to) = to else {
        return Fate::Rejected(Reason::ReceiverNotFound);
    };
    match to.nature {
        Nature::YesToAll | Nature::HiddenInVipps | Nature::Several | Nature::LateBank | Nature::Agreement => Fate::Accepted,
        Nature::Off => Fate::Rejected(Reason::NoAgreement),
        Nature::Blocked => Fate::Rejected(Reason::Blocked),
        Nature::RejectedLater => Fate::RejectedLater,
        Nature::StoppedLater => Fate::StoppedLater,
        // A shipment with the last of these does not come as far as this.
        Nature::TurnedOff | Nature::SpoilsShipment => Fate::Rejected(Reason::ReceiverNotFound),
    }
}

fn decision_takes(bill: &Bill) -> Duration {
    bill.to.map_or(Nature::YesToAll, |to| to.nature).decision_takes()
}

/// What a consumer would call the same bill: issuer, KID (or where the bill is), account, amount, due date, and who gets
/// it. It holds none of the ids that the sender's program made up.
fn key(transaction: &Transaction, issuer: &str, recipient: &str) -> String {
    let Transaction { amount, due_on, account, .. } = transaction;
    format!("{issuer}/{}/{account}/{amount}/{due_on}/{recipient}", name_of(transaction))
}

fn name_of(transaction: &Transaction) -> &str {
    transaction.kid.as_deref().unwrap_or(url_of(transaction))
}

fn url_of(transaction: &Transaction) -> &str {
    transaction.efaktura.as_ref().map_or("", |part| part.url.as_str())
}

fn line(transaction: &Transaction, issuer: &str, recipient: String, kind: &str, at: Timestamp) -> Line {
    Line {
        counterparty: NAME.to_owned(),
        kind: kind.to_owned(),
        key: key(transaction, issuer, &recipient),
        company: Some(issuer.to_owned()),
        invoice: Some(name_of(transaction).to_owned()),
        recipient,
        digest: hex::encode(Sha256::digest(url_of(transaction))),
        at,
        bill: Some(Evidence {
            url: url_of(transaction).to_owned(),
            kid: transaction.kid.clone(),
            amount: transaction.amount.clone(),
            due_on: transaction.due_on,
            account: transaction.account.clone(),
            document: transaction.document_type.clone(),
            transaction: transaction.id,
        }),
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(at.as_millisecond().saturating_add(ms)).unwrap_or(Timestamp::MAX)
}
