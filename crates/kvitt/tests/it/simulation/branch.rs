//! The bank of a run, around the sandbox's: its drop, its days, the files that it leaves, and what people do with their accounts.
//!
//! Claims are not among what was [`super::world::Taken`]: the bank's own books say which of them stand.

use std::collections::BTreeMap;

use jiff::civil::Time;
use jiff::{Timestamp, ToSpan};
use kvitt_domain::calendar;
use kvitt_sandbox::CUSTOMER_UNIT;
use kvitt_sandbox::counterparties::Line;
use kvitt_sandbox::counterparties::bank::claims::{Claim, Fate, Identity, Kept};
use kvitt_sandbox::counterparties::bank::day::{ByHand, Payment};
use kvitt_sandbox::counterparties::bank::{self, Bank};
use kvitt_sandbox::counterparties::drop::{Course, Step};

use super::debits;
use super::inbox::{Files, Inbox};
use super::world::World;
use crate::documents::{Document, PaidTo};

/// A receipt for a claim file comes within three hours.
const RECEIPT_MS: u64 = 3 * 3_600_000;
/// A file that got lost is asked for, and comes again, within two days.
const AGAIN_MS: u64 = 48 * 3_600_000;
/// When on its day somebody pays who has nothing to do with anything here.
const NOON: Time = Time::constant(12, 0, 0, 0);

/// A file that the bank leaves for the hub.
#[derive(Debug, Clone)]
pub struct LeftFile {
    /// When it is there, Unix milliseconds.
    pub due_at: i64,
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The bytes that should be there, where they are spoilt.
    whole: Option<Vec<u8>>,
}

/// The bank, its drop, and those who pay.
#[derive(Debug)]
pub struct Branch {
    /// The bank itself.
    pub bank: Bank,
    /// Its drop for claim files.
    pub inbox: Inbox,
    /// Files that it left, or will leave, and nobody has moved on.
    pub left: Vec<LeftFile>,
    /// Its ledger: money that moved.
    pub ledger: Vec<Line>,
    /// The bytes of every file that it made, sound.
    pub told: Vec<Vec<u8>>,
    /// Claims that were looked at.
    seen: usize,
    /// Who asks to be paid by what: company and number of the invoice.
    named: BTreeMap<PaidTo, (String, String)>,
    /// When strangers pay to these accounts; that money moves there ends all waiting for debits that did not happen.
    strangers: Option<(i64, Vec<&'static str>)>,
}

impl Branch {
    /// A bank that knows the payers of these documents.
    pub fn new(seed: u64, documents: &[Document]) -> Branch {
        let (accounts, last) = debits::accounts_and_last_day(documents);
        let day_after = last.and_then(|day| day.checked_add(1.day()).ok());
        let named = documents.iter().map(|one| (one.paid_to.clone(), (one.company.to_owned(), one.number.clone()))).collect();
        Branch {
            bank: debits::bank_of(documents),
            inbox: Inbox::new(!(seed / 4).is_multiple_of(3)),
            left: Vec::new(),
            ledger: Vec::new(),
            told: Vec::new(),
            seen: 0,
            named,
            strangers: day_after.map(|day| (calendar::at(day, NOON).as_millisecond(), accounts)),
        }
    }

    /// So many of the claims that came are to be looked at again.
    pub fn look_again(&mut self, claims: usize) {
        self.seen = self.seen.saturating_sub(claims);
    }

    /// Whether anything is still to happen by itself.
    fn has_business(&self) -> bool {
        self.bank.newest_claims().any(Kept::is_open) || self.bank.payments().any(|payment| !payment.is_told)
    }

    /// When something happens next by itself, after a time.
    pub fn next_due(&self, now_ms: i64, now: Timestamp) -> Option<i64> {
        let of_bank = self.has_business().then(|| self.bank.next_work(now).as_millisecond());
        let files = self.left.iter().map(|file| file.due_at);
        files.chain(of_bank).chain(self.strangers.as_ref().map(|(at, _)| *at)).filter(|due| *due > now_ms).min()
    }

