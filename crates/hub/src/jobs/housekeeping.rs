//! What time makes unneeded is dropped: answers to idempotency keys after 30 days, strays after 90, the bytes of banks' files after 18
//! months, sessions that are over, and large files that nothing refers to.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;

use crate::actions::look_up::FRESH_MS;
use crate::actions::sign_in::{IDLE, LONGEST};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::jobs::watch::receipts;
use crate::store::{answer, artefact, bank_file, company, invitation, invoice, lookup, session, stray};
use crate::transport::maildir::{self, Place};

/// How often the house is kept. Nothing waits for it.
const EVERY: Duration = Duration::from_secs(600);
/// How long the answer to an idempotency key is kept: longer than any client retries.
pub(crate) const KEYS_LIVE_MS: i64 = 30 * 24 * 3_600_000;
/// How long a stray waits for a person. It holds what strangers wrote.
pub(crate) const STRAYS_LIVE: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long the bytes of a bank's file are kept. Each payment keeps its own lines.
pub(crate) const BANK_FILES_LIVE_MS: i64 = 548 * 24 * 3_600_000;
/// A large file is put before the transaction that refers to it. One without a reference after a day belongs to a transaction
/// that never came.
const ORPHAN_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Companies that are looked up at a time.
const PAGE: i64 = 100;

/// What was dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Answers to idempotency keys.
    pub keys: u64,
    /// Answers of registers about recipients, which count for minutes.
    pub answers: u64,
    /// Large files that nothing refers to, and unfinished ones.
    pub files: u64,
    /// Strays that nobody came for.
    pub strays: u64,
    /// Pieces of old files from banks.
    pub bank_files: u64,
    /// Sessions and invitations that are over.
    pub sessions: u64,
    /// What failed, such as a company: it is tried again at the next time.
    pub failed: u64,
}

/// Keeps the house until told to stop.
pub async fn run(hub: Hub, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = keep_house(&hub, &stop).await {
            tracing::error!(error = &error as &dyn std::error::Error, "keeping the house failed");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Drops what is unneeded now, company by company until told to stop. What fails for one company does not keep the others
/// waiting.
pub async fn keep_house(hub: &Hub, stop: &watch::Receiver<bool>) -> Result<Dropped> {
    let mut dropped = Dropped::default();
    match forget_strays(hub).await {
        Ok(strays) => dropped.strays = strays,
        Err(error) => {
            dropped.failed += 1;
            tracing::error!(error = &error as &dyn std::error::Error, "old strays could not be removed");
        }
    }
    match forget_bank_files(hub).await {
        Ok(pieces) => dropped.bank_files = pieces,
        Err(error) => {
            dropped.failed += 1;
            tracing::error!(error = &error as &dyn std::error::Error, "old bank files could not be removed");
        }
    }
    match forget_sessions(hub).await {
        Ok(sessions) => dropped.sessions = sessions,
        Err(error) => {
            dropped.failed += 1;
            tracing::error!(error = &error as &dyn std::error::Error, "old sessions could not be removed");
        }
    }
    let mut last = String::new();
    loop {
        let page = company::ids_after(&mut *hub.db().read().await?, &last, PAGE).await?;
        let Some(end) = page.last() else { return Ok(dropped) };
        last.clone_from(end);
        for id in page {
            if *stop.borrow() {
                return Ok(dropped);
            }
            if let Err(error) = keep_for(hub, &id, &mut dropped).await {
                dropped.failed += 1;
                tracing::error!(company = %id, error = &error as &dyn std::error::Error, "keeping the house failed for a company");
            }
        }
    }
}

async fn forget_strays(hub: &Hub) -> Result<u64> {
    let before = hub.clock().business_ms() - i64::try_from(STRAYS_LIVE.as_millis()).expect("90 days fit");
    let told = hub.write(move |tx| async move { stray::forget(tx, before).await }.boxed()).await?;
    let config = hub.config();
    let mut folders: Vec<PathBuf> = config.drop.keys().map(|name| receipts::aside(hub.data(), name)).collect();
    folders.extend(config.bounces.as_ref().map(|bounces| hub.data().join(&bounces.maildir)));
    let removed = walk(move || {
        let removed = folders.iter().map(|folder| maildir::remove_older(folder, Place::Stray, STRAYS_LIVE));
        removed.sum::<std::io::Result<u64>>().map_err(|cause| Error::io("removing old strays", cause))
    });
    Ok(told + removed.await?)
}

async fn forget_bank_files(hub: &Hub) -> Result<u64> {
    let before = hub.clock().business_ms() - BANK_FILES_LIVE_MS;
    hub.write(move |tx| async move { bank_file::forget_parts(tx, bank_file::HOUSE, before).await }.boxed()).await
}

async fn forget_sessions(hub: &Hub) -> Result<u64> {
    let now = hub.clock().machine_ms();
    let ago = |duration: Duration| now - i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let (idle, longest) = (ago(IDLE), ago(LONGEST));
    hub.write(move |tx| async move { Ok(session::forget(tx, idle, longest).await? + invitation::forget(tx, now).await?) }.boxed())
        .await
}

async fn keep_for(hub: &Hub, company: &str, dropped: &mut Dropped) -> Result<()> {
    let (id, before) = (company.to_owned(), hub.clock().business_ms() - KEYS_LIVE_MS);
    dropped.keys += hub
        .write(move |tx| {
            let id = id.clone();
            async move { Ok(invoice::forget_keys(tx, &id, before).await? + answer::forget(tx, &id, before).await?) }.boxed()
        })
        .await?;
    let (id, before) = (company.to_owned(), hub.clock().business_ms() - FRESH_MS);
    dropped.answers += hub
        .write(move |tx| {
            let id = id.clone();
            async move { lookup::forget(tx, &id, before).await }.boxed()
        })
        .await?;
    let (objects, id) = (hub.objects().clone(), company.to_owned());
    let (old, swept) =
        walk(move || Ok((objects.older_than(&id, ORPHAN_AFTER)?, objects.sweep_unfinished(&id, ORPHAN_AFTER)?))).await?;
    dropped.files += swept;
    for digest in old {
        if artefact::is_known(&mut *hub.db().read().await?, company, &digest).await? {
            continue;
        }
        let (objects, id) = (hub.objects().clone(), company.to_owned());
        dropped.files += u64::from(walk(move || objects.remove(&id, &digest, ORPHAN_AFTER)).await?);
    }
    Ok(())
}

/// Disks are slow: not on a thread that answers others.
async fn walk<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let walked = tokio::task::spawn_blocking(work).await;
    walked.map_err(|cause| Error::Damaged(format!("looking through folders failed: {cause}")))?
}
