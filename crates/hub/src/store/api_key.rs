//! Keys with which programs speak for a company: what they may do, and the digest of their secrets.

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const INSERT: &str = "INSERT INTO api_key (company_id, key_id, name, scopes, secret_digest, old_digest, old_until, made_at, made_by) \
    VALUES ($1, $2, $3, $4, $5, '', 0, $6, $7)";
const OF_COMPANY: &str = "SELECT key_id, name, scopes, secret_digest, old_digest, old_until, made_at, made_by, revoked_at \
    FROM api_key WHERE company_id = $1 ORDER BY key_id";
const BY_ID: &str = "SELECT key_id, name, scopes, secret_digest, old_digest, old_until, made_at, made_by, revoked_at \
    FROM api_key WHERE company_id = $1 AND key_id = $2";
const ROTATE: &str = "UPDATE api_key SET old_digest = secret_digest, old_until = $1, secret_digest = $2 \
    WHERE company_id = $3 AND key_id = $4 AND revoked_at IS NULL";
const REVOKE: &str = "UPDATE api_key SET revoked_at = $1 WHERE company_id = $2 AND key_id = $3 AND revoked_at IS NULL";

/// A key as it is shown: everything but its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// UUIDv7 text.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it may ask tokens for.
    pub scopes: Vec<String>,
    /// Business time, Unix milliseconds.
    pub made_at: i64,
    /// Who made it.
    pub made_by: String,
    /// When it was revoked: business time, Unix milliseconds.
    pub revoked_at: Option<i64>,
}

/// A key with the digests of its secrets.
#[derive(Debug, Clone)]
pub struct StoredKey {
    /// What may be shown.
    pub key: ApiKey,
    /// SHA-256 of the secret.
    pub secret_digest: String,
    /// SHA-256 of the secret before; empty where there is none.
    pub old_digest: String,
    /// How long the one before is taken: machine time, Unix milliseconds.
    pub old_until: i64,
}

/// Stores a new key.
pub async fn insert(tx: &mut Tx<'_>, company: &str, key: &ApiKey, secret_digest: &str) -> Result<()> {
    sqlx::query(INSERT)
        .bind(company)
        .bind(&key.id)
        .bind(&key.name)
        .bind(key.scopes.join(" "))
        .bind(secret_digest)
        .bind(key.made_at)
        .bind(&key.made_by)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The keys of a company, oldest first, revoked ones too.
pub async fn of_company(db: &mut AnyConnection, company: &str) -> Result<Vec<StoredKey>> {
    sqlx::query(OF_COMPANY).bind(company).fetch_all(db).await?.iter().map(read).collect()
}

/// A key of a company.
pub async fn by_id(db: &mut AnyConnection, company: &str, id: &str) -> Result<Option<StoredKey>> {
    sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await?.map(|row| read(&row)).transpose()
}

/// Gives a key a new secret; the one before is taken until a time. Answers whether there is such a key and it stands.
pub async fn rotate(tx: &mut Tx<'_>, company: &str, id: &str, secret_digest: &str, old_until: i64) -> Result<bool> {
    let made = sqlx::query(ROTATE).bind(old_until).bind(secret_digest).bind(company).bind(id).execute(tx.db()).await?;
    one(made.rows_affected())
}

/// Ends a key. Answers whether there is such a key and it stood.
pub async fn revoke(tx: &mut Tx<'_>, company: &str, id: &str, now: i64) -> Result<bool> {
    one(sqlx::query(REVOKE).bind(now).bind(company).bind(id).execute(tx.db()).await?.rows_affected())
}

fn one(rows: u64) -> Result<bool> {
    match rows {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::Conflict),
    }
}

fn read(row: &AnyRow) -> Result<StoredKey> {
    let scopes: String = row.try_get("scopes")?;
    Ok(StoredKey {
        key: ApiKey {
            id: row.try_get("key_id")?,
            name: row.try_get("name")?,
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            made_at: row.try_get("made_at")?,
            made_by: row.try_get("made_by")?,
            revoked_at: row.try_get("revoked_at")?,
        },
        secret_digest: row.try_get("secret_digest")?,
        old_digest: row.try_get("old_digest")?,
        old_until: row.try_get("old_until")?,
    })
}
