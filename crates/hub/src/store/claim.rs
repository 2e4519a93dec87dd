//! Claims: what each attempt by AvtaleGiro debits, from the choice of the route until the rail has it no longer.
//!
//! Two open claims of a company that the rail cannot tell apart cannot be stored: the second insert is a conflict.

use jiff::civil::Date;
use kvitt_domain::Currency;
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::claim::Claim;
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::money::Amount;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const INSERT: &str = "INSERT INTO claim (company_id, attempt_id, invoice_id, bank_account, kid, due_on, amount_minor, way, state, told, why, \
    opened_at, closed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', '', '', $9, 0)";
const OF_ATTEMPT: &str = "SELECT attempt_id, invoice_id, bank_account, kid, due_on, amount_minor, way, state, told, closed_at \
    FROM claim WHERE company_id = $1 AND attempt_id = $2";
const OPEN_LIKE: &str = "SELECT invoice_id FROM claim WHERE company_id = $1 AND bank_account = $2 AND kid = $3 AND due_on = $4 \
    AND amount_minor = $5 AND state = 'open'";
const OPEN_FOR: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM claim WHERE company_id = $1 AND invoice_id = $2 AND state = 'open'";
const IN_CONSIGNMENT: &str = "SELECT c.attempt_id FROM consignment_member m JOIN claim c \
    ON c.company_id = m.company_id AND c.attempt_id = m.attempt_id \
    WHERE m.company_id = $1 AND m.consignment_id = $2 AND c.kid = $3 AND c.due_on = $4 AND c.amount_minor = $5";
const CLOSE: &str =
    "UPDATE claim SET state = 'closed', why = $1, closed_at = $2 WHERE company_id = $3 AND attempt_id = $4 AND state = 'open'";
const TOLD: &str = "UPDATE claim SET told = $1 WHERE company_id = $2 AND attempt_id = $3";
const CLOSED_FOR: &str = "SELECT bank_account, CAST(COUNT(*) AS BIGINT), CAST(MAX(closed_at) AS BIGINT) FROM claim \
    WHERE company_id = $1 AND why = $2 AND closed_at >= $3 GROUP BY bank_account ORDER BY bank_account";

/// A claim as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredClaim {
    /// The attempt that makes it.
    pub attempt: AttemptId,
    /// The invoice that it debits.
    pub invoice: String,
    /// What it is to the rail.
    pub claim: Claim,
    /// Whether the rail has it, or may get it.
    pub is_open: bool,
    /// Whether it was decided how its payer is told.
    pub is_told: bool,
    /// When it was closed: business time, Unix milliseconds; 0 while it is open.
    pub closed_at: i64,
}

/// Claims that were closed for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedFor {
    /// The company's bank account.
    pub bank_account: String,
    /// How many.
    pub claims: i64,
    /// The last one: business time, Unix milliseconds.
    pub last_at: i64,
}

/// Stores a new claim. Where the rail could not tell it from one that is open, this is a conflict.
pub async fn insert(tx: &mut Tx<'_>, company: &str, attempt: AttemptId, invoice: &str, claim: &Claim, now: i64) -> Result<()> {
    sqlx::query(INSERT)
        .bind(company)
        .bind(attempt.to_string())
        .bind(invoice)
        .bind(&claim.bank_account)
        .bind(&claim.kid)
        .bind(claim.due_on.to_string())
        .bind(claim.amount.minor())
        .bind(claim.way.name())
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The claim of an attempt, where it makes one.
pub async fn of_attempt(db: &mut AnyConnection, company: &str, attempt: AttemptId) -> Result<Option<StoredClaim>> {
    let row = sqlx::query(OF_ATTEMPT).bind(company).bind(attempt.to_string()).fetch_optional(db).await?;
    row.map(|row| read(&row)).transpose()
}

/// The invoice of the open claim that the rail could not tell from this one.
pub async fn open_like(db: &mut AnyConnection, company: &str, claim: &Claim) -> Result<Option<String>> {
    let query = sqlx::query_scalar(OPEN_LIKE)
        .bind(company)
        .bind(&claim.bank_account)
        .bind(&claim.kid)
        .bind(claim.due_on.to_string())
        .bind(claim.amount.minor());
    Ok(query.fetch_optional(db).await?)
}

/// Whether an invoice has an open claim.
pub async fn is_open_for(db: &mut AnyConnection, company: &str, invoice: &str) -> Result<bool> {
    let open: i64 = sqlx::query_scalar(OPEN_FOR).bind(company).bind(invoice).fetch_one(db).await?;
    Ok(open > 0)
}

/// The attempt of a lot that makes a claim: by what a bank names it with, its amount in øre.
pub async fn in_consignment(
    db: &mut AnyConnection,
    company: &str,
    consignment: &str,
    kid: &str,
    due_on: Date,
    amount_ore: i64,
) -> Result<Option<AttemptId>> {
    let query =
        sqlx::query_scalar(IN_CONSIGNMENT).bind(company).bind(consignment).bind(kid).bind(due_on.to_string()).bind(amount_ore);
    let found: Option<String> = query.fetch_optional(db).await?;
    found.map(|id| attempt_id(&id)).transpose()
}

/// Closes an open claim, for the reason with this code. `false` where none was open.
pub async fn close(tx: &mut Tx<'_>, company: &str, attempt: AttemptId, why: &str, now: i64) -> Result<bool> {
    let closed = sqlx::query(CLOSE).bind(why).bind(now).bind(company).bind(attempt.to_string()).execute(tx.db()).await?;
    Ok(closed.rows_affected() == 1)
}

/// Notes that it is decided how the payer of a claim is told.
pub async fn note_told(tx: &mut Tx<'_>, company: &str, attempt: AttemptId) -> Result<()> {
    sqlx::query(TOLD).bind("decided").bind(company).bind(attempt.to_string()).execute(tx.db()).await?;
    Ok(())
}

/// The claims that were closed for a reason since a time, by bank account.
pub async fn closed_for(db: &mut AnyConnection, company: &str, why: &str, since: i64) -> Result<Vec<ClosedFor>> {
    let rows = sqlx::query(CLOSED_FOR).bind(company).bind(why).bind(since).fetch_all(db).await?;
    rows.iter()
        .map(|row| Ok(ClosedFor { bank_account: row.try_get(0)?, claims: row.try_get(1)?, last_at: row.try_get(2)? }))
        .collect()
}

fn read(row: &AnyRow) -> Result<StoredClaim> {
    let (id, way, due_on): (String, String, String) = (row.try_get("attempt_id")?, row.try_get("way")?, row.try_get("due_on")?);
    let (state, told): (String, String) = (row.try_get("state")?, row.try_get("told")?);
    let damaged = |what: &str| Error::Damaged(format!("the claim of attempt {id} has no {what}"));
    Ok(StoredClaim {
        attempt: attempt_id(&id)?,
        invoice: row.try_get("invoice_id")?,
        claim: Claim {
            bank_account: row.try_get("bank_account")?,
            kid: row.try_get("kid")?,
            due_on: due_on.parse().map_err(|_| damaged("due date"))?,
            amount: Amount::new(row.try_get("amount_minor")?, Currency::NOK),
            way: ClaimWay::ALL.into_iter().find(|known| known.name() == way).ok_or_else(|| damaged("way"))?,
        },
        is_open: state == "open",
        is_told: !told.is_empty(),
        closed_at: row.try_get("closed_at")?,
    })
}

fn attempt_id(id: &str) -> Result<AttemptId> {
    Ok(AttemptId(Uuid::parse_str(id).map_err(|_| Error::Damaged(format!("{id} is no attempt's id")))?))
}
