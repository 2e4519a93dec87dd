//! Documents in a folder, each with its metadata beside it under the same name.
//!
//! A document and its metadata are first *claimed*: renamed, the metadata first, into a folder of their own below `taking/`.
//! From then on they cannot be taken for parts of something else. What became of them is the ending of that folder's name,
//! given in one rename, and only then are they moved on. So a crash leaves one of these, and the next look knows which:
//!
//! | in `taking/` | was going on | the next look |
//! |---|---|---|
//! | `ID/` with metadata alone | claiming | puts the metadata back beside its document |
//! | `ID/` with a document | accepting | accepts it, which changes nothing where it was accepted before |
//! | `ID.accepted/` and the like | moving on | moves what is left |

use std::collections::{BTreeMap, HashMap};
use std::io::Result as IoResult;
use std::path::{Path, PathBuf};

use kvitt_domain::fault::{Fault, codes};
use kvitt_formats::container::Budget;
use kvitt_formats::metadata;
use tokio::sync::watch;

use super::patience::Patience;
use super::{LOOK_AGAIN, is_its_own, on_disk, write_failure, write_faults};
use crate::actions::accept_invoice::{HandedIn, accept_invoice};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::job::Urgency;
use crate::transport::folder::{FAULTS, files_in, fitting, folders_in, move_into, name_of};
use crate::vault::sha256;

/// Metadata is put just before its document. What has lain alone for so many looks (ten minutes) belongs to a document that
/// never came, and must not be taken for that of a later one.
pub const LOOKS_ALONE: u32 = (600_000 / LOOK_AGAIN.as_millis()) as u32;

/// What became of a document.
#[derive(Debug)]
enum Outcome {
    Accepted,
    Refused(Vec<Fault>),
    Failed(Error),
}

impl Outcome {
    const NAMES: [&str; 3] = ["accepted", "refused", "failed"];

    /// The folder that it is moved on to.
    fn name(&self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Refused(_) => "refused",
            Outcome::Failed(_) => "failed",
        }
    }
}

/// The folder that documents are dropped into.
#[derive(Debug)]
pub struct Intake {
    folder: PathBuf,
    patience: Patience,
    alone: HashMap<PathBuf, Alone>,
}

/// Metadata without a document: which file it is, and for how many looks.
#[derive(Debug, Clone, Copy)]
struct Alone {
    file: (u64, i64),
    looks: u32,
}

/// The documents of one name, and what may be their metadata.
#[derive(Debug, Default)]
struct Group {
    documents: Vec<PathBuf>,
    metadata: Vec<PathBuf>,
}

impl Group {
    /// Whether the metadata may be that of another document.
    fn is_ambiguous(&self) -> bool {
        self.metadata.len() > 1 || (self.documents.len() > 1 && !self.metadata.is_empty())
    }
}

impl Intake {
    /// Watches a folder, from what is there and what an earlier process left in the middle.
    pub fn new(folder: PathBuf) -> Intake {
        Intake { folder, patience: Patience::default(), alone: HashMap::new() }
    }

    /// Takes in what is there now, until told to stop. Answers how many documents were accepted or refused. Only what makes
    /// every document fail is an error.
    pub async fn look(&mut self, hub: &Hub, stop: &watch::Receiver<bool>) -> Result<usize> {
        self.prepare().map_err(|cause| Error::io("making the folders of the intake", cause))?;
        let left = self.take_up().map_err(|cause| Error::io("reading what was being taken in", cause))?;
        let groups = groups(&self.folder).map_err(|cause| Error::io("reading the intake folder", cause))?;
        self.look_at_alone(&groups);
        let documents = groups.values().flat_map(|group| group.documents.clone());
        // What was being taken came first.
        let due = self.patience.due(left.into_iter().chain(documents).collect());
        let mut taken = 0;
        for waiting in due {
            if *stop.borrow() {
                break;
            }
            let group = groups.get(&stem(&waiting)).filter(|group| group.documents.contains(&waiting));
            let done = match group {
                None => self.decide(hub, &waiting).await,
                Some(group) if group.is_ambiguous() => self.refuse_ambiguous(&waiting, group),
                Some(group) => match self.claim(&waiting, group.metadata.first()) {
                    Ok(claim) => self.decide(hub, &claim).await,
                    Err(cause) => Err((waiting, Error::io("claiming a document", cause))),
                },
            };
            match done {
                Ok(()) => taken += 1,
                Err((path, error)) => self.failed(hub, &path, error).await?,
            }
        }
        Ok(taken)
    }

