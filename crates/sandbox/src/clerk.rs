//! The one thread that writes what is taken: letters, their list, their notices, what counterparties must not forget,
//! and the ledger last.
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

/// How many books there are.
const BOOKS: usize = 7;

/// What a counterparty took, to be kept with all that is said of it.
#[derive(Debug, Default)]
pub struct Deposit {
    /// Files to write first: path and content.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Lines for the books, each with its line end.
    pub lines: Books<Vec<u8>>,
}

/// One of something for each book, in the order in which they are written.
#[derive(Debug, Clone, Default)]
pub struct Books<T> {
    /// The list of letters in the mailbox.
    pub mailbox: T,
    /// What the bank keeps: before MPS's, so that MPS never knows a claim that the bank does not.
    pub bank: T,
    /// What MPS keeps.
    pub mps: T,
    /// What the print shop keeps.
    pub print: T,
    /// What the signing service keeps.
    pub signing: T,
    /// What Fortnox keeps.
    pub fortnox: T,
    /// The ledger.
    pub ledger: T,
}

impl<T> Books<T> {
    /// All of them, in order.
    pub fn each(self) -> [T; BOOKS] {
        [self.mailbox, self.bank, self.mps, self.print, self.signing, self.fortnox, self.ledger]
    }
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
    /// Is it on disk before anything is said?
    pub is_synced: bool,
}

/// Starts the clerk. The thread ends when every [`Desk`] is gone.
///
/// # Errors
/// The machine has no thread to spare.
pub fn start(books: Books<Book>) -> io::Result<(Desk, JoinHandle<()>)> {
    let (desk, jobs) = mpsc::channel(LONGEST_QUEUE);
    let thread = std::thread::Builder::new().name("sandbox-clerk".to_owned()).spawn(move || work(jobs, books.each()))?;
    Ok((Desk(desk), thread))
}

fn work(mut jobs: mpsc::Receiver<Job>, mut books: [Book; BOOKS]) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        while group.len() < LARGEST_GROUP
            && let Ok(next) = jobs.try_recv()
        {
            group.push(next);
        }
        keep(group, &mut books);
    }
}

fn keep(group: Vec<Job>, books: &mut [Book; BOOKS]) {
    let mut lines: [Vec<u8>; BOOKS] = Default::default();
    let mut waiting = Vec::new();
    for Job { deposit, done } in group {
        match deposit.files.iter().try_for_each(|(path, content)| fs::write(path, content)) {
            Ok(()) => {
                lines.iter_mut().zip(deposit.lines.each()).for_each(|(all, these)| all.extend(these));
                waiting.push(done);
            }
            // A caller that has gone away needs no answer.
            Err(error) => drop(done.send(Err(error))),
        }
    }
    let outcome = books.iter_mut().zip(&lines).try_for_each(|(book, lines)| book.write(lines));
    let outcome = outcome.and_then(|()| books.iter().zip(&lines).try_for_each(|(book, lines)| book.sync(lines)));
    if outcome.is_ok() {
        // The ledger is shown first: who finds a letter in the mailbox finds its line.
        books.iter().zip(&lines).rev().for_each(|(book, lines)| book.show(lines));
    }
    if let Err(error) = &outcome {
        tracing::error!(%error, "the ledger could not be written; what came is refused");
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
        if lines.is_empty() {
            return Ok(());
        }
        self.file.set_len(self.shown.on_disk())?;
        self.file.write_all(lines)
    }

    fn sync(&self, lines: &[u8]) -> io::Result<()> {
        // The mailbox's list is a convenience for readers: the ledger is the proof.
        if lines.is_empty() || !self.is_synced { Ok(()) } else { self.file.sync_data() }
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
        Book { shown, file, is_synced: true }
    }

    fn books(folder: &tempfile::TempDir, ledger: Book) -> Books<Book> {
        let names = ["mailbox", "bank", "mps", "print", "signing", "fortnox"];
        let [mailbox, bank, mps, print, signing, fortnox] = names.map(|name| book(folder, name));
        Books { mailbox, bank, mps, print, signing, fortnox, ledger }
    }

    fn deposit(file: PathBuf, line: &str) -> Deposit {
        let lines = Books { mailbox: b"{}\n".to_vec(), ledger: format!("{line}\n").into_bytes(), ..Books::default() };
        Deposit { files: vec![(file, b"letter".to_vec())], lines }
    }

    #[tokio::test]
    async fn one_that_fails_does_not_spoil_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, thread) = start(books(&folder, book(&folder, "ledger"))).unwrap();
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
        let ledger = Book { shown: shown.clone(), file: File::open(&path).unwrap(), is_synced: true };
        let (desk, _thread) = start(books(&folder, ledger)).unwrap();
        desk.hand_in(deposit(folder.path().join("1"), "1")).await.unwrap_err();
        assert_eq!(shown.on_disk(), 0);
    }
}
