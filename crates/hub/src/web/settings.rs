//! What a company decides for itself: its order of routes, moved up and down by buttons that keyboard and pointer press alike.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use kvitt_adapters::routes;
use kvitt_domain::calendar;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::RouteName;
use kvitt_domain::price_book::Price;
use kvitt_domain::recipient::RecipientType;

use crate::actions::add_company::amend_settings;
use crate::actions::{look_up, open_bill};
use crate::api::problem::Problem;
use crate::hub::Hub;
use crate::jobs::housekeeping;
use crate::store::company::{self, CompanySettings};
use crate::web::form::Form;
use crate::web::frame::{Frame, Here};
use crate::web::session::{self, Person};
use crate::web::words::Words;
use crate::web::{Page, on_to, shown};

#[derive(Template)]
#[template(path = "settings.html")]
struct Settings {
    frame: Frame,
    name: String,
    org_number: String,
    orders: Vec<Order>,
    set_up: Vec<(String, bool)>,
}

struct Order {
    kind: &'static str,
    title: String,
    is_default: bool,
    routes: Vec<Step>,
    absent: Vec<(String, String)>,
}

struct Step {
    route: String,
    name: String,
    is_first: bool,
    is_last: bool,
    is_set_up: bool,
}

const KINDS: [RecipientType; 2] = [RecipientType::Consumer, RecipientType::Business];

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person) -> Page {
    let words = person.words();
    let company = person.company();
    let set_up: Vec<String> =
        company::routes(&mut *hub.db().read().await?, &company.id).await?.into_iter().map(|(route, _)| route).collect();
    let all = routes::all().iter().map(|route| route.name());
    shown(&Settings {
        frame: Frame::of(&person, "settings.title", Here::Settings),
        name: company.name.clone(),
        org_number: company.org_number.clone(),
        orders: KINDS.into_iter().map(|kind| order(&company.settings, kind, &set_up, words)).collect(),
        set_up: all.map(|name| (words.title("route", name), set_up.iter().any(|known| known == name))).collect(),
    })
}

fn order(settings: &CompanySettings, kind: RecipientType, set_up: &[String], words: Words) -> Order {
    let own = settings.route_order(kind);
    let routes = written(settings, kind);
    let last = routes.len().saturating_sub(1);
    let step = |(index, route): (usize, &String)| Step {
        name: words.title("route", route),
        is_first: index == 0,
        is_last: index == last,
        is_set_up: set_up.contains(route),
        route: route.clone(),
    };
    let absent = routes::all().iter().map(|route| route.name()).filter(|name| !routes.iter().any(|known| known == name));
    Order {
        kind: kind.name(),
        title: words.t(&format!("settings.order.{}", kind.name())),
        is_default: own.is_none(),
        absent: absent.map(|name| (name.to_owned(), words.title("route", name))).collect(),
        routes: routes.iter().enumerate().map(step).collect(),
    }
}

/// The order that counts, by today's names.
fn written(settings: &CompanySettings, kind: RecipientType) -> Vec<String> {
    let order = settings.route_order(kind).map_or_else(|| routes::default_order(kind), <[RouteName]>::to_vec);
    routes::written_out(&order).into_iter().map(|route| route.as_str().to_owned()).collect()
}

/// Moves a route, takes one out, puts one in, or forgets the own order.
pub async fn change_order(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let wrong = |field: &str| Problem::of(Fault::fatal(codes::FORM_VALUE).at(field).with("value", form.get(field)));
    let kind = KINDS.into_iter().find(|kind| kind.name() == form.get("kind")).ok_or_else(|| wrong("kind"))?;
    let mut words = form.get("do").split(' ');
    let (what, route) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let route = if what == "add" { form.get("route").to_owned() } else { route };
    if !matches!(what.as_str(), "up" | "down" | "out" | "add" | "default") {
        return Err(wrong("do"));
    }
    amend_settings(&hub, person.company(), &person.by(), move |settings| {
        let mut order = written(settings, kind);
        let at = order.iter().position(|known| *known == route);
        match (what.as_str(), at) {
            ("up", Some(at)) if at > 0 => order.swap(at, at - 1),
            ("down", Some(at)) if at + 1 < order.len() => order.swap(at, at + 1),
            // An empty order would be the usual one: the last route stays.
            ("out", Some(at)) if order.len() > 1 => drop(order.remove(at)),
            ("add", None) => order.push(route.clone()),
            ("default", _) => order.clear(),
            _ => return,
        }
        let order = order.into_iter().map(RouteName::new).collect();
        match kind {
            RecipientType::Consumer => settings.consumer_route_order = order,
            RecipientType::Business => settings.business_route_order = order,
        }
    })
    .await?;
    let mut response = on_to("/settings");
    response.headers_mut().append(header::SET_COOKIE, session::flash(&hub, "saved"));
    Ok(response)
}

#[derive(Template)]
#[template(path = "prices.html")]
struct Prices {
    frame: Frame,
    book: String,
    rows: Vec<PriceRow>,
    lasting: Vec<(String, String)>,
}

struct PriceRow {
    route: String,
    item: String,
    amount: String,
    from: String,
    to: String,
    is_now: bool,
}

/// What routes cost, day by day, and how long things are kept: what the operator decides, for everybody to see.
pub async fn prices(State(hub): State<Hub>, person: Person) -> Page {
    let words = person.words();
    let today = calendar::today(hub.clock().business());
    let row = |price: &Price| {
        let key = format!("price.item.{}", price.item);
        PriceRow {
            route: words.title("route", price.route.as_str()),
            item: if words.has(&key) { words.t(&key) } else { price.item.clone() },
            amount: words.money(price.amount),
            from: words.date(price.valid_from),
            to: price.valid_to.map(|on| words.date(on)).unwrap_or_default(),
            is_now: price.is_valid_on(today),
        }
    };
    shown(&Prices {
        frame: Frame::of(&person, "prices.title", Here::Settings),
        book: hub.prices().name().to_owned(),
        rows: hub.prices().prices().into_iter().map(row).collect(),
        lasting: lasting(words),
    })
}

/// How long what is kept, each with its words.
fn lasting(words: Words) -> Vec<(String, String)> {
    const DAY_MS: i64 = 24 * 3_600_000;
    let days = |ms: i64| words.with("lasting.days", &[("days", &words.count(ms / DAY_MS))]);
    let minutes = |ms: i64| words.with("lasting.minutes", &[("minutes", &words.count(ms / 60_000))]);
    let strays_ms = i64::try_from(housekeeping::STRAYS_LIVE.as_millis()).unwrap_or(i64::MAX);
    let for_ever = words.t("lasting.for_ever");
    [
        ("books", for_ever.clone()),
        ("exchanges", for_ever),
        ("bank_files", days(housekeeping::BANK_FILES_LIVE_MS)),
        ("bills", days(open_bill::LIVES_MS)),
        ("strays", days(strays_ms)),
        ("keys", days(housekeeping::KEYS_LIVE_MS)),
        ("lookups", minutes(look_up::FRESH_MS)),
    ]
    .map(|(what, long)| (words.t(&format!("lasting.{what}")), long))
    .into()
}
