//! E-mail addresses that are not written to again until a person says so.

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::Result;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO suppression (company_id, address_digest, sealed, since) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (company_id, address_digest) DO NOTHING";
const FIND: &str = "SELECT address_digest, sealed FROM suppression WHERE company_id = $1 AND address_digest = $2";
const ALL: &str = "SELECT address_digest, sealed FROM suppression WHERE company_id = $1 ORDER BY since, address_digest LIMIT $2";
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
    let digest = digest(key, &suppressed.address);
    let sealed = key.seal_json(Purpose::Suppression, &digest, suppressed)?;
    sqlx::query(INSERT).bind(company).bind(digest).bind(sealed).bind(now).execute(tx.db()).await?;
    Ok(())
}

/// Whether an address is suppressed, and why.
pub async fn find(db: &mut AnyConnection, company: &str, key: &CompanyKey, address: &str) -> Result<Option<Suppressed>> {
    let row = sqlx::query(FIND).bind(company).bind(digest(key, address)).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// All suppressed addresses of a company.
pub async fn all(db: &mut AnyConnection, company: &str, key: &CompanyKey) -> Result<Vec<Suppressed>> {
    let rows = sqlx::query(ALL).bind(company).bind(LISTED).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// Lets an address be written to again.
pub async fn lift(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, address: &str) -> Result<bool> {
    let lifted = sqlx::query(LIFT).bind(company).bind(digest(key, address)).execute(tx.db()).await?;
    Ok(lifted.rows_affected() == 1)
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<Suppressed> {
    let (digest, sealed): (String, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
    key.open_json(Purpose::Suppression, digest, &sealed)
}

fn digest(key: &CompanyKey, address: &str) -> String {
    // Domains are case-insensitive, local parts are so in practice: one person, one entry.
    key.digest(&address.to_lowercase())
}
