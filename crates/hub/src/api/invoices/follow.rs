//! What became of an invoice: the history that the clients of Nordic ERPs read, the whole story that they were never told, and calling it
//! back.

use axum::Json;
use axum::extract::{Path, State};
use kvitt_domain::delivery::{Purpose, State as DeliveryState};
use kvitt_domain::plan::{OrderFrom, Plan, Standing, Verdict};
use serde::Serialize;
use sqlx::AnyConnection;
use utoipa::ToSchema;

use crate::actions::explain::{self, Course};
use crate::actions::settle::{Decided, Settlement, settle};
use crate::api::access::Caller;
use crate::api::invoices::{AmountShown, Invoice, find, public_id, shown, status_of};
use crate::api::problem::{Answered, FaultShown, ProblemBody};
use crate::hub::Hub;
use crate::store::event::{self, StoredEvent};
use crate::store::invoice::StoredInvoice;

/// Something that happened to an invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct Action {
    /// `CREATED`, `SENT`, `DELIVERED`, `ERROR` or `INFO`.
    #[serde(rename = "type")]
    #[schema(pattern = "^(RECEIVED|CREATED|SENT|DELIVERED|INFO|ERROR)$")]
    kind: &'static str,
    /// `EINVOICE`, `EMAIL` or `PRINT`, where a route had to do with it.
    #[schema(pattern = "^(EINVOICE|PRINT|SCAN|EMAIL)$")]
    channel: Option<&'static str>,
    /// What happened, in words.
    message: String,
    #[schema(format = "date-time")]
    happened_at: String,
    /// The event's own name and number, for `GET /v1/events`.
    event: String,
    #[schema(minimum = 1)]
    number: i64,
}

/// Tells what happened to an invoice
///
/// Oldest first. `GET …/delivery` has the reasons in full.
#[utoipa::path(get, path = "/v1/invoices/{id}/actions", tag = "invoices", operation_id = "getV1InvoicesIdActions",
    params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours")),
    responses((status = 200, description = "What happened", body = Vec<Action>)))]
pub async fn actions(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<Vec<Action>>> {
    let stored = find(&hub, &caller, &id).await?;
    Ok(Json(of_invoice(&mut *hub.db().read().await?, &caller, &stored).await?))
}

/// The actions of an invoice.
pub async fn of_invoice(db: &mut AnyConnection, caller: &Caller, stored: &StoredInvoice) -> Answered<Vec<Action>> {
    let company = caller.company();
    let events = event::of_subject(db, &company.id, &company.key, &stored.id).await?;
    Ok(events.iter().map(|event| action(event, caller)).collect())
}

fn action(event: &StoredEvent, caller: &Caller) -> Action {
    let kind = match (event.machine.as_str(), event.to.as_str()) {
        _ if event.kind == "invoice.accepted" => "CREATED",
        ("delivery", _) if event.from == event.to => "INFO",
        ("delivery", "handed_over") => "SENT",
        ("delivery", "delivered" | "seen") => "DELIVERED",
        ("delivery", "parked" | "in_doubt") => "ERROR",
        _ => "INFO",
    };
    Action {
        kind,
        channel: route_of(&event.payload).and_then(channel),
        message: message(event, caller),
        happened_at: jiff::Timestamp::from_millisecond(event.at).unwrap_or_default().to_string(),
        event: event.kind.clone(),
        number: event.seq,
    }
}

/// The route that an event's payload names, wherever it does.
fn route_of(payload: &serde_json::Value) -> Option<&str> {
    payload.pointer("/event/route").or_else(|| payload.pointer("/route"))?.as_str()
}

fn channel(route: &str) -> Option<&'static str> {
    match route {
        "avtalegiro" | "efaktura" | "peppol" | "dpi" => Some("EINVOICE"),
        "email" => Some("EMAIL"),
        "print" => Some("PRINT"),
        _ => None,
    }
}

/// Where the event led, and the reason that it names.
fn message(event: &StoredEvent, caller: &Caller) -> String {
    let language = caller.language();
    let what = match (event.machine.as_str(), event.to.is_empty()) {
        (_, true) => event.kind.clone(),
        ("collection", _) => language.text(&format!("collection.{}", event.to), &[]),
        _ => language.text(&format!("state.{}", event.to), &[]),
    };
    match reasons(&event.payload, language).as_slice() {
        [] => what,
        reasons => format!("{what}: {}", reasons.join(" ")),
    }
}

