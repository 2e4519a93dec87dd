//! The simulated MPS: eFaktura and AvtaleGiro as the SOAP service `efaktura-atg-service/v1`, and its newer sister's
//! operations for agreements.
//!
//! [`Mps::handle`] takes a call's bytes and decides; `fronts/mps.rs` is the HTTP around it. `calls.rs` knows the operations,
//! `wire.rs` reads envelopes, `requests.rs` what is in them, `answers.rs` writes. `consumers.rs` and `look_up.rs` know the
//! people, `issuers.rs` who may send, `bills.rs` and `books.rs` bills and their statuses, `agreements.rs` answers what is asked
//! of agreements and mandates, `token.rs` signs for banks that open a bill. Direct debits are the bank's
//! (`counterparties/bank.rs`). What of the shapes is inferred is said in `docs/routes/efaktura.md`; what of the behaviour is the
//! sandbox's own, in `docs/sandbox.md`.

mod agreements;
mod answers;
pub mod bills;
pub mod books;
mod calls;
pub mod consumers;
pub mod issuers;
mod look_up;
mod requests;
mod token;
mod wire;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::counterparties::bank::claims::{Cancelled, Identity};
use crate::counterparties::bank::{self, Bank, claims};
use crate::counterparties::signing::Signing;
use crate::faults::{Faults, Kind, Point, Strike};
use crate::ledger::Line;
use answers::{Elements, fault, response, schema_fault};
use bills::{Bill, Parts, Refused, has_claim, reference};
use books::{Books, Record};
use calls::{concerned, read};
use consumers::{Consumer, Nature};
use issuers::Provider;
use look_up::{Found, Key, look_up};
use requests::{Asked, Shipment, Transaction, Transactions, What};
use token::{Signer, Worth};

pub use answers::Reply;
pub use token::appended;

/// The counterparty's name in ledger, faults and personas.
pub const NAME: &str = "mps";

/// The namespace of the service; a `SOAPAction` is this and the operation.
pub const SERVICE: &str = "https://efaktura-services.nets.no/efaktura-atg-service/v1/";

/// The namespace of the operations for agreements (`efaktura-atg-service/v2/erp/v1`).
pub const AGREEMENTS: &str = "https://efaktura-services.nets.no/efaktura-atg-service/v2/erp/v1/";

/// The user of the UsernameToken that the service knows.
pub const MPS_USER: &str = "kvitt";

/// That user's password.
pub const MPS_PASSWORD: &str = "sandbox-mps";

/// Consumers that an issuer's black list names at most; the oldest stay.
const LONGEST_BLACK_LIST: usize = 10_000;

/// What a client asks, at the points where the service has a choice.
#[derive(Debug, Clone, Copy)]
pub enum Request<'a> {
    /// A call has begun; nothing of it has been read.
    Connect,
    /// A call has been read.
    Call {
        /// The `SOAPAction` header as it stands.
        action: &'a str,
        /// The envelope.
        body: &'a [u8],
    },
}

/// What time it is, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The business clock: statuses go by it.
    pub business: Timestamp,
    /// The machine's clock: the age of a bank's token goes by it.
    pub machine: Timestamp,
}

/// Whom the service works with.
#[derive(Debug)]
pub struct Neighbours<'a> {
    /// Gets the direct debits; knows agreements and mandates.
    pub bank: &'a mut Bank,
    /// Knows whether a take-over was signed.
    pub signing: &'a Signing,
}

/// What the service does.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Machine time to let pass before the request takes effect.
    pub hold: Duration,
    /// Does the request take effect?
    pub takes_effect: bool,
    /// What to write down before anything is said.
    pub records: Vec<Record>,
    /// What the bank is to write down, before that.
    pub bank: Vec<bank::Record>,
    /// The ledger's lines, to be on disk before anything is said.
    pub lines: Vec<Line>,
    /// Machine time to let pass before anything is said.
    pub wait: Duration,
    /// What is said.
    pub say: Say,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// An envelope.
    Reply(Reply),
    /// Something that is no SOAP.
    Nonsense,
    /// Nothing: the connection closes.
    Nothing,
}

/// The service's memory.
#[derive(Debug)]
pub struct Mps {
    books: Books,
    signer: Signer,
    /// By issuer, the consumers who have blocked it and whom it has met: the black list.
    met: HashMap<String, Vec<Consumer>>,
}

impl Mps {
    /// A service that signs tokens with this secret and has seen nothing yet.
    pub fn new(secret: &[u8]) -> Mps {
        Mps { books: Books::default(), signer: Signer::new(secret), met: HashMap::new() }
    }

