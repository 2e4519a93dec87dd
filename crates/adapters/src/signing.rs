//! Electronic signing of a take-over: a request for a signature, and whether it was given. JSON over HTTP with a bearer token that
//! whoever carries it adds.
//!
//! No signing service is built in by name: this is the interface that an operator's service is put behind (`docs/agreements.md`),
//! and the one that the sandbox plays.

use jiff::Timestamp;
use kvitt_domain::Language;
use kvitt_domain::agreement::course::{Consent, Event, Signer, SigningRequest, Subject};
use kvitt_domain::fault::{Fault, codes};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::request::{Body, Escape, HttpRequest, Method, Piece, Reply};
use crate::route::Sender;

/// Where requests are, below the service's base address.
const REQUESTS: &str = "v1/signing-requests";

/// What the one who signs is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The company that they sign for.
    pub company: &'a Sender,
    /// What is moved.
    pub subject: &'a Subject,
    /// Who has it now, as the rail names them.
    pub provider: &'a str,
    /// Who signs.
    pub signer: &'a Signer,
    /// The language of the text.
    pub language: Language,
}

#[derive(Serialize)]
struct NewRequest<'a> {
    title: String,
    text: String,
    organisation_number: &'a str,
    signer: NewSigner<'a>,
}

#[derive(Serialize)]
struct NewSigner<'a> {
    name: &'a str,
    email: &'a str,
}

/// Asks for a signature. `key` makes a repeat harmless: the same key with the same words is the same request.
pub fn request(service: &str, key: Uuid, asked: &Asked<'_>) -> HttpRequest {
    let account = asked.subject.account().unwrap_or_default();
    let provider = if asked.provider.is_empty() { "–" } else { asked.provider };
    let values = [
        ("company", asked.company.name.as_str()),
        ("org_number", &asked.company.org_number),
        ("provider", provider),
        ("account", account),
    ];
    let say = |key: &str| asked.language.text(&format!("signing.{key}"), &values);
    let new = NewRequest {
        title: say("title"),
        text: say(asked.subject.kind().name()),
        organisation_number: &asked.company.org_number,
        signer: NewSigner { name: &asked.signer.name, email: &asked.signer.email },
    };
    let body = serde_json::to_string(&new).expect("text and numbers have JSON");
    HttpRequest {
        endpoint: service.to_owned(),
        operation: "requestSignature".to_owned(),
        method: Method::Post,
        path: REQUESTS.to_owned(),
        headers: vec![("Idempotency-Key".to_owned(), key.to_string())],
        body: json(vec![Piece::Text(body)]),
        is_question: false,
    }
}

/// Asks whether it was signed.
pub fn look(service: &str, request: &SigningRequest) -> HttpRequest {
    HttpRequest {
        endpoint: service.to_owned(),
        operation: "getSignature".to_owned(),
        method: Method::Get,
        path: format!("{REQUESTS}/{}", request.id),
        headers: vec![],
        body: json(vec![]),
        is_question: true,
    }
}

fn json(pieces: Vec<Piece>) -> Body {
    Body { media_type: "application/json".to_owned(), escape: Escape::Json, pieces }
}

/// What the service says of a request.
#[derive(Deserialize)]
struct Answer {
    id: String,
    status: Status,
    #[serde(default)]
    signing_url: Option<String>,
    #[serde(default)]
    signer_name: Option<String>,
    #[serde(default)]
    signed_at: Option<Timestamp>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Waiting,
    Signed,
    Refused,
    Expired,
}

/// The longest id of a request that is taken: it becomes part of an address.
const LONGEST_ID: usize = 100;

/// What was answered to [`request`]. The error is a fault that passes.
pub fn requested(reply: &Reply) -> Result<Event, Fault> {
    let answer = read(reply)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let id_is_good = (1..=LONGEST_ID).contains(&answer.id.len()) && answer.id.chars().all(is_plain) && !answer.id.contains("..");
    let address = answer.signing_url.filter(|address| address.starts_with("https://") || address.starts_with("http://"));
    match address.filter(|_| id_is_good) {
        Some(address) => Ok(Event::SignatureRequested { request: SigningRequest { id: answer.id, address } }),
        None => Err(garbled("it names no id and address to sign at")),
    }
}

/// What was answered to [`look`]: what happened, or nothing yet. The error is a fault that passes.
pub fn signature(request: &SigningRequest, signer: &Signer, reply: &Reply) -> Result<Option<Event>, Fault> {
    let expired = || Event::NotSigned { why: Fault::warning(codes::AGREEMENT_SIGNATURE_EXPIRED).with("signer", &signer.name) };
    if matches!(reply, Reply::Http { status: 404 | 410, .. }) {
        return Ok(Some(expired()));
    }
    let answer = read(reply)?;
    if answer.id != request.id {
        return Err(garbled("it answers about another request"));
    }
    match answer.status {
        Status::Waiting => Ok(None),
        Status::Expired => Ok(Some(expired())),
        Status::Refused => {
            let text: String = answer.reason.unwrap_or_else(|| "–".to_owned()).chars().take(LONGEST_REASON).collect();
            let why = Fault::warning(codes::AGREEMENT_SIGNATURE_REFUSED).with("signer", &signer.name).with("text", text);
            Ok(Some(Event::NotSigned { why }))
        }
        Status::Signed => match (answer.signer_name.filter(|name| !name.trim().is_empty()), answer.signed_at) {
            (Some(signer_name), Some(signed_at)) => {
                Ok(Some(Event::Signed { consent: Consent { reference: answer.id, signer_name, signed_at } }))
            }
            _ => Err(garbled("it says signed, and not by whom and when")),
        },
    }
}

/// The longest words of a service that are repeated.
const LONGEST_REASON: usize = 300;

fn read(reply: &Reply) -> Result<Answer, Fault> {
    match reply {
        Reply::Http { status: 200..300, body, .. } => {
            serde_json::from_str(body).map_err(|cause| garbled(&format!("its answer cannot be read: {cause}")))
        }
        Reply::Http { status: status @ (408 | 425 | 429 | 500..600), body, .. } => {
            Err(said(codes::COUNTERPARTY_TEMPORARY, *status, body))
        }
        Reply::Http { status, body, .. } => Err(said(codes::COUNTERPARTY_REFUSES_US, *status, body)),
        Reply::Silence { what, .. } => Err(Fault::fatal(codes::COUNTERPARTY_SILENT).with("text", what)),
        Reply::Smtp { .. } | Reply::Placed | Reply::Seen { .. } => Err(garbled("an answer of another kind")),
    }
}

fn said(code: kvitt_domain::Code, status: u16, body: &str) -> Fault {
    let text: String = body.trim().chars().take(LONGEST_REASON).collect();
    Fault::fatal(code).with("code", status).with("text", text)
}

fn garbled(why: &str) -> Fault {
    Fault::fatal(codes::COUNTERPARTY_GARBLED).with("code", "").with("text", why)
}
