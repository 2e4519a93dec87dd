//! Drops, as `[drop.<name>]` names them: a folder or an SFTP account where packages are put and receipts are left.
//!
//! ```text
//! jobs/.NAME.part/      a package that is not whole yet: nobody takes it
//! jobs/NAME/            a package that was handed over
//! in/.NAME.part, in/NAME    the same for a package that is one file
//! taken/NAME            where the other side may move it
//! receipts/FILE         what the other side leaves for us; hidden files and FILE.part are not finished
//! receipts/read/        what we took in; receipts/kept/ what is too large to be taken in
//! out/FILE              what a bank leaves for us, in the same way; out/read/ and out/refused/ what became of it
//! ```
//!
//! The steps are the same for a folder and for SFTP, and stand here once; [`folder`] and [`sftp`] only do what one step says.
//! A package gets its name with one rename, after all of it is on disk there and after the caller wrote down that it is about
//! to. Before the mark it was certainly not handed over; after it whoever asks finds out: the name is there, or it is not.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::BoxFuture;
use kvitt_adapters::route::{Place, Reply, Sent, Shape};
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::transport::{Committing, Left};

mod bank;
pub mod folder;
pub mod sftp;

/// The longest that putting a package takes beside the caller's own mark.
pub const LONGEST: Duration = Duration::from_secs(QUESTION.as_secs() + BEFORE_THE_RENAME.as_secs() + RENAME.as_secs());
/// Everything before the rename together: a night's job of some thousand letters over a slow line. A package that is not
/// through by then was certainly not handed over.
const BEFORE_THE_RENAME: Duration = Duration::from_secs(11 * 60);
/// The rename, and what is asked after it. To give up here is not to know.
const RENAME: Duration = Duration::from_secs(2 * 60);
/// A login, a question, or a look at the receipts.
const QUESTION: Duration = Duration::from_secs(2 * 60);
/// Bytes of a receipt that are taken in. One letter is some hundred bytes of it.
const LARGEST_RECEIPT: u64 = 16 << 20;
/// Entries of a folder that are looked at. A drop that is fuller is no longer one that anybody empties.
const MOST_ENTRIES: usize = 100_000;
/// Bytes of a name that every file system takes, with room for what is put before and after it.
const LONGEST_NAME: usize = 200;
/// What the names of unfinished files and folders end with.
const PART: &str = ".part";

/// What a step says when it cannot be done, for people.
type Step<'a, T> = BoxFuture<'a, std::result::Result<T, String>>;

/// Where packages are put.
#[derive(Debug)]
pub enum Site {
    /// A folder on this machine, which may be another one's on a network file system.
    Folder(folder::Home),
    /// An account on an SFTP server.
    Sftp(Box<sftp::Account>),
}

/// What is found under a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    File {
        bytes: u64,
    },
    Folder,
    /// A link or a device: nothing that either side makes.
    Odd,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    name: String,
    what: What,
    /// When it was last changed, by the other side's clock: any unit that grows.
    changed: u64,
}

/// The steps that a drop is made of. Paths are relative to its root, with `/` between their parts.
trait Steps: Send + Sync {
    /// What is there; `None` where nothing is. Links are not followed.
    fn find<'a>(&'a self, path: &'a str) -> Step<'a, Option<What>>;
    /// Makes a folder, whose parent is there.
    fn make_folder<'a>(&'a self, path: &'a str) -> Step<'a, ()>;
    /// Writes a new file, whole: it is on disk as far as the other side lets us know, and has its size.
    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> Step<'a, ()>;
    /// Sees to it that what a folder lists is on disk.
    fn settle<'a>(&'a self, path: &'a str) -> Step<'a, ()>;
    /// Renames. What is there already is not replaced.
    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> Step<'a, ()>;
    /// Removes a file, or a folder with everything in it; links in it are removed, never followed.
    fn remove<'a>(&'a self, path: &'a str) -> Step<'a, ()>;
    /// What a folder holds; nothing where it is not there.
    fn list<'a>(&'a self, path: &'a str) -> Step<'a, Vec<Listed>>;
    /// A file's bytes. A file larger than `at_most` is an error.
    fn read<'a>(&'a self, path: &'a str, at_most: u64) -> Step<'a, Vec<u8>>;
    /// Says goodbye.
    fn leave(self: Box<Self>) -> BoxFuture<'static, ()>;
}

