//! The world outside the hub: the sandbox's counterparties without their sockets, what they took, and what they will send back.
//!
//! What a real counterparty would have acted on is a [`Taken`]. It is *given back* when the counterparty has told the hub that
//! the recipient does not have it, or when the counterparty can be asked and says so; only then may somebody else take it too.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use kvitt_domain::delivery::Purpose;
use kvitt_sandbox::counterparties::drop::{self, Course, Step};
use kvitt_sandbox::counterparties::mail::Mail;
use kvitt_sandbox::counterparties::mps::bills::Parts;
use kvitt_sandbox::counterparties::mps::{self, Mps, Neighbours};
use kvitt_sandbox::counterparties::print_shop::{self, Job, PrintShop};
use kvitt_sandbox::counterparties::signing::Signing;
use kvitt_sandbox::counterparties::{Faults, Letter, Line, Notice, Tidings, write_notice};
use serde_json::Value;

use super::branch::Branch;
use super::debits;
use super::inbox::{Files, Inbox};
use crate::dice::Dice;
use crate::documents::Document;

/// Where the world begins: a Friday morning, so that weekends and cut-offs come soon.
pub const BEGINNING: &str = "2026-11-20T09:00:00Z";

/// A call that nobody waits for any more arrives so long after it was written down at the latest: less than a service needs to settle,
/// or nobody could ever believe it that it knows nothing. What is put takes no longer either, before the line is given up.
const LATEST_MS: i64 = 10 * 60_000;

/// The day on which the world begins.
pub fn today() -> Date {
    date(2026, 11, 20)
}

/// Something that a counterparty would have acted on.
#[derive(Debug, Clone)]
pub struct Taken {
    /// What its ledger says.
    pub line: Line,
    /// The invoice's number, as the invoice says it.
    pub number: String,
    /// The document itself, or the notice of its claim.
    pub purpose: Purpose,
    /// It was given back, and the hub was told.
    pub given_back: bool,
}

/// A message that comes by itself.
#[derive(Debug, Clone)]
pub struct Message {
    /// When, Unix milliseconds.
    pub due_at: i64,
    /// Through which door.
    pub door: &'static str,
    /// Its name there.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it gives back: places in [`World::taken`].
    pub gives_back: Vec<usize>,
}

/// A call of MPS.
#[derive(Debug, Clone)]
pub struct Call {
    /// The `SOAPAction`.
    pub action: String,
    /// The envelope.
    pub body: String,
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// Business time, Unix milliseconds.
    pub now_ms: i64,
    /// When what is being said now was written down, Unix milliseconds.
    pub begun_at: i64,
    /// The mail server.
    pub mail: Mail,
    /// The eFaktura service.
    pub mps: Mps,
    /// The signing service beside it, which nobody here asks anything.
    signing: Signing,
    /// The bank.
    pub branch: Branch,
    /// The print shop.
    pub print: PrintShop,
    /// The faults that were ordered.
    pub faults: Faults,
    /// Something was broken since the world was last whole.
    pub is_troubled: bool,
    /// Counterparties that nobody reaches.
    pub away: BTreeSet<&'static str>,
    /// The print shop's drop.
    pub jobs: Inbox,
    /// All that was taken, in order.
    pub taken: Vec<Taken>,
    /// What will arrive.
    pub messages: Vec<Message>,
    /// What must not happen and did.
    pub wrong: Vec<String>,
    /// The wire may deliver a request twice: chance of it, once in so many; 0 = never.
    pub doubles: u64,
    /// The wire may deliver a call of MPS so late that its sender has given up: chance of it, once in so many; 0 = never.
    pub slow: u64,
    /// Calls of MPS that were sent and did not arrive yet, and when each was written down.
    on_their_way: BTreeMap<u64, (i64, Call)>,
    /// Calls whose sender no longer listens, and when they arrive.
    late: Vec<(i64, Call)>,
    /// Chance of the world.
    pub dice: Dice,
    /// The issuers' documents, by company and by what MPS is told of them: the amount.
    bills: BTreeMap<(String, String), String>,
    /// Company and number of the invoices that can be claimed, so that their payers are told of it.
    claimable: BTreeSet<(String, String)>,
    raw: BTreeMap<u64, Vec<u8>>,
}

