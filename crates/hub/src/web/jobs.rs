//! What is still to be done for a company by itself, the stuck first: those only a person moves.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;

use crate::actions::settle;
use crate::hub::Hub;
use crate::store::job;
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::session::{self, Person};
use crate::web::{Page, on_to, shown};

#[derive(Template)]
#[template(path = "jobs.html")]
struct Jobs {
    frame: Frame,
    rows: Vec<Row>,
    may_act: bool,
}

struct Row {
    id: String,
    kind: String,
    state: Badge,
    is_stuck: bool,
    due: String,
    faults: String,
    why: String,
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person) -> Page {
    let words = person.words();
    let jobs = job::list(&mut *hub.db().read().await?, &person.company().id).await?;
    let row = |job: job::Shown| Row {
        state: match job.stuck {
            true => Badge::new(Mood::Needed, words.t("jobs.stuck")),
            false => Badge::new(Mood::Going, words.t("jobs.waits")),
        },
        is_stuck: job.stuck,
        kind: words.title("job", &job.kind),
        due: words.time_ms(job.due_at),
        faults: words.count(job.faults),
        why: kvitt_domain::identifiers::without_identity_numbers(&job.why).into_owned(),
        id: job.id,
    };
    shown(&Jobs {
        frame: Frame::of(&person, "jobs.title", Here::Jobs),
        rows: jobs.into_iter().map(row).collect(),
        may_act: person.may(kvitt_domain::person::Role::Invoicing),
    })
}

/// A person moves a stuck job.
pub async fn unstick(State(hub): State<Hub>, person: Person, Path(id): Path<String>) -> Page {
    settle::unstick(&hub, person.company(), &id).await?;
    let mut response = on_to("/jobs");
    response.headers_mut().append(header::SET_COOKIE, session::flash(&hub, "decided"));
    Ok(response)
}
