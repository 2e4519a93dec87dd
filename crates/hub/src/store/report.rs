//! What reports are made of: rows and sums of a company's documents, found by their days. Amounts of credit notes are below zero.

use jiff::civil::Date;
use kvitt_domain::invoice::Invoice;
use kvitt_domain::invoice::booked::Booked;
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::report::Days;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use crate::error::{Error, Result};
use crate::store::invoice::{Body, kind_name};
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INVOICES: &str = "SELECT i.invoice_id, i.issued_on, i.kind, i.number, i.buyer_name, i.project, i.currency, i.net_minor, i.vat_minor, \
    i.total_minor, i.due_on, COALESCE(c.received_minor - c.reversed_minor - c.refunded_minor, 0) AS paid_minor, \
    CASE WHEN c.state IN ('open', 'claimed', 'part_paid', 'reversed', 'reopened') \
    THEN c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor ELSE 0 END AS left_minor, \
    COALESCE(c.state, '') AS money, d.state, \
    COALESCE((SELECT a.route FROM attempt a WHERE a.company_id = d.company_id AND a.delivery_id = d.delivery_id \
    ORDER BY a.number DESC LIMIT 1), '') AS route \
    FROM invoice i JOIN delivery d ON d.company_id = i.company_id AND d.invoice_id = i.invoice_id AND d.purpose = 'bill' \
    LEFT JOIN collection c ON c.company_id = i.company_id AND c.invoice_id = i.invoice_id \
    WHERE i.company_id = $1 AND i.issued_on >= $2 AND i.issued_on <= $3 AND (i.issued_on, i.invoice_id) > ($4, $5) \
    AND ($6 = '' OR i.project = $6) AND ($7 = '' OR i.customer = $7 OR i.customer_number = $7 OR i.customer_name LIKE $8) \
    ORDER BY i.issued_on, i.invoice_id LIMIT $9";
const INVOICE_SUMS: &str = "SELECT i.currency, CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(i.net_minor), 0) AS BIGINT), \
    CAST(COALESCE(SUM(i.vat_minor), 0) AS BIGINT), CAST(COALESCE(SUM(i.total_minor), 0) AS BIGINT), \
    CAST(COALESCE(SUM(c.received_minor - c.reversed_minor - c.refunded_minor), 0) AS BIGINT), \
    CAST(COALESCE(SUM(CASE WHEN c.state IN ('open', 'claimed', 'part_paid', 'reversed', 'reopened') \
    THEN c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor ELSE 0 END), 0) AS BIGINT) \
    FROM invoice i LEFT JOIN collection c ON c.company_id = i.company_id AND c.invoice_id = i.invoice_id \
    WHERE i.company_id = $1 AND i.issued_on >= $2 AND i.issued_on <= $3 AND ($4 = '' OR i.project = $4) \
    AND ($5 = '' OR i.customer = $5 OR i.customer_number = $5 OR i.customer_name LIKE $6) GROUP BY i.currency ORDER BY i.currency";
const INVOICE_MONTHS: &str = "SELECT SUBSTR(i.issued_on, 1, 7) AS month, CAST(COALESCE(SUM(i.net_minor), 0) AS BIGINT), \
    CAST(COALESCE(SUM(i.vat_minor), 0) AS BIGINT) FROM invoice i \
    WHERE i.company_id = $1 AND i.issued_on >= $2 AND i.issued_on <= $3 AND i.currency = $4 AND ($5 = '' OR i.project = $5) \
    AND ($6 = '' OR i.customer = $6 OR i.customer_number = $6 OR i.customer_name LIKE $7) GROUP BY month";
