//! The register of customers: find one, add one, change one.

use askama::Template;
use axum::extract::{Path, Query, State};
use kvitt_adapters::routes;
use kvitt_domain::Language;
use kvitt_domain::fault::Fault;
use kvitt_domain::invoicing::customer::Customer;
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::project::Project;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_domain::recipient::RecipientType;

use crate::actions::keep_card::Edit;
use crate::actions::save_customer::{order_of, save_customer};
use crate::hub::Hub;
use crate::store::card::{self, Card};
use crate::store::invoicing;
use crate::web::boxes::{Boxes, Texts, sheet_of};
use crate::web::form::{Form, faults_of};
use crate::web::frame::{Frame, Here};
use crate::web::register::{self, Looking};
use crate::web::session::Person;
use crate::web::{Page, back_with, given_back, shown};

#[derive(Template)]
#[template(path = "customers.html")]
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
    kind: String,
    org_number: String,
    city: String,
    is_archived: bool,
}

#[derive(Template)]
#[template(path = "customer.html")]
struct One {
    frame: Frame,
    texts: Texts,
    form: Boxes,
    number: Option<String>,
    version: i64,
    action: String,
    has_identity: bool,
    kinds: Vec<(String, String)>,
    languages: Vec<(String, String)>,
    usual_days: String,
    routes: String,
    projects: Vec<(String, String)>,
}

/// The list, or what is looked for.
pub async fn list(State(hub): State<Hub>, person: Person, Query(looking): Query<Looking>) -> Page {
    let words_of_page = person.words();
    let cards: Vec<Card<Customer>> = looking.cards(&hub, &person, Numbered::Customer).await?;
    let next = looking.next("/customers", &cards);
    let row = |card: Card<Customer>| Row {
        kind: words_of_page.name("recipient_type", card.body.kind.name()),
        org_number: card.body.org_number.as_ref().map(ToString::to_string).unwrap_or_default(),
        city: card.body.postal.city.clone().unwrap_or_default(),
        is_archived: card.body.archived,
        number: card.number,
        name: card.name,
    };
    let texts = Texts(words_of_page);
    shown(&List {
        frame: Frame::titled(person.visitor(), texts.t("customers.title"), Here::Customers),
        texts,
        q: looking.q.trim().to_owned(),
        rows: cards.into_iter().map(row).collect(),
        next,
    })
}

/// An empty form.
pub async fn new(State(hub): State<Hub>, person: Person) -> Page {
    let sheet = Sheet::of([("kind", "business"), ("currency", "NOK"), ("postal_country", "NO")]);
    page(&hub, &person, None, sheet, Vec::new()).await
}

/// One customer.
pub async fn one(State(hub): State<Hub>, person: Person, Path(number): Path<String>) -> Page {
    let card: Card<Customer> = register::find(&hub, &person, Numbered::Customer, &number).await?;
    let mut sheet = card.body.sheet();
    let order = order_of(&mut *hub.db().read().await?, person.company(), Some(&card)).await?;
    sheet.set("route_order", order.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    page(&hub, &person, Some(&card), sheet, Vec::new()).await
}

/// Adds one.
pub async fn add(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    save(&hub, &person, None, register::adding(&form), &form).await
}

/// Changes one.
pub async fn change(State(hub): State<Hub>, person: Person, Path(number): Path<String>, form: Form) -> Page {
    let card: Card<Customer> = register::find(&hub, &person, Numbered::Customer, &number).await?;
    save(&hub, &person, Some(&card), register::changing(&card, &form), &form).await
}

async fn save(hub: &Hub, person: &Person, card: Option<&Card<Customer>>, edit: Edit, form: &Form) -> Page {
    let sheet = sheet_of(form);
    match faults_of(save_customer(hub, person.company(), edit, &sheet).await)? {
        Ok(saved) => Ok(back_with(hub, &register::path_of("/customers", Some(&saved)), "saved")),
        Err(faults) => given_back(page(hub, person, card, without_identity(&sheet), faults).await),
    }
}

/// A fødselsnummer is typed anew: no page shows one.
fn without_identity(sheet: &Sheet) -> Sheet {
    Sheet::of(sheet.fields().filter(|(name, _)| *name != "identity"))
}

async fn page(hub: &Hub, person: &Person, card: Option<&Card<Customer>>, sheet: Sheet, faults: Vec<Fault>) -> Page {
    let (company, words) = (person.company(), person.words());
    let texts = Texts(words);
    let mut db = hub.db().read().await?;
    let (settings, _) = invoicing::settings(&mut db, &company.id).await?;
    let projects: Vec<Card<Project>> = match card {
        Some(card) => card::of_customer(&mut db, &company.id, &company.key, Numbered::Project, &card.id).await?,
        None => Vec::new(),
    };
    drop(db);
    let kind =
        |kind: RecipientType| (kind.name().to_owned(), crate::web::words::capital(&words.name("recipient_type", kind.name())));
    let title = card.map_or_else(|| texts.t("customers.new"), |card| card.name.clone());
    shown(&One {
        frame: Frame::titled(person.visitor(), title, Here::Customers),
        texts,
        form: Boxes::of(words, sheet).with(faults),
        number: card.map(|card| card.number.clone()),
        version: card.map_or(0, |card| card.version),
        action: register::path_of("/customers", card),
        has_identity: card.is_some_and(|card| card.body.identity_ref.is_some()),
        kinds: [RecipientType::Business, RecipientType::Consumer].into_iter().map(kind).collect(),
        languages: Language::ALL.into_iter().map(|one| (one.tag().to_owned(), called(one, texts))).collect(),
        usual_days: settings.terms_days.to_string(),
        routes: routes::all().iter().map(|route| route.name()).collect::<Vec<_>>().join(", "),
        projects: projects.into_iter().map(|project| (project.number, project.name)).collect(),
    })
}

fn called(language: Language, texts: Texts) -> String {
    texts.t(match language {
        Language::Bokmal => "language.nb",
        Language::English => "language.en",
    })
}
