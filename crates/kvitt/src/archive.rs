//! A backup as one file: its folder in a ZIP, packed after it was made and unpacked before it is read.
//!
//! Nothing is compressed: what is in it is sealed, and was compressed before that.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::exit::Failure;

/// Whether a path is of an archive and not of a folder.
pub fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zip") && !path.is_dir()
}

/// Packs a folder into a file that only its owner can read, and removes the folder when the file is on disk.
pub fn pack(folder: &Path, target: &Path) -> Result<(), Failure> {
    let part = target.with_extension("zip.unfinished");
    let pack = || -> io::Result<()> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        let mut archive = ZipWriter::new(file);
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
        for path in files_below(folder)? {
            let name = path.strip_prefix(folder).map_err(io::Error::other)?.to_string_lossy().into_owned();
            archive.start_file(name, options.unix_permissions(0o600))?;
            io::copy(&mut File::open(&path)?, &mut archive)?;
        }
        archive.finish()?.sync_all()?;
        fs::rename(&part, target)?;
        File::open(target.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        fs::remove_dir_all(folder)
    };
    pack().map_err(|cause| Failure::io(format!("packing {}", target.display()), cause))
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    files.sort();
    Ok(files)
}

/// A backup's folder: the one that was named, or what was in an archive, for as long as this lives.
#[derive(Debug)]
pub enum Unpacked {
    /// The folder that was named.
    Folder(PathBuf),
    /// A passing one.
    Passing(TempDir),
}

impl Unpacked {
    /// The folder of a backup. An archive is unpacked beside the data folder, where there must be room for it anyway.
    pub fn of(backup: &Path, data: &Path) -> Result<Unpacked, Failure> {
        if !is_archive(backup) {
            return Ok(Unpacked::Folder(backup.to_owned()));
        }
        let unpack = || -> io::Result<TempDir> {
            let data = std::path::absolute(data)?;
            let beside = data.parent().unwrap_or(&data);
            fs::create_dir_all(beside)?;
            // Only its owner can open it.
            let folder = tempfile::Builder::new().prefix(".kvitt-restore-").tempdir_in(beside)?;
            // `extract` refuses names that lead out of the folder.
            ZipArchive::new(File::open(backup)?)?.extract(folder.path())?;
            Ok(folder)
        };
        let unpacked = unpack().map_err(|cause| Failure::io(format!("unpacking {}", backup.display()), cause))?;
        Ok(Unpacked::Passing(unpacked))
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        match self {
            Unpacked::Folder(folder) => folder,
            Unpacked::Passing(folder) => folder.path(),
        }
    }
}