const VAT: &str = "SELECT code, category, percent, currency, CAST(COUNT(DISTINCT invoice_id) AS BIGINT), \
    CAST(SUM(CASE WHEN kind = 'credit_note' THEN 0 ELSE basis_minor END) AS BIGINT), \
    CAST(SUM(CASE WHEN kind = 'credit_note' THEN basis_minor ELSE 0 END) AS BIGINT), \
    CAST(SUM(vat_minor) AS BIGINT) FROM invoice_vat \
    WHERE company_id = $1 AND issued_on >= $2 AND issued_on <= $3 GROUP BY code, category, percent, currency \
    ORDER BY currency, code, category, percent";
const AGEING: &str = "SELECT i.customer, MAX(i.buyer_name), c.currency, CAST(COUNT(*) AS BIGINT), \
    CAST(SUM(CASE WHEN c.due_on < $2 THEN 0 ELSE c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor END) AS BIGINT), \
    CAST(SUM(CASE WHEN c.due_on < $2 AND c.due_on >= $3 THEN c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN c.due_on < $3 AND c.due_on >= $4 THEN c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN c.due_on < $4 AND c.due_on >= $5 THEN c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN c.due_on < $5 THEN c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor ELSE 0 END) AS BIGINT), \
    CAST(SUM(c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor) AS BIGINT) AS left_minor \
    FROM collection c JOIN invoice i ON i.company_id = c.company_id AND i.invoice_id = c.invoice_id \
    WHERE c.company_id = $1 AND c.state IN ('open', 'claimed', 'part_paid', 'reversed', 'reopened') AND (i.customer, c.currency) > ($6, $7) \
    AND c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor > 0 \
    GROUP BY i.customer, c.currency ORDER BY CASE WHEN $8 = 'largest' \
    THEN -SUM(c.payable_minor - c.received_minor + c.reversed_minor + c.refunded_minor - c.credited_minor) ELSE 0 END, i.customer, c.currency LIMIT $9";
// What was owed on a day that is past: what is owed now, or was settled only since, without what came and was credited after the day.
const AGEING_THEN: &str = "WITH due AS MATERIALIZED (SELECT i.customer, i.buyer_name, c.currency, c.due_on, c.payable_minor \
    - COALESCE((SELECT SUM(CASE WHEN p.flow IN ('in', 'came_back') THEN p.amount_minor ELSE -p.amount_minor END) FROM payment p \
    WHERE p.company_id = c.company_id AND p.invoice_id = c.invoice_id AND p.state = 'matched' AND p.booked_on <= $2), 0) \
    - COALESCE((SELECT SUM(k.amount_minor) FROM credit k JOIN invoice n ON n.company_id = k.company_id AND n.invoice_id = k.credit_note_id \
    WHERE k.company_id = c.company_id AND k.invoice_id = c.invoice_id AND n.issued_on <= $2), 0) AS left_minor \
    FROM collection c JOIN invoice i ON i.company_id = c.company_id AND i.invoice_id = c.invoice_id \
    WHERE c.company_id = $1 AND i.issued_on <= $2 AND (i.customer, c.currency) > ($6, $7) \
    AND (c.state IN ('open', 'claimed', 'part_paid', 'reversed', 'reopened') OR c.since > $10)) \
    SELECT customer, MAX(buyer_name), currency, CAST(COUNT(*) AS BIGINT), \
    CAST(SUM(CASE WHEN due_on < $2 THEN 0 ELSE left_minor END) AS BIGINT), \
    CAST(SUM(CASE WHEN due_on < $2 AND due_on >= $3 THEN left_minor ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN due_on < $3 AND due_on >= $4 THEN left_minor ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN due_on < $4 AND due_on >= $5 THEN left_minor ELSE 0 END) AS BIGINT), \
    CAST(SUM(CASE WHEN due_on < $5 THEN left_minor ELSE 0 END) AS BIGINT), \
    CAST(SUM(left_minor) AS BIGINT) FROM due WHERE left_minor > 0 GROUP BY customer, currency \
    ORDER BY CASE WHEN $8 = 'largest' THEN -SUM(left_minor) ELSE 0 END, customer, currency LIMIT $9";
