//! Messages in a Maildir. What each says is told to [`receive_arrival`]; here it only moves to the folder that says what
//! became of it.

use std::path::{Path, PathBuf};

use kvitt_adapters::route::Arrival;
use tokio::sync::watch;

use super::patience::Patience;
use super::{is_its_own, on_disk, write_failure};
use crate::actions::receive_arrival::{Received, receive_arrival};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::transport::folder;
use crate::transport::maildir::{self, Place};

/// A report may return the whole letter with its files. A larger message is not read: it moves to `kept/`. The adapter that reads
/// reports has the same limit.
const LARGEST_MESSAGE: u64 = 32 << 20;
/// Messages that wait for a person in `strays/` at most: a mailbox that is flooded would hide the one that matters. Beyond
/// this they move to `kept/`, where nothing counts them and nothing removes them.
const MOST_STRAYS: usize = 10_000;
/// Messages that one look takes at most.
const AT_ONCE: usize = 256;

/// The mailbox that bounce messages come into.
#[derive(Debug)]
pub struct Mailbox {
    maildir: PathBuf,
    patience: Patience,
}

/// How many messages in the mailbox wait for a person.
pub async fn lying(hub: &Hub) -> Result<i64> {
    let Some(bounces) = &hub.config().bounces else { return Ok(0) };
    let maildir = hub.data().join(&bounces.maildir);
    let lying = on_disk("counting strays", move || maildir::count(&maildir, Place::Stray)).await?;
    Ok(i64::try_from(lying).unwrap_or(i64::MAX))
}

impl Mailbox {
    /// Reads a Maildir, from its beginning.
    pub fn new(maildir: PathBuf) -> Mailbox {
        Mailbox { maildir, patience: Patience::default() }
    }

    /// Takes in what is there now, until told to stop. Answers how many messages were taken. Only what makes every message
    /// fail is an error.
    pub async fn look(&mut self, hub: &Hub, stop: &watch::Receiver<bool>) -> Result<usize> {
        let maildir = self.maildir.clone();
        let new = on_disk("reading the Maildir", move || maildir::new_messages(&maildir)).await?;
        let (large, new): (Vec<_>, Vec<_>) = new.into_iter().partition(|message| message.size > LARGEST_MESSAGE);
        for message in large {
            match maildir::move_to(&self.maildir, &message.path, Place::Kept) {
                Ok(()) => tracing::error!(
                    message = %folder::name_of(&message.path), size = message.size, "a message is too large to be a bounce; it is in kept/"
                ),
                Err(cause) => tracing::error!(%cause, "a large message cannot be moved to kept/"),
            }
        }
        let due = self.patience.due(new.into_iter().map(|message| message.path).collect());
        let mut taken = 0;
        for message in due.into_iter().take(AT_ONCE) {
            if *stop.borrow() {
                break;
            }
            match self.take(hub, &message).await {
                Ok(()) => taken += 1,
                Err(error) => self.failed(hub, &message, error).await?,
            }
        }
        Ok(taken)
    }

    async fn take(&self, hub: &Hub, message: &Path) -> Result<()> {
        let path = message.to_owned();
        let bytes = on_disk("reading a message", move || std::fs::read(path)).await?;
        let place = match receive_arrival(hub, Arrival { door: "bounces", bytes }).await? {
            Received::Entered(_) | Received::Nothing | Received::Told => Place::Taken,
            Received::Stray if self.has_room_for_strays()? => Place::Stray,
            Received::Stray | Received::NoRoom => Place::Kept,
        };
        maildir::move_to(&self.maildir, message, place).map_err(|cause| Error::io("moving a message", cause))
    }

    fn has_room_for_strays(&self) -> Result<bool> {
        let strays = maildir::count(&self.maildir, Place::Stray).map_err(|cause| Error::io("counting strays", cause))?;
        Ok(strays < MOST_STRAYS)
    }

    async fn failed(&mut self, hub: &Hub, message: &Path, error: Error) -> Result<()> {
        if !is_its_own(hub, &error).await {
            return Err(error);
        }
        let name = folder::name_of(message);
        tracing::error!(message = %name, error = &error as &dyn std::error::Error, "taking a message in failed; others go on");
        if !self.patience.failed(message) {
            return Ok(());
        }
        let aside = || -> std::io::Result<()> {
            let beside = self.maildir.join(Place::Failed.name());
            std::fs::create_dir_all(&beside)?;
            write_failure(&beside.join(folder::fitting("", &name, folder::FAULTS)), &error)?;
            maildir::move_to(&self.maildir, message, Place::Failed)
        };
        match aside() {
            Ok(()) => tracing::error!(message = %name, "the message was tried often enough; it is in failed/"),
            Err(cause) => tracing::error!(message = %name, %cause, "the message cannot be moved to failed/"),
        }
        Ok(())
    }
}
