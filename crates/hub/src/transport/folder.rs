//! Folders that other programs put files into: what is there, and moving files on so that nothing is overwritten.

use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

/// What the name of a file of faults ends with, after the name of the file that they are about.
pub const FAULTS: &str = ".faults.json";
/// Bytes of a file name that every file system takes.
const LONGEST_NAME: usize = 255;
/// Room in a shortened name for the number that [`move_into`] may put before it.
const ROOM_FOR_NUMBER: usize = 40;
/// Files of the same name that are told apart by a number; those beyond get an id.
const MOST_NUMBERS: usize = 100;

/// The regular files of a folder by name, hidden ones left out; none where the folder is not there. Links are not followed:
/// whoever may write a name into the folder must not make us read what it points to.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    entries(folder, std::fs::FileType::is_file)
}

/// The folders within a folder by name, hidden ones left out.
pub fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    entries(folder, std::fs::FileType::is_dir)
}

fn entries(folder: &Path, wanted: impl Fn(&std::fs::FileType) -> bool) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(cause),
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(std::result::Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| wanted(&kind)))
        .map(|entry| entry.path())
        .filter(|path| !name_of(path).starts_with('.'))
        .collect();
    found.sort();
    Ok(found)
}

/// A file's name; what of it is no UTF-8 is replaced.
pub fn name_of(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A name between what is put before and after it, shortened where it would be too long for a file system. What it ends with
/// (`.xml`) stays.
pub fn fitting(before: &str, name: &str, after: &str) -> String {
    let whole = format!("{before}{name}{after}");
    if whole.len() <= LONGEST_NAME {
        return whole;
    }
    let (stem, extension) = match name.rfind('.') {
        Some(dot) if name.len() - dot <= ROOM_FOR_NUMBER => name.split_at(dot),
        _ => (name, ""),
    };
    let room = LONGEST_NAME - ROOM_FOR_NUMBER - before.len().min(ROOM_FOR_NUMBER) - after.len() - extension.len();
    let end = stem.floor_char_boundary(room.min(stem.len()));
    format!("{before}{}{extension}{after}", &stem[..end])
}

/// Moves files into a folder under their names. Where one of the names is there already, all of them get the same number
/// before it, so that what belongs together stays together.
pub fn move_into(folder: &Path, files: &[(PathBuf, String)]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let named = |before: &str| -> Vec<PathBuf> { files.iter().map(|(_, name)| folder.join(fitting(before, name, ""))).collect() };
    let is_free = |targets: &Vec<PathBuf>| targets.iter().all(|target| target.symlink_metadata().is_err());
    let numbered = std::iter::once(named("")).chain((2..=MOST_NUMBERS).map(|number| named(&format!("{number}-"))));
    let targets = numbered.into_iter().find(is_free).unwrap_or_else(|| named(&format!("{}-", uuid::Uuid::now_v7().simple())));
    for ((file, _), target) in files.iter().zip(targets) {
        std::fs::rename(file, target)?;
    }
    Ok(())
}
