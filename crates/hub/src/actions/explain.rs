//! What was done with an invoice and why, from what is stored: nothing is worked out anew.

use jiff::Timestamp;
use kvitt_adapters::register::Answer;
use kvitt_adapters::route::{Artefact, ClaimVerdict, Entry, Found, Place, Reply, Request};
use kvitt_domain::delivery::{AttemptId, Delivery, Purpose, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::money::Amount;
use kvitt_domain::plan::Plan;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use crate::actions::show_payments::{self, MoneyStory};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::delivery::StoredDelivery;
use crate::store::invoice::{self, Listed, StoredInvoice, kind_name};
use crate::store::job::{self, Shown};
use crate::store::{artefact, consignment, delivery, event};

/// The whole story of one invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Story {
    /// The invoice in short.
    pub invoice: Header,
    /// What became of the document itself; where its route is AvtaleGiro, of the claim.
    #[serde(flatten)]
    pub bill: Course,
    /// What became of telling the payer of the claim, where there is a claim and the payer is told by us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Course>,
    /// Its money; none where it asks for none.
    #[serde(default)]
    pub money: Option<MoneyStory>,
    /// Its files.
    pub files: Vec<Artefact>,
    /// Everything told about it, oldest first.
    pub events: Vec<serde_json::Value>,
}

/// What became of one delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Course {
    /// Where it stands.
    pub delivery: Delivery,
    /// Since when.
    pub since: Timestamp,
    /// Every decision record, oldest first.
    pub plans: Vec<Plan>,
    /// Every route tried, oldest first.
    pub attempts: Vec<Tried>,
    /// What is still to be done for it by itself.
    pub jobs: Vec<Shown>,
}

/// An invoice in short.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// UUIDv7 text.
    pub id: String,
    /// The company's organisation number.
    pub company: String,
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// BT-1.
    pub number: String,
    /// BT-44.
    pub recipient: String,
    /// `consumer` or `business`.
    pub recipient_type: String,
    /// BT-115.
    pub payable: Amount,
    /// BT-2.
    pub issued_on: String,
    /// BT-9.
    pub due_on: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// One route tried.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tried {
    /// The attempt's id.
    pub id: String,
    /// The route.
    pub route: String,
    /// What it costs.
    pub price: Option<Amount>,
    /// When it was chosen.
    pub opened_at: Timestamp,
    /// The latest word on it.
    pub word: Option<Word>,
    /// What was said and answered, and what arrived by itself.
    pub log: Vec<Line>,
}

/// One line of a conversation, in short.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// What was said, or that it arrived by itself.
    pub said: String,
    /// What was answered, or what arrived.
    pub answered: String,
    /// Whether it was a try to hand something over: no question, and nothing that arrived.
    #[serde(default)]
    pub is_try: bool,
}

/// The invoice with an id or number. A number that an invoice and a credit note share must be asked for by id.
pub async fn find(hub: &Hub, company: &Company, invoice: &str) -> Result<StoredInvoice> {
    let mut db = hub.db().read().await?;
    if uuid::Uuid::parse_str(invoice).is_ok()
        && let Ok(found) = invoice::by_id(&mut db, &company.id, &company.key, invoice).await
    {
        return Ok(found);
    }
    let mut found = invoice::by_number(&mut db, &company.id, &company.key, invoice).await?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::refused(Fault::fatal(codes::INVOICE_UNKNOWN).with("invoice", invoice))),
        _ => {
            let ids: Vec<&str> = found.iter().map(|stored| stored.id.as_str()).collect();
            Err(Error::refused(Fault::fatal(codes::INVOICE_AMBIGUOUS).with("invoice", invoice).with("ids", ids.join(", "))))
        }
    }
}

