//! A drop that is a folder on this machine.

use std::fs::{File, FileType, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Listed, MOST_ENTRIES, Step, Steps, What};

/// The folder that `jobs/` and `receipts/` are in.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// A drop in a folder.
    pub fn new(root: PathBuf) -> Home {
        Home { root }
    }

    /// Does something with a path, on a thread that may wait for a disk. What fails names the path.
    fn on_disk<'a, T: Send + 'static>(
        &self,
        path: &'a str,
        work: impl FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
    ) -> Step<'a, T> {
        let full = self.root.join(path);
        async move {
            let shown = full.display().to_string();
            let done = tokio::task::spawn_blocking(move || work(&full)).await.map_err(|cause| format!("{shown}: {cause}"))?;
            done.map_err(|cause| format!("{shown}: {cause}"))
        }
        .boxed()
    }
}

impl Steps for Home {
    fn find<'a>(&'a self, path: &'a str) -> Step<'a, Option<What>> {
        self.on_disk(path, |path| match path.symlink_metadata() {
            Ok(metadata) => Ok(Some(what(metadata.file_type(), metadata.len()))),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(cause),
        })
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> Step<'a, ()> {
        self.on_disk(path, |path| std::fs::create_dir(path))
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> Step<'a, ()> {
        let bytes = bytes.to_vec();
        self.on_disk(path, move |path| {
            let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
            file.write_all(&bytes)?;
            file.sync_all()
        })
    }

    fn settle<'a>(&'a self, path: &'a str) -> Step<'a, ()> {
        self.on_disk(path, |path| File::open(path)?.sync_all())
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> Step<'a, ()> {
        let to = self.root.join(to);
        self.on_disk(from, move |from| {
            // An empty folder would be replaced without a word.
            match to.symlink_metadata() {
                Ok(_) => Err(ErrorKind::AlreadyExists.into()),
                Err(_) => std::fs::rename(from, &to),
            }
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> Step<'a, ()> {
        self.on_disk(path, |path| match path.symlink_metadata()?.is_dir() {
            true => std::fs::remove_dir_all(path),
            false => std::fs::remove_file(path),
        })
    }

    fn list<'a>(&'a self, path: &'a str) -> Step<'a, Vec<Listed>> {
        self.on_disk(path, |path| {
            let entries = match std::fs::read_dir(path) {
                Ok(entries) => entries,
                Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(cause) => return Err(cause),
            };
            let mut listed = Vec::new();
            for entry in entries.take(MOST_ENTRIES + 1) {
                let entry = entry?;
                // A name that is no text is none that anybody agreed on; a file that is gone meanwhile was somebody's own.
                let (Some(name), Ok(metadata)) = (entry.file_name().into_string().ok(), entry.metadata()) else { continue };
                let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
                let changed = changed.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
                listed.push(Listed { name, what: what(metadata.file_type(), metadata.len()), changed });
            }
            Ok(listed)
        })
    }

    fn read<'a>(&'a self, path: &'a str, at_most: u64) -> Step<'a, Vec<u8>> {
        self.on_disk(path, move |path| {
            let mut bytes = Vec::new();
            File::open(path)?.take(at_most + 1).read_to_end(&mut bytes)?;
            match bytes.len() as u64 > at_most {
                true => Err(std::io::Error::other("it grew too large")),
                false => Ok(bytes),
            }
        })
    }

    fn leave(self: Box<Self>) -> BoxFuture<'static, ()> {
        async {}.boxed()
    }
}

fn what(kind: FileType, bytes: u64) -> What {
    match (kind.is_file(), kind.is_dir()) {
        (true, _) => What::File { bytes },
        (_, true) => What::Folder,
        _ => What::Odd,
    }
}
