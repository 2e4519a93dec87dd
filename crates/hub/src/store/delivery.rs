//! Deliveries, their plans and their attempts.

use kvitt_domain::delivery::{AttemptId, Delivery, Purpose, Word};
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::plan::Plan;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose as Sealing};

const INSERT: &str = "INSERT INTO delivery (company_id, delivery_id, invoice_id, purpose, state, machine, since, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, 1)";
const BY_ID: &str =
    "SELECT delivery_id, invoice_id, purpose, machine, since, version FROM delivery WHERE company_id = $1 AND delivery_id = $2";
const OF_INVOICE: &str = "SELECT delivery_id, invoice_id, purpose, machine, since, version FROM delivery \
    WHERE company_id = $1 AND invoice_id = $2 AND purpose = $3";
const SAVE: &str = "UPDATE delivery SET state = $1, machine = $2, since = $3, version = version + 1 \
    WHERE company_id = $4 AND delivery_id = $5 AND version = $6";
const COUNT: &str = "SELECT state, CAST(COUNT(*) AS BIGINT) FROM delivery WHERE company_id = $1 GROUP BY state";
const IN_STATE: &str = "SELECT delivery_id, invoice_id, purpose, machine, since, version FROM delivery \
    WHERE company_id = $1 AND state = $2 ORDER BY since, delivery_id LIMIT $3";
const NEXT_PLAN: &str =
    "SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM plan WHERE company_id = $1 AND delivery_id = $2";
const INSERT_PLAN: &str = "INSERT INTO plan (company_id, delivery_id, number, made_at, record) VALUES ($1, $2, $3, $4, $5)";
const PLANS: &str = "SELECT number, record FROM plan WHERE company_id = $1 AND delivery_id = $2 ORDER BY number";
const INSERT_ATTEMPT: &str = "INSERT INTO attempt (company_id, attempt_id, delivery_id, invoice_id, number, route, price_minor, \
    price_currency, give_up_at, word, word_name, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const ATTEMPT: &str = "SELECT a.attempt_id, a.delivery_id, a.invoice_id, d.purpose, a.number, a.route, a.price_minor, a.price_currency, \
    a.give_up_at, a.word, a.opened_at FROM attempt a JOIN delivery d ON d.company_id = a.company_id AND d.delivery_id = a.delivery_id \
    WHERE a.company_id = $1 AND a.attempt_id = $2";
const ATTEMPTS: &str = "SELECT a.attempt_id, a.delivery_id, a.invoice_id, d.purpose, a.number, a.route, a.price_minor, a.price_currency, \
    a.give_up_at, a.word, a.opened_at FROM attempt a JOIN delivery d ON d.company_id = a.company_id AND d.delivery_id = a.delivery_id \
    WHERE a.company_id = $1 AND a.delivery_id = $2 ORDER BY a.number";
const WITH_ATTEMPT: &str = "SELECT a.attempt_id, a.delivery_id, a.invoice_id, d.purpose, a.number, a.route, a.price_minor, a.price_currency, \
    a.give_up_at, a.word, a.opened_at, d.machine, d.since, d.version FROM attempt a \
    JOIN delivery d ON d.company_id = a.company_id AND d.delivery_id = a.delivery_id WHERE a.company_id = $1 AND a.attempt_id = $2";
// The members of a lot, in its order: SQLite does a cross join in the order in which it is written.
const ATTEMPTS_IN: &str = "SELECT a.attempt_id, a.delivery_id, a.invoice_id, d.purpose, a.number, a.route, a.price_minor, a.price_currency, \
    a.give_up_at, a.word, a.opened_at FROM consignment_member m CROSS JOIN attempt a CROSS JOIN delivery d \
    WHERE a.company_id = m.company_id AND a.attempt_id = m.attempt_id AND d.company_id = a.company_id AND d.delivery_id = a.delivery_id \
    AND m.company_id = $1 AND m.consignment_id = $2 ORDER BY m.position";
