//! The signing service over HTTP: JSON for clients, a page for whoever signs.
//!
//! What is answered is decided in `counterparties/signing.rs`.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Redirect, Response};
use axum::routing::{get, post};
use serde_json::json;

use crate::counterparties::signing::{Outcome, Refused, SIGNING_TOKEN, Standing};
use crate::fronts::http::{Refusal, read_body};
use crate::world::World;

/// Where the service is.
pub const PATH: &str = "/signing";

/// The service and the signers' page.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/signing/v1/signing-requests", post(ask))
        .route("/signing/v1/signing-requests/{id}", get(standing))
        .route("/signing/sign/{id}", get(page))
        .route("/signing/sign/{id}/{answer}", post(answer))
}

async fn ask(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    admit(&headers)?;
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = read_body(&body)?;
    let now = world.clock.now();
    let asked = world.play().signing.ask(key, &wanted, now);
    let (id, records) = asked.map_err(|refused| match refused {
        Refused::KeyUsed => Refusal(StatusCode::CONFLICT, "this Idempotency-Key was used for another request".to_owned()),
        Refused::Unfit(field) => Refusal::bad(format!("{field}: missing, or does not fit")),
    })?;
    if !records.is_empty() {
        world.sign(records).await.map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    }
    let url = format!("http://{}{PATH}/sign/{id}", host(&headers)?);
    let found = found(&world, &id)?;
    let mut shown = json!(found);
    shown["signing_url"] = json!(url);
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

async fn standing(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Standing>, Refusal> {
    admit(&headers)?;
    let Path(id) = id?;
    found(&world, &id).map(Json)
}

/// What is to be signed, with two buttons while there is something to answer.
async fn page(State(world): State<Arc<World>>, id: Result<Path<String>, PathRejection>) -> Result<Html<String>, Refusal> {
    let Path(id) = id?;
    let found = found(&world, &id)?;
    let play = world.play();
    let wanted = play.signing.wanted(&id).ok_or_else(no_such)?;
    let status = match found.status {
        "waiting" => "<form method=\"post\" action=\"SIGN/signed\"><button>Signer</button></form>\
                      <form method=\"post\" action=\"SIGN/refused\"><button>Avslå</button></form>"
            .replace("SIGN", &format!("{PATH}/sign/{id}")),
        other => format!("<p role=\"status\">{}</p>", escaped(other)),
    };
    let values = [
        ("{title}", &wanted.title),
        ("{text}", &wanted.text),
        ("{organisation}", &wanted.organisation_number),
        ("{signer}", &wanted.signer.name),
    ];
    let page = include_str!("signing/page.html").replace("{status}", &status);
    Ok(Html(values.iter().fold(page, |page, (name, value)| page.replace(name, &escaped(value)))))
}

async fn answer(
    State(world): State<Arc<World>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Redirect, Refusal> {
    let Path((id, answer)) = path?;
    let outcome = match answer.as_str() {
        "signed" => Outcome::Signed,
        "refused" => Outcome::Refused("The signer has refused".to_owned()),
        _ => return Err(no_such()),
    };
    let now = world.clock.now();
    let record = world.play().signing.answer(&id, outcome, now);
    let record = record.ok_or_else(|| Refusal(StatusCode::CONFLICT, "there is nothing to answer any more".to_owned()))?;
    world.sign(vec![record]).await.map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(Redirect::to(&format!("{PATH}/sign/{id}")))
}

fn found(world: &World, id: &str) -> Result<Standing, Refusal> {
    world.play().signing.standing(id, world.clock.now()).ok_or_else(no_such)
}

fn no_such() -> Refusal {
    Refusal::not_found("there is no such signing request")
}

fn admit(headers: &HeaderMap) -> Result<(), Refusal> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if bearer.and_then(|text| text.strip_prefix("Bearer ")) == Some(SIGNING_TOKEN) {
        return Ok(());
    }
    Err(Refusal(StatusCode::UNAUTHORIZED, "the bearer token is wrong or missing".to_owned()))
}

/// The address that the client reached the service by.
fn host(headers: &HeaderMap) -> Result<&str, Refusal> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    host.ok_or_else(|| Refusal::bad("the Host header is missing"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
