//! Signing in and out.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

use crate::actions::sign_in;
use crate::hub::Hub;
use crate::store::person;
use crate::web::form::{Filled, Form, faults_of};
use crate::web::frame::{Frame, Here};
use crate::web::guard::{Gate, Peer};
use crate::web::session::{self, Person, Visitor};
use crate::web::{Page, given_back, on_to, shown};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    frame: Frame,
    form: Filled,
    next: String,
}

/// Where somebody wanted to go.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    next: String,
}

/// The page.
pub async fn get(State(hub): State<Hub>, visitor: Visitor, Query(wanted): Query<Wanted>) -> Page {
    if visitor.signed_in.is_some() {
        return Ok(on_to(ours(&wanted.next)));
    }
    if !person::is_anybody(&mut *hub.db().read().await?).await? {
        return Ok(on_to("/first-run"));
    }
    page(&visitor, Filled::empty(visitor.words()), &wanted.next)
}

/// Somebody wants in.
pub async fn post(
    State(hub): State<Hub>,
    Extension(gate): Extension<Arc<Gate>>,
    Peer(peer): Peer,
    visitor: Visitor,
    form: Form,
) -> Page {
    gate.knock(peer, form.get("email"))?;
    match faults_of(sign_in::sign_in(&hub, form.get("email"), form.raw("password").to_owned()).await)? {
        Ok(token) => Ok(begun(&hub, &token, ours(form.get("next")), None)),
        Err(faults) => {
            let next = form.get("next").to_owned();
            given_back(page(&visitor, Filled::refused(visitor.words(), &form, faults), &next))
        }
    }
}

fn page(visitor: &Visitor, form: Filled, next: &str) -> Page {
    let frame = Frame::titled(visitor, visitor.words().t("sign_in.title"), Here::Nowhere);
    shown(&SignIn { frame, form, next: next.to_owned() })
}

/// Somebody goes.
pub async fn sign_out(State(hub): State<Hub>, person: Person) -> Page {
    sign_in::sign_out(&hub, person.signed_in()).await?;
    let mut response = on_to("/sign-in");
    response.headers_mut().append(header::SET_COOKIE, session::end(&hub));
    response.headers_mut().append(header::SET_COOKIE, session::flash(&hub, "signed_out"));
    // Whoever uses the machine next finds nothing of these pages in the browser.
    response.headers_mut().insert("clear-site-data", header::HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// On with a session that begins, saying something first.
pub(super) fn begun(hub: &Hub, token: &str, path: &str, flash: Option<&str>) -> Response {
    let mut response = on_to(path);
    response.headers_mut().append(header::SET_COOKIE, session::begin(hub, token));
    if let Some(key) = flash {
        response.headers_mut().append(header::SET_COOKIE, session::flash(hub, key));
    }
    response
}

/// A path of ours to go on to, whatever was asked for: never another host's.
pub(super) fn ours(path: &str) -> &str {
    let is_ours =
        path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && path.chars().all(|c| c.is_ascii_graphic());
    if is_ours { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for (path, expected) in [
            ("/invoices?q=1", "/invoices?q=1"),
            ("", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nset-cookie: b", "/"),
        ] {
            assert_eq!(ours(path), expected);
        }
    }
}
