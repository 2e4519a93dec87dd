//! The HTTP around the simulated MPS, evidence of its bills, and a bank that opens one.
//!
//! What is said and taken is decided in `counterparties/mps.rs`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::counterparties::mps::bills::Bill;
use crate::counterparties::mps::books::Status;
use crate::counterparties::mps::consumers::{CONSUMERS, Card, Consumer, Nature};
use crate::counterparties::mps::{self, Answer, Say, appended};
use crate::fronts::http::{Refusal, read_body};
use crate::world::World;

/// Where the service is; the tail is the real one's.
pub const PATH: &str = "/mps/efaktura-atg-service/v1/";

/// The largest request, bytes: a thousand bills with long texts are some four million.
const LARGEST_REQUEST: usize = 16 * 1024 * 1024;

/// The most bills that one list shows, the newest.
const LONGEST_LIST: usize = 10_000;

/// The largest page that a bank shows, bytes, and how long it waits for one.
const LARGEST_PAGE: u64 = 64 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client that expects SOAP hears when a fault garbles the answer.
const NONSENSE: &str = "<html><body>502 Bad Gateway</body></html>";

/// The service and what belongs to it.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route(PATH, post(call))
        .route(PATH.trim_end_matches('/'), post(call))
        .route("/mps/open", post(open))
        .route("/mps/transactions", get(transactions))
        .route("/mps/consumers", get(consumers))
}

async fn call(State(world): State<Arc<World>>, request: Request) -> Response {
    let greeting = world.call_mps(mps::Request::Connect).await;
    if !greeting.takes_effect {
        return say(greeting);
    }
    let (head, body) = request.into_parts();
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("text/xml") {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "SOAP 1.1 is text/xml\n").into_response();
    }
    let action = head.headers.get("soapaction").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_REQUEST).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the request is too large or broke off\n").into_response();
    };
    let answer = world.call_mps(mps::Request::Call { action, body: &body }).await;
    tokio::time::sleep(answer.wait).await;
    say(answer)
}

fn say(answer: Answer) -> Response {
    match answer.say {
        Say::Reply(reply) => {
            let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "text/xml; charset=utf-8")], reply.body).into_response()
        }
        Say::Nonsense => (StatusCode::OK, [(header::CONTENT_TYPE, "text/html")], NONSENSE).into_response(),
        Say::Nothing => Response::new(cut()),
    }
}

