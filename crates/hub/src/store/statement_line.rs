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
    ORDER BY booked_on, amount_minor DESC, payment_id LIMIT $5";
// Those whose parts are here were accounted for by them.
const TOTALS_TOLD: &str = "SELECT CASE WHEN flow IN ('in', 'came_back') THEN amount_minor ELSE -amount_minor END FROM payment AS line \
    WHERE company_id = $1 AND account = $2 AND booked_on >= $3 AND booked_on <= $3 AND fit = 'total' AND state = 'told_twice' \
    AND currency = 'NOK' AND NOT EXISTS (SELECT 1 FROM payment AS part WHERE part.company_id = $1 AND part.account = $2 \
    AND part.batch = line.batch AND part.fit <> 'total' AND part.fit <> 'again') ORDER BY at, payment_id";
const OCR_SUMS: &str = "SELECT CAST(SUM(CASE WHEN flow IN ('in', 'came_back') THEN amount_minor ELSE -amount_minor END) AS BIGINT) \
    FROM payment WHERE company_id = $1 AND account = $2 AND booked_on = $3 AND rail = 'ocr' AND currency = 'NOK' GROUP BY file_digest \
    ORDER BY MIN(at), file_digest";
// Without a reference nothing says which payments are of one line: all of a file may be, and so may each alone.
const LINES_OF_DAY: &str = "SELECT CAST(SUM(CASE WHEN flow IN ('in', 'came_back') THEN amount_minor ELSE -amount_minor END) AS BIGINT) \
    FROM payment WHERE company_id = $1 AND account = $2 AND booked_on = $3 AND rail = 'camt' AND currency = 'NOK' AND kid IS NOT NULL \
    AND fit <> 'total' AND fit <> 'again' GROUP BY COALESCE(batch, file_digest) HAVING COUNT(*) > 1 OR MAX(batch) IS NOT NULL";
const LINES_ALONE: &str = "SELECT CASE WHEN flow IN ('in', 'came_back') THEN amount_minor ELSE -amount_minor END \
    FROM payment WHERE company_id = $1 AND account = $2 AND booked_on = $3 AND rail = 'camt' AND currency = 'NOK' AND kid IS NOT NULL \
    AND fit <> 'total' AND fit <> 'again' AND batch IS NULL";

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

/// The lines of an account that wait for their payments, booked from one day to another: the first thousands of them, of each day those
/// of most money first.
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

/// What OCR giro told of an account's day, in øre.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OcrOfDay {
    /// The sum of each file, the one that came first first.
    pub sums: Vec<i64>,
    /// The lines of statements that were accounted for with them already, and those that camt tells apart.
    pub used_by: Vec<i64>,
}

/// What OCR giro told of an account's day, and what that accounts for already.
pub async fn ocr_of_day(db: &mut AnyConnection, company: &str, account: &str, day: Date) -> Result<OcrOfDay> {
    let mut read: Vec<Vec<i64>> = Vec::new();
    for statement in [OCR_SUMS, TOTALS_TOLD, LINES_OF_DAY, LINES_ALONE] {
        let query = sqlx::query_scalar(statement).bind(company).bind(account).bind(day.to_string());
        read.push(query.fetch_all(&mut *db).await?);
        if read[0].is_empty() {
            return Ok(OcrOfDay::default());
        }
    }
    let mut read = read.into_iter();
    let sums = read.next().unwrap_or_default();
    Ok(OcrOfDay { sums, used_by: read.flatten().collect() })
}
