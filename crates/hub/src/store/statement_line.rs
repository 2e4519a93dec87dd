//! Lines of statements that wait for their payments: rows of the table `payment` whose file does not say which payments they are of, and
//! the sums that may account for them. They are looked at once for each file and account.

use jiff::civil::Date;
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::payment::Flow;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};

const SUM_OF_PARTS: &str = "SELECT \
    CAST(COALESCE(SUM(CASE WHEN flow IN ('in', 'came_back') THEN amount_minor ELSE -amount_minor END), 0) AS BIGINT), \
    CAST(COALESCE(SUM(CASE WHEN booked_on <> $5 THEN 0 WHEN flow IN ('in', 'came_back') THEN amount_minor ELSE -amount_minor END), 0) AS BIGINT) \
    FROM payment WHERE company_id = $1 AND account = $2 AND batch = $3 AND currency = $4 AND fit <> 'total' AND fit <> 'again'";
const WAITING_TOTALS: &str = "SELECT payment_id, file_digest, batch, amount_minor, currency, flow, booked_on FROM payment \
    WHERE company_id = $1 AND account = $2 AND booked_on >= $3 AND booked_on <= $4 AND fit = 'total' AND state = 'parked' \
    ORDER BY booked_on, payment_id LIMIT $5";
const TOTALS_TOLD: &str = "SELECT amount_minor FROM payment WHERE company_id = $1 AND account = $2 AND booked_on >= $3 \
    AND booked_on <= $3 AND fit = 'total' AND state = 'told_twice' AND flow = 'in' AND currency = 'NOK'";
const LINES_OF_DAY: &str = "SELECT CAST(SUM(CASE WHEN flow IN ('in', 'came_back') THEN amount_minor ELSE -amount_minor END) AS BIGINT) \
    FROM payment WHERE company_id = $1 AND account = $2 AND booked_on = $3 AND rail = 'camt' AND currency = 'NOK' AND kid IS NOT NULL \
    AND batch IS NOT NULL AND fit <> 'total' AND fit <> 'again' GROUP BY batch";
const OCR_SUMS: &str = "SELECT CAST(SUM(CASE WHEN flow IN ('in', 'came_back') THEN amount_minor ELSE -amount_minor END) AS BIGINT) \
    FROM payment WHERE company_id = $1 AND account = $2 AND booked_on = $3 AND rail = 'ocr' AND currency = 'NOK' GROUP BY file_digest";

/// Lines of statements that are looked at together at most, of those whose payments are not known.
const MOST: i64 = 10_000;

/// A line of a statement that waits for its payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The id of the payment that stands for it.
    pub id: String,
    /// SHA-256 of the file that told of it first.
    pub file: String,
    /// Our account.
    pub account: String,
    /// The bank's reference of it, where it has one.
    pub batch: Option<String>,
    /// What it does to our balance.
    pub net: Amount,
    /// When it was booked.
    pub booked_on: Date,
}

/// Whether the parts of a line that are here make up the line, all together or those of its day: a bank may use a reference again.
pub async fn has_all_parts(db: &mut AnyConnection, company: &str, line: &Waiting) -> Result<bool> {
    let Some(batch) = &line.batch else { return Ok(false) };
    let row = sqlx::query(SUM_OF_PARTS)
        .bind(company)
        .bind(&line.account)
        .bind(batch)
        .bind(line.net.currency().code())
        .bind(line.booked_on.to_string())
        .fetch_one(db)
        .await?;
    let (all, of_day): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok([all, of_day].contains(&line.net.minor()))
}

/// The lines of an account that wait for their payments, booked from one day to another: the first thousands of them.
pub async fn waiting(db: &mut AnyConnection, company: &str, account: &str, days: (Date, Date)) -> Result<Vec<Waiting>> {
    let query = sqlx::query(WAITING_TOTALS).bind(company).bind(account).bind(days.0.to_string()).bind(days.1.to_string());
    let rows = query.bind(MOST).fetch_all(db).await?;
    let damaged = |what: &str| Error::Damaged(format!("a line of a statement has no {what}"));
    let read = |row: &AnyRow| -> Result<Waiting> {
        let (currency, flow, day): (String, String, String) =
            (row.try_get("currency")?, row.try_get("flow")?, row.try_get("booked_on")?);
        let currency = Currency::parse(&currency).ok_or_else(|| damaged("currency"))?;
        let minor: i64 = row.try_get("amount_minor")?;
        let net = match Flow::named(&flow).ok_or_else(|| damaged("way"))? {
            Flow::In | Flow::CameBack => minor,
            Flow::Out | Flow::TakenBack => -minor,
        };
        Ok(Waiting {
            id: row.try_get("payment_id")?,
            file: row.try_get("file_digest")?,
            account: account.to_owned(),
            batch: row.try_get("batch")?,
            net: Amount::new(net, currency),
            booked_on: day.parse().map_err(|_| damaged("day"))?,
        })
    };
    rows.iter().map(read).collect()
}

/// What OCR giro told of an account's day, in øre: the sum of each file, then that of all where there are several. Less those that a
/// line of the statement was accounted for with already, and those whose line camt tells apart.
pub async fn ocr_sums(db: &mut AnyConnection, company: &str, account: &str, day: Date) -> Result<Vec<i64>> {
    let query = sqlx::query_scalar(OCR_SUMS).bind(company).bind(account).bind(day.to_string());
    let mut sums: Vec<i64> = query.fetch_all(&mut *db).await?;
    if sums.len() > 1 {
        sums.push(sums.iter().fold(0, |all, sum| all.saturating_add(*sum)));
    }
    let query = sqlx::query_scalar(TOTALS_TOLD).bind(company).bind(account).bind(day.to_string());
    let mut told: Vec<i64> = query.fetch_all(&mut *db).await?;
    let query = sqlx::query_scalar::<_, i64>(LINES_OF_DAY).bind(company).bind(account).bind(day.to_string());
    told.extend(query.fetch_all(db).await?);
    for known in told {
        if let Some(at) = sums.iter().position(|sum| *sum == known) {
            sums.remove(at);
        }
    }
    Ok(sums)
}
