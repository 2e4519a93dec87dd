//! The first page: what needs a person, what is on its way, what is owed, which ways were taken and what they cost.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use jiff::ToSpan as _;
use kvitt_adapters::routes;
use kvitt_domain::money::Currency;

use crate::actions::count_up::{Figures, WEEKS, count_up};
use crate::actions::list_invoices::Show;
use crate::hub::Hub;
use crate::web::chart::{Series, stacked};
use crate::web::frame::{Badge, Frame, Here, Html, Mood};
use crate::web::session::Person;
use crate::web::words::{Words, capital};
use crate::web::{Page, shown};

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    frame: Frame,
    is_empty: bool,
    tiles: Vec<Tile>,
    owed: Vec<Owed>,
    /// What was paid for sending, what paper would have cost, what is left of that.
    saved: Option<(String, String, String)>,
    chart: Html,
    weeks: Vec<String>,
    series: Vec<Series>,
    oldest: Vec<Oldest>,
    spared: Vec<(String, String)>,
    todo: Vec<Todo>,
}

/// A large number with what it counts.
struct Tile {
    mood: Mood,
    icon: Html,
    name: String,
    count: String,
    path: String,
    note: String,
}

struct Owed {
    left: String,
    of: String,
    overdue: Option<String>,
}

struct Oldest {
    badge: Badge,
    count: String,
    since: String,
}

/// Something that waits for a person beside invoices.
struct Todo {
    text: String,
    path: &'static str,
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person) -> Page {
    let words = person.words();
    let figures = count_up(&hub, person.company()).await?;
    let (weeks, series) = by_week(&figures, words);
    let spared = hub.breaker().spared(hub.clock().business_ms());
    shown(&Dashboard {
        frame: Frame::of(&person, "dashboard.title", Here::Dashboard),
        is_empty: figures.standings.is_empty(),
        tiles: tiles(&figures, words),
        owed: owed(&figures, words),
        saved: saved(&figures, words),
        chart: stacked(&words.t("dashboard.routes.label"), &weeks, &series),
        weeks,
        series,
        oldest: oldest(&figures, words),
        spared: spared.into_iter().map(|(address, until)| (address, words.time_ms(until))).collect(),
        todo: todo(&figures, words),
    })
}

fn tiles(figures: &Figures, words: Words) -> Vec<Tile> {
    let shown = |show: Show, mood: Mood, icon: &str| Tile {
        mood,
        icon: crate::web::frame::icon(icon),
        name: words.t(&format!("invoices.show.{}", show.name())),
        count: words.count(figures.count(show.states())),
        path: format!("/invoices?show={}", show.name()),
        note: String::new(),
    };
    let money = |states: &[&str]| -> i64 {
        figures.money.iter().filter(|(state, _)| states.contains(&state.as_str())).map(|(_, count)| count).sum()
    };
    let parked = figures.count(&["parked"]);
    let doubt = figures.count(&["in_doubt"]);
    let mut needed = shown(Show::Needed, if parked + doubt > 0 { Mood::Needed } else { Mood::Quiet }, "hand");
    needed.note = words.with("dashboard.needed.note", &[("parked", &words.count(parked)), ("doubt", &words.count(doubt))]);
    let paid = Tile {
        mood: Mood::Good,
        icon: crate::web::frame::icon("money"),
        name: words.t("dashboard.paid"),
        count: words.count(money(&["paid", "overpaid", "credited", "closed"])),
        path: "/payments".to_owned(),
        note: String::new(),
    };
    vec![needed, shown(Show::Going, Mood::Going, "clock"), shown(Show::There, Mood::Good, "check"), paid]
}

fn todo(figures: &Figures, words: Words) -> Vec<Todo> {
    let all = [
        (figures.parked_payments, "dashboard.todo.payments", "/payments?state=parked"),
        (figures.cases, "dashboard.todo.cases", "/payments?state=cases"),
        (figures.stuck, "dashboard.todo.jobs", "/jobs"),
    ];
    let waiting = all.into_iter().filter(|(count, ..)| *count > 0);
    waiting.map(|(count, key, path)| Todo { text: counted(count, key, &[], words), path }).collect()
}

fn owed(figures: &Figures, words: Words) -> Vec<Owed> {
    let one = |owed: &crate::store::following::Owed| Owed {
        left: words.money(owed.left),
        of: counted(owed.count, "dashboard.owed.of", &[], words),
        overdue: (owed.overdue > 0)
            .then(|| counted(owed.overdue, "dashboard.overdue", &[("left", &words.money(owed.overdue_left))], words)),
    };
    let mut owed: Vec<&crate::store::following::Owed> = figures.owed.iter().collect();
    // Our own currency first.
    owed.sort_by_key(|one| one.left.currency() != Currency::NOK);
    owed.into_iter().map(one).collect()
}

/// A sentence about so many, which has words of its own for one.
fn counted(count: i64, key: &str, values: &[(&str, &str)], words: Words) -> String {
    let number = words.count(count);
    let mut values = values.to_vec();
    values.push(("count", &number));
    let of_one = format!("{key}.one");
    words.with(if count == 1 { &of_one } else { key }, &values)
}

fn saved(figures: &Figures, words: Words) -> Option<(String, String, String)> {
    let (cost, paper) = (figures.cost?, figures.on_paper?);
    let saved = paper.checked_sub(cost)?;
    (paper.minor() > 0).then(|| (words.money(cost), words.money(paper), words.money(saved)))
}

/// The name of each week's first day, and a series for each route that was taken.
fn by_week(figures: &Figures, words: Words) -> (Vec<String>, Vec<Series>) {
    let Some(first) = figures.first_monday else { return (Vec::new(), Vec::new()) };
    let day = |week: i64| first.checked_add((7 * week).days()).unwrap_or(first);
    let weeks: Vec<String> = (0..WEEKS)
        .map(|week| {
            let on = day(week);
            format!("{}.{}.", on.day(), on.month())
        })
        .collect();
    let mut by_route: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for sent in &figures.sent {
        let values = by_route.entry(sent.route.as_str()).or_insert_with(|| vec![0; weeks.len()]);
        if let Some(value) = usize::try_from(sent.span).ok().and_then(|week| values.get_mut(week)) {
            *value += sent.count;
        }
    }
    let mut series = Vec::new();
    for route in routes::all() {
        if let Some(values) = by_route.remove(route.name()) {
            let name = capital(&words.name("route", route.name()));
            series.push(Series { class: route.name().to_owned(), name, values });
        }
    }
    (weeks, series)
}

fn oldest(figures: &Figures, words: Words) -> Vec<Oldest> {
    // What is at its end grows old in peace.
    let open = ["in_doubt", "parked", "choosing", "waiting", "queued", "sending"];
    let found = open.iter().filter_map(|state| figures.standings.iter().find(|one| one.state == *state));
    found
        .map(|one| Oldest {
            badge: super::invoices::badge(&one.state, words),
            count: words.count(one.count),
            since: words.time_ms(one.oldest_since),
        })
        .collect()
}
