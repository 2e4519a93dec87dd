//! The money of invoices, and what credit notes take off.
//!
//! A payment finds its invoice by one probe of an index, whatever the number of invoices: company, bank account, KID, and the
//! amount where a KID has several.

use jiff::civil::Date;
use kvitt_domain::collection::{Claim, Collection, Sums};
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::payment::{Candidate, KidUse};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;

const INSERT: &str = "INSERT INTO collection (company_id, invoice_id, number, account, kid, due_on, payable_minor, currency, \
    received_minor, reversed_minor, refunded_minor, credited_minor, claim, claim_attempt, claim_due_on, closed_by, state, attention, \
    since, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 'none', NULL, NULL, NULL, $9, 0, $10, 1)";
const SAVE: &str = "UPDATE collection SET received_minor = $1, reversed_minor = $2, refunded_minor = $3, credited_minor = $4, \
    claim = $5, claim_attempt = $6, claim_due_on = $7, closed_by = $8, state = $9, attention = $10, since = $11, version = version + 1 \
    WHERE company_id = $12 AND invoice_id = $13 AND version = $14";
const OF_INVOICE: &str = "SELECT invoice_id, number, account, kid, due_on, payable_minor, currency, received_minor, reversed_minor, \
    refunded_minor, credited_minor, claim, claim_attempt, claim_due_on, closed_by, since, version FROM collection \
    WHERE company_id = $1 AND invoice_id = $2";
const OF_KID: &str = "SELECT invoice_id, number, account, kid, due_on, payable_minor, currency, received_minor, reversed_minor, \
    refunded_minor, credited_minor, claim, claim_attempt, claim_due_on, closed_by, since, version FROM collection \
    WHERE company_id = $1 AND account = $2 AND kid = $3 ORDER BY invoice_id LIMIT $4";
const OF_KID_BEGINNING: &str = "SELECT invoice_id, number, account, kid, due_on, payable_minor, currency, received_minor, reversed_minor, \
    refunded_minor, credited_minor, claim, claim_attempt, claim_due_on, closed_by, since, version FROM collection \
    WHERE company_id = $1 AND account = $2 AND kid >= $3 AND kid < $4 ORDER BY kid LIMIT $5";
// Of several invoices with one KID: the one that asks for exactly so much and of which nothing was seen, the first due first; before all
// the one whose debit was told of, and last those that a debit is under way of.
const UNTOUCHED: &str = "SELECT invoice_id, number, account, kid, due_on, payable_minor, currency, received_minor, reversed_minor, \
    refunded_minor, credited_minor, claim, claim_attempt, claim_due_on, closed_by, since, version FROM collection \
    WHERE company_id = $1 AND account = $2 AND kid = $3 AND payable_minor = $4 AND state IN ('open', 'claimed', 'reopened') \
    AND received_minor = 0 AND reversed_minor = 0 AND refunded_minor = 0 AND credited_minor = 0 \
    ORDER BY CASE claim WHEN 'debited' THEN 0 WHEN 'outstanding' THEN 2 ELSE 1 END, COALESCE(due_on, '9999'), invoice_id LIMIT 1";
// The same for a direct debit: the one that was claimed, for this day or before it. Money is first for the one whose debit was told of
// before it ($6); what only tells of a debit is for another.
const DEBITED: &str = "SELECT invoice_id, number, account, kid, due_on, payable_minor, currency, received_minor, reversed_minor, \
    refunded_minor, credited_minor, claim, claim_attempt, claim_due_on, closed_by, since, version FROM collection \
    WHERE company_id = $1 AND account = $2 AND kid = $3 AND payable_minor = $4 AND claim IN ('outstanding', 'unpaid', $6) \
    AND claim_due_on <= $5 AND received_minor = 0 AND reversed_minor = 0 AND refunded_minor = 0 AND credited_minor = 0 \
    ORDER BY CASE claim WHEN 'debited' THEN 0 ELSE 1 END, claim_due_on, invoice_id LIMIT 1";
const WAS_CLAIMED: &str =
    "SELECT invoice_id FROM collection WHERE company_id = $1 AND account = $2 AND kid = $3 AND claim <> 'none' LIMIT 1";
const OF_AMOUNT: &str = "SELECT invoice_id, number, account, kid, due_on, payable_minor, currency, received_minor, reversed_minor, \
    refunded_minor, credited_minor, claim, claim_attempt, claim_due_on, closed_by, since, version FROM collection \
    WHERE company_id = $1 AND payable_minor = $2 AND state = $3 ORDER BY invoice_id LIMIT $4";