/// Tells the story of an invoice.
pub async fn explain(hub: &Hub, company: &Company, invoice: &str) -> Result<Story> {
    let stored = find(hub, company, invoice).await?;
    let mut db = hub.db().read().await?;
    let bill = delivery::of_bill(&mut db, &company.id, &company.key, &stored.id).await?;
    let bill = course(&mut db, company, bill).await?;
    let notice = match delivery::of_invoice(&mut db, &company.id, &company.key, &stored.id, Purpose::Notice).await? {
        Some(notice) => Some(course(&mut db, company, notice).await?),
        None => None,
    };
    let events = event::of_subject(&mut db, &company.id, &company.key, &stored.id).await?;
    let document = &stored.body.invoice;
    Ok(Story {
        invoice: Header {
            id: stored.id.clone(),
            company: company.org_number.clone(),
            kind: kind_name(document.kind).to_owned(),
            number: document.number.clone(),
            recipient: document.buyer.name.clone(),
            recipient_type: stored.body.recipient.kind.name().to_owned(),
            payable: document.totals.payable,
            issued_on: document.issued_on.to_string(),
            due_on: document.due_on.map(|date| date.to_string()),
            accepted_at: timestamp(stored.accepted_at)?,
        },
        bill,
        notice,
        money: show_payments::story(&mut db, company, &stored.id).await?,
        files: artefact::of_invoice(&mut db, &company.id, &stored.id, hub.config().public_address.as_deref()).await?,
        events: events.iter().map(shown).collect::<Result<_>>()?,
    })
}

async fn course(db: &mut AnyConnection, company: &Company, current: StoredDelivery) -> Result<Course> {
    let mut attempts = Vec::new();
    let mut jobs = job::of_subject(db, &company.id, &current.id).await?;
    for attempt in delivery::attempts(db, &company.id, &company.key, &current.id).await? {
        let mut log = Vec::new();
        for id in consignment::of_attempt(db, &company.id, attempt.id).await? {
            jobs.extend(job::of_subject(db, &company.id, &id).await?);
            let entries = consignment::log(db, &company.id, &company.key, &id).await?;
            log.extend(entries.iter().filter(|entry| concerns(&entry.entry, attempt.id)).map(|entry| line(&entry.entry)));
        }
        attempts.push(Tried {
            id: attempt.id.to_string(),
            route: attempt.route,
            price: attempt.price,
            opened_at: timestamp(attempt.opened_at)?,
            word: attempt.word,
            log,
        });
    }
    Ok(Course {
        since: timestamp(current.since)?,
        plans: delivery::plans(db, &company.id, &company.key, &current.id).await?,
        delivery: current.delivery,
        attempts,
        jobs,
    })
}

/// A page of a company's invoices, and the cursor of the next page where there may be one.
pub async fn list(
    hub: &Hub,
    company: &Company,
    after: Option<(i64, String)>,
    limit: u32,
) -> Result<(Vec<Listed>, Option<(i64, String)>)> {
    /// Invoices that one page holds at most.
    const PAGE: u32 = 1000;
    let limit = limit.clamp(1, PAGE);
    let (accepted_at, id) = after.unwrap_or((i64::MIN, String::new()));
    let page = invoice::list(&mut *hub.db().read().await?, &company.id, (accepted_at, &id), i64::from(limit)).await?;
    let next = (page.len() == limit as usize).then(|| page.last().map(|last| (last.accepted_at, last.id.clone()))).flatten();
    Ok((page, next))
}

/// Events of a company after a cursor.
pub async fn events(hub: &Hub, company: &Company, after: i64, limit: u32) -> Result<Vec<serde_json::Value>> {
    /// Events that one page holds at most.
    const PAGE: u32 = 1000;
    let limit = i64::from(limit.clamp(1, PAGE));
    let events = event::after(&mut *hub.db().read().await?, &company.id, &company.key, after, limit).await?;
    events.iter().map(shown).collect()
}

/// Checks a company's chain of events from its beginning; answers the last event's number.
pub async fn verify(hub: &Hub, company: &Company) -> Result<i64> {
    event::verify(&mut *hub.db().read().await?, &company.id, &company.key).await?.map_err(Error::Damaged)
}

fn shown(event: &event::StoredEvent) -> Result<serde_json::Value> {
    serde_json::to_value(event).map_err(|cause| Error::Damaged(format!("an event has no JSON: {cause}")))
}

fn timestamp(ms: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(ms).map_err(|_| Error::Damaged(format!("{ms} is no time")))
}

/// Whether an entry of a consignment's log is about an attempt: what was said is about all that travelled together.
fn concerns(entry: &Entry, attempt: AttemptId) -> bool {
    match entry {
        Entry::Exchange(_) => true,
        Entry::Arrived { attempt: concerned, .. }
        | Entry::CallBack { attempt: concerned, .. }
        | Entry::Settled { attempt: concerned, .. } => *concerned == attempt,
        Entry::LookedUp { answers, .. } => answers.iter().any(|(concerned, _)| *concerned == attempt),
    }
}

