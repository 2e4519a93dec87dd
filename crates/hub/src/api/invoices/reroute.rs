//! Sending a parked invoice by another route, on the paths that the clients of Nordic ERPs know.

use axum::Json;
use axum::extract::{Path, State};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::Address;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::actions::reroute_invoice::{Instead, reroute_invoice};
use crate::api::access::Caller;
use crate::api::invoices::{Invoice, find, shown};
use crate::api::problem::{Answered, Problem, ProblemBody};
use crate::api::request::InJson;
use crate::hub::Hub;

/// Where the letter goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ByPrint {
    recipient_name: String,
    recipient_address1: String,
    #[serde(default)]
    recipient_address2: Option<String>,
    recipient_post_code: String,
    recipient_post_office: String,
    #[serde(default)]
    recipient_state: Option<String>,
    /// ISO 3166-1, two letters.
    recipient_country: String,
}

/// Where the e-mail goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ByEmail {
    recipient_email: String,
}

/// Where the e-invoice goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ByEinvoice {
    recipient_eia: String,
    #[serde(default)]
    #[allow(dead_code, reason = "known by its address; taken because clients send it")]
    recipient_operator: Option<String>,
}

/// Sends a parked invoice on paper
#[utoipa::path(put, path = "/v1/invoices/{id}/reroute/print", tag = "invoices", operation_id = "putV1InvoicesIdReroutePrint",
    request_body = ByPrint, params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours")),
    responses((status = 200, description = "It goes that way", body = Invoice),
        (status = 409, description = "It is not parked", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn print(
    State(hub): State<Hub>,
    caller: Caller,
    Path(id): Path<String>,
    InJson(wanted): InJson<ByPrint>,
) -> Answered<Json<Invoice>> {
    let text = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let address = Address {
        line1: text(wanted.recipient_address1),
        line2: wanted.recipient_address2.and_then(text),
        postal_code: text(wanted.recipient_post_code),
        city: text(wanted.recipient_post_office),
        subdivision: wanted.recipient_state.and_then(text),
        country: text(wanted.recipient_country).map(|country| country.to_ascii_uppercase()),
        ..Address::default()
    };
    let missing = [
        ("recipient_name", text(wanted.recipient_name.clone()).is_none()),
        ("recipient_address1", address.line1.is_none()),
        ("recipient_post_code", address.postal_code.is_none()),
        ("recipient_post_office", address.city.is_none()),
        ("recipient_country", address.country.is_none()),
    ];
    let faults: Vec<Fault> = missing
        .iter()
        .filter(|(_, is_missing)| *is_missing)
        .map(|(field, _)| Fault::fatal(codes::REQUEST_MISSING).at(*field).with("field", field))
        .collect();
    if !faults.is_empty() {
        return Err(Problem::all(faults));
    }
    let name = wanted.recipient_name.trim().to_owned();
    go(&hub, &caller, &id, Instead::Print { name, address: Box::new(address) }).await
}

/// Sends a parked invoice by e-mail
#[utoipa::path(put, path = "/v1/invoices/{id}/reroute/email", tag = "invoices", operation_id = "putV1InvoicesIdRerouteEmail",
    request_body = ByEmail, params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours")),
    responses((status = 200, description = "It goes that way", body = Invoice),
        (status = 409, description = "It is not parked", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn email(
    State(hub): State<Hub>,
    caller: Caller,
    Path(id): Path<String>,
    InJson(wanted): InJson<ByEmail>,
) -> Answered<Json<Invoice>> {
    go(&hub, &caller, &id, Instead::Email { to: wanted.recipient_email.trim().to_owned() }).await
}

/// Sends a parked invoice as an e-invoice
///
/// Always refused as yet: no access point is connected.
#[utoipa::path(put, path = "/v1/invoices/{id}/reroute/einvoice", tag = "invoices", operation_id = "putV1InvoicesIdRerouteEinvoice",
    request_body = ByEinvoice, params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours")),
    responses((status = 422, description = "It cannot go that way", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn einvoice(
    State(hub): State<Hub>,
    caller: Caller,
    Path(id): Path<String>,
    InJson(wanted): InJson<ByEinvoice>,
) -> Answered<()> {
    find(&hub, &caller, &id).await?;
    let refused = Fault::fatal(codes::LOOKUP_NETWORK).at("recipient_eia").with("network", wanted.recipient_eia);
    Err(Problem::of(refused))
}

async fn go(hub: &Hub, caller: &Caller, id: &str, instead: Instead) -> Answered<Json<Invoice>> {
    let stored = find(hub, caller, id).await?;
    reroute_invoice(hub, caller.company(), &stored.id, instead, &caller.by()).await?;
    Ok(Json(shown(hub, caller, &find(hub, caller, id).await?).await?))
}
