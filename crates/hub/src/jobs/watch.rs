//! What comes in by folders: messages in a Maildir ([`mod@bounces`]), documents in a folder ([`mod@intake`]), receipts in drops
//! ([`mod@receipts`]), files from banks ([`mod@bank_files`]); and business time, where it follows another clock.
//!
//! A file is moved on only after what it says is on disk. A crash between the two reads it again, which changes nothing: the
//! same bytes are the same arrival, the same document is the same invoice. A file that fails waits its turn ([`patience`]) and
//! keeps no other waiting.

use std::path::Path;
use std::time::Duration;

use kvitt_domain::Language;
use kvitt_domain::fault::Fault;
use tokio::sync::watch;

use crate::actions::import_bank_file::read_unfinished;
use crate::config::{BouncesConfig, ClockConfig, IntakeConfig};
use crate::error::{Error, Result};
use crate::hub::Hub;

pub mod bank_files;
pub mod bounces;
pub mod intake;
mod patience;
pub mod receipts;

pub use patience::MOST_TRIES;

/// How often it is looked whether a file from a bank is half read: what failed may be over.
const READ_ON_AGAIN: Duration = Duration::from_secs(600);
/// How often folders are looked into.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Takes bounce messages in until told to stop.
pub async fn bounces(hub: Hub, config: BouncesConfig, mut stop: watch::Receiver<bool>) {
    let mut mailbox = bounces::Mailbox::new(hub.data().join(&config.maildir));
    while !*stop.borrow() {
        if let Err(error) = mailbox.look(&hub, &stop).await {
            tracing::error!(error = &error as &dyn std::error::Error, "reading bounce messages failed");
        }
        pause(&mut stop).await;
    }
}

/// Takes receipts in from a drop until told to stop.
pub async fn receipts(hub: Hub, mut drop: receipts::Drop, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        drop.look_when_due(&hub, &stop).await;
        tokio::select! {
            () = tokio::time::sleep(drop.every()) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Takes files from banks in until told to stop.
pub async fn bank_files(hub: Hub, mut door: bank_files::Door, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        door.look_when_due(&hub, &stop).await;
        tokio::select! {
            () = tokio::time::sleep(door.every()) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Reads on what an earlier process left half read of files from banks, at once and from time to time, until told to stop. Being
/// stopped in the middle is no loss: what was read of a file is known when it is read again.
pub async fn unfinished_bank_files(hub: Hub, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! {
            read = read_unfinished(&hub) => {
                if let Err(error) = read {
                    tracing::error!(error = &error as &dyn std::error::Error, "bank files could not be read on");
                }
            }
            _ = stop.changed() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(READ_ON_AGAIN) => {}
            _ = stop.changed() => {}
        }
    }
}

/// How many messages and receipts wait for a person: those that name an attempt of ours, and those that concern nobody.
pub async fn strays(hub: &Hub, db: &mut sqlx::AnyConnection) -> Result<i64> {
    let told = crate::store::stray::count(db).await?;
    Ok(told.saturating_add(bounces::lying(hub).await?).saturating_add(receipts::lying(hub).await?))
}

/// Takes documents in from the watched folder until told to stop.
pub async fn intake(hub: Hub, config: IntakeConfig, mut stop: watch::Receiver<bool>) {
    let mut intake = intake::Intake::new(hub.data().join(&config.folder));
    while !*stop.borrow() {
        if let Err(error) = intake.look(&hub, &stop).await {
            tracing::error!(error = &error as &dyn std::error::Error, "reading the intake folder failed");
        }
        pause(&mut stop).await;
    }
}

/// Follows another clock forward until told to stop.
pub async fn clock(hub: Hub, config: ClockConfig, mut stop: watch::Receiver<bool>) {
    #[derive(serde::Deserialize)]
    struct Shown {
        offset_ms: u64,
    }
    let client = reqwest::Client::new();
    while !*stop.borrow() {
        let shown = async { client.get(&config.follow).timeout(LOOK_AGAIN * 10).send().await?.json::<Shown>().await };
        match shown.await {
            Ok(shown) => {
                if let Err(error) = hub.move_clock(Duration::from_millis(shown.offset_ms)).await {
                    tracing::error!(error = &error as &dyn std::error::Error, "business time could not be moved");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the clock that is followed does not answer; business time goes on from where it is")
            }
        }
        pause(&mut stop).await;
    }
}

async fn pause(stop: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(LOOK_AGAIN) => {}
        _ = stop.changed() => {}
    }
}

/// Whether a failure is the file's own. Where the database takes no transaction at all, every file would fail: then nothing is
/// held against this one.
async fn is_its_own(hub: &Hub, error: &Error) -> bool {
    match error {
        Error::Stopping => false,
        Error::Database(_) | Error::NotCommitted(_) => hub.write(|_| Box::pin(async { Ok(()) })).await.is_ok(),
        _ => true,
    }
}

/// Does slow work with files on a thread of its own.
async fn on_disk<T: Send + 'static>(what: &'static str, work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|cause| Error::Damaged(format!("{what} failed: {cause}")))?;
    done.map_err(|cause| Error::io(what, cause))
}

/// Writes why a file was refused, for people and for programs.
fn write_faults(file: &Path, faults: &[Fault]) -> std::io::Result<()> {
    write_shown(file, &shown_faults(faults))
}

/// Writes that taking a file in failed: the fault is ours, so that there is no code of the sender's.
fn write_failure(file: &Path, error: &Error) -> std::io::Result<()> {
    let shown = serde_json::json!({
        "code": "intake.failed", "severity": "fatal", "place": "",
        "message": {
            "nb": format!("Kvitt klarte ikke å ta imot filen etter {MOST_TRIES} forsøk: {error}"),
            "en": format!("Kvitt could not take the file in after {MOST_TRIES} tries: {error}"),
        },
        "remedy": {
            "nb": "Se i loggen, rett feilen, og legg filen tilbake i mappen.",
            "en": "Look at the log, mend what is wrong, and put the file back into the folder.",
        },
    });
    write_shown(file, &[shown])
}

/// Faults as a file for people and programs.
fn shown_faults(faults: &[Fault]) -> Vec<serde_json::Value> {
    faults
        .iter()
        .map(|fault| {
            serde_json::json!({
                "code": fault.code, "severity": fault.severity, "place": fault.place,
                "message": { "nb": fault.sentence(Language::Bokmal), "en": fault.sentence(Language::English) },
                "remedy": { "nb": fault.remedy(Language::Bokmal), "en": fault.remedy(Language::English) },
            })
        })
        .collect()
}

fn write_shown(file: &Path, shown: &[serde_json::Value]) -> std::io::Result<()> {
    std::fs::write(file, serde_json::to_string_pretty(shown)?)
}
