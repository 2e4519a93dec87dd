//! Questions to registers about the recipients of deliveries, and their answers for as long as they may be kept: minutes.

use kvitt_adapters::register::Found;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::Result;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const WANT: &str = "INSERT INTO lookup (company_id, register, delivery_id, state, since, give_up_at, why, answer) \
    VALUES ($1, $2, $3, 'wanted', $4, $5, '', $6) \
    ON CONFLICT (company_id, register, delivery_id) DO UPDATE SET state = 'wanted', since = excluded.since, why = '', answer = excluded.answer";
const WANTED: &str = "SELECT delivery_id FROM lookup WHERE company_id = $1 AND register = $2 AND state = 'wanted' \
    ORDER BY since, delivery_id LIMIT $3";
const OF_DELIVERY: &str = "SELECT delivery_id, state, since, give_up_at, why, answer FROM lookup WHERE company_id = $1 AND register = $2 AND delivery_id = $3";
const ANSWER: &str = "INSERT INTO lookup (company_id, register, delivery_id, state, since, give_up_at, why, answer) \
    VALUES ($1, $2, $3, 'answered', $4, $4, '', $5) \
    ON CONFLICT (company_id, register, delivery_id) DO UPDATE SET state = 'answered', since = excluded.since, why = '', answer = excluded.answer";
const UNANSWERED: &str = "UPDATE lookup SET why = $1 WHERE company_id = $2 AND register = $3 AND state = 'wanted'";
const DROP: &str = "DELETE FROM lookup WHERE company_id = $1 AND delivery_id = $2 AND state = 'wanted'";
const FORGET: &str = "DELETE FROM lookup WHERE company_id = $1 AND state = 'answered' AND since < $2";

/// A question, and its answer where there is one.
#[derive(Debug, Clone)]
pub struct StoredLookup {
    /// When it was answered, or since when it is wanted: business time, Unix milliseconds.
    pub since: i64,
    /// Until when the document can wait for an answer.
    pub give_up_at: i64,
    /// What the last try to ask ended with; empty where none failed.
    pub why: String,
    /// The answer; `None` while it is wanted.
    pub found: Option<Found>,
}

/// Wants a register asked about the recipient of a delivery. A question that waits already keeps its time to give up.
pub async fn want(tx: &mut Tx<'_>, company: &str, register: &str, delivery: &str, give_up_at: i64, now: i64) -> Result<()> {
    let wanted = sqlx::query(WANT).bind(company).bind(register).bind(delivery).bind(now).bind(give_up_at).bind(Vec::new());
    wanted.execute(tx.db()).await?;
    Ok(())
}

/// The deliveries that a register is to be asked about, the oldest first.
pub async fn wanted(db: &mut AnyConnection, company: &str, register: &str, limit: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(WANTED).bind(company).bind(register).bind(limit).fetch_all(db).await?)
}

/// What is known for a delivery, or asked.
pub async fn of_delivery(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    register: &str,
    delivery: &str,
) -> Result<Option<StoredLookup>> {
    let row = sqlx::query(OF_DELIVERY).bind(company).bind(register).bind(delivery).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// Stores an answer.
pub async fn answer(
    tx: &mut Tx<'_>,
    company: &str,
    key: &CompanyKey,
    register: &str,
    delivery: &str,
    found: &Found,
    now: i64,
) -> Result<()> {
    let sealed = key.seal_json(Purpose::Lookup, delivery, found)?;
    sqlx::query(ANSWER).bind(company).bind(register).bind(delivery).bind(now).bind(sealed).execute(tx.db()).await?;
    Ok(())
}

/// Notes why a register could not be asked, for all that wait for it.
pub async fn unanswered(tx: &mut Tx<'_>, company: &str, register: &str, why: &str) -> Result<()> {
    sqlx::query(UNANSWERED).bind(why).bind(company).bind(register).execute(tx.db()).await?;
    Ok(())
}

/// Nobody waits any more for what was asked about a delivery.
pub async fn no_longer_wanted(tx: &mut Tx<'_>, company: &str, delivery: &str) -> Result<()> {
    sqlx::query(DROP).bind(company).bind(delivery).execute(tx.db()).await?;
    Ok(())
}

/// Forgets answers older than a time; answers how many.
pub async fn forget(tx: &mut Tx<'_>, company: &str, before: i64) -> Result<u64> {
    Ok(sqlx::query(FORGET).bind(company).bind(before).execute(tx.db()).await?.rows_affected())
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredLookup> {
    let (delivery, state): (String, String) = (row.try_get("delivery_id")?, row.try_get("state")?);
    let sealed: Vec<u8> = row.try_get("answer")?;
    Ok(StoredLookup {
        since: row.try_get("since")?,
        give_up_at: row.try_get("give_up_at")?,
        why: row.try_get("why")?,
        found: if state == "answered" { Some(key.open_json(Purpose::Lookup, &delivery, &sealed)?) } else { None },
    })
}