impl World {
    /// A world without faults, in which these documents may come to be sent.
    pub fn new(seed: u64, documents: &[Document]) -> World {
        let now: Timestamp = BEGINNING.parse().expect("a time");
        let bills = documents.iter().map(|one| ((one.company.to_owned(), one.amount.clone()), one.number.clone())).collect();
        let claimable = documents.iter().filter(|one| debits::account_of(one).is_some());
        let claimable = claimable.map(|one| (one.company.to_owned(), one.number.clone())).collect();
        World {
            now_ms: now.as_millisecond(),
            begun_at: 0,
            mail: Mail::resumed(0),
            mps: Mps::new(b"a secret of the simulation"),
            signing: Signing::default(),
            branch: Branch::new(seed, documents),
            print: PrintShop::default(),
            faults: Faults::seeded(seed),
            is_troubled: false,
            away: BTreeSet::new(),
            jobs: Inbox::new(!seed.is_multiple_of(3)),
            taken: Vec::new(),
            messages: Vec::new(),
            wrong: Vec::new(),
            doubles: 0,
            slow: 0,
            on_their_way: BTreeMap::new(),
            late: Vec::new(),
            dice: Dice(seed ^ 0x776f_726c),
            bills,
            claimable,
            raw: BTreeMap::new(),
        }
    }

