//! How far banks' files told of an account: what did not happen is only known of days that were told of.

use jiff::civil::Date;

use crate::error::Result;
use crate::store::writer::Tx;

const HEARD: &str = "INSERT INTO account_told (company_id, account, until_on, silence_on) VALUES ($1, $2, $3, '-') \
    ON CONFLICT (company_id, account) DO UPDATE SET until_on = excluded.until_on WHERE account_told.until_on < excluded.until_on";
const SILENT: &str = "INSERT INTO account_told (company_id, account, until_on, silence_on) VALUES ($1, $2, '', '') \
    ON CONFLICT (company_id, account) DO UPDATE SET silence_on = account_told.until_on \
    WHERE account_told.silence_on <> account_told.until_on";

/// Notes that a file told of a company's account until this day. An earlier one changes nothing.
pub async fn heard(tx: &mut Tx<'_>, company: &str, account: &str, until: Date) -> Result<()> {
    sqlx::query(HEARD).bind(company).bind(account).bind(until.to_string()).execute(tx.db()).await?;
    Ok(())
}

/// Notes that a person is told of an account of which no file tells. Answers whether that was not said before of this silence.
pub async fn note_silence(tx: &mut Tx<'_>, company: &str, account: &str) -> Result<bool> {
    Ok(sqlx::query(SILENT).bind(company).bind(account).execute(tx.db()).await?.rows_affected() == 1)
}
