//! Lists of invoices for pages: filtered, searched, newest first. A page looks at a bounded number of lines, however many there are.

use std::collections::BTreeSet;

use kvitt_domain::money::Currency;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::following::{self, Line, Of};
use crate::store::search;

/// Lines of one page.
pub const PAGE: usize = 50;
/// Lines that are looked through for one page, where a filter leaves most out.
const LOOKED_THROUGH: i64 = 1_000;
/// Invoices of one word that a search looks at.
const OF_A_WORD: i64 = 2_000;
/// Invoices that a search shows.
pub const FOUND: usize = 100;

/// Which invoices are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// All.
    #[default]
    All,
    /// Those that need a person.
    Needed,
    /// Those on their way by themselves.
    Going,
    /// Those that a counterparty or the recipient has.
    There,
    /// Those that were called back.
    Cancelled,
}

impl Show {
    /// All, in the order in which pages offer them.
    pub const ALL: [Show; 5] = [Show::All, Show::Needed, Show::Going, Show::There, Show::Cancelled];

    /// Its name in addresses, and in the catalogue.
    pub fn name(self) -> &'static str {
        match self {
            Show::All => "all",
            Show::Needed => "needed",
            Show::Going => "going",
            Show::There => "there",
            Show::Cancelled => "cancelled",
        }
    }

    /// What a name shows; all where there is no such name.
    pub fn named(name: &str) -> Show {
        Show::ALL.into_iter().find(|show| show.name() == name).unwrap_or_default()
    }

    /// The states of deliveries that are shown; none where all are.
    pub fn states(self) -> &'static [&'static str] {
        match self {
            Show::All => &[],
            Show::Needed => &["parked", "in_doubt"],
            Show::Going => &["choosing", "waiting", "queued", "sending"],
            Show::There => &["handed_over", "delivered", "seen"],
            Show::Cancelled => &["cancelled"],
        }
    }

    fn has(self, state: &str) -> bool {
        self == Show::All || self.states().contains(&state)
    }
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Words, a number, a KID or an amount; empty where nothing is sought.
    pub q: String,
    /// Which.
    pub show: Show,
    /// Only those whose last attempt was by this route.
    pub route: Option<String>,
    /// The cursor that the page before ended with.
    pub before: Option<(i64, String)>,
}

/// A page of invoices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The lines.
    pub lines: Vec<Line>,
    /// Where the next page begins, where there may be one.
    pub next: Option<(i64, String)>,
    /// Whether a search found more than it shows.
    pub is_cut: bool,
}

/// A page of a company's invoices.
pub async fn list(hub: &Hub, company: &Company, wanted: &Wanted) -> Result<Found> {
    let mut db = hub.db().read().await?;
    match wanted.q.trim() {
        "" => browse(&mut db, company, wanted).await,
        q => seek(&mut db, company, q, wanted).await,
    }
}

async fn browse(db: &mut AnyConnection, company: &Company, wanted: &Wanted) -> Result<Found> {
    let sources: Vec<Of> = match (&wanted.route, wanted.show.states()) {
        (Some(route), _) => vec![Of::Route(route.clone())],
        (None, []) => vec![Of::All],
        (None, states) => states.iter().map(|state| Of::State((*state).to_owned())).collect(),
    };
    // Where a filter may leave lines out more of them are read.
    let limit = match wanted.route {
        Some(_) => LOOKED_THROUGH,
        None => i64::try_from(PAGE + 1).unwrap_or(i64::MAX),
    };
    let (at, id) = wanted.before.clone().unwrap_or((i64::MAX, String::new()));
    let mut read = Vec::new();
    for of in &sources {
        read.extend(following::page(db, &company.id, of, (at, &id), limit).await?);
    }
    read.sort_by(|one, other| other.cursor.cmp(&one.cursor));
    let is_all_read = read.len() < usize::try_from(limit).unwrap_or(usize::MAX);
    let last_read = read.last().map(|line| line.cursor.clone());
    let is_wanted = |line: &Line| wanted.show.has(&line.state);
    let mut lines: Vec<Line> = read.into_iter().filter(is_wanted).take(PAGE + 1).collect();
    let next = match lines.len() > PAGE {
        true => {
            lines.truncate(PAGE);
            lines.last().map(|line| line.cursor.clone())
        }
        false if is_all_read => None,
        false => last_read,
    };
    Ok(Found { lines, next, is_cut: false })
}

async fn seek(db: &mut AnyConnection, company: &Company, q: &str, wanted: &Wanted) -> Result<Found> {
    let mut ids: Option<BTreeSet<String>> = None;
    for word in search::folded(q) {
        let found = search::beginning(db, &company.id, &word, OF_A_WORD).await?.into_iter().collect();
        ids = Some(match ids {
            None => found,
            Some(known) => known.intersection(&found).cloned().collect(),
        });
    }
    let mut ids = ids.unwrap_or_default();
    if let Some(minor) = amount(q) {
        ids.extend(following::of_amount(db, &company.id, minor, OF_A_WORD).await?);
    }
    // Ids grow with time: the newest are the last.
    let mut found = Found::default();
    for id in ids.into_iter().rev() {
        let Some(line) = following::one(db, &company.id, &id).await? else { continue };
        if !wanted.show.has(&line.state) || wanted.route.as_ref().is_some_and(|route| *route != line.route) {
            continue;
        }
        if found.lines.len() == FOUND {
            found.is_cut = true;
            break;
        }
        found.lines.push(line);
    }
    Ok(found)
}

/// Minor units of what people write for an amount: `12 450,00`, `12450.5`, `kr 12450`.
fn amount(text: &str) -> Option<i64> {
    let number: String =
        text.trim().trim_start_matches("kr").trim_end_matches("kr").chars().filter(|c| !c.is_whitespace()).collect();
    let number = number.replace(',', ".");
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let value: Decimal = is_number.then(|| number.parse().ok())??;
    kvitt_domain::money::Amount::from_decimal(value, Currency::NOK).map(kvitt_domain::money::Amount::minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_people_write_them() {
        for (text, expected) in [
            ("12 450,00", Some(1_245_000)),
            ("kr 12450.5", Some(1_245_050)),
            ("99", Some(9_900)),
            ("1,234", None),
            ("", None),
            (".", None),
            ("F-17", None),
            ("1.2.3", None),
        ] {
            assert_eq!(amount(text), expected, "{text}");
        }
    }

    #[test]
    fn every_state_is_shown_somewhere() {
        for show in Show::ALL {
            assert_eq!(Show::named(show.name()), show);
        }
        for state in kvitt_domain::delivery::State::NAMES {
            assert!(Show::ALL.iter().any(|show| show.states().contains(&state)), "{state}");
        }
    }
}
