//! What bank days bring: new agreements' mandates, debits at due dates, payments by hand, reversals, and the day on which
//! everything goes wrong.
//!
//! Two moments of a bank day matter: the morning's reports, and the hour of debits. Whatever time has passed, each moment is
//! worked on in its turn, once: what was done is remembered with the thing it was done to, not with the time.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::accounts::Status;
use super::claims::{Claim, Fate, kroner};
use super::mandates::NoMandate;
use super::payers::{self, LOW_LIMIT_MINOR, Payer};
use super::{Answer, Bank, NAME, Record};
use crate::counterparties::calendar;
use crate::ledger::Line;

/// Reports of the days before are written at this hour in Oslo.
const REPORTS_HOUR: i8 = 7;

/// Debits and payments are booked at this hour in Oslo.
const BOOKINGS_HOUR: i8 = 8;

/// Bank days from a due date to what a payer does by hand, or undoes.
const SECOND_THOUGHTS_DAYS: u32 = 2;

/// What somebody pays too much, øre.
const OVER_MINOR: u64 = 10_000;

/// Money that moves on a creditor's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Counted from 1.
    pub number: u64,
    /// The creditor's account.
    pub account: String,
    /// The KID that was given.
    pub kid: Option<String>,
    /// Øre, never negative.
    pub minor: u64,
    /// Why it moves.
    pub cause: Cause,
    /// The bank day on which it is booked.
    pub booked_on: Date,
    /// The other account.
    pub payer: String,
    /// What the payer wrote, where there is no KID.
    pub text: Option<String>,
    /// The ledger's key.
    pub key: String,
    /// Has it been booked?
    pub is_booked: bool,
    /// Has the creditor been told?
    pub is_told: bool,
}

/// Why money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A claim was debited.
    Debit,
    /// A claim was debited once more, by the bank's mistake.
    Mistake,
    /// The provider that had the agreement before debited too.
    OthersDebit,
    /// Somebody paid.
    ByHand,
    /// A debit was reversed.
    Reversal,
    /// The creditor paid back.
    Refund,
}

impl Cause {
    /// The ledger's `kind`.
    pub fn kind(self) -> &'static str {
        match self {
            Cause::Debit => "debit",
            Cause::Mistake => "debit by mistake",
            Cause::OthersDebit => "debit of another provider",
            Cause::ByHand => "payment",
            Cause::Reversal => "reversal",
            Cause::Refund => "refund",
        }
    }

    /// Does money leave the creditor's account?
    pub fn is_out(self) -> bool {
        matches!(self, Cause::Reversal | Cause::Refund)
    }
}

/// A payment that somebody makes by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// The creditor's account.
    pub account: String,
    /// The KID that is given.
    pub kid: Option<String>,
    /// Øre.
    pub minor: u64,
    /// What is written where there is no KID.
    pub text: Option<String>,
    /// The payer's account.
    pub payer: String,
}

/// One of a bank day's two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Reports,
    Bookings,
}

impl Bank {
    /// Does everything up to now that has not been done.
    pub fn work(&mut self, now: Timestamp) -> Answer {
        let mut answer = Answer::default();
        let mut done = self.worked_until.unwrap_or(now);
        while let Some((at, moment)) = Some(next_moment(done)).filter(|(at, _)| *at <= now) {
            self.welcome(at, &mut answer);
            match moment {
                Moment::Reports => self.reports(at, &mut answer),
                Moment::Bookings => self.bookings(at, &mut answer),
            }
            done = at;
        }
        self.welcome(now, &mut answer);
        self.worked_until = Some(done);
        answer
    }

    /// When there may be work again, if nothing happens before.
    pub fn next_work(&self, now: Timestamp) -> Timestamp {
        let registered = self.agreements.values().filter_map(|agreement| agreement.registered_at).filter(|at| *at > now).min();
        let moment = next_moment(self.worked_until.unwrap_or(now)).0;
        registered.map_or(moment, |at| at.min(moment))
    }

    /// Orders that every claim of the next bank day with debits, or of this one, is debited twice. Gives the day.
    pub fn worst_day(&mut self, on: Option<Date>, now: Timestamp, records: &mut Vec<Record>) -> Date {
        let on = calendar::working_day_from(on.unwrap_or(calendar::day_of(next_bookings(now))));
        self.enter(Record::WorstDay { on, at: now }, records);
        on
    }

