//! The print shop's drop as a folder: what lies in `jobs/` under a final name is taken, receipts are put in `receipts/`.
//!
//! `fronts/sftp.rs` is the same folder over SFTP, `fronts/counter.rs` the bank's. What becomes of a job is decided in
//! `counterparties/print_shop.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::counterparties::drop::{Course, Step};
use crate::counterparties::print_shop::{self, Job};
use crate::fronts::files;
use crate::world::World;

/// How often the folder is looked at, by machine time: nobody waits for it, and a look costs one listing.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The largest job, bytes, and the most files in it: what a shop's server would take in a night.
const LARGEST_JOB: u64 = 1024 * 1024 * 1024;
const MOST_FILES: usize = 50_000;

/// Makes the folders where they are missing; gives the home.
///
/// # Errors
/// A folder cannot be made.
pub fn open(home: PathBuf) -> io::Result<PathBuf> {
    for part in ["jobs", "taken", "receipts/read"] {
        fs::create_dir_all(home.join(part))?;
    }
    home.canonicalize()
}

/// Takes every job that lies there under its final name, for ever.
pub async fn watch(world: Arc<World>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let jobs = world.shop.home.join("jobs");
        let names = match tokio::task::spawn_blocking(move || final_names(&jobs)).await.map_err(io::Error::other).flatten() {
            Ok(names) => names,
            Err(error) => {
                tracing::error!(%error, "the print shop cannot look into its drop");
                continue;
            }
        };
        for name in names {
            let floor = world.shop.floor.lock().await;
            let course = world.course(print_shop::NAME, Step::Rename, &format!("jobs/{name}"));
            match course {
                // It looks again in a moment.
                Course::Refuse | Course::Drop => continue,
                Course::Delay(by) => tokio::time::sleep(by).await,
                Course::Normal | Course::AcceptThenDrop | Course::Duplicate | Course::Garble => {}
            }
            if let Err(error) = take(&world, &name, course).await {
                tracing::error!(%error, name, "the print shop cannot take a job");
            }
            drop(floor);
        }
    }
}

/// Takes one job and moves it away. The caller holds the floor.
///
/// # Errors
/// The job cannot be read, or the disk does not play along; the job then lies where it lay.
pub async fn take(world: &World, name: &str, how: Course) -> io::Result<()> {
    let (home, owned) = (world.shop.home.clone(), name.to_owned());
    let read = tokio::task::spawn_blocking(move || match read(&home.join("jobs").join(&owned)) {
        // The client of the server took it just now.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(|files| Some(Job::look(&owned, &files))),
    });
    let Some(job) = read.await.map_err(io::Error::other)?? else {
        return Ok(());
    };
    world.take_job(&job, how).await?;
    let (home, owned) = (world.shop.home.clone(), name.to_owned());
    tokio::task::spawn_blocking(move || move_away(&home, "jobs", &owned)).await.map_err(io::Error::other)?
}

/// Puts receipts where clients find them as the clock reaches them, for ever.
pub async fn receipts(world: Arc<World>, news: mpsc::UnboundedReceiver<String>) {
    let (clock, pending) = (world.clock.clone(), world.shop.pending.clone());
    files::postman(clock, pending, news, move |_, name, content| {
        let name = name.split_once('.').map_or(name, |(_, name)| name);
        let course = world.course(print_shop::NAME, Step::Receipt, name);
        let folder = world.shop.home.join("receipts");
        match course {
            Course::Drop => Ok(()),
            Course::Garble => put(&folder, name, &content[..content.len() / 2]),
            Course::Duplicate => put(&folder, name, content).and_then(|()| put(&folder, &format!("again-{name}"), content)),
            Course::Normal | Course::Refuse | Course::AcceptThenDrop | Course::Delay(_) => put(&folder, name, content),
        }
    })
    .await;
}

/// Under another name first, so that a reader never sees a half.
///
/// # Errors
/// It cannot be written.
pub fn put(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!(".{name}.part"));
    fs::write(&beside, content)?;
    fs::rename(beside, folder.join(name))
}

/// Jobs under final names, in their order.
fn final_names(jobs: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(jobs)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.file_type()?.is_dir() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Each file's path in the folder, and its content.
fn read(folder: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut left = LARGEST_JOB;
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = waiting.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                waiting.push((entry.path(), format!("{path}/")));
                continue;
            }
            // What a link points to is not the client's to show; the manifest's check will miss the file.
            if kind.is_file() {
                left =
                    left.checked_sub(entry.metadata()?.len()).ok_or_else(|| io::Error::other("the job is larger than 1 GiB"))?;
                files.insert(path, fs::read(entry.path())?);
            }
            if files.len() > MOST_FILES {
                return Err(io::Error::other(format!("the job has more than {MOST_FILES} files")));
            }
        }
    }
    Ok(files)
}

/// To `taken/`; where something of this name is there already, beside it.
///
/// # Errors
/// It cannot be moved.
pub fn move_away(home: &Path, folder: &str, name: &str) -> io::Result<()> {
    let from = home.join(folder).join(name);
    let mut to = home.join("taken").join(name);
    let mut again = 1;
    while to.exists() {
        again += 1;
        to = home.join("taken").join(format!("{name}~{again}"));
    }
    fs::rename(from, to)
}
