//! `/v1/company/notifications`: a company's webhooks, in the shape that clients of Nordic ERPs know, and on the same paths what those
//! lack: a secret that can be changed, a test call, the log, telling again, and going on after a stop. `docs/webhooks.md` says what is told.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actions::change_webhook::{self, NewWebhook, WebhookShown};
use crate::api::access::Caller;
use crate::api::problem::{Answered, FaultShown, Problem, ProblemBody};
use crate::api::request::{Asked, InJson};
use crate::hub::Hub;
use crate::store::webhook::{State as WebhookState, Try};

/// The only kind of destination that there is: nobody is notified by e-mail, and no key speaks for several companies.
const WEBHOOK: &str = "WEBHOOK";

/// A webhook that is to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationWanted {
    /// `WEBHOOK`.
    #[schema(pattern = "^WEBHOOK$")]
    destination_type: String,
    /// Where it is: `https://host/path`.
    #[schema(format = "uri", max_length = 2048)]
    destination: String,
    /// Kinds of events such as `invoice.accepted`, beginnings such as `delivery.*`, `*` for all, or `DOCUMENTS.INVOICE.DELIVERED`,
    /// `DOCUMENTS.INVOICE.DELIVERY_CONFIRMED`, `DOCUMENTS.INVOICE.FAILED`.
    #[schema(min_items = 1, max_items = 50)]
    events: Vec<String>,
    /// The number of the event after which it is told; what happens from now on where it is left out.
    #[schema(minimum = 0)]
    after: Option<i64>,
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notification {
    #[schema(format = "uuid")]
    id: String,
    destination_type: &'static str,
    destination: String,
    events: Vec<String>,
    /// `active`, or `stopped` until it is enabled.
    #[schema(pattern = "^(active|stopped)$")]
    state: &'static str,
    /// Why it was stopped.
    why: Option<FaultShown>,
    #[schema(format = "date-time")]
    since: String,
    /// The number of the last event that it took or does not want.
    #[schema(minimum = 0)]
    told: i64,
    /// The number of the company's last event.
    #[schema(minimum = 0)]
    last: i64,
    /// When the next event is tried again, where it was not taken.
    #[schema(format = "date-time")]
    next_try_at: Option<String>,
    /// Until when messages are signed with the secret before the newest one too.
    #[schema(format = "date-time")]
    old_secret_until: Option<String>,
    #[schema(format = "date-time")]
    created_at: String,
    /// What messages are signed with: shown when it is made, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// One try of telling a webhook something.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationTry {
    /// The number of the event; 0 for a test call.
    #[schema(minimum = 0)]
    event: i64,
    #[serde(rename = "type")]
    kind: String,
    #[schema(format = "date-time")]
    at: String,
    /// The status of the answer; 0 where there was none.
    #[schema(minimum = 0)]
    status: i64,
    /// Whether it counts as told.
    taken: bool,
    /// Why it does not; empty where it does.
    why: String,
    #[schema(minimum = 0)]
    took_ms: i64,
}

/// Lists the webhooks
#[utoipa::path(get, path = "/v1/company/notifications", tag = "notifications", operation_id = "getV1CompanyNotifications",
    responses((status = 200, description = "The oldest first", body = Vec<Notification>)))]
pub async fn list(State(hub): State<Hub>, caller: Caller, asked: Asked) -> Answered<Json<Vec<Notification>>> {
    asked.only(&[])?;
    let all = change_webhook::list(&hub, caller.company()).await?;
    Ok(Json(all.into_iter().map(|shown| notification(shown, &caller, None)).collect()))
}

/// Adds a webhook
///
/// The answer holds its secret, this once.
#[utoipa::path(post, path = "/v1/company/notifications", tag = "notifications", operation_id = "postV1CompanyNotifications",
    request_body = NotificationWanted,
    responses((status = 201, description = "It is added", body = Notification),
        (status = "4XX", description = "It is not, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post(
    State(hub): State<Hub>,
    caller: Caller,
    InJson(wanted): InJson<NotificationWanted>,
) -> Answered<(StatusCode, Json<Notification>)> {
    if wanted.destination_type != WEBHOOK {
        return Err(Problem::value("destination_type", wanted.destination_type));
    }
    let new = NewWebhook { address: wanted.destination, events: wanted.events, after: wanted.after };
    let added = change_webhook::add(&hub, caller.company(), new).await?;
    Ok((StatusCode::CREATED, Json(notification(added.webhook, &caller, Some(added.secret)))))
}

/// Shows a webhook
#[utoipa::path(get, path = "/v1/company/notifications/{id}", tag = "notifications", operation_id = "getV1CompanyNotificationsId",
    params(("id" = uuid::Uuid, Path, description = "The webhook")),
    responses((status = 200, description = "The webhook", body = Notification)))]
pub async fn get(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<Notification>> {
    let shown = change_webhook::one(&hub, caller.company(), &whole(&id)).await?;
    Ok(Json(notification(shown, &caller, None)))
}

/// Removes a webhook
#[utoipa::path(delete, path = "/v1/company/notifications/{id}", tag = "notifications", operation_id = "deleteV1CompanyNotificationsId",
    params(("id" = uuid::Uuid, Path, description = "The webhook")),
    responses((status = 204, description = "It is removed")))]
