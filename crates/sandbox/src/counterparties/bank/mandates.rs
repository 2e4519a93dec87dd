//! Mandates ("faste betalingsoppdrag"): which payers let an account be paid by direct debit, and what changed since the
//! company was last told.
//!
//! A new agreement finds a hundred payers who have mandates already: customer parts 1 to [`FIRST_PAYERS`]. Others are
//! registered over HTTP (`fronts/bank.rs`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::accounts::{Agreement, Status};
use super::payers::Payer;
use super::{Bank, Record};

/// Customer parts from 1 to this have mandates when an agreement becomes active.
pub const FIRST_PAYERS: u64 = 100;

/// Customer parts that one call registers at most.
pub const MOST_AT_ONCE: u64 = 100_000;

/// One payer's standing permission, as its last change left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// The account that may be paid.
    pub account: String,
    /// The customer part of its KIDs.
    pub part: String,
    /// The KID that it is registered under.
    pub kid: String,
    /// Does the payer want notices of claims?
    pub wants_notice: bool,
    /// Does it stand? A deleted one is remembered.
    pub is_active: bool,
}

/// Why a mandate could not be registered or found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMandate {
    /// The account has no active agreement, or another provider's.
    NotYours,
    /// The KID or customer part fits no structure of the agreement.
    UnfitKid,
}

impl NoMandate {
    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            NoMandate::NotYours => "the account has no active AvtaleGiro agreement with this provider",
            NoMandate::UnfitKid => "the KID or customer part fits no structure of the account's agreement",
        }
    }
}

/// Which mandates are to be registered or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one that this KID belongs to.
    Kid(String),
    /// The one of this customer part.
    Part(String),
    /// Those of all customer parts from one number to another, zeros in front.
    Range(u64, u64),
}

impl Bank {
    /// What a look-up by KID finds.
    ///
    /// # Errors
    /// The account has no active agreement with this provider: mandates are for the one that has it now.
    pub fn look_up(&self, provider: &str, account: &str, kid: &str, now: Timestamp) -> Result<Option<&Mandate>, NoMandate> {
        let agreement = self.active(provider, account, now)?;
        Ok(agreement.customer_part(kid).and_then(|part| self.standing(account, part)))
    }

    /// The mandate of a customer part, where it stands.
    pub fn standing(&self, account: &str, part: &str) -> Option<&Mandate> {
        self.mandates.get(account)?.get(part).filter(|mandate| mandate.is_active)
    }

    /// Every mandate of an account, deleted ones too, in the order of their customer parts.
    pub fn mandates(&self, account: &str) -> impl Iterator<Item = &Mandate> {
        self.mandates.get(account).into_iter().flat_map(|of_account| of_account.values())
    }

    /// Registers mandates, or deletes them; what is so already is not told again. Gives how many changed.
    ///
    /// # Errors
    /// The account has no active agreement with the hub's operator, or a KID or customer part does not fit.
    pub fn change_mandates(
        &mut self,
        account: &str,
        which: &Which,
        change: Change,
        now: Timestamp,
        records: &mut Vec<Record>,
    ) -> Result<u64, NoMandate> {
        let agreement = self.agreements.get(account).filter(|found| found.status(now) == Status::Active);
        let agreement = agreement.ok_or(NoMandate::NotYours)?.clone();
        let mut changed = 0;
        for part in parts(&agreement, which).ok_or(NoMandate::UnfitKid)? {
            let before = self.mandates.get(account).and_then(|of_account| of_account.get(&part));
            let wish = before.map_or(Payer::of(&part) != Payer::NoNotice, |before| before.wants_notice);
            let kid = before.map(|before| before.kid.clone());
            let kid = kid.or_else(|| agreement.structures.iter().find_map(|structure| structure.mandate_kid(&part)));
            let after = Mandate {
                account: account.to_owned(),
                kid: kid.ok_or(NoMandate::UnfitKid)?,
                wants_notice: change.wants_notice.unwrap_or(wish),
                is_active: change.is_active,
                part,
            };
            let is_news = before.map_or(after.is_active, |before| *before != after);
            if is_news {
                changed += 1;
                self.enter(Record::Mandate { mandate: after, at: now }, records);
            }
        }
        Ok(changed)
    }