const ROUTES: &str = "SELECT CAST((a.opened_at - $3) / 86400000 AS BIGINT) AS day, COALESCE(a.price_currency, '') AS currency, \
    CAST(COUNT(*) AS BIGINT), CAST(COUNT(a.price_minor) AS BIGINT), CAST(COALESCE(SUM(a.price_minor), 0) AS BIGINT), \
    CAST(SUM(CASE WHEN d.purpose = 'bill' THEN 1 ELSE 0 END) AS BIGINT) \
    FROM attempt a JOIN delivery d ON d.company_id = a.company_id AND d.delivery_id = a.delivery_id \
    WHERE a.company_id = $1 AND a.route = $2 AND a.opened_at >= $3 AND a.opened_at < $4 \
    AND a.word_name IN ('said_handed_over', 'said_delivered', 'said_seen', 'said_returned', 'said_in_doubt') GROUP BY day, currency";
const SHARES: &str = "WITH due AS MATERIALIZED (SELECT i.issued_on, c.due_on, \
    CASE WHEN c.due_on < $4 AND c.state NOT IN ('credited', 'closed') THEN 1 ELSE 0 END AS was_due, \
    CASE WHEN c.state IN ('paid', 'overpaid') AND c.payable_minor - c.credited_minor \
    <= COALESCE((SELECT SUM(CASE WHEN p.flow IN ('in', 'came_back') THEN p.amount_minor ELSE -p.amount_minor END) FROM payment p \
    WHERE p.company_id = c.company_id AND p.invoice_id = c.invoice_id AND p.state = 'matched' AND p.booked_on <= c.due_on), 0) \
    THEN 1 ELSE 0 END AS was_on_time, \
    COALESCE((SELECT a.route FROM attempt a WHERE a.company_id = d.company_id AND a.delivery_id = d.delivery_id \
    ORDER BY a.number DESC LIMIT 1), '') AS route \
    FROM invoice i JOIN delivery d ON d.company_id = i.company_id AND d.invoice_id = i.invoice_id AND d.purpose = 'bill' \
    LEFT JOIN collection c ON c.company_id = i.company_id AND c.invoice_id = i.invoice_id \
    WHERE i.company_id = $1 AND i.issued_on >= $2 AND i.issued_on <= $3) \
    SELECT SUBSTR(issued_on, 1, 7) AS month, route, CAST(COUNT(*) AS BIGINT), CAST(SUM(was_due) AS BIGINT), \
    CAST(SUM(CASE WHEN was_due = 1 THEN was_on_time ELSE 0 END) AS BIGINT) FROM due GROUP BY month, route ORDER BY month, route";
const UNNOTED: &str = "SELECT invoice_id, body FROM invoice WHERE company_id = $1 AND invoice_id > $2 AND net_minor IS NULL ORDER BY invoice_id LIMIT $3";
const NOTE: &str = "UPDATE invoice SET net_minor = $1, vat_minor = $2, total_minor = $3, customer = $4, customer_name = $5, \
    customer_number = $6, project = $7 WHERE company_id = $8 AND invoice_id = $9 AND net_minor IS NULL";

/// Which documents a report is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Of {
    /// By their own days (BT-2).
    pub days: Days,
    /// Only those with this project's number (BT-11); empty where all.
    pub project: String,
    /// Only those of customers with this number, or whose names begin so: folded; empty where all.
    pub customer: String,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// BT-2.
    pub issued_on: String,
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// BT-1.
    pub number: String,
    /// BT-44.
    pub buyer: String,
    /// BT-11; empty where there is none.
    pub project: String,
    /// What it adds to the sales, and what became of its money.
    pub sums: Sums,
    /// BT-9.
    pub due_on: Option<String>,
    /// Where its money stands; empty where it asks for none.
    pub money: String,
    /// Where its delivery stands.
    pub state: String,
    /// Its last route; empty where none was chosen.
    pub route: String,
}