impl Site {
    async fn open(&self) -> std::result::Result<Box<dyn Steps>, String> {
        match self {
            Site::Folder(home) => Ok(Box::new(home.clone())),
            Site::Sftp(account) => Ok(Box::new(account.log_in().await?)),
        }
    }

    /// Puts a package: path inside it, and content. One that is there under its own name already is the same one, for names
    /// are given once. The error is the mark's; all trouble is [`Reply::Silence`].
    pub async fn put<'n>(
        &self,
        named: impl Into<Named<'n>>,
        files: &[(String, Vec<u8>)],
        committing: Committing<'_>,
    ) -> Result<Reply> {
        let named = named.into();
        let steps = match in_time(self.open()).await {
            Ok(steps) => steps,
            Err(why) => return Ok(silence(Sent::No, why)),
        };
        let written = timeout(BEFORE_THE_RENAME, write(&*steps, named, files)).await;
        let reply = match written.unwrap_or_else(|_| Err("the package was not through in time".to_owned())) {
            Err(why) => silence(Sent::No, why),
            Ok(Written::Before) => Reply::Placed,
            Ok(Written::Now) => {
                crate::failpoint!("after_package_written");
                committing().await?;
                let renamed = timeout(RENAME, hand_over(&*steps, named)).await;
                renamed.unwrap_or_else(|_| silence(Sent::Unknown, "the rename was not confirmed in time"))
            }
        };
        steps.leave().await;
        Ok(reply)
    }

    /// Where a package is.
    pub async fn look<'n>(&self, named: impl Into<Named<'n>>) -> Reply {
        let named = named.into();
        let asked = in_time(async {
            let steps = self.open().await?;
            let place = place(&*steps, named).await;
            steps.leave().await;
            place
        });
        match asked.await {
            Ok(place) => Reply::Seen { place },
            Err(why) => silence(Sent::No, why),
        }
    }

    /// At most `limit` receipts, the oldest first. One that is too large is moved to `receipts/kept/`.
    pub async fn collect(&self, limit: usize) -> Result<Vec<Left>> {
        let collected = in_time(async {
            let steps = self.open().await?;
            let left = collect(&*steps, limit).await;
            steps.leave().await;
            left
        });
        collected.await.map_err(|why| trouble("collecting receipts", why))
    }

    /// Moves a receipt to `receipts/read/`. One that is no longer there was put away before.
    pub async fn put_away(&self, name: &str) -> Result<()> {
        let moved = in_time(async {
            let steps = self.open().await?;
            let moved = move_receipt(&*steps, name, "read").await;
            steps.leave().await;
            moved
        });
        moved.await.map_err(|why| trouble("putting a receipt away", why))
    }

    /// Whether packages could be put: the folder, or the login with the server's key, and `jobs/` or `in/`. A folder is tried with a
    /// hidden one that is removed again; at the other side's server nothing is made. The error is a sentence.
    pub async fn reach(&self) -> std::result::Result<(), String> {
        in_time(async {
            let steps = self.open().await?;
            let reached = match self {
                Site::Folder(_) => is_writable(&*steps).await,
                Site::Sftp(_) => has_either(&*steps).await.map(|_| ()),
            };
            steps.leave().await;
            reached
        })
        .await
    }
}

async fn in_time<T>(asking: impl Future<Output = std::result::Result<T, String>>) -> std::result::Result<T, String> {
    timeout(QUESTION, asking).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn is_writable(steps: &dyn Steps) -> std::result::Result<(), String> {
    let tried = format!("{}/.kvitt-doctor{PART}", has_either(steps).await?);
    steps.make_folder(&tried).await?;
    steps.remove(&tried).await
}

/// Whether a package had to be written.
enum Written {
    /// It is there under its own name.
    Before,
    /// All of it is there under its temporary name.
    Now,
}

/// A package by its own name, and what it is under that.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The name.
    pub name: &'a str,
    /// What it is.
    pub shape: Shape,
}

