//! The Maildir that bounces arrive in, and the postman who brings messages (bounces, receipts) when they are due.
//!
//! A message waits as a file in a pending folder, written before its ledger line, so that a sandbox that is killed
//! brings it after the next start. It may come twice when the sandbox dies just after bringing it, as real ones may.

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
    ///
    /// The name is unique as Maildir demands: the due time in seconds, then the letter's number, which is given once only.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn deliver(&self, due_ms: i64, pending: &str, message: &[u8]) -> io::Result<()> {
        let number = pending.split('.').nth(1).unwrap_or_default();
        let name = format!("{}.Q{number}.sandbox", due_ms.div_euclid(1000));
        let beside = self.0.join("tmp").join(&name);
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

/// A waiting message, the one that is due first in front.
type Waiting = Reverse<(i64, String)>;

/// Brings messages from the pending folder as the clock reaches them: `bring` gets the due time, ms, the pending file's
/// name and its content. Never returns by itself.
pub async fn postman(
    clock: Arc<Clock>,
    pending: PathBuf,
    mut news: mpsc::UnboundedReceiver<String>,
    mut bring: impl FnMut(i64, &str, &[u8]) -> io::Result<()>,
) {
    let mut waiting: BinaryHeap<Waiting> = match left_over(&pending) {
        Ok(left) => left.into(),
        Err(error) => {
            tracing::error!(%error, "the messages that were waiting cannot be listed");
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
                let file = pending.join(&name);
                let brought = fs::read(&file).and_then(|message| bring(due_ms, &name, &message)).and_then(|()| fs::remove_file(&file));
                if let Err(error) = brought {
                    tracing::error!(%error, name, "a message could not be brought");
                }
            }
        }
    }
}

fn left_over(pending: &Path) -> io::Result<Vec<Waiting>> {
    let mut left = Vec::new();
    for entry in fs::read_dir(pending)? {
        left.extend(entry?.file_name().into_string().ok().and_then(parse));
    }
    Ok(left)
}

fn parse(name: String) -> Option<Waiting> {
    let due_ms = name.split('.').next()?.parse().ok()?;
    Some(Reverse((due_ms, name)))
}
