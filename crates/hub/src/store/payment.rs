//! Payments: each movement on a company's bank account that a file told of, once.
//!
//! A payment's id is made from what its rail calls it ([`id`]), so that the same movement told again is the same row. What names
//! people, and the raw lines, are sealed; what finds it is not.

use kvitt_domain::fault::Fault;
use kvitt_domain::payment::Payment;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO payment (company_id, payment_id, file_digest, account, kid, amount_minor, currency, flow, rail, \
    booked_on, valued_on, state, invoice_id, fit, batch, payer_digest, content, at, source, named, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, 1)";
const STATE_OF: &str = "SELECT state, file_digest FROM payment WHERE company_id = $1 AND payment_id = $2";
const BY_ID: &str = "SELECT payment_id, file_digest, state, invoice_id, fit, content, at, version FROM payment \
    WHERE company_id = $1 AND payment_id = $2";
const OF_INVOICE: &str = "SELECT payment_id, file_digest, state, invoice_id, fit, content, at, version FROM payment \
    WHERE company_id = $1 AND invoice_id = $2 ORDER BY booked_on, at, payment_id LIMIT $3";
const IN_STATE: &str = "SELECT payment_id, file_digest, state, invoice_id, fit, content, at, version FROM payment \
    WHERE company_id = $1 AND state = $2 AND (at, payment_id) > ($3, $4) ORDER BY at, payment_id LIMIT $5";
const ALL: &str = "SELECT payment_id, file_digest, state, invoice_id, fit, content, at, version FROM payment \
    WHERE company_id = $1 AND payment_id > $2 ORDER BY payment_id LIMIT $3";
const STARTING_WITH: &str = "SELECT payment_id FROM payment WHERE company_id = $1 AND payment_id >= $2 AND payment_id < $3 \
    ORDER BY payment_id LIMIT 2";
const SAVE: &str = "UPDATE payment SET state = $1, invoice_id = $2, fit = $3, content = $4, version = version + 1 \
    WHERE company_id = $5 AND payment_id = $6 AND version = $7";
// Payments like one, and how files told of them. A file that does not say when it booked says when it counts: such a day may be either
// of the other file's.
const ALIKE: &str = "SELECT rail, \
    CAST(SUM(CASE WHEN booked_on = $9 AND fit <> 'again' THEN 1 ELSE 0 END) AS BIGINT) AS once, \
    CAST(SUM(CASE WHEN booked_on = $9 AND state <> 'told_twice' THEN 1 ELSE 0 END) AS BIGINT) AS counted, \
    CAST(SUM(CASE WHEN named = 0 AND source = $12 THEN 1 ELSE 0 END) AS BIGINT) AS unnamed_here, \
    CAST(SUM(CASE WHEN named = 0 AND source <> $12 THEN 1 ELSE 0 END) AS BIGINT) AS unnamed_elsewhere, \
    CAST(SUM(CASE WHEN batch = $13 AND source = $12 THEN 1 ELSE 0 END) AS BIGINT) AS line_here, \
    CAST(SUM(CASE WHEN batch = $13 AND source <> $12 THEN 1 ELSE 0 END) AS BIGINT) AS line_elsewhere, \
    CAST(SUM(CASE WHEN file_digest <> $14 AND fit <> 'again' THEN 1 ELSE 0 END) AS BIGINT) AS in_other_files, \
    CAST(SUM(CASE WHEN file_digest <> $14 AND fit <> 'again' AND (named = 0 OR source <> $12) THEN 1 ELSE 0 END) AS BIGINT) AS unsure \
    FROM payment WHERE company_id = $1 AND account = $2 AND kid = $3 AND amount_minor = $4 AND flow = $5 AND currency = $6 \
    AND booked_on >= $7 AND booked_on <= $8 \
    AND (booked_on = $9 OR (booked_on = $10 AND valued_on = $10) OR valued_on = $11) GROUP BY rail";