impl<'a> From<&'a str> for Named<'a> {
    fn from(name: &'a str) -> Named<'a> {
        Named { name, shape: Shape::Folder }
    }
}

impl Named<'_> {
    /// The folder that it is put into.
    fn folder(self) -> &'static str {
        match self.shape {
            Shape::Folder => "jobs",
            Shape::File => "in",
        }
    }

    /// Its own path.
    fn path(self) -> String {
        format!("{}/{}", self.folder(), self.name)
    }

    /// Its temporary path.
    fn part(self) -> String {
        format!("{}/.{}{PART}", self.folder(), self.name)
    }

    fn is(self, what: What) -> bool {
        match (self.shape, what) {
            (Shape::Folder, What::Folder) | (Shape::File, What::File { .. }) => true,
            (Shape::Folder, What::File { .. } | What::Odd) | (Shape::File, What::Folder | What::Odd) => false,
        }
    }
}

/// Everything before the mark.
async fn write(steps: &dyn Steps, named: Named<'_>, files: &[(String, Vec<u8>)]) -> std::result::Result<Written, String> {
    check_name(named.name)?;
    for (path, _) in files {
        path.split('/').try_for_each(check_name).map_err(|why| format!("{path}: {why}"))?;
    }
    has_folder(steps, named.folder()).await?;
    match place(steps, named).await? {
        Place::Final => return Ok(Written::Before),
        // Left by a crash: nobody took it, and nobody knows how much of it is there.
        Place::Temporary => steps.remove(&named.part()).await?,
        Place::Nowhere => {}
    }
    let part = named.part();
    if named.shape == Shape::File {
        let [(_, bytes)] = files else { return Err("a package that is a file has one file".to_owned()) };
        steps.write(&part, bytes).await?;
        steps.settle(named.folder()).await?;
        return Ok(Written::Now);
    }
    steps.make_folder(&part).await?;
    let mut folders = BTreeSet::new();
    for (path, bytes) in files {
        for (end, _) in path.match_indices('/') {
            let folder = format!("{part}/{}", &path[..end]);
            if !folders.contains(&folder) {
                steps.make_folder(&folder).await?;
                folders.insert(folder);
            }
        }
        steps.write(&format!("{part}/{path}"), bytes).await?;
    }
    for folder in folders.iter().rev().chain([&part]) {
        steps.settle(folder).await?;
    }
    Ok(Written::Now)
}

/// The point of no return, and where it fails the question what became of it.
async fn hand_over(steps: &dyn Steps, named: Named<'_>) -> Reply {
    let renamed = steps.rename(&named.part(), &named.path()).await;
    match renamed {
        Ok(()) => {
            crate::failpoint!("after_rename");
            if let Err(why) = steps.settle(named.folder()).await {
                // It has its name, and whoever looks sees it: a repeat would find it.
                tracing::warn!(package = named.name, %why, "a package was handed over, but its name may not be on disk yet");
            }
            Reply::Placed
        }
        Err(why) => match place(steps, named).await {
            Ok(Place::Final) => Reply::Placed,
            Ok(Place::Temporary) => silence(Sent::No, why),
            Ok(Place::Nowhere) => silence(Sent::Unknown, format!("{why}; it is nowhere now")),
            Err(then) => silence(Sent::Unknown, format!("{why}; then {then}")),
        },
    }
}

async fn place(steps: &dyn Steps, named: Named<'_>) -> std::result::Result<Place, String> {
    check_name(named.name)?;
    // In this order: the other side moves from jobs/ or in/ to taken/ and never back.
    for path in [named.path(), format!("taken/{}", named.name)] {
        match steps.find(&path).await? {
            Some(what) if named.is(what) => return Ok(Place::Final),
            Some(_) => return Err(format!("{path} is something else")),
            None => {}
        }
    }
    match steps.find(&named.part()).await? {
        Some(_) => Ok(Place::Temporary),
        None => Ok(Place::Nowhere),
    }
}