pub async fn delete(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<StatusCode> {
    change_webhook::remove(&hub, caller.company(), &whole(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a webhook go on
///
/// One that was stopped is told from where it stood; one that waits is tried at once.
#[utoipa::path(post, path = "/v1/company/notifications/{id}/enable", tag = "notifications",
    operation_id = "postV1CompanyNotificationsIdEnable", params(("id" = uuid::Uuid, Path, description = "The webhook")),
    responses((status = 200, description = "The webhook", body = Notification)))]
pub async fn enable(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<Notification>> {
    change_webhook::enable(&hub, caller.company(), &whole(&id)).await?;
    get(State(hub), caller, Path(id)).await
}

/// Tells what came of the last tries
#[utoipa::path(get, path = "/v1/company/notifications/{id}/log", tag = "notifications",
    operation_id = "getV1CompanyNotificationsIdLog", params(("id" = uuid::Uuid, Path, description = "The webhook")),
    responses((status = 200, description = "The last hundred, the newest first", body = Vec<NotificationTry>)))]
pub async fn log(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<Vec<NotificationTry>>> {
    let tries = change_webhook::log(&hub, caller.company(), &whole(&id)).await?;
    Ok(Json(tries.into_iter().map(tried).collect()))
}

/// Tells a webhook again, from an event on
///
/// The messages have the ids that they had before.
#[utoipa::path(post, path = "/v1/company/notifications/{id}/replay", tag = "notifications",
    operation_id = "postV1CompanyNotificationsIdReplay",
    params(("id" = uuid::Uuid, Path, description = "The webhook"),
        ("from" = i64, Query, minimum = 1, description = "The number of the first event to tell")),
    responses((status = 200, description = "The webhook", body = Notification)))]
pub async fn replay(
    State(hub): State<Hub>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Asked,
) -> Answered<Json<Notification>> {
    change_webhook::one(&hub, caller.company(), &whole(&id)).await?;
    let asked = asked.only(&["from"])?;
    if asked.one("from")?.is_none() {
        return Err(Problem::missing("from"));
    }
    let from = asked.number("from", 1..=i64::MAX, 1)?;
    change_webhook::replay(&hub, caller.company(), &whole(&id), from).await?;
    get(State(hub), caller, Path(id)).await
}

/// Makes a new secret
///
/// The answer holds it, this once. For 24 hours messages are signed with the one before it too.
#[utoipa::path(post, path = "/v1/company/notifications/{id}/secret", tag = "notifications",
    operation_id = "postV1CompanyNotificationsIdSecret", params(("id" = uuid::Uuid, Path, description = "The webhook")),
    responses((status = 200, description = "The webhook with its new secret", body = Notification)))]
pub async fn rotate(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<Notification>> {
    let made = change_webhook::rotate(&hub, caller.company(), &whole(&id)).await?;
    Ok(Json(notification(made.webhook, &caller, Some(made.secret))))
}

/// Calls a webhook once
///
/// With a message of the type `webhook.test`, which is no event. Whether it was taken stands in the answer.
#[utoipa::path(post, path = "/v1/company/notifications/{id}/test", tag = "notifications",
    operation_id = "postV1CompanyNotificationsIdTest", params(("id" = uuid::Uuid, Path, description = "The webhook")),
    responses((status = 200, description = "What came of it", body = NotificationTry)))]
pub async fn test(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<NotificationTry>> {
    Ok(Json(tried(change_webhook::test(&hub, caller.company(), &whole(&id)).await?)))
}

/// Programs name a webhook by its whole id; the beginning of one is for people. What is none names nothing.
fn whole(id: &str) -> String {
    uuid::Uuid::parse_str(id).map_or_else(|_| format!("{id}?"), |id| id.to_string())
}

fn notification(shown: WebhookShown, caller: &Caller, secret: Option<String>) -> Notification {
    let (state, why) = match &shown.state {
        WebhookState::Active { .. } => ("active", None),
        WebhookState::Stopped { why } => ("stopped", Some(FaultShown::of(why, caller.language()))),
    };
    Notification {
        id: shown.id,
        destination_type: WEBHOOK,
        destination: shown.address,
        events: shown.events,
        state,
        why,
        since: shown.since.to_string(),
        told: shown.told,
        last: shown.last,
        next_try_at: shown.next_try_at.map(|at| at.to_string()),
        old_secret_until: shown.old_secret_until.map(|at| at.to_string()),
        created_at: shown.made_at.to_string(),
        secret,
    }
}

fn tried(entry: Try) -> NotificationTry {
    NotificationTry {
        event: entry.event,
        kind: entry.kind,
        at: jiff::Timestamp::from_millisecond(entry.at).unwrap_or_default().to_string(),
        status: entry.status,
        taken: entry.why.is_empty(),
        why: entry.why,
        took_ms: entry.took_ms,
    }
}
