//! What the creditor is told: mandates (all of them, or what changed) and payments, in OCR giro or camt.
//!
//! Layouts: AvtaleGiro system specification 3.3 (mandates), OCR giro system specification 2.0 (payments).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::accounts::{CUSTOMER_UNIT, Nature};
use super::camt::{self, Message};
use super::day::{Cause, Payment};
use super::mandates::Mandate;
use super::nets::{CENTRE, file, row, short_date};
use super::{Answer, Bank, Outgoing, Record};
use crate::counterparties::calendar;

/// Orders or assignments on their way into one file, counted as the frame counts.
#[derive(Default)]
struct Frame {
    rows: Vec<String>,
    transactions: u64,
    sum_minor: u64,
    assignments: u64,
}

impl Bank {
    /// Writes the list of an account's mandates, all that stand.
    pub(super) fn list_mandates(&mut self, account: &str, at: Timestamp, answer: &mut Answer) {
        let Some(agreement) = self.agreements.get(account) else {
            return;
        };
        let (asked_at, transmission) = (agreement.asked_at, self.last_transmission + 1);
        let mut frame = Frame::default();
        let standing = self.mandates(account).filter(|mandate| mandate.is_active);
        frame.mandates(account, standing.map(|mandate| ('0', mandate)));
        answer.files.push(Outgoing {
            name: format!("MANDATES-{account}-{}-{transmission:07}.txt", calendar::day_of(at)),
            content: frame.close(transmission, None),
        });
        let listed = Record::Listed { account: account.to_owned(), asked_at, transmission, at };
        self.enter(listed, &mut answer.records);
    }

    /// Writes what has happened and was not told yet: changes of mandates, and payments booked before this day.
    pub(super) fn tell(&mut self, at: Timestamp, answer: &mut Answer) {
        let day = calendar::day_of(at);
        let ripe = |payment: &&Payment| payment.is_booked && !payment.is_told && payment.booked_on < day;
        let mut payments: BTreeMap<&str, Vec<&Payment>> = BTreeMap::new();
        for payment in self.payments.values().filter(ripe) {
            payments.entry(&payment.account).or_default().push(payment);
        }
        let told: Vec<u64> = payments.values().flatten().map(|payment| payment.number).collect();
        let changed: BTreeMap<&str, Vec<(char, &Mandate)>> =
            self.untold.iter().map(|(account, changes)| (account.as_str(), self.changes(account, changes, at))).collect();
        let changed: BTreeMap<_, _> = changed.into_iter().filter(|(_, changes)| !changes.is_empty()).collect();
        if told.is_empty() && changed.is_empty() {
            return;
        }
        let mut transmission = self.last_transmission;
        let mut files = Vec::new();
        let mut frame = Frame::default();
        for (account, of_account) in payments.iter().filter(|(account, _)| self.is_ours(account)) {
            let (in_camt, in_ocr): (Vec<&Payment>, Vec<&Payment>) = match Nature::of(account) {
                Nature::Camt054 | Nature::Camt053 => (of_account.clone(), Vec::new()),
                // OCR giro knows nothing of what the creditor pays.
                _ => of_account.iter().partition(|payment| payment.cause == Cause::Refund),
            };
            if !in_camt.is_empty() {
                transmission += 1;
                files.push(self.camt(account, &in_camt, transmission, at));
            }
            if !in_ocr.is_empty() {
                frame.ocr(account, &in_ocr, day);
            }
        }
        let has_payments = frame.assignments > 0;
        for (account, changes) in &changed {
            frame.mandates(account, changes.iter().copied());
        }
        if frame.assignments > 0 {
            transmission += 1;
            let what = if has_payments { "OCR".to_owned() } else { "MANDATES".to_owned() };
            let content = frame.close(transmission, has_payments.then_some(day));
            files.push(Outgoing { name: format!("{what}-{day}-{transmission:07}.txt"), content });
        }
        answer.files.extend(files);
        self.enter(Record::Told { payments: told, transmission, at }, &mut answer.records);
    }

    /// Is the account's agreement the hub's operator's, or nobody's?
    fn is_ours(&self, account: &str) -> bool {
        self.provider_of(account).is_none_or(|holder| holder == CUSTOMER_UNIT)
    }

    /// Registration type and mandate of each change up to a time, as it stands now.
    fn changes<'a>(&'a self, account: &str, untold: &'a [(Timestamp, String)], at: Timestamp) -> Vec<(char, &'a Mandate)> {
        let Some(of_account) = self.mandates.get(account).filter(|_| self.is_ours(account)) else {
            return Vec::new();
        };
        let mut parts: Vec<&String> = untold.iter().filter(|(since, _)| *since <= at).map(|(_, part)| part).collect();
        parts.sort();
        parts.dedup();
        let of_part = |part: &String| of_account.get(part).map(|mandate| (if mandate.is_active { '1' } else { '2' }, mandate));
        parts.into_iter().filter_map(of_part).collect()
    }

    fn camt(&self, account: &str, payments: &[&Payment], transmission: u64, at: Timestamp) -> Outgoing {
        let day = calendar::day_of(at);
        let is_statement = Nature::of(account) == Nature::Camt053;
        let earlier = self.payments.values().filter(|payment| payment.account == *account && payment.is_told);
        let opening = earlier.map(|payment| payment.signed_minor()).sum();
        let message = Message { account, transmission, at, is_statement, opening_minor: opening, payments };
        let name = if is_statement { "camt053" } else { "camt054" };
        Outgoing { name: format!("{name}-{day}-{transmission:07}.xml"), content: camt::write(&message).into_bytes() }
    }
}