/// The sentences of the faults that a payload holds.
fn reasons(payload: &serde_json::Value, language: kvitt_domain::Language) -> Vec<String> {
    let at = |pointer: &str| payload.pointer(pointer).cloned();
    let found = at("/event/why").or_else(|| at("/event/word/why")).or_else(|| at("/why")).unwrap_or_else(|| payload.clone());
    let faults = match found {
        serde_json::Value::Array(many) => many,
        one => vec![one],
    };
    let read = faults.into_iter().filter_map(|fault| serde_json::from_value::<kvitt_domain::Fault>(fault).ok());
    read.map(|fault| fault.sentence(language)).collect()
}

/// How a document was or would be sent: the ladder, with every reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
pub struct PlanShown {
    #[schema(format = "date-time")]
    made_at: String,
    /// `consumer` or `business`.
    recipient_type: &'static str,
    /// Where the order came from: `document`, `customer`, `company` or `default`.
    order_from: &'static str,
    /// The route that is used, if any is open.
    chosen: Option<String>,
    /// The routes in order.
    routes: Vec<RouteShown>,
    /// The price book that the prices come from.
    price_book: Option<String>,
    warnings: Vec<FaultShown>,
}

/// A route of a plan, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlannedRoute)]
pub struct RouteShown {
    route: String,
    /// `chosen`, `in_reserve`, `skipped` or `failed`.
    standing: &'static str,
    /// `open`, `closed` or `needs_lookup`.
    verdict: &'static str,
    /// Why it is closed, and what the sender should know.
    reasons: Vec<FaultShown>,
    price: Option<AmountShown>,
    /// The latest time at which it may still be sent this way.
    #[schema(format = "date-time")]
    latest_send_at: Option<String>,
}

impl PlanShown {
    /// A plan in a language.
    pub fn of(plan: &Plan, language: kvitt_domain::Language) -> PlanShown {
        let shown =
            |faults: &[kvitt_domain::Fault]| faults.iter().map(|fault| FaultShown::of(fault, language)).collect::<Vec<_>>();
        PlanShown {
            made_at: plan.made_at.to_string(),
            recipient_type: plan.recipient_type.name(),
            order_from: match plan.order_from {
                OrderFrom::Document => "document",
                OrderFrom::Customer => "customer",
                OrderFrom::Company => "company",
                OrderFrom::Default => "default",
            },
            chosen: plan.chosen().map(|rung| rung.route.to_string()),
            routes: plan
                .rungs
                .iter()
                .map(|rung| {
                    let (verdict, reasons, price, latest) = match &rung.verdict {
                        Verdict::Open { price, latest_send_at, warnings } => ("open", warnings, *price, *latest_send_at),
                        Verdict::Closed { reasons } => ("closed", reasons, None, None),
                        Verdict::NeedsLookup { price, warnings, .. } => ("needs_lookup", warnings, *price, None),
                    };
                    RouteShown {
                        route: rung.route.to_string(),
                        standing: match rung.standing {
                            Standing::Chosen => "chosen",
                            Standing::InReserve => "in_reserve",
                            Standing::Skipped => "skipped",
                            Standing::Failed => "failed",
                        },
                        verdict,
                        reasons: shown(reasons),
                        price: price.map(AmountShown::from),
                        latest_send_at: latest.map(|at| at.to_string()),
                    }
                })
                .collect(),
            price_book: plan.price_book.clone(),
            warnings: shown(&plan.warnings),
        }
    }
}

/// What became of a delivery, with every decision, try and answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// The invoice's id.
    invoice: String,
    /// `PENDING`, `DELIVERED` or `FAILED`.
    #[schema(pattern = "^(PENDING|DELIVERED|FAILED)$")]
    status: &'static str,
    /// The document itself; where its route is AvtaleGiro, the claim.
    bill: CourseShown,
    /// Telling the payer of the claim, where there is one and the payer is told by us.
    notice: Option<CourseShown>,
}

