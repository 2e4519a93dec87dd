//! `POST /v1/validate`: one document in, what the rules say of it out, as `kvitt validate --json` says it.
//!
//! Nothing is stored. A document that breaks every rule is still answered with 200: only a request that cannot be judged is
//! refused, as `{code, message, details}`.

use std::thread;
use std::time::Duration;

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use kvitt_domain::calendar;
use kvitt_rules::RuleSet;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::api::access::language_of;
use crate::hub::Hub;
use crate::validation::{Validated, day, validate};

/// What a body may cost.
struct Limits {
    bytes: usize,
    /// How long it may take to come.
    wait: Duration,
}

/// As many bytes as the largest route takes as one file, over a slow line.
const LIMITS: Limits = Limits { bytes: 50 * 1024 * 1024, wait: Duration::from_secs(60) };

/// Documents judged at the same time: one a core, so that others are still answered and memory has a bound.
#[derive(Debug)]
pub struct Bench(Semaphore);

impl Bench {
    /// Room for one document a core.
    pub fn new() -> Bench {
        Bench(Semaphore::new(thread::available_parallelism().map_or(1, usize::from)))
    }
}

/// Why a request was not judged.
#[derive(Debug, Serialize)]
struct Refusal {
    #[serde(skip)]
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    details: Vec<String>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}

/// Answers the request.
pub async fn post(State((hub, bench)): State<(Hub, std::sync::Arc<Bench>)>, request: Request) -> Response {
    match answer(&hub, &bench, request).await {
        Ok(validated) => Json(validated).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(hub: &Hub, bench: &Bench, request: Request) -> Result<Validated, Refusal> {
    let language = language_of(request.headers());
    let on = match asked_day(request.uri().query().unwrap_or_default())? {
        Some(on) => on,
        None => calendar::today(hub.clock().business()),
    };
    let bytes = document(request, &LIMITS).await?;
    let stopping = || refusal(StatusCode::SERVICE_UNAVAILABLE, "hub.stopping", "The hub is stopping; ask again later.", "");
    let _room = bench.0.acquire().await.map_err(|_| stopping())?;
    // Judging is milliseconds of work, of a long invoice many: not on a thread that answers others.
    let judged = tokio::task::spawn_blocking(move || validate("", &bytes, RuleSet::in_force(day(on)), language)).await;
    judged.map_err(|cause| {
        tracing::error!(%cause, "a document could not be judged");
        refusal(StatusCode::INTERNAL_SERVER_ERROR, "hub.failed", "The document could not be judged; the log says why.", "")
    })
}

/// The document in the body.
async fn document(request: Request, limits: &Limits) -> Result<Bytes, Refusal> {
    let media_type = request.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default().to_owned());
    if let Some(media_type) = media_type.filter(|media_type| !is_taken(media_type)) {
        let message = "Send XML (application/xml) or a ZIP (application/zip).";
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "request.media_type", message, &media_type));
    }
    let too_large = || {
        let limit = format!("at most {} bytes", limits.bytes);
        refusal(StatusCode::PAYLOAD_TOO_LARGE, "request.too_large", "The document is larger than any route takes.", &limit)
    };
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > limits.bytes) {
        return Err(too_large());
    }
    let bytes = match tokio::time::timeout(limits.wait, to_bytes(request.into_body(), limits.bytes)).await {
        Ok(Ok(bytes)) => bytes,
        // Past the limit, or the caller went away and hears nothing of it.
        Ok(Err(_)) => return Err(too_large()),
        Err(_) => {
            return Err(refusal(StatusCode::REQUEST_TIMEOUT, "request.too_slow", "The document did not come in time.", ""));
        }
    };
    if bytes.is_empty() {
        let message = "The body is empty; send a document in it.";
        return Err(refusal(StatusCode::BAD_REQUEST, "request.empty", message, ""));
    }
    Ok(bytes)
}

fn refusal(status: StatusCode, code: &'static str, message: &'static str, detail: &str) -> Refusal {
    let details = if detail.is_empty() { Vec::new() } else { vec![detail.to_owned()] };
    Refusal { status, code, message, details }
}

/// XML and ZIP under their names, and bytes without one.
fn is_taken(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known = ["application/xml", "text/xml", "application/zip", "application/x-zip-compressed", "application/octet-stream"];
    known.contains(&essence.as_str()) || essence.ends_with("+xml")
}

/// `on=2027-02-24`: the day whose rules are asked for.
fn asked_day(query: &str) -> Result<Option<Date>, Refusal> {
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("on="));
    let wrong =
        |asked| refusal(StatusCode::BAD_REQUEST, "request.date", "Write the day as YYYY-MM-DD, such as on=2027-02-24.", asked);
    asked.map(|asked| asked.parse().map_err(|_| wrong(asked))).transpose()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn a_body_that_is_too_large_or_too_slow_is_refused() {
        let limits = Limits { bytes: 8, wait: Duration::ZERO };
        let chunks = |chunks: &[&'static str]| stream::iter(chunks.to_vec()).map(Ok::<_, std::io::Error>);
        let check = async |length: Option<&str>, body: Body, expected: Result<&str, (u16, &str)>| {
            let mut request = Request::new(body);
            if let Some(length) = length {
                request.headers_mut().insert(header::CONTENT_LENGTH, length.parse().unwrap());
            }
            let taken = document(request, &limits).await;
            let taken = taken.as_deref().map_err(|refusal| (refusal.status.as_u16(), refusal.code));
            assert_eq!(taken, expected.map(str::as_bytes), "{length:?}");
        };
        let never = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        check(Some("8"), Body::from_stream(chunks(&["<invo", "x/>"])), Ok("<invox/>")).await;
        // What says so itself is not waited for.
        check(Some("9"), never(), Err((413, "request.too_large"))).await;
        check(None, Body::from_stream(chunks(&["<invo", "ice/>"]).chain(stream::pending())), Err((413, "request.too_large")))
            .await;
        check(Some("8"), never(), Err((408, "request.too_slow"))).await;
        check(None, Body::from_stream(chunks(&["<inv"]).chain(stream::pending())), Err((408, "request.too_slow"))).await;
        check(None, Body::empty(), Err((400, "request.empty"))).await;
    }

    #[test]
    fn xml_and_zip_are_taken() {
        for (media_type, expected) in [
            ("application/xml", true),
            ("text/XML; charset=utf-8", true),
            ("application/vnd.ubl+xml", true),
            ("application/zip", true),
            ("application/octet-stream", true),
            ("application/json", false),
            ("text/html", false),
            ("", false),
        ] {
            assert_eq!(is_taken(media_type), expected, "{media_type}");
        }
    }

    #[test]
    fn days_are_read_or_refused() {
        assert_eq!(asked_day("").unwrap(), None);
        assert_eq!(asked_day("a=b&on=2027-02-24").unwrap(), Some(jiff::civil::date(2027, 2, 24)));
        assert_eq!(asked_day("on=soon").unwrap_err().code, "request.date");
    }
}
