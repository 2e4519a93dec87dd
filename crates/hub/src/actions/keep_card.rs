//! What the registers have in common: a card gets its number once, is saved by one person at a time, and is told.

use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoicing::numbering::{Numbered, Series};
use kvitt_domain::invoicing::words;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::AnyConnection;

use crate::error::{Error, Result};
use crate::store::card::{self, Card, Findable};
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::{Tx, invoicing, series};

/// Numbers that are passed over at most because somebody chose them before.
const TRIES: usize = 10_000;

/// Which card is edited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// The card's id; a new card has none yet.
    pub id: Option<String>,
    /// The version that was shown to whoever edits.
    pub version: i64,
    /// The number that somebody chose for a new card; empty for the next of the series.
    pub number: String,
}

/// The card that is edited, as it is now; `None` for a new one. One that somebody else changed meanwhile is refused.
pub(crate) async fn edited<T: DeserializeOwned>(
    db: &mut AnyConnection,
    company: &Company,
    kind: Numbered,
    edit: &Edit,
) -> Result<Option<Card<T>>> {
    let Some(id) = &edit.id else { return Ok(None) };
    let Some(before) = card::by_id::<T>(db, &company.id, &company.key, kind, id).await? else {
        return Err(unknown(kind, ""));
    };
    if before.version != edit.version {
        return Err(changed(kind.name(), &before.name));
    }
    Ok(Some(before))
}

/// The number of a new card: the chosen one where it is free and fits the series, else the next.
async fn number<T: DeserializeOwned>(tx: &mut Tx<'_>, company: &Company, kind: Numbered, chosen: &str) -> Result<String> {
    let (settings, _) = invoicing::settings(tx.db(), &company.id).await?;
    let (kind, series) = settings.numbering.of(kind);
    let chosen = chosen.trim();
    if !chosen.is_empty() {
        series.check(chosen).map_err(|fault| Error::refused(fault.at("number")))?;
        return match card::by_number::<T>(tx.db(), &company.id, &company.key, kind, chosen).await? {
            None => Ok(chosen.to_owned()),
            Some(known) => {
                let taken = Fault::fatal(codes::NUMBER_TAKEN).with("number", chosen).with("name", known.name);
                Err(Error::refused(taken.at("number")))
            }
        };
    }
    for _ in 0..TRIES {
        let next = next_of(tx, company, kind, series).await?;
        if card::by_number::<T>(tx.db(), &company.id, &company.key, kind, &next).await?.is_none() {
            return Ok(next);
        }
    }
    Err(Error::refused(Fault::fatal(codes::SERIES_FULL).at("number").with("from", series.start).with("to", "–")))
}

/// Takes the next number of a series.
pub(crate) async fn next_of(tx: &mut Tx<'_>, company: &Company, kind: Numbered, series: &Series) -> Result<String> {
    let start = i64::try_from(series.start).unwrap_or(i64::MAX);
    let taken = series::take(tx, &company.id, kind, start).await?;
    series.give(u64::try_from(taken).unwrap_or(u64::MAX)).map_err(|fault| Error::refused(fault.at("number")))
}

/// What a register files a card under, beside its number.
pub(crate) struct Filed {
    pub(crate) name: String,
    /// Of a project: its customer's id; else empty.
    pub(crate) belongs_to: String,
    pub(crate) state: String,
}

/// What is told of a card.
#[derive(Serialize)]
struct Told<'a> {
    number: &'a str,
    name: &'a str,
    /// The fields that were changed, where the register tells them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    version: i64,
}

/// One of a company's registers, as something is kept in it.
pub(crate) struct Register<'a> {
    pub(crate) company: &'a Company,
    pub(crate) kind: Numbered,
    /// The events that tell of a card: added, changed.
    pub(crate) told_as: [&'static str; 2],
    /// Business time, Unix milliseconds.
    pub(crate) now: i64,
}

impl Register<'_> {
    /// The card that an edit makes of what is written: the one before keeps its number, a new one gets its own.
    pub(crate) async fn card<T: DeserializeOwned>(
        &self,
        tx: &mut Tx<'_>,
        edit: &Edit,
        before: Option<&Card<T>>,
        filed: Filed,
        body: T,
    ) -> Result<Card<T>> {
        let number = match before {
            Some(before) => before.number.clone(),
            None => number::<T>(tx, self.company, self.kind, &edit.number).await?,
        };
        let Filed { name, belongs_to, state } = filed;
        Ok(Card {
            id: edit.id.clone().unwrap_or_else(|| crate::ids::new_id().to_string()),
            name,
            belongs_to,
            state,
            made_at: before.map_or(self.now, |before| before.made_at),
            changed_at: self.now,
            version: before.map_or(1, |before| before.version),
            number,
            body,
        })
    }

    /// Stores a card, new or changed, findable by its number and these words, and tells of it: the card as it is stored now.
    pub(crate) async fn keep<T: Serialize>(
        &self,
        tx: &mut Tx<'_>,
        is_new: bool,
        card: Card<T>,
        found_by: &str,
        fields: Vec<String>,
    ) -> Result<Card<T>> {
        let Register { company, kind, told_as: [added, changed], now } = self;
        let findable = findable(&card.number, &card.name, found_by);
        let version = if is_new { 1 } else { card.version + 1 };
        match is_new {
            true => card::insert(tx, &company.id, &company.key, *kind, &card, &findable).await?,
            false => card::save(tx, &company.id, &company.key, *kind, &card, &findable).await?,
        }
        let told = Told { number: &card.number, name: &card.name, fields, version };
        tx.tell(NewEvent::new(&company.id, &company.key, *now, if is_new { added } else { changed }, &card.id, &told)?);
        Ok(Card { version, ..card })
    }
}

/// How a card is found.
fn findable(number: &str, name: &str, more: &str) -> Findable {
    let mut found = words::of(more);
    for word in words::of(number) {
        if !found.contains(&word) {
            found.push(word);
        }
    }
    Findable { sort_key: words::sorted_by(name), words: found }
}

pub(crate) fn unknown(kind: Numbered, number: &str) -> Error {
    Error::refused(Fault::fatal(codes::ENTRY_UNKNOWN).with("entry", kind.name()).with("number", number))
}

pub(crate) fn changed(entry: &str, name: &str) -> Error {
    Error::refused(Fault::fatal(codes::ENTRY_CHANGED).with("entry", entry).with("name", name))
}
