//! The simulated bank: everyone behind a direct debit (the claim centre, the payers' banks, the creditor's bank) in one.
//!
//! Claims come from MPS (`mps.rs`) and in files ([`Bank::take`]); [`Bank::work`] does what bank days bring: debits, payments
//! by hand, reversals, and the files that tell the creditor of them. `accounts.rs` has the agreements, `mandates.rs` and
//! `payers.rs` the payers, `claims.rs` what is claimed, `intake.rs` claim files and their receipts, `day.rs` due days,
//! `reports.rs`, `nets.rs` and `camt.rs` what is written. `fronts/counter.rs` is the folder around it, `fronts/sftp.rs` the
//! server, `fronts/bank.rs` the evidence.
//!
//! The bank remembers [`Record`]s only: what could not be written down is forgotten by making the bank anew from what was.

pub mod accounts;
mod camt;
pub mod claims;
pub mod day;
pub mod intake;
pub mod kid;
pub mod mandates;
mod nets;
pub mod payers;
mod reports;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::calendar;
use crate::ledger::Line;
use accounts::Agreement;
use claims::{Claim, Fate, Identity, Kept};
use day::Payment;
use intake::Taken;
use mandates::Mandate;

/// The counterparty's name in ledger, faults and personas.
pub const NAME: &str = "bank";

/// One thing that happened, as the sandbox's journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// An agreement was made or changed.
    Agreement(Agreement),
    /// A mandate was made, changed or deleted.
    Mandate {
        /// As it is now.
        mandate: Mandate,
        /// Since when.
        at: Timestamp,
    },
    /// A claim came.
    Claim(Claim),
    /// Something became of a claim.
    Fate {
        /// Its id.
        claim: String,
        /// What.
        fate: Fate,
        /// When.
        at: Timestamp,
    },
    /// A payment is to be booked.
    Payment {
        /// As it was decided.
        payment: Payment,
        /// When it was.
        at: Timestamp,
    },
    /// A payment was booked.
    Booked {
        /// Its number.
        payment: u64,
        /// When.
        at: Timestamp,
    },
    /// An agreement's mandates were listed for the company.
    Listed {
        /// The account.
        account: String,
        /// Which agreement on it.
        asked_at: Timestamp,
        /// The file's number.
        transmission: u64,
        /// When.
        at: Timestamp,
    },
    /// A claim file was taken.
    Taken(Taken),
    /// The company was told of payments and changed mandates.
    Told {
        /// Which payments.
        payments: Vec<u64>,
        /// The last file's number.
        transmission: u64,
        /// When, and up to when.
        at: Timestamp,
    },
    /// Payers have done what they do the morning after such a list.
    Stirred {
        /// The account.
        account: String,
        /// When.
        at: Timestamp,
    },
    /// Every claim of a day is to be debited twice.
    WorstDay {
        /// The bank day.
        on: Date,
        /// When it was ordered.
        at: Timestamp,
    },
}

/// What a bank day, or a file, brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What to write down.
    pub records: Vec<Record>,
    /// The ledger's lines.
    pub lines: Vec<Line>,
    /// Files for the company, in their order.
    pub files: Vec<Outgoing>,
}

/// A file for the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its name in `out/`.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// The bank's memory.
#[derive(Debug, Default)]
pub struct Bank {
    /// By account, as they were last changed.
    agreements: HashMap<String, Agreement>,
    /// By account and customer part.
    mandates: HashMap<String, BTreeMap<String, Mandate>>,
    claims: HashMap<String, Kept>,
    /// Claims in the order in which they came.
    order: Vec<String>,
    /// The claims that stand: no two of them may be alike.
    open: HashMap<Identity, String>,
    /// Claims by the day on which they are debited, in the order in which they came.
    due: BTreeMap<Date, Vec<String>>,
    /// By account, the customer parts whose mandates changed since the company was told, and when.
    untold: HashMap<String, Vec<(Timestamp, String)>>,
    /// Claim files by their numbers.
    taken: HashMap<u64, Taken>,
    /// When an account's order number was used.
    orders: HashMap<(String, u64), Timestamp>,
    /// The number of the last file for the company.
    last_transmission: u64,
    /// By account, the list of mandates that the company was sent.
    listed: HashMap<String, Listed>,
    /// By number.
    payments: BTreeMap<u64, Payment>,
    /// Days of which every claim is debited twice.
    worst_days: Vec<Date>,
    /// Everything up to here has been done. `None`: nothing ever happened.
    worked_until: Option<Timestamp>,
}

/// A list of mandates that was sent.
#[derive(Debug)]
struct Listed {
    /// Which agreement's.
    asked_at: Timestamp,
    /// When.
    on: Date,
    /// Have payers changed their minds since?
    has_stirred: bool,
}

impl Bank {
    /// Tells it of what was written down before the sandbox was started anew.
    pub fn remember(&mut self, record: Record) {
        self.worked_until.get_or_insert(record.at());
        match record {
            Record::Agreement(agreement) => {
                self.agreements.insert(agreement.account.clone(), agreement);
            }
            Record::Mandate { mandate, at } => {
                self.untold.entry(mandate.account.clone()).or_default().push((at, mandate.part.clone()));
                self.mandates.entry(mandate.account.clone()).or_default().insert(mandate.part.clone(), mandate);
            }
            Record::Claim(claim) => self.remember_claim(claim),
            Record::Fate { claim, fate, at } => self.remember_fate(&claim, fate, at),
            Record::Payment { payment, .. } => {
                self.payments.insert(payment.number, payment);
            }
            Record::Listed { account, asked_at, transmission, at } => {
                self.last_transmission = self.last_transmission.max(transmission);
                self.untold.remove(&account);
                let has_stirred =
                    self.listed.get(&account).is_some_and(|before| before.asked_at == asked_at && before.has_stirred);
                self.listed.insert(account, Listed { asked_at, on: calendar::day_of(at), has_stirred });
            }
            Record::Taken(taken) => self.remember_taken(taken),
            Record::Told { payments, transmission, at } => {
                self.last_transmission = self.last_transmission.max(transmission);
                self.untold.values_mut().for_each(|changes| changes.retain(|(since, _)| *since > at));
                for number in payments {
                    if let Some(payment) = self.payments.get_mut(&number) {
                        payment.is_told = true;
                    }
                }
            }
            Record::Stirred { account, .. } => {
                if let Some(listed) = self.listed.get_mut(&account) {
                    listed.has_stirred = true;
                }
            }
            Record::Booked { payment, .. } => {
                if let Some(payment) = self.payments.get_mut(&payment) {
                    payment.is_booked = true;
                }
            }
            Record::WorstDay { on, .. } => self.worst_days.push(on),
        }
    }

    /// Remembers, and has it written down.
    fn enter(&mut self, record: Record, records: &mut Vec<Record>) {
        self.remember(record.clone());
        records.push(record);
    }
}

impl Record {
    fn at(&self) -> Timestamp {
        match self {
            Record::Agreement(agreement) => agreement.asked_at,
            Record::Claim(claim) => claim.at,
            Record::Taken(taken) => taken.at,
            Record::Mandate { at, .. }
            | Record::Fate { at, .. }
            | Record::Payment { at, .. }
            | Record::Booked { at, .. }
            | Record::Listed { at, .. }
            | Record::Stirred { at, .. }
            | Record::Told { at, .. }
            | Record::WorstDay { at, .. } => *at,
        }
    }
}
