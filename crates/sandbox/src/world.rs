//! What all fronts share: the clock, the faults, the counterparties' memory, and the way to disk.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::clerk::{Deposit, Desk};
use crate::clock::Clock;
use crate::counterparties::mail::{Answer, Mail, Request};
use crate::faults::Faults;
use crate::fronts::files::pending_name;
use crate::ledger::Lines;
use crate::mailbox::{Attachment, Entry, Mailbox};
use crate::mime::Letter;
use crate::notices;

/// One running sandbox, seen from its fronts.
pub struct World {
    /// The business clock.
    pub clock: Arc<Clock>,
    /// The ledger, for reading.
    pub ledger: Lines,
    /// The letters, for reading.
    pub mailbox: Mailbox,
    /// Speaks TLS as this sandbox.
    pub tls: TlsAcceptor,
    pub(crate) play: Mutex<Play>,
    pub(crate) desk: Desk,
    pub(crate) pending: PathBuf,
    /// Names of pending notices, to the postman. Unbounded: one short name for each letter that is on disk already.
    pub(crate) post: mpsc::UnboundedSender<String>,
}

/// What changes as the play goes on.
#[derive(Debug)]
pub struct Play {
    /// The mail server's memory.
    pub mail: Mail,
    /// The faults in force.
    pub faults: Faults,
}

impl World {
    /// The play, locked. Nobody waits for anything while holding it.
    pub fn play(&self) -> MutexGuard<'_, Play> {
        // A panic of another thread leaves memory that is still sound: each change is a single insert.
        self.play.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the mail server.
    pub fn ask(&self, request: Request<'_>) -> Answer {
        let now = self.clock.now();
        let Play { mail, faults } = &mut *self.play();
        mail.handle(request, faults, now)
    }

    /// Asks the mail server about a whole letter and, if it takes it, has it on disk before returning. The answer
    /// is a temporary refusal where the disk does not play along.
    pub async fn post_letter(&self, from: &str, recipients: &[String], raw: &[u8]) -> Answer {
        let letter = Letter::read(raw);
        let answer = self.ask(Request::Letter { from, recipients, letter: &letter });
        tokio::time::sleep(answer.hold).await;
        if answer.copies.is_empty() {
            return answer;
        }
        let stored = match self.deposit(from, &letter, raw, &answer) {
            Ok(deposit) => self.desk.hand_in(deposit).await,
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            tracing::error!(%error, "a letter could not be stored and is refused");
            self.play().mail.not_stored(&answer);
            return Answer::refusal("452 4.3.1 The sandbox cannot write to its disk");
        }
        for notice in &answer.notices {
            // Without a postman the sandbox is stopping; the notice waits in its file.
            drop(self.post.send(pending_name(notice)));
        }
        answer
    }

    fn deposit(&self, from: &str, letter: &Letter, raw: &[u8], answer: &Answer) -> io::Result<Deposit> {
        let mut deposit = Deposit { files: Vec::new(), entries: Vec::new(), lines: Vec::new() };
        let attachments: Vec<Attachment> = letter.attachments().map(Attachment::of).collect();
        for copy in &answer.copies {
            let entry = Entry {
                id: copy.number,
                from: from.to_owned(),
                to: copy.line.recipient.clone(),
                subject: letter.header("subject"),
                at: copy.line.at,
                attachments: attachments.clone(),
            };
            deposit.files.push((self.mailbox.file(copy.number), raw.to_vec()));
            add_line(&mut deposit.entries, &entry)?;
            add_line(&mut deposit.lines, &copy.line)?;
        }
        for notice in &answer.notices {
            let arrived = answer.copies.first().map_or(notice.due, |copy| copy.line.at);
            deposit.files.push((self.pending.join(pending_name(notice)), notices::write(notice, raw, arrived)));
        }
        Ok(deposit)
    }
}

fn add_line(to: &mut Vec<u8>, line: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.push(b'\n');
    Ok(())
}
