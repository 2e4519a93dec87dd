//! The HTTP front: control (clock, faults), evidence (ledger, mailbox), and a page that links them. MPS and what
//! belongs to it is in `mps.rs`, the bank's in `bank.rs`, the signing service in `signing.rs`, Fortnox in `fortnox.rs`.
//!
//! Everything answers JSON or JSON lines; a wrong request gets `{"message": …}` that says what is wrong.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{delete, get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::ClockError;
use crate::counterparties::bank::accounts::ACCOUNTS;
use crate::counterparties::bank::payers::PAYERS;
use crate::counterparties::fortnox::tenants::TENANTS;
use crate::counterparties::mps::consumers::CONSUMERS;
use crate::counterparties::mps::issuers::ORGANISATIONS;
use crate::counterparties::print_shop::RECIPIENTS;
use crate::counterparties::signing::SIGNERS;
use crate::faults::Order;
use crate::fronts::{bank, fortnox, mps, signing};
use crate::ledger::Line;
use crate::mailbox::Sought;
use crate::personas::PERSONAS;
use crate::world::World;

/// The largest body of a control request, bytes: an order for a fault is some hundred.
const LARGEST_BODY: usize = 64 * 1024;

/// One day on the sandbox's clock, ms.
const DAY_MS: i64 = 86_400_000;

/// All paths.
pub fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/", get(async || Html(include_str!("http/index.html"))))
        .route("/healthz", get(async || "ok\n"))
        .route("/personas", get(personas))
        .route("/clock", get(clock))
        .route("/clock/advance", post(advance))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/faults/{id}", delete(remove_fault))
        .route("/ledger", get(ledger))
        .route("/mailbox", get(mailbox))
        .route("/mailbox/{id}", get(letter))
        .route("/mailbox/{id}/text", get(letter_text))
        .route("/mailbox/{id}/attachments/{index}", get(attachment))
        .merge(mps::router())
        .merge(bank::router())
        .merge(signing::router())
        .merge(fortnox::router())
        .fallback(async || Refusal::not_found("there is no such page; / lists them"))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(to_its_end))
        .with_state(world)
}

/// Answers a request also where the caller hangs up: what a counterparty has begun to take it takes, and writes down.
async fn to_its_end(request: Request, next: Next) -> Response {
    let answer = tokio::spawn(next.run(request)).await;
    answer.unwrap_or_else(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response())
}

/// Why a request is refused, in a sentence.
pub struct Refusal(pub StatusCode, pub String);

impl Refusal {
    /// The caller's mistake.
    pub fn bad(message: impl Into<String>) -> Refusal {
        Refusal(StatusCode::BAD_REQUEST, message.into())
    }

    /// What is asked for is not there.
    pub fn not_found(message: &str) -> Refusal {
        Refusal(StatusCode::NOT_FOUND, message.to_owned())
    }