    /// Business time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms).expect("a time")
    }

    /// Both clocks: the machine's stands still.
    pub fn both_clocks(&self) -> mps::Now {
        mps::Now { business: self.now(), machine: BEGINNING.parse().expect("a time") }
    }

    /// What is asked of the mail server.
    pub fn ask_mail(
        &mut self,
        request: kvitt_sandbox::counterparties::mail::Request<'_>,
    ) -> kvitt_sandbox::counterparties::mail::Answer {
        let now = self.now();
        self.mail.handle(request, &mut self.faults, now)
    }

    /// A whole letter is given to the mail server.
    pub fn post_letter(&mut self, from: &str, to: &str, raw: &[u8]) -> kvitt_sandbox::counterparties::mail::Answer {
        let letter = Letter::read(raw);
        let recipients = [to.to_owned()];
        let request = kvitt_sandbox::counterparties::mail::Request::Letter { from, recipients: &recipients, letter: &letter };
        let answer = self.ask_mail(request);
        let subject = letter.header("subject");
        let is_notice = NOTICES.iter().any(|begins| subject.starts_with(begins));
        let mut places = BTreeMap::new();
        for copy in &answer.copies {
            let number = copy.line.invoice.clone().unwrap_or_else(|| format!("unreadable: {}", copy.line.key));
            places.insert(copy.number, self.take(copy.line.clone(), number, purpose(is_notice)));
            self.raw.insert(copy.number, raw.to_vec());
        }
        for notice in &answer.notices {
            self.notice(notice, places.get(&notice.number).copied());
        }
        answer
    }

    fn notice(&mut self, notice: &Notice, of: Option<usize>) {
        let raw = self.raw.get(&notice.number).cloned().unwrap_or_default();
        let bytes = write_notice(notice, &raw, self.now());
        let gives_back = if notice.tidings == Tidings::Failed { of.into_iter().collect() } else { Vec::new() };
        let name = format!("notice-{}", notice.number);
        self.messages.push(Message { due_at: notice.due.as_millisecond(), door: "bounces", name, bytes, gives_back });
    }

    /// A call of MPS. What it would have written down stays in its memory.
    pub fn call_mps(&mut self, request: mps::Request<'_>) -> mps::Answer {
        let now = self.both_clocks();
        let neighbours = Neighbours { bank: &mut self.branch.bank, signing: &self.signing };
        let answer = self.mps.handle(request, neighbours, &mut self.faults, now);
        self.look_at_claims();
        for line in answer.lines.iter().filter(|line| line.kind != "claim") {
            let bill = line.bill.as_ref().expect("MPS says what it was told of a bill");
            let known = self.bills.get(&(line.company.clone().unwrap_or_default(), bill.amount.clone()));
            let number = known.cloned().unwrap_or_else(|| format!("unknown: {}", line.key));
            if line.kind == "second payment" {
                // Where the bank thought better of the first, MPS refuses the second all the same, and nobody has two.
                let company = line.company.clone().unwrap_or_default();
                let first = Purpose::ALL.map(|purpose| self.papers_with(&company, &number, purpose)).concat();
                if first.iter().any(|holder| holder == mps::NAME) {
                    self.wrong.push(format!("{number}: the same bill came to MPS under two ids"));
                }
            } else {
                let kept = self.mps.books().bill(bill.transaction, self.now());
                let is_notice = kept.is_some_and(|(bill, _)| bill.parts == Parts::ExternalClaim);
                self.take(line.clone(), number, purpose(is_notice));
            }
        }
        answer
    }

    /// A call is sent; what is answered stands for it until it arrives.
    pub fn send(&mut self, call: Call) -> u64 {
        let ticket = self.on_their_way.last_key_value().map_or(0, |(last, _)| last + 1);
        self.on_their_way.insert(ticket, (self.begun_at, call));
        ticket
    }

    /// A call comes to where it is answered, or is only now on a slow wire: then nobody hears the answer.
    pub fn arrives(&mut self, ticket: u64) -> Option<Call> {
        let (begun_at, call) = self.on_their_way.remove(&ticket)?;
        if self.slow > 0 && self.dice.once_in(self.slow) {
            self.arrives_late(begun_at, call);
            return None;
        }
        Some(call)
    }

    /// Whoever sent what is on its way is dead. Half of it arrives nevertheless.
    pub fn senders_died(&mut self) {
        for (begun_at, call) in std::mem::take(&mut self.on_their_way).into_values() {
            if self.dice.once_in(2) {
                self.arrives_late(begun_at, call);
            }
        }
    }

    /// However long its sender stood still: what arrives later than a service needs to settle was never sent.
    fn arrives_late(&mut self, begun_at: i64, call: Call) {
        let late = i64::try_from(self.dice.throw(LATEST_MS.unsigned_abs())).expect("small");
        let at = (self.now_ms + late).min(begun_at + LATEST_MS);
        match at > self.now_ms {
            true => self.late.push((at, call)),
            false => drop(self.call_mps(mps::Request::Call { action: &call.action, body: call.body.as_bytes() })),
        }
    }

    /// Whether what is being said was written down so long ago that the line to a drop is given up.
    pub fn is_given_up(&self) -> bool {
        self.begun_at > 0 && self.now_ms - self.begun_at > LATEST_MS
    }

    /// Business time goes on. What arrives late by then is acted on at its time.
    pub fn move_to(&mut self, until_ms: i64) {
        while let Some(next) = (0..self.late.len()).filter(|at| self.late[*at].0 <= until_ms).min_by_key(|at| self.late[*at].0) {
            let (at, call) = self.late.remove(next);
            self.goes_on(at);
            self.call_mps(mps::Request::Call { action: &call.action, body: call.body.as_bytes() });
        }
        self.goes_on(until_ms);
    }

    /// What lies in the bank's drop was received when it came; then it is later, and the bank does what is due.
    fn goes_on(&mut self, until_ms: i64) {
        self.bank_looks();
        self.now_ms = until_ms.max(self.now_ms);
        self.bank_works();
    }

    /// A package gets its own name. Sometimes the shop looks at once, sometimes later.
    pub fn hand_over(&mut self, name: &str, files: Files, how: Course) {
        self.jobs.rename(name, files);
        if how == Course::Duplicate || self.dice.once_in(2) {
            self.take_jobs(how);
        }
    }

    /// The shop takes every job that lies there under its own name.
    pub fn shop_works(&mut self) {
        self.take_jobs(Course::Normal);
    }

    fn take_jobs(&mut self, how: Course) {
        for (name, files) in self.jobs.take() {
            self.take_job(&name, &files, how);
        }
    }

    fn take_job(&mut self, name: &str, files: &Files, how: Course) {
        let (job, now) = (Job::look(name, files), self.now());
        let answer = if how == Course::Duplicate { self.print.take_twice(&job, now) } else { self.print.take(&job, now) };
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let (invoice_of, covered) = letters_of(files);
        for line in answer.lines {
            let number = line.invoice.clone().unwrap_or_default();
            // Our own documents need no cover sheet but to say that nothing is to be paid.
            let of = (line.company.clone().unwrap_or_default(), number.clone());
            let is_notice = self.claimable.contains(&of) && covered.contains(&number);
            let place = self.take(line, number.clone(), purpose(is_notice));
            places.insert(number, place);
        }
        for receipt in answer.receipts {
            let returned: Vec<usize> = statuses(&receipt.content)
                .filter(|(_, status)| status == "returned")
                .filter_map(|(letter, _)| places.get(invoice_of.get(&letter)?).copied())
                .collect();
            // Bad news that is lost leaves the sender believing what the drop said; no sender can know better.
            let is_bad_news = ["unprintable", "refused"].iter().any(|word| receipt.content.contains(word));
            let course = match is_bad_news {
                true => Course::Normal,
                false => self.course(print_shop::NAME, Step::Receipt, &receipt.name),
            };
            let whole = Message {
                due_at: receipt.due.as_millisecond(),
                door: "receipts",
                name: receipt.name.clone(),
                bytes: receipt.content.clone().into_bytes(),
                gives_back: returned,
            };
            match course {
                Course::Drop => {}
                Course::Garble => {
                    let half = whole.bytes[..whole.bytes.len() / 2].to_vec();
                    self.messages.push(Message { bytes: half, gives_back: Vec::new(), ..whole });
                }
                Course::Duplicate => {
                    let again = format!("again-{}", whole.name);
                    self.messages.push(Message { name: again, ..whole.clone() });
                    self.messages.push(whole);
                }
                Course::Normal | Course::Refuse | Course::AcceptThenDrop | Course::Delay(_) => self.messages.push(whole),
            }
        }
    }

    /// What a step of a client of the drop comes to.
    pub fn course(&mut self, counterparty: &str, step: Step, path: &str) -> Course {
        drop::course(counterparty, step, path, &mut self.faults)
    }

    /// Enters that something was taken. Whatever took the same invoice before must have given it back by now; the notice of its claim
    /// is another matter.
    fn take(&mut self, line: Line, number: String, purpose: Purpose) -> usize {
        let company = line.company.clone().unwrap_or_default();
        for first in self.with(&company, &number, purpose) {
            self.wrong.push(format!("{number}: taken by {} while {first} has it", line.counterparty));
        }
        self.taken.push(Taken { line, number, purpose, given_back: false });
        self.taken.len() - 1
    }

    /// Whether the recipient certainly does not have it, and the hub can know.
    pub fn is_given_back(&self, taken: &Taken) -> bool {
        let of_mps = taken.line.bill.as_ref().and_then(|bill| self.mps.books().bill(bill.transaction, self.now()));
        taken.given_back || of_mps.is_some_and(|(_, status)| matches!(status.word, "REJECTED" | "STOPPED" | "CANCELLED"))
    }

    /// Who has an invoice, or the notice of its claim: the counterparties that took it and did not give it back.
    pub fn with(&self, company: &str, number: &str, purpose: Purpose) -> Vec<String> {
        match purpose {
            Purpose::Bill => self.bills_with(company, number).into_iter().chain(self.claimed(company, number)).collect(),
            Purpose::Notice => self.papers_with(company, number, purpose),
        }
    }

    /// The same of an invoice, but for the bank that was to debit it.
    pub fn bills_with(&self, company: &str, number: &str) -> Vec<String> {
        self.papers_with(company, number, Purpose::Bill)
    }

    fn papers_with(&self, company: &str, number: &str, purpose: Purpose) -> Vec<String> {
        let of_it =
            |taken: &&Taken| taken.number == number && taken.line.company.as_deref() == Some(company) && taken.purpose == purpose;
        let held = self.taken.iter().filter(of_it).filter(|taken| !self.is_given_back(taken));
        held.map(|taken| taken.line.counterparty.clone()).collect()
    }

    /// The messages that are there now.
    pub fn due(&self) -> Vec<usize> {
        (0..self.messages.len()).filter(|at| self.messages[*at].due_at <= self.now_ms).collect()
    }

    /// When the next message comes that is not there yet, or the next late call.
    pub fn next_due(&self) -> Option<i64> {
        let messages = self.messages.iter().map(|message| message.due_at).filter(|due| *due > self.now_ms);
        let of_bank = self.branch.next_due(self.now_ms, self.now());
        messages.chain(self.late.iter().map(|(due, _)| *due)).chain(of_bank).min()
    }

    /// Nothing is broken any more. What is on its way stays so.
    pub fn heal(&mut self) {
        self.faults.clear();
        self.away.clear();
        (self.doubles, self.slow, self.is_troubled) = (0, 0, false);
    }
}

/// How the subject of a notice begins.
const NOTICES: [&str; 2] = ["Varsel om AvtaleGiro", "Notice of AvtaleGiro"];

fn purpose(is_notice: bool) -> Purpose {
    if is_notice { Purpose::Notice } else { Purpose::Bill }
}

/// Letter and invoice number, from a job's manifest, and the numbers of those that have a cover sheet.
fn letters_of(files: &Files) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let manifest = files.get("manifest.json").and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let letters = manifest.and_then(|manifest| manifest["letters"].as_array().cloned()).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let has_cover = |letter: &Value| letter["sheets"].as_array().is_some_and(|all| all.iter().any(|one| one["role"] == "cover"));
    let covered = letters.iter().filter(|letter| has_cover(letter)).map(|letter| text(&letter["invoice"])).collect();
    (letters.iter().map(|letter| (text(&letter["letter"]), text(&letter["invoice"]))).collect(), covered)
}

/// Letter and status, from a receipt.
fn statuses(receipt: &str) -> impl Iterator<Item = (String, String)> {
    let read: Value = serde_json::from_str(receipt).unwrap_or_default();
    let letters = read["letters"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    letters.into_iter().map(move |letter| (text(&letter["letter"]), text(&letter["status"])))
}
