//! The service as bytes: SOAP 1.1 envelopes, written with exact qualification, and what came back, sorted by what it proves.
//!
//! The one element of a request's body is qualified; everything in it is not (the service's schema has no
//! `elementFormDefault`). Which fields an operation has stands beside it: [`super::shipment`], [`super::status`],
//! [`super::lookup`], [`super::services`], [`crate::agreements`], [`crate::mandates`]. The tree that replies are read into is [`super::element`].

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use uuid::Uuid;

use super::element::{Element, Unreadable};
use crate::route::{Body, Escape, HttpRequest, Method, Piece, Reply, Secret, Sent};

/// The namespace of the combined eFaktura and AvtaleGiro service; with an operation's name behind it, the SOAP action.
pub const SERVICE: &str = "https://efaktura-services.nets.no/efaktura-atg-service/v1/";

/// The namespace of the same service's operations about agreements. Its tail is published; what an operation holds is inferred
/// (`docs/agreements.md`).
pub const AGREEMENTS: &str = "https://efaktura-services.nets.no/efaktura-atg-service/v2/erp/v1/";

/// SOAP 1.1 §4.
pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// WS-Security 1.0.
const SECURITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// Username Token Profile 1.0 §3.1: the password as it is, protected by TLS alone, which is what the service's policy asks for.
const PASSWORD_TEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// The most transactions, ids or keys of one request (service description).
pub const AT_MOST: usize = 1_000;

/// What can be asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Hand a shipment over.
    AddShipment,
    /// Where a shipment stands.
    GetShipmentStatus,
    /// Where transactions stand.
    GetTransactionStatus,
    /// Call transactions back.
    CancelTransaction,
    /// Who takes eFaktura.
    GetEfakturaIdentifiers,
    /// Who has blocked the issuer.
    GetBlackList,
    /// Whether a bank signed the address that it opens.
    ValidateSecuritySignature,
    /// Whether a payer has given a mandate.
    GetAtgMandate,
    /// Who has a company's main agreement.
    GetIssuer,
    /// Order a company's main agreement, or move it here. A repeat is answered as the first.
    CreateIssuer,
    /// End a company's main agreement.
    DeleteIssuer,
    /// Who has the AvtaleGiro agreement of an account.
    GetAtgAgreement,
    /// Order the AvtaleGiro agreement of an account, or move it here. A repeat is answered as the first.
    CreateAtgAgreement,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Operation; 13] = [
        Operation::AddShipment,
        Operation::GetShipmentStatus,
        Operation::GetTransactionStatus,
        Operation::CancelTransaction,
        Operation::GetEfakturaIdentifiers,
        Operation::GetBlackList,
        Operation::ValidateSecuritySignature,
        Operation::GetAtgMandate,
        Operation::GetIssuer,
        Operation::CreateIssuer,
        Operation::DeleteIssuer,
        Operation::GetAtgAgreement,
        Operation::CreateAtgAgreement,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Operation::AddShipment => "addShipment",
            Operation::GetShipmentStatus => "getShipmentStatus",
            Operation::GetTransactionStatus => "getTransactionStatus",
            Operation::CancelTransaction => "cancelTransaction",
            Operation::GetEfakturaIdentifiers => "getEfakturaIdentifiers",
            Operation::GetBlackList => "getBlackList",
            Operation::ValidateSecuritySignature => "validateSecuritySignature",
            Operation::GetAtgMandate => "getAtgMandate",
            Operation::GetIssuer => "getIssuer",
            Operation::CreateIssuer => "createIssuer",
            Operation::DeleteIssuer => "deleteIssuer",
            Operation::GetAtgAgreement => "getAtgAgreement",
            Operation::CreateAtgAgreement => "createAtgAgreement",
        }
    }

    /// The operation of this name.
    pub fn named(name: &str) -> Option<Operation> {
        Operation::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// The namespace of its request and response.
    pub fn namespace(self) -> &'static str {
        match self {
            Operation::AddShipment
            | Operation::GetShipmentStatus
            | Operation::GetTransactionStatus
            | Operation::CancelTransaction
            | Operation::GetEfakturaIdentifiers
            | Operation::GetBlackList
            | Operation::ValidateSecuritySignature
            | Operation::GetAtgMandate => SERVICE,
            Operation::GetIssuer
            | Operation::CreateIssuer
            | Operation::DeleteIssuer
            | Operation::GetAtgAgreement
            | Operation::CreateAtgAgreement => AGREEMENTS,
        }
    }

    /// Its SOAP action.
    pub fn action(self) -> String {
        match self {
            // The service description has the plural here, and only here.
            Operation::CancelTransaction => format!("{SERVICE}cancelTransactions"),
            other => format!("{}{}", other.namespace(), other.name()),
        }
    }

    /// The one element of its request.
    pub fn request(self) -> String {
        format!("{}Request", self.stem())
    }

    /// The one element of its response.
    pub fn response(self) -> String {
        format!("{}Response", self.stem())
    }

    fn stem(self) -> String {
        let mut letters = self.name().chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    }

    fn only_asks(self) -> bool {
        match self {
            Operation::AddShipment
            | Operation::CancelTransaction
            | Operation::CreateIssuer
            | Operation::DeleteIssuer
            | Operation::CreateAtgAgreement => false,
            Operation::GetShipmentStatus
            | Operation::GetTransactionStatus
            | Operation::GetEfakturaIdentifiers
            | Operation::GetBlackList
            | Operation::ValidateSecuritySignature
            | Operation::GetAtgMandate
            | Operation::GetIssuer
            | Operation::GetAtgAgreement => true,
        }
    }
}