const ALIKE_WITHOUT_KID: &str = "SELECT rail, \
    CAST(SUM(CASE WHEN booked_on = $9 AND fit <> 'again' AND payer_digest = $3 THEN 1 ELSE 0 END) AS BIGINT) AS once, \
    CAST(SUM(CASE WHEN booked_on = $9 AND state <> 'told_twice' AND payer_digest = $3 THEN 1 ELSE 0 END) AS BIGINT) AS counted, \
    CAST(SUM(CASE WHEN named = 0 AND source = $12 AND payer_digest = $3 THEN 1 ELSE 0 END) AS BIGINT) AS unnamed_here, \
    CAST(SUM(CASE WHEN named = 0 AND source <> $12 AND payer_digest = $3 THEN 1 ELSE 0 END) AS BIGINT) AS unnamed_elsewhere, \
    CAST(SUM(CASE WHEN batch = $13 AND source = $12 AND payer_digest = $3 THEN 1 ELSE 0 END) AS BIGINT) AS line_here, \
    CAST(SUM(CASE WHEN batch = $13 AND source <> $12 AND payer_digest = $3 THEN 1 ELSE 0 END) AS BIGINT) AS line_elsewhere, \
    CAST(SUM(CASE WHEN file_digest <> $14 AND fit <> 'again' THEN 1 ELSE 0 END) AS BIGINT) AS in_other_files, \
    CAST(SUM(CASE WHEN file_digest <> $14 AND fit <> 'again' AND (named = 0 OR source <> $12) THEN 1 ELSE 0 END) AS BIGINT) AS unsure \
    FROM payment WHERE company_id = $1 AND account = $2 AND kid IS NULL AND amount_minor = $4 AND flow = $5 AND currency = $6 \
    AND booked_on >= $7 AND booked_on <= $8 \
    AND (booked_on = $9 OR (booked_on = $10 AND valued_on = $10) OR valued_on = $11) \
    AND (payer_digest = $3 OR payer_digest IS NULL OR $3 = '') GROUP BY rail";
const MATCHED_ALIKE: &str = "SELECT DISTINCT invoice_id FROM payment WHERE company_id = $1 AND account = $2 AND kid = $3 \
    AND amount_minor = $4 AND booked_on = $5 AND flow = $6 AND currency = $7 AND state = 'matched' ORDER BY invoice_id LIMIT $8";
const PAID_BY: &str = "SELECT DISTINCT invoice_id FROM payment WHERE company_id = $1 AND payer_digest = $2 AND invoice_id IS NOT NULL \
    ORDER BY invoice_id LIMIT $3";
const HAS_PAID: &str = "SELECT payment_id FROM payment WHERE company_id = $1 AND payer_digest = $2 AND flow = 'in' \
    AND (invoice_id = $3 OR (account = $4 AND kid = $5)) LIMIT 1";
const SUMS: &str = "SELECT state, flow, currency, CAST(COUNT(*) AS BIGINT), CAST(SUM(amount_minor) AS BIGINT) FROM payment \
    WHERE company_id = $1 GROUP BY state, flow, currency ORDER BY state, flow, currency";

/// Payments that the story of one invoice shows at most.
const MOST_OF_INVOICE: i64 = 1_000;
/// Invoices with one KID that were paid the same on one day at most: more would be no customer's.
const MOST_ALIKE: i64 = 16;

/// What a payment is made an id of belongs to this space of names.
const IDS: Uuid = Uuid::from_u128(0x6b76_6974_7400_5000_8000_7061_796d_656e);

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// It is an invoice's.
    Matched {
        /// The invoice's id.
        invoice: String,
        /// How it fitted what was owed then: a [`kvitt_domain::payment::Fit`], or [`BY_HAND`].
        fit: String,
    },
    /// A person decides.
    Parked {
        /// Why.
        why: Fault,
    },
    /// No invoice's: money that the company paid, or that a person said is of no concern.
    NoConcern,
    /// Another rail told of the same movement, or it is a total whose parts are here.
    ToldTwice,
    /// Another file of the same rail told of the same movement.
    ToldAgain,
}

/// How a payment fits that a person placed.
pub const BY_HAND: &str = "by_hand";
/// What stands in the place of a fit in a line of payments that its file does not tell apart, or may not: see `statement_line`.
const TOTAL: &str = "total";
/// What stands in the place of a fit in a payment that another file of its rail told of, so that its rail does not count it twice.
const AGAIN: &str = "again";
/// Days that may lie between the one on which a payment is booked and the one from which it counts.
const MOST_DAYS_APART: i64 = 10;

impl State {
    /// The state's name as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            State::Matched { .. } => "matched",
            State::Parked { .. } => "parked",
            State::NoConcern => "no_concern",
            State::ToldTwice | State::ToldAgain => "told_twice",
        }
    }

    /// Every state's name.
    pub const NAMES: [&'static str; 4] = ["matched", "parked", "no_concern", "told_twice"];
}

