//! The register of projects.

use askama::Template;
use axum::extract::{Path, Query, State};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::project::{Project, ProjectStatus};
use kvitt_domain::invoicing::sheet::Sheet;

use crate::actions::keep_card::Edit;
use crate::actions::save_project::save_project;
use crate::hub::Hub;
use crate::store::card::{self, Card};
use crate::web::boxes::{Boxes, Texts, sheet_of};
use crate::web::form::{Form, faults_of};
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::register::{self, Looking};
use crate::web::session::Person;
use crate::web::{Page, back_with, given_back, shown};

#[derive(Template)]
#[template(path = "projects.html")]
struct List {
    frame: Frame,
    texts: Texts,
    q: String,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    number: String,
    name: String,
    customer: String,
    starts_on: String,
    ends_on: String,
    status: Badge,
}

#[derive(Template)]
#[template(path = "project.html")]
struct One {
    frame: Frame,
    texts: Texts,
    form: Boxes,
    number: Option<String>,
    version: i64,
    action: String,
    statuses: Vec<(String, String)>,
    customers: Vec<(String, String)>,
}

/// The list, or what is looked for.
pub async fn list(State(hub): State<Hub>, person: Person, Query(looking): Query<Looking>) -> Page {
    let (company, said) = (person.company(), person.words());
    let mut db = hub.db().read().await?;
    let cards: Vec<Card<Project>> = looking.cards(&hub, &person, Numbered::Project).await?;
    let next = looking.next("/projects", &cards);
    let mut rows = Vec::with_capacity(cards.len());
    for card in cards {
        let customer: Option<Card<Customer>> = match card.belongs_to.as_str() {
            "" => None,
            id => card::by_id(&mut db, &company.id, &company.key, Numbered::Customer, id).await?,
        };
        let mood = match card.body.status {
            ProjectStatus::Planned => Mood::Quiet,
            ProjectStatus::Ongoing => Mood::Going,
            ProjectStatus::Completed => Mood::Good,
        };
        rows.push(Row {
            customer: customer.map(|customer| customer.name).unwrap_or_default(),
            starts_on: card.body.starts_on.map(|on| said.date(on)).unwrap_or_default(),
            ends_on: card.body.ends_on.map(|on| said.date(on)).unwrap_or_default(),
            status: Badge::new(mood, said.name("project_status", card.body.status.name())),
            number: card.number,
            name: card.name,
        });
    }
    drop(db);
    let texts = Texts(said);
    shown(&List {
        frame: Frame::titled(person.visitor(), texts.t("projects.title"), Here::Projects),
        texts,
        q: looking.q.trim().to_owned(),
        rows,
        next,
    })
}

/// An empty form.
pub async fn new(State(hub): State<Hub>, person: Person) -> Page {
    page(&hub, &person, None, Sheet::of([("status", "ongoing")]), Vec::new()).await
}

/// One project.
pub async fn one(State(hub): State<Hub>, person: Person, Path(number): Path<String>) -> Page {
    let card: Card<Project> = register::find(&hub, &person, Numbered::Project, &number).await?;
    let mut sheet = card.body.sheet();
    sheet.set("customer", customer_number(&hub, &person, card.body.customer.as_deref()).await?);
    page(&hub, &person, Some(&card), sheet, Vec::new()).await
}

/// Adds one.
pub async fn add(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    save(&hub, &person, None, register::adding(&form), &form).await
}

/// Changes one.
pub async fn change(State(hub): State<Hub>, person: Person, Path(number): Path<String>, form: Form) -> Page {
    let card: Card<Project> = register::find(&hub, &person, Numbered::Project, &number).await?;
    save(&hub, &person, Some(&card), register::changing(&card, &form), &form).await
}

async fn save(hub: &Hub, person: &Person, card: Option<&Card<Project>>, edit: Edit, form: &Form) -> Page {
    let sheet = sheet_of(form);
    let (mut read, mut faults) = (sheet.clone(), Vec::new());
    match customer_id(hub, person, sheet.get("customer")).await? {
        Ok(id) => read.set("customer", id),
        Err(fault) => faults.push(fault),
    }
    if faults.is_empty() {
        match faults_of(save_project(hub, person.company(), edit, &read).await)? {
            Ok(saved) => return Ok(back_with(hub, &register::path_of("/projects", Some(&saved)), "saved")),
            Err(found) => faults = found,
        }
    }
    given_back(page(hub, person, card, sheet, faults).await)
}

/// The id of the customer whose number somebody typed, perhaps with the name behind it; empty for none.
pub(super) async fn customer_id(hub: &Hub, person: &Person, typed: &str) -> crate::error::Result<Result<String, Fault>> {
    let company = person.company();
    let Some(number) = typed.split_whitespace().next() else { return Ok(Ok(String::new())) };
    let found: Option<Card<Customer>> =
        card::by_number(&mut *hub.db().read().await?, &company.id, &company.key, Numbered::Customer, number).await?;
    let unknown = || Fault::fatal(codes::ENTRY_UNKNOWN).at("customer").with("entry", "customer").with("number", number);
    Ok(found.map(|card| card.id).ok_or_else(unknown))
}

/// The number of a customer, for a form.
pub(super) async fn customer_number(hub: &Hub, person: &Person, id: Option<&str>) -> crate::error::Result<String> {
    let (Some(id), company) = (id, person.company()) else { return Ok(String::new()) };
    let found: Option<Card<Customer>> =
        card::by_id(&mut *hub.db().read().await?, &company.id, &company.key, Numbered::Customer, id).await?;
    Ok(found.map(|card| card.number).unwrap_or_default())
}

/// What a form proposes: numbers and names of the first cards of a register.
pub(super) async fn proposals(hub: &Hub, person: &Person, kind: Numbered) -> crate::error::Result<Vec<(String, String)>> {
    /// More are looked for on the register's page: a list of thousands makes a page heavy.
    const PROPOSED: i64 = 300;
    let company = person.company();
    let mut db = hub.db().read().await?;
    let cards: Vec<Card<serde_json::Value>> = card::page(&mut db, &company.id, &company.key, kind, ("", ""), PROPOSED).await?;
    let open = cards.into_iter().filter(|card| !matches!(card.state.as_str(), "archived" | "completed"));
    Ok(open.map(|card| (card.number, card.name)).collect())
}

async fn page(hub: &Hub, person: &Person, card: Option<&Card<Project>>, sheet: Sheet, faults: Vec<Fault>) -> Page {
    let words = person.words();
    let texts = Texts(words);
    let status = |status: ProjectStatus| (status.name().to_owned(), words.name("project_status", status.name()));
    shown(&One {
        frame: Frame::titled(
            person.visitor(),
            card.map_or_else(|| texts.t("projects.new"), |card| card.name.clone()),
            Here::Projects,
        ),
        texts,
        form: Boxes::of(words, sheet).with(faults),
        number: card.map(|card| card.number.clone()),
        version: card.map_or(0, |card| card.version),
        action: register::path_of("/projects", card),
        statuses: ProjectStatus::ALL.into_iter().map(status).collect(),
        customers: proposals(hub, person, Numbered::Customer).await?,
    })
}
