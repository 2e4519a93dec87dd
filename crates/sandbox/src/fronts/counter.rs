//! The bank's drop as a folder: claim files that lie in `in/` under a final name are taken, what the bank writes is put in
//! `out/`.
//!
//! `fronts/sftp.rs` is the same folder over SFTP. What becomes of a claim file is decided in `counterparties/bank/intake.rs`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::counterparties::bank;
use crate::counterparties::drop::{Course, Step};
use crate::fronts::drop::{move_away, put};
use crate::world::World;

/// How often the folder is looked at, by machine time: nobody waits for it, and a look costs one listing.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The largest claim file, bytes: eight hundred thousand records.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// Makes the folders where they are missing; gives the home.
///
/// # Errors
/// A folder cannot be made.
pub fn open(home: PathBuf) -> io::Result<PathBuf> {
    for part in ["in", "taken", "out/read", "out/refused"] {
        fs::create_dir_all(home.join(part))?;
    }
    home.canonicalize()
}

/// Takes every claim file that lies there under its final name, for ever.
pub async fn watch(world: Arc<World>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let folder = world.branch.home.join("in");
        let names = match tokio::task::spawn_blocking(move || final_names(&folder)).await.map_err(io::Error::other).flatten() {
            Ok(names) => names,
            Err(error) => {
                tracing::error!(%error, "the bank cannot look into its drop");
                continue;
            }
        };
        for name in names {
            let floor = world.branch.counter.lock().await;
            match world.course(bank::NAME, Step::Rename, &format!("in/{name}")) {
                // It looks again in a moment.
                Course::Refuse | Course::Drop => continue,
                Course::Delay(by) => tokio::time::sleep(by).await,
                Course::Normal | Course::AcceptThenDrop | Course::Duplicate | Course::Garble => {}
            }
            if let Err(error) = take(&world, &name).await {
                tracing::error!(%error, name, "the bank cannot take a file");
            }
            drop(floor);
        }
    }
}

/// Takes one file and moves it away. The caller holds the counter.
///
/// # Errors
/// The file cannot be read, or the disk does not play along; it then lies where it lay.
pub async fn take(world: &World, name: &str) -> io::Result<()> {
    let path = world.branch.home.join("in").join(name);
    let read = tokio::task::spawn_blocking(move || read(&path));
    let Some(bytes) = read.await.map_err(io::Error::other)?? else {
        return Ok(());
    };
    world.take_claims(&bytes).await?;
    let (home, owned) = (world.branch.home.clone(), name.to_owned());
    tokio::task::spawn_blocking(move || move_away(&home, "in", &owned)).await.map_err(io::Error::other)?
}

/// Puts everything that waits in the pending folder where the company finds it, in the order of its making.
///
/// # Errors
/// A file cannot be read or moved.
pub fn put_out(world: &World) -> io::Result<()> {
    let folder = world.branch.home.join("out");
    for pending in waiting(&world.branch.pending)? {
        // A number in front keeps the order.
        let name = pending.split_once('.').map_or(pending.as_str(), |(_, name)| name);
        let content = fs::read(world.branch.pending.join(&pending))?;
        match world.course(bank::NAME, Step::Receipt, name) {
            Course::Drop => {}
            Course::Garble => put(&folder, name, &content[..content.len() / 2])?,
            Course::Duplicate => {
                put(&folder, name, &content)?;
                put(&folder, &format!("again-{name}"), &content)?;
            }
            Course::Normal | Course::Refuse | Course::AcceptThenDrop | Course::Delay(_) => put(&folder, name, &content)?,
        }
        fs::remove_file(world.branch.pending.join(&pending))?;
    }
    Ok(())
}

/// Files that wait, oldest first.
///
/// # Errors
/// The folder cannot be listed.
pub fn waiting(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Files under final names, in their order.
fn final_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.file_type()?.is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The file's bytes; `None` where the client of the server has had it taken just now. What is too large is cut, and does not
/// add up.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, LARGEST_FILE), &mut bytes)?;
    Ok(Some(bytes))
}
