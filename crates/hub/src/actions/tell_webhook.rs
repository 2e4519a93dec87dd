//! Tells a webhook what it was not told yet: one event after the other, in the order of their numbers, each until it is taken.
//!
//! An answer of 2xx is a yes, and is written down before the next event goes; a process that dies between the two says the same again
//! under the same id. Anything else is tried again for about 75 hours; then, or when the receiver says that it is gone, the webhook is
//! stopped and the company's timeline says so. Nothing is lost: [`super::change_webhook`] lets it go on where it stood.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use kvitt_adapters::route::Reply;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::retry::RetryPolicy;
use serde::Serialize;

use crate::actions::say;
use crate::error::Result;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::event::{self, Heading, NewEvent};
use crate::store::job::{self, Leased};
use crate::store::webhook::{self, State, StoredWebhook, Try, Webhook};
use crate::transport::Outgoing;
use crate::transport::webhook::outcome;
use crate::webhook_message::{For, Message};

/// Headings that are read at a time.
const PAGE: i64 = 100;
/// Pages of one run, so that a webhook with a long way to go does not hold a worker for ever: others have their turn.
const PAGES: usize = 10;
/// As long as a run may go on, for the same reason. The try that it is at is finished.
const LONGEST_RUN: Duration = Duration::from_secs(60);
/// The status by which a receiver says that it is gone for good (RFC 9110 § 15.5.11).
const GONE: i64 = 410;

/// Does a [`crate::store::job::Kind::TellWebhook`] job.
pub async fn tell_webhook(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let begun = Instant::now();
    for _ in 0..PAGES {
        let mut db = hub.db().read().await?;
        let Some(mut hook) = webhook::by_id(&mut db, &company.id, &company.key, &job.subject).await? else {
            return hub.end(job).await;
        };
        if !matches!(hook.webhook.state, State::Active { .. }) {
            return hub.end(job).await;
        }
        let page = event::headings_after(&mut db, &company.id, hook.webhook.told, PAGE).await?;
        drop(db);
        let Some(last) = page.last().map(|event| event.seq) else {
            return hub.end(job).await;
        };
        let is_end = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        for event in &page {
            let Some(wanted) = hook.webhook.settings.events.wants(&event.kind) else { continue };
            let message = Message::of_event(For { company: &company.org_number, webhook: &hook.id }, event, wanted)?;
            let tried = say::while_leased(hub, job, try_once(hub, &hook, &message, (event.seq, &event.kind))).await??;
            crate::failpoint!("before_reply_recorded");
            match record(hub, company, job, &hook, event, tried).await? {
                Then::Next(now) => hook = *now,
                Then::ReadAgain => break,
                Then::Rest => return Ok(()),
            }
            if begun.elapsed() > LONGEST_RUN {
                return again(hub, job).await;
            }
        }
        if hook.webhook.told < last && !pass_by(hub, company, job, &hook, last, is_end).await? {
            continue;
        }
        if is_end {
            return if hook.webhook.told < last { Ok(()) } else { hub.end(job).await };
        }
    }
    again(hub, job).await
}

/// A try, and when the receiver asked us to come back.
pub(super) struct Tried {
    pub entry: Try,
    retry_after: Option<Duration>,
}

/// Posts a message once. `event` is its number and kind.
pub(super) async fn try_once(hub: &Hub, hook: &StoredWebhook, message: &Message, event: (i64, &str)) -> Result<Tried> {
    let settings = &hook.webhook.settings;
    let machine = hub.clock().machine();
    let headers = message.headers(settings.live(machine.as_millisecond()), machine);
    let outgoing = Outgoing::Webhook { address: settings.address.clone(), headers, body: message.body.clone() };
    let begun = Instant::now();
    let reply = hub.carrier().carry(outgoing, say::no_mark()).await?;
    let took_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
    let (status, why) = outcome(&reply);
    let retry_after = match reply {
        Reply::Http { retry_after, .. } => retry_after,
        _ => None,
    };
    let why = without_identity_numbers(&why).into_owned();
    let entry = Try { event: event.0, kind: event.1.to_owned(), at: hub.clock().business_ms(), status, why, took_ms };
    Ok(Tried { entry, retry_after })
}

/// What follows from a try.
enum Then {
    /// The next event, to the webhook as it is now.
    Next(Box<StoredWebhook>),
    /// A person changed the webhook meanwhile.
    ReadAgain,
    /// Nothing in this run: the job is given back or ended.
    Rest,
}

