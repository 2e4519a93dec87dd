//! `GET /v1/invoices`: the company's invoices by the filters and pages that the clients of Nordic ERPs use.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use jiff::Timestamp;
use kvitt_domain::fault::codes;
use uuid::Uuid;

use crate::api::access::Caller;
use crate::api::invoices::{Invoice, as_accepted, find, states_of};
use crate::api::paging::{paging, window};
use crate::api::problem::{Answered, Problem};
use crate::api::request::Asked;
use crate::hub::Hub;
use crate::store::invoice::{self, Order, Span, StoredInvoice};
use crate::store::{delivery, search};

/// Ids that one question names at most.
const MOST_IDS: usize = 100;
const KNOWN: &[&str] = &[
    "direction",
    "status",
    "ids",
    "number",
    "reference",
    "received_at_start",
    "received_at_end",
    "created_at_start",
    "created_at_end",
    "page",
    "per_page",
    "sort",
];

/// Lists invoices
///
/// Kvitt receives none as yet: `direction=RECEIVED`, the default of the API that it follows, is an empty list. Ask with `direction=SENT`.
#[utoipa::path(get, path = "/v1/invoices", tag = "invoices", operation_id = "getV1Invoices",
    params(("direction" = Option<String>, Query, pattern = "^(RECEIVED|SENT)$", description = "`RECEIVED` (default) or `SENT`"),
        ("status" = Option<Vec<String>>, Query, description = "`PENDING`, `DELIVERED`, `FAILED`; several may be given"),
        ("ids" = Option<Vec<Uuid>>, Query, description = "At most 100"),
        ("number" = Option<String>, Query, description = "BT-1"),
        ("reference" = Option<String>, Query, description = "The KID, of invoices and credit notes"),
        ("received_at_start" = Option<String>, Query, format = DateTime, description = "RFC 3339"), ("received_at_end" = Option<String>, Query, format = DateTime, description = "RFC 3339"),
        ("created_at_start" = Option<String>, Query, format = DateTime, description = "RFC 3339"), ("created_at_end" = Option<String>, Query, format = DateTime, description = "RFC 3339"),
        ("page" = Option<i64>, Query, minimum = 1, maximum = 10000, description = "1 by default"),
        ("per_page" = Option<i64>, Query, minimum = 1, maximum = 100, description = "20 by default"),
        ("sort" = Option<String>, Query, pattern = "^-?(received|created)_at$", description = "`received_at` (default) or `-received_at`")),
    responses((status = 200, description = "A page; its headers tell of the others", body = Vec<Invoice>,
        headers(("X-Total" = i64, description = "How many there are"), ("X-Total-Pages" = i64), ("X-Page" = i64), ("X-Per-Page" = i64),
            ("X-Next-Page" = String), ("X-Prev-Page" = String), ("Link" = String)))))]
pub async fn get(State(hub): State<Hub>, caller: Caller, asked: Asked) -> Answered<(HeaderMap, Json<Vec<Invoice>>)> {
    let asked = asked.only(KNOWN)?;
    let (page, per_page) = window(&asked)?;
    let states = states(&asked)?;
    let (span, order) = (span(&asked)?, order(&asked)?);
    let (found, total) = match asked.one("direction")? {
        None | Some("RECEIVED") => (Vec::new(), 0),
        Some("SENT") => match named(&hub, &caller, &asked).await? {
            Some(named) => of_named(&hub, &caller, named, &states, span, (page, per_page)).await?,
            None => {
                let company = caller.company();
                let mut db = hub.db().read().await?;
                let total = invoice::count_in(&mut db, &company.id, span, &states).await?;
                let window = (per_page, (page - 1) * per_page);
                (invoice::page(&mut db, &company.id, &company.key, span, &states, order, window).await?, total)
            }
        },
        Some(other) => return Err(Problem::value("direction", other)),
    };
    let mut shown = Vec::with_capacity(found.len());
    let mut db = hub.db().read().await?;
    for stored in &found {
        let bill = delivery::of_bill(&mut db, &caller.company().id, &caller.company().key, &stored.id).await?;
        shown.push(as_accepted(stored, Some(&bill.delivery.state)));
    }
    Ok((paging("/v1/invoices", &asked, page, per_page, total), Json(shown)))
}

/// The stored states that the asked ones stand for, each between commas; empty means all.
fn states(asked: &Asked) -> Answered<String> {
    let mut states = String::new();
    for status in asked.many("status") {
        for state in states_of(status).ok_or_else(|| Problem::value("status", status))? {
            states.push_str(&format!(",{state},"));
        }
    }
    Ok(states)
}