/// Sums of documents in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// How many documents.
    pub count: i64,
    /// Without VAT.
    pub net: Amount,
    /// The VAT.
    pub vat: Amount,
    /// With VAT.
    pub total: Amount,
    /// What came in, without what went back.
    pub paid: Amount,
    /// What is still owed.
    pub left: Amount,
}

/// Sales and VAT of one code and rate in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The standard tax code; empty where none means the rate.
    pub code: String,
    /// UNTDID 5305.
    pub category: String,
    /// Percent; empty where there is none.
    pub percent: String,
    /// How many documents.
    pub count: i64,
    /// What invoices ask for, without VAT.
    pub sales: Amount,
    /// What credit notes take off: below zero.
    pub credited: Amount,
    /// The VAT of both.
    pub vat: Amount,
}

/// What a customer owes in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    /// By what the customer is known.
    pub customer: String,
    /// Their name.
    pub name: String,
    /// How many invoices.
    pub count: i64,
    /// What is not due, 1 to 30 days overdue, to 60, to 90, and more.
    pub by_age: [Amount; 5],
    /// All of it.
    pub left: Amount,
}

/// Of which day debts are, and how they are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aged {
    /// The day.
    pub on: Date,
    /// Where the day is past: its end, business time, Unix milliseconds.
    pub ended_at: Option<i64>,
    /// The largest first, or by customer.
    pub order: AgedOrder,
    /// The customer and currency that the page before ended with.
    pub after: (String, String),
}

/// In which order debts are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgedOrder {
    /// For whoever looks at one page.
    Largest,
    /// For whoever reads all pages.
    ByCustomer,
}

/// What one route carried on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// How many days after the first.
    pub day: i64,
    /// The currency of its price; empty where it has none.
    pub currency: String,
    /// How many times somebody took something.
    pub count: i64,
    /// How many of them have a price.
    pub priced: i64,
    /// Their prices together.
    pub cost_minor: i64,
    /// How many of them were documents, not notices.
    pub bills: i64,
}

/// Documents of one month and route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// `2026-11`.
    pub month: String,
    /// The route; empty where none was chosen.
    pub route: String,
    /// How many.
    pub count: i64,
    /// How many of them should have been paid by now.
    pub due: i64,
    /// How many of these were paid in time.
    pub on_time: i64,
}

/// At most `limit` documents after a cursor (day, id), by their days.
pub async fn invoices(db: &mut AnyConnection, company: &str, of: &Of, after: (&str, &str), limit: i64) -> Result<Vec<Entry>> {
    let query = sqlx::query(INVOICES).bind(company).bind(of.days.from.to_string()).bind(of.days.to.to_string());
    let query = query.bind(after.0).bind(after.1).bind(&of.project).bind(&of.customer).bind(beginning(&of.customer)).bind(limit);
    query.fetch_all(db).await?.iter().map(read_entry).collect()
}

/// Their sums by currency.
pub async fn invoice_sums(db: &mut AnyConnection, company: &str, of: &Of) -> Result<Vec<Sums>> {
    let query = sqlx::query(INVOICE_SUMS).bind(company).bind(of.days.from.to_string()).bind(of.days.to.to_string());
    let rows = query.bind(&of.project).bind(&of.customer).bind(beginning(&of.customer)).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let currency = currency(row.try_get(0)?)?;
            let amount = |place: usize| -> Result<Amount> { Ok(Amount::new(row.try_get(place)?, currency)) };
            Ok(Sums {
                count: row.try_get(1)?,
                net: amount(2)?,
                vat: amount(3)?,
                total: amount(4)?,
                paid: amount(5)?,
                left: amount(6)?,
            })
        })
        .collect()
}

