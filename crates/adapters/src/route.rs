//! The one shape that every route has: [`Route`], what it is given, and what it answers.
//!
//! Attempts travel in consignments: one letter, a shipment of a thousand, a night's print job. The log of a consignment is at
//! once its resume point after a crash, the evidence shown to the user, and the fixture of its tests.

use std::time::Duration;

use jiff::Timestamp;
use kvitt_domain::agreement::Agreement;
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::Fault;
use kvitt_domain::invoice::Invoice;
use kvitt_domain::plan::{RouteName, Verdict};
use kvitt_domain::price_book::PriceBook;
use kvitt_domain::recipient::{Metadata, Recipient};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::letter::Letter;

/// A way to a recipient.
pub trait Route: Sync {
    /// Its name, as in `route_order`.
    fn name(&self) -> &'static str;

    /// Can this document go this way, at what price, until when, or what must be looked up first?
    fn consider(&self, document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict;

    /// How many attempts go together, and when the lot is closed.
    fn lot(&self, setup: &RouteSetup) -> Lot;

    /// What is now known of each attempt, and what to do next. Pure: same consignment, same log, same answer.
    fn next(&self, consignment: &Consignment, log: &[Entry]) -> Result<Step, AdapterError>;

    /// Whom something concerns that arrived by itself: a bounce, a bank receipt, a returned letter. It enters their logs.
    fn read(&self, arrived: &Arrival) -> Result<Vec<(AttemptId, Arrived)>, AdapterError>;

    /// Which attempt something names that [`Route::read`] could not read, so that a person hears of it where it belongs.
    fn named_in(&self, _arrived: &Arrival) -> Option<AttemptId> {
        None
    }

    /// Whether the set-up row makes sense, with every fault at once.
    fn check_setup(&self, setup: &RouteSetup) -> Vec<Fault>;
}

/// The document that a route considers.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The invoice.
    pub invoice: &'a Invoice,
    /// Whom it goes to.
    pub recipient: &'a Recipient,
    /// What the sender said beside it.
    pub metadata: &'a Metadata,
    /// Bytes of the PDF, once it is known; an estimate before.
    pub pdf_bytes: u64,
}

/// What is known beside the document.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The company's agreements.
    pub agreements: &'a [Agreement],
    /// The company's set-up of the route that is asked, if it has one.
    pub setup: Option<&'a RouteSetup>,
    /// Whether the recipient's e-mail address bounced before, and what was said then.
    pub suppressed: Option<&'a str>,
    /// Rules of EN 16931 and Peppol that the document breaks: routes whose receivers would refuse it are closed with them.
    pub broken_rules: &'a [Fault],
    /// Prices by route and date.
    pub prices: &'a PriceBook,
}

/// A company's settings and credential names for one route: one JSON row that the adapter describes and checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RouteSetup(pub serde_json::Value);

impl RouteSetup {
    /// The settings as the adapter's own type.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, AdapterError> {
        serde_json::from_value(self.0.clone()).map_err(|cause| AdapterError::Setup(cause.to_string()))
    }
}

/// How attempts of a route travel together. Lots never mix companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// At most so many attempts; the lot closes when it is full.
    pub members: u32,
    /// It closes this long after its first member came, on the business clock.
    pub open_for: Duration,
}

impl Lot {
    /// One attempt, at once.
    pub const OF_ONE: Lot = Lot { members: 1, open_for: Duration::ZERO };
}

/// Attempts that travel together: closed, and never changed after.
#[derive(Debug, Clone)]
pub struct Consignment {
    /// Its id.
    pub id: Uuid,
    /// Its number within company and route, given in the transaction that closed the lot.
    pub number: u64,
    /// When the lot was closed, on the business clock.
    pub closed_at: Timestamp,
    /// The company that sends.
    pub company: Sender,
    /// The company's settings for the route, as they were when the lot was closed.
    pub setup: RouteSetup,
    /// Its attempts.
    pub members: Vec<Member>,
}

/// The company as counterparties know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Its name.
    pub name: String,
    /// Nine digits.
    pub org_number: String,
}

/// One attempt of a consignment, with all that its route needs to know of it.
#[derive(Debug, Clone)]
pub struct Member {
    /// The attempt.
    pub attempt: AttemptId,
    /// When the route was chosen, on the business clock: dates in messages come from here, so that a repeat, also one that a
    /// person asks for later in another lot, is the same bytes.
    pub opened_at: Timestamp,
    /// The invoice.
    pub invoice: Invoice,
    /// Whom it goes to.
    pub recipient: Recipient,
    /// What the sender said beside it.
    pub metadata: Metadata,
    /// The stored files of it: the PDF first, then attachments, then the XML.
    pub artefacts: Vec<Artefact>,
    /// What was last said for this attempt in an earlier consignment, where a person had it repeated: the same is said again.
    pub said: Option<Request>,
}

