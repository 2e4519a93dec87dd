//! Takes a bank's file in: judged as a whole before anything of it is used, kept as it came, then read to whoever it tells of.
//!
//! Three passes over the bytes, in flat memory: verify and digest; store in pieces, sealed; read from the pieces. What the third
//! pass does is harmless to do again, so that a file whose reading a crash broke off is simply read again ([`read_on`]). The same
//! file again changes nothing.
//!
//! Payments go to the company whose bank account the file names ([`crate::actions::place_payments`]), records of mandates to its mandates
//! ([`crate::actions::apply_mandates`]). Those on accounts of nobody are counted for the operator; when the account gets an owner the file is read again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::calendar;
use kvitt_domain::fault::Fault;
use kvitt_domain::mandate::MandateRecord;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::actions::account_for_totals::account_for_totals;
use crate::actions::apply_mandates::{Applied, Covers, FromFile, apply};
use crate::actions::keep_bank_file::{Pieces, judge, on_disk, store_pieces};
use crate::actions::place_payments::{AT_ONCE, From, NewPayment, Placed, place_payments};
use crate::actions::read_bank_file::{Batch, read_bank_file};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::account_told;
use crate::store::bank_account::{self, Counts};
use crate::store::bank_file::{self, HOUSE, StoredFile};
use crate::store::company::{self, Company};
use crate::store::event::NewEvent;

/// Batches that are read ahead while one is being placed.
const AHEAD: usize = 4;

/// A file as it is handed in.
#[derive(Debug, Clone)]
pub struct BankFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub content: Content,
    /// What its records are of each account's mandates, as the operator says.
    pub covers: Covers,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Content {
    /// In memory: what a drop gave.
    Bytes(Arc<[u8]>),
    /// On this machine's disk.
    File(PathBuf),
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its name, as it came first.
    pub name: String,
    /// `nets`, `camt053` or `camt054`.
    pub format: String,
    /// Whether all of it was read before: this is what was found then.
    pub again: bool,
    /// What was found in it.
    pub report: Report,
}

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// Payments, by bank account.
    pub accounts: Vec<AccountReport>,
    /// What a person should know, the first of it.
    pub remarks: Vec<Fault>,
}

/// What was found for one bank account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReport {
    /// The account, by its key.
    pub account: String,
    /// The organisation number of the company that has it; none where nobody has.
    pub company: Option<String>,
    /// Payments in the file.
    pub payments: u64,
    /// What they do to the account, in minor units by currency.
    pub net: BTreeMap<String, i64>,
    /// What became of them; nothing where nobody has the account.
    pub placed: Placed,
    /// What became of its mandates; only the number of records where nobody has the account.
    pub mandates: Applied,
}

/// Takes a file in. Every fault of it at once, and then nothing of it is used.
pub async fn import_bank_file(hub: &Hub, file: BankFile) -> Result<Imported> {
    let content = file.content.clone();
    let judged = on_disk(move || judge(&content)).await?;
    if let Some(mut known) = bank_file::by_digest(&mut *hub.db().read().await?, HOUSE, &judged.digest).await? {
        if file.covers == Covers::All && known.covers == Covers::Some {
            let digest = known.digest.clone();
            hub.write(move |tx| {
                let digest = digest.clone();
                async move { bank_file::lists_all_mandates(tx, HOUSE, &digest).await }.boxed()
            })
            .await?;
            known = StoredFile { covers: Covers::All, is_read: false, is_old: false, ..known };
        }
        return read_on(hub, known).await;
    }
    let parts = store_pieces(hub, &file, &judged).await?;
    let stored = StoredFile {
        digest: judged.digest,
        name: file.name,
        format: judged.format.to_owned(),
        bytes: i64::try_from(judged.bytes).unwrap_or(i64::MAX),
        parts,
        covers: file.covers,
        is_read: false,
        is_old: false,
        ownerless: 0,
        received_at: hub.clock().business_ms(),
    };
    let new = stored.clone();
    hub.write(move |tx| {
        let new = new.clone();
        async move {
            // Another process may have stored the same file meanwhile.
            match bank_file::by_digest(tx.db(), HOUSE, &new.digest).await? {
                Some(_) => Ok(()),
                None => bank_file::insert(tx, HOUSE, &new).await,
            }
        }
        .boxed()
    })
    .await?;
    crate::failpoint!("after_bank_file_stored");
    read_on(hub, stored).await
}

