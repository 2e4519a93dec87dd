//! What the pages of the registers (customers, projects, the price list) have in common: how a card is looked for, found by its number, added
//! and changed. What differs is in the page of each.

use kvitt_domain::invoicing::numbering::Numbered;
use kvitt_domain::invoicing::words;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::actions::keep_card::Edit;
use crate::api::problem::Problem;
use crate::error::Result;
use crate::hub::Hub;
use crate::store::card::{self, Card};
use crate::web::boxes::version_of;
use crate::web::form::Form;
use crate::web::session::Person;

/// Cards of one page.
const PAGE: i64 = 50;

/// What is looked for, and where the page begins.
#[derive(Debug, Default, Deserialize)]
pub struct Looking {
    /// Words.
    #[serde(default)]
    pub q: String,
    /// The sort key that the last page ended with.
    #[serde(default)]
    after: String,
    /// The id that the last page ended with.
    #[serde(default)]
    id: String,
}

impl Looking {
    /// A page of a register, or the cards that are looked for.
    pub(super) async fn cards<T: DeserializeOwned>(&self, hub: &Hub, person: &Person, kind: Numbered) -> Result<Vec<Card<T>>> {
        let company = person.company();
        let mut db = hub.db().read().await?;
        let looked_for = words::of(&self.q);
        if looked_for.is_empty() {
            return card::page(&mut db, &company.id, &company.key, kind, (&self.after, &self.id), PAGE).await;
        }
        card::search(&mut db, &company.id, &company.key, kind, &looked_for, PAGE).await
    }

    /// The path of the next page, where this one is full.
    pub(super) fn next<T>(&self, path: &str, cards: &[Card<T>]) -> Option<String> {
        let last = cards.last().filter(|_| self.q.trim().is_empty() && cards.len() as i64 == PAGE)?;
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("after", &words::sorted_by(&last.name))
            .append_pair("id", &last.id)
            .finish();
        Some(format!("{path}?{query}"))
    }
}

/// The card with a number.
pub(super) async fn find<T: DeserializeOwned>(
    hub: &Hub,
    person: &Person,
    kind: Numbered,
    number: &str,
) -> std::result::Result<Card<T>, Problem> {
    let company = person.company();
    let found = card::by_number(&mut *hub.db().read().await?, &company.id, &company.key, kind, number).await?;
    found.ok_or_else(|| Problem::unknown(kind.name()))
}

/// The edit that adds a card.
pub(super) fn adding(form: &Form) -> Edit {
    Edit { number: form.get("number").to_owned(), ..Edit::default() }
}

/// The edit that changes a card that was shown.
pub(super) fn changing<T>(card: &Card<T>, form: &Form) -> Edit {
    Edit { id: Some(card.id.clone()), version: version_of(form), number: String::new() }
}

/// Where a card is, or its register where there is none yet.
pub(super) fn path_of<T>(register: &str, card: Option<&Card<T>>) -> String {
    card.map_or_else(|| register.to_owned(), |card| format!("{register}/{}", encoded(&card.number)))
}

/// A number as a part of a path.
fn encoded(number: &str) -> String {
    form_urlencoded::byte_serialize(number.as_bytes()).collect()
}
