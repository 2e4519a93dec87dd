//! What comes in by folders: bounce messages in a Maildir, documents in the intake folder; and business time, where it follows
//! another clock.
//!
//! A file is moved on only after what it says is on disk. A crash between the two reads it again, which changes nothing: the
//! same bytes are the same arrival, the same document is the same invoice.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kvitt_adapters::route::Arrival;
use kvitt_domain::Language;
use kvitt_domain::fault::Fault;
use tokio::sync::watch;

use crate::actions::accept_invoice::{HandedIn, accept_invoice};
use crate::actions::receive_arrival::receive_arrival;
use crate::config::{BouncesConfig, ClockConfig, IntakeConfig};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::job::Urgency;
use crate::transport::maildir;
use crate::vault::sha256;

/// How often folders are looked into.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// A bounce message is a few kilobytes; one larger than this is not read but kept where it is, and said so.
const LARGEST_MESSAGE: u64 = 4 << 20;

/// Takes bounce messages in until told to stop.
pub async fn bounces(hub: Hub, config: BouncesConfig, mut stop: watch::Receiver<bool>) {
    let folder = hub.data().join(&config.maildir);
    while !*stop.borrow() {
        if let Err(error) = look_for_bounces(&hub, &folder).await {
            tracing::error!(error = &error as &dyn std::error::Error, "reading bounce messages failed");
        }
        pause(&mut stop).await;
    }
}

/// Takes in what is there now. Answers how many messages were taken.
pub async fn look_for_bounces(hub: &Hub, folder: &Path) -> Result<usize> {
    let messages = maildir::new_messages(folder)?;
    let mut taken = 0;
    for message in messages {
        let size = std::fs::metadata(&message).map_err(|cause| Error::io("reading a bounce message", cause))?.len();
        if size > LARGEST_MESSAGE {
            tracing::error!(message = %message.display(), size, "a message in the bounce mailbox is too large to be a bounce; it stays there");
            continue;
        }
        let bytes = std::fs::read(&message).map_err(|cause| Error::io("reading a bounce message", cause))?;
        receive_arrival(hub, Arrival { door: "bounces", bytes }).await?;
        maildir::taken(folder, &message)?;
        taken += 1;
    }
    Ok(taken)
}

/// Takes documents in from the watched folder until told to stop.
pub async fn intake(hub: Hub, config: IntakeConfig, mut stop: watch::Receiver<bool>) {
    let folder = hub.data().join(&config.folder);
    while !*stop.borrow() {
        if let Err(error) = look_for_documents(&hub, &folder).await {
            tracing::error!(error = &error as &dyn std::error::Error, "reading the intake folder failed");
        }
        pause(&mut stop).await;
    }
}

/// Takes in the documents that are there now. Files whose name begins with a dot or ends in `.tmp` or `.part` are still being
/// written; a `.json` beside a document is its metadata.
pub async fn look_for_documents(hub: &Hub, folder: &Path) -> Result<usize> {
    for name in ["", "accepted", "refused"] {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|cause| Error::io(format!("making {}", folder.display()), cause))?;
    }
    let documents = documents_in(folder)?;
    let taken = documents.len();
    for document in documents {
        let metadata = document.with_extension("json");
        let beside = metadata.is_file().then(|| std::fs::read_to_string(&metadata)).transpose();
        let beside = beside.map_err(|cause| Error::io(format!("reading {}", metadata.display()), cause))?;
        let bytes = std::fs::read(&document).map_err(|cause| Error::io(format!("reading {}", document.display()), cause))?;
        let name = document.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // The key is the file itself: a crash after accepting and before moving gives the same answer again.
        let key = format!("folder {name} {}", sha256(&bytes));
        let handed = HandedIn { metadata: beside, key: Some(key), urgency: Urgency::Bulk, ..HandedIn::file(&name, bytes) };
        match accept_invoice(hub, handed).await {
            Ok(_) => {
                move_on(&document, &folder.join("accepted"))?;
                move_on(&metadata, &folder.join("accepted"))?;
            }
            Err(Error::Refused(faults)) => {
                let refused = folder.join("refused");
                write_faults(&refused.join(format!("{name}.faults.json")), &faults)?;
                move_on(&document, &refused)?;
                move_on(&metadata, &refused)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

fn documents_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|cause| Error::io(format!("reading {}", folder.display()), cause))?;
    let mut documents: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
            path.is_file() && !name.starts_with('.') && (name.ends_with(".xml") || name.ends_with(".zip"))
        })
        .collect();
    documents.sort();
    Ok(documents)
}

/// Moves a file into a folder, under another name where one of its name is there already: nothing is overwritten.
fn move_on(file: &Path, folder: &Path) -> Result<()> {
    if !file.is_file() {
        return Ok(());
    }
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut target = folder.join(&name);
    let mut number = 1;
    while target.exists() {
        number += 1;
        target = folder.join(format!("{number}-{name}"));
    }
    std::fs::rename(file, &target).map_err(|cause| Error::io(format!("moving {}", file.display()), cause))
}

fn write_faults(file: &Path, faults: &[Fault]) -> Result<()> {
    let shown: Vec<serde_json::Value> = faults
        .iter()
        .map(|fault| {
            serde_json::json!({
                "code": fault.code, "severity": fault.severity, "place": fault.place,
                "message": { "nb": fault.sentence(Language::Bokmal), "en": fault.sentence(Language::English) },
                "remedy": { "nb": fault.remedy(Language::Bokmal), "en": fault.remedy(Language::English) },
            })
        })
        .collect();
    let text = serde_json::to_string_pretty(&shown).unwrap_or_default();
    std::fs::write(file, text).map_err(|cause| Error::io(format!("writing {}", file.display()), cause))
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
            Ok(shown) => hub.clock().move_to_offset(Duration::from_millis(shown.offset_ms)),
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