const EVENTFUL: &str = "SELECT invoice_id, number, account, kid, due_on, payable_minor, currency, received_minor, reversed_minor, \
    refunded_minor, credited_minor, claim, claim_attempt, claim_due_on, closed_by, since, version FROM collection \
    WHERE company_id = $1 AND invoice_id > $2 AND attention > 0 AND attention >= $3 ORDER BY invoice_id LIMIT $4";
const OVERDUE: &str = "SELECT c.invoice_id, c.account, c.claim_due_on, t.until_on FROM collection c \
    LEFT JOIN account_told t ON t.company_id = c.company_id AND t.account = c.account \
    WHERE c.company_id = $1 AND c.claim = 'outstanding' AND c.claim_due_on < $2 AND (c.claim_due_on, c.invoice_id) > ($3, $4) \
    ORDER BY c.claim_due_on, c.invoice_id LIMIT $5";
const FIRST_CLAIM: &str = "SELECT MIN(claim_due_on) FROM collection WHERE company_id = $1 AND claim = 'outstanding'";
const NEXT_CLAIM: &str =
    "SELECT MIN(claim_due_on) FROM collection WHERE company_id = $1 AND claim = 'outstanding' AND claim_due_on >= $2";
const COUNT: &str = "SELECT state, CAST(COUNT(*) AS BIGINT) FROM collection WHERE company_id = $1 GROUP BY state ORDER BY state";

const INSERT_CREDIT: &str = "INSERT INTO credit (company_id, credit_note_id, number, amount_minor, currency, invoice_id, at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const CREDITS_WAITING: &str = "SELECT credit_note_id, amount_minor, currency FROM credit \
    WHERE company_id = $1 AND number = $2 AND invoice_id IS NULL ORDER BY credit_note_id LIMIT $3";
const PLACE_CREDIT: &str =
    "UPDATE credit SET invoice_id = $1 WHERE company_id = $2 AND credit_note_id = $3 AND invoice_id IS NULL";
const CREDITS_OF: &str =
    "SELECT credit_note_id, amount_minor, currency FROM credit WHERE company_id = $1 AND invoice_id = $2 ORDER BY credit_note_id";

/// Credit notes that one invoice waits for at most: more would be no invoice's.
const MOST_CREDITS: i64 = 1_000;

/// The money of an invoice as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCollection {
    /// The invoice, whose money it is, and how it is found.
    pub candidate: Candidate,
    /// The bank account by its key; empty where the invoice names none.
    pub account: String,
    /// Since when it is in its state: business time, Unix milliseconds.
    pub since: i64,
    /// How often it was saved.
    pub version: i64,
}

/// What a payment is, for which an invoice is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sought {
    /// Minor units.
    pub minor: i64,
    /// The day on which it was booked, where it is a direct debit.
    pub debited_on: Option<Date>,
    /// What is looked for.
    pub by: By,
}

/// What tells of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Its money.
    Money,
    /// A file whose money another file tells of: it only says what the money was.
    Word,
}

/// A direct debit that was not seen in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// The invoice's id.
    pub invoice: String,
    /// The bank account that it is paid to, by its key.
    pub account: String,
    /// When the debit was due.
    pub due_on: Date,
    /// The last day of which a bank's file told of the account; `None` where none ever did.
    pub told_until: Option<Date>,
}

/// What a credit note takes off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The credit note's id.
    pub credit_note: String,
    /// How much.
    pub amount: Amount,
}

/// How much attention a collection needs, as stored.
pub fn attention(collection: &Collection) -> i64 {
    match (collection.needs_a_person(), collection.is_eventful()) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }
}