    fn taking(&self) -> PathBuf {
        self.folder.join("taking")
    }

    fn prepare(&self) -> IoResult<()> {
        std::fs::create_dir_all(self.taking())?;
        Outcome::NAMES.iter().try_for_each(|name| std::fs::create_dir_all(self.folder.join(name)))
    }

    /// Finishes or undoes what was in the middle, and answers the claims that still wait for an outcome.
    fn take_up(&self) -> IoResult<Vec<PathBuf>> {
        let mut waiting = Vec::new();
        for claim in folders_in(&self.taking())? {
            let outcome = claim.extension().and_then(|ending| ending.to_str()).map(str::to_owned);
            let done = match outcome {
                Some(outcome) => self.move_on(&claim, &outcome),
                None => match document_in(&claim) {
                    Ok(Some(_)) => {
                        waiting.push(claim);
                        continue;
                    }
                    Ok(None) => self.undo(&claim),
                    Err(cause) => Err(cause),
                },
            };
            if let Err(cause) = done {
                tracing::error!(%cause, "what was left in the middle of taking it in cannot be finished yet");
            }
        }
        Ok(waiting)
    }

    /// Renames a document and its metadata into a folder of their own.
    fn claim(&self, document: &Path, metadata: Option<&PathBuf>) -> IoResult<PathBuf> {
        let claim = self.taking().join(uuid::Uuid::now_v7().to_string());
        std::fs::create_dir(&claim)?;
        // The metadata first: while the document is in its place nobody takes the metadata for another's.
        for file in metadata.map(PathBuf::as_path).into_iter().chain([document]) {
            std::fs::rename(file, claim.join(file.file_name().unwrap_or_default()))?;
        }
        Ok(claim)
    }

    /// A claim that has no document: its metadata goes back beside it. Where new metadata of that name came meanwhile, the
    /// document is a new one too, and this belongs to none.
    fn undo(&self, claim: &Path) -> IoResult<()> {
        for metadata in files_in(claim)? {
            let place = self.folder.join(metadata.file_name().unwrap_or_default());
            if place.symlink_metadata().is_ok() {
                return self.conclude(claim, &Outcome::Refused(vec![belongs_to_none()]));
            }
            std::fs::rename(&metadata, place)?;
        }
        std::fs::remove_dir(claim)
    }

    async fn decide(&self, hub: &Hub, claim: &Path) -> std::result::Result<(), (PathBuf, Error)> {
        let decided = async {
            let outcome = accept(hub, claim).await?;
            self.conclude(claim, &outcome).map_err(|cause| Error::io("moving a document on", cause))
        };
        decided.await.map_err(|error| (claim.to_owned(), error))
    }

    /// Writes the outcome down, in one rename, and moves on what the claim holds.
    fn conclude(&self, claim: &Path, outcome: &Outcome) -> IoResult<()> {
        let named = match document_in(claim)? {
            Some(document) => Some(document),
            None => files_in(claim)?.pop(),
        };
        let beside = claim.join(fitting("", &named.map(|file| name_of(&file)).unwrap_or_default(), FAULTS));
        match outcome {
            Outcome::Accepted => {}
            Outcome::Refused(faults) => write_faults(&beside, faults)?,
            Outcome::Failed(error) => write_failure(&beside, error)?,
        }
        let decided = claim.with_extension(outcome.name());
        std::fs::rename(claim, &decided)?;
        self.move_on(&decided, outcome.name())
    }