fn span(asked: &Asked) -> Answered<Span> {
    let at = |name: &str| -> Answered<Option<i64>> {
        let Some(text) = asked.one(name)? else { return Ok(None) };
        text.parse::<Timestamp>().map(|at| Some(at.as_millisecond())).map_err(|_| Problem::value(name, text))
    };
    let starts = [at("received_at_start")?, at("created_at_start")?];
    let ends = [at("received_at_end")?, at("created_at_end")?];
    let from = starts.into_iter().flatten().max().unwrap_or(i64::MIN);
    let to = ends.into_iter().flatten().min().unwrap_or(i64::MAX);
    Ok(Span { from, to })
}

fn order(asked: &Asked) -> Answered<Order> {
    match asked.one("sort")? {
        None | Some("received_at" | "created_at") => Ok(Order::OldestFirst),
        Some("-received_at" | "-created_at") => Ok(Order::NewestFirst),
        Some(other) => Err(Problem::value("sort", other)),
    }
}

/// The invoices that ids, a number or a KID name, where any of them is given.
async fn named(hub: &Hub, caller: &Caller, asked: &Asked) -> Answered<Option<Vec<StoredInvoice>>> {
    let company = caller.company();
    let ids: Vec<&str> = asked.many("ids").flat_map(|ids| ids.split(',')).collect();
    if ids.len() > MOST_IDS {
        return Err(Problem::value("ids", ids.len()));
    }
    let (number, reference) = (asked.one("number")?, asked.one("reference")?);
    let mut found = match (ids.as_slice(), number, reference) {
        ([], None, None) => return Ok(None),
        ([], Some(number), _) => invoice::by_number(&mut *hub.db().read().await?, &company.id, &company.key, number).await?,
        ([], None, Some(reference)) => of_reference(hub, caller, reference).await?,
        (ids, ..) => {
            let mut found = Vec::new();
            for id in ids {
                Uuid::try_parse(id).map_err(|_| Problem::value("ids", id))?;
                match find(hub, caller, id).await {
                    // One invoice may be named by each of its ids.
                    Ok(stored) if found.iter().any(|known: &StoredInvoice| known.id == stored.id) => {}
                    Ok(stored) => found.push(stored),
                    // An id that is not known is not in the list; that the database fails is no answer.
                    Err(problem) if problem.is(codes::RESOURCE_UNKNOWN) => {}
                    Err(problem) => return Err(problem),
                }
            }
            found
        }
    };
    found.retain(|stored| {
        let document = &stored.body.invoice;
        number.is_none_or(|number| document.number == number) && reference.is_none_or(|kid| document.remittance() == Some(kid))
    });
    Ok(Some(found))
}

/// What has a KID: invoices by their money, and credit notes, which ask for none, by their words.
async fn of_reference(hub: &Hub, caller: &Caller, reference: &str) -> Answered<Vec<StoredInvoice>> {
    /// The most that one KID is on.
    const MOST: i64 = 100;
    let company = caller.company();
    let mut db = hub.db().read().await?;
    let mut found = invoice::by_kid(&mut db, &company.id, &company.key, reference).await?;
    let word = search::word_of(reference);
    if !word.is_empty() {
        // The word itself comes before those that only begin like it.
        for id in search::beginning(&mut db, &company.id, &word, MOST).await? {
            if !found.iter().any(|known| known.id == id) {
                found.push(invoice::by_id(&mut db, &company.id, &company.key, &id).await?);
            }
        }
    }
    found.sort_by(|one, other| (one.accepted_at, &one.id).cmp(&(other.accepted_at, &other.id)));
    Ok(found)
}

async fn of_named(
    hub: &Hub,
    caller: &Caller,
    named: Vec<StoredInvoice>,
    states: &str,
    span: Span,
    (page, per_page): (i64, i64),
) -> Answered<(Vec<StoredInvoice>, i64)> {
    let company = caller.company();
    let mut db = hub.db().read().await?;
    let mut kept = Vec::new();
    for stored in named {
        let bill = delivery::of_bill(&mut db, &company.id, &company.key, &stored.id).await?;
        let is_asked = states.is_empty() || states.contains(&format!(",{},", bill.delivery.state.name()));
        if is_asked && (span.from..=span.to).contains(&stored.accepted_at) {
            kept.push(stored);
        }
    }
    let total = i64::try_from(kept.len()).unwrap_or(i64::MAX);
    let skip = usize::try_from((page - 1) * per_page).unwrap_or(usize::MAX);
    Ok((kept.into_iter().skip(skip).take(usize::try_from(per_page).unwrap_or(0)).collect(), total))
}
