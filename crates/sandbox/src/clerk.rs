//! The one thread that writes what is taken: letters, their list, their notices, and the ledger last.
//!
//! Many connections wait for it at once; one sync of the ledger serves all that came while the last one ran. Who
//! asked hears "taken" only after that sync. The letters themselves are written but not synced: the ledger is the
//! proof, and a power cut in a sandbox may cost a letter's text but never a line.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::ledger::Lines;

/// Deposits that go to disk with one sync: a bound on how long the first one waits for the others.
const LARGEST_GROUP: usize = 64;

/// Deposits that may wait; more wait in their connections, which bounds the memory that letters take.
const LONGEST_QUEUE: usize = 64;

/// One letter to be kept, with all that is said of it.
#[derive(Debug)]
pub struct Deposit {
    /// Files to write first: path and content.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Lines for the mailbox's list, each with its line end.
    pub entries: Vec<u8>,
    /// Lines for the ledger, each with its line end.
    pub lines: Vec<u8>,
}

/// Where deposits are handed in.
#[derive(Debug, Clone)]
pub struct Desk(mpsc::Sender<Job>);

#[derive(Debug)]
struct Job {
    deposit: Deposit,
    done: oneshot::Sender<io::Result<()>>,
}

impl Desk {
    /// Returns when the deposit is on disk.
    ///
    /// # Errors
    /// It is not, and the ledger does not show it.
    pub async fn hand_in(&self, deposit: Deposit) -> io::Result<()> {
        let gone = || io::Error::other("the sandbox is stopping");
        let (done, heard) = oneshot::channel();
        self.0.send(Job { deposit, done }).await.map_err(|_| gone())?;
        heard.await.map_err(|_| gone())?
    }
}

/// A file of lines that is appended to, and what of it is good.
#[derive(Debug)]
pub struct Book {
    /// What readers see.
    pub shown: Lines,
    /// The file, opened for appending.
    pub file: File,
}

/// Starts the clerk. The thread ends when every [`Desk`] is gone.
///
/// # Errors
/// The machine has no thread to spare.
pub fn start(mailbox: Book, ledger: Book) -> io::Result<(Desk, JoinHandle<()>)> {
    let (desk, jobs) = mpsc::channel(LONGEST_QUEUE);
    let thread = std::thread::Builder::new().name("sandbox-clerk".to_owned()).spawn(move || work(jobs, mailbox, ledger))?;
    Ok((Desk(desk), thread))
}

fn work(mut jobs: mpsc::Receiver<Job>, mut mailbox: Book, mut ledger: Book) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        while group.len() < LARGEST_GROUP
            && let Ok(next) = jobs.try_recv()
        {
            group.push(next);
        }
        keep(group, &mut mailbox, &mut ledger);
    }
}

fn keep(group: Vec<Job>, mailbox: &mut Book, ledger: &mut Book) {
    let (mut entries, mut lines, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
    for Job { deposit, done } in group {
        match deposit.files.iter().try_for_each(|(path, content)| fs::write(path, content)) {
            Ok(()) => {
                entries.extend(deposit.entries);
                lines.extend(deposit.lines);
                waiting.push(done);
            }
            // A caller that has gone away needs no answer.
            Err(error) => drop(done.send(Err(error))),
        }
    }
    let outcome = mailbox.write(&entries).and_then(|()| ledger.write(&lines)).and_then(|()| ledger.file.sync_data());
    if outcome.is_ok() {
        ledger.show(&lines);
        mailbox.show(&entries);
    }
    if let Err(error) = &outcome {
        tracing::error!(%error, "the ledger could not be written; the letters are refused");
    }
    for done in waiting {
        let told = outcome.as_ref().copied().map_err(|error| io::Error::new(error.kind(), error.to_string()));
        drop(done.send(told));
    }
}

impl Book {
    /// Writes lines after the good ones. What a failed write left behind is cut off first, so that no line ever
    /// follows a torn one.
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.set_len(self.shown.on_disk())?;
        self.file.write_all(lines)
    }

    /// Lets readers see the lines that were just written.
    fn show(&self, lines: &[u8]) {
        self.shown.show_until(self.shown.on_disk() + lines.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(folder: &tempfile::TempDir, name: &str) -> Book {
        let (shown, file) = Lines::open(folder.path().join(name)).unwrap();
        Book { shown, file }
    }

    fn deposit(file: PathBuf, line: &str) -> Deposit {
        Deposit { files: vec![(file, b"letter".to_vec())], entries: b"{}\n".to_vec(), lines: format!("{line}\n").into_bytes() }
    }

    #[tokio::test]
    async fn one_that_fails_does_not_spoil_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, thread) = start(book(&folder, "mailbox"), book(&folder, "ledger")).unwrap();
        desk.hand_in(deposit(folder.path().join("1"), "1")).await.unwrap();
        desk.hand_in(deposit(folder.path().join("missing/2"), "2")).await.unwrap_err();
        desk.hand_in(deposit(folder.path().join("3"), "3")).await.unwrap();
        drop(desk);
        thread.join().unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("ledger")).unwrap(), "1\n3\n");
    }

    #[tokio::test]
    async fn a_ledger_that_cannot_be_written_refuses_and_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let (shown, _) = Lines::open(path.clone()).unwrap();
        // Opened for reading only: every write fails, as on a disk that has become read-only.
        let ledger = Book { shown: shown.clone(), file: File::open(&path).unwrap() };
        let (desk, _thread) = start(book(&folder, "mailbox"), ledger).unwrap();
        desk.hand_in(deposit(folder.path().join("1"), "1")).await.unwrap_err();
        assert_eq!(shown.on_disk(), 0);
    }
}
