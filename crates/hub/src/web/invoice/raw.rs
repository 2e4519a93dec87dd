//! What was said to counterparties and what they answered, as it is stored: secrets stand in no stored request, and what might be a
//! fødselsnummer is masked here.

use kvitt_domain::delivery::AttemptId;
use kvitt_domain::identifiers::without_identity_numbers;

use crate::actions::explain::{Course, Line, Story, Tried};
use crate::error::Result;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::consignment;
use crate::web::words::Words;

/// Bytes of one raw entry that a page shows.
const SHOWN: usize = 20_000;
/// Raw entries of one attempt that a page shows: the last ones.
const MOST: usize = 20;

/// A try of one route: what was said in short, and the entries in full.
pub struct Said {
    pub route: String,
    pub at: String,
    pub price: String,
    /// When, what was said, what was answered.
    pub lines: Vec<(String, String, String)>,
    pub raw: Vec<String>,
}

/// Every try of an invoice, the notice's too.
pub async fn said(hub: &Hub, company: &Company, story: &Story, words: Words) -> Result<Vec<Said>> {
    let mut all = Vec::new();
    let of_notice = story.notice.iter().flat_map(|notice: &Course| notice.attempts.iter());
    for attempt in story.bill.attempts.iter().chain(of_notice) {
        all.push(of(hub, company, attempt, words).await?);
    }
    Ok(all)
}

async fn of(hub: &Hub, company: &Company, tried: &Tried, words: Words) -> Result<Said> {
    let line = |line: &Line| (words.time(line.at), masked(&line.said), masked(&line.answered));
    let mut raw = Vec::new();
    if let Ok(attempt) = tried.id.parse().map(AttemptId) {
        let mut db = hub.db().read().await?;
        for id in consignment::of_attempt(&mut db, &company.id, attempt).await? {
            for stored in consignment::log(&mut db, &company.id, &company.key, &id).await? {
                let text = serde_json::to_string_pretty(&stored.entry).unwrap_or_default();
                raw.push(cut(&masked(&text)));
            }
        }
    }
    let raw = raw.split_off(raw.len().saturating_sub(MOST));
    Ok(Said {
        route: words.title("route", &tried.route),
        at: words.time(tried.opened_at),
        price: tried.price.map(|price| words.money(price)).unwrap_or_default(),
        lines: tried.log.iter().map(line).collect(),
        raw,
    })
}

fn masked(text: &str) -> String {
    without_identity_numbers(text).into_owned()
}

fn cut(text: &str) -> String {
    let shown = &text[..text.floor_char_boundary(SHOWN)];
    if shown.len() < text.len() { format!("{shown}…") } else { shown.to_owned() }
}