const COMPANY_OF_ATTEMPT: &str = "SELECT company_id FROM attempt WHERE attempt_id = $1";
// A cross join is done by SQLite in the order in which it is written: the invoices of the span first.
const SENT_OF_ACCEPTED: &str = "SELECT a.route, COALESCE(a.price_currency, ''), CAST(COUNT(*) AS BIGINT), \
    CAST(COALESCE(SUM(a.price_minor), 0) AS BIGINT) FROM invoice i CROSS JOIN delivery d CROSS JOIN attempt a \
    WHERE d.company_id = i.company_id AND d.invoice_id = i.invoice_id AND a.company_id = d.company_id AND a.delivery_id = d.delivery_id \
    AND i.company_id = $1 AND i.accepted_at >= $2 AND i.accepted_at < $3 \
    AND a.word_name IN ('said_handed_over', 'said_delivered', 'said_seen', 'said_returned') \
    GROUP BY a.route, COALESCE(a.price_currency, '') ORDER BY 1, 2";
const FORGET_WORD: &str = "UPDATE attempt SET word = $1, word_name = '' WHERE company_id = $2 AND attempt_id = $3";
const SAVE_WORD: &str = "UPDATE attempt SET word = $1, word_name = $2 WHERE company_id = $3 AND attempt_id = $4";

/// A delivery as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDelivery {
    /// UUIDv7 text.
    pub id: String,
    /// The invoice that it delivers.
    pub invoice: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The machine.
    pub delivery: Delivery,
    /// When it came into its state: business time, Unix milliseconds.
    pub since: i64,
    /// Guards against two writers.
    pub version: i64,
}

/// An attempt as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAttempt {
    /// Its id.
    pub id: AttemptId,
    /// The delivery that it is for.
    pub delivery: String,
    /// The invoice that it delivers.
    pub invoice: String,
    /// What its delivery is for: stands with the delivery, and is read from there.
    pub purpose: Purpose,
    /// 1 for the first route tried.
    pub number: i64,
    /// The route.
    pub route: String,
    /// What it costs.
    pub price: Option<Amount>,
    /// After this the next route is better than waiting: business time, Unix milliseconds.
    pub give_up_at: Option<i64>,
    /// The latest word on it.
    pub word: Option<Word>,
    /// Business time, Unix milliseconds.
    pub opened_at: i64,
}

/// A delivery that begins.
#[derive(Debug, Clone, Copy)]
pub struct NewDelivery<'a> {
    /// UUIDv7 text.
    pub id: &'a str,
    /// The invoice that it delivers.
    pub invoice: &'a str,
    /// What it is for. An invoice has one delivery for each purpose at most.
    pub purpose: Purpose,
}