/// How a payment stands to the line of the account statement that it came with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "part")]
pub enum Part {
    /// It is a line of its own.
    #[default]
    Whole,
    /// It is one of several of this line.
    Of {
        /// The bank's reference of the line.
        batch: String,
    },
    /// It is a line of several that this file does not tell apart.
    TotalOf {
        /// The bank's reference of the line, where it has one.
        batch: Option<String>,
    },
    /// It is a line of which this file says nothing more: one payment or several.
    Line {
        /// The bank's reference of the line, where it has one.
        batch: Option<String>,
    },
}

impl Part {
    fn batch(&self) -> Option<&str> {
        match self {
            Part::Whole => None,
            Part::Of { batch } => Some(batch),
            Part::TotalOf { batch } | Part::Line { batch } => batch.as_deref(),
        }
    }
}

/// Which file tells of a payment, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// SHA-256 of it.
    pub file: String,
    /// What it is.
    pub by: Source,
    /// Whether the bank's reference names the payment, in every file that tells of it. Else only its place in the file does.
    pub is_named: bool,
}

/// What a file is that tells of payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// OCR giro.
    Ocr,
    /// A statement.
    Camt053,
    /// A notification.
    Camt054,
}

impl Source {
    /// The name as stored.
    pub fn name(self) -> &'static str {
        match self {
            Source::Ocr => "ocr",
            Source::Camt053 => "camt053",
            Source::Camt054 => "camt054",
        }
    }
}

/// How many payments like one were told of: same account, KID, amount, day and way; without a KID also of the same payer, and none
/// where the payer is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alike {
    /// By OCR giro.
    pub ocr: i64,
    /// By camt, what several of its files told of counted once.
    pub camt: i64,
    /// Of those by OCR giro, what was not passed over for camt.
    pub ocr_counted: i64,
    /// Of those by camt, what was not passed over for OCR giro or another file.
    pub camt_counted: i64,
    /// By files of camt that are what this one is, of those that can be paired with it: without a name like it, or in the same line
    /// of the account.
    pub here: i64,
    /// The same, by files of camt that are something else: a statement and a notification.
    pub elsewhere: i64,
    /// By other files of camt, which may have told of this very payment: nothing says so, and nothing says that they did not.
    pub unsure: i64,
}

/// A payment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPayment {
    /// [`id`] of it.
    pub id: String,
    /// SHA-256 of the file that told of it first.
    pub file: String,
    /// What the file says.
    pub payment: Payment,
    /// How it stands to its line of the statement.
    pub part: Part,
    /// What became of it.
    pub state: State,
    /// When it was read: business time, Unix milliseconds.
    pub at: i64,
    /// How often it was saved.
    pub version: i64,
}

/// What is sealed of a payment.
#[derive(Serialize, Deserialize)]
struct Content {
    payment: Payment,
    part: Part,
    why: Option<Fault>,
}

/// Sums of payments of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// What became of them.
    pub state: String,
    /// Which way they went.
    pub flow: String,
    /// Their currency.
    pub currency: String,
    /// How many.
    pub count: i64,
    /// Minor units together.
    pub minor: i64,
}

/// The id of a payment: of what its rail calls it, and of what it is, so that a number that is used again for something else is
/// something else.
pub fn id(payment: &Payment) -> String {
    let kid = payment.kid.as_deref().unwrap_or("-");
    let of = format!(
        "{}|{}|{}|{}|{}|{}|{kid}",
        payment.bank_account,
        payment.kind.rail(),
        payment.reference,
        payment.flow.name(),
        payment.amount,
        payment.booked_on
    );
    Uuid::new_v5(&IDS, of.as_bytes()).to_string()
}

