//! The one shape that every route has: [`Route`], what it is given, and what it answers.
//!
//! Attempts travel in consignments: one letter, a shipment of a thousand, a night's print job. The log of a consignment is at
//! once its resume point after a crash, the evidence shown to the user, and the fixture of its tests.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::agreement::Agreement;
use kvitt_domain::calendar::BankCalendar;
use kvitt_domain::claim::Claim;
use kvitt_domain::delivery::{AttemptId, Purpose, Word};
use kvitt_domain::fault::Fault;
use kvitt_domain::invoice::Invoice;
use kvitt_domain::mandate::Mandate;
use kvitt_domain::pdf_facts::PdfFacts;
use kvitt_domain::plan::{RouteName, Verdict};
use kvitt_domain::price_book::PriceBook;
use kvitt_domain::recipient::{Metadata, Recipient};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::register::{Answer, Register};
pub use crate::request::{
    Body, Content, Escape, HttpRequest, Method, Package, Packed, Piece, Place, Reply, Request, Secret, Sent, Shape, SmtpStage,
};

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
    fn read(&self, arrived: &Arrival) -> Result<Vec<(Concerned, Arrived)>, AdapterError>;

    /// Which attempt something names that [`Route::read`] could not read, so that a person hears of it where it belongs.
    fn named_in(&self, _arrived: &Arrival) -> Option<AttemptId> {
        None
    }

    /// Whether the set-up row makes sense, with every fault at once.
    fn check_setup(&self, setup: &RouteSetup) -> Vec<Fault>;

    /// The register that says whether a recipient can be reached this way, where there is one.
    fn register(&self) -> Option<&'static dyn Register>;

    /// Whether what was handed over can be called back by asking the counterparty. The answer to that is in the log.
    fn can_be_called_back(&self) -> bool;
}

/// The document that a route considers.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Whether it is to be paid, or tells of a claim.
    pub purpose: Purpose,
    /// The invoice.
    pub invoice: &'a Invoice,
    /// Whom it goes to.
    pub recipient: &'a Recipient,
    /// What the sender said beside it.
    pub metadata: &'a Metadata,
    /// Bytes of the PDF, once it is known; an estimate before.
    pub pdf_bytes: u64,
    /// Its files as they are known: the sender's own PDF first, then what is attached. A PDF of ours is not among them.
    pub files: &'a [FileFacts],
}

/// What is known of a file of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFacts {
    /// What it is of the invoice.
    pub role: ArtefactRole,
    /// Its file name for the recipient.
    pub name: String,
    /// Its MIME type.
    pub media_type: String,
    /// Its size.
    pub bytes: u64,
    /// What was found in it, where it is a PDF; the error where it says so but cannot be read.
    pub pdf: Option<Result<PdfFacts, String>>,
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
    /// The payer's mandate for direct debit, found by the customer part of the document's KID; the withdrawn one where no other is.
    pub mandate: Option<&'a Mandate>,
    /// The invoice that has an open claim which the rail could not tell from this document's.
    pub same_claim: Option<&'a str>,
    /// Why the money of the invoice may not be claimed: it is paid, partly paid, or was claimed before.
    pub not_claimable: Option<&'a Fault>,
    /// What the route's register last said of the recipient, no older than minutes; `None` where it was not asked.
    pub lookup: Option<&'a Answer>,
    /// Whether recipients can fetch files at an address of this hub.
    pub hosts_files: bool,
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
    /// When it closes where it is not full.
    pub closes: Closes,
}

/// When a lot that is not full closes, on the business clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closes {
    /// So long after its first member came.
    After(Duration),
    /// At this time of the next bank day, in Oslo.
    DailyAt(jiff::civil::Time),
}

impl Lot {
    /// One attempt, at once.
    pub const OF_ONE: Lot = Lot { members: 1, closes: Closes::After(Duration::ZERO) };

    /// When a lot closes whose first member came at `opened`.
    pub fn closes_at(&self, opened: Timestamp) -> Timestamp {
        match self.closes {
            Closes::After(wait) => opened.checked_add(wait).unwrap_or(Timestamp::MAX),
            Closes::DailyAt(time) => BankCalendar::default().next_cut_off(opened, time),
        }
    }
}

/// Attempts that travel together: closed, and never changed after.
#[derive(Debug, Clone)]
pub struct Consignment {
    /// Its id.
    pub id: Uuid,
    /// Its number within company and route, given in the transaction that closed the lot.
    pub number: u64,
    /// The number of its file, where it travels in one that the data sender numbers: given with [`Consignment::number`], and never
    /// twice, whatever company it is for.
    pub transmission: Option<u32>,
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
    /// Whether the document is to be paid, or tells of a claim.
    pub purpose: Purpose,
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
    /// Where a bank opens it, with a token of its own: the bill host of this hub, where it has a public address. Not the address
    /// of any file, whose links work for whoever has them.
    pub bill_address: Option<String>,
    /// The claim that it makes, where its route is direct debit.
    pub claim: Option<Claim>,
    /// What was last said for this attempt in an earlier consignment, where a person had it repeated: the same is said again. All that
    /// travelled together then share it.
    pub said: Option<Arc<Request>>,
    /// Whether it may have been accepted in an earlier consignment: a person had it repeated while that was in doubt.
    pub perhaps_sent: bool,
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
    /// A register was asked again when the lot was about to be said, because what it had said was minutes old.
    LookedUp {
        /// What it says now of each attempt whose answer had grown old.
        answers: Vec<(AttemptId, Answer)>,
        /// When, on the business clock.
        at: Timestamp,
    },
    /// A person wants an attempt called back.
    CallBack {
        /// Which one.
        attempt: AttemptId,
        /// Who.
        by: String,
        /// When, on the business clock.
        at: Timestamp,
        /// The numbers of the file that asks for it, where the rail is asked by file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<FileNumbers>,
    },
    /// A person has decided what became of an attempt in doubt. Nothing of its consignment is handed over after that; what was found
    /// to be sent can be called back.
    Settled {
        /// Which one.
        attempt: AttemptId,
        /// What was decided.
        found: Found,
        /// Who.
        by: String,
        /// When, on the business clock.
        at: Timestamp,
    },
}

