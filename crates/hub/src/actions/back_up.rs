//! Makes a backup of a hub at work: a folder with the database, the large files that it refers to, and a manifest by which
//! [`crate::actions::restore`] knows it again.
//!
//! The database is taken first, in one state, and then the files that this state refers to: a file is on disk before any row
//! names it, and stays as long as one does. The manifest is written last, so that a backup without one is unfinished. The keys
//! are not in it unless that is asked for: whoever finds the backup alone can read nothing of it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::copy::{self, Contents};

/// The database, in a backup.
pub const DATABASE: &str = "kvitt.db";
/// The large files, in a backup and in a data folder.
pub const OBJECTS: &str = "objects";
/// The keys, in a backup that has them and in a data folder.
pub const KEYS: &str = "keys";
/// What the backup is.
pub const MANIFEST: &str = "manifest.json";
/// The shape of the manifest. A program that knows a smaller number refuses it.
pub const FORMAT: u32 = 1;

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its path within the backup.
    pub path: String,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256, as hexadecimal.
    pub sha256: String,
}

/// What a backup is and holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The program that made it.
    pub program: String,
    /// When it was made: business time, Unix milliseconds.
    pub made_at: i64,
    /// What is in the database.
    pub contents: Contents,
    /// Every file but the manifest and the keys.
    pub files: Vec<FileEntry>,
    /// Whether the keys are in it.
    pub with_keys: bool,
}

/// The manifest as it is written: with a digest, so that a changed one is known.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Signed {
    pub(crate) sha256: String,
    pub(crate) manifest: Manifest,
}

impl Signed {
    pub(crate) fn of(manifest: Manifest) -> Result<Signed> {
        let json = serde_json::to_vec(&manifest).map_err(|cause| Error::Damaged(format!("a manifest has no JSON: {cause}")))?;
        Ok(Signed { sha256: crate::vault::sha256(&json), manifest })
    }
}

/// Whether the keys go into the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackUpKeys {
    /// They are kept elsewhere.
    Apart,
    /// Whoever has the backup can read everything.
    Inside,
}

/// Makes a backup in a folder, which must be empty or not there. Only the owner can open it.
pub async fn back_up(hub: &Hub, folder: &Path, keys: BackUpKeys) -> Result<Manifest> {
    let folder = folder.to_owned();
    let made = folder.clone();
    on_disk(move || make_folder(&made)).await?;
    let made_at = hub.clock().business_ms();
    let database = folder.join(DATABASE);
    copy::snapshot(&hub.database_url(), &database).await?;
    let (contents, large) = copy::describe(&database).await?;
    let (objects, data) = (hub.data().join(OBJECTS), hub.data().to_owned());
    on_disk(move || {
        let mut files = vec![FileEntry { path: DATABASE.to_owned(), ..sync_and_digest(&database)? }];
        for (company, digest) in large {
            let place = object_path(&company, &digest);
            let copied = copy_file(&objects.join(&place), &folder.join(OBJECTS).join(&place))?;
            files.push(FileEntry { path: format!("{OBJECTS}/{place}"), ..copied });
        }
        if keys == BackUpKeys::Inside {
            copy_keys(&data.join(KEYS), &folder.join(KEYS))?;
        }
        let program = format!("kvitt {}", env!("CARGO_PKG_VERSION"));
        let with_keys = keys == BackUpKeys::Inside;
        let manifest = Manifest { format: FORMAT, program, made_at, contents, files, with_keys };
        write_manifest(&folder, manifest)
    })
    .await
}

/// Where a large file lies within the folder of large files: as [`crate::store::objects`] puts it.
pub(crate) fn object_path(company: &str, digest: &str) -> String {
    format!("{company}/{}/{digest}", &digest[..2.min(digest.len())])
}

fn make_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let failed = |cause| Error::io(format!("making {}", folder.display()), cause);
    match std::fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => return Ok(()),
        Ok(false) => {
            return Err(Error::CannotStart(format!("{} is not empty; a backup gets a folder of its own", folder.display())));
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
        Err(cause) => return Err(failed(cause)),
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)
}

fn write_manifest(folder: &Path, manifest: Manifest) -> Result<Manifest> {
    let signed = Signed::of(manifest)?;
    let json = serde_json::to_vec_pretty(&signed).map_err(|cause| Error::Damaged(format!("a manifest has no JSON: {cause}")))?;
    let path = folder.join(MANIFEST);
    let part = folder.join("manifest.part");
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&part)?;
        file.write_all(&json)?;
        file.sync_all()?;
        std::fs::rename(&part, &path)?;
        sync_folder(folder)
    };
    write().map_err(|cause| Error::io(format!("writing {}", path.display()), cause))?;
    Ok(signed.manifest)
}

/// Copies a file and answers its length and digest. The copy is on disk, and its name too.
pub(crate) fn copy_file(from: &Path, to: &Path) -> Result<FileEntry> {
    let copy = || -> std::io::Result<FileEntry> {
        let folder = to.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut target = std::fs::File::create_new(to)?;
        let entry = digest(&mut std::fs::File::open(from)?, |part| target.write_all(part))?;
        target.sync_all()?;
        sync_folder(folder)?;
        Ok(entry)
    };
    copy().map_err(|cause| Error::io(format!("copying {} to {}", from.display(), to.display()), cause))
}

fn sync_and_digest(path: &Path) -> Result<FileEntry> {
    let digest = || -> std::io::Result<FileEntry> {
        let mut file = std::fs::File::options().read(true).write(true).open(path)?;
        // SQLite does not wait for the disk when it writes a copy of itself.
        file.sync_all()?;
        digest(&mut file, |_| Ok(()))
    };
    digest().map_err(|cause| Error::io(format!("reading {}", path.display()), cause))
}

fn digest(file: &mut std::fs::File, mut also: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<FileEntry> {
    let mut digest = <sha2::Sha256 as sha2::Digest>::new();
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            let sha256 = hex::encode(sha2::Digest::finalize(digest));
            return Ok(FileEntry { path: String::new(), bytes, sha256 });
        }
        sha2::Digest::update(&mut digest, &buffer[..read]);
        also(&buffer[..read])?;
        bytes += read as u64;
    }
}

/// Copies every key file. Its owner alone can read the copy, as [`crate::vault`] demands.
pub(crate) fn copy_keys(from: &Path, to: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let failed = |cause| Error::io(format!("copying {} to {}", from.display(), to.display()), cause);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "key") {
            let target: PathBuf = to.join(path.file_name().unwrap_or_default());
            // The file is made for its owner alone before anything is in it.
            let file = std::fs::File::create_new(&target).map_err(failed)?;
            file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
            std::fs::write(&target, std::fs::read(&path).map_err(failed)?).map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
    }
    sync_folder(to).map_err(failed)
}

/// Makes sure that the names in a folder are on disk.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Disks are slow: not on a thread that answers others.
pub(crate) async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| Error::Damaged(format!("copying files failed: {cause}")))?
}