/// Reads on every file whose reading was broken off, or that told of an account that has an owner now. Answers how many; one that
/// fails keeps no other waiting.
pub async fn read_unfinished(hub: &Hub) -> Result<usize> {
    let unfinished = bank_file::unfinished(&mut *hub.db().read().await?, HOUSE).await?;
    let mut read = 0;
    for file in unfinished {
        let digest = file.digest.clone();
        match read_on(hub, file).await {
            Ok(_) => read += 1,
            Err(error) => {
                tracing::error!(%digest, error = &error as &dyn std::error::Error, "a bank file could not be read on; others are");
            }
        }
    }
    Ok(read)
}

/// Reads a stored file to whoever it tells of, unless all of it was read; once more where somebody asked for that while it was read.
pub async fn read_on(hub: &Hub, mut file: StoredFile) -> Result<Imported> {
    if let Some(report) = report_of(hub, &file).await? {
        return Ok(imported(&file, true, report));
    }
    let _reading = hub.reading().await;
    loop {
        // Another may have read it while this one waited.
        let known = bank_file::by_digest(&mut *hub.db().read().await?, HOUSE, &file.digest).await?;
        file = known.ok_or_else(|| Error::NotFound(format!("the bank file {}", file.digest)))?;
        if let Some(report) = report_of(hub, &file).await? {
            return Ok(imported(&file, false, report));
        }
        if let Some(report) = read_once(hub, &file).await? {
            return Ok(imported(&file, false, report));
        }
    }
}

/// Reads a stored file from its beginning to its end; `None` where it is to be read again.
async fn read_once(hub: &Hub, file: &StoredFile) -> Result<Option<Report>> {
    let (send, mut batches) = mpsc::channel(AHEAD);
    let pieces = Pieces::new(hub, file);
    let reading = tokio::task::spawn_blocking(move || read_bank_file(pieces, AT_ONCE, |batch| send.blocking_send(batch).is_ok()));
    let mut report = Report::default();
    let mut owners = Owners::default();
    // A list of all is applied as one, for what it does not name is withdrawn.
    let mut lists: BTreeMap<String, Vec<MandateRecord>> = BTreeMap::new();
    while let Some(batch) = batches.recv().await {
        match batch {
            Batch::Mandates { account, records } if file.covers == Covers::All => {
                lists.entry(account).or_default().extend(records);
            }
            batch => take(hub, file, batch, &mut owners, &mut report).await?,
        }
    }
    for (account, records) in lists {
        take(hub, file, Batch::Mandates { account, records }, &mut owners, &mut report).await?;
    }
    let mut until = reading.await.map_err(|cause| Error::Damaged(format!("reading a bank file failed: {cause}")))??;
    for of in &mut report.accounts {
        if let (Some(owner), Some(days)) = (owners.owner(&of.account), owners.days(&of.account)) {
            let accounted = account_for_totals(hub, owner, &of.account, days, &file.digest).await?;
            of.placed.parked = of.placed.parked.saturating_sub(accounted.here);
            of.placed.told_twice += accounted.here;
            if !accounted.is_whole {
                // A sum of debits names none of them: that one did not happen is not known from it.
                until.remove(&of.account);
            }
        }
    }
    let mut heard = Vec::new();
    for (account, day) in until {
        if let Some((company, _)) = owners.of(hub, &account).await? {
            // A day to come tells of nothing yet.
            heard.push((company.id, account, told_until(day, calendar::today(hub.clock().business()))));
        }
    }
    let is_done = finish(hub, file, &report, &owners, heard).await?;
    Ok(is_done.then_some(report))
}

