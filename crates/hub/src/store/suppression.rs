//! E-mail addresses that are not written to again until a person says so.

use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row};

use crate::error::Result;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO suppression (company_id, address_digest, sealed, since) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (company_id, address_digest) DO NOTHING";
const FIND: &str = "SELECT sealed FROM suppression WHERE company_id = $1 AND address_digest = $2";
const ALL: &str = "SELECT sealed FROM suppression WHERE company_id = $1 ORDER BY since, address_digest LIMIT $2";
const LIFT: &str = "DELETE FROM suppression WHERE company_id = $1 AND address_digest = $2";

/// Addresses that one list shows at most.
const LISTED: i64 = 10_000;

/// A suppressed address and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// The address, as it was written to.
    pub address: String,
    /// What the mail server said.
    pub why: String,
}

/// Suppresses an address; a second reason changes nothing.
pub async fn insert(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, suppressed: &Suppressed, now: i64) -> Result<()> {
    let sealed = key.seal_json(Purpose::Row, suppressed)?;
    sqlx::query(INSERT).bind(company).bind(digest(key, &suppressed.address)).bind(sealed).bind(now).execute(tx.db()).await?;
    Ok(())
}

/// Whether an address is suppressed, and why.
pub async fn find(db: &mut AnyConnection, company: &str, key: &CompanyKey, address: &str) -> Result<Option<Suppressed>> {
    let row = sqlx::query(FIND).bind(company).bind(digest(key, address)).fetch_optional(db).await?;
    row.map(|row| key.open_json(Purpose::Row, &row.try_get::<Vec<u8>, _>(0)?)).transpose()
}

/// All suppressed addresses of a company.
pub async fn all(db: &mut AnyConnection, company: &str, key: &CompanyKey) -> Result<Vec<Suppressed>> {
    let rows = sqlx::query(ALL).bind(company).bind(LISTED).fetch_all(db).await?;
    rows.iter().map(|row| key.open_json(Purpose::Row, &row.try_get::<Vec<u8>, _>(0)?)).collect()
}

/// Lets an address be written to again.
pub async fn lift(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, address: &str) -> Result<bool> {
    let lifted = sqlx::query(LIFT).bind(company).bind(digest(key, address)).execute(tx.db()).await?;
    Ok(lifted.rows_affected() == 1)
}

fn digest(key: &CompanyKey, address: &str) -> String {
    // Domains are case-insensitive, local parts are so in practice: one person, one entry.
    key.digest(&address.to_lowercase())
}