    /// The claims of an account and KID that stand: the payer will be debited, or was, or could not be.
    pub fn standing(&self, paid_to: &PaidTo) -> Vec<&Claim> {
        let is_its = |kept: &&Kept| kept.claim.identity.kid == paid_to.kid && kept.claim.identity.account == paid_to.account;
        let all = self.bank.newest_claims().filter(is_its).filter(|kept| stands(kept));
        all.map(|kept| &kept.claim).collect()
    }

    /// The bank's payments with an account and KID, oldest first.
    pub fn payments(&self, paid_to: &PaidTo) -> Vec<&Payment> {
        let is_its = |payment: &&Payment| payment.account == paid_to.account && payment.kid.as_ref() == Some(&paid_to.kid);
        self.bank.payments().filter(is_its).collect()
    }
}

fn stands(kept: &Kept) -> bool {
    kept.claim.rejected.is_none() && kept.fates.iter().all(|(fate, _)| *fate != Fate::Cancelled)
}

impl World {
    /// The files that are there for the hub now, the oldest first.
    pub fn left_now(&self) -> Vec<&LeftFile> {
        self.branch.left.iter().filter(|file| file.due_at <= self.now_ms).collect()
    }

    /// A claim file gets its own name. Sometimes the bank looks at once, sometimes later on the same minute.
    pub fn hand_over_claims(&mut self, name: &str, files: Files) {
        self.branch.inbox.rename(name, files);
        if self.dice.once_in(2) {
            self.bank_looks();
        }
    }

    /// The bank takes every claim file that lies in its drop.
    pub fn bank_looks(&mut self) {
        for files in self.branch.inbox.take().into_values() {
            for bytes in files.into_values() {
                let now = self.now();
                let answer = self.branch.bank.take(&bytes, now);
                self.bank_answers(answer);
            }
        }
        self.look_at_claims();
    }

    /// The bank does what its days bring up to now.
    pub fn bank_works(&mut self) {
        let now = self.now();
        if let Some((at, _)) = self.branch.strangers
            && at <= self.now_ms
            && let Some((_, accounts)) = self.branch.strangers.take()
        {
            for account in accounts {
                let text = Some("Takk for sist".to_owned());
                self.pays(ByHand { account: account.to_owned(), kid: None, minor: 4_200, text, payer: STRANGER.to_owned() });
            }
        }
        let answer = self.branch.bank.work(now);
        self.bank_answers(answer);
    }

    /// Somebody pays an invoice by hand, all of it.
    pub fn pays_by_hand(&mut self, document: &Document) {
        let PaidTo { account, kid } = document.paid_to.clone();
        self.pays(ByHand { account, kid: Some(kid), minor: minor(&document.amount), text: None, payer: STRANGER.to_owned() });
    }

    fn pays(&mut self, what: ByHand) {
        let now = self.now();
        self.branch.bank.pay(what, now, &mut Vec::new());
    }

    /// Somebody else claims an invoice for the company, as the company has agreed with them.
    pub fn claims_elsewhere(&mut self, document: &Document) {
        let now = self.now();
        let PaidTo { account, kid } = document.paid_to.clone();
        let identity = Identity { account, kid, minor: minor(&document.amount), due_on: document.due_on };
        let id = format!("elsewhere/{}", document.number);
        self.branch.bank.claim(id, identity, CUSTOMER_UNIT, now, &mut Vec::new());
        self.look_at_claims();
    }

    /// What became of a file that the hub took, by its name. One that it could not read is asked for again.
    pub fn file_moved(&mut self, name: &str, was_read: bool) {
        let Some(at) = self.branch.left.iter().position(|file| file.name == name) else { return };
        let file = self.branch.left.remove(at);
        match file.whole {
            None if !was_read => self.wrong.push(format!("{name}: the hub refused a sound file of the bank")),
            Some(bytes) => {
                let due_at = self.now_ms + within(self, AGAIN_MS);
                self.branch.left.push(LeftFile { due_at, name: format!("whole-{name}"), bytes, whole: None });
            }
            None => {}
        }
    }