    /// Somebody pays; booked on the next bank day. Gives its number.
    pub fn pay(&mut self, what: ByHand, now: Timestamp, records: &mut Vec<Record>) -> u64 {
        let ByHand { account, kid, minor, text, payer } = what;
        let booked_on = calendar::day_of(next_bookings(now));
        let number = self.next_number();
        let key = key(&account, kid.as_deref(), minor, booked_on, Cause::ByHand, number);
        let cause = Cause::ByHand;
        let payment =
            Payment { number, account, kid, minor, cause, booked_on, payer, text, key, is_booked: false, is_told: false };
        self.enter(Record::Payment { payment, at: now }, records);
        number
    }

    /// The company asks for the list of an account's mandates.
    ///
    /// # Errors
    /// The account has no active agreement with the hub's operator.
    pub fn send_list(&mut self, account: &str, now: Timestamp) -> Result<Answer, NoMandate> {
        let is_active = self.agreement(account, now).is_some_and(|(_, status)| status == Status::Active);
        if !is_active {
            return Err(NoMandate::NotYours);
        }
        let mut answer = Answer::default();
        self.list_mandates(account, now, &mut answer);
        Ok(answer)
    }

    /// Every payment, oldest first.
    pub fn payments(&self) -> impl DoubleEndedIterator<Item = &Payment> {
        self.payments.values()
    }

    /// Agreements that have become active find their payers' mandates, and the company is sent the list.
    fn welcome(&mut self, at: Timestamp, answer: &mut Answer) {
        let is_new = |account: &&String| {
            let known = self.agreement(account, at);
            known.is_some_and(|(found, status)| {
                status == Status::Active && self.listed.get(*account).map(|listed| listed.asked_at) != Some(found.asked_at)
            })
        };
        let mut accounts: Vec<String> = self.agreements.keys().filter(is_new).cloned().collect();
        accounts.sort();
        for account in accounts {
            self.first_mandates(&account, at, &mut answer.records);
            self.list_mandates(&account, at, answer);
        }
    }

    fn reports(&mut self, at: Timestamp, answer: &mut Answer) {
        let day = calendar::day_of(at);
        let ripe =
            |(account, listed): (&String, &super::Listed)| (listed.on < day && !listed.has_stirred).then(|| account.clone());
        let mut accounts: Vec<String> = self.listed.iter().filter_map(ripe).collect();
        accounts.sort();
        for account in accounts {
            self.second_thoughts(&account, at, &mut answer.records);
            self.enter(Record::Stirred { account, at }, &mut answer.records);
        }
        self.tell(at, answer);
    }

    fn bookings(&mut self, at: Timestamp, answer: &mut Answer) {
        let day = calendar::day_of(at);
        let due: Vec<String> = self.due.range(..=day).flat_map(|(_, ids)| ids.clone()).collect();
        let mut place = 0;
        for id in due {
            if let Some(kept) = self.claims.get(&id).filter(|kept| kept.is_open()) {
                let claim = kept.claim.clone();
                let is_debited = self.settle(&claim, day, place, at, answer);
                place += usize::from(is_debited);
            }
        }
        self.due = self.due.split_off(&day.saturating_add(jiff::Span::new().days(1)));
        let ripe = |payment: &&Payment| !payment.is_booked && payment.booked_on <= day;
        let ripe: Vec<Payment> = self.payments.values().filter(ripe).cloned().collect();
        for payment in ripe {
            answer.lines.push(self.line(&payment, at));
            self.enter(Record::Booked { payment: payment.number, at }, &mut answer.records);
        }
    }