/// A value of a message: known, or filled in by whoever carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Known.
    Text(String),
    /// Never stored.
    Secret(Secret),
}

/// The inside of a message while it is written: elements without a namespace.
pub struct Message {
    writer: Writer<Vec<u8>>,
    pieces: Vec<Piece>,
}

impl Message {
    fn new() -> Message {
        Message { writer: Writer::new(Vec::new()), pieces: Vec::new() }
    }

    /// A group.
    pub fn group(&mut self, name: &str, inside: impl FnOnce(&mut Message)) {
        self.event(Event::Start(BytesStart::new(name)));
        inside(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// A value.
    pub fn text(&mut self, name: &str, value: &str) {
        self.group(name, |message| message.event(Event::Text(BytesText::new(&readable(value)))));
    }

    /// A value, where there is one.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A value that may be filled in later.
    pub fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Text(text) => self.text(name, text),
            Value::Secret(secret) => self.group(name, |message| {
                message.cut();
                message.pieces.push(Piece::Secret(secret.clone()));
            }),
        }
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Start(BytesStart::new(name).with_attributes(attributes.iter().copied())));
    }

    fn end(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    fn event(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("writing to memory does not fail");
    }

    /// What was written so far becomes a piece.
    fn cut(&mut self) {
        let text = String::from_utf8(std::mem::take(self.writer.get_mut())).expect("only text was written");
        if !text.is_empty() {
            self.pieces.push(Piece::Text(text));
        }
    }
}

/// Characters that XML 1.0 §2.2 does not know become spaces: one in a sender's text would spoil the whole shipment.
fn readable(text: &str) -> String {
    let known = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    text.chars().map(|c| if known(c) { c } else { ' ' }).collect()
}

/// A request to the service that the configuration calls `service`. `message` is its message identifier; `content` writes what
/// comes after the audit information.
pub fn request(service: &str, operation: Operation, message: Uuid, content: impl FnOnce(&mut Message)) -> HttpRequest {
    let mut xml = Message::new();
    xml.start("soap:Envelope", &[("xmlns:soap", ENVELOPE)]);
    xml.start("soap:Header", &[]);
    xml.start("wsse:Security", &[("xmlns:wsse", SECURITY), ("soap:mustUnderstand", "1")]);
    xml.start("wsse:UsernameToken", &[]);
    xml.value("wsse:Username", &Value::Secret(Secret::User));
    xml.start("wsse:Password", &[("Type", PASSWORD_TEXT)]);
    xml.cut();
    xml.pieces.push(Piece::Secret(Secret::Password));
    xml.end("wsse:Password");
    xml.end("wsse:UsernameToken");
    xml.end("wsse:Security");
    xml.end("soap:Header");
    xml.start("soap:Body", &[]);
    let root = format!("e:{}", operation.request());
    xml.start(&root, &[("xmlns:e", operation.namespace())]);
    xml.group("auditInformation", |audit| audit.text("messageIdentifier", &message.to_string()));
    content(&mut xml);
    xml.end(&root);
    xml.end("soap:Body");
    xml.end("soap:Envelope");
    xml.cut();
    HttpRequest {
        endpoint: service.to_owned(),
        operation: operation.name().to_owned(),
        method: Method::Post,
        path: String::new(),
        headers: vec![("SOAPAction".to_owned(), format!("\"{}\"", operation.action()))],
        body: Body { media_type: "text/xml; charset=utf-8".to_owned(), escape: Escape::Xml, pieces: xml.pieces },
        is_question: operation.only_asks(),
    }
}