/// `jobs/` and `in/` are never made here: where one is missing, this may be the wrong place, or the right one whose disk is not
/// mounted.
async fn has_folder(steps: &dyn Steps, folder: &str) -> std::result::Result<(), String> {
    match steps.find(folder).await? {
        Some(What::Folder | What::Odd) => Ok(()),
        Some(What::File { .. }) => Err(format!("{folder} is a file and no folder")),
        None => Err(format!("there is no folder {folder}/: make it, unless this is the wrong place")),
    }
}

/// A drop is for packages that are folders, or for files: it has the one folder or the other.
async fn has_either(steps: &dyn Steps) -> std::result::Result<&'static str, String> {
    match has_folder(steps, "in").await {
        Ok(()) => Ok("in"),
        Err(_) => has_folder(steps, "jobs").await.map(|()| "jobs"),
    }
}

async fn collect(steps: &dyn Steps, limit: usize) -> std::result::Result<Vec<Left>, String> {
    let mut listed = steps.list("receipts").await?;
    if listed.len() > MOST_ENTRIES {
        return Err(format!("receipts/ has more than {MOST_ENTRIES} entries"));
    }
    listed.retain(|entry| is_finished(&entry.name));
    listed.sort_by(|one, other| (one.changed, &one.name).cmp(&(other.changed, &other.name)));
    let mut left = Vec::new();
    for entry in listed {
        match entry.what {
            What::Folder | What::Odd => {}
            What::File { bytes } if bytes > LARGEST_RECEIPT => {
                tracing::error!(receipt = %entry.name, bytes, "a receipt is too large to be one; it is in receipts/kept/");
                move_receipt(steps, &entry.name, "kept").await?;
            }
            What::File { .. } => {
                let bytes = steps.read(&format!("receipts/{}", entry.name), LARGEST_RECEIPT).await?;
                left.push(Left { name: entry.name, bytes });
            }
        }
        if left.len() >= limit {
            break;
        }
    }
    Ok(left)
}

async fn move_receipt(steps: &dyn Steps, name: &str, to: &str) -> std::result::Result<(), String> {
    /// Receipts of the same name that are told apart by a number; a shop that uses a name more often has no names.
    const MOST_NUMBERS: usize = 100;
    if !is_finished(name) {
        return Err(format!("{name} is no receipt's name"));
    }
    let from = format!("receipts/{name}");
    if steps.find(&from).await?.is_none() {
        return Ok(());
    }
    let folder = format!("receipts/{to}");
    if steps.find(&folder).await?.is_none() {
        steps.make_folder(&folder).await?;
    }
    for number in 1..=MOST_NUMBERS {
        let target = if number == 1 { format!("{folder}/{name}") } else { format!("{folder}/{number}-{name}") };
        if steps.find(&target).await?.is_none() {
            return steps.rename(&from, &target).await;
        }
    }
    Err(format!("{folder} has {MOST_NUMBERS} files called {name}"))
}

/// A name that we give: it means the same to every file system, and never leads elsewhere.
fn check_name(name: &str) -> std::result::Result<(), String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let fits = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_plain);
    match fits && !name.starts_with('.') && !name.ends_with(PART) {
        true => Ok(()),
        false => Err(format!("{name:?} is no name that can be put")),
    }
}

/// A name that somebody else gave: one file of this folder, whole.
fn is_finished(name: &str) -> bool {
    let leads_away = |c: char| matches!(c, '/' | '\\') || c.is_control();
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !name.contains(leads_away)
        && !name.starts_with('.')
        && !name.ends_with(PART)
}

fn silence(sent: Sent, what: impl Into<String>) -> Reply {
    Reply::Silence { sent, what: what.into() }
}

fn trouble(what: &str, why: String) -> Error {
    Error::io(what, std::io::Error::other(why))
}

#[cfg(test)]
mod tests;