    /// A claim's day has come; gives whether the payer was debited. `place` counts the day's debits.
    fn settle(&mut self, claim: &Claim, day: Date, place: usize, at: Timestamp, answer: &mut Answer) -> bool {
        let payer = Payer::of(&claim.part);
        let is_debited = self.has_cover(claim, payer, day);
        let fate = if is_debited { Fate::Debited } else { Fate::NotDebited };
        self.enter(Record::Fate { claim: claim.id.clone(), fate, at }, &mut answer.records);
        let soon = calendar::working_days_after(day, SECOND_THOUGHTS_DAYS);
        let next_day = calendar::working_days_after(day, 1);
        let minor = claim.identity.minor;
        let mut moves = Vec::new();
        if is_debited {
            moves.push((Cause::Debit, minor, day));
            if self.former_goes_on(claim) {
                moves.push((Cause::OthersDebit, minor, next_day));
            }
        }
        let is_worst = self.worst_days.contains(&day);
        match payer {
            _ if is_worst && is_debited => {
                moves.push((Cause::Mistake, minor, day));
                // Banks and creditors put it right without asking each other: one, the other, both, nobody.
                if matches!(place % 4, 0 | 2) {
                    moves.push((Cause::Reversal, minor, next_day));
                }
                if matches!(place % 4, 1 | 2) {
                    moves.push((Cause::Refund, minor, next_day));
                }
            }
            Payer::PaysTwice => moves.push((Cause::ByHand, minor, day)),
            Payer::Doubled if is_debited => moves.push((Cause::Mistake, minor, day)),
            Payer::Reverses if is_debited => moves.push((Cause::Reversal, minor, soon)),
            Payer::WrongKid => moves.push((Cause::ByHand, minor, soon)),
            Payer::PaysPart => moves.push((Cause::ByHand, minor.div_ceil(2), soon)),
            Payer::PaysOver => moves.push((Cause::ByHand, minor + OVER_MINOR, soon)),
            _ => {}
        }
        for (cause, minor, booked_on) in moves {
            let payment = self.of_claim(claim, cause, minor, booked_on);
            self.enter(Record::Payment { payment, at }, &mut answer.records);
        }
        is_debited
    }

    fn has_cover(&self, claim: &Claim, payer: Payer, day: Date) -> bool {
        let account = &claim.identity.account;
        match payer {
            Payer::NoCover | Payer::WrongKid | Payer::PaysPart | Payer::PaysOver => false,
            Payer::LowLimit => {
                let is_theirs = |payment: &&Payment| {
                    payment.cause == Cause::Debit
                        && payment.account == *account
                        && payment.payer == payers::bank_account(&claim.part)
                        && (payment.booked_on.year(), payment.booked_on.month()) == (day.year(), day.month())
                };
                let spent: u64 = self.payments.values().filter(is_theirs).map(|payment| payment.minor).sum();
                spent + claim.identity.minor <= LOW_LIMIT_MINOR
            }
            // A mandate that was deleted since the claim came lets nobody debit.
            _ => self.standing(account, &claim.part).is_some(),
        }
    }

    fn of_claim(&self, claim: &Claim, cause: Cause, minor: u64, booked_on: Date) -> Payment {
        let identity = &claim.identity;
        let number = self.next_number();
        let structures = self.agreements.get(&identity.account).map(|agreement| agreement.structures.as_slice());
        let mistaken = || structures.unwrap_or_default().iter().find_map(|structure| structure.mistaken(&identity.kid));
        let is_wrong = cause == Cause::ByHand && Payer::of(&claim.part) == Payer::WrongKid;
        let kid = if is_wrong { mistaken() } else { Some(identity.kid.clone()) };
        let key = match cause {
            Cause::Debit => identity.key(),
            _ => key(&identity.account, kid.as_deref(), minor, booked_on, cause, number),
        };
        Payment {
            number,
            account: identity.account.clone(),
            kid,
            minor,
            cause,
            booked_on,
            payer: payers::bank_account(&claim.part),
            text: None,
            key,
            is_booked: false,
            is_told: false,
        }
    }

    fn next_number(&self) -> u64 {
        self.payments.last_key_value().map_or(1, |(last, _)| last + 1)
    }

    fn line(&self, payment: &Payment, at: Timestamp) -> Line {
        let company = self.agreements.get(&payment.account).map(|agreement| agreement.organisation.clone());
        Line {
            counterparty: NAME.to_owned(),
            kind: payment.cause.kind().to_owned(),
            key: payment.key.clone(),
            company: Some(company.unwrap_or_else(|| "-".to_owned())),
            invoice: Some(payment.kid.clone().unwrap_or_else(|| "-".to_owned())),
            recipient: payment.payer.clone(),
            digest: hex::encode(Sha256::digest(&payment.key)),
            at,
            bill: None,
        }
    }
}

/// The key of money that is no claim's one debit: nobody else's, by its number.
fn key(account: &str, kid: Option<&str>, minor: u64, booked_on: Date, cause: Cause, number: u64) -> String {
    format!("{account}/{}/{}/{booked_on}/{}/{number}", kid.unwrap_or("-"), kroner(minor), cause.kind())
}

fn next_moment(after: Timestamp) -> (Timestamp, Moment) {
    let reports = (calendar::next_working_hour(after, REPORTS_HOUR), Moment::Reports);
    let bookings = (next_bookings(after), Moment::Bookings);
    reports.min(bookings)
}

fn next_bookings(after: Timestamp) -> Timestamp {
    calendar::next_working_hour(after, BOOKINGS_HOUR)
}
