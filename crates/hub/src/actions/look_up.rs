//! Asks a route's register about recipients: all that wait for it, or those of a lot whose answers have grown old.
//!
//! Unknown is not no. A register that cannot be asked is asked again and again; the documents wait for as long as their
//! due-date budget lasts, which [`crate::actions::choose_route`] watches over. Answers, and the keys in them, are kept for
//! [`FRESH_MS`]; the verdict, the time and the message's id are told as an event of the invoice.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use kvitt_adapters::register::{Answer, Found, Question, Register};
use kvitt_adapters::route::{AdapterError, Body, Piece, Request, Secret, Sender};
use kvitt_adapters::routes;
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::recipient::Recipient;
use kvitt_domain::retry::RetryPolicy;
use serde::Serialize;
use uuid::Uuid;

use crate::actions::move_delivery::setup_of;
use crate::actions::say;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::job::{self, Kind, Leased, Urgency};
use crate::store::{delivery, invoice, lookup};

/// How long an answer counts. After that the register is asked again, because people change their minds.
pub const FRESH_MS: i64 = 15 * 60_000;
/// Once the retry policy has run out, a register is still asked so often: what waits for it has its own limit.
const ASK_AGAIN_MS: i64 = 30 * 60_000;
/// Answers that one transaction stores.
const AT_A_TIME: usize = 50;

/// A recipient about whom a register is asked.
struct Asked {
    delivery: String,
    invoice: String,
    question: Uuid,
    recipient: Recipient,
}

/// Does a [`Kind::LookUp`] job.
pub async fn look_up(hub: &Hub, company: &Company, job: &Leased) -> Result<()> {
    let (route, register) = register_of(&job.subject)?;
    let limit = i64::try_from(register.at_most()).unwrap_or(i64::MAX);
    let wanted = lookup::wanted(&mut *hub.db().read().await?, &company.id, register.name(), limit).await?;
    if wanted.is_empty() {
        return hub.end(job).await;
    }
    let asked = read(hub, company, &wanted).await?;
    match ask(hub, company, job, route, register, &asked).await? {
        Ok(answers) => {
            store(hub, company, register, &asked, answers, Some(job.urgency)).await?;
            // Others may have come to wait meanwhile, or did not fit into one request.
            let (job, now) = (job.clone(), hub.clock().business_ms());
            let more = !lookup::wanted(&mut *hub.db().read().await?, &company.id, register.name(), 1).await?.is_empty();
            hub.write(move |tx| {
                let job = job.clone();
                async move { if more { job::again(tx, &job, now, 0, "").await } else { job::end(tx, &job, now).await } }.boxed()
            })
            .await
        }
        Err(why) => ask_again_later(hub, company, job, register, &why).await,
    }
}

async fn ask_again_later(hub: &Hub, company: &Company, job: &Leased, register: &dyn Register, why: &Fault) -> Result<()> {
    let now = hub.clock().business();
    let faults = job.faults + 1;
    let policy = RetryPolicy::default();
    let next = policy.next(usize::try_from(faults).unwrap_or(usize::MAX), say::seed(&job.id), now);
    let at_most = now.as_millisecond() + ASK_AGAIN_MS;
    let due_at = next.map_or(at_most, |at| at.as_millisecond().min(at_most));
    let (company, job, why, register) = (company.clone(), job.clone(), words_of(why), register.name());
    hub.write(move |tx| {
        let (company, job, why) = (company.clone(), job.clone(), why.clone());
        async move {
            lookup::unanswered(tx, &company.id, register, &why).await?;
            job::again(tx, &job, due_at, faults, &why).await
        }
        .boxed()
    })
    .await
}

/// What a fault says, in words that may stand in a row.
fn words_of(why: &Fault) -> String {
    let said = why.values.iter().find(|(name, _)| name == "text").map_or(why.code.name(), |(_, text)| text.as_str());
    without_identity_numbers(said).into_owned()
}

fn register_of(route: &str) -> Result<(&'static str, &'static dyn Register)> {
    let route = routes::by_name(route).ok_or_else(|| Error::Damaged(format!("no route is called {route}")))?;
    let register = route.register().ok_or_else(|| Error::Damaged(format!("{} has no register", route.name())))?;
    Ok((route.name(), register))
}

