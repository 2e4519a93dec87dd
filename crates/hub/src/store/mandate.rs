//! Mandates that payers gave for direct debit to the company's accounts, and what each of them was.
//!
//! A KID names a person to whoever knows the company's books, so that it stands here as a keyed digest, by which it is found, and
//! sealed. One mandate is found by its whole KID; for an invoice all of the customer are, by the customer part ([`find_for_kid`]).

use kvitt_domain::agreement::DirectDebit;
use kvitt_domain::mandate::{Mandate, foremost};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::agreement;
use crate::store::company::Company;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO mandate (company_id, bank_account, kid_digest, customer_digest, payer_digest, status, updated_at, \
    looked_up_at, mandate, changes, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 1, 1)";
const SAVE: &str = "UPDATE mandate SET customer_digest = $1, payer_digest = $2, status = $3, updated_at = $4, mandate = $5, \
    changes = $6, version = version + 1 WHERE company_id = $7 AND bank_account = $8 AND kid_digest = $9 AND version = $10";
const INSERT_CHANGE: &str = "INSERT INTO mandate_change (company_id, bank_account, kid_digest, number, at, change) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const BY_KID: &str = "SELECT bank_account, kid_digest, mandate, changes, version FROM mandate \
    WHERE company_id = $1 AND bank_account = $2 AND kid_digest = $3";
const OF_CUSTOMER: &str = "SELECT bank_account, kid_digest, mandate, changes, version FROM mandate \
    WHERE company_id = $1 AND bank_account = $2 AND customer_digest = $3 ORDER BY kid_digest LIMIT $4";
const OF_PAYER: &str = "SELECT bank_account, kid_digest, mandate, changes, version FROM mandate \
    WHERE company_id = $1 AND payer_digest = $2 ORDER BY bank_account, kid_digest LIMIT $3";
const PAGE: &str = "SELECT bank_account, kid_digest, mandate, changes, version FROM mandate WHERE company_id = $1 \
    AND (bank_account > $2 OR (bank_account = $2 AND kid_digest > $3)) ORDER BY bank_account, kid_digest LIMIT $4";
const OF_ACCOUNT: &str = "SELECT bank_account, kid_digest, mandate, changes, version FROM mandate \
    WHERE company_id = $1 AND bank_account = $2 AND kid_digest > $3 ORDER BY kid_digest LIMIT $4";
const COUNT: &str =
    "SELECT status, CAST(COUNT(*) AS BIGINT) FROM mandate WHERE company_id = $1 AND bank_account = $2 GROUP BY status";
const HISTORY: &str = "SELECT number, at, change FROM mandate_change \
    WHERE company_id = $1 AND bank_account = $2 AND kid_digest = $3 ORDER BY number";
const LONGEST_NOT_LOOKED_UP: &str = "SELECT bank_account, kid_digest, mandate, changes, version FROM mandate \
    WHERE company_id = $1 AND bank_account = $2 AND looked_up_at < $3 ORDER BY looked_up_at, kid_digest LIMIT $4";
const LOOKED_UP: &str = "UPDATE mandate SET looked_up_at = $1 WHERE company_id = $2 AND bank_account = $3 AND kid_digest = $4";

/// Mandates of one customer or payer that are read at most.
const MOST_OF_ONE: i64 = 100;

/// A mandate as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMandate {
    /// What it is.
    pub mandate: Mandate,
    /// How often it was changed.
    pub changes: i64,
    version: i64,
}

/// Where it is known from that a mandate is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Source {
    /// A record of a bank file.
    File {
        /// The file's digest.
        digest: String,
    },
    /// A full list in a bank file that does not name it.
    Snapshot {
        /// The file's digest.
        digest: String,
    },
    /// The rail was asked.
    LookUp {
        /// The request's id, ours.
        message: String,
    },
    /// The agreement's KID structures were changed.
    Structures,
}

