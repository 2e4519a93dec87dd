//! One transaction as it was sent, and what can be said of it alone: whether it may come, whose it is, what becomes of its
//! bill, and how the ledger names it. What is kept of many is in `books.rs`.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::NAME;
use super::consumers::{Consumer, Nature};
use super::requests::{Receiver, Transaction};
use crate::counterparties::bank::claims::Rejection;
use crate::ledger::{Bill as Evidence, Line};

/// The document type that the sandbox's banks have not built: 3100.
pub const NOT_BUILT: &str = "ENFORCEMENT_WARNING";

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

/// Why a request is refused: a `ValidationFault`'s code and description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// 3000 to 3998.
    pub code: u16,
    /// In a sentence.
    pub description: String,
}

/// A refusal in a sentence.
pub(super) fn refused(code: u16, description: impl Into<String>) -> Refused {
    Refused { code, description: description.into() }
}

impl Bill {
    /// Does a second one like it pay twice?
    pub(super) fn is_seen(&self) -> bool {
        self.parts != Parts::Claim && !matches!(self.fate, Fate::Rejected(_))
    }
}

/// Is there a direct debit that MPS sends to the bank?
pub(super) fn has_claim(parts: Parts) -> bool {
    matches!(parts, Parts::Claim | Parts::Both)
}

/// May it come at all? The codes of the service description: 3010, 3011, 3020, 3021, 3100.
pub(super) fn check(transaction: &Transaction) -> Result<(), Refused> {
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

/// Which of the two parts it has.
pub(super) fn parts(transaction: &Transaction) -> Parts {
    match transaction.payment_type.as_str() {
        "AVTALEGIRO" => Parts::Claim,
        "EFAKTURA_AND_AVTALEGIRO" => Parts::Both,
        "EFAKTURA_AND_EXTERNAL_AVTALEGIRO" => Parts::ExternalClaim,
        _ => Parts::Efaktura,
    }
}

/// The name of the old agreement of a consumer who has one.
pub(super) fn reference(of: &Consumer) -> String {
    format!("REF{}", of.identifier())
}

/// Who gets the bill, where the sandbox knows the person.
pub(super) fn receiver(transaction: &Transaction) -> Option<Consumer> {
    match &transaction.efaktura.as_ref()?.receiver {
        Receiver::Identifier(identifier) => Consumer::of_identifier(identifier),
        Receiver::IdentityNumber(number) => Consumer::of_identity_number(number),
        Receiver::Reference(name) => {
            name.strip_prefix("REF").and_then(Consumer::of_identifier).filter(|one| one.nature == Nature::Agreement)
        }
    }
}

/// What becomes of a bill to this person.
pub(super) fn fate(to: Option<Consumer>) -> Fate {
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

/// How long the banks take to decide.
pub(super) fn decision_takes(bill: &Bill) -> Duration {
    bill.to.map_or(Nature::YesToAll, |to| to.nature).decision_takes()
}

/// What the ledger says of a direct debit without an eFaktura: a payer would call it the same as another with its KID,
/// account, amount and due date.
pub(super) fn claim_line(transaction: &Transaction, issuer: &str, rejected: Option<Rejection>, at: Timestamp) -> Option<Line> {
    let kind = match rejected {
        None => "claim",
        Some(Rejection::Same) => "second payment",
        Some(_) => return None,
    };
    Some(line(transaction, issuer, "-".to_owned(), kind, at))
}

/// What the ledger says of it.
pub(super) fn line(transaction: &Transaction, issuer: &str, recipient: String, kind: &str, at: Timestamp) -> Line {
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

/// What a consumer would call the same bill: issuer, KID (or where the bill is), account, amount, due date, and who gets
/// it. It holds none of the ids that the sender's program made up.
pub(super) fn key(transaction: &Transaction, issuer: &str, recipient: &str) -> String {
    let Transaction { amount, due_on, account, .. } = transaction;
    format!("{issuer}/{}/{account}/{amount}/{due_on}/{recipient}", name_of(transaction))
}

fn name_of(transaction: &Transaction) -> &str {
    transaction.kid.as_deref().unwrap_or(url_of(transaction))
}

/// Where the bill is; empty where there is none.
pub(super) fn url_of(transaction: &Transaction) -> &str {
    transaction.efaktura.as_ref().map_or("", |part| part.url.as_str())
}
