//! Invoices that come again: the list, beginning one from a draft, ending one.

use askama::Template;
use axum::extract::{Path, State};
use kvitt_domain::invoicing::recurrence::Does;

use crate::actions::repeat_draft;
use crate::hub::Hub;
use crate::store::recurrence::{self, StoredRecurrence};
use crate::web::boxes::{Texts, sheet_of, version_of};
use crate::web::drafts;
use crate::web::form::{Form, faults_of};
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::session::Person;
use crate::web::{Page, back_with, given_back, shown};

#[derive(Template)]
#[template(path = "recurring.html")]
struct List {
    frame: Frame,
    texts: Texts,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    version: i64,
    name: String,
    every: String,
    next: String,
    does: String,
    state: Badge,
    is_running: bool,
}

/// The list.
pub async fn list(State(hub): State<Hub>, person: Person) -> Page {
    let (company, words) = (person.company(), person.words());
    let texts = Texts(words);
    let all = recurrence::all(&mut *hub.db().read().await?, &company.id, &company.key).await?;
    let row = |of: StoredRecurrence| Row {
        every: match of.recurrence.every_months {
            1 => texts.t("recurring.monthly"),
            12 => texts.t("recurring.yearly"),
            months => texts.with("recurring.every", "months", months),
        },
        next: of.recurrence.day(of.next).filter(|_| of.is_running).map(|on| words.date(on)).unwrap_or_default(),
        does: texts.t(match of.recurrence.does {
            Does::Draft => "recurring.drafts",
            Does::Finalise => "recurring.finalises",
        }),
        state: match of.is_running {
            true => Badge::new(Mood::Going, texts.t("recurring.running")),
            false => Badge::new(Mood::Quiet, texts.t("recurring.ended")),
        },
        name: if of.name.is_empty() { texts.t("drafts.nobody") } else { of.name },
        is_running: of.is_running,
        version: of.version,
        id: of.id,
    };
    shown(&List {
        frame: Frame::titled(person.visitor(), texts.t("recurring.title"), Here::Recurring),
        texts,
        rows: all.into_iter().map(row).collect(),
    })
}

/// Lets a draft come again.
pub async fn begin(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    let sheet = sheet_of(&form);
    match faults_of(repeat_draft::begin(&hub, person.company(), &id, &sheet).await)? {
        Ok(_) => Ok(back_with(&hub, "/recurring", "recurring_begun")),
        Err(faults) => given_back(drafts::with_faults(&hub, &person, &id, &sheet, faults).await),
    }
}

/// Ends one.
pub async fn end(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    repeat_draft::end(&hub, person.company(), &id, version_of(&form)).await?;
    Ok(back_with(&hub, "/recurring", "recurring_ended"))
}
