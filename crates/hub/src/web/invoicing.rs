//! Settings of invoicing: who the company is to its customers, terms, number series, ledger accounts; and the look of its documents.

use askama::Template;
use axum::extract::State;
use base64::Engine as _;
use kvitt_domain::fault::Fault;
use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::sheet::Sheet;

use crate::actions::add_company::change_settings;
use crate::actions::change_invoicing::change_invoicing;
use crate::hub::Hub;
use crate::store::{bank_account, invoicing, series};
use crate::web::boxes::{Boxes, Texts, sheet_of, version_of};
use crate::web::form::{Form, faults_of};
use crate::web::frame::{Frame, Here};
use crate::web::session::Person;
use crate::web::{Page, back_with, given_back, products, shown};

/// Where this page is.
const PATH: &str = "/settings/invoicing";
/// Empty rows for ledger accounts that the form ends with.
const EMPTY_ROWS: usize = 2;

#[derive(Template)]
#[template(path = "invoicing.html")]
struct Settings {
    frame: Frame,
    texts: Texts,
    form: Boxes,
    version: i64,
    series: Vec<(String, String, String)>,
    ledger: Vec<String>,
    codes: Vec<(String, String)>,
    accounts: Vec<String>,
    look: Boxes,
    logo: Option<String>,
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person) -> Page {
    let (settings, version) = invoicing::settings(&mut *hub.db().read().await?, &person.company().id).await?;
    page(&hub, &person, settings.sheet(), version, Vec::new(), Vec::new()).await
}

/// Saves sender, terms, series and accounts.
pub async fn save(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let (sheet, version) = (sheet_of(&form), version_of(&form));
    match faults_of(change_invoicing(&hub, person.company(), version, &sheet).await)? {
        Ok(_) => Ok(back_with(&hub, PATH, "saved")),
        Err(faults) => given_back(page(&hub, &person, sheet, version, faults, Vec::new()).await),
    }
}

/// Saves logo, colour and texts.
pub async fn save_look(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let some = |name: &str| Some(form.get(name).to_owned()).filter(|text| !text.is_empty());
    let before = &person.company().settings;
    let new_logo = form
        .files()
        .iter()
        .find(|file| file.field == "logo")
        .map(|file| base64::engine::general_purpose::STANDARD.encode(&file.bytes));
    let kept = if form.has("remove_logo") { None } else { before.logo.clone() };
    let wanted = crate::store::company::CompanySettings {
        accent: some("accent"),
        text_before: some("text_before"),
        footer: some("footer"),
        logo: new_logo.or(kept),
        ..before.clone()
    };
    match faults_of(change_settings(&hub, person.company(), wanted).await)? {
        Ok(()) => Ok(back_with(&hub, PATH, "saved")),
        Err(faults) => {
            let (settings, version) = invoicing::settings(&mut *hub.db().read().await?, &person.company().id).await?;
            given_back(page(&hub, &person, settings.sheet(), version, Vec::new(), faults).await)
        }
    }
}

async fn page(hub: &Hub, person: &Person, sheet: Sheet, version: i64, faults: Vec<Fault>, of_look: Vec<Fault>) -> Page {
    let (company, words) = (person.company(), person.words());
    let texts = Texts(words);
    let mut db = hub.db().read().await?;
    let accounts = bank_account::all(&mut db, &company.id).await?;
    let mut all = Vec::new();
    for what in Numbered::ALL {
        let last = series::last(&mut db, &company.id, what).await?;
        let used = last.map_or_else(|| texts.t("series.unused"), |last| texts.with("series.used", "number", last));
        all.push((format!("{}_start", what.name()), format!("{}_end", what.name()), used));
    }
    drop(db);
    let rows =
        (1..=kvitt_domain::invoicing::ledger::MOST).rev().find(|row| !sheet.get(&format!("ledger_{row}_number")).is_empty());
    let look = Sheet::of([
        ("accent", company.settings.accent.clone().unwrap_or_default()),
        ("text_before", company.settings.text_before.clone().unwrap_or_default()),
        ("footer", company.settings.footer.clone().unwrap_or_default()),
    ]);
    let logo = company.settings.logo.as_ref().map(|logo| {
        let kind = if logo.starts_with("/9j/") { "jpeg" } else { "png" };
        format!("data:image/{kind};base64,{logo}")
    });
    shown(&Settings {
        frame: Frame::titled(person.visitor(), texts.t("invoicing.title"), Here::Invoicing),
        texts,
        version,
        series: all,
        ledger: (1..=rows.unwrap_or(0) + EMPTY_ROWS).map(|row| format!("ledger_{row}_")).collect(),
        codes: std::iter::once((String::new(), String::new())).chain(products::codes(hub, words)).collect(),
        accounts: accounts.into_iter().map(|known| known.account).collect(),
        look: Boxes::of(words, look).with(of_look),
        logo,
        form: Boxes::of(words, sheet).with(faults),
    })
}
