//! `Idempotency-Key`: a request that comes again with its key is answered as the first time, and does nothing.
//!
//! It stands in front of every POST but those that hand documents in, which are known by what they bring and have the key from there. Who
//! comes while the first is still being answered waits for that answer, up to ten seconds. A request whose hub died before it answered is
//! done again after a minute: what these operations do is refused or harmless the second time, or it would have an answer.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};

use crate::api::access::Caller;
use crate::api::invoices::send::key_of;
use crate::api::problem::{Answered, Problem};
use crate::api::request;
use crate::error::Error;
use crate::hub::Hub;
use crate::store::answer::{self, Keyed, Known};
use crate::store::company::Company;
use crate::vault::sha256;

/// Operations that know what they are given by other means, and those that change nothing and tell of people: no answer of theirs is kept.
const OF_THEIR_OWN: &[&str] = &["/oauth2/token", "/v1/plans", "/v1/invoices", "/v1/invoices/bulk", "/v1/lookup/consumers"];
/// How long the second of two waits for the first.
const WAIT: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Nobody answers for longer: whoever began died.
const LOST_AFTER_MS: i64 = 60_000;
/// The most bytes of a body here; those of documents are larger and pass by.
const MOST: usize = 256 * 1024;

/// Answers a request that came before as it was answered then.
pub async fn once(State(hub): State<Hub>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let passes = request.method() != Method::POST || OF_THEIR_OWN.contains(&path);
    let key = if passes { Ok(None) } else { key_of(request.headers()) };
    match (key, request.extensions().get::<Caller>().cloned()) {
        (Ok(Some(key)), Some(caller)) => match keyed(&hub, &caller, key, request, next).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        },
        (Err(problem), _) => problem.into_response(),
        (Ok(_), _) => next.run(request).await,
    }
}

async fn keyed(hub: &Hub, caller: &Caller, key: String, request: Request, next: Next) -> Answered<Response> {
    let company = caller.company();
    let (parts, body) = request.into_parts();
    let bytes = request::bytes(&parts.headers, body, MOST).await?;
    // An answer may hold a secret that was shown once: it is the same key's to hear again, and no other's.
    let asked =
        format!("{} {} {}", caller.key(), parts.method, parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default());
    let keyed = Keyed { asked: company.key.digest(&asked), content: company.key.digest(&sha256(&bytes)), key };
    let until = tokio::time::Instant::now() + WAIT;
    loop {
        let machine = hub.clock().machine_ms();
        if begin(hub, company, &keyed, machine).await? {
            // Also where the caller goes away meanwhile: what is done is kept as done.
            let (hub, company, key) = (hub.clone(), company.clone(), keyed.key);
            let done = tokio::spawn(async move {
                let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
                keep(&hub, &company, &key, machine, response).await
            });
            return done.await.map_err(|cause| Problem::from(Error::Damaged(format!("a request failed: {cause}"))))?;
        }
        let mut db = hub.db().read().await.map_err(Problem::from)?;
        let known = answer::of_key(&mut db, &company.id, &company.key, &keyed.key).await?;
        drop(db);
        // One that came to nothing is forgotten meanwhile: then this one begins.
        if let Some(Known { asked, content, answer }) = known {
            if asked != keyed.asked || content != keyed.content {
                let difference = if asked == keyed.asked { "body" } else { "path" };
                return Err(Problem::of(Fault::fatal(codes::KEY_REUSED).at(difference).with("key", &keyed.key)));
            }
            if let Some((status, body)) = answer {
                return Ok(again(status, body));
            }
        }
        if tokio::time::Instant::now() >= until {
            let problem = Problem::of(Fault::fatal(codes::REQUEST_IN_FLIGHT).with("key", &keyed.key));
            return Err(problem.with_header(header::RETRY_AFTER, HeaderValue::from_static("1")));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn begin(hub: &Hub, company: &Company, keyed: &Keyed, machine: i64) -> Answered<bool> {
    let (company, keyed, now) = (company.id.clone(), keyed.clone(), hub.clock().business_ms());
    let began = hub.write(move |tx| {
        let (company, keyed) = (company.clone(), keyed.clone());
        async move { answer::begin(tx, &company, &keyed, machine, machine - LOST_AFTER_MS, now).await }.boxed()
    });
    Ok(began.await?)
}

/// Keeps what was done. A refusal did nothing: the same key may try again once what was wrong is mended.
async fn keep(hub: &Hub, company: &Company, key: &str, begun_at: i64, response: Response) -> Answered<Response> {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.map_err(Problem::unreadable)?;
    let (status, kept) = (parts.status, bytes.to_vec());
    let (company, key) = (company.clone(), key.to_owned());
    hub.write(move |tx| {
        let (company, key, kept) = (company.clone(), key.clone(), kept.clone());
        async move {
            match status.is_success() {
                true => answer::finish(tx, &company.id, &company.key, &key, begun_at, (status.as_u16(), &kept)).await,
                false => answer::give_up(tx, &company.id, &key, begun_at).await,
            }
        }
        .boxed()
    })
    .await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn again(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, body.clone()).into_response();
    if body.is_empty() {
        response.headers_mut().remove(header::CONTENT_TYPE);
    } else {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}