/// A body that fails before its first byte: the server closes the connection without having said anything.
fn cut() -> Body {
    Body::from_stream(futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("a fault was ordered")) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsumersQuery {
    email: Option<String>,
    persona: Option<String>,
    name: Option<String>,
}

/// All that is registered of one consumer: by e-mail address, or by persona and name.
async fn consumers(query: Result<Query<ConsumersQuery>, QueryRejection>) -> Result<Json<Card>, Refusal> {
    let Query(wanted) = query.map_err(|rejection| Refusal::bad(rejection.body_text()))?;
    let found = match wanted {
        ConsumersQuery { email: Some(email), persona: None, name: None } => Consumer::of_email(&email),
        ConsumersQuery { email: None, persona: Some(persona), name } => {
            CONSUMERS.iter().find(|line| line.name == persona).map(|line| match name {
                Some(name) => Consumer::of_name(line.persona, &name),
                None => Consumer { nature: line.persona, serial: 0 },
            })
        }
        _ => return Err(Refusal::bad("give \"email\", or \"persona\" and perhaps \"name\"")),
    };
    found.map(|one| Json(one.card())).ok_or_else(|| Refusal::not_found("nobody is registered so; /personas lists the personas"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransactionsQuery {
    issuer: Option<String>,
}

/// Bills as the banks have them, newest first.
async fn transactions(
    State(world): State<Arc<World>>,
    query: Result<Query<TransactionsQuery>, QueryRejection>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let Query(wanted) = query.map_err(|rejection| Refusal::bad(rejection.body_text()))?;
    let now = world.clock.now();
    let play = world.play();
    let bills = play.mps.books().newest(now).filter(|(issuer, ..)| wanted.issuer.as_ref().is_none_or(|wanted| wanted == issuer));
    let with_claim = |(issuer, shipment, bill, status): (&str, Uuid, &Bill, Status)| {
        let mut shown = described(issuer, shipment, bill, status);
        shown["claim"] = json!(play.bank.claim_status(&bill.id.to_string(), now).map(|claim| claim.word));
        shown
    };
    Ok(Json(bills.take(LONGEST_LIST).map(with_claim).collect()))
}

fn described(issuer: &str, shipment: Uuid, bill: &Bill, status: Status) -> Value {
    let shown: &[&str] = match bill.to.map(|to| to.nature) {
        _ if status.word != "ACCEPTED" => &[],
        Some(Nature::HiddenInVipps) => &["bank"],
        _ => &["bank", "vipps"],
    };
    json!({
        "transactionId": bill.id, "shipmentId": shipment, "issuer": issuer, "url": bill.url, "status": status.word,
        "rejectionCode": status.reason.map(|reason| reason.words().0),
        "receiver": bill.to.map(|to| to.identifier()), "persona": bill.to.map(|to| to.nature.name()), "shownIn": shown,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Open {
    transaction_id: Uuid,
    #[serde(default)]
    token: Token,
}

/// What token the bank appends to the bill's address.
#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Token {
    /// One that was signed now.
    #[default]
    Signed,
    /// One that was signed an hour ago.
    Old,
    /// One that was spoilt.
    Tampered,
    /// None.
    None,
}

/// A consumer opens a bill in their bank, which fetches it from the issuer's host.
async fn open(State(world): State<Arc<World>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let wanted: Open = read_body(&body)?;
    let mut now = world.both_clocks();
    if wanted.token == Token::Old {
        now.machine = now.machine.saturating_sub(jiff::SignedDuration::from_hours(1)).unwrap_or(now.machine);
    }
    let shown = world.play().mps.open(wanted.transaction_id, now);
    let (url, token) = shown.map_err(|reason| Refusal(StatusCode::CONFLICT, reason))?;
    let address = match wanted.token {
        Token::Signed | Token::Old => appended(&url, &token),
        Token::Tampered => appended(&url, &format!("{token}0")),
        Token::None => url,
    };
    let fetched = tokio::time::timeout(PATIENCE, fetch(&address)).await.unwrap_or_else(|_| Err("no answer in time".into()));
    let page = fetched.map_err(|reason| Refusal(StatusCode::BAD_GATEWAY, format!("{address}: {reason}")))?;
    Ok(Json(json!({
        "url": address, "status": page.status, "contentType": page.content_type, "bytes": page.body.len(),
        "sha256": hex::encode(Sha256::digest(&page.body)),
    })))
}

struct Page {
    status: u16,
    content_type: String,
    body: Vec<u8>,
}

/// One GET over HTTP/1.0, whose answer ends with the connection; to this machine only.
async fn fetch(address: &str) -> Result<Page, String> {
    let rest = address.strip_prefix("http://").ok_or("a bank of the sandbox opens http addresses only")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().map_err(|_| "no port")?),
        _ => (host, 80),
    };
    let ip = match name {
        "localhost" => "127.0.0.1".to_owned(),
        other => other.trim_matches(['[', ']']).to_owned(),
    };
    let ip = ip.parse::<std::net::IpAddr>().ok().filter(std::net::IpAddr::is_loopback);
    let ip = ip.ok_or("a bank of the sandbox opens addresses of this machine only")?;
    if path.bytes().any(|b| b.is_ascii_control() || b == b' ') {
        return Err("the address cannot be sent as it stands".to_owned());
    }
    let trouble = |error: io::Error| error.to_string();
    let mut stream = TcpStream::connect(SocketAddr::new(ip, port)).await.map_err(trouble)?;
    let asked = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: */*\r\nUser-Agent: sandbox-bank\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.map_err(trouble)?;
    let mut answer = Vec::new();
    stream.take(LARGEST_PAGE).read_to_end(&mut answer).await.map_err(trouble)?;
    parse_page(&answer).ok_or_else(|| "the answer is no HTTP".to_owned())
}

fn parse_page(answer: &[u8]) -> Option<Page> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let content_type =
        headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| value.trim()).next();
    Some(Page { status, content_type: content_type.unwrap_or_default().to_owned(), body: answer[end + 4..].to_vec() })
}