impl Frame {
    fn mandates<'a>(&mut self, account: &str, mandates: impl Iterator<Item = (char, &'a Mandate)>) {
        self.assignments += 1;
        let number = self.assignments;
        self.rows.push(row(&["NY212420", "000000000", &format!("{number:07}"), account]));
        let (before, mut count) = (self.rows.len(), 0);
        for (kind, mandate) in mandates {
            count += 1;
            let notice = if mandate.wants_notice { "J" } else { "N" };
            self.rows.push(row(&["NY219470", &format!("{count:07}{kind}{:>25}", mandate.kid), notice]));
        }
        let records = self.rows.len() - before + 2;
        self.rows.push(row(&["NY212488", &format!("{count:08}{records:08}")]));
        self.transactions += count;
    }

    fn ocr(&mut self, account: &str, payments: &[&Payment], day: Date) {
        self.assignments += 1;
        let (number, first_row) = (self.assignments, self.rows.len());
        let mut payments = payments.to_vec();
        payments.sort_by_key(|payment| (payment.booked_on, payment.number));
        self.rows.push(row(&["NY090020", &account[..9], &format!("{number:07}"), account]));
        let mut sum = 0;
        for (payment, serial) in payments.iter().zip(1_u64..) {
            self.payment(payment, serial);
            sum += payment.minor;
        }
        let (count, records) = (payments.len() as u64, self.rows.len() - first_row + 1);
        let dates = || payments.iter().map(|payment| payment.booked_on);
        let (earliest, latest) = (dates().min().unwrap_or(day), dates().max().unwrap_or(day));
        let dates = format!("{}{}{}", short_date(day), short_date(earliest), short_date(latest));
        self.rows.push(row(&["NY090088", &format!("{count:08}{records:08}{sum:017}"), &dates]));
        self.transactions += count;
        self.sum_minor += sum;
    }

    fn payment(&mut self, payment: &Payment, serial: u64) {
        let kind = payment.ocr_type();
        let date = short_date(payment.booked_on);
        let sign = if payment.cause.is_out() { '-' } else { '0' };
        // Purchases and reversals (18 to 21) have no part settlement, archive reference and debit account.
        let is_purchase = matches!(kind, 18..=21);
        let (reference, payer) =
            if is_purchase { (0, "00000000000") } else { (payment.number % 1_000_000_000, payment.payer.as_str()) };
        let day = &date[..2];
        let settled = format!("14{day}0{:05}{sign}{:017}", serial % 100_000, payment.minor);
        let kid = format!("{:>25}", payment.kid.as_deref().unwrap_or_default());
        self.rows.push(row(&[&format!("NY09{kind}30{serial:07}"), &date, &settled, &kid]));
        let form = format!("{:010}", payment.number % 10_000_000_000);
        self.rows.push(row(&[&format!("NY09{kind}31{serial:07}"), &form, &format!("{reference:09}"), "0000000", &date, payer]));
        if let (20 | 21, Some(text)) = (kind, &payment.text) {
            let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(40).collect();
            self.rows.push(row(&[&format!("NY09{kind}32{serial:07}"), &format!("{text:<40}")]));
        }
    }

    /// The whole file; dated where it holds payments.
    fn close(self, transmission: u64, day: Option<Date>) -> Vec<u8> {
        let start = row(&["NY000010", CENTRE, &format!("{:07}", transmission % 10_000_000), CUSTOMER_UNIT]);
        let records = self.rows.len() + 2;
        let date = day.map_or_else(|| "000000".to_owned(), short_date);
        let end = row(&["NY000089", &format!("{:08}{records:08}{:017}", self.transactions, self.sum_minor), &date]);
        file(&[vec![start], self.rows, vec![end]].concat())
    }
}

impl Payment {
    /// What it does to the account's balance, øre.
    pub fn signed_minor(&self) -> i64 {
        let minor = i64::try_from(self.minor).unwrap_or(i64::MAX);
        if self.cause.is_out() { -minor } else { minor }
    }

    /// The transaction type in OCR giro.
    fn ocr_type(&self) -> u8 {
        match self.cause {
            Cause::Debit | Cause::Mistake | Cause::OthersDebit => 15,
            Cause::Reversal | Cause::Refund => 18,
            Cause::ByHand if self.kid.is_none() && self.text.is_some() => 21,
            Cause::ByHand => 10,
        }
    }
}
