//! The data folder belongs to one process at a time: the operating system's lock says so, and goes away with the process. The folder's
//! seat is the name under which its processes, one after the other, hold jobs in a database that several folders share.

use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::error::{Error, Result};
use crate::store::job::Seat;

/// A held lock. Dropping it frees the folder.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock of a data folder; `None` where another process has it.
    pub fn take(data: &Path) -> Result<Option<DataLock>> {
        std::fs::create_dir_all(data).map_err(|cause| Error::io(format!("making {}", data.display()), cause))?;
        let path = data.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|cause| Error::io(format!("opening {}", path.display()), cause))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(DataLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(Error::io(format!("locking {}", path.display()), cause)),
        }
    }
    /// The seat of the data folder, made where it has none. A copy of the folder gets a seat of its own: the file says which file it
    /// is, and a copy is another one.
    pub fn seat(&self, data: &Path) -> Result<Seat> {
        let path = data.join("seat");
        let failed = |cause| Error::io(format!("keeping {}", path.display()), cause);
        if let (Ok(text), Ok(file)) = (std::fs::read_to_string(&path), std::fs::metadata(&path))
            && let Some((name, inode)) = text.trim().split_once(' ')
            && inode == file.ino().to_string()
        {
            return Ok(Seat::named(name));
        }
        let name = crate::vault::token();
        let file = File::create(&path).map_err(failed)?;
        let inode = file.metadata().map_err(failed)?.ino();
        std::fs::write(&path, format!("{name} {inode}\n")).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(Seat::named(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_seat_and_a_copy_gets_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (one, copy) = (folder.path().join("one"), folder.path().join("copy"));
        let lock = DataLock::take(&one).unwrap().unwrap();
        let seat = lock.seat(&one).unwrap();
        assert_eq!(lock.seat(&one).unwrap(), seat);
        let other = DataLock::take(&copy).unwrap().unwrap();
        std::fs::copy(one.join("seat"), copy.join("seat")).unwrap();
        assert_ne!(other.seat(&copy).unwrap(), seat);
    }
}