/// Their net sums and VAT in one currency by month, such as `2026-11`.
pub async fn invoice_months(
    db: &mut AnyConnection,
    company: &str,
    of: &Of,
    currency: Currency,
) -> Result<Vec<(String, i64, i64)>> {
    let query = sqlx::query(INVOICE_MONTHS).bind(company).bind(of.days.from.to_string()).bind(of.days.to.to_string());
    let query = query.bind(currency.code()).bind(&of.project).bind(&of.customer).bind(beginning(&of.customer));
    query.fetch_all(db).await?.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// Sales and VAT of some days by code and rate.
pub async fn vat(db: &mut AnyConnection, company: &str, days: Days) -> Result<Vec<Rate>> {
    let rows = sqlx::query(VAT).bind(company).bind(days.from.to_string()).bind(days.to.to_string()).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let currency = currency(row.try_get(3)?)?;
            let amount = |place: usize| -> Result<Amount> { Ok(Amount::new(row.try_get(place)?, currency)) };
            Ok(Rate {
                code: row.try_get(0)?,
                category: row.try_get(1)?,
                percent: row.try_get(2)?,
                count: row.try_get(4)?,
                sales: amount(5)?,
                credited: amount(6)?,
                vat: amount(7)?,
            })
        })
        .collect()
}

/// What customers owe on a day: at most `limit` of them.
pub async fn ageing(db: &mut AnyConnection, company: &str, aged: &Aged, limit: i64) -> Result<Vec<Debt>> {
    let before = |days: i32| aged.on.checked_sub(jiff::Span::new().days(days)).unwrap_or(aged.on).to_string();
    let order = match aged.order {
        AgedOrder::Largest => "largest",
        AgedOrder::ByCustomer => "customer",
    };
    let sql = if aged.ended_at.is_some() { AGEING_THEN } else { AGEING };
    let query = sqlx::query(sql).bind(company).bind(aged.on.to_string()).bind(before(30)).bind(before(60)).bind(before(90));
    let query = query.bind(&aged.after.0).bind(&aged.after.1).bind(order).bind(limit);
    let query = match aged.ended_at {
        Some(at) => query.bind(at),
        None => query,
    };
    query.fetch_all(db).await?.iter().map(read_debt).collect()
}

/// What a route carried by days of 24 hours from a time on and before another: Unix milliseconds on the business clock.
pub async fn route(db: &mut AnyConnection, company: &str, route: &str, from: i64, until: i64) -> Result<Vec<Carried>> {
    let rows = sqlx::query(ROUTES).bind(company).bind(route).bind(from).bind(until).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            Ok(Carried {
                day: row.try_get(0)?,
                currency: row.try_get(1)?,
                count: row.try_get(2)?,
                priced: row.try_get(3)?,
                cost_minor: row.try_get(4)?,
                bills: row.try_get(5)?,
            })
        })
        .collect()
}

/// Documents of some days by month and route; what was due before `today` should have been paid.
pub async fn shares(db: &mut AnyConnection, company: &str, days: Days, today: Date) -> Result<Vec<Share>> {
    let query = sqlx::query(SHARES).bind(company).bind(days.from.to_string()).bind(days.to.to_string()).bind(today.to_string());
    let rows = query.fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            Ok(Share {
                month: row.try_get(0)?,
                route: row.try_get(1)?,
                count: row.try_get(2)?,
                due: row.try_get(3)?,
                on_time: row.try_get(4)?,
            })
        })
        .collect()
}

/// Documents whose sums were not noted, after one of them: at most so many, with their ids. One that cannot be read is `None`.
pub async fn unnoted(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    after: &str,
    limit: i64,
) -> Result<Vec<(String, Option<Invoice>)>> {
    let rows = sqlx::query(UNNOTED).bind(company).bind(after).bind(limit).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let (id, sealed): (String, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            // One damaged row does not take all reports down.
            let opened = key.open_compressed_json::<Body>(Purpose::Invoice, &id, &sealed);
            let opened = opened.inspect_err(|error| {
                tracing::error!(invoice = %id, error = error as &dyn std::error::Error, "a document cannot be read, and is in no report");
            });
            Ok((id, opened.ok().map(|body| body.invoice)))
        })
        .collect()
}