/// Writes down what came of a try.
async fn record(hub: &Hub, company: &Company, job: &Leased, hook: &StoredWebhook, event: &Heading, tried: Tried) -> Result<Then> {
    let (business, machine_now) = (hub.clock().business(), hub.clock().machine_ms());
    let now = business.as_millisecond();
    let faults = match hook.webhook.state {
        State::Active { faults } => faults + 1,
        State::Stopped { .. } => 1,
    };
    let is_told = tried.entry.why.is_empty();
    let next = RetryPolicy::default().next_as_asked(
        usize::try_from(faults).unwrap_or(usize::MAX),
        tried.retry_after,
        say::seed(&hook.id),
        business,
    );
    let after = match next {
        _ if is_told => Webhook { told: event.seq, state: State::Active { faults: 0 }, ..hook.webhook.clone() },
        Some(_) if tried.entry.status != GONE => Webhook { state: State::Active { faults }, ..hook.webhook.clone() },
        _ => Webhook { state: State::Stopped { why: why_stopped(&tried.entry, faults) }, since: now, ..hook.webhook.clone() },
    };
    let due_at = next.map_or(now, |at| at.as_millisecond());
    let (company, job, hook, entry) = (company.clone(), job.clone(), hook.clone(), tried.entry);
    hub.write(move |tx| {
        let (company, job, hook, after, entry) = (company.clone(), job.clone(), hook.clone(), after.clone(), entry.clone());
        async move {
            let stops = matches!(after.state, State::Stopped { .. });
            if stops {
                // The company's head is locked before the job, as whoever tells events does it.
                webhook::count_active(tx, &company.id, -1).await?;
            }
            job::hold(tx, &job, machine_now).await?;
            let is_as_read = webhook::by_id(tx.db(), &company.id, &company.key, &hook.id)
                .await?
                .is_some_and(|stored| stored.version == hook.version);
            webhook::record(tx, &company.id, &hook.id, &entry).await?;
            if !is_as_read {
                // Somebody moved it, changed it or took it away: what it was told stands in the log, and where it goes on is theirs to say.
                if stops {
                    webhook::count_active(tx, &company.id, 1).await?;
                }
                return Ok(Then::ReadAgain);
            }
            match &after.state {
                State::Active { faults: 0 } => {
                    let advanced = webhook::advance(tx, &company.id, &hook, after.told).await?;
                    let now = StoredWebhook { version: hook.version + 1, webhook: after, ..hook };
                    Ok(if advanced { Then::Next(Box::new(now)) } else { Then::ReadAgain })
                }
                State::Active { faults } => {
                    webhook::save(tx, &company.id, &company.key, &hook, &after).await?;
                    job::wait(tx, &job, due_at, *faults, &entry.why).await?;
                    Ok(Then::Rest)
                }
                State::Stopped { why } => {
                    webhook::save(tx, &company.id, &company.key, &hook, &after).await?;
                    let told = Stopped { event: entry.event, why };
                    tx.tell(NewEvent::new(&company.id, &company.key, now, "webhook.stopped", &hook.id, &told)?);
                    job::end(tx, &job, now).await?;
                    Ok(Then::Rest)
                }
            }
        }
        .boxed()
    })
    .await
}

#[derive(Serialize)]
struct Stopped<'a> {
    /// The event that it did not take.
    event: i64,
    why: &'a Fault,
}

fn why_stopped(entry: &Try, faults: i64) -> Fault {
    match entry.status {
        GONE => Fault::fatal(codes::WEBHOOK_GONE),
        _ => Fault::fatal(codes::WEBHOOK_SILENT).with("number", entry.event).with("count", faults).with("text", &entry.why),
    }
}

/// Notes that a webhook wants none of the events up to one. With `is_end` the job is done with it. Answers whether the webhook was as
/// it was read.
async fn pass_by(hub: &Hub, company: &Company, job: &Leased, hook: &StoredWebhook, last: i64, is_end: bool) -> Result<bool> {
    let (company, job, hook) = (company.id.clone(), job.clone(), hook.clone());
    let (now, machine_now) = (hub.clock().business_ms(), hub.clock().machine_ms());
    hub.write(move |tx| {
        let (company, job, hook) = (company.clone(), job.clone(), hook.clone());
        async move {
            job::hold(tx, &job, machine_now).await?;
            let is_as_read = webhook::advance(tx, &company, &hook, last).await?;
            if is_as_read && is_end {
                job::end(tx, &job, now).await?;
            }
            Ok(is_as_read)
        }
        .boxed()
    })
    .await
}

async fn again(hub: &Hub, job: &Leased) -> Result<()> {
    let (job, now) = (job.clone(), hub.clock().business_ms());
    hub.write(move |tx| {
        let job = job.clone();
        async move { job::again(tx, &job, now, 0, "").await }.boxed()
    })
    .await
}
