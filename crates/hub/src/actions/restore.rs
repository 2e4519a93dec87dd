//! Puts a backup back into an empty data folder, and leaves to a person what the hub may have done after the backup was made.
//!
//! A backup knows less than happened: what it has as waiting, the hub that lived on may have sent. So everything that still had
//! something to do is in doubt afterwards ([`kvitt_domain::delivery::Event::Restored`]), no job is left, every closed lot is
//! finished, and no number that the other hub used comes again. [`doubt_everything`] does the same to a database that other tools
//! put back.
//!
//! The database gets its name last: a folder in which a restore broke off is refused by every start.

use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use jiff::Timestamp;
use kvitt_adapters::routes;
use kvitt_domain::delivery::{AttemptId, Event, State, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::RouteName;
use serde::{Deserialize, Serialize};

use crate::actions::back_up::{self, DATABASE, FORMAT, FileEntry, KEYS, MANIFEST, Manifest, OBJECTS, Signed, on_disk};
use crate::actions::converse;
use crate::actions::move_agreement::resume_agreements;
use crate::actions::move_collection::CLAIMS;
use crate::actions::move_delivery::{Closing, Late, Move, close_lot, move_delivery};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::lock::DataLock;
use crate::store::company::{self, Company};
use crate::store::consignment::counter;
use crate::store::copy::{self, Head};
use crate::store::delivery::{StoredAttempt, StoredDelivery};
use crate::store::event::{self, NewEvent};
use crate::store::house::{self, Note};
use crate::store::job::{self, Kind, Urgency};
use crate::store::{Db, Tx, collection, delivery, restore as undo, transmission};

/// More lots than a company closes between a backup and the end of the hub that lived on.
const LEAP: i64 = 100_000;
/// More files than the house hands in between a backup and the end of the hub that lived on. Their numbers have seven digits.
const LEAP_OF_FILES: i64 = 10_000;
/// Deliveries that are read at a time.
const PAGE: i64 = 500;
/// States in which something is still to be done, whatever jobs there are.
const OPEN: [&str; 4] = ["choosing", "waiting", "queued", "sending"];

/// What a restore found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// When the backup was made: business time, Unix milliseconds.
    pub made_at: i64,
    /// Companies, each with its chain of events checked.
    pub companies: u64,
    /// Events in those chains.
    pub events: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// Large files.
    pub files: u64,
    /// Deliveries that were put in doubt.
    pub doubts: u64,
}

/// The database while a restore is under way.
pub fn unfinished(data: &Path) -> PathBuf {
    data.join("kvitt.db.restoring")
}

/// Puts a backup back. `keys` is the folder of the keys, where they are neither in the backup nor in the data folder already.
///
/// # Errors
/// The data folder holds more than a configuration and keys; the backup is unfinished, changed or of a newer program; the keys do
/// not fit; a chain of events is not what was told.
pub async fn restore(backup: &Path, data: &Path, keys: Option<&Path>) -> Result<Restored> {
    let lock = DataLock::take(data)?
        .ok_or_else(|| Error::CannotStart(format!("{} is in use; a backup is put back into an empty folder", data.display())))?;
    let (from, to, keys) = (backup.to_owned(), data.to_owned(), keys.map(Path::to_owned));
    let manifest = on_disk(move || put_back(&from, &to, keys.as_deref())).await?;
    // No setting of the hub matters here, and a mail server that is not there yet must not stand in the way.
    let config = Config { database: Some(Db::sqlite_url(&unfinished(data))), ..Config::default() };
    let hub = Hub::open_locked(data, config, lock).await?;
    let done = check_and_doubt(&hub, &manifest).await;
    hub.close().await;
    let restored = done?;
    let data = data.to_owned();
    on_disk(move || give_name(&data)).await?;
    // The lock goes with the hub, now that the folder is whole.
    drop(hub);
    Ok(restored)
}