    /// Tells it of what it wrote down before the sandbox was started anew.
    pub fn remember(&mut self, record: Record) {
        if let Record::Shipment { issuer, bills, .. } = &record {
            for bill in bills {
                self.meet(issuer, bill.to);
            }
        }
        self.books.remember(record);
    }

    /// Takes back what was decided and could not be written down after all. The bank's part is taken back by making the bank
    /// anew from what was.
    pub fn not_stored(&mut self, answer: &Answer) {
        for record in &answer.records {
            self.books.forget(record);
        }
    }

    /// Decides what to do. A fault is asked before the consumers' natures.
    pub fn handle(&mut self, request: Request<'_>, mut neighbours: Neighbours<'_>, faults: &mut Faults, now: Now) -> Answer {
        let (action, body) = match request {
            Request::Connect => {
                let strike = faults.strike(NAME, Point::Connect, &[]);
                return under(strike, || Answer::ok(response("Connected", Elements::new())));
            }
            Request::Call { action, body } => (action, body),
        };
        let (caller, asked) = match read(action, body) {
            Ok(read) => read,
            Err(reply) => return Answer::refusal(reply),
        };
        let concerned = concerned(action, &asked.what);
        let strike = faults.strike(NAME, Point::Request, &concerned);
        let mut answer = under(strike, || self.answer(&asked, caller, &mut neighbours, now));
        if answer.takes_effect
            && let Some(strike) = faults.strike(NAME, Point::Reply, &concerned)
        {
            at_reply(strike, &mut answer);
        }
        answer
    }

    /// What making an issuer of the hub's operator comes to, signed where it has to be; `None` where nothing changes.
    ///
    /// # Errors
    /// It is another provider's.
    pub fn make_issuer(&self, organisation: &str, name: &str, now: Timestamp) -> Result<Option<Record>, issuers::NotMade> {
        let (issuer, is_change) = self.books.issuers.make(bank::accounts::CUSTOMER_UNIT, organisation, name, None, now)?;
        Ok(is_change.then_some(Record::Issuer(issuer)))
    }

    /// The address that a bank opens to show a bill, signed now; `Err` says why no bank would.
    ///
    /// # Errors
    /// There is no such transaction, or its status is not ACCEPTED; in a sentence.
    pub fn open(&self, transaction: Uuid, now: Now) -> Result<(String, String), String> {
        let (bill, status) = self.books.bill(transaction, now.business).ok_or("there is no such transaction")?;
        if status.word != "ACCEPTED" {
            return Err(format!("no bank shows this bill: it is {}", status.word));
        }
        Ok((bill.url.clone(), self.signer.sign(&bill.url, now.machine)))
    }

    /// What is kept of bills, for evidence.
    pub fn books(&self) -> &Books {
        &self.books
    }

    fn answer(&mut self, asked: &Asked, caller: Provider, neighbours: &mut Neighbours<'_>, now: Now) -> Answer {
        let echo = Elements::new().text("messageIdentifier", &asked.message_id);
        let answered = match &asked.what {
            What::AddShipment(shipment) => self.take(shipment, caller, neighbours.bank, echo, now),
            What::ShipmentStatus { issuer, shipment } => {
                self.books.shipment(issuer, *shipment, now.business).map(|(bills, claims)| {
                    let inside = echo.text("shipmentId", shipment).text("efakturaShipmentStatus", bills);
                    Answer::ok(response("GetShipmentStatusResponse", inside.text("atgShipmentStatus", claims)))
                })
            }
            What::TransactionStatus(which) => self
                .statuses(which, neighbours.bank, now)
                .map(|list| Answer::ok(response("GetTransactionStatusResponse", echo.group("transactions", list)))),
            What::Cancel(which) => Ok(self.cancel(which, neighbours.bank, echo, now)),
            What::LookUp { issuer, keys } => {
                let list = self.look_up(issuer.as_deref(), keys);
                Ok(Answer::ok(response("GetEfakturaIdentifiersResponse", echo.group("responses", list))))
            }
            What::BlackList { issuer } => {
                let list =
                    self.black_list(issuer).fold(Elements::new(), |list, one| list.text("efakturaIdentifier", one.identifier()));
                Ok(Answer::ok(response("GetBlackListResponse", echo.group("efakturaIdentifiers", list))))
            }
            What::ValidateSignature { signature, url } => self.validity(signature, url, now).map(|word| {
                let inside = echo.text("valid", word);
                Answer::ok(response("ValidateSecuritySignatureResponse", inside))
            }),
            What::Mandate { .. }
            | What::Issuer { .. }
            | What::CreateIssuer { .. }
            | What::DeleteIssuer { .. }
            | What::CreateAgreement { .. }
            | What::Agreement { .. } => {
                agreements::answer(&mut self.books, &asked.what, caller.unit, neighbours, echo, now.business)
            }
        };
        answered.unwrap_or_else(|refused| {
            let code = refused.code.to_string();
            Answer::refusal(fault("ValidationFault", Some(&asked.message_id), &code, &refused.description))
        })
    }