/// What was found in a file, once all of it was read.
async fn report_of(hub: &Hub, file: &StoredFile) -> Result<Option<Report>> {
    match file.is_read {
        true => bank_file::report(&mut *hub.db().read().await?, hub.vault(), HOUSE, &file.digest).await,
        false => Ok(None),
    }
}

fn imported(file: &StoredFile, again: bool, report: Report) -> Imported {
    Imported { digest: file.digest.clone(), name: file.name.clone(), format: file.format.clone(), again, report }
}

async fn take(hub: &Hub, file: &StoredFile, batch: Batch, owners: &mut Owners, report: &mut Report) -> Result<()> {
    match batch {
        Batch::Payments { account, payments } => {
            let owner = owners.of(hub, &account).await?;
            let index = report.account(&account, owner.as_ref().map(|(company, _)| company.org_number.clone()));
            report.accounts[index].count(&payments);
            owners.saw(&account, &payments);
            if let Some((company, counts)) = owner {
                let from = From { file: file.digest.clone(), counts };
                let placed = place_payments(hub, &company, from, payments).await?;
                report.accounts[index].placed = report.accounts[index].placed.and(placed);
                crate::failpoint!("after_payments_placed");
            }
        }
        Batch::Mandates { account, records } => {
            let owner = owners.of(hub, &account).await?;
            let index = report.account(&account, owner.as_ref().map(|(company, _)| company.org_number.clone()));
            let applied = match owner {
                Some((company, _)) => apply_mandates(hub, company, file, account, records).await?,
                None => Applied { records: records.len() as u64, ..Applied::default() },
            };
            let sum = &mut report.accounts[index].mandates;
            sum.records += applied.records;
            sum.new += applied.new;
            sum.changed += applied.changed;
            sum.withdrawn += applied.withdrawn;
            sum.unreadable += applied.unreadable;
        }
        Batch::Remark(fault) => report.remarks.push(fault),
    }
    Ok(())
}

async fn apply_mandates(
    hub: &Hub,
    company: Company,
    file: &StoredFile,
    account: String,
    records: Vec<MandateRecord>,
) -> Result<Applied> {
    // What a file says that is read once more was true when it came: what is known since stands.
    let came_at = || Timestamp::from_millisecond(file.received_at).map_err(|_| Error::Damaged("a bank file has no time".into()));
    let unless_after = if file.is_old { Some(came_at()?) } else { None };
    let at = unless_after.unwrap_or_else(|| hub.clock().business());
    let shared = Arc::new((company, file.digest.clone(), file.covers, account, records));
    hub.write(move |tx| {
        let shared = shared.clone();
        async move {
            let (company, digest, covers, bank_account, records) = &*shared;
            apply(tx, company, FromFile { bank_account, records, covers: *covers, digest, at, unless_after }).await
        }
        .boxed()
    })
    .await
}

/// Until when an account is told of by a file whose last payments are of a day: files come where money moves, so that one which is read
/// on a later day has told all of its own, and the next may be weeks away.
fn told_until(last: Date, today: Date) -> Date {
    match last < today {
        true => last.tomorrow().unwrap_or(last),
        false => today,
    }
}

