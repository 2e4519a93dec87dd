//! The keys with which programs speak for the company. A secret is shown once, on the page that answers its making.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;

use crate::actions::api_keys::{self, KeyAsk, KeysShown};
use crate::api::scopes::SCOPES;
use crate::hub::Hub;
use crate::store::api_key::ApiKey;
use crate::web::form::{Filled, Form, faults_of};
use crate::web::frame::{Badge, Frame, Here, Mood};
use crate::web::session::{self, Person};
use crate::web::{Page, given_back, on_to, shown};

#[derive(Template)]
#[template(path = "keys.html")]
struct Keys {
    frame: Frame,
    client: String,
    rows: Vec<Row>,
    form: Filled,
    scopes: Vec<(&'static str, &'static str)>,
}

struct Row {
    id: String,
    name: String,
    scopes: String,
    made: String,
    by: String,
    state: Badge,
    stands: bool,
}

#[derive(Template)]
#[template(path = "secret.html")]
pub(super) struct Secret {
    pub frame: Frame,
    pub lead: String,
    pub facts: Vec<(String, String)>,
    pub secret: String,
    pub back: &'static str,
    pub back_text: String,
}

/// The page.
pub async fn get(State(hub): State<Hub>, person: Person) -> Page {
    page(&hub, &person, Filled::empty(person.words())).await
}

async fn page(hub: &Hub, person: &Person, form: Filled) -> Page {
    let words = person.words();
    let KeysShown { client_id, keys, .. } = api_keys::ask(hub, person.company(), KeyAsk::List).await?;
    let row = |key: ApiKey| Row {
        state: match key.revoked_at {
            None => Badge::new(Mood::Good, words.t("keys.stands")),
            Some(_) => Badge::new(Mood::Quiet, words.t("keys.revoked")),
        },
        stands: key.revoked_at.is_none(),
        scopes: key.scopes.join(", "),
        made: words.day_ms(key.made_at),
        by: key.made_by,
        name: key.name,
        id: key.id,
    };
    shown(&Keys {
        frame: Frame::of(person, "keys.title", Here::Keys),
        client: client_id,
        rows: keys.into_iter().map(row).collect(),
        form,
        scopes: SCOPES.iter().filter(|scope| !scope.meaning.is_empty()).map(|scope| (scope.name, scope.meaning)).collect(),
    })
}

/// Makes a key.
pub async fn create(State(hub): State<Hub>, person: Person, form: Form) -> Page {
    let scopes = form.all("scope").filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let ask = KeyAsk::Create { name: form.get("name").to_owned(), scopes, by: person.by() };
    match faults_of(api_keys::ask(&hub, person.company(), ask).await)? {
        Ok(made) => secret(&person, made),
        Err(faults) => {
            let faults = faults.into_iter().map(|fault| if fault.place.is_empty() { fault.at("name") } else { fault }).collect();
            given_back(page(&hub, &person, Filled::refused(person.words(), &form, faults)).await)
        }
    }
}

/// Gives a key another secret.
pub async fn rotate(State(hub): State<Hub>, person: Person, Path(key): Path<String>) -> Page {
    secret(&person, api_keys::ask(&hub, person.company(), KeyAsk::Rotate { key, by: person.by() }).await?)
}

fn secret(person: &Person, made: KeysShown) -> Page {
    let words = person.words();
    let name = made.keys.first().map(|key| key.name.clone()).unwrap_or_default();
    shown(&Secret {
        frame: Frame::of(person, "keys.made.title", Here::Keys),
        lead: words.with("keys.made.lead", &[("name", &name)]),
        facts: vec![("client_id".to_owned(), made.client_id)],
        secret: made.secret.unwrap_or_default(),
        back: "/api-keys",
        back_text: words.t("keys.back"),
    })
}

/// Ends a key.
pub async fn revoke(State(hub): State<Hub>, person: Person, Path(key): Path<String>) -> Page {
    api_keys::ask(&hub, person.company(), KeyAsk::Revoke { key, by: person.by() }).await?;
    let mut response = on_to("/api-keys");
    response.headers_mut().append(header::SET_COOKIE, session::flash(&hub, "key_revoked"));
    Ok(response)
}
