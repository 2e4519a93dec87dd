//! Large files: a folder beside the database, one file per company and digest, sealed like everything else.
//!
//! A file is written under a temporary name, synced, renamed, and its folder synced, *before* the transaction that refers to
//! it. A file that nothing refers to is harmless and is swept away; a reference to a file that is not there cannot happen.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};

/// The folder of large files.
#[derive(Debug, Clone)]
pub struct Objects {
    folder: PathBuf,
}

impl Objects {
    /// Uses a folder, and makes it where it is not there.
    pub fn open(folder: &Path) -> Result<Objects> {
        std::fs::create_dir_all(folder).map_err(|cause| Error::io(format!("making {}", folder.display()), cause))?;
        Ok(Objects { folder: folder.to_owned() })
    }

    /// Stores sealed bytes; storing the same again is harmless.
    pub fn put(&self, company: &str, digest: &str, sealed: &[u8]) -> Result<()> {
        let path = self.path(company, digest);
        let folder = path.parent().expect("an object's path has a folder").to_owned();
        let temporary = path.with_extension(format!("{}.tmp", crate::vault::token()));
        let put = || -> std::io::Result<()> {
            std::fs::create_dir_all(&folder)?;
            let mut file = std::fs::File::create(&temporary)?;
            file.write_all(sealed)?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)?;
            std::fs::File::open(&folder)?.sync_all()
        };
        put().map_err(|cause| Error::io(format!("writing {}", path.display()), cause))
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
                let old = file
                    .metadata()
                    .and_then(|metadata| metadata.modified())
                    .is_ok_and(|at| at.elapsed().is_ok_and(|past| past > age));
                if let Some(name) = file.file_name().and_then(|name| name.to_str())
                    && old
                    && !name.contains('.')
                {
                    digests.push(name.to_owned());
                }
            }
        }
        Ok(digests)
    }

    /// Removes a file that nothing refers to.
    pub fn remove(&self, company: &str, digest: &str) -> Result<()> {
        let path = self.path(company, digest);
        std::fs::remove_file(&path).map_err(|cause| Error::io(format!("removing {}", path.display()), cause))
    }

    fn path(&self, company: &str, digest: &str) -> PathBuf {
        // Two levels, so that no folder grows to hundreds of thousands of names.
        self.folder.join(company).join(&digest[..2.min(digest.len())]).join(digest)
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
