//! What arrived and concerns nobody that we know: kept for a person, never dropped. It belongs to no company.

use sqlx::AnyConnection;

use crate::error::Result;
use crate::store::writer::Tx;

const KEEP: &str = "INSERT INTO stray (company_id, digest, door, content, why, at) VALUES ('', $1, $2, $3, $4, $5) \
    ON CONFLICT (company_id, digest) DO NOTHING";
const COUNT: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM stray WHERE company_id = ''";

/// Something that arrived, and why nobody could be found whom it concerns.
#[derive(Debug, Clone)]
pub struct Stray {
    /// SHA-256 of the bytes as they came.
    pub digest: String,
    /// The door that it came through, such as `bounces`.
    pub door: &'static str,
    /// The bytes as they came.
    pub content: Vec<u8>,
    /// For the person who looks at it.
    pub why: String,
    /// Business time, Unix milliseconds.
    pub at: i64,
}

/// Keeps a stray; the same bytes again change nothing.
pub async fn keep(tx: &mut Tx<'_>, stray: &Stray) -> Result<()> {
    sqlx::query(KEEP)
        .bind(&stray.digest)
        .bind(stray.door)
        .bind(stray.content.clone())
        .bind(&stray.why)
        .bind(stray.at)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// How many strays wait for a person.
pub async fn count(db: &mut AnyConnection) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(db).await?)
}