async fn check_and_doubt(hub: &Hub, manifest: &Manifest) -> Result<Restored> {
    let mut events = 0;
    for head in &manifest.contents.heads {
        check_chain(hub, head).await?;
        events += u64::try_from(head.last_seq).unwrap_or_default();
    }
    let doubts = doubt_everything(hub, Some(manifest.made_at)).await?;
    Ok(Restored {
        made_at: manifest.made_at,
        companies: manifest.contents.heads.len() as u64,
        events,
        rows: manifest.contents.tables.iter().map(|table| table.rows).sum(),
        files: manifest.files.len().saturating_sub(1) as u64,
        doubts,
    })
}

async fn check_chain(hub: &Hub, head: &Head) -> Result<()> {
    let mut db = hub.db().read().await?;
    let company = company::by_id(&mut db, hub.vault(), &head.company).await?;
    let broken = |why: String| Error::Damaged(format!("the events of {}: {why}", company.org_number));
    let last = event::verify(&mut db, &company.id, &company.key).await?.map_err(broken)?;
    let stored = copy::heads(&mut db).await?;
    match last == head.last_seq && stored.contains(head) {
        true => Ok(()),
        false => Err(broken(format!("the manifest says that they end at {}, here they end at {last}", head.last_seq))),
    }
}

/// Checks every file of a backup and copies it. The database gets a passing name.
fn put_back(backup: &Path, data: &Path, keys: Option<&Path>) -> Result<Manifest> {
    refuse_not_empty(data)?;
    let manifest = read_manifest(backup)?;
    let own_keys = data.join(KEYS);
    let source = match keys {
        Some(named) => Some(named.to_owned()),
        None if manifest.with_keys => Some(backup.join(KEYS)),
        None => None,
    };
    match source {
        Some(source) if !own_keys.exists() => back_up::copy_keys(&source, &own_keys)?,
        Some(_) => return Err(Error::CannotStart(format!("{} is there already; keys are not mixed", own_keys.display()))),
        None if own_keys.exists() => {}
        None => {
            return Err(Error::CannotStart(
                "the keys are not in this backup; name their folder with --keys, or put it into the data folder as keys/".into(),
            ));
        }
    }
    for entry in &manifest.files {
        let target = if entry.path == DATABASE { unfinished(data) } else { data.join(place_of(&entry.path)?) };
        let copied = back_up::copy_file(&backup.join(&entry.path), &target)?;
        if (copied.bytes, &copied.sha256) != (entry.bytes, &entry.sha256) {
            return Err(Error::Damaged(format!("{} is not the file that was backed up", entry.path)));
        }
    }
    Ok(manifest)
}

/// A manifest is somebody's file: it names large files and nothing outside their folder.
fn place_of(path: &str) -> Result<&Path> {
    let is_plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [OBJECTS, company, folder, digest] if [company, folder, digest].into_iter().all(|part| is_plain(part)) => {
            Ok(Path::new(path))
        }
        _ => Err(Error::Damaged(format!("the manifest names {path}, which no backup holds"))),
    }
}

/// Only what a person puts there before a restore may be there: it is nobody's data.
fn refuse_not_empty(data: &Path) -> Result<()> {
    let failed = |cause| Error::io(format!("reading {}", data.display()), cause);
    for entry in std::fs::read_dir(data).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !matches!(name.to_str(), Some("lock" | "keys" | "kvitt.toml")) {
            return Err(Error::CannotStart(format!(
                "{} is not empty: it holds {}; a backup is put back into a folder of its own",
                data.display(),
                name.to_string_lossy()
            )));
        }
    }
    Ok(())
}

fn read_manifest(backup: &Path) -> Result<Manifest> {
    let path = backup.join(MANIFEST);
    let json = std::fs::read(&path).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => {
            Error::CannotStart(format!("{} has no {MANIFEST}: it is no backup, or one that was not finished", backup.display()))
        }
        _ => Error::io(format!("reading {}", path.display()), cause),
    })?;
    let signed: Signed =
        serde_json::from_slice(&json).map_err(|cause| Error::Damaged(format!("{} cannot be read: {cause}", path.display())))?;
    let manifest = signed.manifest;
    if manifest.format > FORMAT || manifest.contents.schema > Db::newest_schema() {
        return Err(Error::CannotStart(format!(
            "{} made this backup, and this program is older: use that one",
            manifest.program
        )));
    }
    let again = Signed::of(manifest)?;
    if again.sha256 != signed.sha256 {
        return Err(Error::Damaged(format!("{} was changed since it was written", path.display())));
    }
    if !again.manifest.files.iter().any(|FileEntry { path, .. }| path == DATABASE) {
        return Err(Error::Damaged(format!("{} names no database", path.display())));
    }
    Ok(again.manifest)
}

