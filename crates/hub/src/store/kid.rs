//! KIDs that were made here: for each bank account every one of them, so that none is made twice, and the number that the next one
//! begins with. A KID that a sender made himself stands with his invoice ([`crate::store::collection`]).

use kvitt_domain::identifiers::Kid;
use sqlx::AnyConnection;

use crate::error::Result;
use crate::store::writer::Tx;

const INSERT: &str = "INSERT INTO kid (company_id, account, kid, customer, invoice, made_at) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (company_id, account, kid) DO NOTHING";
const IS_MADE: &str = "SELECT kid FROM kid WHERE company_id = $1 AND account = $2 AND kid = $3";
const NEXT: &str = "INSERT INTO counter (company_id, name, last) VALUES ($1, $2, 1) \
    ON CONFLICT (company_id, name) DO UPDATE SET last = counter.last + 1 RETURNING last";
const MOVE_ON: &str = "UPDATE counter SET last = $1 WHERE company_id = $2 AND name = $3 AND last < $1";

/// A KID that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The account, by its key.
    pub account: String,
    /// The KID.
    pub kid: Kid,
    /// The number in its customer part.
    pub customer: u64,
    /// The number in its invoice part.
    pub invoice: u64,
}

/// Notes that a KID was made. Answers whether it is the first time.
pub async fn insert(tx: &mut Tx<'_>, company: &str, made: &Made, now: i64) -> Result<bool> {
    let inserted = sqlx::query(INSERT)
        .bind(company)
        .bind(&made.account)
        .bind(made.kid.as_str())
        .bind(i64::try_from(made.customer).unwrap_or(i64::MAX))
        .bind(i64::try_from(made.invoice).unwrap_or(i64::MAX))
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Whether a KID was made here.
pub async fn is_made(db: &mut AnyConnection, company: &str, account: &str, kid: &str) -> Result<bool> {
    let made: Option<String> = sqlx::query_scalar(IS_MADE).bind(company).bind(account).bind(kid).fetch_optional(db).await?;
    Ok(made.is_some())
}

/// The next number for the invoice part of an account's KIDs: 1, 2, 3…
pub async fn next(tx: &mut Tx<'_>, company: &str, account: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(NEXT).bind(company).bind(counter(account)).fetch_one(tx.db()).await?)
}

/// Lets the numbers of an account go on after this one.
pub async fn move_on(tx: &mut Tx<'_>, company: &str, account: &str, last: i64) -> Result<()> {
    sqlx::query(MOVE_ON).bind(last).bind(company).bind(counter(account)).execute(tx.db()).await?;
    Ok(())
}

fn counter(account: &str) -> String {
    format!("kid {account}")
}
