//! What is undone in a database that was put back from a backup: work that another hub may have done since.

use sqlx::AnyConnection;

use crate::error::Result;
use crate::store::job::Kind;
use crate::store::writer::Tx;

const DROP_JOBS: &str = "DELETE FROM job WHERE company_id = $1";
const FINISH: &str =
    "UPDATE consignment SET state = 'finished', version = version + 1 WHERE company_id = $1 AND state = 'closed'";
const OPEN_LOTS: &str = "SELECT consignment_id, route FROM consignment WHERE company_id = $1 AND state = 'open'";
// The series of a company's own documents have no gaps: what the other hub gave of them is for a person to say.
const LEAP: &str = "UPDATE counter SET last = last + $1 WHERE company_id = $2 AND name NOT LIKE 'series %'";
const BEGIN: &str = "INSERT INTO counter (company_id, name, last) VALUES ($1, $2, 0) ON CONFLICT (company_id, name) DO NOTHING";
const SUBJECTS: &str = "SELECT subject FROM job WHERE company_id = $1 AND kind = $2 ORDER BY subject";
const HELD: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM job WHERE lease <> '' AND lease_until > $1";

/// What a company's jobs of a kind are about.
pub async fn subjects(db: &mut AnyConnection, company: &str, kind: Kind) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(SUBJECTS).bind(company).bind(kind.name()).fetch_all(db).await?)
}

/// Drops all jobs of a company: nothing goes on by itself.
pub async fn drop_jobs(tx: &mut Tx<'_>, company: &str) -> Result<u64> {
    Ok(sqlx::query(DROP_JOBS).bind(company).execute(tx.db()).await?.rows_affected())
}

/// Notes of every closed lot that nothing more is to be said. What arrives for its members still enters its log.
pub async fn finish_closed_lots(tx: &mut Tx<'_>, company: &str) -> Result<()> {
    sqlx::query(FINISH).bind(company).execute(tx.db()).await?;
    Ok(())
}

/// The lots that are open: their ids and routes.
pub async fn open_lots(db: &mut AnyConnection, company: &str) -> Result<Vec<(String, String)>> {
    Ok(sqlx::query_as(OPEN_LOTS).bind(company).fetch_all(db).await?)
}

/// Moves every number series ahead: the hub that lived on used the numbers that come next here, and no number is used twice. `names` are
/// those that it may have begun.
pub async fn leap(tx: &mut Tx<'_>, company: &str, names: &[String], by: i64) -> Result<()> {
    for name in names {
        sqlx::query(BEGIN).bind(company).bind(name).execute(tx.db()).await?;
    }
    sqlx::query(LEAP).bind(by).bind(company).execute(tx.db()).await?;
    Ok(())
}

/// How many jobs somebody holds now, at machine time: more than none means that a hub works on this database.
pub async fn held(db: &mut AnyConnection, machine_now: i64) -> Result<i64> {
    Ok(sqlx::query_scalar(HELD).bind(machine_now).fetch_one(db).await?)
}