/// Stores a new delivery, as it begins.
pub async fn insert(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, new: NewDelivery<'_>, now: i64) -> Result<()> {
    let delivery = Delivery::new();
    sqlx::query(INSERT)
        .bind(company)
        .bind(new.id)
        .bind(new.invoice)
        .bind(new.purpose.name())
        .bind(delivery.state.name())
        .bind(key.seal_json(Sealing::Delivery, new.id, &delivery)?)
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The delivery with an id.
pub async fn by_id(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: &str) -> Result<StoredDelivery> {
    let row = sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()?.ok_or_else(|| Error::NotFound(format!("delivery {id}")))
}

/// The delivery of an invoice for a purpose, where it has one: every accepted invoice has one of its own, and some a notice.
pub async fn of_invoice(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    invoice: &str,
    purpose: Purpose,
) -> Result<Option<StoredDelivery>> {
    let row = sqlx::query(OF_INVOICE).bind(company).bind(invoice).bind(purpose.name()).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// The delivery by which an invoice's own document travels.
pub async fn of_bill(db: &mut AnyConnection, company: &str, key: &CompanyKey, invoice: &str) -> Result<StoredDelivery> {
    let found = of_invoice(db, company, key, invoice, Purpose::Bill).await?;
    found.ok_or_else(|| Error::NotFound(format!("the delivery of invoice {invoice}")))
}

/// Saves what became of a delivery; somebody else's change in between is a conflict.
pub async fn save(
    tx: &mut Tx<'_>,
    company: &str,
    key: &CompanyKey,
    before: &StoredDelivery,
    after: &Delivery,
    now: i64,
) -> Result<()> {
    let since = if before.delivery.state.name() == after.state.name() { before.since } else { now };
    let saved = sqlx::query(SAVE)
        .bind(after.state.name())
        .bind(key.seal_json(Sealing::Delivery, &before.id, after)?)
        .bind(since)
        .bind(company)
        .bind(&before.id)
        .bind(before.version)
        .execute(tx.db())
        .await?;
    if saved.rows_affected() != 1 {
        return Err(Error::Conflict);
    }
    Ok(())
}

/// How many deliveries stand in each state.
pub async fn count(db: &mut AnyConnection, company: &str) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query(COUNT).bind(company).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// At most `limit` deliveries in a state, those that came into it first.
pub async fn in_state(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    state: &str,
    limit: i64,
) -> Result<Vec<StoredDelivery>> {
    let rows = sqlx::query(IN_STATE).bind(company).bind(state).bind(limit).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// Stores a decision record.
pub async fn insert_plan(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, delivery: &str, plan: &Plan) -> Result<()> {
    let number: i64 = sqlx::query_scalar(NEXT_PLAN).bind(company).bind(delivery).fetch_one(tx.db()).await?;
    sqlx::query(INSERT_PLAN)
        .bind(company)
        .bind(delivery)
        .bind(number)
        .bind(plan.made_at.as_millisecond())
        .bind(key.seal_compressed_json(Sealing::Plan, plan_row(delivery, number), plan)?)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// Every decision record of a delivery, oldest first.
pub async fn plans(db: &mut AnyConnection, company: &str, key: &CompanyKey, delivery: &str) -> Result<Vec<Plan>> {
    let rows = sqlx::query(PLANS).bind(company).bind(delivery).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let (number, sealed): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            key.open_compressed_json(Sealing::Plan, plan_row(delivery, number), &sealed)
        })
        .collect()
}

fn plan_row(delivery: &str, number: i64) -> String {
    format!("{delivery} {number}")
}

/// Stores a new attempt.
pub async fn insert_attempt(tx: &mut Tx<'_>, company: &str, attempt: &StoredAttempt) -> Result<()> {
    sqlx::query(INSERT_ATTEMPT)
        .bind(company)
        .bind(attempt.id.to_string())
        .bind(&attempt.delivery)
        .bind(&attempt.invoice)
        .bind(attempt.number)
        .bind(&attempt.route)
        .bind(attempt.price.map(Amount::minor))
        .bind(attempt.price.map(|price| price.currency().code()))
        .bind(attempt.give_up_at)
        .bind(Vec::new())
        .bind("")
        .bind(attempt.opened_at)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The attempt with an id.
pub async fn attempt(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: AttemptId) -> Result<StoredAttempt> {
    let row = sqlx::query(ATTEMPT).bind(company).bind(id.to_string()).fetch_optional(db).await?;
    row.map(|row| read_attempt(&row, key)).transpose()?.ok_or_else(|| Error::NotFound(format!("attempt {id}")))
}

/// The attempt with an id, and its delivery.
pub async fn with_attempt(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    id: AttemptId,
) -> Result<(StoredAttempt, StoredDelivery)> {
    let row = sqlx::query(WITH_ATTEMPT).bind(company).bind(id.to_string()).fetch_optional(db).await?;
    let row = row.ok_or_else(|| Error::NotFound(format!("attempt {id}")))?;
    Ok((read_attempt(&row, key)?, read(&row, key)?))
}

/// The attempts that travel in a lot, in its order.
pub async fn attempts_in(db: &mut AnyConnection, company: &str, key: &CompanyKey, lot: &str) -> Result<Vec<StoredAttempt>> {
    let rows = sqlx::query(ATTEMPTS_IN).bind(company).bind(lot).fetch_all(db).await?;
    rows.iter().map(|row| read_attempt(row, key)).collect()
}

/// Every attempt of a delivery, oldest first.
pub async fn attempts(db: &mut AnyConnection, company: &str, key: &CompanyKey, delivery: &str) -> Result<Vec<StoredAttempt>> {
    let rows = sqlx::query(ATTEMPTS).bind(company).bind(delivery).fetch_all(db).await?;
    rows.iter().map(|row| read_attempt(row, key)).collect()
}

/// What left the house of the documents that were accepted in a span, by route and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The route.
    pub route: String,
    /// How many attempts.
    pub count: i64,
    /// What they cost together; `None` where the route had no price.
    pub price: Option<Amount>,
}

/// Counts the attempts that left the house, of the documents that were accepted in a span of business time (Unix milliseconds, the end not
/// included): by route and currency of their prices. What was refused or withdrawn is not among them.
pub async fn sent_of_accepted(db: &mut AnyConnection, company: &str, from: i64, to: i64) -> Result<Vec<Sent>> {
    let rows = sqlx::query(SENT_OF_ACCEPTED).bind(company).bind(from).bind(to).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let currency: String = row.try_get(1)?;
            let price = match currency.as_str() {
                "" => None,
                code => {
                    let currency = Currency::parse(code).ok_or_else(|| Error::Damaged(format!("{code} is no currency")))?;
                    Some(Amount::new(row.try_get(3)?, currency))
                }
            };
            Ok(Sent { route: row.try_get(0)?, count: row.try_get(2)?, price })
        })
        .collect()
}

