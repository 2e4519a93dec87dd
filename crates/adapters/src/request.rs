//! What can be said to a counterparty, and what can be answered. Pure data: the hub carries it.
//!
//! A request is stored before it is said and said again as it was stored. So nothing secret stands in it: a password, a
//! fødselsnummer or what a register answered minutes ago is a [`Secret`], named here and filled in by whoever carries it.
//! Secrets are pieces of their own and no placeholders in a text: nothing that a sender writes can be taken for one.

use std::time::Duration;

use kvitt_domain::delivery::AttemptId;
use serde::{Deserialize, Serialize};

use crate::letter::Letter;

/// What to say. Secrets stand in it by name, never by value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "request")]
pub enum Request {
    /// A letter by SMTP.
    Smtp(Box<Letter>),
    /// A request over HTTP.
    Http(Box<HttpRequest>),
    /// A folder of files, put under a temporary name and then given its own.
    Put(Box<Package>),
    /// The question whether a package is there.
    Look {
        /// The drop.
        drop: String,
        /// The package's name.
        name: String,
        /// What it is.
        #[serde(default)]
        shape: Shape,
    },
}

impl Request {
    /// Whom it is for, in words: also the name under which a counterparty that does not answer is spared.
    pub fn counterparty(&self) -> String {
        match self {
            Request::Smtp(letter) => format!("mail server {}", letter.server),
            Request::Http(request) => format!("service {}", request.endpoint),
            Request::Put(package) => format!("drop {}", package.drop),
            Request::Look { drop, .. } => format!("drop {drop}"),
        }
    }

    /// Whether it only asks, so that a repeat changes nothing.
    pub fn is_question(&self) -> bool {
        match self {
            Request::Smtp(_) | Request::Put(_) => false,
            Request::Look { .. } => true,
            Request::Http(request) => request.is_question,
        }
    }

    /// The attempts of whose register answer it needs the key that the register gave.
    pub fn found_keys(&self) -> Vec<AttemptId> {
        match self {
            Request::Http(request) => request.body.found_keys(),
            Request::Smtp(_) | Request::Put(_) | Request::Look { .. } => Vec::new(),
        }
    }
}

/// A request over HTTP to a service that the configuration names (`[http.<name>]`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The service's name: its address, credential and trust are the operator's.
    pub endpoint: String,
    /// The operation, for people and figures: `addShipment`.
    pub operation: String,
    /// The method.
    pub method: Method,
    /// Appended to the service's base address; empty = the base address itself.
    pub path: String,
    /// Headers beside the body's own type.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Whether it only asks: a repeat changes nothing.
    pub is_question: bool,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// DELETE.
    Delete,
}

/// A body: text, with secrets between its pieces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Its media type. It also decides how a secret is escaped.
    pub media_type: String,
    /// How secrets are written between the pieces.
    pub escape: Escape,
    /// The pieces, in order.
    pub pieces: Vec<Piece>,
}

/// How a secret is escaped where it is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escape {
    /// As XML character data.
    Xml,
    /// As the inside of a JSON string.
    Json,
}

impl Escape {
    /// A value, escaped.
    pub fn apply(self, value: &str) -> String {
        match self {
            Escape::Xml => quick_xml::escape::escape(value).into_owned(),
            Escape::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
        }
    }
}

/// A piece of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Text, as it is.
    Text(String),
    /// Something that is filled in when it is carried.
    Secret(Secret),
}

/// Something that never stands in a stored request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// The service's user name.
    User,
    /// The service's password.
    Password,
    /// A fødselsnummer, by its reference in the company's vault.
    Identity(String),
    /// The key that a register gave for an attempt's recipient, such as an eFaktura identifier. It is kept for minutes.
    Found(AttemptId),
}

impl Body {
    /// The attempts of whose register answer it needs the key.
    pub fn found_keys(&self) -> Vec<AttemptId> {
        let found = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Secret(Secret::Found(attempt)) => Some(*attempt),
            Piece::Secret(Secret::User | Secret::Password | Secret::Identity(_)) | Piece::Text(_) => None,
        });
        found.collect()
    }

    /// The body with its secrets filled in by `value`, escaped; the first secret that has no value is the error.
    pub fn filled<E>(&self, mut value: impl FnMut(&Secret) -> Result<String, E>) -> Result<String, E> {
        let mut body = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => body.push_str(text),
                Piece::Secret(secret) => body.push_str(&self.escape.apply(&value(secret)?)),
            }
        }
        Ok(body)
    }
}

/// Files that travel together through a drop: a folder or an SFTP account that the configuration names (`[drop.<name>]`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// The drop's name.
    pub drop: String,
    /// The package's own name: until all is there it is called `.<name>.part`.
    pub name: String,
    /// What it is under that name.
    #[serde(default)]
    pub shape: Shape,
    /// Its files, in the order in which they are put.
    pub files: Vec<Packed>,
}

/// What a package is in its drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A folder in `jobs/`, with its files in it.
    #[default]
    Folder,
    /// A file in `in/`: its one file.
    File,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Packed {
    /// Its path inside the package: `letters/0001-1.pdf`.
    pub path: String,
    /// What is in it.
    pub content: Content,
}

/// What is in a file of a package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A stored file of the company.
    Stored {
        /// SHA-256, lower-case hexadecimal.
        digest: String,
        /// Its size.
        bytes: u64,
    },
    /// A cover sheet, which the hub draws and stores before the request is written down: then it is [`Content::Stored`].
    CoverSheet(Box<kvitt_domain::cover_sheet::CoverSheet>),
    /// Text, as it is.
    Text(String),
    /// Text in ISO-8859-1: each character is one byte.
    Latin1(String),
    /// JSON about the other files: every object in it that has a `file` gets that file's `sha256` and `bytes`.
    Index(serde_json::Value),
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
    /// An HTTP response, whole.
    Http {
        /// The status.
        status: u16,
        /// The body as text; what is no UTF-8 is replaced.
        body: String,
        /// How long the service asks us to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// The package has its own name now.
    Placed,
    /// What was seen of a package.
    Seen {
        /// Where it is.
        place: Place,
    },
    /// Nothing, or nothing whole: a dropped connection, a time-out, a process that died.
    Silence {
        /// Whether the counterparty may have acted on it.
        sent: Sent,
        /// What happened, for people.
        what: String,
    },
}

/// Where a package was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Under its own name: it was handed over.
    Final,
    /// Under its temporary name only: nobody may have taken it.
    Temporary,
    /// Nowhere: never put, or taken away already.
    Nowhere,
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
