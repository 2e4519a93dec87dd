//! Receipts in drops: what a print shop leaves for us. What each says is told to [`receive_arrival`]; it is put away in the drop
//! only after that.
//!
//! The drop may be another's server, so that what waits for a person lies with us, under `receipts/DROP/` in the data folder:
//! `strays/` concerns nobody that we know, `kept/` is what there is no room for, `failed/` could not be taken in.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kvitt_adapters::route::Arrival;
use tokio::sync::watch;

use super::patience::Patience;
use super::{is_its_own, on_disk, write_failure};
use crate::actions::receive_arrival::{Received, receive_arrival};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::transport::maildir::{self, Place};
use crate::transport::{Left, folder};

/// Receipts that one look takes at most.
const AT_ONCE: usize = 64;
/// Receipts that wait for a person at most, for each drop: a shop gone wrong must not fill our disk with strays that are looked
/// for. Beyond this they go to `kept/`, where nothing counts them and nothing removes them.
const MOST_STRAYS: usize = 10_000;

/// A drop that is looked into.
#[derive(Debug)]
pub struct Drop {
    name: String,
    every: Duration,
    next: Option<Instant>,
    patience: Patience,
    /// Whether the last look failed: that is said once, and again when it is over.
    is_silent: bool,
}

/// Where what waits for a person lies.
pub fn aside(data: &Path, drop: &str) -> PathBuf {
    data.join("receipts").join(drop)
}

/// How many receipts wait for a person.
pub async fn lying(hub: &Hub) -> Result<i64> {
    let folders: Vec<PathBuf> = hub.config().drop.keys().map(|name| aside(hub.data(), name)).collect();
    let lying = on_disk("counting receipts that wait for a person", move || {
        folders.iter().map(|folder| maildir::count(folder, Place::Stray)).sum::<std::io::Result<usize>>()
    });
    Ok(i64::try_from(lying.await?).unwrap_or(i64::MAX))
}

impl Drop {
    /// The drops of a hub, from their beginning. The bank's has no receipts like these: [`mod@super::bank_files`] looks into it.
    pub fn all(hub: &Hub) -> Vec<Drop> {
        let bank = hub.config().avtalegiro.files.as_ref();
        let drops = hub.config().drop.iter().filter(|(name, _)| Some(*name) != bank);
        drops.map(|(name, drop)| Drop::new(name, drop.look_every())).collect()
    }

    /// A drop that is looked into every so often.
    pub fn new(name: &str, every: Duration) -> Drop {
        Drop { name: name.to_owned(), every, next: None, patience: Patience::default(), is_silent: false }
    }

    /// How often it is looked into.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Looks where it is time to. A drop that cannot be reached is said, and is no error: there will be another look.
    pub async fn look_when_due(&mut self, hub: &Hub, stop: &watch::Receiver<bool>) {
        let now = Instant::now();
        if self.next.is_some_and(|next| now < next) {
            return;
        }
        self.next = Some(now + self.every);
        match self.look(hub, stop).await {
            Ok(_) if self.is_silent => {
                self.is_silent = false;
                tracing::info!(drop = %self.name, "the drop can be looked into again");
            }
            Ok(_) => {}
            Err(error) if self.is_silent => {
                tracing::debug!(drop = %self.name, error = &error as &dyn std::error::Error, "the drop still cannot be looked into");
            }
            Err(error) => {
                self.is_silent = true;
                tracing::error!(drop = %self.name, error = &error as &dyn std::error::Error, "looking for receipts failed");
            }
        }
    }

    /// Takes in what is there now, until told to stop. Answers how many receipts were taken. Only what makes every receipt fail
    /// is an error.
    pub async fn look(&mut self, hub: &Hub, stop: &watch::Receiver<bool>) -> Result<usize> {
        let left = hub.carrier().collect(&self.name, AT_ONCE).await?;
        let due = self.patience.due(left.iter().map(|left| PathBuf::from(&left.name)).collect());
        let mut taken = 0;
        for left in left.into_iter().filter(|left| due.contains(&PathBuf::from(&left.name))) {
            if *stop.borrow() {
                break;
            }
            match self.take(hub, &left).await {
                Ok(()) => taken += 1,
                Err(error) => self.failed(hub, left, error).await?,
            }
        }
        Ok(taken)
    }

    async fn take(&self, hub: &Hub, left: &Left) -> Result<()> {
        match receive_arrival(hub, Arrival { door: "receipts", bytes: left.bytes.clone() }).await? {
            Received::Entered(_) | Received::Nothing | Received::Told => {}
            Received::Stray => self.keep(hub, left.clone(), Place::Stray, None).await?,
            Received::NoRoom => self.keep(hub, left.clone(), Place::Kept, None).await?,
        }
        hub.carrier().put_away(&self.name, &left.name).await
    }

    /// Keeps a receipt with us for a person. The same receipt again, after a crash before it was put away, is there already.
    async fn keep(&self, hub: &Hub, left: Left, place: Place, failure: Option<Error>) -> Result<()> {
        let base = aside(hub.data(), &self.name);
        on_disk("keeping a receipt for a person", move || {
            let is_full = matches!(place, Place::Stray) && maildir::count(&base, place)? >= MOST_STRAYS;
            let beside = base.join(if is_full { Place::Kept.name() } else { place.name() });
            std::fs::create_dir_all(&beside)?;
            if std::fs::read(beside.join(&left.name)).is_ok_and(|bytes| bytes == left.bytes) {
                return Ok(());
            }
            if let Some(error) = failure {
                write_failure(&beside.join(folder::fitting("", &left.name, folder::FAULTS)), &error)?;
            }
            // Hidden until it is whole, and under one name, so that a crash leaves one at most.
            let unfinished = beside.join(".unfinished");
            let mut file = std::fs::File::create(&unfinished)?;
            file.write_all(&left.bytes)?;
            file.sync_all()?;
            folder::move_into(&beside, &[(unfinished, left.name)])?;
            std::fs::File::open(&beside)?.sync_all()
        })
        .await
    }

    async fn failed(&mut self, hub: &Hub, left: Left, error: Error) -> Result<()> {
        if !is_its_own(hub, &error).await {
            return Err(error);
        }
        let (drop, receipt) = (&self.name, left.name.clone());
        tracing::error!(%drop, %receipt, error = &error as &dyn std::error::Error, "taking a receipt in failed; others go on");
        if !self.patience.failed(Path::new(&receipt)) {
            return Ok(());
        }
        match self.keep(hub, left, Place::Failed, Some(error)).await {
            Ok(()) => {
                tracing::error!(drop = %self.name, %receipt, "the receipt was tried often enough; it is in failed/");
                hub.carrier().put_away(&self.name, &receipt).await
            }
            Err(error) => {
                tracing::error!(drop = %self.name, %receipt, error = &error as &dyn std::error::Error, "the receipt cannot be kept");
                Ok(())
            }
        }
    }
}
