//! Everything that happened in a company, the newest first: who did what, and what came of it.

use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;

use crate::actions::explain;
use crate::hub::Hub;
use crate::store::event;
use crate::web::frame::{Frame, Here, Html};
use crate::web::invoice::story;
use crate::web::session::Person;
use crate::web::{Page, shown};

/// Events of one page.
const PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "events.html")]
struct Events {
    frame: Frame,
    rows: Vec<Row>,
    older: Option<String>,
    is_newest: bool,
}

struct Row {
    seq: i64,
    at: String,
    mood: &'static str,
    icon: Html,
    text: String,
    detail: String,
    /// The invoice that it is about, where it is about one.
    invoice: Option<String>,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    before: Option<i64>,
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person, Query(asked): Query<Asked>) -> Page {
    let words = person.words();
    let last = event::last(&mut *hub.db().read().await?, &person.company().id).await?;
    let before = asked.before.unwrap_or(i64::MAX).clamp(1, last + 1);
    let after = (before - 1 - PAGE).max(0);
    let limit = u32::try_from(before - 1 - after).unwrap_or(0);
    let told = if limit == 0 { Vec::new() } else { explain::events(&hub, person.company(), after, limit).await? };
    let row = |event: &serde_json::Value| {
        let moment = story::moment(event, words);
        let kind = event["kind"].as_str().unwrap_or_default();
        let thing = kind.split('.').next().unwrap_or_default();
        let is_of_invoice = matches!(thing, "invoice" | "delivery" | "notice" | "collection" | "claim" | "lookup");
        Row {
            seq: event["seq"].as_i64().unwrap_or_default(),
            at: moment.at,
            mood: moment.mood,
            icon: moment.icon,
            text: moment.text,
            detail: moment.detail,
            invoice: is_of_invoice.then(|| event["subject"].as_str().unwrap_or_default().to_owned()),
        }
    };
    shown(&Events {
        frame: Frame::of(&person, "events.title", Here::Events),
        rows: told.iter().rev().map(row).collect(),
        older: (after > 0).then(|| format!("/events?before={}", after + 1)),
        is_newest: before > last,
    })
}
