//! The simulated MPS: eFaktura (and what of AvtaleGiro travels with it) as the SOAP service `efaktura-atg-service/v1`.
//!
//! [`Mps::handle`] takes a call's bytes and decides; `fronts/mps.rs` is the HTTP around it. `wire.rs` reads envelopes,
//! `requests.rs` what is in them, `consumers.rs` and `look_up.rs` know the people, `books.rs` keeps bills and their
//! statuses, `token.rs` signs for banks that open a bill, `answers.rs` writes. What of the shapes is inferred is said
//! in `docs/routes/efaktura.md`; what of the behaviour is the sandbox's own, in `docs/sandbox.md`.

mod answers;
pub mod books;
pub mod consumers;
mod look_up;
mod requests;
mod token;
mod wire;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::faults::{Faults, Kind, Point, Strike};
use crate::ledger::Line;
use answers::{Elements, fault, response, schema_fault};
use books::{Books, Record, Refused, Status, reference};
use consumers::{Consumer, Nature};
use look_up::{Found, Key, look_up};
use requests::{Asked, Receiver, Shipment, Transactions, What};
use token::{Signer, Worth};
use wire::Credentials;

pub use answers::Reply;
pub use token::appended;

/// The counterparty's name in ledger, faults and personas.
pub const NAME: &str = "mps";

/// The namespace of the service; a `SOAPAction` is this and the operation.
pub const SERVICE: &str = "https://efaktura-services.nets.no/efaktura-atg-service/v1/";

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