    /// What is not there is the caller's mistake; all else is the sandbox's trouble.
    fn reading(error: &io::Error) -> Refusal {
        match error.kind() {
            io::ErrorKind::NotFound => Refusal::not_found("there is no such letter"),
            _ => Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "message": self.1 }))).into_response()
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Refusal {
        Refusal::bad(rejection.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Refusal {
        Refusal::bad(rejection.body_text())
    }
}

async fn personas() -> Json<Vec<serde_json::Value>> {
    let people = PERSONAS.iter().map(|line| json!(line)).chain(CONSUMERS.iter().map(|line| json!(line)));
    let letters = RECIPIENTS.iter().map(|line| json!(line));
    let companies = ORGANISATIONS.iter().map(|line| json!(line)).chain(ACCOUNTS.iter().map(|line| json!(line)));
    let payers = PAYERS.iter().map(|line| json!(line)).chain(SIGNERS.iter().map(|line| json!(line)));
    let books = TENANTS.iter().map(|line| json!(line));
    Json(people.chain(letters).chain(companies).chain(payers).chain(books).collect())
}

#[derive(Serialize)]
struct Time {
    now: jiff::Timestamp,
    offset_ms: i64,
    /// When a counterparty next does something by itself; who moves the clock step by step stops there.
    next_at: jiff::Timestamp,
    /// Files that lie for the hub and were not fetched yet: bounces, receipts, bank files.
    unfetched: usize,
}

async fn clock(State(world): State<Arc<World>>) -> Json<Time> {
    Json(Time {
        now: world.clock.now(),
        offset_ms: world.clock.offset_ms(),
        next_at: world.next_at(),
        unfetched: world.unfetched(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: Option<i64>,
    days: Option<i64>,
}

async fn advance(State(world): State<Arc<World>>, body: Bytes) -> Result<Json<Time>, Refusal> {
    let ms = match read_body::<Advance>(&body)? {
        Advance { ms: Some(ms), days: None } => ms,
        Advance { ms: None, days: Some(days) } => days.saturating_mul(DAY_MS),
        _ => return Err(Refusal::bad("give either \"ms\" or \"days\"")),
    };
    match world.clock.advance(ms) {
        Ok(()) => {
            // Who moves the clock past a due date finds the ledger written.
            let worked = world.work_bank().await;
            worked.map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
            Ok(clock(State(world)).await)
        }
        Err(error @ ClockError::OutOfRange) => Err(Refusal::bad(error.to_string())),
        Err(error @ ClockError::NotKept(_)) => Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
}

async fn faults(State(world): State<Arc<World>>) -> Response {
    Json(world.play().faults.list()).into_response()
}

async fn add_fault(State(world): State<Arc<World>>, body: Bytes) -> Result<Response, Refusal> {
    let order: Order = read_body(&body)?;
    let id = world.play().faults.add(order).map_err(Refusal::bad)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
}

async fn remove_fault(State(world): State<Arc<World>>, id: Result<Path<u64>, PathRejection>) -> Result<StatusCode, Refusal> {
    let Path(id) = id?;
    if world.play().faults.remove(id) { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::not_found("there is no such fault")) }
}

async fn clear_faults(State(world): State<Arc<World>>) -> StatusCode {
    world.play().faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerQuery {
    counterparty: Option<String>,
    company: Option<String>,
}

/// JSON lines, oldest first: only what is on disk.
async fn ledger(State(world): State<Arc<World>>, query: Result<Query<LedgerQuery>, QueryRejection>) -> Result<Response, Refusal> {
    let Query(wanted) = query?;
    let lines = blocking(move || {
        let mut out = Vec::new();
        for line in world.ledger.read::<Line>()? {
            let line = line?;
            if wanted.counterparty.as_ref().is_none_or(|name| *name == line.counterparty)
                && wanted.company.as_ref().is_none_or(|company| Some(company) == line.company.as_ref())
            {
                serde_json::to_writer(&mut out, &line)?;
                out.push(b'\n');
            }
        }
        Ok(out)
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], lines.await?).into_response())
}

async fn mailbox(State(world): State<Arc<World>>, query: Result<Query<Sought>, QueryRejection>) -> Result<Response, Refusal> {
    let Query(sought) = query?;
    let letters = blocking(move || world.mailbox.letters(&sought)).await?;
    Ok(Json(letters).into_response())
}

async fn letter(State(world): State<Arc<World>>, id: Result<Path<u64>, PathRejection>) -> Result<Response, Refusal> {
    let Path(id) = id?;
    let raw = blocking(move || world.mailbox.letter(id)).await?;
    Ok(download("message/rfc822", raw))
}

/// The letter's plain text alone, as its reader sees it.
async fn letter_text(State(world): State<Arc<World>>, id: Result<Path<u64>, PathRejection>) -> Result<Response, Refusal> {
    let Path(id) = id?;
    let text = blocking(move || world.mailbox.text(id)).await?;
    Ok(download("text/plain; charset=utf-8", text.into_bytes()))
}

async fn attachment(
    State(world): State<Arc<World>>,
    path: Result<Path<(u64, usize)>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path((id, index)) = path?;
    let part = blocking(move || world.mailbox.attachment(id, index)).await?;
    let part = part.ok_or_else(|| Refusal::not_found("the letter has fewer attachments; they are counted from 0"))?;
    Ok(download(&part.media_type, part.bytes))
}

/// A file of somebody else's making: the browser must not run it as a page of ours.
fn download(media_type: &str, bytes: Vec<u8>) -> Response {
    let media_type = HeaderValue::from_str(media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    (headers, Body::from(bytes)).into_response()
}

/// A JSON body.
///
/// # Errors
/// It is none of this kind.
pub fn read_body<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad(format!("the body: {error}")))
}

/// Reads files where waiting for the disk disturbs no conversation.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Refusal> {
    let done =
        tokio::task::spawn_blocking(work).await.map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    done.map_err(|error| Refusal::reading(&error))
}
