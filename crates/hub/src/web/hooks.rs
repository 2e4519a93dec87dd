//! Webhooks: programs of the company's that are told of its events.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::Response;

use crate::actions::change_webhook::{self, NewWebhook, WebhookShown};
use crate::hub::Hub;
use crate::store::webhook::{State as Standing, Try};
use crate::web::form::{Filled, Form, faults_of};
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::keys::Secret;
use crate::web::session::{self, Person};
use crate::web::words::Words;
use crate::web::{Page, given_back, on_to, shown};

#[derive(Template)]
#[template(path = "hooks.html")]
struct Hooks {
    frame: Frame,
    rows: Vec<Row>,
    form: Filled,
}

struct Row {
    id: String,
    address: String,
    events: String,
    state: Badge,
    why: Option<(String, String)>,
    is_stopped: bool,
    told: String,
    next: String,
}

#[derive(Template)]
#[template(path = "hook.html")]
struct Hook {
    frame: Frame,
    row: Row,
    tries: Vec<Tried>,
}

struct Tried {
    at: String,
    what: String,
    state: Badge,
    took: String,
}

/// The list.
pub async fn get(State(hub): State<Hub>, person: Person) -> Page {
    page(&hub, &person, Filled::empty(person.words()).with("events", "*")).await
}

async fn page(hub: &Hub, person: &Person, form: Filled) -> Page {
    let words = person.words();
    let rows = change_webhook::list(hub, person.company()).await?;
    let rows = rows.into_iter().map(|hook| row(hook, words)).collect();
    shown(&Hooks { frame: Frame::of(person, "hooks.title", Here::Hooks), rows, form })
}

fn row(hook: WebhookShown, words: Words) -> Row {
    let (state, why) = match &hook.state {
        Standing::Active { faults: 0 } => (Badge::new(Mood::Good, words.t("hooks.active")), None),
        Standing::Active { .. } => (Badge::new(Mood::Going, words.t("hooks.retrying")), None),
        Standing::Stopped { why } => (Badge::new(Mood::Needed, words.t("hooks.stopped")), Some(words.fault(why))),
    };
    Row {
        id: hook.id,
        address: hook.address,
        events: hook.events.join(", "),
        state,
        is_stopped: why.is_some(),
        why,
        told: format!("{} / {}", words.count(hook.told), words.count(hook.last)),
        next: hook.next_try_at.map(|at| words.time(at)).unwrap_or_default(),
    }
}

/// One webhook, with what it was told of late.
pub async fn one(State(hub): State<Hub>, person: Person, Path(id): Path<String>) -> Page {
    let words = person.words();
    let hook = change_webhook::one(&hub, person.company(), &id).await?;
    let tries = change_webhook::log(&hub, person.company(), &hook.id).await?;
    let tried = |one: Try| Tried {
        at: words.time_ms(one.at),
        what: if one.event == 0 { words.t("hooks.test") } else { format!("#{} {}", one.event, words.name("event", &one.kind)) },
        state: match one.why.as_str() {
            "" => Badge::new(Mood::Good, one.status.to_string()),
            why => Badge::new(Mood::Bad, format!("{} {why}", one.status)),
        },
        took: format!("{} ms", words.count(one.took_ms)),
    };
    shown(&Hook {
        frame: Frame::of(&person, "hooks.one", Here::Hooks),
        row: row(hook, words),
        tries: tries.into_iter().map(tried).collect(),
    })
}

/// Adds one, and shows its secret once.
pub async fn add(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let events =
        form.get("events").split([',', ' ', '\n']).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
    let new = NewWebhook { address: form.get("address").to_owned(), events, after: None };
    match faults_of(change_webhook::add(&hub, person.company(), new).await)? {
        Ok(made) => secret(&person, made.secret),
        Err(faults) => given_back(page(&hub, &person, Filled::refused(person.words(), &form, faults)).await),
    }
}

fn secret(person: &Person, secret: String) -> Page {
    let words = person.words();
    shown(&Secret {
        frame: Frame::of(person, "hooks.made.title", Here::Hooks),
        lead: words.t("hooks.made.lead"),
        facts: Vec::new(),
        secret,
        back: "/webhooks",
        back_text: words.t("hooks.back"),
    })
}

/// Does something with one.
pub async fn act(State(hub): State<Hub>, person: Person, Path((id, what)): Path<(String, String)>) -> Page {
    let company = person.company();
    match what.as_str() {
        "rotate" => return secret(&person, change_webhook::rotate(&hub, company, &id).await?.secret),
        "test" => {
            change_webhook::test(&hub, company, &id).await?;
            return Ok(said(&hub, &format!("/webhooks/{id}"), "hook_tested"));
        }
        "enable" => change_webhook::enable(&hub, company, &id).await?,
        "remove" => {
            change_webhook::remove(&hub, company, &id).await?;
            return Ok(said(&hub, "/webhooks", "hook_removed"));
        }
        _ => {
            let unknown = kvitt_domain::Fault::fatal(kvitt_domain::fault::codes::PAGE_UNKNOWN);
            return Err(crate::api::problem::Problem::of(unknown));
        }
    }
    Ok(said(&hub, &format!("/webhooks/{id}"), "decided"))
}

fn said(hub: &Hub, path: &str, flash: &str) -> Response {
    let mut response = on_to(path);
    response.headers_mut().append(header::SET_COOKIE, session::flash(hub, flash));
    response
}
