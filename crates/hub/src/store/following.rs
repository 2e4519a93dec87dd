//! Invoices as the pages that follow them list and count them: light rows, newest first, each page found by an index and a cursor.

use jiff::civil::Date;
use kvitt_domain::money::{Amount, Currency};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use crate::error::{Error, Result};

const NEWEST: &str = "SELECT i.invoice_id, i.kind, i.number, i.buyer_name, i.payable_minor, i.currency, i.issued_on, i.due_on, \
    d.state, COALESCE(c.state, '') AS money, i.accepted_at AS at, i.invoice_id AS id, \
    COALESCE((SELECT a.route FROM attempt a WHERE a.company_id = d.company_id AND a.delivery_id = d.delivery_id \
    ORDER BY a.number DESC LIMIT 1), '') AS route \
    FROM invoice i JOIN delivery d ON d.company_id = i.company_id AND d.invoice_id = i.invoice_id AND d.purpose = 'bill' \
    LEFT JOIN collection c ON c.company_id = i.company_id AND c.invoice_id = i.invoice_id \
    WHERE i.company_id = $1 AND (i.accepted_at, i.invoice_id) < ($2, $3) ORDER BY i.accepted_at DESC, i.invoice_id DESC LIMIT $4";
const IN_STATE: &str = "SELECT i.invoice_id, i.kind, i.number, i.buyer_name, i.payable_minor, i.currency, i.issued_on, i.due_on, \
    d.state, COALESCE(c.state, '') AS money, d.since AS at, d.delivery_id AS id, \
    COALESCE((SELECT a.route FROM attempt a WHERE a.company_id = d.company_id AND a.delivery_id = d.delivery_id \
    ORDER BY a.number DESC LIMIT 1), '') AS route \
    FROM delivery d JOIN invoice i ON i.company_id = d.company_id AND i.invoice_id = d.invoice_id \
    LEFT JOIN collection c ON c.company_id = i.company_id AND c.invoice_id = i.invoice_id \
    WHERE d.company_id = $1 AND d.state = $2 AND d.purpose = 'bill' AND (d.since, d.delivery_id) < ($3, $4) \
    ORDER BY d.since DESC, d.delivery_id DESC LIMIT $5";
const BY_ROUTE: &str = "SELECT i.invoice_id, i.kind, i.number, i.buyer_name, i.payable_minor, i.currency, i.issued_on, i.due_on, \
    d.state, COALESCE(c.state, '') AS money, t.opened_at AS at, t.attempt_id AS id, t.route \
    FROM attempt t JOIN delivery d ON d.company_id = t.company_id AND d.delivery_id = t.delivery_id AND d.purpose = 'bill' \
    JOIN invoice i ON i.company_id = d.company_id AND i.invoice_id = d.invoice_id \
    LEFT JOIN collection c ON c.company_id = i.company_id AND c.invoice_id = i.invoice_id \
    WHERE t.company_id = $1 AND t.route = $2 AND (t.opened_at, t.attempt_id) < ($3, $4) \
    ORDER BY t.opened_at DESC, t.attempt_id DESC LIMIT $5";
const ONE: &str = "SELECT i.invoice_id, i.kind, i.number, i.buyer_name, i.payable_minor, i.currency, i.issued_on, i.due_on, \
    d.state, COALESCE(c.state, '') AS money, i.accepted_at AS at, i.invoice_id AS id, \
    COALESCE((SELECT a.route FROM attempt a WHERE a.company_id = d.company_id AND a.delivery_id = d.delivery_id \
    ORDER BY a.number DESC LIMIT 1), '') AS route \
    FROM invoice i JOIN delivery d ON d.company_id = i.company_id AND d.invoice_id = i.invoice_id AND d.purpose = 'bill' \
    LEFT JOIN collection c ON c.company_id = i.company_id AND c.invoice_id = i.invoice_id \
    WHERE i.company_id = $1 AND i.invoice_id = $2";
const OF_AMOUNT: &str =
    "SELECT invoice_id FROM collection WHERE company_id = $1 AND payable_minor = $2 ORDER BY invoice_id LIMIT $3";
const STANDINGS: &str = "SELECT state, CAST(COUNT(*) AS BIGINT), MIN(since) FROM delivery \
    WHERE company_id = $1 AND purpose = 'bill' GROUP BY state";
const OWED: &str = "SELECT currency, CAST(COUNT(*) AS BIGINT), \
    CAST(SUM(payable_minor - received_minor + reversed_minor + refunded_minor - credited_minor) AS BIGINT), \
    CAST(SUM(CASE WHEN due_on < $2 THEN 1 ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN due_on < $2 THEN payable_minor - received_minor + reversed_minor + refunded_minor - credited_minor ELSE 0 END) AS BIGINT) \
    FROM collection WHERE company_id = $1 AND state IN ('open', 'claimed', 'part_paid', 'reversed', 'reopened') GROUP BY currency \
    ORDER BY currency";
const ROUTES: &str = "SELECT route, CAST((opened_at - $2) / $3 AS BIGINT) AS span, CAST(COUNT(*) AS BIGINT), \
    CAST(COALESCE(SUM(price_minor), 0) AS BIGINT), CAST(COUNT(price_minor) AS BIGINT) \
    FROM attempt WHERE company_id = $1 AND opened_at >= $2 GROUP BY route, span";
const ATTENTION: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM collection \
    WHERE company_id = $1 AND invoice_id > '' AND attention > 0 AND attention >= 2";
