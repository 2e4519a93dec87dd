//! Who is signed in. A session is found by the digest of its token; the token itself is in the person's browser and nowhere else.
//! All times are the machine's: moving business time signs nobody in or out.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::Result;
use crate::store::writer::Tx;

const INSERT: &str = "INSERT INTO session (token_digest, person_id, company_id, begun_at, seen_at) VALUES ($1, $2, $3, $4, $5)";
const BY_TOKEN: &str = "SELECT token_digest, person_id, company_id, begun_at, seen_at FROM session WHERE token_digest = $1";
const SEE: &str = "UPDATE session SET seen_at = $1 WHERE token_digest = $2 AND seen_at < $1";
const CHOOSE: &str = "UPDATE session SET company_id = $1 WHERE token_digest = $2";
const END: &str = "DELETE FROM session WHERE token_digest = $1";
const END_OTHERS: &str = "DELETE FROM session WHERE person_id = $1 AND token_digest <> $2";
const END_IN: &str = "DELETE FROM session WHERE person_id = $1 AND company_id = $2";
const FORGET: &str = "DELETE FROM session WHERE seen_at < $1 OR begun_at < $2";

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its token.
    pub digest: String,
    /// Who is signed in.
    pub person: String,
    /// The company whose pages they look at.
    pub company: String,
    /// When they signed in.
    pub begun_at: i64,
    /// When they were last seen, to a few minutes.
    pub seen_at: i64,
}

/// Begins a session.
pub async fn insert(tx: &mut Tx<'_>, session: &Session) -> Result<()> {
    sqlx::query(INSERT)
        .bind(&session.digest)
        .bind(&session.person)
        .bind(&session.company)
        .bind(session.begun_at)
        .bind(session.seen_at)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The session of a token's digest, however old it is.
pub async fn by_token(db: &mut AnyConnection, digest: &str) -> Result<Option<Session>> {
    sqlx::query(BY_TOKEN).bind(digest).fetch_optional(db).await?.map(|row| read(&row)).transpose()
}

/// Notes that somebody was seen.
pub async fn see(tx: &mut Tx<'_>, digest: &str, at: i64) -> Result<()> {
    sqlx::query(SEE).bind(at).bind(digest).execute(tx.db()).await?;
    Ok(())
}

/// Turns a session to another company.
pub async fn choose(tx: &mut Tx<'_>, digest: &str, company: &str) -> Result<()> {
    sqlx::query(CHOOSE).bind(company).bind(digest).execute(tx.db()).await?;
    Ok(())
}

/// Ends a session.
pub async fn end(tx: &mut Tx<'_>, digest: &str) -> Result<()> {
    sqlx::query(END).bind(digest).execute(tx.db()).await?;
    Ok(())
}

/// Ends every session of a person but one; an empty digest is none.
pub async fn end_others(tx: &mut Tx<'_>, person: &str, digest: &str) -> Result<u64> {
    Ok(sqlx::query(END_OTHERS).bind(person).bind(digest).execute(tx.db()).await?.rows_affected())
}

/// Ends the sessions of a person that look at a company.
pub async fn end_in(tx: &mut Tx<'_>, company: &str, person: &str) -> Result<u64> {
    Ok(sqlx::query(END_IN).bind(person).bind(company).execute(tx.db()).await?.rows_affected())
}

/// Forgets sessions that were last seen, or begun, before a time.
pub async fn forget(tx: &mut Tx<'_>, seen_before: i64, begun_before: i64) -> Result<u64> {
    Ok(sqlx::query(FORGET).bind(seen_before).bind(begun_before).execute(tx.db()).await?.rows_affected())
}

fn read(row: &AnyRow) -> Result<Session> {
    Ok(Session {
        digest: row.try_get("token_digest")?,
        person: row.try_get("person_id")?,
        company: row.try_get("company_id")?,
        begun_at: row.try_get("begun_at")?,
        seen_at: row.try_get("seen_at")?,
    })
}
