//! The data folder belongs to one process at a time: the operating system's lock says so, and goes away with the process.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::{Error, Result};

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
}