/// The company of an attempt: what arrives by itself names only the attempt.
pub async fn company_of_attempt(db: &mut AnyConnection, id: AttemptId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(COMPANY_OF_ATTEMPT).bind(id.to_string()).fetch_optional(db).await?)
}

/// Saves the latest word on an attempt.
pub async fn save_word(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, id: AttemptId, word: &Word) -> Result<()> {
    let sealed = key.seal_json(Sealing::Word, id, word)?;
    let saved = sqlx::query(SAVE_WORD).bind(sealed).bind(word.name()).bind(company).bind(id.to_string()).execute(tx.db()).await?;
    if saved.rows_affected() != 1 {
        return Err(Error::Conflict);
    }
    Ok(())
}

/// Forgets the word on an attempt that travels again, so that the same word said again is heard again.
pub async fn forget_word(tx: &mut Tx<'_>, company: &str, id: AttemptId) -> Result<()> {
    sqlx::query(FORGET_WORD).bind(Vec::new()).bind(company).bind(id.to_string()).execute(tx.db()).await?;
    Ok(())
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredDelivery> {
    let sealed: Vec<u8> = row.try_get("machine")?;
    let id: String = row.try_get("delivery_id")?;
    Ok(StoredDelivery {
        invoice: row.try_get("invoice_id")?,
        purpose: purpose(row)?,
        delivery: key.open_json(Sealing::Delivery, &id, &sealed)?,
        id,
        since: row.try_get("since")?,
        version: row.try_get("version")?,
    })
}

fn purpose(row: &AnyRow) -> Result<Purpose> {
    let name: String = row.try_get("purpose")?;
    Purpose::named(&name).ok_or_else(|| Error::Damaged(format!("a delivery is for {name:?}")))
}

/// The attempt that a row names.
pub(crate) fn read_attempt_id(row: &AnyRow) -> Result<AttemptId> {
    let id: String = row.try_get("attempt_id")?;
    Ok(AttemptId(Uuid::parse_str(&id).map_err(|_| Error::Damaged(format!("{id} is no attempt's id")))?))
}

fn read_attempt(row: &AnyRow, key: &CompanyKey) -> Result<StoredAttempt> {
    let id = read_attempt_id(row)?;
    let sealed: Vec<u8> = row.try_get("word")?;
    let (minor, currency): (Option<i64>, Option<String>) = (row.try_get("price_minor")?, row.try_get("price_currency")?);
    Ok(StoredAttempt {
        id,
        delivery: row.try_get("delivery_id")?,
        invoice: row.try_get("invoice_id")?,
        purpose: purpose(row)?,
        number: row.try_get("number")?,
        route: row.try_get("route")?,
        price: minor.zip(currency.as_deref().and_then(Currency::parse)).map(|(minor, currency)| Amount::new(minor, currency)),
        give_up_at: row.try_get("give_up_at")?,
        word: if sealed.is_empty() { None } else { Some(key.open_json(Sealing::Word, id, &sealed)?) },
        opened_at: row.try_get("opened_at")?,
    })
}