    fn active(&self, provider: &str, account: &str, now: Timestamp) -> Result<&Agreement, NoMandate> {
        let found = self
            .agreement(account, now)
            .filter(|(agreement, status)| agreement.provider == provider && *status == Status::Active);
        found.map(|(agreement, _)| agreement).ok_or(NoMandate::NotYours)
    }

    /// The payers who have mandates when an agreement becomes active.
    pub(super) fn first_mandates(&mut self, account: &str, now: Timestamp, records: &mut Vec<Record>) {
        let Some((agreement, Status::Active)) = self.agreement(account, now) else {
            return;
        };
        // A customer part of one digit has nine payers, and none with a persona of two digits.
        let width = agreement.structures.iter().map(super::kid::Structure::width).max().unwrap_or(0);
        let last = if width > 2 { FIRST_PAYERS } else { 10_u64.pow(u32::try_from(width).unwrap_or(0)) - 1 };
        let which: Vec<Which> = (1..=last)
            .map(|number| format!("{number:0width$}"))
            .filter(|part| !matches!(Payer::of(part), Payer::NoMandate | Payer::LateMandate))
            .map(Which::Part)
            .collect();
        for one in which {
            // What does not fit is none of this agreement's customers.
            let _ = self.change_mandates(account, &one, Change::stands(None), now, records);
        }
    }

    /// What payers do the morning after the first list was sent.
    pub(super) fn second_thoughts(&mut self, account: &str, now: Timestamp, records: &mut Vec<Record>) {
        let known: Vec<String> = self.mandates(account).map(|mandate| mandate.part.clone()).collect();
        let Some(width) = known.first().map(String::len) else {
            return;
        };
        let late =
            (1..=FIRST_PAYERS).map(|number| format!("{number:0width$}")).filter(|part| Payer::of(part) == Payer::LateMandate);
        let changes = known.iter().filter(|part| Payer::of(part) == Payer::ChangesNotice).cloned().collect::<Vec<_>>();
        for (parts, wish) in [(late.collect::<Vec<_>>(), None), (changes, Some(false))] {
            for part in parts {
                // A mandate that was deleted meanwhile is not made again.
                if self.standing(account, &part).is_some() || wish.is_none() {
                    let _ = self.change_mandates(account, &Which::Part(part), Change::stands(wish), now, records);
                }
            }
        }
    }

    /// A claim has come to this payer, after any look-up.
    pub(super) fn claim_comes(&mut self, account: &str, part: &str, now: Timestamp, records: &mut Vec<Record>) {
        if Payer::of(part) == Payer::MandateDeleted {
            let _ = self.change_mandates(account, &Which::Part(part.to_owned()), Change::deleted(), now, records);
        }
    }
}

/// What a mandate becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    is_active: bool,
    wants_notice: Option<bool>,
}

impl Change {
    /// It stands; with another wish for notices where one is given.
    pub fn stands(wants_notice: Option<bool>) -> Change {
        Change { is_active: true, wants_notice }
    }

    /// It is deleted.
    pub fn deleted() -> Change {
        Change { is_active: false, wants_notice: None }
    }
}

/// The customer parts that are meant; `None` where one fits no structure.
fn parts(agreement: &Agreement, which: &Which) -> Option<Vec<String>> {
    match which {
        Which::Kid(kid) => agreement.customer_part(kid).map(|part| vec![part.to_owned()]),
        Which::Part(part) => Some(vec![part.clone()]),
        Which::Range(from, to) => {
            let width = agreement.structures.first()?.width();
            let count = to.checked_sub(*from)?;
            let fits = count < MOST_AT_ONCE && to.to_string().len() <= width;
            fits.then(|| (*from..=*to).map(|number| format!("{number:0width$}")).collect())
        }
    }
}
