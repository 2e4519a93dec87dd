//! Agreements and how they came about. What may happen to one is `kvitt_domain::agreement::course`'s to say; what was said to
//! counterparties about it stands in the log that [`crate::store::consignment`] keeps, under the agreement's id.

use kvitt_domain::agreement::course::{Course, Subject};
use kvitt_domain::agreement::{Agreement, AgreementKind};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO agreement_course (company_id, agreement_id, kind, bank_account, state, course, changed_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, 1)";
const SAVE: &str = "UPDATE agreement_course SET state = $1, course = $2, changed_at = $3, version = version + 1 \
    WHERE company_id = $4 AND agreement_id = $5 AND version = $6";
const BY_ID: &str =
    "SELECT agreement_id, course, changed_at, version FROM agreement_course WHERE company_id = $1 AND agreement_id = $2";
const OF: &str = "SELECT agreement_id, course, changed_at, version FROM agreement_course \
    WHERE company_id = $1 AND kind = $2 AND bank_account = $3";
const ALL: &str = "SELECT agreement_id, course, changed_at, version FROM agreement_course WHERE company_id = $1 ORDER BY kind DESC, bank_account LIMIT $2";
const RECORDED_BEFORE: &str = "SELECT a.agreement FROM agreement a WHERE a.company_id = $1 AND NOT EXISTS \
    (SELECT 1 FROM agreement_course c WHERE c.company_id = $1 AND c.kind = a.kind AND c.bank_account = a.account) ORDER BY a.kind, a.account";

/// Agreements of one company that are read at most: it has one for each bank account.
const MOST: i64 = 1_000;

/// An agreement as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAgreement {
    /// UUIDv7 text.
    pub id: String,
    /// Where it stands.
    pub course: Course,
    /// When it was last changed: business time, Unix milliseconds.
    pub changed_at: i64,
    /// Its version.
    pub version: i64,
}

/// Stores a new agreement. The company must have none of the kind for the account.
pub async fn insert(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, id: &str, course: &Course, now: i64) -> Result<()> {
    sqlx::query(INSERT)
        .bind(company)
        .bind(id)
        .bind(course.kind().name())
        .bind(course.subject.account().unwrap_or_default())
        .bind(course.state.name())
        .bind(key.seal_json(Purpose::Agreement, id, course)?)
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// Saves what became of an agreement, where nobody else has changed it since it was read.
pub async fn save(
    tx: &mut Tx<'_>,
    company: &str,
    key: &CompanyKey,
    before: &StoredAgreement,
    after: &Course,
    now: i64,
) -> Result<()> {
    let saved = sqlx::query(SAVE)
        .bind(after.state.name())
        .bind(key.seal_json(Purpose::Agreement, &before.id, after)?)
        .bind(now)
        .bind(company)
        .bind(&before.id)
        .bind(before.version)
        .execute(tx.db())
        .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// The agreement with an id.
pub async fn by_id(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: &str) -> Result<StoredAgreement> {
    let row = sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()?.ok_or_else(|| Error::NotFound("the agreement".into()))
}

/// The agreement of a kind, for the account where it is for one.
pub async fn of(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    kind: AgreementKind,
    account: &str,
) -> Result<Option<StoredAgreement>> {
    let row = sqlx::query(OF).bind(company).bind(kind.name()).bind(account).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// All agreements of a company, the main one first.
pub async fn all(db: &mut AnyConnection, company: &str, key: &CompanyKey) -> Result<Vec<StoredAgreement>> {
    let rows = sqlx::query(ALL).bind(company).bind(MOST).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// A company's agreements as routes see them. `customer_unit` is the operator's, for what is said to the bank.
pub async fn as_routes_see(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    customer_unit: &str,
) -> Result<Vec<Agreement>> {
    let mut agreements = recorded_before(db, company).await?;
    agreements.extend(all(db, company, key).await?.iter().map(|stored| stored.course.agreement(customer_unit)));
    Ok(agreements)
}

/// The agreement as it was recorded before it had a course, for those that have none yet.
async fn recorded_before(db: &mut AnyConnection, company: &str) -> Result<Vec<Agreement>> {
    let texts: Vec<String> = sqlx::query_scalar(RECORDED_BEFORE).bind(company).fetch_all(db).await?;
    let read = |text: &String| serde_json::from_str(text).map_err(|cause| Error::Damaged(format!("an agreement: {cause}")));
    texts.iter().map(read).collect()
}

/// The settings of direct debit to an account, and the agreement that they stand in.
pub async fn direct_debit(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    account: &str,
) -> Result<Option<kvitt_domain::agreement::DirectDebit>> {
    let stored = of(db, company, key, AgreementKind::Avtalegiro, account).await?;
    Ok(stored.and_then(|stored| match stored.course.subject {
        Subject::Avtalegiro { debit, .. } => Some(debit),
        Subject::MainVendor => None,
    }))
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredAgreement> {
    let (id, sealed): (String, Vec<u8>) = (row.try_get("agreement_id")?, row.try_get("course")?);
    Ok(StoredAgreement {
        course: key.open_json(Purpose::Agreement, &id, &sealed)?,
        changed_at: row.try_get("changed_at")?,
        version: row.try_get("version")?,
        id,
    })
}