/// Where a delivery stands and how it came there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Course)]
pub struct CourseShown {
    /// One of the states of the documentation.
    state: String,
    #[schema(format = "date-time")]
    since: String,
    /// Until when it waits, where it does.
    #[schema(format = "date-time")]
    waits_until: Option<String>,
    /// Why it waits, is in doubt or is parked.
    why: Vec<FaultShown>,
    /// The route that it goes or went by.
    route: Option<String>,
    /// Every decision, oldest first.
    plans: Vec<PlanShown>,
    /// Every route tried, oldest first.
    attempts: Vec<AttemptShown>,
}

/// A route that was tried.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub struct AttemptShown {
    id: String,
    route: String,
    price: Option<AmountShown>,
    #[schema(format = "date-time")]
    opened_at: String,
    /// The counterparty's latest word: `handed_over`, `delivered`, `seen`, `refused`, `too_late`, `in_doubt`, `returned`, `withdrawn`.
    word: Option<String>,
    /// What was said and answered, in short.
    exchanges: Vec<ExchangeShown>,
}

/// One thing said and answered, or that arrived by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exchange)]
pub struct ExchangeShown {
    #[schema(format = "date-time")]
    at: String,
    said: String,
    answered: String,
}

/// Tells how an invoice is delivered, and why so
#[utoipa::path(get, path = "/v1/invoices/{id}/delivery", tag = "invoices", operation_id = "getV1InvoicesIdDelivery",
    params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours")),
    responses((status = 200, description = "Ladder, tries and answers", body = Delivery)))]
pub async fn delivery(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<Delivery>> {
    let stored = find(&hub, &caller, &id).await?;
    let story = explain::explain(&hub, caller.company(), &stored.id).await?;
    Ok(Json(Delivery {
        invoice: public_id(&stored),
        status: status_of(&story.bill.delivery.state),
        bill: course(&story.bill, &caller),
        notice: story.notice.as_ref().map(|notice| course(notice, &caller)),
    }))
}

fn course(course: &Course, caller: &Caller) -> CourseShown {
    let language = caller.language();
    let state = &course.delivery.state;
    let (waits_until, why) = match state {
        DeliveryState::Waiting { until, why } => (Some(until.to_string()), std::slice::from_ref(why)),
        DeliveryState::InDoubt { why, .. } => (None, std::slice::from_ref(why)),
        DeliveryState::Parked { why } => (None, why.as_slice()),
        _ => (None, &[][..]),
    };
    CourseShown {
        state: state.name().to_owned(),
        since: course.since.to_string(),
        waits_until,
        why: why.iter().map(|fault| FaultShown::of(fault, language)).collect(),
        route: state.route().map(ToString::to_string),
        plans: course.plans.iter().map(|plan| PlanShown::of(plan, language)).collect(),
        attempts: course
            .attempts
            .iter()
            .map(|tried| AttemptShown {
                id: tried.id.clone(),
                route: tried.route.clone(),
                price: tried.price.map(AmountShown::from),
                opened_at: tried.opened_at.to_string(),
                word: tried.word.as_ref().map(|word| word.name().to_owned()),
                exchanges: tried
                    .log
                    .iter()
                    .map(|line| ExchangeShown {
                        at: line.at.to_string(),
                        said: line.said.clone(),
                        answered: line.answered.clone(),
                    })
                    .collect(),
            })
            .collect(),
    }
}

/// Calls an invoice back
///
/// At once while nothing has left the house, else by asking the counterparty where that is possible; `GET …/delivery` tells what came of
/// it. Refused where it is too late.
#[utoipa::path(post, path = "/v1/invoices/{id}/recall", tag = "invoices", operation_id = "postV1InvoicesIdRecall",
    params(("id" = uuid::Uuid, Path, description = "The sender's own id or ours")),
    responses((status = 200, description = "It is called back, or the counterparty is asked", body = Invoice),
        (status = 409, description = "It cannot be called back any more", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn recall(State(hub): State<Hub>, caller: Caller, Path(id): Path<String>) -> Answered<Json<Invoice>> {
    let stored = find(&hub, &caller, &id).await?;
    let decided = Decided { invoice: &stored.id, purpose: Purpose::Bill, settlement: Settlement::Cancel };
    settle(&hub, caller.company(), decided, &caller.by()).await?;
    Ok(Json(shown(&hub, &caller, &stored).await?))
}
