//! What a caller is told when something is not done: one shape for everything, with a stable code, a sentence and what to do.
//!
//! The members are those of the API that Nordic ERPs know (`code`, `message`, `details`) and those of RFC 9457 (`type`, `title`,
//! `status`, `detail`, `instance`), with every fault in full beside them.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kvitt_domain::Language;
use kvitt_domain::fault::{Code, Fault, Fixer, Severity, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;

/// Something was not done, and every reason. It becomes the answer's body once language and id of the request are known.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    faults: Vec<Fault>,
    headers: Box<HeaderMap>,
    /// The word of RFC 6749 for what is wrong with a request for a token.
    oauth: Option<&'static str>,
}

/// The answer of an operation.
pub type Answered<T> = Result<T, Problem>;

impl Problem {
    /// One fault, with the status that its code has.
    pub fn of(fault: Fault) -> Problem {
        Problem::all(vec![fault])
    }

    /// Every fault at once, with the status of the first.
    pub fn all(faults: Vec<Fault>) -> Problem {
        let status = faults.first().map_or(StatusCode::INTERNAL_SERVER_ERROR, |fault| status_of(fault.code));
        Problem { status, faults, headers: Box::default(), oauth: None }
    }

    /// A field with a value that it cannot have.
    pub fn value(field: &str, value: impl ToString) -> Problem {
        Problem::of(Fault::fatal(codes::REQUEST_VALUE).at(field).with("field", field).with("value", value))
    }

    /// A field that is missing.
    pub fn missing(field: &str) -> Problem {
        Problem::of(Fault::fatal(codes::REQUEST_MISSING).at(field).with("field", field))
    }

    /// A body, query or header that cannot be read.
    pub fn unreadable(why: impl ToString) -> Problem {
        Problem::of(Fault::fatal(codes::REQUEST_UNREADABLE).with("why", why))
    }

    /// Something that the company does not have, or that is another company's: both look the same.
    pub fn unknown(what: &str) -> Problem {
        Problem::of(Fault::fatal(codes::RESOURCE_UNKNOWN).with("kind_of", what))
    }

    /// The same, with a header.
    pub fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Problem {
        self.headers.insert(name, value);
        self
    }

    /// The same, with the word of RFC 6749, 5.2.
    pub fn in_oauth(mut self, error: &'static str) -> Problem {
        self.oauth = Some(error);
        self
    }

    /// Whether the first fault has this code.
    pub fn is(&self, code: Code) -> bool {
        self.faults.first().is_some_and(|fault| fault.code == code)
    }

    /// What was found wrong.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What is told, in the caller's language.
    pub fn body(&self, language: Language, request_id: &str) -> ProblemBody {
        let sentences: Vec<String> = self.faults.iter().map(|fault| masked(&fault.sentence(language))).collect();
        let (code, message) = match self.faults.first() {
            Some(fault) => (fault.code.name(), sentences[0].clone()),
            None => (codes::HUB_FAILED.name(), String::new()),
        };
        ProblemBody {
            kind: format!("/v1/faults/{code}"),
            title: message.clone(),
            status: self.status.as_u16(),
            detail: sentences.join(" "),
            instance: format!("urn:uuid:{request_id}"),
            code: code.to_owned(),
            message,
            details: self
                .faults
                .iter()
                .zip(&sentences)
                .map(|(fault, said)| format!("{said} {}", masked(&fault.remedy(language))))
                .collect(),
            request_id: request_id.to_owned(),
            faults: self.faults.iter().map(|fault| FaultShown::of(fault, language)).collect(),
            error: self.oauth.map(str::to_owned),
        }
    }

    /// The answer, in the caller's language.
    pub fn answer(&self, language: Language, request_id: &str) -> Response {
        let mut response = (self.status, Json(self.body(language, request_id))).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.headers_mut().extend((*self.headers).clone());
        response
    }
}

impl IntoResponse for Problem {
    /// Without a body yet: [`Problem::answer`] makes it where the request's language and id are known.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::Refused(faults) => Problem::all(faults),
            Error::NotFound(what) => Problem::unknown(&what),
            Error::Stopping => Problem::of(Fault::fatal(codes::HUB_STOPPING)),
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request could not be answered");
                Problem::of(Fault::fatal(codes::HUB_FAILED))
            }
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        Problem::of(fault)
    }
}

