//! A Maildir, read: new messages in `new/`, those that were taken in move to `cur/`.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Messages that one look takes at most.
const AT_ONCE: usize = 256;

/// The names of new messages, oldest first.
pub fn new_messages(maildir: &Path) -> Result<Vec<PathBuf>> {
    let folder = maildir.join("new");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        // The mail server makes the folder with its first delivery.
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(Error::io(format!("reading {}", folder.display()), cause)),
    };
    let mut names: Vec<PathBuf> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| path.is_file()).collect();
    names.sort();
    names.truncate(AT_ONCE);
    Ok(names)
}

/// Marks a message as taken in: it moves to `cur/` and counts as seen.
pub fn taken(maildir: &Path, message: &Path) -> Result<()> {
    let folder = maildir.join("cur");
    let name = message.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let moved = || -> std::io::Result<()> {
        std::fs::create_dir_all(&folder)?;
        std::fs::rename(message, folder.join(format!("{name}:2,S")))
    };
    moved().map_err(|cause| Error::io(format!("moving {}", message.display()), cause))
}
