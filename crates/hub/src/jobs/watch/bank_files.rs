//! Files from banks: in a folder on this machine, or in `out/` of a drop. What each says is taken in by [`import_bank_file`]; it is moved
//! on only after that. A crash between the two reads it again, which changes nothing.
//!
//! | it was | it is moved to |
//! |---|---|
//! | taken in, now or before | `read/` |
//! | refused: it does not add up, or is none of a bank's | `refused/`, with `NAME.faults.json` beside it |
//!
//! What could not be taken in through no fault of its own stays, and is tried again and again, more and more rarely.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kvitt_adapters::route::Arrival;
use kvitt_domain::fault::{Fault, codes};
use tokio::sync::watch;

use super::patience::Patience;
use super::{LOOK_AGAIN, is_its_own, on_disk, shown_faults};
use crate::actions::apply_mandates::Covers;
use crate::actions::import_bank_file::{BankFile, Content, import_bank_file, read_unfinished};
use crate::actions::receive_arrival::{Received, receive_arrival};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::transport::Became;
use crate::transport::folder::{FAULTS, files_in, fitting, move_into, name_of};

/// What unfinished files end with, besides being hidden.
const PART: &str = ".part";
/// The ending of a bank's receipts for what we sent, which are no account files.
const RECEIPT: &str = ".csv";

/// Where files from banks come in.
#[derive(Debug)]
pub struct Door {
    place: Place,
    every: Duration,
    next: Option<Instant>,
    patience: Patience,
    /// Whether the last look failed: that is said once, and again when it is over.
    is_silent: bool,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    Drop(String),
}

impl Door {
    /// The doors of a hub: its folder, and the drop of its data sender.
    pub fn all(hub: &Hub) -> Vec<Door> {
        let config = hub.config();
        let folder = config.payments.folder.as_ref().map(|folder| Door::of(Place::Folder(hub.data().join(folder)), LOOK_AGAIN));
        let drop = config.avtalegiro.files.as_ref().map(|name| {
            let every = config.drop.get(name).map_or(LOOK_AGAIN, |drop| drop.look_every());
            Door::of(Place::Drop(name.clone()), every)
        });
        folder.into_iter().chain(drop).collect()
    }

    fn of(place: Place, every: Duration) -> Door {
        Door { place, every, next: None, patience: Patience::default(), is_silent: false }
    }

    /// How often it is looked into.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Looks where it is time to. A door that cannot be reached is said, and is no error: there will be another look.
    pub async fn look_when_due(&mut self, hub: &Hub, stop: &watch::Receiver<bool>) {
        let now = Instant::now();
        if self.next.is_some_and(|next| now < next) {
            return;
        }
        self.next = Some(now + self.every);
        match self.look(hub, stop).await {
            Ok(_) => self.is_silent = false,
            Err(error) if self.is_silent => {
                tracing::debug!(place = ?self.place, error = &error as &dyn std::error::Error, "bank files still cannot be looked for");
            }
            Err(error) => {
                self.is_silent = true;
                tracing::error!(place = ?self.place, error = &error as &dyn std::error::Error, "looking for bank files failed");
            }
        }
    }

    /// Takes in what is there now, until told to stop, and what an earlier process left half read. Answers how many files were taken
    /// in or refused. Only what makes every file fail is an error.
    pub async fn look(&mut self, hub: &Hub, stop: &watch::Receiver<bool>) -> Result<usize> {
        read_unfinished(hub).await?;
        let there = self.list(hub).await?;
        let mut taken = 0;
        for name in self.patience.due(there.into_iter().map(PathBuf::from).collect()) {
            if *stop.borrow() {
                break;
            }
            match self.take(hub, &name_of(&name)).await {
                Ok(()) => taken += 1,
                Err(error) if is_its_own(hub, &error).await => {
                    let file = name_of(&name);
                    tracing::error!(%file, error = &error as &dyn std::error::Error, "taking a bank file in failed; others go on");
                    self.patience.failed(&name);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    async fn list(&self, hub: &Hub) -> Result<Vec<String>> {
        match &self.place {
            Place::Drop(drop) => hub.carrier().bank_files(drop).await,
            Place::Folder(folder) => {
                let folder = folder.clone();
                let names = on_disk("listing bank files", move || {
                    Ok(files_in(&folder)?.iter().map(|file| name_of(file)).collect::<Vec<_>>())
                });
                Ok(names.await?.into_iter().filter(|name| !name.ends_with(PART) && !name.ends_with(FAULTS)).collect())
            }
        }
    }

    async fn take(&self, hub: &Hub, name: &str) -> Result<()> {
        let became = if name.to_ascii_lowercase().ends_with(RECEIPT) {
            let bytes = self.bytes(hub, name).await?;
            match receive_arrival(hub, Arrival { door: "bank_receipts", bytes }).await? {
                Received::Entered(_) | Received::Nothing | Received::Told => Became::Read,
                // It stays with the bank's files for a person, like one that cannot be read.
                Received::Stray | Received::NoRoom => {
                    Became::Refused(refusal(&[Fault::fatal(codes::CLAIM_RECEIPT_UNKNOWN).with("file", name)])?)
                }
            }
        } else {
            let content = match &self.place {
                Place::Folder(folder) => Content::File(folder.join(name)),
                Place::Drop(_) => Content::Bytes(self.bytes(hub, name).await?.into()),
            };
            match import_bank_file(hub, BankFile { name: name.to_owned(), content, covers: Covers::Some }).await {
                Ok(imported) => {
                    tracing::info!(file = %name, digest = %imported.digest, again = imported.again, "a bank file was taken in");
                    Became::Read
                }
                Err(Error::Refused(faults)) => {
                    tracing::error!(file = %name, faults = faults.len(), "a bank file was refused");
                    Became::Refused(refusal(&faults)?)
                }
                Err(error) => return Err(error),
            }
        };
        crate::failpoint!("after_bank_file_read");
        self.settle(hub, name, became).await
    }

    async fn bytes(&self, hub: &Hub, name: &str) -> Result<Vec<u8>> {
        match &self.place {
            Place::Drop(drop) => hub.carrier().bank_file(drop, name).await,
            Place::Folder(folder) => {
                let file = folder.join(name);
                on_disk("reading a bank file", move || std::fs::read(file)).await
            }
        }
    }

    async fn settle(&self, hub: &Hub, name: &str, became: Became) -> Result<()> {
        match &self.place {
            Place::Drop(drop) => hub.carrier().settle_bank_file(drop, name, became).await,
            Place::Folder(folder) => {
                let (folder, name) = (folder.clone(), name.to_owned());
                on_disk("moving a bank file", move || move_on(&folder, &name, became)).await
            }
        }
    }
}

fn refusal(faults: &[Fault]) -> Result<Vec<u8>> {
    let why = serde_json::to_vec_pretty(&shown_faults(faults));
    why.map_err(|cause| Error::Damaged(format!("faults have no JSON: {cause}")))
}

fn move_on(folder: &Path, name: &str, became: Became) -> std::io::Result<()> {
    let file = folder.join(name);
    match became {
        Became::Read => move_into(&folder.join("read"), &[(file, name.to_owned())]),
        Became::Refused(why) => {
            let beside = folder.join(fitting(".", name, FAULTS));
            std::fs::write(&beside, why)?;
            move_into(&folder.join("refused"), &[(beside, fitting("", name, FAULTS)), (file, name.to_owned())])
        }
    }
}