/// What the service does.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Machine time to let pass before the request takes effect.
    pub hold: Duration,
    /// Does the request take effect?
    pub takes_effect: bool,
    /// What to write down before anything is said.
    pub records: Vec<Record>,
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

    /// Takes back what was decided and could not be written down after all.
    pub fn not_stored(&mut self, answer: &Answer) {
        for record in &answer.records {
            self.books.forget(record);
        }
    }

    /// Decides what to do. A fault is asked before the consumers' natures.
    pub fn handle(&mut self, request: Request<'_>, faults: &mut Faults, now: Now) -> Answer {
        let (action, body) = match request {
            Request::Connect => {
                let strike = faults.strike(NAME, Point::Connect, &[]);
                return under(strike, || Answer::ok(response("Connected", Elements::new())));
            }
            Request::Call { action, body } => (action, body),
        };
        let asked = match read(action, body) {
            Ok(asked) => asked,
            Err(reply) => return Answer::refusal(reply),
        };
        let concerned = concerned(action, &asked.what);
        let strike = faults.strike(NAME, Point::Request, &concerned);
        let mut answer = under(strike, || self.answer(&asked, now));
        if answer.takes_effect
            && let Some(strike) = faults.strike(NAME, Point::Reply, &concerned)
        {
            at_reply(strike, &mut answer);
        }
        answer
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

    fn answer(&mut self, asked: &Asked, now: Now) -> Answer {
        let echo = Elements::new().text("messageIdentifier", &asked.message_id);
        let no = |refused: Refused| {
            let code = refused.code.to_string();
            Answer::refusal(fault("ValidationFault", Some(&asked.message_id), &code, &refused.description))
        };
        match &asked.what {
            What::AddShipment(shipment) => match self.books.add(shipment, now.business) {
                Ok((record, lines)) => {
                    if let Record::Shipment { issuer, bills, .. } = &record {
                        bills.iter().for_each(|bill| self.meet(issuer, bill.to));
                    }
                    let reply = response("AddShipmentResponse", echo.text("noOfTransactions", shipment.transactions.len()));
                    Answer { records: vec![record], lines, ..Answer::ok(reply) }
                }
                Err(refused) => no(refused),
            },
            What::ShipmentStatus { issuer, shipment } => match self.books.shipment(issuer, *shipment, now.business) {
                Ok((bills, claims)) => {
                    let inside = echo.text("shipmentId", shipment).text("efakturaShipmentStatus", bills);
                    Answer::ok(response("GetShipmentStatusResponse", inside.maybe("atgShipmentStatus", claims)))
                }
                Err(refused) => no(refused),
            },
            What::TransactionStatus(which) => match self.statuses(which, now) {
                Ok(list) => Answer::ok(response("GetTransactionStatusResponse", echo.group("transactions", list))),
                Err(refused) => no(refused),
            },
            What::Cancel(which) => {
                let (list, records) = self.cancel(which, now);
                Answer { records, ..Answer::ok(response("CancelTransactionResponse", echo.group("transactions", list))) }
            }
            What::LookUp { issuer, keys } => {
                let list = self.look_up(issuer.as_deref(), keys);
                Answer::ok(response("GetEfakturaIdentifiersResponse", echo.group("responses", list)))
            }
            What::BlackList { issuer } => {
                let list =
                    self.black_list(issuer).fold(Elements::new(), |list, one| list.text("efakturaIdentifier", one.identifier()));
                Answer::ok(response("GetBlackListResponse", echo.group("efakturaIdentifiers", list)))
            }
            What::ValidateSignature { signature, url } => {
                let too_bad = |code, description: &str| no(Refused { code, description: description.to_owned() });
                let valid = |word| Answer::ok(response("ValidateSecuritySignatureResponse", echo.clone().text("valid", word)));
                match self.signer.judge(signature, url, now.machine) {
                    Worth::Good => valid("true"),
                    Worth::ForAnotherBill => valid("false"),
                    Worth::TooOld => too_bad(3030, "The signature is too old"),
                    Worth::Tampered => too_bad(3031, "The signature has been tampered with"),
                }
            }
        }
    }

    fn statuses(&self, which: &Transactions, now: Now) -> Result<Elements, Refused> {
        which.ids.iter().try_fold(Elements::new(), |list, id| {
            let (bill, claim) = self.books.transaction(&which.issuer, *id, now.business)?;
            let inside =
                Elements::new().text("transactionId", id).group("efakturaStatus", status(bill)).group("atgStatus", status(claim));
            Ok(list.group("transaction", inside))
        })
    }

    fn cancel(&mut self, which: &Transactions, now: Now) -> (Elements, Vec<Record>) {
        let (mut list, mut records) = (Elements::new(), Vec::new());
        for id in &which.ids {
            let (bill, claim, record) = self.books.cancel(&which.issuer, *id, now.business);
            let inside =
                Elements::new().text("transactionId", id).text("efakturaCancelStatus", bill).maybe("atgCancelStatus", claim);
            list = list.group("transaction", inside);
            records.extend(record);
        }
        (list, records)
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

/// Envelope, caller and request, or the fault that says what is wrong with them.
fn read(action: &str, body: &[u8]) -> Result<Asked, Reply> {
    let malformed = |wire::Malformed(reason)| schema_fault(&reason);
    let text = std::str::from_utf8(body).map_err(|_| schema_fault("the request is not UTF-8"))?;
    let document = wire::parse(text).map_err(malformed)?;
    let (credentials, root) = wire::open(&document).map_err(malformed)?;
    let expected = Credentials { user: MPS_USER.to_owned(), password: MPS_PASSWORD.to_owned() };
    if credentials != Some(expected) {
        return Err(fault("AuthenticationFault", None, "1000", "User or password is wrong or missing"));
    }
    let name = wire::operation(&root).map_err(malformed)?;
    if !fits(action, name) {
        return Err(schema_fault(&format!("SOAPAction {action} does not belong to {name}")));
    }
    requests::read(root).map_err(malformed)
}

/// Each request with the tail of its `SOAPAction`; cancelling has the odd one.
const ACTIONS: [(&str, &str); 7] = [
    ("AddShipmentRequest", "addShipment"),
    ("GetShipmentStatusRequest", "getShipmentStatus"),
    ("GetTransactionStatusRequest", "getTransactionStatus"),
    ("GetEfakturaIdentifiersRequest", "getEfakturaIdentifiers"),
    ("CancelTransactionRequest", "cancelTransactions"),
    ("GetBlackListRequest", "getBlackList"),
    ("ValidateSecuritySignatureRequest", "validateSecuritySignature"),
];

fn fits(action: &str, request: &str) -> bool {
    let tail = action.trim_matches('"').strip_prefix(SERVICE);
    ACTIONS.iter().any(|(known, expected)| *known == request && tail == Some(*expected))
}

/// What a fault's `to` may name: the operation, the issuer of a shipment, and its receivers (never by identity number).
fn concerned(action: &str, what: &What) -> Vec<String> {
    let mut concerned = vec![action.trim_matches('"').rsplit('/').next().unwrap_or_default().to_owned()];
    if let What::AddShipment(Shipment { issuer, transactions, .. }) = what {
        concerned.push(issuer.clone());
        let receivers: HashSet<&String> = transactions
            .iter()
            .filter_map(|one| match &one.efaktura.as_ref()?.receiver {
                Receiver::Identifier(text) | Receiver::Reference(text) => Some(text),
                Receiver::IdentityNumber(_) => None,
            })
            .collect();
        concerned.extend(receivers.into_iter().cloned());
    }
    concerned
}

fn status(status: Status) -> Elements {
    let words = status.reason.map(books::Reason::words);
    let inside = Elements::new().text("status", status.word);
    inside.maybe("rejectionCode", words.map(|(code, _)| code)).maybe("rejectionText", words.map(|(_, text)| text))
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
