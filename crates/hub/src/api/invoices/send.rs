//! Handing an invoice in: `POST /v1/invoices`, and `PUT /v1/invoices/{uuid}`, which is the same with the sender's own id in the path.
//!
//! Three ways to say the same: a form with a file and flat fields, as the clients of Nordic ERPs send it; a form with a file and one
//! part `metadata` in JSON; or the bare XML or ZIP as the body. What the fields mean is in `docs/metadata.md`.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_formats::metadata::FIELDS;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::actions::accept_invoice::{HandedIn, UnknownSeller, accept_stored};
use crate::api::access::Caller;
use crate::api::invoices::{Invoice, as_accepted};
use crate::api::problem::{Answered, Problem, ProblemBody};
use crate::api::request::{self, LARGEST_DOCUMENT, Part};
use crate::desk::Wishes;
use crate::hub::Hub;
use crate::store::job::Urgency;

/// The longest key of a caller.
const LONGEST_KEY: usize = 200;
/// What documents come as.
const TAKEN: &str = "multipart/form-data, application/xml, application/zip";

/// Formats of other hubs that are read here under their names.
const FORMATS: &[&str] = &["PEPPOLBIS30", "SIUBL20", "FINVOICE30"];
/// Fields of the flat form that hold a list.
const LISTS: &[&str] = &["route_order", "disabled_routes"];
/// Fields of other hubs' forms that mean something which is not done here: said, and never ignored.
const UNSUPPORTED: &[&str] = &["recipient_eia", "recipient_operator", "payment_instruction_identifier"];
/// Routes that the rail has ended.
const DISCONTINUED: &[&str] = &["netbank_cvl", "netbank_cvl_hold"];

/// A document with what is said beside it.
#[derive(Debug, ToSchema)]
#[allow(dead_code, reason = "it stands in the OpenAPI document; the form is read field by field")]
pub struct InvoiceForm {
    /// XML (UBL 2.1, Finvoice 3.0), or a ZIP of XML, PDF and attachments.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
    /// What is said beside it in one JSON object, version 1.1; instead of the fields below.
    metadata: Option<String>,
    /// `PEPPOLBIS30`, `SIUBL20` or `FINVOICE30`; what the file is, is read from the file.
    format: Option<String>,
    /// `consumer` or `b2b`; absent means b2b.
    recipient_type: Option<String>,
    /// The routes to try, in this order: `avtalegiro`, `efaktura`, `email`, `print`, and the aliases `netbank`, `vipps`.
    route_order: Option<Vec<String>>,
    /// Routes that must not be used.
    disabled_routes: Option<Vec<String>>,
    /// The sender's own id: the same again does nothing twice.
    #[schema(format = "uuid")]
    uuid: Option<String>,
    /// An id that `POST /v1/plans` answered: accepted only while the same would be decided.
    plan_id: Option<String>,
    recipient_email: Option<String>,
    recipient_phone_number: Option<String>,
    #[schema(format = "date")]
    recipient_date_of_birth: Option<String>,
    recipient_efaktura_id: Option<String>,
    /// A few words in the letter.
    sender_comment: Option<String>,
    /// `NO` or `EN`.
    lang: Option<String>,
    /// `INVOICE` or `CREDIT_NOTE`, as the document says itself.
    b2cno_document_type: Option<String>,
}

