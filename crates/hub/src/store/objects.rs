//! Large files: a folder beside the database, one file per company and digest, sealed like everything else.
//!
//! A file is written under a temporary name, synced, renamed, and its folders synced, *before* the transaction that refers to
//! it. A file that nothing refers to is harmless and is swept away; a reference to a file that is not there cannot happen:
//! whoever puts a file holds it ([`Held`]) until the transaction is over, and what is held or new is not removed.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::error::{Error, Result};

/// The folder of large files. Clones share what is held.
#[derive(Debug, Clone)]
pub struct Objects {
    folder: PathBuf,
    holds: Holds,
}

/// How many hold each file, by its path.
type Holds = Arc<Mutex<HashMap<PathBuf, usize>>>;

/// A file that a transaction is about to refer to: it is not removed while this lives.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    holds: Holds,
}

impl Objects {
    /// Uses a folder, and makes it where it is not there.
    pub fn open(folder: &Path) -> Result<Objects> {
        let make = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            sync_parent(folder)
        };
        make().map_err(|cause| Error::io(format!("making {}", folder.display()), cause))?;
        Ok(Objects { folder: folder.to_owned(), holds: Holds::default() })
    }

    /// Stores sealed bytes; storing the same again is harmless. The caller keeps what it is given until its transaction is over.
    pub fn put(&self, company: &str, digest: &str, sealed: &[u8]) -> Result<Held> {
        let path = self.path(company, digest);
        // Held before it is written: whoever removes an old one of the same name either sees that, or was done before.
        let held = self.hold(path.clone());
        let folder = path.parent().expect("an object's path has a folder");
        let temporary = path.with_extension(format!("{}.tmp", crate::vault::token()));
        let put = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            let mut file = std::fs::File::create(&temporary)?;
            file.write_all(sealed)?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)?;
            // All names on the way must survive a power cut, also those that another put made a moment ago.
            sync_parent(&path)?;
            sync_parent(folder)?;
            sync_parent(&self.folder.join(company))
        };
        put().map_err(|cause| {
            let _ = std::fs::remove_file(&temporary);
            Error::io(format!("writing {}", path.display()), cause)
        })?;
        Ok(held)
    }

    /// Reads sealed bytes.
    pub fn get(&self, company: &str, digest: &str) -> Result<Vec<u8>> {
        let path = self.path(company, digest);
        std::fs::read(&path).map_err(|cause| Error::io(format!("reading {}", path.display()), cause))
    }

    /// The digests of a company's files that were put longer ago than `age`, unfinished ones left out.
    pub fn older_than(&self, company: &str, age: Duration) -> Result<Vec<String>> {
        let mut digests = Vec::new();
        for folder in entries(&self.folder.join(company))? {
            for file in entries(&folder)? {
                if let Some(name) = file.file_name().and_then(|name| name.to_str())
                    && !name.contains('.')
                    && is_older(&file, age)
                {
                    digests.push(name.to_owned());
                }
            }
        }
        Ok(digests)
    }

    /// Removes a file that nothing refers to. `false` where it is held, or was put again within `age`: then somebody is about
    /// to refer to it, or has just done so.
    pub fn remove(&self, company: &str, digest: &str, age: Duration) -> Result<bool> {
        let path = self.path(company, digest);
        // The lock is kept until the file is gone, so that nobody begins to put it meanwhile.
        let holds = lock(&self.holds);
        let removed = || -> std::io::Result<bool> {
            std::fs::metadata(&path)?;
            if holds.contains_key(&path) || !is_older(&path, age) {
                return Ok(false);
            }
            std::fs::remove_file(&path)?;
            Ok(true)
        };
        removed().map_err(|cause| Error::io(format!("removing {}", path.display()), cause))
    }

    /// Removes what a dead process left unfinished longer ago than `age`. Answers how many files.
    pub fn sweep_unfinished(&self, company: &str, age: Duration) -> Result<u64> {
        let mut swept = 0;
        for folder in entries(&self.folder.join(company))? {
            for file in entries(&folder)? {
                if file.extension().is_some_and(|extension| extension == "tmp") && is_older(&file, age) {
                    std::fs::remove_file(&file).map_err(|cause| Error::io(format!("removing {}", file.display()), cause))?;
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }

    fn hold(&self, path: PathBuf) -> Held {
        *lock(&self.holds).entry(path.clone()).or_default() += 1;
        Held { path, holds: self.holds.clone() }
    }

    fn path(&self, company: &str, digest: &str) -> PathBuf {
        // Two levels, so that no folder grows to hundreds of thousands of names.
        self.folder.join(company).join(&digest[..2.min(digest.len())]).join(digest)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut holds = lock(&self.holds);
        match holds.get_mut(&self.path) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                holds.remove(&self.path);
            }
        }
    }
}

fn lock(holds: &Holds) -> MutexGuard<'_, HashMap<PathBuf, usize>> {
    holds.lock().expect("no holder of this lock can panic")
}

fn is_older(file: &Path, age: Duration) -> bool {
    let at = file.metadata().and_then(|metadata| metadata.modified());
    at.is_ok_and(|at| at.elapsed().is_ok_and(|past| past > age))
}

/// Makes sure that a name is on disk.
fn sync_parent(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => std::fs::File::open(parent)?.sync_all(),
        _ => std::fs::File::open(".")?.sync_all(),
    }
}

/// What a folder holds; nothing where it is not there yet.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => Ok(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(cause) => Err(Error::io(format!("reading {}", folder.display()), cause)),
    }
}
