//! What the links open that people are handed: an invitation to a company, or a new password.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use kvitt_domain::person::SHORTEST_PASSWORD;

use crate::actions::invite::{self, Link, Taking};
use crate::hub::Hub;
use crate::web::form::{Filled, Form, faults_of};
use crate::web::frame::{Frame, Here};
use crate::web::guard::{Gate, Peer};
use crate::web::session::Visitor;
use crate::web::{Page, given_back, shown, sign_in};

#[derive(Template)]
#[template(path = "invitation.html")]
struct Invitation {
    frame: Frame,
    form: Filled,
    lead: String,
    button: String,
    email: String,
    /// Whether they give the password that they have.
    is_known: bool,
    shortest: String,
}

/// The page of a link.
pub async fn get(State(hub): State<Hub>, visitor: Visitor, Path(token): Path<String>) -> Page {
    // Nobody guesses 256 random bits: looking is not counted, so that it keeps nobody else of the same address out.
    let link = invite::open(&hub, &token).await?;
    page(&visitor, &link, Filled::empty(visitor.words()))
}

/// Somebody follows a link.
pub async fn post(
    State(hub): State<Hub>,
    Extension(gate): Extension<Arc<Gate>>,
    Peer(peer): Peer,
    visitor: Visitor,
    Path(token): Path<String>,
    form: Form,
) -> Page {
    gate.knock(peer, "")?;
    let link = invite::open(&hub, &token).await?;
    let email = match &link {
        Link::Join { invitation, .. } => &invitation.email,
        Link::Reset { person } => &person.email,
    };
    gate.knock(None, email)?;
    let given = Taking {
        token,
        password: form.raw("password").to_owned(),
        again: form.raw("again").to_owned(),
        language: visitor.language,
    };
    match faults_of(invite::take(&hub, given).await)? {
        Ok(token) => Ok(sign_in::begun(&hub, &token, "/", Some("welcome"))),
        Err(faults) => given_back(page(&visitor, &link, Filled::refused(visitor.words(), &form, faults))),
    }
}

fn page(visitor: &Visitor, link: &Link, form: Filled) -> Page {
    let words = visitor.words();
    let (title, lead, button, email, is_known) = match link {
        Link::Join { invitation, company, is_known } => {
            let role = words.name("role", invitation.role.name());
            let lead = if *is_known { "invitation.lead_known" } else { "invitation.lead" };
            (
                words.with("invitation.title", &[("company", company)]),
                words.with(lead, &[("by", &invitation.made_by), ("role", &role)]),
                words.t("invitation.button"),
                invitation.email.clone(),
                *is_known,
            )
        }
        Link::Reset { person } => (
            words.t("invitation.reset.title"),
            words.t("invitation.reset.lead"),
            words.t("invitation.reset.button"),
            person.email.clone(),
            false,
        ),
    };
    let frame = Frame::titled(visitor, title, Here::Nowhere);
    shown(&Invitation { frame, form, lead, button, email, is_known, shortest: SHORTEST_PASSWORD.to_string() })
}
