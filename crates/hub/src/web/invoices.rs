//! The list of invoices: searched, filtered, page by page.

use askama::Template;
use axum::extract::{Query, State};
use kvitt_adapters::routes;
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::plan::RouteName;
use serde::Deserialize;

use crate::actions::list_invoices::{FOUND, Found, Show, Wanted, list};
use crate::hub::Hub;
use crate::store::bulk::Act;
use crate::store::following::Line;
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::session::Person;
use crate::web::words::Words;
use crate::web::{Page, shown};

#[derive(Template)]
#[template(path = "invoices.html")]
struct Invoices {
    frame: Frame,
    q: String,
    show: &'static str,
    tabs: Vec<Tab>,
    route: String,
    routes: Vec<(String, String)>,
    rows: Vec<Row>,
    /// What can be done to many at once.
    acts: Vec<(String, String)>,
    /// The ids of the page's rows.
    page: String,
    next: Option<String>,
    is_first: bool,
    cut: Option<String>,
    is_filtered: bool,
}

struct Tab {
    path: String,
    text: String,
    is_here: bool,
}

struct Row {
    id: String,
    kind: String,
    is_credit: bool,
    number: String,
    buyer: String,
    amount: String,
    due_on: String,
    route: String,
    state: Badge,
    money: Option<Badge>,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    show: String,
    route: String,
    at: Option<i64>,
    id: String,
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person, Query(asked): Query<Asked>) -> Page {
    let words = person.words();
    let is_route = |name: &str| routes::by_name(name).is_some();
    let wanted = Wanted {
        q: sought(&asked.q),
        show: Show::named(&asked.show),
        route: Some(asked.route.clone()).filter(|name| is_route(name)),
        before: asked.at.map(|at| (at, asked.id.clone())),
    };
    let Found { lines, next, is_cut } = list(&hub, person.company(), &wanted).await?;
    let route = wanted.route.clone().unwrap_or_default();
    let tab = |show: Show| Tab {
        path: address(&Wanted { show, before: None, ..wanted.clone() }),
        text: words.t(&format!("invoices.show.{}", show.name())),
        is_here: show == wanted.show,
    };
    let named = |name: &str| (name.to_owned(), words.title("route", name));
    let acts = Act::ALL.into_iter().filter(|act| *act != Act::Finalise);
    shown(&Invoices {
        frame: Frame::of(&person, "invoices.title", Here::Invoices),
        show: wanted.show.name(),
        tabs: Show::ALL.into_iter().map(tab).collect(),
        routes: routes::all().iter().map(|route| named(route.name())).collect(),
        acts: acts.map(|act| (act.name().to_owned(), words.t(&format!("bulk.act.{}", act.name())))).collect(),
        page: lines.iter().map(|line| line.id.as_str()).collect::<Vec<_>>().join(","),
        rows: lines.into_iter().map(|line| row(line, words)).collect(),
        next: next.map(|before| address(&Wanted { before: Some(before), ..wanted.clone() })),
        is_first: wanted.before.is_none(),
        cut: is_cut.then(|| words.with("invoices.cut", &[("count", &FOUND.to_string())])),
        is_filtered: !wanted.q.is_empty() || wanted.route.is_some() || wanted.show != Show::All,
        q: wanted.q,
        route,
    })
}

/// What is sought, as far as it is repeated: a fødselsnummer finds nothing, and stands in no link that a page makes.
pub(super) fn sought(typed: &str) -> String {
    let typed: String = typed.trim().chars().filter(|c| !c.is_control()).take(100).collect();
    without_identity_numbers(&typed).into_owned()
}

/// The address of a page of the list.
fn address(wanted: &Wanted) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !wanted.q.is_empty() {
        query.append_pair("q", &wanted.q);
    }
    if wanted.show != Show::All {
        query.append_pair("show", wanted.show.name());
    }
    if let Some(route) = &wanted.route {
        query.append_pair("route", route);
    }
    if let Some((at, id)) = &wanted.before {
        query.append_pair("at", &at.to_string()).append_pair("id", id);
    }
    match query.finish().as_str() {
        "" => "/invoices".to_owned(),
        query => format!("/invoices?{query}"),
    }
}

fn row(line: Line, words: Words) -> Row {
    Row {
        is_credit: line.kind == "credit_note",
        kind: words.title("document", &line.kind),
        number: line.number,
        buyer: line.buyer,
        amount: words.money(line.payable),
        due_on: line.due_on.as_deref().map(|on| words.date_text(on)).unwrap_or_default(),
        route: if line.route.is_empty() { String::new() } else { words.title("route", &line.route) },
        state: badge(&line.state, words),
        money: (!line.money.is_empty()).then(|| money_badge(&line.money, words)),
        id: line.id,
    }
}

/// A delivery's state.
pub(super) fn badge(state: &str, words: Words) -> Badge {
    let mood = match state {
        "parked" | "in_doubt" => Mood::Needed,
        "handed_over" | "delivered" | "seen" => Mood::Good,
        "cancelled" => Mood::Quiet,
        _ => Mood::Going,
    };
    Badge::new(mood, words.title("state", state))
}

/// Where the money of an invoice stands.
pub(super) fn money_badge(state: &str, words: Words) -> Badge {
    let mood = match state {
        "paid" | "credited" | "closed" => Mood::Good,
        "reversed" | "overpaid" | "reopened" => Mood::Needed,
        "claimed" | "part_paid" => Mood::Going,
        _ => Mood::Quiet,
    };
    let key = format!("money.short.{state}");
    Badge::new(mood, if words.has(&key) { words.t(&key) } else { words.title("collection", state) })
}

/// A route's name with a capital letter.
pub(super) fn route_title(route: &RouteName, words: Words) -> String {
    words.title("route", route.as_str())
}
