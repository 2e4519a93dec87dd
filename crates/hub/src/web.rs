//! The pages in the browser: what people see and do. Each page is a file beside this one and a template; it reads through actions and
//! store, changes through actions, and decides nothing.
//!
//! A request passes [`guard`](guard::guard), which finds out who asks, holds them against the table in [`doors`], reads the form and its
//! token, and gives the answer its headers and, where it is none, the page that says why. [`frame`] is what stands around every page,
//! [`session`] who is signed in, [`form`] what they wrote, [`words`] how things are said.

pub mod account;
pub mod agreements;
pub mod assets;
pub mod boxes;
pub mod bulk;
pub mod chart;
pub mod customers;
pub mod dashboard;
pub mod doors;
pub mod drafts;
pub mod events;
pub mod exports;
pub mod first_run;
pub mod form;
pub mod frame;
pub mod guard;
pub mod hooks;
pub mod invitation;
pub mod invoice;
pub mod invoices;
pub mod invoicing;
pub mod jobs;
pub mod keys;
pub mod mandates;
pub mod payments;
pub mod products;
pub mod projects;
pub mod recurring;
pub mod register;
pub mod reports;
pub mod sandbox;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod users;
pub mod words;

use std::sync::Arc;

use askama::Template;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};

use crate::actions::move_time::Mover;
use crate::api::problem::Problem;
use crate::hub::Hub;
use crate::web::guard::{Gate, MOST_BYTES};

/// What a page answers: itself, a way on, or why it is not shown.
pub type Page = Result<Response, Problem>;

/// The pages of a hub.
pub fn router(hub: &Hub) -> Router {
    let gate = Arc::new(Gate::new());
    let guard = middleware::from_fn_with_state((hub.clone(), gate.clone()), guard::guard);
    pages()
        .route_layer(guard)
        .layer(Extension(gate))
        .layer(Extension(Mover::default()))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .route("/assets/{digest}/{name}", get(assets::get))
        .with_state(hub.clone())
}

/// Every page; each has its lines in [`doors`].
fn pages() -> Router<Hub> {
    Router::new()
        .route("/", get(dashboard::get))
        .route("/sign-in", get(sign_in::get).post(sign_in::post))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/first-run", get(first_run::get).post(first_run::post))
        .route("/invitation/{token}", get(invitation::get).post(invitation::post))
        .route("/tastes", post(account::tastes))
        .route("/company", post(account::company))
        .route("/account", get(account::get))
        .route("/account/password", post(account::password))
        .route("/invoices", get(invoices::get))
        .route("/invoices/{id}", get(invoice::get))
        .route("/invoices/{id}/files/{number}", get(invoice::file))
        .route("/invoices/{id}/decide", post(invoice::decide))
        .route("/invoices/{id}/reroute", post(invoice::reroute))
        .route("/bulk", post(bulk::choose))
        .route("/bulk/{id}", get(bulk::one))
        .route("/bulk/{id}/{what}", post(bulk::act))
        .route("/payments", get(payments::get))
        .route("/payments/{id}/decide", post(payments::decide_payment))
        .route("/payments/invoices/{id}/settle", post(payments::settle))
        .route("/exports", get(exports::get))
        .route("/exports/file", get(exports::file))
        .route("/mandates", get(mandates::get))
        .route("/agreements", get(agreements::get).post(agreements::act))
        .route("/agreements/order", get(agreements::begin).post(agreements::order))
        .route("/reports", get(reports::list))
        .route("/reports/{report}", get(reports::get))
        .route("/reports/{report}/csv", get(reports::file))
        .route("/events", get(events::get))
        .route("/webhooks", get(hooks::get).post(hooks::add))
        .route("/webhooks/{id}", get(hooks::one))
        .route("/webhooks/{id}/{what}", post(hooks::act))
        .route("/api-keys", get(keys::get).post(keys::create))
        .route("/api-keys/{id}/rotate", post(keys::rotate))
        .route("/api-keys/{id}/revoke", post(keys::revoke))
        .route("/settings", get(settings::get))
        .route("/settings/order", post(settings::change_order))
        .route("/settings/prices", get(settings::prices))
        .route("/jobs", get(jobs::get))
        .route("/jobs/{id}/unstick", post(jobs::unstick))
        .route("/users", get(users::get).post(users::invite))
        .route("/users/{person}/role", post(users::change_role))
        .route("/users/{person}/remove", post(users::remove))
        .route("/users/invitations/{id}/withdraw", post(users::withdraw))
        .merge(office())
        .merge(practice())
}

/// The sandbox's page; there where a sandbox plays.
fn practice() -> Router<Hub> {
    Router::new()
        .route("/sandbox", get(sandbox::get))
        .route("/sandbox/letters/{id}", get(sandbox::letter))
        .route("/sandbox/letters/{id}/files/{index}", get(sandbox::letter_file))
        .route("/sandbox/clock", post(sandbox::move_clock))
        .route("/sandbox/prepare", post(sandbox::prepare))
        .route("/sandbox/draft", post(sandbox::write_to))
        .route("/sandbox/pay", post(sandbox::pay))
        .route("/sandbox/faults", post(sandbox::switch))
}

/// The pages with which a company invoices.
fn office() -> Router<Hub> {
    Router::new()
        .route("/customers", get(customers::list).post(customers::add))
        .route("/customers/new", get(customers::new))
        .route("/customers/{number}", get(customers::one).post(customers::change))
        .route("/projects", get(projects::list).post(projects::add))
        .route("/projects/new", get(projects::new))
        .route("/projects/{number}", get(projects::one).post(projects::change))
        .route("/products", get(products::list).post(products::add))
        .route("/products/new", get(products::new))
        .route("/products/{number}", get(products::one).post(products::change))
        .route("/drafts", get(drafts::list).post(drafts::begin))
        .route("/drafts/credit", post(drafts::credit))
        .route("/drafts/{id}", get(drafts::one).post(drafts::write))
        .route("/drafts/{id}/live", post(drafts::live))
        .route("/drafts/{id}/copy", post(drafts::copy))
        .route("/drafts/{id}/discard", post(drafts::discard))
        .route("/drafts/{id}/files", post(drafts::add_files))
        .route("/drafts/{id}/files/{place}/remove", post(drafts::remove_file))
        .route("/drafts/{id}/final", get(drafts::dialog).post(drafts::make_final))
        .route("/drafts/{id}/repeat", post(recurring::begin))
        .route("/recurring", get(recurring::list))
        .route("/recurring/{id}/end", post(recurring::end))
        .route("/settings/invoicing", get(invoicing::get).post(invoicing::save))
        .route("/settings/invoicing/look", post(invoicing::save_look))
}

/// A template as a page.
pub(crate) fn shown(template: &impl Template) -> Page {
    match template.render() {
        Ok(html) => Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()),
        Err(cause) => {
            tracing::error!(error = &cause as &dyn std::error::Error, "a page could not be written");
            Err(Problem::of(kvitt_domain::Fault::fatal(kvitt_domain::fault::codes::HUB_FAILED)))
        }
    }
}

/// A form that is given back with what is wrong in it, and what was written.
pub(crate) fn given_back(page: Page) -> Page {
    let mut page = page?;
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(page)
}

/// On to another page of ours, which says something first: a key below `web.flash.`.
pub(crate) fn back_with(hub: &Hub, path: &str, flash: &str) -> Response {
    let mut response = on_to(path);
    response.headers_mut().append(header::SET_COOKIE, session::flash(hub, flash));
    response
}

/// On to another page of ours.
pub(crate) fn on_to(path: &str) -> Response {
    Redirect::to(path).into_response()
}
