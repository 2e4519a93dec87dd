//! What arrived, names an attempt of ours, and could not be understood: kept for a person, sealed with the company's key, and
//! for a while. What concerns nobody that we know is not here: it belongs to no company, and stays where it arrived.

use sqlx::AnyConnection;

use crate::error::Result;
use crate::store::writer::Tx;

const KNOWN: &str = "SELECT digest FROM stray WHERE company_id = $1 AND digest = $2";
const KEEP: &str = "INSERT INTO stray (company_id, digest, door, content, why, at) VALUES ($1, $2, $3, $4, $5, $6)";
const COUNT: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM stray";
const FORGET: &str = "DELETE FROM stray WHERE at < $1";

/// Strays that are kept at most. A mailbox that is flooded must not fill the database: beyond this they stay in the mailbox.
pub const MOST: i64 = 10_000;

/// Something that arrived, and why it could not be understood.
#[derive(Debug, Clone)]
pub struct Stray {
    /// The id of the company that it concerns.
    pub company: String,
    /// SHA-256 of the bytes as they came.
    pub digest: String,
    /// The door that it came through, such as `bounces`.
    pub door: &'static str,
    /// The bytes as they came, sealed.
    pub content: Vec<u8>,
    /// For the person who looks at it. It says nothing of what is in the bytes.
    pub why: String,
    /// Business time, Unix milliseconds.
    pub at: i64,
}

/// What became of a stray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept from now on.
    New,
    /// It was kept before.
    Known,
    /// There are [`MOST`] already.
    NoRoom,
}

/// Keeps a stray; the same bytes again change nothing.
pub async fn keep(tx: &mut Tx<'_>, stray: &Stray) -> Result<Kept> {
    let known: Option<String> =
        sqlx::query_scalar(KNOWN).bind(&stray.company).bind(&stray.digest).fetch_optional(tx.db()).await?;
    if known.is_some() {
        return Ok(Kept::Known);
    }
    if count(tx.db()).await? >= MOST {
        return Ok(Kept::NoRoom);
    }
    sqlx::query(KEEP)
        .bind(&stray.company)
        .bind(&stray.digest)
        .bind(stray.door)
        .bind(stray.content.clone())
        .bind(&stray.why)
        .bind(stray.at)
        .execute(tx.db())
        .await?;
    Ok(Kept::New)
}

/// How many strays wait for a person, of all companies.
pub async fn count(db: &mut AnyConnection) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(db).await?)
}

/// Forgets the strays that came before a time. Answers how many.
pub async fn forget(tx: &mut Tx<'_>, before: i64) -> Result<u64> {
    Ok(sqlx::query(FORGET).bind(before).execute(tx.db()).await?.rows_affected())
}