fn line(entry: &Entry) -> Line {
    match entry {
        Entry::Exchange(exchange) => {
            let said = match &exchange.request {
                Request::Smtp(letter) => format!("SMTP → {}: {}", letter.envelope_to, letter.subject),
                Request::Http(request) => format!("HTTP → {}: {}", request.endpoint, request.operation),
                Request::Put(package) => format!("files → {}: {}", package.drop, package.name),
                Request::Look { drop, name, .. } => format!("files → {drop}: {name}?"),
            };
            Line { at: exchange.at, said, answered: in_short(&exchange.reply), is_try: !exchange.request.is_question() }
        }
        Entry::LookedUp { answers, at } => {
            let yes = answers.iter().filter(|(_, answer)| matches!(answer, Answer::Yes)).count();
            Line {
                at: *at,
                said: "→ register, asked again".to_owned(),
                answered: format!("{yes} of {} can be reached", answers.len()),
                is_try: false,
            }
        }
        Entry::CallBack { by, at, .. } => Line { at: *at, said: "called back".to_owned(), answered: by.clone(), is_try: false },
        Entry::Settled { found, by, at, .. } => {
            let said = match found {
                Found::Sent => "found to be sent",
                Found::Unsent => "found not to be sent",
                Found::Repeated => "to be sent again",
            };
            Line { at: *at, said: said.to_owned(), answered: by.clone(), is_try: false }
        }
        Entry::Arrived { arrived, at, .. } => {
            let (said, answered) = match arrived {
                kvitt_adapters::route::Arrived::Bounced { status, text } => ("← bounce", format!("{status} {text}")),
                kvitt_adapters::route::Arrived::Delayed { text } => ("← delayed", text.clone()),
                kvitt_adapters::route::Arrived::PassedOn { text } => ("← passed on", text.clone()),
                kvitt_adapters::route::Arrived::Opened { text } => ("← opened", text.clone()),
                kvitt_adapters::route::Arrived::Progress { stage, text } => ("← receipt", format!("{stage} {text}")),
                kvitt_adapters::route::Arrived::Unprintable { code, text } => ("← not printed", format!("{code} {text}")),
                kvitt_adapters::route::Arrived::JobRefused { code, text } => ("← job refused", format!("{code} {text}")),
                kvitt_adapters::route::Arrived::TransmissionReceived { number, text } => {
                    ("← bank's receipt", format!("transmission {number}: {text}"))
                }
                kvitt_adapters::route::Arrived::TransmissionRefused { number, code, text } => {
                    ("← refused by the bank", format!("transmission {number}: {code} {text}"))
                }
                kvitt_adapters::route::Arrived::ClaimJudged { number, verdict, code, text } => {
                    let verdict = match verdict {
                        ClaimVerdict::Accepted => "accepted",
                        ClaimVerdict::Warning => "accepted with a warning",
                        ClaimVerdict::Rejected => "rejected",
                    };
                    ("← bank's receipt", format!("transmission {number}: {verdict} {code} {text}"))
                }
                kvitt_adapters::route::Arrived::CameBack { code, text } => ("← came back", format!("{code} {text}")),
            };
            Line { at: *at, said: said.to_owned(), answered, is_try: false }
        }
    }
}

/// The text of XML, for a person: its elements left out, and each run of white space one space.
fn without_tags(body: &str) -> String {
    let mut text = String::new();
    for part in body.split('<') {
        let said = part.split_once('>').map_or(part, |(_, said)| said);
        for word in said.split_whitespace() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    text
}

/// Bytes of an answer over HTTP that a line of a story shows.
const SHOWN: usize = 200;

fn in_short(reply: &Reply) -> String {
    match reply {
        Reply::Smtp { code, text, .. } => format!("{code} {text}"),
        Reply::Http { status, body, .. } => {
            let text = without_tags(body);
            let shown = &text[..text.floor_char_boundary(SHOWN)];
            format!("{status} {}{}", without_identity_numbers(shown), if shown.len() < text.len() { "…" } else { "" })
        }
        Reply::Placed => "placed".to_owned(),
        Reply::Seen { place } => match place {
            Place::Final => "there".to_owned(),
            Place::Temporary => "not complete".to_owned(),
            Place::Nowhere => "not there".to_owned(),
        },
        Reply::Silence { what, .. } => format!("– {what}"),
    }
}