/// The status of a refusal for a code: what is wrong with the document is 422.
fn status_of(code: Code) -> StatusCode {
    const STATUSES: &[(Code, StatusCode)] = &[
        (codes::REQUEST_UNREADABLE, StatusCode::BAD_REQUEST),
        (codes::REQUEST_VALUE, StatusCode::BAD_REQUEST),
        (codes::REQUEST_MISSING, StatusCode::BAD_REQUEST),
        (codes::REQUEST_UNKNOWN_FIELD, StatusCode::BAD_REQUEST),
        (codes::REQUEST_EMPTY, StatusCode::BAD_REQUEST),
        (codes::REQUEST_TOO_LARGE, StatusCode::PAYLOAD_TOO_LARGE),
        (codes::REQUEST_TOO_SLOW, StatusCode::REQUEST_TIMEOUT),
        (codes::REQUEST_MEDIA_TYPE, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (codes::REQUEST_IN_FLIGHT, StatusCode::CONFLICT),
        (codes::KEY_REUSED, StatusCode::CONFLICT),
        (codes::NUMBER_DUPLICATE, StatusCode::CONFLICT),
        (codes::STATE_REFUSES, StatusCode::CONFLICT),
        (codes::PLAN_CHANGED, StatusCode::CONFLICT),
        (codes::PLAN_EXPIRED, StatusCode::GONE),
        (codes::WEBHOOK_TOO_MANY, StatusCode::CONFLICT),
        (codes::WEBHOOK_UNKNOWN, StatusCode::NOT_FOUND),
        (codes::INVOICE_UNKNOWN, StatusCode::NOT_FOUND),
        (codes::PAYMENT_UNKNOWN, StatusCode::NOT_FOUND),
        (codes::RESOURCE_UNKNOWN, StatusCode::NOT_FOUND),
        (codes::ENTRY_UNKNOWN, StatusCode::NOT_FOUND),
        (codes::ENTRY_CHANGED, StatusCode::CONFLICT),
        (codes::PATH_UNKNOWN, StatusCode::NOT_FOUND),
        (codes::METHOD_UNKNOWN, StatusCode::METHOD_NOT_ALLOWED),
        (codes::ACCESS_TOKEN_MISSING, StatusCode::UNAUTHORIZED),
        (codes::ACCESS_TOKEN_INVALID, StatusCode::UNAUTHORIZED),
        (codes::ACCESS_CREDENTIALS, StatusCode::UNAUTHORIZED),
        (codes::ACCESS_GRANT, StatusCode::BAD_REQUEST),
        (codes::ACCESS_SCOPE_UNKNOWN, StatusCode::BAD_REQUEST),
        (codes::ACCESS_SCOPE_NOT_GRANTED, StatusCode::BAD_REQUEST),
        (codes::ACCESS_SCOPE_MISSING, StatusCode::FORBIDDEN),
        (codes::ACCESS_TOO_OFTEN, StatusCode::TOO_MANY_REQUESTS),
        (codes::FORM_STALE, StatusCode::FORBIDDEN),
        (codes::ROLE_MISSING, StatusCode::FORBIDDEN),
        (codes::PAGE_UNKNOWN, StatusCode::NOT_FOUND),
        (codes::SIGN_IN_REFUSED, StatusCode::UNAUTHORIZED),
        (codes::SIGN_IN_TOO_OFTEN, StatusCode::TOO_MANY_REQUESTS),
        (codes::USER_LINK_OVER, StatusCode::GONE),
        (codes::FIRST_RUN_OVER, StatusCode::CONFLICT),
        (codes::SERVICE_DISCONTINUED, StatusCode::GONE),
        (codes::HUB_STOPPING, StatusCode::SERVICE_UNAVAILABLE),
        (codes::HUB_FAILED, StatusCode::INTERNAL_SERVER_ERROR),
    ];
    STATUSES.iter().find(|(known, _)| *known == code).map_or(StatusCode::UNPROCESSABLE_ENTITY, |(_, status)| *status)
}

/// Why something was not done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where the code is described: an address of this hub.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    kind: String,
    /// The first fault in a sentence.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// Every fault in a sentence.
    detail: String,
    /// This request.
    #[schema(format = "uri")]
    instance: String,
    /// The stable code of the first fault.
    code: String,
    /// The first fault in a sentence.
    message: String,
    /// Each fault in a sentence, with what to do.
    details: Vec<String>,
    /// The id that stands in the hub's log, and in the header `x-request-id`.
    #[schema(format = "uuid")]
    request_id: String,
    /// Every fault in full.
    faults: Vec<FaultShown>,
    /// The word of RFC 6749, where a token was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct FaultShown {
    /// The stable code.
    code: String,
    /// `fatal` stops the document or the route; `warning` stops nothing.
    #[schema(pattern = "^(fatal|warning)$")]
    severity: &'static str,
    /// Where: a business term, a field, an XPath with line and column; empty where it is the whole.
    place: String,
    /// The values that the sentence names.
    values: std::collections::BTreeMap<String, String>,
    /// What is wrong.
    sentence: String,
    /// What to do.
    remedy: String,
    /// Who can mend it: `sender`, `recipient`, `operator` or `counterparty`.
    fixer: &'static str,
}

impl FaultShown {
    /// A fault in a language.
    pub fn of(fault: &Fault, language: Language) -> FaultShown {
        FaultShown {
            code: fault.code.name().to_owned(),
            severity: match fault.severity {
                Severity::Fatal => "fatal",
                Severity::Warning => "warning",
            },
            place: masked(&fault.place),
            values: fault.values.iter().cloned().collect(),
            sentence: masked(&fault.sentence(language)),
            remedy: masked(&fault.remedy(language)),
            fixer: fixer_name(fault.code.fixer()),
        }
    }
}

/// What a caller wrote may hold a fødselsnummer anywhere; no answer repeats one.
pub fn masked(text: &str) -> String {
    without_identity_numbers(text).into_owned()
}

/// Who can mend a fault, as it is written.
pub fn fixer_name(fixer: Fixer) -> &'static str {
    match fixer {
        Fixer::Sender => "sender",
        Fixer::Recipient => "recipient",
        Fixer::Operator => "operator",
        Fixer::Counterparty => "counterparty",
    }
}
