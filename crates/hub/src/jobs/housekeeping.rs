//! What time makes unneeded is dropped: answers to idempotency keys after 30 days, and large files that nothing refers to.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::{artefact, company, invoice};

/// How often the house is kept. Nothing waits for it.
const EVERY: Duration = Duration::from_secs(3600);
/// How long the answer to an idempotency key is kept: longer than any client retries.
const KEYS_LIVE_MS: i64 = 30 * 24 * 3_600_000;
/// A large file is put before the transaction that refers to it. One without a reference after a day belongs to a transaction
/// that never came.
const ORPHAN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Keeps the house until told to stop.
pub async fn run(hub: Hub, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = keep_house(&hub).await {
            tracing::error!(error = &error as &dyn std::error::Error, "keeping the house failed");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Drops what is unneeded now. Answers how many keys and files were dropped.
pub async fn keep_house(hub: &Hub) -> Result<(u64, u64)> {
    let before = hub.clock().business_ms() - KEYS_LIVE_MS;
    let (mut keys, mut files) = (0, 0);
    for company in company::all(&mut *hub.db().read().await?, hub.vault()).await? {
        let id = company.id.clone();
        keys += hub
            .write(move |tx| {
                let id = id.clone();
                async move { invoice::forget_keys(tx, &id, before).await }.boxed()
            })
            .await?;
        for digest in hub.objects().older_than(&company.id, ORPHAN_AFTER)? {
            if !artefact::is_known(&mut *hub.db().read().await?, &company.id, &digest).await? {
                hub.objects().remove(&company.id, &digest)?;
                files += 1;
            }
        }
    }
    Ok((keys, files))
}