/// Hands an invoice in
///
/// Answered once it is durable. The same document again, or the same `uuid` or `Idempotency-Key` with the same content, is answered as
/// the first time and does nothing twice; with other content it is refused.
#[utoipa::path(post, path = "/v1/invoices", tag = "invoices", operation_id = "postV1Invoices",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of the caller's for this request")),
    request_body(content((InvoiceForm = "multipart/form-data"), (String = "application/xml"), (String = "application/zip"))),
    responses((status = 201, description = "It is accepted and durable", body = Invoice),
        (status = "4XX", description = "It is not accepted, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post(State(hub): State<Hub>, caller: Caller, request: Request) -> Answered<(StatusCode, Json<Invoice>)> {
    accept(&hub, &caller, request, None).await
}

/// Hands an invoice in under the sender's own id
///
/// As often as needed: it is accepted once.
#[utoipa::path(put, path = "/v1/invoices/{id}", tag = "invoices", operation_id = "putV1InvoicesId",
    params(("id" = Uuid, Path, description = "The sender's own id of the document")),
    request_body(content((InvoiceForm = "multipart/form-data"), (String = "application/xml"), (String = "application/zip"))),
    responses((status = 201, description = "It is accepted and durable", body = Invoice),
        (status = "4XX", description = "It is not accepted, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn put(
    State(hub): State<Hub>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Answered<(StatusCode, Json<Invoice>)> {
    let uuid = Uuid::try_parse(&id).map_err(|_| Problem::value("id", &id))?;
    accept(&hub, &caller, request, Some(uuid)).await
}

async fn accept(hub: &Hub, caller: &Caller, request: Request, uuid: Option<Uuid>) -> Answered<(StatusCode, Json<Invoice>)> {
    let handed = handed_in(caller, request, uuid).await?;
    let (_, stored) = accept_stored(hub, caller.company(), handed).await?;
    Ok((StatusCode::CREATED, Json(as_accepted(&stored, None))))
}

/// The document of a request, for whoever accepts or plans it.
pub async fn handed_in(caller: &Caller, request: Request, uuid: Option<Uuid>) -> Answered<HandedIn> {
    let key = key_of(request.headers())?;
    let media_type = request::media_type(request.headers());
    let document = match media_type.as_str() {
        "multipart/form-data" => parts(request::form(request, LARGEST_DOCUMENT).await?)?,
        "application/xml" | "text/xml" | "application/zip" | "application/x-zip-compressed" | "application/octet-stream" => {
            let (parts, body) = request.into_parts();
            let bytes = request::bytes(&parts.headers, body, LARGEST_DOCUMENT).await?.to_vec();
            Document { name: None, bytes, metadata: None, uuid: None }
        }
        other => return Err(request::not_taken(other, TAKEN)),
    };
    if document.bytes.is_empty() {
        return Err(Problem::of(Fault::fatal(codes::REQUEST_EMPTY)));
    }
    if let (Some(in_path), Some(in_form)) = (uuid, document.uuid)
        && in_path != in_form
    {
        return Err(Problem::value("uuid", in_form));
    }
    Ok(HandedIn {
        company: Some(caller.company().org_number.clone()),
        name: document.name,
        bytes: document.bytes,
        metadata: document.metadata,
        // Beside the metadata, so that what a ZIP brings of it still counts, and one spelling is the same as another.
        wishes: Wishes { uuid: uuid.or(document.uuid), ..Wishes::default() },
        key,
        unknown_seller: UnknownSeller::Refuse,
        urgency: Urgency::Ordinary,
    })
}

/// The caller's own key of a request. It is stored as it comes, so that it may be no fødselsnummer.
pub fn key_of(headers: &HeaderMap) -> Answered<Option<String>> {
    const NAME: &str = "Idempotency-Key";
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let text = value.to_str().map(str::trim).ok().filter(|text| !text.is_empty() && text.len() <= LONGEST_KEY);
    let text = text.filter(|text| without_identity_numbers(text) == *text);
    text.map(|text| Some(text.to_owned())).ok_or_else(|| Problem::value(NAME, String::from_utf8_lossy(value.as_bytes())))
}

/// A document as a form or body brings it.
struct Document {
    name: Option<String>,
    bytes: Vec<u8>,
    /// What is said beside it, as one JSON object; `None` where nothing is.
    metadata: Option<String>,
    /// The sender's own id, where a field of the form gives it.
    uuid: Option<Uuid>,
}

/// The document of a form, and what is said beside it under the metadata's own names.
fn parts(form: Vec<Part>) -> Answered<Document> {
    let twice = |name: &str| Problem::unreadable(format!("{name} is given twice"));
    let (mut file, mut metadata, mut uuid, mut flat) = (None, None, None, Map::new());
    for part in form {
        match part.name.as_str() {
            "file" if file.is_some() => return Err(twice("file")),
            "file" => file = Some((part.file, part.bytes)),
            "metadata" if metadata.is_some() => return Err(twice("metadata")),
            // As it came: its reader sees what a parsed object no longer shows, such as a name given twice.
            "metadata" => metadata = Some(part.text()?.to_owned()),
            "uuid" if uuid.is_some() => return Err(twice("uuid")),
            "uuid" => {
                uuid = Some(Uuid::try_parse(part.text()?.trim()).map_err(|_| wrong("uuid", part.text().unwrap_or_default()))?)
            }
            "format" => {
                let format = part.text()?;
                if !FORMATS.contains(&format) {
                    return Err(unsupported("format", format));
                }
            }
            "b2cno_document_type" => {
                let kind = part.text()?;
                if !["INVOICE", "CREDIT_NOTE"].contains(&kind) {
                    return Err(unsupported("b2cno_document_type", kind));
                }
            }
            name if UNSUPPORTED.contains(&name) => return Err(unsupported(name, part.text()?)),
            name if LISTS.contains(&name) => {
                let value = part.text()?;
                if DISCONTINUED.contains(&value) {
                    return Err(Problem::of(Fault::fatal(codes::SERVICE_DISCONTINUED).at(name).with("value", value)));
                }
                let list = flat.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list {
                    list.push(Value::String(value.to_owned()));
                }
            }
            name if is_known(name) => {
                if flat.insert(name.to_owned(), Value::String(part.text()?.to_owned())).is_some() {
                    return Err(twice(name));
                }
            }
            name => return Err(request::unknown_field(name, &known())),
        }
    }
    let (name, bytes) = file.ok_or_else(|| Problem::missing("file"))?;
    if metadata.is_some() && !flat.is_empty() {
        return Err(Problem::unreadable("give either metadata or single fields, not both"));
    }
    let metadata = metadata.or_else(|| (!flat.is_empty()).then(|| Value::Object(flat).to_string()));
    Ok(Document { name, bytes, metadata, uuid })
}

/// A field of the metadata with a value that it cannot have.
fn wrong(field: &str, value: &str) -> Problem {
    Problem::of(Fault::fatal(codes::METADATA_VALUE).at(field).with("field", field).with("value", value))
}

fn unsupported(field: &str, value: &str) -> Problem {
    Problem::of(Fault::fatal(codes::REQUEST_UNSUPPORTED).at(field).with("field", field).with("value", value))
}

/// Whether the metadata has a field of this name that is not in a group.
fn is_known(name: &str) -> bool {
    !name.contains('.') && FIELDS.iter().any(|field| field.name == name || field.aliases.contains(&name))
}

fn known() -> Vec<&'static str> {
    let flat = FIELDS.iter().flat_map(|field| std::iter::once(&field.name).chain(field.aliases)).copied();
    ["file", "metadata", "format", "b2cno_document_type"].into_iter().chain(flat.filter(|name| !name.contains('.'))).collect()
}