impl Entry {
    /// When it was entered, on the business clock; of an exchange, when its request was written down.
    pub fn at(&self) -> Timestamp {
        match self {
            Entry::Exchange(exchange) => exchange.at,
            Entry::Arrived { at, .. } | Entry::LookedUp { at, .. } | Entry::CallBack { at, .. } | Entry::Settled { at, .. } => {
                *at
            }
        }
    }
}

/// What a person has decided of an attempt in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It was sent.
    Sent,
    /// It was not sent.
    Unsent,
    /// It is not known; it travels again, in another consignment.
    Repeated,
}

/// The numbers of a file of the data sender: each is given once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileNumbers {
    /// The transmission's.
    pub transmission: u32,
    /// Its one order's.
    pub order: u32,
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

/// Something that came by itself, as bytes with its origin.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Which door it came through, such as `bounces`.
    pub door: &'static str,
    /// The bytes as they came.
    pub bytes: Vec<u8>,
}

/// Whom something concerns that arrived by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concerned {
    /// An attempt, in the consignment in which it travelled last.
    Attempt(AttemptId),
    /// A consignment, named as its counterparty knows it.
    Consignment {
        /// The route.
        route: &'static str,
        /// The organisation number of the company that sent it.
        org_number: String,
        /// Its number within company and route ([`Consignment::number`]).
        number: u64,
        /// The one of its attempts that is concerned; all of them where none is named. One that did not travel in it is not known.
        attempt: Option<AttemptId>,
    },
    /// A file of the data sender, by its number: everything in it.
    Transmission {
        /// The number.
        number: u32,
    },
    /// One claim in a file of the data sender. A claim is known by what it is.
    Claim {
        /// The file's number.
        number: u32,
        /// The claim's KID.
        kid: String,
        /// When it is due.
        due_on: Date,
        /// What it comes to, in øre.
        amount_ore: i64,
    },
}

/// What a bank says of a claim in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimVerdict {
    /// Taken.
    Accepted,
    /// Taken, and something is odd.
    Warning,
    /// Not taken.
    Rejected,
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
    /// The recipient opened the document, as the bank that fetched it proved.
    Opened {
        /// Who says so.
        text: String,
    },
    /// A print shop has the letter: taken, printed or posted.
    Progress {
        /// Its own word for the stage, such as `posted`.
        stage: String,
        /// Its words.
        text: String,
    },
    /// A print shop cannot print the letter, or will not.
    Unprintable {
        /// Its code.
        code: String,
        /// Its words.
        text: String,
    },
    /// A print shop refuses the whole job that the letter is in. Whether the letter is at fault is not known.
    JobRefused {
        /// Its code.
        code: String,
        /// Its words.
        text: String,
    },
    /// A bank has received a file.
    TransmissionReceived {
        /// The file's number.
        number: u32,
        /// The bank's words.
        text: String,
    },
    /// A bank refuses a file with all that is in it.
    TransmissionRefused {
        /// The file's number.
        number: u32,
        /// Its code.
        code: String,
        /// Its words.
        text: String,
    },
    /// A bank judges a claim in a file, or a cancellation.
    ClaimJudged {
        /// The file's number.
        number: u32,
        /// What it says.
        verdict: ClaimVerdict,
        /// Its code.
        code: String,
        /// Its words.
        text: String,
    },
    /// The letter came back: nobody of that name there.
    CameBack {
        /// Its code.
        code: String,
        /// Its words.
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
    /// A claim stands with the rail, so that its payer is to be told of it. Said again in every step that knows it.
    Claimed {
        /// The attempt that made it.
        attempt: AttemptId,
    },
    /// A counterparty has not said in time what it should have. A person is told, once.
    Overdue {
        /// What.
        why: Fault,
    },
    /// What a person called back was not given back, or nobody knows whether it was. A person is told, once for each wish.
    CallBackFailed {
        /// The attempt.
        attempt: AttemptId,
        /// Which of the wishes to call it back in this log: 1, 2, 3…
        wish: u32,
        /// Why.
        why: Fault,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// Say this.
    Send(Request),
    /// Say this so long after the log's last entry: a question that is asked again and again.
    SendAt {
        /// How long after the last entry, on the business clock.
        after: Duration,
        /// What to say then.
        request: Request,
    },
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
