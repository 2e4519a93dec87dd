//! Something arrived by itself: a bounce, a receipt, a returned letter. It enters the log of whom it concerns.
//!
//! The same bytes twice change nothing. What concerns nobody that we know is kept as a stray for a person, never dropped.

use futures_util::FutureExt;
use kvitt_adapters::route::{Arrival, Arrived};
use kvitt_adapters::routes;
use kvitt_domain::delivery::AttemptId;
use sqlx::Row;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::company::{self, Company};
use crate::store::job::{self, Kind, Urgency};
use crate::store::{consignment, delivery};
use crate::vault::sha256;

const KEEP_STRAY: &str = "INSERT INTO stray (company_id, digest, door, content, why, at) VALUES ('', $1, $2, $3, $4, $5) \
    ON CONFLICT (company_id, digest) DO NOTHING";
const STRAYS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM stray WHERE company_id = ''";

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
    Ok(sqlx::query(STRAYS).fetch_one(&mut *hub.db().read().await?).await?.try_get(0)?)
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
    let arrival = std::sync::Arc::new(arrival);
    hub.write(move |tx| {
        let (arrival, digest, why) = (arrival.clone(), digest.clone(), why.clone());
        async move {
            sqlx::query(KEEP_STRAY)
                .bind(digest)
                .bind(arrival.door)
                .bind(arrival.bytes.clone())
                .bind(why)
                .bind(now)
                .execute(tx.db())
                .await?;
            Ok(())
        }
        .boxed()
    })
    .await?;
    Ok(Received::Stray)
}
