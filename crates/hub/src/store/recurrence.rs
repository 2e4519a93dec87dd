//! Invoices that come again, and the draft that each of them became: a period has one, because its row is written with the draft.

use kvitt_domain::invoicing::recurrence::Recurrence;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO recurrence (company_id, recurrence_id, state, name, next_number, next_on, body, made_at, changed_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 1)";
const SAVE: &str = "UPDATE recurrence SET state = $1, name = $2, next_number = $3, next_on = $4, body = $5, changed_at = $6, version = version + 1 \
    WHERE company_id = $7 AND recurrence_id = $8 AND version = $9";
const BY_ID: &str = "SELECT recurrence_id, state, name, next_number, next_on, body, version FROM recurrence \
    WHERE company_id = $1 AND recurrence_id = $2";
const ALL: &str = "SELECT recurrence_id, state, name, next_number, next_on, body, version FROM recurrence \
    WHERE company_id = $1 ORDER BY state DESC, next_on, recurrence_id LIMIT $2";
const RECORD: &str = "INSERT INTO recurrence_run (company_id, recurrence_id, number, draft_id, at) VALUES ($1, $2, $3, $4, $5)";
const RUNS: &str =
    "SELECT number, draft_id FROM recurrence_run WHERE company_id = $1 AND recurrence_id = $2 ORDER BY number DESC LIMIT $3";

/// Recurrences of one company that one list shows at most.
const LISTED: i64 = 1_000;
/// Drafts of one of them that are shown at most: years of them.
const SHOWN: i64 = 100;

/// A recurrence as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecurrence {
    /// UUIDv7 text.
    pub id: String,
    /// Whether more come.
    pub is_running: bool,
    /// The customer's name.
    pub name: String,
    /// The number of the invoice that comes next, counted from 0.
    pub next: u32,
    /// What comes again.
    pub recurrence: Recurrence,
    /// Goes up with every change.
    pub version: i64,
}

impl StoredRecurrence {
    fn state(&self) -> &'static str {
        if self.is_running { "running" } else { "ended" }
    }

    fn next_on(&self) -> String {
        self.recurrence.day(self.next).filter(|_| self.is_running).map(|on| on.to_string()).unwrap_or_default()
    }
}

/// Stores a new recurrence.
pub async fn insert(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, new: &StoredRecurrence, now: i64) -> Result<()> {
    sqlx::query(INSERT)
        .bind(company)
        .bind(&new.id)
        .bind(new.state())
        .bind(&new.name)
        .bind(i64::from(new.next))
        .bind(new.next_on())
        .bind(key.seal_compressed_json(Purpose::Recurrence, &new.id, &new.recurrence)?)
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// Saves a recurrence in place of the one with this version.
///
/// # Errors
/// [`Error::Conflict`] where somebody else saved it first.
pub async fn save(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, after: &StoredRecurrence, now: i64) -> Result<()> {
    let saved = sqlx::query(SAVE)
        .bind(after.state())
        .bind(&after.name)
        .bind(i64::from(after.next))
        .bind(after.next_on())
        .bind(key.seal_compressed_json(Purpose::Recurrence, &after.id, &after.recurrence)?)
        .bind(now)
        .bind(company)
        .bind(&after.id)
        .bind(after.version)
        .execute(tx.db())
        .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// The recurrence with an id.
pub async fn by_id(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: &str) -> Result<Option<StoredRecurrence>> {
    let row = sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// All of a company, those that run first, by the day of the next one.
pub async fn all(db: &mut AnyConnection, company: &str, key: &CompanyKey) -> Result<Vec<StoredRecurrence>> {
    let rows = sqlx::query(ALL).bind(company).bind(LISTED).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// Notes the draft that one of them became. A second one for the same number is a unique key's fault.
pub async fn record(tx: &mut Tx<'_>, company: &str, id: &str, number: u32, draft: &str, now: i64) -> Result<()> {
    sqlx::query(RECORD).bind(company).bind(id).bind(i64::from(number)).bind(draft).bind(now).execute(tx.db()).await?;
    Ok(())
}

/// The last drafts of a recurrence with their numbers, the newest first.
pub async fn runs(db: &mut AnyConnection, company: &str, id: &str) -> Result<Vec<(i64, String)>> {
    Ok(sqlx::query_as(RUNS).bind(company).bind(id).bind(SHOWN).fetch_all(db).await?)
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredRecurrence> {
    let (id, state): (String, String) = (row.try_get("recurrence_id")?, row.try_get("state")?);
    let body: Vec<u8> = row.try_get("body")?;
    let next: i64 = row.try_get("next_number")?;
    Ok(StoredRecurrence {
        is_running: state == "running",
        name: row.try_get("name")?,
        next: u32::try_from(next).map_err(|_| Error::Damaged(format!("recurrence {id} goes on at {next}")))?,
        recurrence: key.open_compressed_json(Purpose::Recurrence, &id, &body)?,
        version: row.try_get("version")?,
        id,
    })
}