    fn take(
        &mut self,
        shipment: &Shipment,
        caller: Provider,
        bank: &mut Bank,
        echo: Elements,
        now: Now,
    ) -> Result<Answer, Refused> {
        let (issuer, at) = (&shipment.issuer, now.business);
        let has_bill = shipment.transactions.iter().any(|one| one.payment_type != "AVTALEGIRO");
        if has_bill && !self.books.issuers.may_send(caller.unit, issuer, at) {
            return Err(Refused { code: 5002, description: format!("Issuer {issuer} is missing or not yours") });
        }
        let theirs: HashSet<String> = shipment
            .transactions
            .iter()
            .map(|one| one.account.clone())
            .filter(|account| bank.may_claim(caller.unit, account, at))
            .filter(|account| bank.agreement(account, at).is_none_or(|(agreement, _)| agreement.organisation == *issuer))
            .collect();
        let mut taken = Vec::new();
        let claim = |one: &Transaction| bank.claim(one.id.to_string(), identity(one), caller.unit, at, &mut taken);
        let (record, lines) = self.books.add(shipment, |account| theirs.contains(account), claim, at)?;
        if let Record::Shipment { issuer, bills, .. } = &record {
            bills.iter().for_each(|bill| self.meet(issuer, bill.to));
        }
        let reply = response("AddShipmentResponse", echo.text("noOfTransactions", shipment.transactions.len()));
        Ok(Answer { records: vec![record], bank: taken, lines, ..Answer::ok(reply) })
    }

    fn statuses(&self, which: &Transactions, bank: &Bank, now: Now) -> Result<Elements, Refused> {
        which.ids.iter().try_fold(Elements::new(), |list, id| {
            let (bill, said) = self.books.transaction(&which.issuer, *id, now.business)?;
            let claim = claim_status(bill, bank, now);
            let inside = Elements::new()
                .text("transactionId", id)
                .group("efakturaStatus", status(said.word, said.reason.map(bills::Reason::words)))
                .group("atgStatus", status(claim.word, claim.reason.map(claims::Rejection::words)));
            Ok(list.group("transaction", inside))
        })
    }

    fn cancel(&mut self, which: &Transactions, bank: &mut Bank, echo: Elements, now: Now) -> Answer {
        let (mut list, mut records, mut cancelled) = (Elements::new(), Vec::new(), Vec::new());
        for id in &which.ids {
            let (bill, parts, record) = self.books.cancel(&which.issuer, *id, now.business);
            let claim = parts.filter(|parts| has_claim(*parts)).map(|_| {
                match bank.cancel(&id.to_string(), now.business, &mut cancelled) {
                    Cancelled::Requested => "CANCELLATION_REQUESTED",
                    Cancelled::TryLater => "PROCESSING_IN_PROGRESS-TRY_LATER",
                    Cancelled::NotAllowed => "NOT_ALLOWED",
                    Cancelled::NotFound => "NOT_FOUND",
                }
            });
            let inside =
                Elements::new().text("transactionId", id).text("efakturaCancelStatus", bill).maybe("atgCancelStatus", claim);
            list = list.group("transaction", inside);
            records.extend(record);
        }
        let reply = response("CancelTransactionResponse", echo.group("transactions", list));
        Answer { records, bank: cancelled, ..Answer::ok(reply) }
    }

    fn validity(&self, signature: &str, url: &str, now: Now) -> Result<&'static str, Refused> {
        let refused = |code, description: &str| Err(Refused { code, description: description.to_owned() });
        match self.signer.judge(signature, url, now.machine) {
            Worth::Good => Ok("true"),
            Worth::ForAnotherBill => Ok("false"),
            Worth::TooOld => refused(3030, "The signature is too old"),
            Worth::Tampered => refused(3031, "The signature has been tampered with"),
        }
    }

    fn look_up(&mut self, issuer: Option<&str>, keys: &[(String, Key)]) -> Elements {
        let mut list = Elements::new();
        for (key_id, key) in keys {
            let found = look_up(key);
            let mut inside = Elements::new().text("keyId", key_id).text("status", word(found));
            if let Found::Unique(one) = found {
                inside = inside.text("efakturaIdentifier", one.identifier()).text("autoAcceptEfaktura", accepts_all(one.nature));
                if let Some(issuer) = issuer {
                    self.meet(issuer, Some(one));
                    inside = inside.group("issuerResponse", issuer_response(&one));
                }
            }
            list = list.group("response", inside);
        }
        list
    }

    fn black_list(&self, issuer: &str) -> impl Iterator<Item = Consumer> {
        self.met.get(issuer).into_iter().flatten().copied()
    }

    fn meet(&mut self, issuer: &str, consumer: Option<Consumer>) {
        let Some(consumer) = consumer.filter(|one| one.nature == Nature::Blocked) else {
            return;
        };
        let list = self.met.entry(issuer.to_owned()).or_default();
        if list.len() < LONGEST_BLACK_LIST && !list.contains(&consumer) {
            list.push(consumer);
        }
    }
}