fn give_name(data: &Path) -> Result<()> {
    let name = || -> std::io::Result<()> {
        std::fs::rename(unfinished(data), data.join(DATABASE))?;
        back_up::sync_folder(data)
    };
    name().map_err(|cause| Error::io(format!("naming the database in {}", data.display()), cause))
}

/// [`doubt_everything`], for a database that other tools put back where it was: a dump, a copy of a disk, a point in time.
///
/// # Errors
/// A hub works on the database.
pub async fn doubt_in_place(hub: &Hub) -> Result<u64> {
    let held = undo::held(&mut *hub.db().read().await?, hub.clock().machine_ms()).await?;
    if held > 0 {
        return Err(Error::CannotStart(format!(
            "somebody holds {held} jobs of this database: stop every hub on it, wait five minutes, and try again"
        )));
    }
    doubt_everything(hub, None).await
}

/// Puts everything in doubt that still had something to do, and sees to it that nothing goes on by itself. `made_at` is when the
/// backup was made; where nobody knows, the newest event of each company says it. Answers how many deliveries are in doubt now that
/// were not before. Doing it again changes nothing.
pub async fn doubt_everything(hub: &Hub, made_at: Option<i64>) -> Result<u64> {
    // Before any lot is closed: it must not get a number of a file that the hub that lived on has handed in, for whomever.
    hub.write(|tx| async move { transmission::leap(tx, LEAP_OF_FILES).await }.boxed()).await?;
    let companies = company::all(&mut *hub.db().read().await?, hub.vault()).await?;
    let (mut doubts, mut newest) = (0, made_at.unwrap_or(i64::MIN));
    for company in companies {
        let at = match made_at {
            Some(at) => at,
            None => event::last_at(&mut *hub.db().read().await?, &company.id).await?.unwrap_or_default(),
        };
        newest = newest.max(at);
        doubts += doubt_company(hub, company, at).await?;
    }
    let noted = Shown { made_at: newest, restored_at: hub.clock().business_ms(), doubts };
    let vault = hub.vault_handle();
    hub.write(move |tx| {
        let vault = vault.clone();
        async move { house::note(tx, &vault, Note::Restored, &noted).await }.boxed()
    })
    .await?;
    Ok(doubts)
}

/// What `kvitt status` shows of a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// When the backup was made: business time, Unix milliseconds.
    pub made_at: i64,
    /// When it was put back: business time, Unix milliseconds.
    pub restored_at: i64,
    /// Deliveries that were put in doubt then.
    pub doubts: u64,
}

/// What the event of a company says.
#[derive(Serialize)]
struct Told {
    made_at: i64,
    doubts: u64,
}

async fn doubt_company(hub: &Hub, company: Company, made_at: i64) -> Result<u64> {
    // What the logs say that nobody heard yet the other hub has heard since; it is noted as heard, so that nothing follows from it.
    let mut heard = Vec::new();
    for lot in undo::subjects(&mut *hub.db().read().await?, &company.id, Kind::Converse).await? {
        heard.extend(converse::words(hub, &company, &lot).await?);
    }
    let now = hub.clock().business_ms();
    let at = Timestamp::from_millisecond(made_at).map_err(|_| Error::Damaged(format!("{made_at} is no time")))?;
    let why = Fault::fatal(codes::DELIVERY_RESTORED).with("at", at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    hub.write(move |tx| {
        let (company, heard, why) = (company.clone(), heard.clone(), why.clone());
        async move {
            let doubt = Doubt { company: &company, why: &why, now };
            let doubts = doubt.everything(tx, &heard).await?;
            let told = Told { made_at, doubts };
            tx.tell(NewEvent::new(&company.id, &company.key, now, "hub.restored", &company.id, &told)?);
            Ok(doubts)
        }
        .boxed()
    })
    .await
}

/// Whose deliveries are doubted, why and when.
struct Doubt<'a> {
    company: &'a Company,
    why: &'a Fault,
    now: i64,
}

