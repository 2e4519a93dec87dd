//! What a company decided once for all its invoices: one row of settings.

use kvitt_domain::invoicing::settings::InvoicingSettings;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const SETTINGS: &str = "SELECT settings, version FROM invoicing WHERE company_id = $1";
const INSERT: &str = "INSERT INTO invoicing (company_id, settings, changed_at, version) VALUES ($1, $2, $3, 1) ON CONFLICT (company_id) DO NOTHING";
const SAVE: &str =
    "UPDATE invoicing SET settings = $1, changed_at = $2, version = version + 1 WHERE company_id = $3 AND version = $4";

/// A company's settings and their version: 0 where it never decided anything, and everything is as Kvitt begins.
pub async fn settings(db: &mut AnyConnection, company: &str) -> Result<(InvoicingSettings, i64)> {
    let Some(row) = sqlx::query(SETTINGS).bind(company).fetch_optional(db).await? else {
        return Ok((InvoicingSettings::default(), 0));
    };
    let settings: String = row.try_get("settings")?;
    let settings = serde_json::from_str(&settings)
        .map_err(|cause| Error::Damaged(format!("the invoicing settings of a company: {cause}")))?;
    Ok((settings, row.try_get("version")?))
}

/// Saves them in place of those with this version.
///
/// # Errors
/// [`Error::Conflict`] where somebody else saved them first.
pub async fn save(tx: &mut Tx<'_>, company: &str, settings: &InvoicingSettings, version: i64, now: i64) -> Result<()> {
    let json = serde_json::to_string(settings).map_err(|cause| Error::Damaged(format!("invoicing settings: {cause}")))?;
    let saved = match version {
        0 => sqlx::query(INSERT).bind(company).bind(json).bind(now).execute(tx.db()).await?,
        _ => sqlx::query(SAVE).bind(json).bind(now).bind(company).bind(version).execute(tx.db()).await?,
    };
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}