/// Notes the sums of a document that were not noted yet.
pub async fn note(tx: &mut Tx<'_>, company: &str, id: &str, document: &Invoice) -> Result<()> {
    let booked = document.booked();
    let noted = sqlx::query(NOTE)
        .bind(booked.net.minor())
        .bind(booked.vat.minor())
        .bind(booked.total.minor())
        .bind(&booked.customer)
        .bind(&booked.customer_name)
        .bind(&booked.customer_number)
        .bind(&booked.project)
        .bind(company)
        .bind(id)
        .execute(tx.db())
        .await?;
    if noted.rows_affected() == 1 { insert_rates(tx, company, id, document, &booked).await } else { Ok(()) }
}

/// Stores the VAT of a new document by code and rate.
pub(super) async fn insert_rates(tx: &mut Tx<'_>, company: &str, id: &str, document: &Invoice, booked: &Booked) -> Result<()> {
    if booked.rates.is_empty() {
        return Ok(());
    }
    // One statement for all of them: on a server each would be a journey of its own. Four values are the document's.
    let row = |place: usize| {
        let first = 5 + place * 6;
        let own: Vec<String> = (first..first + 6).map(|number| format!("${number}")).collect();
        format!("($1, $2, $3, {place}, $4, {})", own.join(", "))
    };
    let rows: Vec<String> = (0..booked.rates.len()).map(row).collect();
    let columns =
        "(company_id, issued_on, invoice_id, position, kind, code, category, percent, currency, basis_minor, vat_minor)";
    let sql = ["INSERT", "INTO invoice_vat", columns, "VALUES", &rows.join(", ")].join(" ");
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(company).bind(document.issued_on.to_string()).bind(id);
    query = query.bind(kind_name(document.kind));
    for rate in &booked.rates {
        query = query.bind(&rate.code).bind(&rate.category).bind(&rate.percent).bind(rate.basis.currency().code());
        query = query.bind(rate.basis.minor()).bind(rate.vat.minor());
    }
    query.execute(tx.db()).await?;
    Ok(())
}

/// What a name that begins so is like; nothing is, where nothing is sought. It is folded: no letter of it means anything.
fn beginning(folded: &str) -> String {
    if folded.is_empty() { String::new() } else { format!("{folded}%") }
}

fn currency(code: String) -> Result<Currency> {
    Currency::parse(&code).ok_or_else(|| Error::Damaged(format!("no currency is called {code}")))
}

fn read_entry(row: &AnyRow) -> Result<Entry> {
    let currency = currency(row.try_get("currency")?)?;
    let amount = |column: &str| -> Result<Amount> {
        let minor: Option<i64> = row.try_get(column)?;
        Ok(Amount::new(minor.unwrap_or(0), currency))
    };
    Ok(Entry {
        id: row.try_get("invoice_id")?,
        issued_on: row.try_get("issued_on")?,
        kind: row.try_get("kind")?,
        number: row.try_get("number")?,
        buyer: row.try_get("buyer_name")?,
        project: row.try_get("project")?,
        sums: Sums {
            count: 1,
            net: amount("net_minor")?,
            vat: amount("vat_minor")?,
            total: amount("total_minor")?,
            paid: amount("paid_minor")?,
            left: amount("left_minor")?,
        },
        due_on: row.try_get("due_on")?,
        money: row.try_get("money")?,
        state: row.try_get("state")?,
        route: row.try_get("route")?,
    })
}

fn read_debt(row: &AnyRow) -> Result<Debt> {
    let currency = currency(row.try_get(2)?)?;
    let amount = |place: usize| -> Result<Amount> { Ok(Amount::new(row.try_get(place)?, currency)) };
    Ok(Debt {
        customer: row.try_get(0)?,
        name: row.try_get(1)?,
        count: row.try_get(3)?,
        by_age: [amount(4)?, amount(5)?, amount(6)?, amount(7)?, amount(8)?],
        left: amount(9)?,
    })
}
