//! What the hub answers over HTTP: whether it is well (`/healthz`, `/readyz`), its figures (`/metrics`), what the rules say of a
//! document (`validate`), and the files that letters link to.
//!
//! A file's address is unguessable and holds nothing of the recipient. It is never indexed or cached by others, and it ends
//! sixteen months after its invoice was accepted.

mod validate;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tracing::Instrument as _;

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::{artefact, company};

/// How long a link works: what the bill hosts of the rails promise (16 months).
const LINK_LIVES_MS: i64 = 16 * 31 * 24 * 3_600_000;

/// The addresses of the hub.
pub fn router(hub: Hub) -> Router {
    let judging =
        Router::new().route("/v1/validate", post(validate::post)).with_state((hub.clone(), Arc::new(validate::Bench::new())));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/document/{company}/{link}", get(document))
        .with_state(hub.clone())
        .merge(judging)
        .layer(middleware::from_fn_with_state(hub, with_id))
}

/// Gives every request an id, which stands in each line of the log that is written for it and in the answer, and counts it.
async fn with_id(State(hub): State<Hub>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    // The pattern and not the path: that holds the unguessable part of a link.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let id = uuid::Uuid::now_v7().to_string();
    let span = tracing::info_span!("request", request = %id, method = %request.method(), route);
    let mut response = async {
        let response = next.run(request).await;
        tracing::debug!(status = response.status().as_u16(), ms = begun.elapsed().as_millis() as u64, "answered");
        response
    }
    .instrument(span)
    .await;
    hub.meters().request(&route, response.status().as_u16(), begun.elapsed());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

async fn metrics(State(hub): State<Hub>) -> Response {
    match hub.metrics().await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the metrics could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// Ready means: a write can be made durable now.
async fn ready(State(hub): State<Hub>) -> Response {
    match hub.db().writer().run(|_| Box::pin(async { Ok(()) })).await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not take writes\n").into_response()
        }
    }
}

async fn document(State(hub): State<Hub>, Path((company, link)): Path<(String, String)>) -> Response {
    match find_document(&hub, &company, &link).await {
        Ok(found) => found,
        Err(Error::NotFound(_)) => {
            (StatusCode::NOT_FOUND, "There is no document at this address, or its time is over.\n").into_response()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a linked document could not be read");
            (StatusCode::INTERNAL_SERVER_ERROR, "The document cannot be shown now. Please try again later.\n").into_response()
        }
    }
}

async fn find_document(hub: &Hub, company: &str, link: &str) -> Result<Response> {
    let gone = || Error::NotFound("the document".into());
    let mut db = hub.db().read().await?;
    let company = company::by_id(&mut db, hub.vault(), company).await?;
    let (name, media_type, digest, accepted_at) = artefact::by_link(&mut db, &company.id, link).await?.ok_or_else(gone)?;
    if hub.clock().business_ms() - accepted_at > LINK_LIVES_MS {
        return Err(gone());
    }
    let bytes = artefact::read(&mut db, hub.objects(), &company.id, &company.key, &digest).await?;
    let mut headers = HeaderMap::new();
    let media_type = HeaderValue::from_str(&media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media_type);
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect();
    if let Ok(disposition) = HeaderValue::from_str(&format!("inline; filename=\"{safe}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow, noarchive"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // An attachment may be HTML: it must not run as a page of ours.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'"),
    );
    Ok((headers, bytes).into_response())
}
