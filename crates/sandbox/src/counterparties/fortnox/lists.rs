//! Lists: pages, sorting, and filters. A field is searched as part of a text, whatever the letters' case (`ILIKE %x%`): one hit
//! does not mean that it is the one that was looked for.

use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::amounts::hundredths;
use super::books::{Kept, Object, Shelf};
use super::refusals::Refused;
use super::work::{Done, Outcome, Work, stockholm, text};

/// Rows of a page where nobody says how many, and at most.
const USUAL: usize = 100;
const MOST: usize = 500;

/// A word of `filter=` and what it lets through.
pub type Word = (&'static str, fn(&Object, &Work<'_>) -> bool);

/// How a kind is listed.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// Where its records stand.
    pub shelf: Shelf,
    /// The list's name in the answer.
    pub name: &'static str,
    /// What of each record is shown.
    pub shows: &'static [&'static str],
    /// Names after `?` that search, each with its field.
    pub searches: &'static [(&'static str, &'static str)],
    /// The words of `filter=`.
    pub words: &'static [Word],
    /// The field that `fromdate` and `todate` look at, where they are known here.
    pub dated: Option<&'static str>,
    /// Fields that are texts in lists, though numbers elsewhere.
    pub texts: &'static [&'static str],
}

/// Names after `?` that every list knows.
const EVERYWHERE: [&str; 8] =
    ["page", "limit", "offset", "sortby", "sortorder", "lastmodified", "financialyear", "financialyeardate"];

/// A page of a list.
///
/// # Errors
/// 2000588 for a name after `?` that is none, 2000587 for a filter that is none.
pub fn list(listing: &Listing, work: &Work<'_>) -> Outcome {
    let dates: &[&str] = if listing.dated.is_some() { &["fromdate", "todate"] } else { &[] };
    for (name, _) in work.query {
        let name = name.as_str();
        let is_search = listing.searches.iter().any(|(known, _)| *known == name);
        if !is_search && name != "filter" && !EVERYWHERE.contains(&name) && !dates.contains(&name) {
            return Err(Refused::bad(2_000_588, format!("Ogiltig parameter i anropet: {name}.")));
        }
    }
    let word = match work.asked("filter") {
        None => None,
        Some(asked) => Some(listing.words.iter().find(|(word, _)| *word == asked).ok_or_else(bad_filter)?.1),
    };
    let since = work.asked("lastmodified").map(moment).transpose()?;
    let fits = |kept: &Kept| {
        word.is_none_or(|word| word(&kept.value, work))
            && since.is_none_or(|since| kept.modified.to_zoned(stockholm()).datetime() >= since)
            && listing.searches.iter().all(|(name, field)| work.asked(name).is_none_or(|part| has(&kept.value, field, part)))
            && listing.dated.is_none_or(|field| is_between(work, text(&kept.value, field)))
    };
    let mut found: Vec<_> = work.house.all(listing.shelf).into_iter().filter(|(_, kept)| fits(kept)).collect();
    if let Some(by) = work.asked("sortby") {
        let field = listing.shows.iter().find(|field| field.eq_ignore_ascii_case(by)).ok_or_else(bad_filter)?;
        found.sort_by_cached_key(|(_, one)| order(&one.value, field));
    }
    if work.asked("sortorder") == Some("descending") {
        found.reverse();
    }
    page(listing, work, found.into_iter().map(|(_, kept)| kept).collect())
}

fn page(listing: &Listing, work: &Work<'_>, found: Vec<&Kept>) -> Outcome {
    let number = |name, usual: usize| -> Result<usize, Refused> {
        let wrong = || Refused::bad(2_000_588, format!("Ogiltig parameter i anropet: {name}."));
        work.asked(name).map_or(Ok(usual), |asked| asked.parse().map_err(|_| wrong()))
    };
    let limit = number("limit", USUAL)?;
    if !(1..=MOST).contains(&limit) {
        return Err(Refused::bad(2_000_588, "Ogiltig parameter i anropet: limit."));
    }
    let page = number("page", 1)?.max(1);
    let skip = (page - 1) * limit + number("offset", 0)?;
    let all = found.len();
    let pages = all.div_ceil(limit);
    if page > pages.max(1) {
        // The real one says this of a page behind the last.
        return Err(Refused::bad(2_001_889, "Ogiltigt sidnummer."));
    }
    let rows: Vec<Value> = found.iter().skip(skip).take(limit).map(|kept| shown(listing, &kept.value)).collect();
    let meta = json!({ "@TotalResources": all, "@TotalPages": pages, "@CurrentPage": page });
    Ok(Done::said(json!({ "MetaInformation": meta, listing.name: rows })))
}

fn shown(listing: &Listing, value: &Object) -> Value {
    let field = |name: &&str| {
        let value = value.get(*name).cloned().unwrap_or(Value::Null);
        let is_text = listing.texts.contains(name) && value.is_number();
        ((*name).to_owned(), if is_text { json!(value.to_string()) } else { value })
    };
    Value::Object(listing.shows.iter().map(field).collect())
}

fn bad_filter() -> Refused {
    Refused::bad(2_000_587, "Ett ogiltigt filter har använts.")
}

fn has(value: &Object, field: &str, part: &str) -> bool {
    let text = match value.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(other) if !other.is_null() => other.to_string(),
        _ => String::new(),
    };
    text.to_lowercase().contains(&part.to_lowercase())
}

fn is_between(work: &Work<'_>, day: &str) -> bool {
    work.asked("fromdate").is_none_or(|from| day >= from) && work.asked("todate").is_none_or(|to| day <= to)
}

/// `2026-11-20`, with or without a time.
fn moment(asked: &str) -> Result<DateTime, Refused> {
    let whole = match asked.len() {
        10 => format!("{asked} 00:00:00"),
        16 => format!("{asked}:00"),
        _ => asked.to_owned(),
    };
    whole.parse().map_err(|_| Refused::bad(2_000_588, "Ogiltig parameter i anropet: lastmodified."))
}

fn order(value: &Object, field: &str) -> (i64, String) {
    let found = value.get(field).cloned().unwrap_or(Value::Null);
    (hundredths(&found).unwrap_or(0), found.as_str().unwrap_or_default().to_lowercase())
}
