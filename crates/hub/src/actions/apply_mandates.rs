//! Mandates are what the rail last said of them: records of a bank file, in their order, and answers to look-ups.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kvitt_domain::mandate::{self, Mandate, MandateRecord};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::agreement;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::mandate::{self as store, Change, Source};
use crate::store::writer::Tx;
use futures_util::FutureExt;

/// Mandates that are read at a time, where all of an account are looked through.
const PAGE: i64 = 500;

/// What a file's records are of an account's mandates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covers {
    /// Some: what changed, or a part of all. What is not named stays as it is. A file does not say which it is, so that this is what
    /// holds where nobody says otherwise.
    Some,
    /// All of them, as the operator says: what is not named is withdrawn.
    All,
}

/// What became of an account's mandates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Applied {
    /// Records.
    pub records: u64,
    /// Mandates that were not known.
    pub new: u64,
    /// Mandates that are something else now.
    pub changed: u64,
    /// Mandates that were withdrawn because the list of all does not name them.
    pub withdrawn: u64,
    /// Mandates whose KID fits no structure of the account's agreement, so that no invoice is matched with them.
    pub unreadable: u64,
}

#[derive(Serialize)]
struct Told<'a> {
    account: &'a str,
    file: &'a str,
    covers: Covers,
    #[serde(flatten)]
    applied: Applied,
}

/// What is applied.
#[derive(Debug, Clone, Copy)]
pub struct FromFile<'a> {
    /// The company's bank account, eleven digits.
    pub bank_account: &'a str,
    /// Of this account, in the file's order: the last one about a KID wins.
    pub records: &'a [MandateRecord],
    /// What they are of the account's mandates.
    pub covers: Covers,
    /// SHA-256 of the file.
    pub digest: &'a str,
    /// When this was so: now, on the business clock, or when the file came, where it is read once more.
    pub at: Timestamp,
    /// Where it is read once more: what was said of a mandate after this stands.
    pub unless_after: Option<Timestamp>,
}

impl FromFile<'_> {
    /// Whether something was said of a mandate since.
    fn is_outdated_by(&self, known: &Mandate) -> bool {
        self.unless_after.is_some_and(|at| known.updated_at > at)
    }
}

/// Applies a bank file's records about one account. The same again changes nothing. Mandates to an account without an agreement
/// are kept, and read when there is one.
pub async fn apply(tx: &mut Tx<'_>, company: &Company, file: FromFile<'_>) -> Result<Applied> {
    let FromFile { bank_account, records, covers, digest, at, .. } = file;
    let (id, key, now) = (company.id.as_str(), &company.key, at.as_millisecond());
    let debit = agreement::direct_debit(tx.db(), id, key, bank_account).await?;
    let mut applied = Applied { records: records.len() as u64, ..Applied::default() };
    for record in records {
        let known = store::by_kid(tx.db(), id, key, bank_account, &record.kid).await?;
        if known.as_ref().is_some_and(|known| file.is_outdated_by(&known.mandate)) {
            continue;
        }
        let before = known.as_ref().map(|known| &known.mandate);
        let Some(mandate) = mandate::after(before, record, bank_account, debit.as_ref(), at) else { continue };
        applied.new += u64::from(known.is_none());
        applied.changed += u64::from(known.is_some());
        applied.unreadable += u64::from(mandate.reading.is_none());
        let change = Change { mandate, source: Source::File { digest: digest.to_owned() } };
        store::put(tx, id, key, known.as_ref(), &change, now).await?;
    }
    if covers == Covers::All {
        applied.withdrawn = withdraw_the_others(tx, company, file).await?;
    }
    let told = Told { account: bank_account, file: digest, covers, applied };
    tx.tell(NewEvent::new(id, key, now, "mandates.applied", id, &told)?);
    Ok(applied)
}

async fn withdraw_the_others(tx: &mut Tx<'_>, company: &Company, file: FromFile<'_>) -> Result<u64> {
    let (id, key) = (company.id.as_str(), &company.key);
    let named: BTreeSet<&str> = file.records.iter().map(|record| record.kid.as_str()).collect();
    let (mut withdrawn, mut after) = (0, String::new());
    loop {
        let page = store::of_account(tx.db(), id, key, file.bank_account, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(withdrawn) };
        after = store::cursor(key, &last.mandate);
        let open = page.iter().filter(|known| !file.is_outdated_by(&known.mandate));
        for known in open.filter(|known| !named.contains(known.mandate.kid.as_str())) {
            if let Some(mandate) = mandate::missing(&known.mandate, file.at) {
                withdrawn += 1;
                let change = Change { mandate, source: Source::Snapshot { digest: file.digest.to_owned() } };
                store::put(tx, id, key, Some(known), &change, file.at.as_millisecond()).await?;
            }
        }
    }
}

/// Applies what the rail answered about one mandate. That there is none withdraws one that is known, and makes none.
pub async fn apply_answer(
    tx: &mut Tx<'_>,
    company: &Company,
    bank_account: &str,
    record: &MandateRecord,
    message: &str,
    at: Timestamp,
) -> Result<()> {
    let (id, key, now) = (company.id.as_str(), &company.key, at.as_millisecond());
    let debit = agreement::direct_debit(tx.db(), id, key, bank_account).await?;
    let known = store::by_kid(tx.db(), id, key, bank_account, &record.kid).await?;
    let after = match (&known, record.registration) {
        (Some(known), mandate::Registration::Deleted) => mandate::missing(&known.mandate, at),
        (None, mandate::Registration::Deleted) => None,
        (known, _) => mandate::after(known.as_ref().map(|known| &known.mandate), record, bank_account, debit.as_ref(), at),
    };
    if let Some(mandate) = after {
        let change = Change { mandate, source: Source::LookUp { message: message.to_owned() } };
        store::put(tx, id, key, known.as_ref(), &change, now).await?;
    }
    store::looked_up(tx, id, key, bank_account, &record.kid, now).await
}

/// Reads all mandates of an account by the structures that its agreement has now; answers how many say something else.
pub async fn read_anew(hub: &Hub, company: &Company, bank_account: &str) -> Result<u64> {
    let (mut changed, mut after) = (0, String::new());
    loop {
        let mut db = hub.db().read().await?;
        let (id, key) = (company.id.as_str(), &company.key);
        let Some(debit) = agreement::direct_debit(&mut db, id, key, bank_account).await? else { return Ok(changed) };
        let page = store::of_account(&mut db, id, key, bank_account, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(changed) };
        after = store::cursor(key, &last.mandate);
        let stale: Vec<_> = page
            .into_iter()
            .filter_map(|known| store::read_anew(&known.mandate, &debit).map(|mandate| (known, mandate)))
            .collect();
        drop(db);
        if stale.is_empty() {
            continue;
        }
        changed += stale.len() as u64;
        let (company, now) = (company.clone(), hub.clock().business_ms());
        let written = hub
            .write(move |tx| {
                let (company, stale) = (company.clone(), stale.clone());
                async move {
                    for (known, mandate) in stale {
                        let change = Change { mandate, source: Source::Structures };
                        store::put(tx, &company.id, &company.key, Some(&known), &change, now).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await;
        match written {
            // A file came between: what it left is read when this runs again.
            Err(Error::Conflict) | Ok(()) => {}
            Err(error) => return Err(error),
        }
    }
}
