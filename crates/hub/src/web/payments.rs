//! The money that came: payments, and the desk at which a person places what no rule could.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::Response;
use kvitt_domain::collection::Proposal;
use kvitt_domain::fault::{Fault, codes};
use serde::Deserialize;

use crate::actions::match_payment::{Decision, Settling, decide, settle as settle_money};
use crate::actions::show_payments::{self, Case, PaymentShown, Wanted};
use crate::api::problem::Problem;
use crate::hub::Hub;
use crate::web::form::Form;
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::session::{self, Person};
use crate::web::words::Words;
use crate::web::{Page, on_to, shown};

/// Payments, or cases, of one page.
const PAGE: u32 = 50;
/// What the tabs show: states of payments, and the cases.
const TABS: [&str; 4] = ["parked", "cases", "matched", "no_concern"];

#[derive(Template)]
#[template(path = "payments.html")]
struct Payments {
    frame: Frame,
    tabs: Vec<(String, String, bool)>,
    rows: Vec<Row>,
    cases: Vec<CaseRow>,
    is_desk: bool,
    is_cases: bool,
    may_act: bool,
    next: Option<String>,
}

struct Row {
    id: String,
    booked: String,
    amount: String,
    flow: Badge,
    payer: String,
    kid: String,
    text: String,
    /// Its number and where it is found: a number may hold anything.
    invoice: Option<(String, String)>,
    fit: String,
    why: Option<(String, String)>,
    suggestions: Vec<Suggested>,
    is_matched: bool,
}

struct Suggested {
    number: String,
    invoice: String,
    left: String,
    hints: String,
}

struct CaseRow {
    id: String,
    number: String,
    standing: Badge,
    left: String,
    proposal: String,
    may_release: bool,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    state: String,
    at: Option<i64>,
    id: String,
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person, Query(asked): Query<Asked>) -> Page {
    let words = person.words();
    let state = TABS.into_iter().find(|tab| *tab == asked.state).unwrap_or(TABS[0]);
    let tab = |tab: &str| (format!("/payments?state={tab}"), words.t(&format!("payments.show.{tab}")), tab == state);
    let mut page = Payments {
        frame: Frame::of(&person, "payments.title", Here::Payments),
        tabs: TABS.into_iter().map(tab).collect(),
        rows: Vec::new(),
        cases: Vec::new(),
        is_desk: state == "parked",
        is_cases: state == "cases",
        may_act: person.may(kvitt_domain::person::Role::Invoicing),
        next: None,
    };
    if page.is_cases {
        let (cases, next) = show_payments::cases(&hub, person.company(), false, &asked.id, PAGE).await?;
        page.cases = cases.into_iter().map(|case| case_row(case, words)).collect();
        page.next = next.map(|id| address(state, None, &id));
    } else {
        let wanted = Wanted { state: Some(state.to_owned()), suggestions: page.is_desk };
        let after = asked.at.map(|at| (at, asked.id.clone()));
        let (payments, next) = show_payments::payments(&hub, person.company(), &wanted, after, PAGE).await?;
        page.rows = payments.into_iter().map(|payment| row(payment, words)).collect();
        page.next = next.map(|(at, id)| address(state, Some(at), &id));
    }
    shown(&page)
}

fn address(state: &str, at: Option<i64>, id: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("state", state);
    if let Some(at) = at {
        query.append_pair("at", &at.to_string());
    }
    query.append_pair("id", id);
    format!("/payments?{}", query.finish())
}

fn row(payment: PaymentShown, words: Words) -> Row {
    let PaymentShown { id, payment, state, invoice, fit, why, suggestions, .. } = payment;
    let mood = match payment.flow {
        kvitt_domain::payment::Flow::In => Mood::Good,
        kvitt_domain::payment::Flow::Out => Mood::Quiet,
        _ => Mood::Needed,
    };
    let payer = [payment.payer_name.clone(), payment.payer_account.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let hint = |hint: &kvitt_domain::payment::Hint| words.name("hint", hint.name());
    let suggested = |of: kvitt_domain::payment::Suggestion| Suggested {
        hints: of.hints.iter().map(hint).collect::<Vec<_>>().join(", "),
        left: words.money(of.left),
        number: of.number,
        invoice: of.invoice,
    };
    Row {
        id,
        booked: words.date(payment.booked_on),
        amount: words.money(payment.net()),
        flow: Badge::new(mood, words.title("flow", payment.flow.name())),
        payer: masked(&payer),
        kid: payment.kid.unwrap_or_default(),
        text: masked(payment.text.as_deref().unwrap_or_default()),
        invoice: invoice.map(found_at),
        fit: fit.map(|fit| words.name("fit", &fit)).unwrap_or_default(),
        why: why.map(|why| words.fault(&why)),
        suggestions: suggestions.into_iter().map(suggested).collect(),
        is_matched: state == "matched",
    }
}

fn found_at(number: String) -> (String, String) {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("q", &number).finish();
    (number, format!("/invoices?{query}"))
}

fn masked(text: &str) -> String {
    kvitt_domain::identifiers::without_identity_numbers(text).into_owned()
}

fn case_row(case: Case, words: Words) -> CaseRow {
    let amount = case.money.proposal.amount().map(|amount| words.money(amount)).unwrap_or_default();
    CaseRow {
        id: case.id,
        number: case.number,
        standing: super::invoices::money_badge(case.money.standing.name(), words),
        left: words.money(case.money.left),
        may_release: matches!(case.money.proposal, Proposal::Remind { .. }),
        proposal: words.0.text(&format!("proposal.{}", case.money.proposal.name()), &[("amount", &amount)]),
    }
}

/// A person decides about a payment.
pub async fn decide_payment(State(hub): State<Hub>, person: Person, Path(id): Path<String>, form: Form) -> Page {
    let decision = match form.get("decision") {
        "match" if form.get("invoice").is_empty() => {
            return Err(Problem::of(Fault::fatal(codes::FORM_MISSING).at("invoice")));
        }
        "match" => Decision::Match { invoice: form.get("invoice").to_owned() },
        "unmatch" => Decision::Unmatch,
        "dismiss" => Decision::Dismiss,
        other => return Err(Problem::of(Fault::fatal(codes::FORM_VALUE).at("decision").with("value", other))),
    };
    let back = if decision == Decision::Unmatch { "/payments?state=matched" } else { "/payments" };
    decide(&hub, person.company(), &id, decision, &person.by()).await?;
    Ok(done(&hub, back))
}

/// A person decides about the money of an invoice.
pub async fn settle(State(hub): State<Hub>, person: Person, Path(invoice): Path<String>, form: Form) -> Page {
    let settling = match form.get("settling") {
        "close" => Settling::Close,
        "open" => Settling::Open,
        "release" => Settling::Release,
        other => return Err(Problem::of(Fault::fatal(codes::FORM_VALUE).at("settling").with("value", other))),
    };
    settle_money(&hub, person.company(), &invoice, settling, &person.by()).await?;
    Ok(done(&hub, "/payments?state=cases"))
}

fn done(hub: &Hub, path: &str) -> Response {
    let mut response = on_to(path);
    response.headers_mut().append(header::SET_COOKIE, session::flash(hub, "decided"));
    response
}