/// Stores a payment that was never stored: ask first, in the same transaction.
pub async fn insert(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, new: &StoredPayment, told: &Told) -> Result<()> {
    let StoredPayment { id, file, payment, part, state, at, .. } = new;
    let (invoice, fit) = columns(state, part);
    sqlx::query(INSERT)
        .bind(company)
        .bind(id)
        .bind(file)
        .bind(&payment.bank_account)
        .bind(&payment.kid)
        .bind(payment.amount.minor())
        .bind(payment.amount.currency().code())
        .bind(payment.flow.name())
        .bind(payment.kind.rail())
        .bind(payment.booked_on.to_string())
        .bind(payment.valued_on.map(|day| day.to_string()))
        .bind(state.name())
        .bind(invoice)
        .bind(fit)
        .bind(part.batch())
        .bind(payer_digest(key, payment))
        .bind(seal(key, new)?)
        .bind(*at)
        .bind(told.by.name())
        .bind(i64::from(told.is_named))
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The state of a payment that is stored already, and the file that told of it first.
pub async fn state_of(db: &mut AnyConnection, company: &str, id: &str) -> Result<Option<(String, String)>> {
    let row = sqlx::query(STATE_OF).bind(company).bind(id).fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

/// The payment with an id.
pub async fn by_id(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: &str) -> Result<Option<StoredPayment>> {
    let row = sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// The ids that begin with a text, two at most: people type the first characters. After every hexadecimal digit comes `g`.
pub async fn starting_with(db: &mut AnyConnection, company: &str, text: &str) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(STARTING_WITH).bind(company).bind(text).bind(format!("{text}g")).fetch_all(db).await?)
}

/// The payments of an invoice, the first booked first.
pub async fn of_invoice(db: &mut AnyConnection, company: &str, key: &CompanyKey, invoice: &str) -> Result<Vec<StoredPayment>> {
    let rows = sqlx::query(OF_INVOICE).bind(company).bind(invoice).bind(MOST_OF_INVOICE).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// At most `limit` payments in a state after a cursor (`at`, id), in the order in which they were read.
pub async fn in_state(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    state: &str,
    after: (i64, &str),
    limit: i64,
) -> Result<Vec<StoredPayment>> {
    let rows = sqlx::query(IN_STATE).bind(company).bind(state).bind(after.0).bind(after.1).bind(limit).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// At most `limit` payments of a company after an id, whatever became of them.
pub async fn all(db: &mut AnyConnection, company: &str, key: &CompanyKey, after: &str, limit: i64) -> Result<Vec<StoredPayment>> {
    let rows = sqlx::query(ALL).bind(company).bind(after).bind(limit).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// Saves what became of a payment.
pub async fn save(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, before: &StoredPayment, state: State) -> Result<()> {
    let (invoice, fit) = columns(&state, &before.part);
    let after = StoredPayment { state: state.clone(), ..before.clone() };
    let saved = sqlx::query(SAVE)
        .bind(state.name())
        .bind(invoice)
        .bind(fit)
        .bind(seal(key, &after)?)
        .bind(company)
        .bind(&before.id)
        .bind(before.version)
        .execute(tx.db())
        .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// How many payments like this one were told of.
pub async fn alike(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    payment: &Payment,
    part: &Part,
    told: &Told,
) -> Result<Alike> {
    let (day, valued) = (payment.booked_on, payment.valued_on.unwrap_or(payment.booked_on));
    let apart = jiff::Span::new().days(MOST_DAYS_APART);
    let only = if payment.valued_on == Some(day) { day.to_string() } else { String::new() };
    let (query, named) = match &payment.kid {
        Some(kid) => (ALIKE, kid.clone()),
        None => (ALIKE_WITHOUT_KID, payer_digest(key, payment).unwrap_or_default()),
    };
    let rows = sqlx::query(query)
        .bind(company)
        .bind(&payment.bank_account)
        .bind(named)
        .bind(payment.amount.minor())
        .bind(payment.flow.name())
        .bind(payment.amount.currency().code())
        .bind(day.min(valued).saturating_sub(apart).to_string())
        .bind(day.max(valued).saturating_add(apart).to_string())
        .bind(day.to_string())
        .bind(valued.to_string())
        .bind(only)
        .bind(told.by.name())
        .bind(part.batch().unwrap_or_default())
        .bind(&told.file)
        .fetch_all(db)
        .await?;
    let mut alike = Alike::default();
    for row in &rows {
        let rail: String = row.try_get("rail")?;
        let count = |column: &str| -> Result<i64> { Ok(row.try_get(column)?) };
        if rail != "camt" {
            (alike.ocr, alike.ocr_counted) = (count("once")?, count("counted")?);
            continue;
        }
        (alike.camt, alike.camt_counted) = (count("once")?, count("counted")?);
        (alike.here, alike.elsewhere, alike.unsure) = match told.is_named {
            true => (count("line_here")?, count("line_elsewhere")?, count("unsure")?),
            false => (count("unnamed_here")?, count("unnamed_elsewhere")?, count("in_other_files")?),
        };
    }
    Ok(alike)
}

/// The invoices that payments like this one are placed with, some at most; none where it has no KID.
pub async fn matched_alike(db: &mut AnyConnection, company: &str, payment: &Payment) -> Result<Vec<String>> {
    let query = sqlx::query_scalar(MATCHED_ALIKE)
        .bind(company)
        .bind(&payment.bank_account)
        .bind(payment.kid.as_deref().unwrap_or_default())
        .bind(payment.amount.minor())
        .bind(payment.booked_on.to_string())
        .bind(payment.flow.name())
        .bind(payment.amount.currency().code());
    Ok(query.bind(MOST_ALIKE).fetch_all(db).await?)
}

/// At most `limit` invoices that the other side of this payment paid for before.
pub async fn paid_by(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    payment: &Payment,
    limit: i64,
) -> Result<Vec<String>> {
    let Some(payer) = payer_digest(key, payment) else { return Ok(Vec::new()) };
    Ok(sqlx::query_scalar(PAID_BY).bind(company).bind(payer).bind(limit).fetch_all(db).await?)
}

/// Whether the other side of this payment paid for an invoice, or with the KID that it has, before.
pub async fn has_paid(db: &mut AnyConnection, company: &str, key: &CompanyKey, payment: &Payment, invoice: &str) -> Result<bool> {
    let Some(payer) = payer_digest(key, payment) else { return Ok(false) };
    let query = sqlx::query_scalar(HAS_PAID).bind(company).bind(payer).bind(invoice).bind(&payment.bank_account);
    let found: Option<String> = query.bind(payment.kid.as_deref().unwrap_or_default()).fetch_optional(db).await?;
    Ok(found.is_some())
}

/// The sums of a company's payments by what became of them.
pub async fn sums(db: &mut AnyConnection, company: &str) -> Result<Vec<Sum>> {
    let rows = sqlx::query(SUMS).bind(company).fetch_all(db).await?;
    let read = |row: &AnyRow| -> Result<Sum> {
        Ok(Sum {
            state: row.try_get(0)?,
            flow: row.try_get(1)?,
            currency: row.try_get(2)?,
            count: row.try_get(3)?,
            minor: row.try_get(4)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The other side's account, so that it is found again and not read: money that goes out goes back to the same one.
fn payer_digest(key: &CompanyKey, payment: &Payment) -> Option<String> {
    payment.payer_account.as_deref().map(|account| key.digest(&format!("payer {account}")))
}

fn columns<'a>(state: &'a State, part: &Part) -> (Option<&'a str>, &'a str) {
    match (state, part) {
        (State::Matched { invoice, fit }, _) => (Some(invoice), fit),
        (State::ToldAgain, _) => (None, AGAIN),
        (_, Part::TotalOf { .. } | Part::Line { .. }) => (None, TOTAL),
        (State::Parked { .. } | State::NoConcern | State::ToldTwice, _) => (None, ""),
    }
}

fn seal(key: &CompanyKey, stored: &StoredPayment) -> Result<Vec<u8>> {
    let why = match &stored.state {
        State::Parked { why } => Some(why.clone()),
        State::Matched { .. } | State::NoConcern | State::ToldTwice | State::ToldAgain => None,
    };
    let content = Content { payment: stored.payment.clone(), part: stored.part.clone(), why };
    key.seal_compressed_json(Purpose::Payment, &stored.id, &content)
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredPayment> {
    let (id, name, sealed): (String, String, Vec<u8>) =
        (row.try_get("payment_id")?, row.try_get("state")?, row.try_get("content")?);
    let Content { payment, part, why } = key.open_compressed_json(Purpose::Payment, &id, &sealed)?;
    let (invoice, fit): (Option<String>, String) = (row.try_get("invoice_id")?, row.try_get("fit")?);
    let state = match (name.as_str(), invoice, why) {
        ("matched", Some(invoice), _) => State::Matched { invoice, fit },
        ("parked", None, Some(why)) => State::Parked { why },
        ("no_concern", None, _) => State::NoConcern,
        ("told_twice", None, _) if fit == AGAIN => State::ToldAgain,
        ("told_twice", None, _) => State::ToldTwice,
        _ => return Err(Error::Damaged(format!("the payment {id} is {name}, and what belongs to that is missing"))),
    };
    let (file, at, version) = (row.try_get("file_digest")?, row.try_get("at")?, row.try_get("version")?);
    Ok(StoredPayment { id, file, payment, part, state, at, version })
}