/// What a reply proves.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The response that belongs to the operation.
    Response(Element),
    /// The service looked at the request and refused it, with one of its codes: nothing was done.
    Invalid(Refusal),
    /// The request does not fit the service's schema: nothing was done.
    Misshapen(Refusal),
    /// The service does not want our credentials: nothing was done.
    Credentials(Refusal),
    /// Something before the service turned the request away, for its address, size or number: nothing was done.
    TurnedAway(Refusal),
    /// Something failed inside or before the service. Whether anything was done is not known.
    Failed(Refusal),
    /// The answer has no meaning here. Whether anything was done is not known.
    Garbled(Refusal),
    /// No answer.
    Silence(Sent, String),
}

/// A refusal's code and words, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code; an HTTP status where there is no other.
    pub code: String,
    /// The words.
    pub text: String,
}

/// A thousand ids can stand in a refusal's words.
const LONGEST_TEXT: usize = 100_000;

impl Refusal {
    /// A code and words, within limits.
    pub fn new(code: impl Into<String>, text: &str) -> Refusal {
        Refusal { code: code.into().chars().take(40).collect(), text: text.trim().chars().take(LONGEST_TEXT).collect() }
    }
}

/// Sorts a reply to an operation.
pub fn hear(operation: Operation, reply: &Reply) -> Heard {
    let (status, body) = match reply {
        Reply::Http { status, body, .. } => (*status, body),
        Reply::Silence { sent, what } => return Heard::Silence(*sent, what.clone()),
        Reply::Smtp { code, text, .. } => return Heard::Garbled(Refusal::new(code.to_string(), text)),
        Reply::Placed | Reply::Seen { .. } => return Heard::Garbled(Refusal::new("", "an answer from a folder")),
    };
    let of_http = |text: &str| Refusal::new(status.to_string(), text);
    match content(body) {
        Ok(element) if element.is(ENVELOPE, "Fault") => fault(&element, operation, status),
        Ok(element) if element.is(operation.namespace(), &operation.response()) && (200..300).contains(&status) => {
            Heard::Response(element)
        }
        Ok(element) => Heard::Garbled(of_http(&format!("a {} that is no answer", element.name))),
        Err(Unreadable(why)) => match status {
            401 | 403 | 407 => Heard::Credentials(of_http("")),
            300..500 => Heard::TurnedAway(of_http("")),
            500..600 => Heard::Failed(of_http("")),
            _ => Heard::Garbled(of_http(&why)),
        },
    }
}

/// The one element in the body of an envelope.
fn content(body: &str) -> Result<Element, Unreadable> {
    let mut envelope = Element::read(body)?;
    if !envelope.is(ENVELOPE, "Envelope") {
        return Err(Unreadable(format!("{} is no SOAP 1.1 envelope", envelope.name)));
    }
    let mut bodies = envelope.children.extract_if(.., |child| child.is(ENVELOPE, "Body"));
    let (Some(mut body), None) = (bodies.next(), bodies.next()) else {
        return Err(Unreadable("the envelope has not one body".to_owned()));
    };
    match (body.children.pop(), body.children.is_empty()) {
        (Some(content), true) => Ok(content),
        _ => Err(Unreadable("the envelope's body has not one element".to_owned())),
    }
}

/// SOAP 1.1 §4.4, with the service's own faults in `detail`.
fn fault(fault: &Element, operation: Operation, status: u16) -> Heard {
    let said = |name: &str| fault.any(name).map(|element| element.text.trim()).unwrap_or_default();
    let (code, words) = (said("faultcode"), said("faultstring"));
    let code = code.rsplit(':').next().unwrap_or(code);
    let detail = fault.any("detail").map(|detail| detail.children.as_slice()).unwrap_or_default();
    let is_its = |namespace: &str| namespace.is_empty() || namespace == operation.namespace();
    let own = |name: &str| detail.iter().find(|child| child.name == name && is_its(&child.namespace));
    if let Some(refused) = own("ValidationFault") {
        let field = |name: &str| refused.any(name).map(|element| element.text.trim()).unwrap_or_default();
        let text = if field("errorDescription").is_empty() { words } else { field("errorDescription") };
        return match field("errorCode") {
            "" => Heard::Garbled(Refusal::new(status.to_string(), text)),
            code => Heard::Invalid(Refusal::new(code, text)),
        };
    }
    // Web Services Security 1.0 §12: the standard's own codes for bad tokens.
    let token = ["FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "SecurityTokenUnavailable"].contains(&code);
    if own("AuthenticationFault").is_some() || token {
        return Heard::Credentials(Refusal::new(code, words));
    }
    let by_client = code == "Client" || code.starts_with("Client.");
    if by_client && own("ServiceFault").is_none() {
        return Heard::Misshapen(Refusal::new(code, words));
    }
    Heard::Failed(Refusal::new(code, words))
}