const PARKED_PAYMENTS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment WHERE company_id = $1 AND state = 'parked'";

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The invoice's id.
    pub id: String,
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// BT-1.
    pub number: String,
    /// BT-44.
    pub buyer: String,
    /// BT-115.
    pub payable: Amount,
    /// BT-2: an ISO date.
    pub issued_on: String,
    /// BT-9: an ISO date.
    pub due_on: Option<String>,
    /// The delivery's state.
    pub state: String,
    /// The route of its last attempt; empty where none is chosen.
    pub route: String,
    /// Where its money stands; empty where it asks for none.
    pub money: String,
    /// Where the page after this line begins.
    pub cursor: (i64, String),
}

/// Which invoices a page is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// All, by when they were accepted.
    All,
    /// Those whose delivery is in a state, by since when.
    State(String),
    /// Those that were tried by a route, by when.
    Route(String),
}

/// At most `limit` lines before a cursor, the newest first.
pub async fn page(db: &mut AnyConnection, company: &str, of: &Of, before: (i64, &str), limit: i64) -> Result<Vec<Line>> {
    let (at, id) = before;
    let rows = match of {
        Of::All => sqlx::query(NEWEST).bind(company).bind(at).bind(id).bind(limit).fetch_all(db).await?,
        Of::State(state) => sqlx::query(IN_STATE).bind(company).bind(state).bind(at).bind(id).bind(limit).fetch_all(db).await?,
        Of::Route(route) => sqlx::query(BY_ROUTE).bind(company).bind(route).bind(at).bind(id).bind(limit).fetch_all(db).await?,
    };
    rows.iter().map(read).collect()
}

/// The line of an invoice.
pub async fn one(db: &mut AnyConnection, company: &str, id: &str) -> Result<Option<Line>> {
    sqlx::query(ONE).bind(company).bind(id).fetch_optional(db).await?.map(|row| read(&row)).transpose()
}

/// Ids of invoices that ask for so much, in minor units of whatever currency: at most so many.
pub async fn of_amount(db: &mut AnyConnection, company: &str, minor: i64, limit: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(OF_AMOUNT).bind(company).bind(minor).bind(limit).fetch_all(db).await?)
}

/// How many bills are in a state, and since when the oldest: business time, Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The delivery's state.
    pub state: String,
    /// How many.
    pub count: i64,
    /// Since when.
    pub oldest_since: i64,
}

/// Bills by state.
pub async fn standings(db: &mut AnyConnection, company: &str) -> Result<Vec<Standing>> {
    let rows = sqlx::query(STANDINGS).bind(company).fetch_all(db).await?;
    rows.iter()
        .map(|row| Ok(Standing { state: row.try_get(0)?, count: row.try_get(1)?, oldest_since: row.try_get(2)? }))
        .collect()
}

/// What is owed in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// Of so many invoices.
    pub count: i64,
    /// So much.
    pub left: Amount,
    /// So many of them should have been paid.
    pub overdue: i64,
    /// So much of it.
    pub overdue_left: Amount,
}

/// What is owed by currency; what was due before `today` is overdue.
pub async fn owed(db: &mut AnyConnection, company: &str, today: Date) -> Result<Vec<Owed>> {
    let rows = sqlx::query(OWED).bind(company).bind(today.to_string()).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let currency = currency(row.try_get(0)?)?;
            Ok(Owed {
                count: row.try_get(1)?,
                left: Amount::new(row.try_get(2)?, currency),
                overdue: row.try_get(3)?,
                overdue_left: Amount::new(row.try_get(4)?, currency),
            })
        })
        .collect()
}

/// What went one way in one span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The route.
    pub route: String,
    /// Which span: 0 is the first.
    pub span: i64,
    /// How many attempts.
    pub count: i64,
    /// What they cost together, minor units of the price book's currency.
    pub price_minor: i64,
    /// How many of them have a price.
    pub priced: i64,
}

/// Attempts since a time, by route and by spans of so many milliseconds.
pub async fn routes(db: &mut AnyConnection, company: &str, since: i64, span_ms: i64) -> Result<Vec<Sent>> {
    let rows = sqlx::query(ROUTES).bind(company).bind(since).bind(span_ms).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            Ok(Sent {
                route: row.try_get(0)?,
                span: row.try_get(1)?,
                count: row.try_get(2)?,
                price_minor: row.try_get(3)?,
                priced: row.try_get(4)?,
            })
        })
        .collect()
}

/// How many invoices' money needs a person, and how many payments are parked.
pub async fn money_waiting(db: &mut AnyConnection, company: &str) -> Result<(i64, i64)> {
    let cases = sqlx::query_scalar(ATTENTION).bind(company).fetch_one(&mut *db).await?;
    Ok((cases, sqlx::query_scalar(PARKED_PAYMENTS).bind(company).fetch_one(db).await?))
}

fn currency(code: String) -> Result<Currency> {
    Currency::parse(&code).ok_or_else(|| Error::Damaged(format!("no currency is called {code}")))
}

fn read(row: &AnyRow) -> Result<Line> {
    Ok(Line {
        id: row.try_get("invoice_id")?,
        kind: row.try_get("kind")?,
        number: row.try_get("number")?,
        buyer: row.try_get("buyer_name")?,
        payable: Amount::new(row.try_get("payable_minor")?, currency(row.try_get("currency")?)?),
        issued_on: row.try_get("issued_on")?,
        due_on: row.try_get("due_on")?,
        state: row.try_get("state")?,
        route: row.try_get("route")?,
        money: row.try_get("money")?,
        cursor: (row.try_get("at")?, row.try_get("id")?),
    })
}
