//! What somebody does to many invoices or drafts at once: they choose in a list, look at what would happen to each, and see what became of
//! each while it is done.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::money::Amount;
use kvitt_domain::person::Role;

use crate::actions::bulk::{self, MOST};
use crate::actions::list_invoices::{Show, Wanted, list};
use crate::api::problem::Problem;
use crate::hub::Hub;
use crate::store::bulk::{Act, BulkState, Item, Outcome, StoredBulk};
use crate::store::{draft, following};
use crate::web::form::Form;
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::invoices::sought;
use crate::web::session::Person;
use crate::web::words::Words;
use crate::web::{Page, back_with, on_to, shown};

#[derive(Template)]
#[template(path = "bulk.html")]
struct Bulk {
    frame: Frame,
    id: String,
    state: &'static str,
    summary: String,
    cost: Option<String>,
    /// That more were found than one act takes.
    cut: Option<String>,
    /// Where one goes back to.
    back: &'static str,
    percent: usize,
    routes: Vec<(String, String)>,
    rows: Vec<Row>,
    may_act: bool,
    may_begin: bool,
}

struct Row {
    name: String,
    path: String,
    recipient: String,
    amount: String,
    what: Badge,
    price: String,
    why: Vec<(String, String)>,
}

/// Keeps what was chosen, and goes on to what would happen to it.
pub async fn choose(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let wrong = |field: &str| Problem::of(Fault::fatal(codes::FORM_VALUE).at(field).with("value", form.get(field)));
    let act = Act::named(form.get("act")).ok_or_else(|| wrong("act"))?;
    let (ids, is_cut): (Vec<String>, bool) = match form.get("scope") {
        "chosen" => (form.all("id").map(str::to_owned).collect(), false),
        "page" => (form.get("page").split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect(), false),
        "found" if act != Act::Finalise => found(&hub, &person, &form).await?,
        _ => return Err(wrong("scope")),
    };
    let planned = Box::pin(bulk::plan(&hub, person.company(), act, ids, is_cut, &person.by())).await?;
    Ok(on_to(&format!("/bulk/{}", planned.id)))
}

/// What the list's filter finds, the newest first, and whether there is more than one act takes.
async fn found(hub: &Hub, person: &Person, form: &Form) -> Result<(Vec<String>, bool), Problem> {
    let mut wanted = Wanted {
        q: sought(form.get("q")),
        show: Show::named(form.get("show")),
        route: Some(form.get("route").to_owned()).filter(|name| kvitt_adapters::routes::by_name(name).is_some()),
        before: None,
    };
    let mut ids = Vec::new();
    while ids.len() < MOST {
        let page = list(hub, person.company(), &wanted).await?;
        ids.extend(page.lines.into_iter().map(|line| line.id));
        match page.next {
            Some(next) => wanted.before = Some(next),
            None => return Ok((ids, page.is_cut)),
        }
    }
    Ok((ids, true))
}

/// What would happen, how far it has come, or what became of each.
pub async fn one(State(hub): State<Hub>, person: Person, Path(id): Path<String>) -> Page {
    let (company, words) = (person.company(), person.words());
    let known = bulk::find(&hub, company, &id).await?;
    let rows = match known.state {
        BulkState::Planned => return preview(&person, known),
        BulkState::Going | BulkState::Stopped | BulkState::Done => results(&hub, &person, &known).await?,
    };
    let count =
        |is: fn(&Outcome) -> bool| known.items.iter().filter_map(|item| item.outcome.as_ref()).filter(|one| is(one)).count();
    let (done, refused) = (count(|one| matches!(one, Outcome::Done(_))), count(|one| matches!(one, Outcome::Refused(_))));
    let waiting = known.items.len() - done - refused;
    let numbers = [done, refused, waiting].map(|count| count.to_string());
    let [done_text, refused_text, waiting_text] = &numbers;
    let values = [("done", done_text.as_str()), ("refused", refused_text), ("waiting", waiting_text)];
    shown(&Bulk {
        frame: Frame::titled(person.visitor(), title(&known, words), here(known.act)),
        state: known.state.name(),
        summary: words.with(&format!("bulk.stands.{}", known.state.name()), &values),
        cost: None,
        cut: None,
        back: back(known.act),
        percent: (done + refused) * 100 / known.items.len().max(1),
        routes: Vec::new(),
        rows,
        may_act: person.may(Role::Invoicing),
        may_begin: known.state == BulkState::Stopped && waiting > 0,
        id,
    })
}

