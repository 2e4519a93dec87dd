//! The mandates that payers gave for direct debit: listed, and found by whatever names one.

use askama::Template;
use axum::extract::{Query, State};
use kvitt_domain::mandate::Mandate;
use serde::Deserialize;

use crate::actions::find_mandates::{MandateAsk, ask};
use crate::desk::Answer;
use crate::hub::Hub;
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::session::Person;
use crate::web::words::Words;
use crate::web::{Page, shown};

#[derive(Template)]
#[template(path = "mandates.html")]
struct Mandates {
    frame: Frame,
    q: String,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    kid: String,
    account: String,
    payer: String,
    status: Badge,
    wants_notice: String,
    changed: String,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    account: String,
    after: String,
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person, Query(asked): Query<Asked>) -> Page {
    let words = person.words();
    let q: String = asked.q.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    let what = match q.as_str() {
        "" => MandateAsk::List { after: (asked.account, asked.after) },
        q => MandateAsk::Find { text: q.to_owned() },
    };
    let (mandates, next) = match ask(&hub, person.company(), what).await? {
        Answer::Mandates { mandates, next } => (mandates, next),
        _ => (Vec::new(), None),
    };
    let address = |(account, after): (String, String)| {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("account", &account)
            .append_pair("after", &after)
            .finish();
        format!("/mandates?{query}")
    };
    shown(&Mandates {
        frame: Frame::of(&person, "mandates.title", Here::Mandates),
        q,
        rows: mandates.iter().map(|mandate| row(mandate, words)).collect(),
        next: next.map(address),
    })
}

fn row(mandate: &Mandate, words: Words) -> Row {
    let mood = if mandate.is_active() { Mood::Good } else { Mood::Quiet };
    Row {
        kid: mandate.kid.clone(),
        account: mandate.bank_account.clone(),
        payer: mandate.payer_account.clone().unwrap_or_default(),
        status: Badge::new(mood, words.title("mandate_status", mandate.status.name())),
        wants_notice: words.t(if mandate.wants_notice { "mandates.notice.yes" } else { "mandates.notice.no" }),
        changed: words.time(mandate.updated_at),
    }
}