impl Source {
    /// The name as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            Source::File { .. } => "file",
            Source::Snapshot { .. } => "snapshot",
            Source::LookUp { .. } => "look_up",
            Source::Structures => "structures",
        }
    }
}

/// One line of a mandate's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The mandate after it.
    pub mandate: Mandate,
    /// Who said so.
    pub source: Source,
}

/// A [`Change`], with its place in the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChange {
    /// 1, 2, 3…
    pub number: i64,
    /// Business time, Unix milliseconds.
    pub at: i64,
    /// What it was.
    #[serde(flatten)]
    pub change: Change,
}

/// Stores a mandate that is new, or another than the one that is known, with a line of its history.
pub async fn put(
    tx: &mut Tx<'_>,
    company: &str,
    key: &CompanyKey,
    known: Option<&StoredMandate>,
    change: &Change,
    now: i64,
) -> Result<()> {
    let mandate = &change.mandate;
    let digest = kid_digest(key, &mandate.kid);
    let customer = mandate.reading.as_ref().map(|reading| customer_digest(key, &reading.key())).unwrap_or_default();
    let payer = mandate.payer_account.as_deref().map(|account| payer_digest(key, account)).unwrap_or_default();
    let sealed = key.seal_json(Purpose::Mandate, row(&mandate.bank_account, &digest), mandate)?;
    let updated_at = mandate.updated_at.as_millisecond();
    let number = match known {
        None => {
            sqlx::query(INSERT)
                .bind(company)
                .bind(&mandate.bank_account)
                .bind(&digest)
                .bind(customer)
                .bind(payer)
                .bind(mandate.status.name())
                .bind(updated_at)
                .bind(sealed)
                .execute(tx.db())
                .await?;
            1
        }
        Some(known) => {
            let number = known.changes + 1;
            let saved = sqlx::query(SAVE)
                .bind(customer)
                .bind(payer)
                .bind(mandate.status.name())
                .bind(updated_at)
                .bind(sealed)
                .bind(number)
                .bind(company)
                .bind(&mandate.bank_account)
                .bind(&digest)
                .bind(known.version)
                .execute(tx.db())
                .await?;
            if saved.rows_affected() != 1 {
                return Err(Error::Conflict);
            }
            number
        }
    };
    let place = format!("{} {number}", row(&mandate.bank_account, &digest));
    sqlx::query(INSERT_CHANGE)
        .bind(company)
        .bind(&mandate.bank_account)
        .bind(&digest)
        .bind(number)
        .bind(now)
        .bind(key.seal_json(Purpose::MandateChange, place, change)?)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The mandate that was given with this KID.
pub async fn by_kid(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    account: &str,
    kid: &str,
) -> Result<Option<StoredMandate>> {
    let row = sqlx::query(BY_KID).bind(company).bind(account).bind(kid_digest(key, kid)).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// The mandate by which an invoice with this KID could be claimed to this account: that of the same customer, whatever invoice it
/// was given with. `None` where the customer gave none, the account has no agreement, or the KID fits none of its structures.
pub async fn find_for_kid(
    db: &mut AnyConnection,
    company: &Company,
    account: &str,
    invoice_kid: &str,
) -> Result<Option<Mandate>> {
    let Some(debit) = agreement::direct_debit(db, &company.id, &company.key, account).await? else { return Ok(None) };
    let Some(reading) = debit.read_kid(invoice_kid) else { return Ok(None) };
    let found = of_customer(db, &company.id, &company.key, account, &reading.key()).await?;
    Ok(foremost(found.into_iter().map(|stored| stored.mandate)))
}

/// The mandates of a customer, by what [`KidReading::key`](kvitt_domain::mandate::KidReading::key) answers.
pub async fn of_customer(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    account: &str,
    customer: &str,
) -> Result<Vec<StoredMandate>> {
    let query = sqlx::query(OF_CUSTOMER).bind(company).bind(account).bind(customer_digest(key, customer)).bind(MOST_OF_ONE);
    query.fetch_all(db).await?.iter().map(|row| read(row, key)).collect()
}

/// The mandates from a payer's bank account, where the rail gave it.
pub async fn of_payer(db: &mut AnyConnection, company: &str, key: &CompanyKey, payer: &str) -> Result<Vec<StoredMandate>> {
    let rows = sqlx::query(OF_PAYER).bind(company).bind(payer_digest(key, payer)).bind(MOST_OF_ONE).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// A page of a company's mandates, in an order that says nothing; begins after a cursor of account and digest.
pub async fn page(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<StoredMandate>> {
    let rows = sqlx::query(PAGE).bind(company).bind(after.0).bind(after.1).bind(limit).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// A page of the mandates of one account, in an order that says nothing; begins after a digest.
pub async fn of_account(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    account: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<StoredMandate>> {
    let rows = sqlx::query(OF_ACCOUNT).bind(company).bind(account).bind(after).bind(limit).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// The digest that a page ends with, to begin the next one after.
pub fn cursor(key: &CompanyKey, mandate: &Mandate) -> String {
    kid_digest(key, &mandate.kid)
}

/// How many mandates to an account there are in each status.
pub async fn count(db: &mut AnyConnection, company: &str, account: &str) -> Result<Vec<(String, i64)>> {
    Ok(sqlx::query_as(COUNT).bind(company).bind(account).fetch_all(db).await?)
}

/// Everything that a mandate was, oldest first.
pub async fn history(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    account: &str,
    kid: &str,
) -> Result<Vec<StoredChange>> {
    let digest = kid_digest(key, kid);
    let rows = sqlx::query(HISTORY).bind(company).bind(account).bind(&digest).fetch_all(db).await?;
    let change = |row: &AnyRow| {
        let (number, sealed): (i64, Vec<u8>) = (row.try_get("number")?, row.try_get("change")?);
        let place = format!("{} {number}", self::row(account, &digest));
        let change = key.open_json(Purpose::MandateChange, place, &sealed)?;
        Ok(StoredChange { number, at: row.try_get("at")?, change })
    };
    rows.iter().map(change).collect()
}

/// The mandates to an account that the rail was not asked about since a time, those first that it was asked about longest ago.
pub async fn not_looked_up_since(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    account: &str,
    since: i64,
    limit: i64,
) -> Result<Vec<StoredMandate>> {
    let rows = sqlx::query(LONGEST_NOT_LOOKED_UP).bind(company).bind(account).bind(since).bind(limit).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// Notes that the rail was asked about a mandate.
pub async fn looked_up(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, account: &str, kid: &str, now: i64) -> Result<()> {
    let digest = kid_digest(key, kid);
    sqlx::query(LOOKED_UP).bind(now).bind(company).bind(account).bind(digest).execute(tx.db()).await?;
    Ok(())
}

/// A mandate read anew by other structures: what it says changes, not what it is.
pub fn read_anew(mandate: &Mandate, debit: &DirectDebit) -> Option<Mandate> {
    let reading = debit.read_kid(&mandate.kid);
    (reading != mandate.reading).then(|| Mandate { reading, ..mandate.clone() })
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredMandate> {
    let (account, digest): (String, String) = (row.try_get("bank_account")?, row.try_get("kid_digest")?);
    let sealed: Vec<u8> = row.try_get("mandate")?;
    Ok(StoredMandate {
        mandate: key.open_json(Purpose::Mandate, self::row(&account, &digest), &sealed)?,
        changes: row.try_get("changes")?,
        version: row.try_get("version")?,
    })
}

/// What a mandate is sealed to.
fn row(account: &str, digest: &str) -> String {
    format!("{account} {digest}")
}

fn kid_digest(key: &CompanyKey, kid: &str) -> String {
    key.digest(&format!("kid {kid}"))
}

fn customer_digest(key: &CompanyKey, customer: &str) -> String {
    key.digest(&format!("customer part {customer}"))
}

fn payer_digest(key: &CompanyKey, account: &str) -> String {
    key.digest(&format!("payer {account}"))
}
