//! What all fronts share: the clock, the faults, the counterparties' memory, and the way to disk.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Mutex as Floor, Notify, mpsc};
use tokio_rustls::TlsAcceptor;

use crate::clerk::{Deposit, Desk};
use crate::clock::Clock;
use crate::counterparties::bank::{self, Bank};
use crate::counterparties::drop::{self, Course, Step};
use crate::counterparties::fortnox::{self, Fortnox};
use crate::counterparties::mail::{Answer, Mail, Request};
use crate::counterparties::mps::{self, Mps, Neighbours, issuers};
use crate::counterparties::print_shop::{self, Job, PrintShop};
use crate::counterparties::signing::{self, Signing};
use crate::faults::Faults;
use crate::fronts::counter;
use crate::fronts::files::pending_name;
use crate::ledger::{Line, Lines};
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
    /// The Maildir in which they arrive.
    pub(crate) bounces: PathBuf,
    /// Names of pending notices, to the postman. Unbounded: one short name for each letter that is on disk already.
    pub(crate) post: mpsc::UnboundedSender<String>,
    /// The print shop's drop.
    pub shop: Shop,
    /// The bank's house.
    pub branch: Branch,
    /// Fortnox's.
    pub accountant: Accountant,
}

/// What Fortnox works with.
pub struct Accountant {
    /// Its own book, for reading.
    pub book: Lines,
    /// What its tokens are marked with.
    pub secret: Vec<u8>,
    /// The files that programs have uploaded.
    pub files: PathBuf,
}

/// What the bank works with.
pub struct Branch {
    /// Its own book, for reading.
    pub book: Lines,
    /// Told whenever something may have given it work.
    pub news: Notify,
    /// Held while it works, and puts out what comes of it: nobody does a day's work twice.
    pub floor: Floor<()>,
    /// Held while a claim file is given its final name or is taken, as at the print shop.
    pub counter: Floor<()>,
    /// The folder that clients see: `in`, `taken`, `out`.
    pub home: PathBuf,
    /// Files that wait to be put out.
    pub pending: PathBuf,
    /// The number of the next file to be put out: names keep the order in which they are made.
    pub next_pending: AtomicU64,
}

/// Where the print shop's drop is.
pub struct Shop {
    /// The folder that clients see: `jobs`, `taken`, `receipts`.
    pub home: PathBuf,
    /// Receipts that wait.
    pub pending: PathBuf,
    /// Names of pending receipts, to their postman.
    pub post: mpsc::UnboundedSender<String>,
    /// Held while a job is given its final name or is looked at: the folder's watcher and a client of the server must
    /// not take the same job.
    pub floor: Floor<()>,
}

/// A file to keep, by name.
pub type Upload = (String, Vec<u8>);