/// Stores the money of a new invoice: all of it is owed.
pub async fn insert(tx: &mut Tx<'_>, company: &str, new: &Candidate, account: &str, now: i64) -> Result<()> {
    sqlx::query(INSERT)
        .bind(company)
        .bind(&new.invoice)
        .bind(&new.number)
        .bind(account)
        .bind(&new.kid)
        .bind(new.due_on.map(|date| date.to_string()))
        .bind(new.collection.payable.minor())
        .bind(new.collection.payable.currency().code())
        .bind(new.collection.state().name())
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// Saves what became of it. Somebody else's change in between is a conflict.
pub async fn save(tx: &mut Tx<'_>, company: &str, before: &StoredCollection, after: &Collection, now: i64) -> Result<()> {
    let state = after.state();
    let since = if state.name() == before.candidate.collection.state().name() { before.since } else { now };
    let claim = after.claim.of();
    let saved = sqlx::query(SAVE)
        .bind(after.sums.received)
        .bind(after.sums.reversed)
        .bind(after.sums.refunded)
        .bind(after.sums.credited)
        .bind(after.claim.name())
        .bind(claim.map(|(attempt, _)| attempt.to_string()))
        .bind(claim.map(|(_, due_on)| due_on.to_string()))
        .bind(after.closed_by.clone())
        .bind(state.name())
        .bind(attention(after))
        .bind(since)
        .bind(company)
        .bind(&before.candidate.invoice)
        .bind(before.version)
        .execute(tx.db())
        .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// The money of an invoice; `None` where it asks for none.
pub async fn of_invoice(db: &mut AnyConnection, company: &str, invoice: &str) -> Result<Option<StoredCollection>> {
    let row = sqlx::query(OF_INVOICE).bind(company).bind(invoice).fetch_optional(db).await?;
    row.map(|row| read(&row)).transpose()
}

/// At most `limit` invoices with a KID at an account.
pub async fn of_kid(
    db: &mut AnyConnection,
    company: &str,
    account: &str,
    kid: &str,
    limit: i64,
) -> Result<Vec<StoredCollection>> {
    let rows = sqlx::query(OF_KID).bind(company).bind(account).bind(kid).bind(limit).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// At most `limit` invoices whose KID at an account begins with these digits.
pub async fn of_kid_beginning(
    db: &mut AnyConnection,
    company: &str,
    account: &str,
    digits: &str,
    limit: i64,
) -> Result<Vec<StoredCollection>> {
    // Letters come after digits in every collation.
    let end = format!("{digits}A");
    let rows = sqlx::query(OF_KID_BEGINNING).bind(company).bind(account).bind(digits).bind(end).bind(limit).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// Who uses a KID at an account, for a payment. Of several invoices a direct debit is only for one that was claimed; where none of them
/// ever was, claims are made elsewhere, and it is a payment like any.
pub async fn kid_use(db: &mut AnyConnection, company: &str, account: &str, kid: &str, sought: Sought) -> Result<KidUse> {
    let mut first = of_kid(&mut *db, company, account, kid, 2).await?;
    let row = match (first.pop(), first.is_empty(), sought.debited_on) {
        (None, _, _) => return Ok(KidUse::Nobody),
        (Some(only), true, _) => return Ok(KidUse::One(Box::new(only.candidate))),
        (Some(_), false, Some(day)) if was_claimed(&mut *db, company, account, kid).await? => {
            let told_of = if sought.by == By::Money { "debited" } else { "" };
            let query = sqlx::query(DEBITED).bind(company).bind(account).bind(kid).bind(sought.minor).bind(day.to_string());
            query.bind(told_of).fetch_optional(db).await?
        }
        (Some(_), false, _) => {
            sqlx::query(UNTOUCHED).bind(company).bind(account).bind(kid).bind(sought.minor).fetch_optional(db).await?
        }
    };
    let exact = row.map(|row| read(&row)).transpose()?.map(|stored| Box::new(stored.candidate));
    Ok(KidUse::Several { exact })
}

async fn was_claimed(db: &mut AnyConnection, company: &str, account: &str, kid: &str) -> Result<bool> {
    let found: Option<String> = sqlx::query_scalar(WAS_CLAIMED).bind(company).bind(account).bind(kid).fetch_optional(db).await?;
    Ok(found.is_some())
}

/// At most `limit` invoices in a state that ask for so many minor units.
pub async fn of_amount(
    db: &mut AnyConnection,
    company: &str,
    payable_minor: i64,
    state: &str,
    limit: i64,
) -> Result<Vec<StoredCollection>> {
    let rows = sqlx::query(OF_AMOUNT).bind(company).bind(payable_minor).bind(state).bind(limit).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// At most `limit` invoices whose money went another way than in once, after an invoice's id: those that a person should look at
/// (2), or also those that are settled since (1).
pub async fn eventful(
    db: &mut AnyConnection,
    company: &str,
    after: &str,
    attention: i64,
    limit: i64,
) -> Result<Vec<StoredCollection>> {
    let rows = sqlx::query(EVENTFUL).bind(company).bind(after).bind(attention).bind(limit).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// At most `limit` invoices whose direct debit was due before a date and was not seen, after one of them: the first due first.
pub async fn overdue(
    db: &mut AnyConnection,
    company: &str,
    due_before: Date,
    after: Option<&Overdue>,
    limit: i64,
) -> Result<Vec<Overdue>> {
    let (due_on, invoice) = after.map(|last| (last.due_on.to_string(), last.invoice.clone())).unwrap_or_default();
    let query = sqlx::query(OVERDUE).bind(company).bind(due_before.to_string()).bind(due_on).bind(invoice).bind(limit);
    let read = |row: &AnyRow| -> Result<Overdue> {
        let (due_on, told_until): (String, Option<String>) = (row.try_get("claim_due_on")?, row.try_get("until_on")?);
        Ok(Overdue {
            invoice: row.try_get("invoice_id")?,
            account: row.try_get("account")?,
            due_on: date(&due_on)?,
            told_until: told_until.filter(|day| !day.is_empty()).as_deref().map(date).transpose()?,
        })
    };
    query.fetch_all(db).await?.iter().map(read).collect()
}

/// The first due date of a direct debit that was not seen yet.
pub async fn first_claim(db: &mut AnyConnection, company: &str) -> Result<Option<Date>> {
    let first: Option<String> = sqlx::query_scalar(FIRST_CLAIM).bind(company).fetch_one(db).await?;
    first.as_deref().map(date).transpose()
}

/// The same, from a date on.
pub async fn next_claim(db: &mut AnyConnection, company: &str, from: Date) -> Result<Option<Date>> {
    let query = sqlx::query_scalar(NEXT_CLAIM).bind(company).bind(from.to_string());
    let first: Option<String> = query.fetch_one(db).await?;
    first.as_deref().map(date).transpose()
}

/// How many invoices stand in each state of their money.
pub async fn count(db: &mut AnyConnection, company: &str) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query(COUNT).bind(company).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Stores what a credit note takes off, of the invoice with this number (empty where it names none, or several), and of which it
/// was taken off, if it is known.
pub async fn insert_credit(
    tx: &mut Tx<'_>,
    company: &str,
    credit: &Credit,
    number: &str,
    invoice: Option<&str>,
    now: i64,
) -> Result<()> {
    sqlx::query(INSERT_CREDIT)
        .bind(company)
        .bind(&credit.credit_note)
        .bind(number)
        .bind(credit.amount.minor())
        .bind(credit.amount.currency().code())
        .bind(invoice)
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The credit notes that came before the invoice with this number.
pub async fn credits_waiting(db: &mut AnyConnection, company: &str, number: &str) -> Result<Vec<Credit>> {
    let rows = sqlx::query(CREDITS_WAITING).bind(company).bind(number).bind(MOST_CREDITS).fetch_all(db).await?;
    rows.iter().map(read_credit).collect()
}

/// Notes of which invoice a credit note that waited was taken off.
pub async fn place_credit(tx: &mut Tx<'_>, company: &str, credit_note: &str, invoice: &str) -> Result<()> {
    let placed = sqlx::query(PLACE_CREDIT).bind(invoice).bind(company).bind(credit_note).execute(tx.db()).await?;
    if placed.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// The credit notes that took something off an invoice.
pub async fn credits_of(db: &mut AnyConnection, company: &str, invoice: &str) -> Result<Vec<Credit>> {
    let rows = sqlx::query(CREDITS_OF).bind(company).bind(invoice).fetch_all(db).await?;
    rows.iter().map(read_credit).collect()
}

fn read_credit(row: &AnyRow) -> Result<Credit> {
    Ok(Credit { credit_note: row.try_get("credit_note_id")?, amount: amount(row, "amount_minor")? })
}

fn amount(row: &AnyRow, column: &str) -> Result<Amount> {
    let code: String = row.try_get("currency")?;
    let currency = Currency::parse(&code).ok_or_else(|| Error::Damaged(format!("{code} is no currency")))?;
    Ok(Amount::new(row.try_get(column)?, currency))
}

fn date(text: &str) -> Result<Date> {
    text.parse().map_err(|_| Error::Damaged(format!("{text} is no date")))
}

fn read(row: &AnyRow) -> Result<StoredCollection> {
    let (claim, attempt, claim_due_on): (String, Option<String>, Option<String>) =
        (row.try_get("claim")?, row.try_get("claim_attempt")?, row.try_get("claim_due_on")?);
    let attempt = attempt.as_deref().and_then(|id| uuid::Uuid::parse_str(id).ok()).map(AttemptId);
    let claim_due_on = claim_due_on.as_deref().map(date).transpose()?;
    let due_on: Option<String> = row.try_get("due_on")?;
    let claim = Claim::named(&claim, attempt.zip(claim_due_on))
        .ok_or_else(|| Error::Damaged(format!("a collection's claim is {claim}, and its attempt or date is missing")))?;
    let sums = Sums {
        received: row.try_get("received_minor")?,
        reversed: row.try_get("reversed_minor")?,
        refunded: row.try_get("refunded_minor")?,
        credited: row.try_get("credited_minor")?,
    };
    let collection = Collection { payable: amount(row, "payable_minor")?, sums, claim, closed_by: row.try_get("closed_by")? };
    Ok(StoredCollection {
        candidate: Candidate {
            invoice: row.try_get("invoice_id")?,
            number: row.try_get("number")?,
            kid: row.try_get("kid")?,
            due_on: due_on.as_deref().map(date).transpose()?,
            collection,
        },
        account: row.try_get("account")?,
        since: row.try_get("since")?,
        version: row.try_get("version")?,
    })
}