    fn move_on(&self, decided: &Path, outcome: &str) -> IoResult<()> {
        let files: Vec<(PathBuf, String)> = files_in(decided)?.into_iter().map(|file| (file.clone(), name_of(&file))).collect();
        move_into(&self.folder.join(outcome), &files)?;
        std::fs::remove_dir(decided)
    }

    /// Notes a failure. The document waits for its next try, and after the last one it moves aside.
    async fn failed(&mut self, hub: &Hub, path: &Path, error: Error) -> Result<()> {
        if !is_its_own(hub, &error).await {
            return Err(error);
        }
        // The name may be a person's: the claim's id leads to the file.
        let is_claim = path.starts_with(self.taking());
        let id = if is_claim { name_of(path) } else { sha256(name_of(path).as_bytes()) };
        tracing::error!(document = %id, error = &error as &dyn std::error::Error, "taking a document in failed; others go on");
        if !self.patience.failed(path) || !is_claim {
            return Ok(());
        }
        match self.conclude(path, &Outcome::Failed(error)) {
            Ok(()) => tracing::error!(document = %id, "the document was tried often enough; it is in failed/"),
            Err(cause) => tracing::error!(document = %id, %cause, "the document cannot be moved to failed/"),
        }
        Ok(())
    }

    /// Counts for how long metadata has been alone, and refuses what was alone for too long.
    fn look_at_alone(&mut self, groups: &BTreeMap<PathBuf, Group>) {
        let mut before = std::mem::take(&mut self.alone);
        let alone = groups.values().filter(|group| group.documents.is_empty()).flat_map(|group| &group.metadata);
        for metadata in alone {
            let Some(file) = identity(metadata) else { continue };
            let known = before.remove(metadata).filter(|known| known.file == file);
            let looks = known.map_or(0, |known| known.looks) + 1;
            if looks <= LOOKS_ALONE {
                self.alone.insert(metadata.clone(), Alone { file, looks });
                continue;
            }
            let refused = self.refuse(&[metadata], &[belongs_to_none()]);
            if let Err(cause) = refused {
                tracing::error!(%cause, "metadata without a document cannot be moved to refused/");
            }
        }
    }

    fn refuse_ambiguous(&self, document: &Path, group: &Group) -> std::result::Result<(), (PathBuf, Error)> {
        let names: Vec<String> = group.documents.iter().chain(&group.metadata).map(|file| name_of(file)).collect();
        let why = format!("{} lie there together, and it cannot be told what belongs to what", names.join(", "));
        let files: Vec<&PathBuf> = group.documents.iter().chain(&group.metadata).collect();
        // The first of the documents takes the others with it.
        if group.documents.first().is_some_and(|first| first != document) {
            return Ok(());
        }
        self.refuse(&files, &[Fault::fatal(codes::METADATA_UNREADABLE).with("why", why)])
            .map_err(|cause| (document.to_owned(), Error::io("refusing documents", cause)))
    }

    fn refuse(&self, files: &[&PathBuf], faults: &[Fault]) -> IoResult<()> {
        let Some(first) = files.first() else { return Ok(()) };
        // Decided before it is claimed, so that a crash in between does not put it back.
        let claim = self.taking().join(uuid::Uuid::now_v7().to_string()).with_extension("refused");
        std::fs::create_dir(&claim)?;
        for file in files {
            std::fs::rename(file, claim.join(file.file_name().unwrap_or_default()))?;
        }
        write_faults(&claim.join(fitting("", &name_of(first), FAULTS)), faults)?;
        self.move_on(&claim, "refused")
    }
}

