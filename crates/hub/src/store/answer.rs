//! What was answered to requests that came with a key of the caller's: the same again is answered the same, and does nothing.

use sqlx::{AnyConnection, Row};

use crate::error::Result;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const BEGIN: &str = "INSERT INTO answer (company_id, key, asked, content, begun_at, status, body, made_at) VALUES ($1, $2, $3, $4, $5, 0, $6, $7) \
    ON CONFLICT (company_id, key) DO NOTHING";
const TAKE_OVER: &str = "UPDATE answer SET begun_at = $1 WHERE company_id = $2 AND key = $3 AND status = 0 AND begun_at < $4 \
    AND asked = $5 AND content = $6";
const OF_KEY: &str = "SELECT asked, content, status, body FROM answer WHERE company_id = $1 AND key = $2";
const FINISH: &str =
    "UPDATE answer SET status = $1, body = $2 WHERE company_id = $3 AND key = $4 AND begun_at = $5 AND status = 0";
const GIVE_UP: &str = "DELETE FROM answer WHERE company_id = $1 AND key = $2 AND begun_at = $3 AND status = 0";
const FORGET: &str = "DELETE FROM answer WHERE company_id = $1 AND made_at < $2";

/// A request with a key.
#[derive(Debug, Clone)]
pub struct Keyed {
    /// The caller's key.
    pub key: String,
    /// Keyed digest of method, path and query.
    pub asked: String,
    /// Keyed digest of the body.
    pub content: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Keyed digest of method, path and query of the first request with it.
    pub asked: String,
    /// Keyed digest of its body.
    pub content: String,
    /// Status and body of the answer; `None` while it is being answered.
    pub answer: Option<(u16, Vec<u8>)>,
}

/// Begins to answer a request. Answers whether it is the first with its key, or the same one began before `lost_before` (machine time) and
/// never ended.
pub async fn begin(tx: &mut Tx<'_>, company: &str, request: &Keyed, machine: i64, lost_before: i64, now: i64) -> Result<bool> {
    let inserted = sqlx::query(BEGIN)
        .bind(company)
        .bind(&request.key)
        .bind(&request.asked)
        .bind(&request.content)
        .bind(machine)
        .bind(Vec::new())
        .bind(now)
        .execute(tx.db())
        .await?;
    if inserted.rows_affected() == 1 {
        return Ok(true);
    }
    let taken = sqlx::query(TAKE_OVER)
        .bind(machine)
        .bind(company)
        .bind(&request.key)
        .bind(lost_before)
        .bind(&request.asked)
        .bind(&request.content)
        .execute(tx.db())
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// What is known of a key; `None` where it never came.
pub async fn of_key(db: &mut AnyConnection, company: &str, sealing: &CompanyKey, key: &str) -> Result<Option<Known>> {
    let Some(row) = sqlx::query(OF_KEY).bind(company).bind(key).fetch_optional(db).await? else { return Ok(None) };
    let status: i64 = row.try_get(2)?;
    let answer = match u16::try_from(status) {
        Ok(0) | Err(_) => None,
        Ok(status) => Some((status, sealing.open(Purpose::Answer, key, &row.try_get::<Vec<u8>, _>(3)?)?)),
    };
    Ok(Some(Known { asked: row.try_get(0)?, content: row.try_get(1)?, answer }))
}

/// Keeps an answer. Whoever began at that time wrote it; what was taken over meanwhile stays the other's.
pub async fn finish(
    tx: &mut Tx<'_>,
    company: &str,
    sealing: &CompanyKey,
    key: &str,
    begun_at: i64,
    (status, body): (u16, &[u8]),
) -> Result<()> {
    let sealed = sealing.seal(Purpose::Answer, key, body);
    sqlx::query(FINISH).bind(i64::from(status)).bind(sealed).bind(company).bind(key).bind(begun_at).execute(tx.db()).await?;
    Ok(())
}

/// Forgets a request that came to nothing, so that the same key may try again.
pub async fn give_up(tx: &mut Tx<'_>, company: &str, key: &str, begun_at: i64) -> Result<()> {
    sqlx::query(GIVE_UP).bind(company).bind(key).bind(begun_at).execute(tx.db()).await?;
    Ok(())
}

/// Forgets answers that were begun before a time: business time, Unix milliseconds.
pub async fn forget(tx: &mut Tx<'_>, company: &str, before: i64) -> Result<u64> {
    Ok(sqlx::query(FORGET).bind(company).bind(before).execute(tx.db()).await?.rows_affected())
}