impl Answer {
    fn ok(reply: Reply) -> Answer {
        Answer { takes_effect: true, ..Answer::refusal(reply) }
    }

    /// Says no; nothing takes effect.
    fn refusal(reply: Reply) -> Answer {
        Answer {
            hold: Duration::ZERO,
            takes_effect: false,
            records: Vec::new(),
            bank: Vec::new(),
            lines: Vec::new(),
            wait: Duration::ZERO,
            say: Say::Reply(reply),
        }
    }
}

/// The service's answer to trouble of its own.
pub fn service_fault(description: &str) -> Reply {
    fault("ServiceFault", None, "9999", description)
}

fn status(word: &str, reason: Option<(&str, &str)>) -> Elements {
    let inside = Elements::new().text("status", word);
    inside.maybe("rejectionCode", reason.map(|(code, _)| code)).maybe("rejectionText", reason.map(|(_, text)| text))
}

fn claim_status(bill: &Bill, bank: &Bank, now: Now) -> claims::Status {
    let plain = |word| claims::Status { word, reason: None };
    match bill.parts {
        Parts::Efaktura => plain("NOT_AN_ATG_TRANSACTION"),
        Parts::ExternalClaim => plain("EXTERNAL_ATG"),
        // A journal of an older sandbox has claims that its bank never heard of.
        Parts::Claim | Parts::Both => bank.claim_status(&bill.id.to_string(), now.business).unwrap_or(plain("RECEIVED")),
    }
}

/// What the bank is asked to debit. The request was read: its amount has two decimals.
fn identity(transaction: &Transaction) -> Identity {
    Identity {
        account: transaction.account.clone(),
        kid: transaction.kid.clone().unwrap_or_default(),
        minor: transaction.amount.replace('.', "").parse().unwrap_or(u64::MAX),
        due_on: transaction.due_on,
    }
}

fn word(found: Found) -> &'static str {
    match found {
        Found::Unique(_) => "UNIQUE_RECEIVER_FOUND",
        Found::Nobody => "RECEIVER_NOT_FOUND",
        Found::MissingData => "LOOKUP_KEY_MISSING_DATA",
        Found::Several => "MULTIPLE_RECEIVERS",
    }
}

fn accepts_all(nature: Nature) -> bool {
    !matches!(nature, Nature::Off | Nature::Agreement)
}

fn issuer_response(one: &Consumer) -> Elements {
    let has_agreement = one.nature == Nature::Agreement;
    let inside =
        Elements::new().text("blockedByReceiver", one.nature == Nature::Blocked).text("hasEfakturaAgreement", has_agreement);
    if !has_agreement {
        return inside;
    }
    inside.group("efakturaReferences", Elements::new().text("efakturaReference", reference(one)))
}

/// What a fault makes of the answer that would have been given.
fn under(strike: Option<Strike>, normal: impl FnOnce() -> Answer) -> Answer {
    let Some(strike) = strike else {
        return normal();
    };
    match strike.kind {
        Kind::Refuse => Answer::refusal(service_fault("Not now (a fault was ordered)")),
        Kind::Drop => Answer { say: Say::Nothing, ..Answer::refusal(schema_fault("")) },
        Kind::Garble => Answer { say: Say::Nonsense, ..Answer::refusal(schema_fault("")) },
        Kind::AcceptThenDrop => Answer { say: Say::Nothing, ..normal() },
        Kind::Delay => Answer { hold: strike.delay, ..normal() },
        Kind::Duplicate => {
            let mut answer = normal();
            answer.lines.extend(answer.lines.clone());
            answer
        }
    }
}

/// What a fault makes of the reply to a request that took effect, whatever is said.
fn at_reply(strike: Strike, answer: &mut Answer) {
    match strike.kind {
        Kind::Refuse => answer.say = Say::Reply(service_fault("Not now (a fault was ordered; the request took effect)")),
        Kind::Garble => answer.say = Say::Nonsense,
        Kind::Delay => answer.wait += strike.delay,
        Kind::Drop | Kind::AcceptThenDrop | Kind::Duplicate => answer.say = Say::Nothing,
    }
}