/// Reads a claim and accepts its document. What the sender can mend is a refusal, anything else an error.
async fn accept(hub: &Hub, claim: &Path) -> Result<Outcome> {
    let folder = claim.to_owned();
    let read = on_disk("reading a document", move || read(&folder)).await?;
    let handed = match read {
        Ok(handed) => handed,
        Err(faults) => return Ok(Outcome::Refused(faults)),
    };
    match accept_invoice(hub, handed).await {
        Ok(_) => Ok(Outcome::Accepted),
        Err(Error::Refused(faults)) => Ok(Outcome::Refused(faults)),
        Err(error) => Err(error),
    }
}

fn read(claim: &Path) -> IoResult<std::result::Result<HandedIn, Vec<Fault>>> {
    let document = document_in(claim)?.ok_or(std::io::ErrorKind::NotFound)?;
    let name = name_of(&document);
    let mut faults = Vec::new();
    let limit = Budget::default().archive_bytes;
    if document.metadata()?.len() > u64::try_from(limit).unwrap_or(u64::MAX) {
        let code = if name.to_lowercase().ends_with(".zip") { codes::ARCHIVE_OVER_BUDGET } else { codes::XML_OVER_BUDGET };
        faults.push(Fault::fatal(code).with("what", "bytes").with("limit", limit));
    }
    let beside = files_in(claim)?.into_iter().find(|file| is_metadata(file) && stem(file) == stem(&document));
    let metadata = match beside.map(|file| read_metadata(&file)).transpose()? {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(fault)) => {
            faults.push(fault);
            None
        }
    };
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let bytes = std::fs::read(&document)?;
    // The key is the file itself: a crash after accepting and before moving on gives the same answer again.
    let key = format!("folder {name} {}", sha256(&bytes));
    Ok(Ok(HandedIn { metadata, key: Some(key), urgency: Urgency::Bulk, ..HandedIn::file(&name, bytes) }))
}

fn read_metadata(file: &Path) -> IoResult<std::result::Result<String, Fault>> {
    let unreadable = |why: String| Fault::fatal(codes::METADATA_UNREADABLE).with("why", why);
    if file.metadata()?.len() > u64::try_from(metadata::MAX_BYTES).unwrap_or(u64::MAX) {
        return Ok(Err(unreadable(format!("it is larger than {} bytes", metadata::MAX_BYTES))));
    }
    Ok(String::from_utf8(std::fs::read(file)?).map_err(|cause| unreadable(cause.utf8_error().to_string())))
}

fn belongs_to_none() -> Fault {
    Fault::fatal(codes::METADATA_UNREADABLE).with("why", "no document of this name came with it")
}

/// What lies in the folder, by name without its ending. Documents are listed first: the metadata of each was there before it.
fn groups(folder: &Path) -> IoResult<BTreeMap<PathBuf, Group>> {
    let mut groups: BTreeMap<PathBuf, Group> = BTreeMap::new();
    for document in files_in(folder)?.into_iter().filter(|file| is_document(file)) {
        groups.entry(stem(&document)).or_default().documents.push(document);
    }
    for metadata in files_in(folder)?.into_iter().filter(|file| is_metadata(file)) {
        groups.entry(stem(&metadata)).or_default().metadata.push(metadata);
    }
    Ok(groups)
}

fn document_in(claim: &Path) -> IoResult<Option<PathBuf>> {
    Ok(files_in(claim)?.into_iter().find(|file| is_document(file)))
}

fn is_document(file: &Path) -> bool {
    has_ending(file, &["xml", "zip"])
}

fn is_metadata(file: &Path) -> bool {
    has_ending(file, &["json"])
}

fn has_ending(file: &Path, endings: &[&str]) -> bool {
    file.extension().is_some_and(|extension| endings.iter().any(|ending| extension.eq_ignore_ascii_case(ending)))
}

/// Where a document and its metadata have the same: the path without the ending.
fn stem(file: &Path) -> PathBuf {
    file.with_extension("")
}

/// Which file it is, so that a new one under an old name is not taken for the old one.
fn identity(file: &Path) -> Option<(u64, i64)> {
    use std::os::unix::fs::MetadataExt;
    file.metadata().ok().map(|metadata| (metadata.ino(), metadata.mtime()))
}
