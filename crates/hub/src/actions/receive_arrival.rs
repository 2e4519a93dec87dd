//! Something arrived by itself: a bounce, a receipt, a returned letter. It enters the log of whom it concerns.
//!
//! The same bytes twice change nothing. What cannot be understood but names an attempt of ours is kept, and a person is told
//! of it on that invoice, because it may be a bounce. What concerns nobody that we know is a stray: whoever brought it keeps
//! it for a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use kvitt_adapters::route::{Arrival, Arrived};
use kvitt_adapters::routes;
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::fault::{Fault, codes};

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::{self, Company};
use crate::store::event::NewEvent;
use crate::store::job::{self, Kind, Urgency};
use crate::store::stray::{self, Kept, Stray};
use crate::store::{Tx, consignment, delivery};
use crate::vault::{Purpose, sha256};

/// Logs that one transaction enters something in: a receipt may concern a whole lot.
const AT_A_TIME: usize = 50;

/// What became of something that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It entered so many logs.
    Entered(usize),
    /// It was there already, or it is nothing that concerns a delivery.
    Nothing,
    /// It cannot be understood but names an attempt of ours: it is kept, and a person is told on that invoice.
    Told,
    /// The same, but too many are kept already: whoever brought it keeps it.
    NoRoom,
    /// It concerns nobody that we know: whoever brought it keeps it for a person.
    Stray,
}

/// What was read of something that arrived.
struct Read {
    concerned: Vec<(AttemptId, Arrived)>,
    /// Why no route could read it, and the attempt that it names nevertheless.
    unread: Option<(String, Option<AttemptId>)>,
}

/// Takes in what came through a door, such as `bounces`.
pub async fn receive_arrival(hub: &Hub, arrival: Arrival) -> Result<Received> {
    let (arrival, read) = {
        // A message of megabytes takes its time: not on a thread that answers others.
        let read = tokio::task::spawn_blocking(move || {
            let read = read(&arrival);
            (arrival, read)
        });
        read.await.map_err(|cause| Error::Damaged(format!("reading what arrived failed: {cause}")))?
    };
    let digest = sha256(&arrival.bytes);
    if let Some((why, named)) = read.unread {
        tracing::warn!(door = arrival.door, %digest, %why, "something arrived that cannot be understood");
        let Some(attempt) = named else { return Ok(Received::Stray) };
        return match owner(hub, attempt).await? {
            Some(company) => keep(hub, arrival, digest, why, company, attempt).await,
            None => Ok(Received::Stray),
        };
    }
    let (mut entered, mut unknown) = (0, None);
    let mut of_companies: BTreeMap<String, (Company, Vec<(AttemptId, Arrived)>)> = BTreeMap::new();
    for (attempt, arrived) in read.concerned {
        match owner(hub, attempt).await? {
            Some(company) => {
                of_companies.entry(company.id.clone()).or_insert_with(|| (company, Vec::new())).1.push((attempt, arrived));
            }
            None => unknown = Some(attempt),
        }
    }
    for (company, concerned) in of_companies.into_values() {
        for some in concerned.chunks(AT_A_TIME) {
            entered += enter(hub, company.clone(), some.to_vec(), digest.clone()).await?;
        }
    }
    if let Some(attempt) = unknown {
        tracing::warn!(door = arrival.door, %digest, %attempt, "something arrived for an attempt that is not known here");
        return Ok(Received::Stray);
    }
    crate::failpoint!("after_arrival_recorded");
    Ok(if entered > 0 { Received::Entered(entered) } else { Received::Nothing })
}

fn read(arrival: &Arrival) -> Read {
    let (mut concerned, mut unread) = (Vec::new(), Vec::new());
    for route in routes::all() {
        match route.read(arrival) {
            Ok(found) => concerned.extend(found),
            Err(cause) => unread.push(cause.to_string()),
        }
    }
    if !concerned.is_empty() || unread.len() < routes::all().len() {
        return Read { concerned, unread: None };
    }
    let named = routes::all().iter().find_map(|route| route.named_in(arrival));
    Read { concerned, unread: Some((unread.swap_remove(0), named)) }
}

async fn owner(hub: &Hub, attempt: AttemptId) -> Result<Option<Company>> {
    let mut db = hub.db().read().await?;
    match delivery::company_of_attempt(&mut db, attempt).await? {
        Some(id) => Ok(Some(company::by_id(&mut db, hub.vault(), &id).await?)),
        None => Ok(None),
    }
}

/// Enters what arrived for some attempts of one company in one transaction. Answers how many of them are news.
async fn enter(hub: &Hub, company: Company, concerned: Vec<(AttemptId, Arrived)>, digest: String) -> Result<usize> {
    let now = hub.clock().business_ms();
    hub.write(move |tx| {
        let (company, concerned, digest) = (company.clone(), concerned.clone(), digest.clone());
        async move {
            let mut news = 0;
            for (attempt, arrived) in &concerned {
                news += usize::from(enter_one(tx, &company, *attempt, arrived, &digest, now).await?);
            }
            Ok(news)
        }
        .boxed()
    })
    .await
}

/// Enters what arrived for one attempt, unless it is there already.
pub async fn enter_one(
    tx: &mut Tx<'_>,
    company: &Company,
    attempt: AttemptId,
    arrived: &Arrived,
    digest: &str,
    now: i64,
) -> Result<bool> {
    // An attempt that was repeated travelled in several consignments; the last one carries the conversation on.
    let Some(id) = consignment::of_attempt(tx.db(), &company.id, attempt).await?.pop() else { return Ok(false) };
    // One file may concern many attempts of a consignment, and each of them once.
    let digest = sha256(format!("{digest} {attempt}").as_bytes());
    let arrival = consignment::NewArrival { attempt, arrived, digest: &digest, at: now };
    let new = consignment::record_arrival(tx, &company.id, &company.key, &id, &arrival).await?;
    if new {
        job::enqueue(tx, &company.id, Kind::Converse, &id, Urgency::Ordinary, now, now).await?;
    }
    Ok(new)
}

/// Keeps what cannot be understood, sealed, and tells a person in the same transaction.
async fn keep(
    hub: &Hub,
    arrival: Arrival,
    digest: String,
    why: String,
    company: Company,
    attempt: AttemptId,
) -> Result<Received> {
    let content = company.key.seal(Purpose::Stray, &digest, &arrival.bytes);
    let at = hub.clock().business_ms();
    let stray = Arc::new(Stray { company: company.id.clone(), digest, door: arrival.door, content, why, at });
    let kept = hub
        .write(move |tx| {
            let (stray, company) = (stray.clone(), company.clone());
            async move {
                let kept = stray::keep(tx, &stray).await?;
                if kept == Kept::New {
                    tell_person(tx, &company, attempt, &stray).await?;
                }
                Ok(kept)
            }
            .boxed()
        })
        .await?;
    Ok(match kept {
        Kept::New | Kept::Known => Received::Told,
        Kept::NoRoom => Received::NoRoom,
    })
}

async fn tell_person(tx: &mut Tx<'_>, company: &Company, attempt: AttemptId, stray: &Stray) -> Result<()> {
    let invoice = delivery::attempt(tx.db(), &company.id, &company.key, attempt).await?.invoice;
    let fault = Fault::warning(codes::COUNTERPARTY_GARBLED).with("code", stray.door).with("text", &stray.why);
    tx.tell(NewEvent::new(&company.id, &company.key, stray.at, "person.told", &invoice, &fault)?);
    Ok(())
}