async fn read(hub: &Hub, company: &Company, deliveries: &[String]) -> Result<Vec<Asked>> {
    let mut db = hub.db().read().await?;
    let mut asked = Vec::with_capacity(deliveries.len());
    for id in deliveries {
        let current = delivery::by_id(&mut db, &company.id, &company.key, id).await?;
        let stored = invoice::by_id(&mut db, &company.id, &company.key, &current.invoice).await?;
        let question = Uuid::parse_str(id).map_err(|_| Error::Damaged(format!("{id} is no delivery's id")))?;
        asked.push(Asked { delivery: id.clone(), invoice: current.invoice, question, recipient: stored.body.recipient });
    }
    Ok(asked)
}

/// Asks, and keeps the lease meanwhile. The inner error is a fault that passes.
async fn ask(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    route: &str,
    register: &dyn Register,
    asked: &[Asked],
) -> Result<std::result::Result<(Uuid, Vec<Found>), Fault>> {
    let about: Vec<Question<'_>> = asked.iter().map(|one| Question { id: one.question, recipient: &one.recipient }).collect();
    say::while_leased(hub, job, put(hub, company, (route, register), &about, None)).await?
}

/// Puts questions to a register. `identity` stands for the reference of the same name wherever the request has it, and is stored
/// nowhere. The inner error is a fault that passes.
async fn put(
    hub: &Hub,
    company: &Company,
    (route, register): (&str, &dyn Register),
    about: &[Question<'_>],
    identity: Option<&Identity>,
) -> Result<std::result::Result<(Uuid, Vec<Found>), Fault>> {
    let setup = setup_of(&mut *hub.db().read().await?, company, route).await?;
    let message = crate::ids::new_id();
    let sender = Sender { name: company.name.clone(), org_number: company.org_number.clone() };
    let mut asking = register.ask(&sender, &setup, message, about)?;
    if let Some(identity) = identity {
        fill_in(&mut asking.body, identity);
    }
    let request = Request::Http(Box::new(asking));
    let counterparty = request.counterparty();
    let now = hub.clock().business_ms();
    if hub.breaker().may_call(&counterparty, now).is_err() {
        return Ok(Err(Fault::fatal(codes::COUNTERPARTY_SILENT).with("text", format!("{counterparty} is being spared"))));
    }
    let outgoing = say::prepare(hub, company, &request, &say::Keys::new(), &say::Drawn::default()).await?;
    let Ok(reply) = tokio::time::timeout(say::LONGEST, hub.carrier().carry(outgoing, say::no_mark())).await else {
        return Ok(Err(Fault::fatal(codes::COUNTERPARTY_SILENT).with("text", "no answer in time")));
    };
    let reply = reply?;
    hub.breaker().note(&counterparty, say::answered(&reply), hub.clock().business_ms());
    let answers = match register.read(message, about, &reply) {
        Ok(answers) => answers,
        Err(why) => return Ok(Err(why)),
    };
    if answers.len() != about.len() {
        return Err(
            AdapterError::Log(format!("{} answered {} of {} questions", register.name(), answers.len(), about.len())).into()
        );
    }
    Ok(Ok((message, answers)))
}

/// A fødselsnummer that is asked about once and kept nowhere: the reference that a recipient names it by, and the number.
pub struct Identity {
    /// The reference.
    pub reference: String,
    /// Eleven digits.
    pub number: String,
}

impl std::fmt::Debug for Identity {
    /// Without the number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("reference", &self.reference).finish_non_exhaustive()
    }
}

fn fill_in(body: &mut Body, identity: &Identity) {
    for piece in &mut body.pieces {
        if matches!(piece, Piece::Secret(Secret::Identity(reference)) if *reference == identity.reference) {
            *piece = Piece::Text(body.escape.apply(&identity.number));
        }
    }
}

/// What a register said when somebody asked it about one recipient, without any document.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The message's id: for the register's log, and in the event that tells of the question.
    pub message: Uuid,
    /// What it said.
    pub found: Found,
}

#[derive(Serialize)]
struct Inquired<'a> {
    register: &'a str,
    #[serde(flatten)]
    answer: &'a Answer,
    by: &'a str,
}

