//! The Maildir that bounces arrive in, and the postman who brings each one when it is due.
//!
//! A notice waits as a file in `pending/`, written before its letter's ledger line, so that a sandbox that is
//! killed brings it after the next start. A notice may come twice when the sandbox dies just after bringing it, as
//! real bounces may.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::notices::Notice;

/// A Maildir (cr.yp.to/proto/maildir.html): `tmp`, `new`, `cur`.
#[derive(Debug, Clone)]
pub struct Maildir(PathBuf);

impl Maildir {
    /// Makes the three folders where they are missing.
    ///
    /// # Errors
    /// A folder cannot be made.
    pub fn open(folder: PathBuf) -> io::Result<Maildir> {
        for part in ["tmp", "new", "cur"] {
            fs::create_dir_all(folder.join(part))?;
        }
        Ok(Maildir(folder))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a message in `tmp`, syncs it, and moves it to `new`: a reader never sees a half.
    fn deliver(&self, name: &str, message: &[u8]) -> io::Result<()> {
        let beside = self.0.join("tmp").join(name);
        let mut file = File::create(&beside)?;
        file.write_all(message)?;
        file.sync_all()?;
        fs::rename(beside, self.0.join("new").join(name))
    }
}

/// The name of a waiting notice's file; due time and letter are read back from it.
pub fn pending_name(notice: &Notice) -> String {
    format!("{}.{}.eml", notice.due.as_millisecond(), notice.number)
}

/// A waiting notice, the one that is due first in front.
type Waiting = Reverse<(i64, String)>;

/// Brings notices from the pending folder into the Maildir as the clock reaches them. Never returns by itself.
pub async fn postman(clock: Arc<Clock>, pending: PathBuf, maildir: Maildir, mut news: mpsc::UnboundedReceiver<String>) {
    let mut waiting: BinaryHeap<Waiting> = match left_over(&pending) {
        Ok(left) => left.into(),
        Err(error) => {
            tracing::error!(%error, "the notices that were waiting cannot be listed");
            BinaryHeap::new()
        }
    };
    loop {
        let due = waiting
            .peek()
            .map_or(Timestamp::MAX, |Reverse((due_ms, _))| Timestamp::from_millisecond(*due_ms).unwrap_or(Timestamp::MAX));
        tokio::select! {
            name = news.recv() => match name {
                Some(name) => waiting.extend(parse(name)),
                None => return,
            },
            () = clock.sleep_until(due), if !waiting.is_empty() => {
                let Some(Reverse((due_ms, name))) = waiting.pop() else { continue };
                if let Err(error) = bring(&pending, &maildir, due_ms, &name) {
                    tracing::error!(%error, name, "a notice could not be brought");
                }
            }
        }
    }
}

/// Unique as Maildir demands: the due time in seconds, then the letter's number, which is given once only.
fn bring(pending: &Path, maildir: &Maildir, due_ms: i64, name: &str) -> io::Result<()> {
    let number = name.split('.').nth(1).unwrap_or_default();
    let message = fs::read(pending.join(name))?;
    maildir.deliver(&format!("{}.Q{number}.sandbox", due_ms.div_euclid(1000)), &message)?;
    fs::remove_file(pending.join(name))
}

fn left_over(pending: &Path) -> io::Result<Vec<Waiting>> {
    let mut left = Vec::new();
    for entry in fs::read_dir(pending)? {
        left.extend(entry?.file_name().into_string().ok().and_then(parse));
    }
    Ok(left)
}

fn parse(name: String) -> Option<Waiting> {
    let due_ms = name.strip_suffix(".eml")?.split('.').next()?.parse().ok()?;
    Some(Reverse((due_ms, name)))
}
