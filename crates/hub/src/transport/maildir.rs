//! A Maildir, read: new messages in `new/`. Those that were taken in move to `cur/`; others move to a folder that says why
//! they were not. A message stands in exactly one folder, and none is overwritten.

use std::io::Result;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::transport::folder;

/// A new message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub size: u64,
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `cur/`, seen: what it says is on disk.
    Taken,
    /// `strays/`: it concerns nobody that we know; a person looks at it.
    Stray,
    /// `kept/`: nobody reads it by machine, a person may.
    Kept,
    /// `failed/`: taking it in failed again and again.
    Failed,
}

impl Place {
    /// The folder's name within the Maildir.
    pub fn name(self) -> &'static str {
        match self {
            Place::Taken => "cur",
            Place::Stray => "strays",
            Place::Kept => "kept",
            Place::Failed => "failed",
        }
    }
}

/// The new messages, oldest first.
pub fn new_messages(maildir: &Path) -> Result<Vec<NewMessage>> {
    // The mail server makes the folder with its first delivery.
    let files = folder::files_in(&maildir.join("new"))?;
    let sized = |path: PathBuf| path.metadata().ok().map(|metadata| NewMessage { size: metadata.len(), path });
    Ok(files.into_iter().filter_map(sized).collect())
}

/// Moves a new message to its place.
pub fn move_to(maildir: &Path, message: &Path, place: Place) -> Result<()> {
    let name = folder::name_of(message);
    let target = match place {
        // Maildir: flags stand after the name; S is seen.
        Place::Taken => folder::fitting("", &name, ":2,S"),
        Place::Stray | Place::Kept | Place::Failed => name,
    };
    folder::move_into(&maildir.join(place.name()), &[(message.to_owned(), target)])
}

/// How many messages lie in a place.
pub fn count(maildir: &Path, place: Place) -> Result<usize> {
    Ok(folder::files_in(&maildir.join(place.name()))?.len())
}

/// Removes the messages of a place that came longer ago than `age`. Answers how many.
pub fn remove_older(maildir: &Path, place: Place, age: Duration) -> Result<u64> {
    let mut removed = 0;
    for message in folder::files_in(&maildir.join(place.name()))? {
        // Moving a message does not change its time: it is the one at which it was delivered.
        if message.metadata()?.modified()?.elapsed().is_ok_and(|past| past > age) {
            std::fs::remove_file(message)?;
            removed += 1;
        }
    }
    Ok(removed)
}