/// Asks a route's register about one recipient, now and for whoever wants to know. Nothing is kept of the recipient: an event tells that
/// it was asked, by whom and with what verdict. The inner error is a fault that passes.
pub async fn inquire(
    hub: &Hub,
    company: &Company,
    route: &str,
    recipient: &Recipient,
    identity: Option<Identity>,
    by: &str,
) -> Result<std::result::Result<Heard, Fault>> {
    let (route, register) = register_of(route)?;
    let about = [Question { id: crate::ids::new_id(), recipient }];
    let (message, found) = match put(hub, company, (route, register), &about, identity.as_ref()).await? {
        Ok((message, found)) => (message, found),
        Err(why) => return Ok(Err(why)),
    };
    let found = found.into_iter().next().ok_or_else(|| Error::Damaged("one question has one answer".into()))?;
    let told = Inquired { register: register.name(), answer: &found.answer, by };
    let now = hub.clock().business_ms();
    let event = NewEvent::new(&company.id, &company.key, now, "lookup.inquired", &message.to_string(), &told)?;
    hub.write(move |tx| {
        let event = event.clone();
        async move {
            tx.tell(event);
            Ok(())
        }
        .boxed()
    })
    .await?;
    Ok(Ok(Heard { message, found }))
}

#[derive(Serialize)]
struct Told<'a> {
    register: &'a str,
    #[serde(flatten)]
    answer: &'a Answer,
    message: Uuid,
}

/// Stores answers. With an urgency, the deliveries that waited for them go on.
async fn store(
    hub: &Hub,
    company: &Company,
    register: &'static dyn Register,
    asked: &[Asked],
    (message, answers): (Uuid, Vec<Found>),
    go_on: Option<Urgency>,
) -> Result<()> {
    let all: Vec<(String, String, Found)> =
        asked.iter().zip(answers).map(|(one, found)| (one.delivery.clone(), one.invoice.clone(), found)).collect();
    for chunk in all.chunks(AT_A_TIME) {
        let (company, chunk, now) = (company.clone(), chunk.to_vec(), hub.clock().business_ms());
        hub.write(move |tx| {
            let (company, chunk) = (company.clone(), chunk.clone());
            async move {
                for (delivery, invoice, found) in &chunk {
                    lookup::answer(tx, &company.id, &company.key, register.name(), delivery, found, now).await?;
                    let told = Told { register: register.name(), answer: &found.answer, message };
                    tx.tell(NewEvent::new(&company.id, &company.key, now, "lookup.answered", invoice, &told)?);
                    if let Some(urgency) = go_on {
                        job::enqueue(tx, &company.id, Kind::ChooseRoute, delivery, urgency, now, now).await?;
                    }
                }
                Ok(())
            }
            .boxed()
        })
        .await?;
    }
    Ok(())
}

/// The keys that a register gave for attempts of deliveries, no older than they may be.
pub async fn keys(
    hub: &Hub,
    company: &Company,
    route: &str,
    attempts: impl Iterator<Item = (AttemptId, &str)>,
) -> Result<BTreeMap<AttemptId, String>> {
    let mut keys = BTreeMap::new();
    let Some(register) = routes::by_name(route).and_then(|route| route.register()) else { return Ok(keys) };
    let oldest = hub.clock().business_ms() - FRESH_MS;
    let mut db = hub.db().read().await?;
    for (attempt, delivery) in attempts {
        let stored = lookup::of_delivery(&mut db, &company.id, &company.key, register.name(), delivery).await?;
        if let Some(stored) = stored.filter(|stored| stored.since >= oldest)
            && let Some(Found { answer: Answer::Yes, key: Some(key) }) = stored.found
        {
            keys.insert(attempt, key);
        }
    }
    Ok(keys)
}

/// Asks again about attempts whose answers have grown old. The inner error is a fault that passes.
pub async fn ask_anew(
    hub: &Hub,
    company: &Company,
    job: &Leased,
    route: &str,
    attempts: &[AttemptId],
) -> Result<std::result::Result<Vec<(AttemptId, Answer)>, Fault>> {
    let (route, register) = register_of(route)?;
    let mut answers = Vec::with_capacity(attempts.len());
    for attempts in attempts.chunks(register.at_most()) {
        let mut deliveries = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            let mut db = hub.db().read().await?;
            deliveries.push(delivery::attempt(&mut db, &company.id, &company.key, *attempt).await?.delivery);
        }
        let asked = read(hub, company, &deliveries).await?;
        match ask(hub, company, job, route, register, &asked).await? {
            Err(why) => return Ok(Err(why)),
            Ok((message, found)) => {
                answers.extend(attempts.iter().copied().zip(found.iter().map(|found| found.answer.clone())));
                store(hub, company, register, &asked, (message, found), None).await?;
            }
        }
    }
    Ok(Ok(answers))
}