/// Notes that the file was read and how far it told of accounts, and tells each company what it said of its own. Answers whether that
/// is all: an account of nobody may have an owner by now, and a person may have asked for all mandates.
async fn finish(
    hub: &Hub,
    file: &StoredFile,
    report: &Report,
    owners: &Owners,
    heard: Vec<(String, String, Date)>,
) -> Result<bool> {
    let now = hub.clock().business_ms();
    let nobodys: Vec<&AccountReport> = report.accounts.iter().filter(|account| account.company.is_none()).collect();
    let ownerless = nobodys.iter().map(|account| account.payments + account.mandates.records).sum::<u64>();
    let ownerless = i64::try_from(ownerless).unwrap_or(i64::MAX);
    let nobodys: Vec<String> = nobodys.into_iter().map(|of| of.account.clone()).collect();
    let told: Vec<(Company, AccountReport)> =
        report.accounts.iter().filter_map(|of| Some((owners.known(&of.account)?.clone(), of.clone()))).collect();
    let shared = Arc::new((file.clone(), report.clone(), told, heard, nobodys, hub.vault_handle()));
    hub.write(move |tx| {
        let shared = shared.clone();
        async move {
            let (file, report, told, heard, nobodys, vault) = &*shared;
            let mut has_new_owner = false;
            for account in nobodys {
                has_new_owner |= bank_account::owner(tx.db(), account).await?.is_some();
            }
            let finished = bank_file::Finished { digest: &file.digest, covers: file.covers, ownerless, has_new_owner };
            if !bank_file::finish(tx, vault, HOUSE, finished, report).await? {
                return Ok(false);
            }
            for (company, account, until) in heard {
                account_told::heard(tx, company, account, *until).await?;
            }
            for (company, of) in told {
                let told = serde_json::json!({ "file": file.name, "format": file.format, "account": of });
                tx.tell(NewEvent::new(&company.id, &company.key, now, "bank_file.read", &file.digest, &told)?);
            }
            Ok(!has_new_owner)
        }
        .boxed()
    })
    .await
}

impl Report {
    /// The place of an account among the reports; the first time that it is met it gets one.
    fn account(&mut self, account: &str, company: Option<String>) -> usize {
        if let Some(index) = self.accounts.iter().position(|known| known.account == account) {
            return index;
        }
        self.accounts.push(AccountReport {
            account: account.to_owned(),
            company,
            payments: 0,
            net: BTreeMap::new(),
            placed: Placed::default(),
            mandates: Applied::default(),
        });
        self.accounts.len() - 1
    }
}

impl AccountReport {
    fn count(&mut self, payments: &[NewPayment]) {
        for NewPayment { payment, .. } in payments {
            self.payments += 1;
            let net = self.net.entry(payment.amount.currency().code().to_owned()).or_default();
            *net = net.saturating_add(payment.net().minor());
        }
    }
}

/// The companies of accounts, each asked for once, and from which day to which the file tells of payments on them.
#[derive(Debug, Default)]
struct Owners {
    of: BTreeMap<String, Option<(Company, Counts)>>,
    days: BTreeMap<String, (Date, Date)>,
}

impl Owners {
    async fn of(&mut self, hub: &Hub, account: &str) -> Result<Option<(Company, Counts)>> {
        if let Some(known) = self.of.get(account) {
            return Ok(known.clone());
        }
        let mut db = hub.db().read().await?;
        let owner = match bank_account::owner(&mut db, account).await? {
            None => None,
            Some(id) => {
                let company = company::by_id(&mut db, hub.vault(), &id).await?;
                let known = bank_account::of(&mut db, &id, account).await?;
                Some((company, known.map(|known| known.settings.counts).unwrap_or_default()))
            }
        };
        self.of.insert(account.to_owned(), owner.clone());
        Ok(owner)
    }

    fn known(&self, account: &str) -> Option<&Company> {
        self.owner(account).map(|(company, _)| company)
    }

    fn owner(&self, account: &str) -> Option<(&Company, Counts)> {
        self.of.get(account)?.as_ref().map(|(company, counts)| (company, *counts))
    }

    fn saw(&mut self, account: &str, payments: &[NewPayment]) {
        for NewPayment { payment, .. } in payments {
            let day = payment.booked_on;
            match self.days.get_mut(account) {
                Some((first, last)) => (*first, *last) = ((*first).min(day), (*last).max(day)),
                None => {
                    self.days.insert(account.to_owned(), (day, day));
                }
            }
        }
    }

    fn days(&self, account: &str) -> Option<(Date, Date)> {
        self.days.get(account).copied()
    }
}