/// What changes as the play goes on.
#[derive(Debug)]
pub struct Play {
    /// The mail server's memory.
    pub mail: Mail,
    /// What MPS remembers.
    pub mps: Mps,
    /// The print shop's memory.
    pub print: PrintShop,
    /// What the bank remembers.
    pub bank: Bank,
    /// How often the bank was made anew, because something could not be written down.
    pub bank_made: u64,
    /// What the signing service remembers.
    pub signing: Signing,
    /// What Fortnox remembers.
    pub fortnox: Fortnox,
    /// How often Fortnox was made anew, because something could not be written down.
    pub fortnox_made: u64,
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
        let Play { mail, faults, .. } = &mut *self.play();
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
            std::mem::drop(self.post.send(pending_name(notice)));
        }
        answer
    }

    /// When a counterparty next does something by itself: the bank's next moment, or a message that is due.
    pub fn next_at(&self) -> Timestamp {
        let now = self.clock.now();
        let bank = self.play().bank.next_work(now);
        let due = [&self.pending, &self.shop.pending].into_iter().flat_map(|folder| names(folder)).filter_map(|name| {
            let due_ms = name.split('.').next()?.parse().ok()?;
            Timestamp::from_millisecond(due_ms).ok()
        });
        due.min().map_or(bank, |due| due.min(bank))
    }

    /// How many files lie for the hub: bounces, receipts of the print shop, files of the bank.
    pub fn unfetched(&self) -> usize {
        let folders = [self.bounces.join("new"), self.shop.home.join("receipts"), self.branch.home.join("out")];
        folders.iter().map(|folder| names(folder).count()).sum()
    }

    /// What time it is, by both clocks.
    pub fn both_clocks(&self) -> mps::Now {
        mps::Now { business: self.clock.now(), machine: jiff::Timestamp::now() }
    }

    /// Asks MPS and, if it took something, has it on disk before returning. A fault where the disk does not play along.
    pub async fn call_mps(&self, request: mps::Request<'_>) -> mps::Answer {
        let now = self.both_clocks();
        let (mut answer, made) = {
            let Play { mps, bank, bank_made, signing, faults, .. } = &mut *self.play();
            (mps.handle(request, Neighbours { bank, signing }, faults, now), *bank_made)
        };
        tokio::time::sleep(answer.hold).await;
        if answer.records.is_empty() && answer.bank.is_empty() {
            return answer;
        }
        let mut deposit = Deposit::default();
        let written = answer.records.iter().try_for_each(|record| add_line(&mut deposit.lines.mps, record));
        let written = written.and_then(|()| answer.lines.iter().try_for_each(|line| add_line(&mut deposit.lines.ledger, line)));
        let stored = match written {
            Ok(()) => self.hand_in_for_bank(deposit, &answer.bank, made).await,
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            tracing::error!(%error, "what MPS took could not be stored and is refused");
            self.play().mps.not_stored(&answer);
            answer.say = mps::Say::Reply(mps::service_fault("The sandbox cannot write to its disk"));
        }
        answer
    }

    /// Has a deposit on disk together with what the bank has just decided; `made` is how often the bank had been made anew
    /// when it did. Where the disk does not play along, the bank is made anew from what is on disk.
    async fn hand_in_for_bank(&self, mut deposit: Deposit, records: &[bank::Record], made: u64) -> io::Result<()> {
        let written = records.iter().try_for_each(|record| add_line(&mut deposit.lines.bank, record));
        let stored = match written {
            Ok(()) => self.desk.hand_in(deposit).await,
            Err(error) => Err(error),
        };
        if records.is_empty() {
            return stored;
        }
        let mut play = self.play();
        match &stored {
            // Somebody else's trouble made the bank forget this; it is on disk.
            Ok(()) if play.bank_made != made => records.iter().for_each(|record| play.bank.remember(record.clone())),
            Ok(()) => {}
            Err(_) => {
                play.bank = Bank::default();
                play.bank_made += 1;
                for record in self.branch.book.read()? {
                    play.bank.remember(record?);
                }
            }
        }
        std::mem::drop(play);
        self.branch.news.notify_one();
        stored
    }

    /// Changes something in the bank and has it on disk before returning.
    ///
    /// # Errors
    /// The disk does not play along; nothing has changed.
    pub async fn change_bank<T>(&self, change: impl FnOnce(&mut Bank, Timestamp, &mut Vec<bank::Record>) -> T) -> io::Result<T> {
        let mut records = Vec::new();
        let (outcome, made) = {
            let play = &mut *self.play();
            (change(&mut play.bank, self.clock.now(), &mut records), play.bank_made)
        };
        if !records.is_empty() {
            self.hand_in_for_bank(Deposit::default(), &records, made).await?;
        }
        Ok(outcome)
    }

    /// Has the bank do what is due, and all that comes of it on disk and in its drop before returning.
    ///
    /// # Errors
    /// The disk does not play along; the work is still due.
    pub async fn work_bank(&self) -> io::Result<()> {
        self.answer_of_bank(|bank, now| Ok::<_, Infallible>(bank.work(now))).await.map(|_| ())
    }

    /// Hands the bank a claim file; what it says of it is on disk and in its drop before returning.
    ///
    /// # Errors
    /// The disk does not play along; the file was not taken.
    pub async fn take_claims(&self, file: &[u8]) -> io::Result<()> {
        self.answer_of_bank(|bank, now| Ok::<_, Infallible>(bank.take(file, now))).await.map(|_| ())
    }

    /// Has the bank decide something, and all that comes of it on disk and in its drop before returning.
    ///
    /// # Errors
    /// The disk does not play along. Inside: the bank refuses.
    pub async fn answer_of_bank<E>(
        &self,
        decide: impl FnOnce(&mut Bank, Timestamp) -> Result<bank::Answer, E>,
    ) -> io::Result<Result<(), E>> {
        let _floor = self.branch.floor.lock().await;
        let (answer, made) = {
            let play = &mut *self.play();
            (decide(&mut play.bank, self.clock.now()), play.bank_made)
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(refused) => return Ok(Err(refused)),
        };
        let mut deposit = Deposit::default();
        for file in answer.files {
            let number = self.branch.next_pending.fetch_add(1, Ordering::Relaxed);
            deposit.files.push((self.branch.pending.join(format!("{number:012}.{}", file.name)), file.content));
        }
        let has_files = !deposit.files.is_empty();
        answer.lines.iter().try_for_each(|line| add_line(&mut deposit.lines.ledger, line))?;
        if has_files || !answer.records.is_empty() {
            self.hand_in_for_bank(deposit, &answer.records, made).await?;
        }
        if has_files {
            counter::put_out(self)?;
        }
        Ok(Ok(()))
    }

    /// What a fault makes of a step at a counterparty's drop.
    pub fn course(&self, counterparty: &str, step: Step, path: &str) -> Course {
        drop::course(counterparty, step, path, &mut self.play().faults)
    }

    /// Makes an issuer of the hub's operator, as createIssuer does.
    ///
    /// # Errors
    /// The disk does not play along. Inside: it is another provider's.
    pub async fn make_issuer(&self, organisation: &str, name: &str) -> io::Result<Result<(), issuers::NotMade>> {
        let made = self.play().mps.make_issuer(organisation, name, self.clock.now());
        let Some(record) = (match made {
            Ok(record) => record,
            Err(refused) => return Ok(Err(refused)),
        }) else {
            return Ok(Ok(()));
        };
        let mut deposit = Deposit::default();
        add_line(&mut deposit.lines.mps, &record)?;
        self.desk.hand_in(deposit).await?;
        self.play().mps.remember(record);
        Ok(Ok(()))
    }

    /// Has the signing service's records on disk, then remembers them.
    ///
    /// # Errors
    /// The disk does not play along.
    pub async fn sign(&self, records: Vec<signing::Record>) -> io::Result<()> {
        let mut deposit = Deposit::default();
        records.iter().try_for_each(|record| add_line(&mut deposit.lines.signing, record))?;
        self.desk.hand_in(deposit).await?;
        let signing = &mut self.play().signing;
        records.into_iter().for_each(|record| signing.remember(record));
        Ok(())
    }

    /// Asks Fortnox and, if it took something, has it on disk before returning. Where the disk does not play along, Fortnox is made
    /// anew from what is on disk.
    ///
    /// # Errors
    /// The disk does not play along: nothing was taken.
    pub async fn ask_fortnox<T>(
        &self,
        ask: impl FnOnce(&mut Fortnox, &mut Faults, fortnox::Now) -> (T, Vec<fortnox::books::Record>, Vec<Line>, Option<Upload>),
    ) -> io::Result<T> {
        let now = fortnox::Now { business: self.clock.now(), machine: jiff::Timestamp::now() };
        let ((told, records, lines, file), made) = {
            let Play { fortnox, fortnox_made, faults, .. } = &mut *self.play();
            (ask(fortnox, faults, now), *fortnox_made)
        };
        if records.is_empty() {
            return Ok(told);
        }
        let mut deposit = Deposit::default();
        deposit.files.extend(file.map(|(name, content)| (self.accountant.files.join(name), content)));
        let written = records.iter().try_for_each(|record| add_line(&mut deposit.lines.fortnox, record));
        let written = written.and_then(|()| lines.iter().try_for_each(|line| add_line(&mut deposit.lines.ledger, line)));
        let stored = match written {
            Ok(()) => self.desk.hand_in(deposit).await,
            Err(error) => Err(error),
        };
        let mut play = self.play();
        match &stored {
            // Somebody else's trouble made it forget this; it is on disk.
            Ok(()) if play.fortnox_made != made => records.iter().for_each(|record| play.fortnox.remember(record)),
            Ok(()) => {}
            Err(_) => {
                play.fortnox.forget(&self.accountant.secret);
                play.fortnox_made += 1;
                for record in self.accountant.book.read()? {
                    play.fortnox.remember(&record?);
                }
            }
        }
        stored.map(|()| told)
    }

    /// Has the print shop look at a job (twice, where a fault wants it so), and what it promises on disk before
    /// returning.
    ///
    /// # Errors
    /// The disk does not play along; the shop has not looked at the job.
    pub async fn take_job(&self, job: &Job, how: Course) -> io::Result<()> {
        let now = self.clock.now();
        let answer = {
            let print = &mut self.play().print;
            if how == Course::Duplicate { print.take_twice(job, now) } else { print.take(job, now) }
        };
        let Some(record) = &answer.record else {
            return Ok(());
        };
        let mut deposit = Deposit::default();
        let pending = |receipt: &print_shop::Receipt| format!("{}.{}", receipt.due.as_millisecond(), receipt.name);
        for receipt in &answer.receipts {
            deposit.files.push((self.shop.pending.join(pending(receipt)), receipt.content.clone().into_bytes()));
        }
        let written = add_line(&mut deposit.lines.print, record);
        let written = written.and_then(|()| answer.lines.iter().try_for_each(|line| add_line(&mut deposit.lines.ledger, line)));
        let stored = match written {
            Ok(()) => self.desk.hand_in(deposit).await,
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            self.play().print.not_stored(&answer);
            return Err(error);
        }
        for receipt in &answer.receipts {
            // Without a postman the sandbox is stopping; the receipt waits in its file.
            std::mem::drop(self.shop.post.send(pending(receipt)));
        }
        Ok(())
    }

    fn deposit(&self, from: &str, letter: &Letter, raw: &[u8], answer: &Answer) -> io::Result<Deposit> {
        let mut deposit = Deposit::default();
        let attachments: Vec<Attachment> = letter.attachments().map(Attachment::of).collect();
        for copy in &answer.copies {
            let entry = Entry {
                id: copy.number,
                from: from.to_owned(),
                to: copy.line.recipient.clone(),
                subject: letter.header("subject"),
                at: copy.line.at,
                attachments: attachments.clone(),
                company: copy.line.company.clone(),
                invoice: copy.line.invoice.clone(),
            };
            deposit.files.push((self.mailbox.file(copy.number), raw.to_vec()));
            add_line(&mut deposit.lines.mailbox, &entry)?;
            add_line(&mut deposit.lines.ledger, &copy.line)?;
        }
        for notice in &answer.notices {
            let arrived = answer.copies.first().map_or(notice.due, |copy| copy.line.at);
            deposit.files.push((self.pending.join(pending_name(notice)), notices::write(notice, raw, arrived)));
        }
        Ok(deposit)
    }
}

/// The names of the files in a folder that are there to be seen; none where it cannot be read.
fn names(folder: &Path) -> impl Iterator<Item = String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = files.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| !name.starts_with('.'))
}

fn add_line(to: &mut Vec<u8>, line: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.push(b'\n');
    Ok(())
}
