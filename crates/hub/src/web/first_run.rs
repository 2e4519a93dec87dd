//! The first visit: the code that the hub printed, a company, and the first person.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use kvitt_domain::person::SHORTEST_PASSWORD;

use crate::actions::begin::{self, Beginning};
use crate::hub::Hub;
use crate::store::{company, person};
use crate::web::form::{Filled, Form, faults_of};
use crate::web::frame::{Frame, Here};
use crate::web::guard::{Gate, Peer};
use crate::web::session::Visitor;
use crate::web::{Page, given_back, on_to, shown, sign_in};

#[derive(Template)]
#[template(path = "first_run.html")]
struct FirstRun {
    frame: Frame,
    form: Filled,
    has_companies: bool,
    shortest: String,
}

/// The page, while nobody has been here.
pub async fn get(State(hub): State<Hub>, visitor: Visitor) -> Page {
    if person::is_anybody(&mut *hub.db().read().await?).await? {
        return Ok(on_to("/"));
    }
    page(&hub, &visitor, Filled::empty(visitor.words())).await
}

/// Somebody begins.
pub async fn post(
    State(hub): State<Hub>,
    Extension(gate): Extension<Arc<Gate>>,
    Peer(peer): Peer,
    visitor: Visitor,
    form: Form,
) -> Page {
    // By the address alone: whoever knows no code keeps nobody out who does.
    gate.knock(peer, "")?;
    let given = Beginning {
        code: form.get("code").to_owned(),
        org_number: form.get("org_number").to_owned(),
        company_name: form.get("company_name").to_owned(),
        name: form.get("name").to_owned(),
        email: form.get("email").to_owned(),
        password: form.raw("password").to_owned(),
        again: form.raw("again").to_owned(),
        language: visitor.language,
    };
    match faults_of(begin::begin(&hub, given).await)? {
        Ok(token) => Ok(sign_in::begun(&hub, &token, "/", Some("welcome"))),
        Err(faults) => given_back(page(&hub, &visitor, Filled::refused(visitor.words(), &form, faults)).await),
    }
}

async fn page(hub: &Hub, visitor: &Visitor, form: Filled) -> Page {
    // Whoever asks has shown no code yet: that there are companies is told, and not which.
    let has_companies = !company::ids_after(&mut *hub.db().read().await?, "", 1).await?.is_empty();
    let frame = Frame::titled(visitor, visitor.words().t("first_run.title"), Here::Nowhere);
    shown(&FirstRun { frame, form, has_companies, shortest: SHORTEST_PASSWORD.to_string() })
}
