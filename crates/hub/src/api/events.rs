//! `GET /v1/events`: everything that happened to a company, gap-free, in the order in which it was made durable. Whoever asks with
//! `wait` is answered when something happens, or with nothing when the time is over or the hub stops.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::access::Caller;
use crate::api::problem::Answered;
use crate::api::request::Asked;
use crate::hub::Hub;
use crate::store::event::{self, StoredEvent};

/// Events of one answer at most.
const MOST: i64 = 1000;
/// Seconds that are waited at most.
const LONGEST: i64 = 20;
/// How often it is looked while somebody waits: one probe of an index. Another hub on the database may have told something.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventShown {
    /// 1, 2, 3 … within the company, without gaps: the cursor.
    #[schema(minimum = 1)]
    number: i64,
    #[schema(format = "date-time")]
    at: String,
    /// Such as `delivery.said`.
    #[serde(rename = "type")]
    kind: String,
    /// What it is about: the `kvitt_id` of an invoice, mostly.
    subject: String,
    /// The state machine that moved; empty where none did.
    machine: String,
    from: String,
    to: String,
    /// What is known of it.
    payload: serde_json::Value,
    /// The hash of this and every event before it.
    hash: String,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    events: Vec<EventShown>,
    /// What `after` is for the next page.
    next: i64,
}

/// Tells what happened after a number
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "getV1Events",
    params(("after" = Option<i64>, Query, minimum = 0, description = "The last event that the caller has; 0 for all"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "At most so many; 100 by default"),
        ("wait" = Option<i64>, Query, minimum = 0, maximum = 20, description = "Seconds to wait for the first; 0 by default")),
    responses((status = 200, description = "Oldest first", body = EventPage)))]
pub async fn get(State(hub): State<Hub>, caller: Caller, asked: Asked) -> Answered<Json<EventPage>> {
    const USUAL: i64 = 100;
    let asked = asked.only(&["after", "limit", "wait"])?;
    let after = asked.number("after", 0..=i64::MAX, 0)?;
    let limit = asked.number("limit", 1..=MOST, USUAL)?;
    let wait = Duration::from_secs(asked.number("wait", 0..=LONGEST, 0)?.unsigned_abs());
    let (company, begun) = (caller.company(), Instant::now());
    // Whoever finds all places taken is answered at once, and asks again as often as it may.
    let place = hub.waiting().try_acquire();
    let mut stops = false;
    loop {
        let events = event::after(&mut *hub.db().read().await?, &company.id, &company.key, after, limit).await?;
        if !events.is_empty() || begun.elapsed() >= wait || place.is_err() || stops {
            caller.still_stands(&hub).await?;
            let next = events.last().map_or(after, |event| event.seq);
            return Ok(Json(EventPage { events: events.into_iter().map(shown).collect(), next }));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = hub.stopping() => stops = true,
        }
    }
}

fn shown(event: StoredEvent) -> EventShown {
    EventShown {
        number: event.seq,
        at: jiff::Timestamp::from_millisecond(event.at).unwrap_or_default().to_string(),
        kind: event.kind,
        subject: event.subject,
        machine: event.machine,
        from: event.from,
        to: event.to,
        payload: event.payload,
        hash: event.hash,
    }
}