fn preview(person: &Person, known: StoredBulk) -> Page {
    let words = person.words();
    let mut by_route: BTreeMap<String, usize> = BTreeMap::new();
    let (mut cost, mut unpriced, mut can): (Option<Amount>, usize, usize) = (None, 0, 0);
    let mut rows = Vec::with_capacity(known.items.len());
    for item in &known.items {
        let seen = &item.seen;
        if seen.faults.is_empty() {
            can += 1;
            if let Some(route) = &seen.route {
                *by_route.entry(words.title("route", route.as_str())).or_default() += 1;
                match (seen.price, cost) {
                    (Some(price), None) => cost = Some(price),
                    // A sum of several currencies says nothing: those of another one are counted apart.
                    (Some(price), Some(sum)) => match sum.checked_add(price) {
                        Some(more) => cost = Some(more),
                        None => unpriced += 1,
                    },
                    (None, _) => unpriced += 1,
                }
            }
        }
        rows.push(foreseen_row(known.act, item, words));
    }
    let cannot = rows.len() - can;
    let (can_text, cannot_text) = (can.to_string(), cannot.to_string());
    let cost = cost.map(|cost| {
        let key = if unpriced > 0 { "bulk.cost.at_least" } else { "bulk.cost" };
        words.with(key, &[("cost", &words.money(cost))])
    });
    shown(&Bulk {
        frame: Frame::titled(person.visitor(), title(&known, words), here(known.act)),
        state: known.state.name(),
        summary: words.with("bulk.stands.planned", &[("can", &can_text), ("cannot", &cannot_text)]),
        cost,
        cut: known.is_cut.then(|| words.with("bulk.cut", &[("count", &known.items.len().to_string())])),
        back: back(known.act),
        percent: 0,
        routes: by_route.into_iter().map(|(route, count)| (route, count.to_string())).collect(),
        rows,
        may_act: person.may(Role::Invoicing),
        may_begin: can > 0,
        id: known.id,
    })
}

fn title(known: &StoredBulk, words: Words) -> String {
    let count = known.items.len().to_string();
    words.with(&format!("bulk.title.{}", known.act.name()), &[("count", &count)])
}

fn here(act: Act) -> Here {
    if act == Act::Finalise { Here::Drafts } else { Here::Invoices }
}

fn back(act: Act) -> &'static str {
    if act == Act::Finalise { "/drafts" } else { "/invoices" }
}

fn foreseen_row(act: Act, item: &Item, words: Words) -> Row {
    let seen = item.seen.clone();
    let what = match (seen.faults.is_empty(), &seen.route) {
        (false, _) => Badge::new(Mood::Needed, words.t("bulk.cannot")),
        (true, Some(route)) if seen.needs_lookup => {
            Badge::new(Mood::Going, words.with("bulk.if_register", &[("route", &words.title("route", route.as_str()))]))
        }
        (true, Some(route)) => Badge::new(Mood::Good, words.title("route", route.as_str())),
        (true, None) if act == Act::Finalise => Badge::new(Mood::Needed, words.t("bulk.waits")),
        (true, None) => Badge::new(Mood::Good, words.t("bulk.can")),
    };
    Row {
        name: if seen.number.is_empty() { words.t("bulk.draft") } else { seen.number },
        path: path(act, &item.id),
        recipient: seen.recipient,
        amount: seen.payable.map(|amount| words.money(amount)).unwrap_or_default(),
        what,
        price: seen.price.map(|price| words.money(price)).unwrap_or_default(),
        why: seen.faults.iter().map(|fault| words.fault(fault)).collect(),
    }
}

fn path(act: Act, id: &str) -> String {
    if act == Act::Finalise { format!("/drafts/{id}") } else { format!("/invoices/{id}") }
}

async fn results(hub: &Hub, person: &Person, known: &StoredBulk) -> Result<Vec<Row>, Problem> {
    let (company, words) = (person.company(), person.words());
    let mut db = hub.db().read().await?;
    let mut rows = Vec::with_capacity(known.items.len());
    for item in &known.items {
        let (invoice, what) = match &item.outcome {
            None => (None, Badge::new(Mood::Going, words.t("bulk.waiting"))),
            Some(Outcome::Done(invoice)) => (invoice.clone(), Badge::new(Mood::Good, words.t("bulk.done"))),
            Some(Outcome::Refused(_)) => (None, Badge::new(Mood::Bad, words.t("bulk.refused"))),
        };
        let why = match &item.outcome {
            Some(Outcome::Refused(faults)) => faults.iter().map(|fault| words.fault(fault)).collect(),
            Some(Outcome::Done(_)) | None => Vec::new(),
        };
        let is_draft = known.act == Act::Finalise && invoice.is_none();
        let (name, recipient, payable) = if is_draft {
            let Some(draft) = draft::by_id(&mut db, &company.id, &company.key, &item.id).await? else { continue };
            let name = if draft.number.is_empty() { words.t("bulk.draft") } else { draft.number };
            (name, String::new(), None)
        } else {
            let id = invoice.as_deref().unwrap_or(&item.id);
            let Some(line) = following::one(&mut db, &company.id, id).await? else { continue };
            (line.number, line.buyer, Some(line.payable))
        };
        rows.push(Row {
            name,
            path: invoice.map_or_else(|| path(known.act, &item.id), |invoice| format!("/invoices/{invoice}")),
            recipient,
            amount: payable.map(|amount| words.money(amount)).unwrap_or_default(),
            what,
            price: String::new(),
            why,
        });
    }
    Ok(rows)
}

/// Begins it, stops it, or forgets it.
pub async fn act(State(hub): State<Hub>, person: Person, Path((id, what)): Path<(String, String)>) -> Page {
    let company = person.company();
    let here = format!("/bulk/{id}");
    match what.as_str() {
        "begin" => bulk::begin(&hub, company, &id, &person.by()).await?,
        "stop" => bulk::stop(&hub, company, &id).await?,
        "forget" => {
            let known = bulk::find(&hub, company, &id).await?;
            bulk::forget(&hub, company, &id).await?;
            return Ok(back_with(&hub, back(known.act), "bulk_forgotten"));
        }
        _ => return Err(Problem::of(Fault::fatal(codes::PAGE_UNKNOWN))),
    }
    // Nobody begins what is not the company's: that was found above, or refused.
    Ok(on_to(&here))
}
