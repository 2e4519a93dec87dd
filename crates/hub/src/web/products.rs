//! The price list.

use askama::Template;
use axum::extract::{Path, Query, State};
use kvitt_domain::calendar;
use kvitt_domain::fault::Fault;
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::product::{Product, UNITS};
use kvitt_domain::invoicing::settings::InvoicingSettings;
use kvitt_domain::invoicing::sheet::Sheet;
use kvitt_domain::invoicing::vat;
use kvitt_domain::money::{Amount, Currency};

use crate::actions::keep_card::Edit;
use crate::actions::save_product::save_product;
use crate::hub::Hub;
use crate::store::card::Card;
use crate::store::invoicing;
use crate::web::boxes::{Boxes, Texts, sheet_of};
use crate::web::form::{Form, faults_of};
use crate::web::frame::{Frame, Here};
use crate::web::register::{self, Looking};
use crate::web::session::Person;
use crate::web::words::Words;
use crate::web::{Page, back_with, given_back, shown};

#[derive(Template)]
#[template(path = "products.html")]
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
    unit: String,
    price: String,
    vat: String,
    account: String,
    is_archived: bool,
}

#[derive(Template)]
#[template(path = "product.html")]
struct One {
    frame: Frame,
    texts: Texts,
    form: Boxes,
    number: Option<String>,
    version: i64,
    action: String,
    units: Vec<(String, String)>,
    codes: Vec<(String, String)>,
    accounts: Vec<(String, String)>,
}

/// The list, or what is looked for.
pub async fn list(State(hub): State<Hub>, person: Person, Query(looking): Query<Looking>) -> Page {
    let said = person.words();
    let cards: Vec<Card<Product>> = looking.cards(&hub, &person, Numbered::Product).await?;
    let next = looking.next("/products", &cards);
    let row = |card: Card<Product>| Row {
        unit: said.name("unit", &card.body.unit),
        price: Amount::rounded(card.body.price, Currency::NOK).map(|price| said.money(price)).unwrap_or_default(),
        vat: card.body.vat_code.clone(),
        account: card.body.ledger_account.clone().unwrap_or_default(),
        is_archived: card.body.archived,
        number: card.number,
        name: card.name,
    };
    let texts = Texts(said);
    shown(&List {
        frame: Frame::titled(person.visitor(), texts.t("products.title"), Here::Products),
        texts,
        q: looking.q.trim().to_owned(),
        rows: cards.into_iter().map(row).collect(),
        next,
    })
}

/// An empty form.
pub async fn new(State(hub): State<Hub>, person: Person) -> Page {
    let (settings, _) = invoicing::settings(&mut *hub.db().read().await?, &person.company().id).await?;
    page(&hub, &person, None, Sheet::of([("unit", "EA"), ("vat_code", settings.vat_code.as_str())]), Vec::new()).await
}

/// One product.
pub async fn one(State(hub): State<Hub>, person: Person, Path(number): Path<String>) -> Page {
    let card: Card<Product> = register::find(&hub, &person, Numbered::Product, &number).await?;
    let sheet = card.body.sheet();
    page(&hub, &person, Some(&card), sheet, Vec::new()).await
}

/// Adds one.
pub async fn add(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    save(&hub, &person, None, register::adding(&form), &form).await
}

/// Changes one.
pub async fn change(State(hub): State<Hub>, person: Person, Path(number): Path<String>, form: Form) -> Page {
    let card: Card<Product> = register::find(&hub, &person, Numbered::Product, &number).await?;
    save(&hub, &person, Some(&card), register::changing(&card, &form), &form).await
}

async fn save(hub: &Hub, person: &Person, card: Option<&Card<Product>>, edit: Edit, form: &Form) -> Page {
    let sheet = sheet_of(form);
    match faults_of(save_product(hub, person.company(), edit, &sheet).await)? {
        Ok(saved) => Ok(back_with(hub, &register::path_of("/products", Some(&saved)), "saved")),
        Err(faults) => given_back(page(hub, person, card, sheet, faults).await),
    }
}

async fn page(hub: &Hub, person: &Person, card: Option<&Card<Product>>, sheet: Sheet, faults: Vec<Fault>) -> Page {
    let words = person.words();
    let texts = Texts(words);
    let (settings, _) = invoicing::settings(&mut *hub.db().read().await?, &person.company().id).await?;
    shown(&One {
        frame: Frame::titled(
            person.visitor(),
            card.map_or_else(|| texts.t("products.new"), |card| card.name.clone()),
            Here::Products,
        ),
        texts,
        form: Boxes::of(words, sheet).with(faults),
        number: card.map(|card| card.number.clone()),
        version: card.map_or(0, |card| card.version),
        action: register::path_of("/products", card),
        units: units(words),
        codes: codes(hub, words),
        accounts: accounts(&settings, texts),
    })
}

/// The units that forms offer.
pub(super) fn units(words: Words) -> Vec<(String, String)> {
    UNITS.iter().map(|unit| ((*unit).to_owned(), words.name("unit", unit))).collect()
}

/// The VAT codes that forms offer, with today's rates.
pub(super) fn codes(hub: &Hub, words: Words) -> Vec<(String, String)> {
    let today = calendar::today(hub.clock().business());
    let said = |code: &vat::VatCode| {
        let percent = code.on(today).and_then(|rate| rate.percent).filter(|percent| !percent.is_zero());
        let rate = percent.map(|percent| format!(" {}\u{a0}%", percent.to_string().replace('.', ","))).unwrap_or_default();
        (code.code.clone(), format!("{}{rate} – {}", code.code, words.name("vat_code", &code.code)))
    };
    vat::norwegian().iter().map(said).collect()
}

/// The ledger accounts that forms offer.
pub(super) fn accounts(settings: &InvoicingSettings, texts: Texts) -> Vec<(String, String)> {
    let own =
        settings.ledger_accounts.iter().map(|account| (account.number.clone(), format!("{} {}", account.number, account.name)));
    std::iter::once((String::new(), texts.t("account.by_code"))).chain(own).collect()
}