    fn bank_answers(&mut self, answer: bank::Answer) {
        self.branch.ledger.extend(answer.lines);
        for file in answer.files {
            self.leave(file);
        }
    }

    /// Leaves a file that was told before.
    pub fn leave_again(&mut self, name: &str, bytes: Vec<u8>) {
        let file = LeftFile { due_at: self.now_ms, name: name.to_owned(), bytes, whole: None };
        self.branch.left.push(file);
    }

    fn leave(&mut self, file: bank::Outgoing) {
        let bank::Outgoing { name, content: bytes } = file;
        self.branch.told.push(bytes.clone());
        let is_receipt = name.ends_with(".csv");
        let due_at = if is_receipt { self.now_ms + within(self, RECEIPT_MS) } else { self.now_ms };
        // The same receipts come under the same names where the same file is taken again.
        let is_known = self.branch.left.iter().any(|known| known.name == name);
        let name = if is_known { format!("{}-{name}", self.branch.left.len()) } else { name };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_bad_news = ["REJECTED", "REFUSED"].iter().any(|word| text.contains(word));
        let whole = LeftFile { due_at, name, bytes, whole: None };
        match self.course(bank::NAME, Step::Receipt, &whole.name.clone()) {
            // Bad news that is lost leaves the sender believing what the drop said; no sender can know better.
            Course::Drop if is_receipt && !is_bad_news => {}
            Course::Drop => {
                let due_at = due_at + within(self, AGAIN_MS);
                self.branch.left.push(LeftFile { due_at, ..whole });
            }
            Course::Garble => {
                let half = whole.bytes[..whole.bytes.len() / 2].to_vec();
                self.branch.left.push(LeftFile { bytes: half, whole: Some(whole.bytes), ..whole });
            }
            Course::Duplicate => {
                let again = format!("again-{}", whole.name);
                self.branch.left.push(LeftFile { name: again, ..whole.clone() });
                self.branch.left.push(whole);
            }
            Course::Normal | Course::Refuse | Course::AcceptThenDrop | Course::Delay(_) => self.branch.left.push(whole),
        }
    }

    /// Looks at the claims that came since it was looked: nobody else may have the same invoice.
    pub fn look_at_claims(&mut self) {
        let all = self.branch.bank.newest_claims().count();
        let new: Vec<Claim> = self
            .branch
            .bank
            .newest_claims()
            .take(all - self.branch.seen)
            .filter(|kept| kept.claim.rejected.is_none())
            .map(|kept| kept.claim.clone())
            .collect();
        self.branch.seen = all;
        for claim in new {
            let paid_to = PaidTo { account: claim.identity.account.clone(), kid: claim.identity.kid.clone() };
            let Some((company, number)) = self.branch.named.get(&paid_to).cloned() else {
                self.wrong.push(format!("{}: claimed, and no document asks for it", claim.identity.key()));
                continue;
            };
            if self.branch.standing(&paid_to).len() > 1 {
                self.wrong.push(format!("{number}: claimed twice"));
            }
            for other in self.bills_with(&company, &number) {
                self.wrong.push(format!("{number}: taken by the bank while {other} has it"));
            }
        }
    }

    /// The bank, where a claim of an invoice stands with it.
    pub fn claimed(&self, company: &str, number: &str) -> Option<String> {
        let is_its = |of: &&(String, String)| of.0 == company && of.1 == number;
        let mut asked_by = self.branch.named.iter().filter(|(_, of)| is_its(of)).map(|(paid_to, _)| paid_to);
        asked_by.any(|paid_to| !self.branch.standing(paid_to).is_empty()).then(|| bank::NAME.to_owned())
    }
}

/// The bank account of whoever pays by hand.
const STRANGER: &str = "99990500000";

fn within(world: &mut World, at_most_ms: u64) -> i64 {
    i64::try_from(world.dice.throw(at_most_ms)).expect("small")
}

/// Øre, from kroner with two decimals.
pub fn minor(amount: &str) -> u64 {
    amount.replace('.', "").parse().expect("an amount")
}
