//! Something arrived by itself: a bounce, a receipt, a returned letter. It enters the log of whom it concerns.
//!
//! The same bytes twice change nothing. What concerns nobody that we know is kept as a stray for a person, never dropped.

use futures_util::FutureExt;
use kvitt_adapters::route::{Arrival, Arrived};
use kvitt_adapters::routes;
use kvitt_domain::delivery::AttemptId;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::company::{self, Company};
use crate::store::job::{self, Kind, Urgency};
use crate::store::stray::{self, Stray};
use crate::store::{consignment, delivery};
use crate::vault::sha256;

/// What became of something that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It entered so many logs.
    Entered(usize),
    /// It was there already, or it is nothing that concerns a delivery.
    Nothing,
    /// It concerns nobody that we know.
    Stray,
}

/// Takes in what came through a door, such as `bounces`.
pub async fn receive_arrival(hub: &Hub, arrival: Arrival) -> Result<Received> {
    let digest = sha256(&arrival.bytes);
    let mut concerned: Vec<(AttemptId, Arrived)> = Vec::new();
    let mut unread = Vec::new();
    for route in routes::all() {
        match route.read(&arrival) {
            Ok(found) => concerned.extend(found),
            Err(cause) => unread.push(cause.to_string()),
        }
    }
    if concerned.is_empty() && unread.len() == routes::all().len() {
        let why = unread.first().cloned().unwrap_or_default();
        return keep_stray(hub, arrival, digest, why).await;
    }
    let mut entered = 0;
    for (attempt, arrived) in concerned {
        match owner(hub, attempt).await? {
            Some(company) => entered += usize::from(enter(hub, company, attempt, arrived, digest.clone()).await?),
            None => return keep_stray(hub, arrival, digest, format!("attempt {attempt} is not known here")).await,
        }
    }
    crate::failpoint!("after_arrival_recorded");
    Ok(if entered > 0 { Received::Entered(entered) } else { Received::Nothing })
}

/// How many strays wait for a person.
pub async fn strays(hub: &Hub) -> Result<i64> {
    stray::count(&mut *hub.db().read().await?).await
}

async fn owner(hub: &Hub, attempt: AttemptId) -> Result<Option<Company>> {
    let mut db = hub.db().read().await?;
    match delivery::company_of_attempt(&mut db, attempt).await? {
        Some(id) => Ok(Some(company::by_id(&mut db, hub.vault(), &id).await?)),
        None => Ok(None),
    }
}

async fn enter(hub: &Hub, company: Company, attempt: AttemptId, arrived: Arrived, digest: String) -> Result<bool> {
    let now = hub.clock().business_ms();
    hub.write(move |tx| {
        let (company, arrived, digest) = (company.clone(), arrived.clone(), digest.clone());
        async move {
            // An attempt that was repeated travelled in several consignments; the last one carries the conversation on.
            let Some(id) = consignment::of_attempt(tx.db(), &company.id, attempt).await?.pop() else { return Ok(false) };
            let new = consignment::record_arrival(
                tx,
                &company.id,
                &company.key,
                &id,
                &consignment::NewArrival { attempt, arrived: &arrived, digest: &digest, at: now },
            )
            .await?;
            if new {
                job::enqueue(tx, &company.id, Kind::Converse, &id, Urgency::Ordinary, now, now).await?;
            }
            Ok(new)
        }
        .boxed()
    })
    .await
}

async fn keep_stray(hub: &Hub, arrival: Arrival, digest: String, why: String) -> Result<Received> {
    let now = hub.clock().business_ms();
    tracing::warn!(door = arrival.door, %digest, %why, "something arrived that concerns nobody known here; it is kept");
    let stray = std::sync::Arc::new(Stray { digest, door: arrival.door, content: arrival.bytes, why, at: now });
    hub.write(move |tx| {
        let stray = stray.clone();
        async move { stray::keep(tx, &stray).await }.boxed()
    })
    .await?;
    Ok(Received::Stray)
}
