//! Number series without gaps: the number is taken in the transaction that uses it, and given back with it where that fails.

use kvitt_domain::invoicing::numbering::Numbered;
use sqlx::AnyConnection;

use crate::error::Result;
use crate::store::writer::Tx;

// A series goes on after its last number, or at its start where that was moved ahead.
const TAKE: &str = "INSERT INTO counter (company_id, name, last) VALUES ($1, $2, $3) \
    ON CONFLICT (company_id, name) DO UPDATE SET last = CASE WHEN counter.last < $3 THEN $3 ELSE counter.last + 1 END RETURNING last";
const LAST: &str = "SELECT last FROM counter WHERE company_id = $1 AND name = $2";

/// The next number of a series that begins at `start`.
pub async fn take(tx: &mut Tx<'_>, company: &str, what: Numbered, start: i64) -> Result<i64> {
    Ok(sqlx::query_scalar(TAKE).bind(company).bind(name(what)).bind(start).fetch_one(tx.db()).await?)
}

/// The last number of a series that was taken; `None` before the first.
pub async fn last(db: &mut AnyConnection, company: &str, what: Numbered) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar(LAST).bind(company).bind(name(what)).fetch_optional(db).await?)
}

fn name(what: Numbered) -> String {
    format!("series {}", what.name())
}