impl Doubt<'_> {
    async fn everything(&self, tx: &mut Tx<'_>, heard: &[(AttemptId, Option<Word>)]) -> Result<u64> {
        let company = self.company;
        let mut doubts = 0;
        let series: Vec<String> = routes::all().iter().map(|route| counter(route.name())).collect();
        undo::leap(tx, &company.id, &series, LEAP).await?;
        for (attempt, word) in heard {
            if let Some(word) = word {
                delivery::save_word(tx, &company.id, &company.key, *attempt, word).await?;
            }
            // A conversation was to go on about it: a receipt, a bounce, another question.
            let of_attempt = delivery::attempt(tx.db(), &company.id, &company.key, *attempt).await?.delivery;
            let stored = delivery::by_id(tx.db(), &company.id, &company.key, &of_attempt).await?;
            let is_current = stored.delivery.state.attempt() == Some(*attempt);
            if is_current && matches!(stored.delivery.state, State::HandedOver { .. } | State::Delivered { .. }) {
                doubts += self.one(tx, &stored).await?;
            }
        }
        // An open lot is closed, so that what comes for its members finds its log; its members may have travelled.
        for (lot, route) in undo::open_lots(tx.db(), &company.id).await? {
            let what = Closing { lot: &lot, route: &route, urgency: Urgency::Bulk, late: Late::Travels, now: self.now };
            close_lot(tx, company, &what).await?;
        }
        for state in OPEN {
            loop {
                let page = delivery::in_state(tx.db(), &company.id, &company.key, state, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                for stored in &page {
                    doubts += self.one(tx, stored).await?;
                }
            }
        }
        undo::finish_closed_lots(tx, &company.id).await?;
        undo::drop_jobs(tx, &company.id).await?;
        // What is asked about agreements and mandates changes nothing when it was asked before.
        resume_agreements(tx, company, self.now).await?;
        if collection::first_claim(tx.db(), &company.id).await?.is_some() {
            // It only looks and tells: direct debits that did not happen must be noticed after a restore as before.
            job::enqueue(tx, &company.id, Kind::WatchClaims, CLAIMS, Urgency::Bulk, self.now, self.now).await?;
        }
        Ok(doubts)
    }

    async fn one(&self, tx: &mut Tx<'_>, stored: &StoredDelivery) -> Result<u64> {
        let company = self.company;
        let unknown = AttemptId(crate::ids::new_id());
        if stored.delivery.state.attempt().is_none() {
            let attempts = delivery::attempts(tx.db(), &company.id, &company.key, &stored.id).await?;
            let attempt = StoredAttempt {
                id: unknown,
                delivery: stored.id.clone(),
                invoice: stored.invoice.clone(),
                purpose: stored.purpose,
                number: attempts.last().map_or(1, |last| last.number + 1),
                route: RouteName::unknown().as_str().to_owned(),
                price: None,
                give_up_at: None,
                word: None,
                opened_at: self.now,
            };
            delivery::insert_attempt(tx, &company.id, &attempt).await?;
        }
        let what = Move { company, delivery: &stored.id, urgency: Urgency::Ordinary, lot_at_most: None, now: self.now };
        move_delivery(tx, &what, Event::Restored { attempt: unknown, why: self.why.clone() }).await?;
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_large_files_only() {
        for path in ["objects/0190-a/ab/abcdef", "objects/a/b/c"] {
            assert!(place_of(path).is_ok(), "{path}");
        }
        for path in
            ["../x", "objects/../../x", "objects/a/b/../c", "/etc/passwd", "objects/a/b", "keys/master.key", "objects//a/b"]
        {
            assert!(place_of(path).is_err(), "{path}");
        }
    }
}