/// A stored file, named by what it is and found by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artefact {
    /// What it is of the invoice.
    pub role: ArtefactRole,
    /// Its file name for the recipient.
    pub name: String,
    /// Its MIME type.
    pub media_type: String,
    /// SHA-256, lower-case hexadecimal: the key under which the company's store has it.
    pub digest: String,
    /// Its size.
    pub bytes: u64,
    /// Where the recipient can fetch it instead: an unguessable address of this hub, where one is configured.
    pub link: Option<String>,
}

/// What a stored file is of the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtefactRole {
    /// The document as it was handed in.
    Xml,
    /// The PDF: the sender's own, or ours.
    Pdf,
    /// A file that goes with it.
    Attachment,
}

/// One line of a consignment's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub enum Entry {
    /// Something was said, and answered or not.
    Exchange(Exchange),
    /// Something arrived by itself.
    Arrived {
        /// Whom it concerns.
        attempt: AttemptId,
        /// What it says.
        arrived: Arrived,
        /// When, on the business clock.
        at: Timestamp,
    },
}

/// One request and its reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was said.
    pub request: Request,
    /// What was answered; silence is an answer.
    pub reply: Reply,
    /// When the request was written down, on the business clock.
    pub at: Timestamp,
}

/// What to say. Secrets stand in it by name, never by value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "request")]
pub enum Request {
    /// A letter by SMTP.
    Smtp(Box<Letter>),
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reply")]
pub enum Reply {
    /// An SMTP reply, and to what.
    Smtp {
        /// The step of the conversation that it answers.
        stage: SmtpStage,
        /// Three digits; 0 where the line was no SMTP reply.
        code: u16,
        /// The text, all lines.
        text: String,
    },
    /// Nothing, or nothing whole: a dropped connection, a time-out, a process that died.
    Silence {
        /// Whether the counterparty may have acted on it.
        sent: Sent,
        /// What happened, for people.
        what: String,
    },
}

/// Whether a request that got no answer may have been acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// Certainly not: it failed before the point of no return.
    No,
    /// It may have been.
    Unknown,
}

/// The steps of an SMTP conversation that can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpStage {
    /// The greeting, EHLO and STARTTLS.
    Greeting,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    From,
    /// RCPT TO.
    To,
    /// DATA.
    Data,
    /// The final dot: a 250 here is the acceptance.
    Dot,
}

/// Something that came by itself, as bytes with its origin.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Which door it came through, such as `bounces`.
    pub door: &'static str,
    /// The bytes as they came.
    pub bytes: Vec<u8>,
}

/// What something that arrived says of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "arrived")]
pub enum Arrived {
    /// A bounce message: the letter did not and will not arrive.
    Bounced {
        /// The enhanced status code, such as `5.1.1`.
        status: String,
        /// The mail server's words.
        text: String,
    },
    /// A mail server says that it has the letter and still tries.
    Delayed {
        /// The mail server's words.
        text: String,
    },
    /// A mail server says that it has passed the letter on, or put it into the mailbox.
    PassedOn {
        /// The mail server's words.
        text: String,
    },
}

/// What is now known, what was learned for later, and what to do next.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The latest word on each attempt of which something is known.
    pub known: Vec<(AttemptId, Word)>,
    /// Knowledge that outlives the consignment.
    pub learned: Vec<Learned>,
    /// What to do next.
    pub then: Then,
}

/// Knowledge that outlives a consignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learned {
    /// An e-mail address does not exist: it is not written to again until a person says so.
    AddressDead {
        /// The address.
        address: String,
        /// What the mail server said.
        why: String,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// Say this.
    Send(Request),
    /// A passing fault: say this when the retry policy says so, counted by the trailing faults of the log. Said only while no
    /// member was accepted: where the time runs out, its members go to their next route.
    Retry {
        /// What passed.
        why: Fault,
        /// What to say then.
        request: Request,
        /// How many faults in a row the log ends with.
        faults: u32,
    },
    /// Nothing more to say; things may still arrive.
    Finished,
}

impl Step {
    /// One attempt, one word, nothing more to say.
    pub fn finished(attempt: AttemptId, word: Word) -> Step {
        Step { known: vec![(attempt, word)], learned: vec![], then: Then::Finished }
    }

    /// Nothing known yet; say this.
    pub fn send(request: Request) -> Step {
        Step { known: vec![], learned: vec![], then: Then::Send(request) }
    }
}

/// The adapter cannot go on. The job becomes stuck and a person sees it; nothing is guessed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdapterError {
    /// The company's settings for the route cannot be read.
    #[error("the route's settings cannot be read: {0}")]
    Setup(String),
    /// The log holds what this adapter never said or cannot have been answered.
    #[error("the log of the consignment makes no sense: {0}")]
    Log(String),
    /// Something that arrived cannot be read.
    #[error("what arrived cannot be read: {0}")]
    Arrival(String),
}

/// A route's name as the domain knows it.
pub fn route_name(route: &dyn Route) -> RouteName {
    RouteName::new(route.name())
}
