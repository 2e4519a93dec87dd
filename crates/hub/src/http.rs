//! What the hub answers over HTTP: whether it is well (`/healthz`, `/readyz`), its figures (`/metrics`), what the rules say of a
//! document (`validate`), the files that letters link to (`documents`), the bills that banks open (`bills`), and the page that leads customers to the rail's
//! form for mandates (`mandates`); and the API ([`api`]) and the pages ([`web`]) beside them.
//!
//! A file's address is unguessable and holds nothing of the recipient. It is never indexed or cached by others, and it ends
//! sixteen months after its invoice was accepted.

mod bills;
mod caller;
mod documents;
mod mandates;
mod validate;

pub use documents::{attached, inline};

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kvitt_domain::Language;
use kvitt_domain::fault::codes;
use tracing::Instrument as _;

use crate::api::access::language_of;
use crate::api::problem::Problem;
use crate::http::caller::Proxies;
use crate::hub::Hub;
use crate::{api, web};

/// The id of a request, which stands in each line of the log that is written for it, and in its answer.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The addresses of the hub.
pub fn router(hub: Hub) -> Router {
    let proxies = Arc::new(Proxies { networks: hub.config().proxy_networks(), header: hub.config().proxy_header });
    let judging =
        Router::new().route("/v1/validate", post(validate::post)).with_state((hub.clone(), Arc::new(validate::Bench::new())));
    let banks = Router::new()
        .route("/bill/{company}/{link}", get(bills::page))
        .route("/bill/{company}/{link}/{position}", get(bills::file))
        .with_state(bills::Host::new(hub.clone()));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/document/{company}/{link}", get(documents::get))
        .route("/mandate/{company}/{offer}", get(mandates::page))
        .route("/mandate/{company}/{offer}/back", get(mandates::back))
        .with_state(hub.clone())
        .merge(banks)
        .merge(judging)
        .merge(api::router(&hub))
        .merge(web::router(&hub))
        .layer(middleware::from_fn_with_state((hub, proxies), with_id))
}

/// Gives every request an id, which stands in each line of the log that is written for it and in the answer, and counts it.
async fn with_id(State((hub, proxies)): State<(Hub, Arc<Proxies>)>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    proxies.place(&mut request);
    // The pattern and not the path: that holds the unguessable part of a link.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let id = uuid::Uuid::now_v7().to_string();
    let span = tracing::info_span!("request", request = %id, method = %request.method(), route);
    let (language, headers) = (language_of(request.headers()), request.headers().clone());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = async {
        let response = next.run(request).await;
        let is_lost = response.extensions().get::<Problem>().is_some_and(|problem| problem.is(codes::PATH_UNKNOWN));
        let response = match is_lost && wants_page(&headers) {
            true => web::guard::lost(&hub, &headers, &id),
            false => in_words(response, language, &id),
        };
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

/// Whether a browser asks, and not a program.
fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

/// What is not done is said in the caller's language, with the request's id.
fn in_words(response: Response, language: Language, id: &str) -> Response {
    match response.extensions().get::<Problem>() {
        Some(problem) => {
            let mut told = problem.answer(language, id);
            // What was added on the way, such as the methods that a path has.
            for (name, value) in response.headers() {
                if *name != header::CONTENT_LENGTH && !told.headers().contains_key(name) {
                    told.headers_mut().insert(name.clone(), value.clone());
                }
            }
            told
        }
        None => response,
    }
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
