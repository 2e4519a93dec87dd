//! The files that the operator hands in as data sender: which number each has, and for whom it is.
//!
//! The numbers are the house's: they are given once, whatever company a file is for.

use sqlx::AnyConnection;

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const NEXT: &str = "INSERT INTO house_counter (name, last) VALUES ('transmission', 1) \
    ON CONFLICT (name) DO UPDATE SET last = house_counter.last + 1 RETURNING last";
const LEAP: &str = "INSERT INTO house_counter (name, last) VALUES ('transmission', $1) \
    ON CONFLICT (name) DO UPDATE SET last = house_counter.last + $1";
const INSERT: &str = "INSERT INTO transmission (company_id, number, consignment_id) VALUES ($1, $2, $3)";
const OF_CONSIGNMENT: &str = "SELECT CAST(MIN(number) AS BIGINT) FROM transmission WHERE company_id = $1 AND consignment_id = $2";
const BY_NUMBER: &str = "SELECT company_id, consignment_id FROM transmission WHERE number = $1";

/// Gives a file of a consignment the next number of the house.
pub async fn give(tx: &mut Tx<'_>, company: &str, consignment: &str) -> Result<u32> {
    let number: i64 = sqlx::query_scalar(NEXT).fetch_one(tx.db()).await?;
    sqlx::query(INSERT).bind(company).bind(number).bind(consignment).execute(tx.db()).await?;
    u32::try_from(number).map_err(|_| Error::Damaged(format!("{number} is no number of a transmission")))
}

/// The number of the file that a consignment travels in: the first of its files. Later ones call some of it back.
pub async fn of_consignment(db: &mut AnyConnection, company: &str, consignment: &str) -> Result<Option<u32>> {
    let number: Option<i64> = sqlx::query_scalar(OF_CONSIGNMENT).bind(company).bind(consignment).fetch_one(db).await?;
    Ok(number.and_then(|number| u32::try_from(number).ok()))
}

/// The company and the consignment of the file with a number: what a bank says names nothing else.
pub async fn by_number(db: &mut AnyConnection, number: u32) -> Result<Option<(String, String)>> {
    Ok(sqlx::query_as(BY_NUMBER).bind(i64::from(number)).fetch_optional(db).await?)
}

/// Moves the house's numbers ahead, past what a hub that lived on after a backup may have used, also where it used the first.
pub async fn leap(tx: &mut Tx<'_>, by: i64) -> Result<()> {
    sqlx::query(LEAP).bind(by).execute(tx.db()).await?;
    Ok(())
}
