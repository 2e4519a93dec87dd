//! Accepted invoices, the answers that were given to their keys, and their renditions.

use kvitt_domain::fault::Fault;
use kvitt_domain::invoice::{DocumentKind, Invoice};
use kvitt_domain::recipient::{Metadata, Recipient};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::report;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO invoice (company_id, invoice_id, kind, number, uuid, document_digest, buyer_name, payable_minor, \
    currency, issued_on, due_on, accepted_at, body, net_minor, vat_minor, total_minor, customer, customer_name, customer_number, project) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) ON CONFLICT DO NOTHING";
const SAVE_BODY: &str = "UPDATE invoice SET body = $1 WHERE company_id = $2 AND invoice_id = $3";
const BY_ID: &str =
    "SELECT invoice_id, document_digest, accepted_at, body FROM invoice WHERE company_id = $1 AND invoice_id = $2";
// The members of a lot, in its order: SQLite does a cross join in the order in which it is written.
const IN_LOT: &str = "SELECT i.invoice_id, i.document_digest, i.accepted_at, i.body FROM consignment_member m CROSS JOIN attempt a \
    CROSS JOIN invoice i WHERE a.company_id = m.company_id AND a.attempt_id = m.attempt_id AND i.company_id = a.company_id \
    AND i.invoice_id = a.invoice_id AND m.company_id = $1 AND m.consignment_id = $2 ORDER BY m.position";
const IS_KNOWN: &str = "SELECT invoice_id FROM invoice WHERE company_id = $1 AND invoice_id = $2";
const BY_NUMBER: &str =
    "SELECT invoice_id, document_digest, accepted_at, body FROM invoice WHERE company_id = $1 AND number = $2 ORDER BY kind";
const SAME_NUMBER: &str = "SELECT invoice_id, document_digest FROM invoice WHERE company_id = $1 AND number = $2 AND kind = $3";
const SAME_UUID: &str = "SELECT invoice_id, document_digest FROM invoice WHERE company_id = $1 AND uuid = $2";
const LIST: &str = "SELECT i.invoice_id, i.kind, i.number, i.buyer_name, i.payable_minor, i.currency, i.issued_on, i.due_on, i.accepted_at, d.state \
    FROM invoice i JOIN delivery d ON d.company_id = i.company_id AND d.invoice_id = i.invoice_id AND d.purpose = 'bill' \
    WHERE i.company_id = $1 AND (i.accepted_at, i.invoice_id) > ($2, $3) ORDER BY i.accepted_at, i.invoice_id LIMIT $4";
const PAGE_UP: &str = "SELECT i.invoice_id, i.document_digest, i.accepted_at, i.body \
    FROM invoice i JOIN delivery d ON d.company_id = i.company_id AND d.invoice_id = i.invoice_id AND d.purpose = 'bill' \
    WHERE i.company_id = $1 AND i.accepted_at >= $2 AND i.accepted_at <= $3 AND ($4 = '' OR $4 LIKE '%,' || d.state || ',%') \
    ORDER BY i.accepted_at, i.invoice_id LIMIT $5 OFFSET $6";
const PAGE_DOWN: &str = "SELECT i.invoice_id, i.document_digest, i.accepted_at, i.body \
    FROM invoice i JOIN delivery d ON d.company_id = i.company_id AND d.invoice_id = i.invoice_id AND d.purpose = 'bill' \
    WHERE i.company_id = $1 AND i.accepted_at >= $2 AND i.accepted_at <= $3 AND ($4 = '' OR $4 LIKE '%,' || d.state || ',%') \
    ORDER BY i.accepted_at DESC, i.invoice_id DESC LIMIT $5 OFFSET $6";
const COUNT: &str = "SELECT COUNT(*) FROM invoice WHERE company_id = $1 AND accepted_at >= $2 AND accepted_at <= $3";
const COUNT_IN_STATES: &str = "SELECT COUNT(*) FROM invoice i \
    JOIN delivery d ON d.company_id = i.company_id AND d.invoice_id = i.invoice_id AND d.purpose = 'bill' \
    WHERE i.company_id = $1 AND i.accepted_at >= $2 AND i.accepted_at <= $3 AND $4 LIKE '%,' || d.state || ',%'";
const BY_KID: &str = "SELECT i.invoice_id, i.document_digest, i.accepted_at, i.body \
    FROM collection c JOIN invoice i ON i.company_id = c.company_id AND i.invoice_id = c.invoice_id \
    WHERE c.company_id = $1 AND c.kid = $2 ORDER BY i.accepted_at, i.invoice_id LIMIT 100";
const UNTIL: &str = "SELECT invoice_id, document_digest, accepted_at, body FROM invoice \
    WHERE company_id = $1 AND invoice_id > $2 AND issued_on <= $3 ORDER BY invoice_id LIMIT $4";
const KEY: &str = "SELECT body_digest, invoice_id FROM idempotency WHERE company_id = $1 AND key = $2";
const INSERT_KEY: &str =
    "INSERT INTO idempotency (company_id, key, body_digest, invoice_id, made_at) VALUES ($1, $2, $3, $4, $5)";
const FORGET_KEYS: &str = "DELETE FROM idempotency WHERE company_id = $1 AND made_at < $2";
const INSERT_IDENTITY: &str = "INSERT INTO identity (company_id, reference, sealed) VALUES ($1, $2, $3)";
const IDENTITY: &str = "SELECT sealed FROM identity WHERE company_id = $1 AND reference = $2";
const REMOVE_IDENTITY: &str = "DELETE FROM identity WHERE company_id = $1 AND reference = $2";
const RENDITION: &str =
    "SELECT xml_digest, pdf_digest, pdf_by FROM rendition WHERE company_id = $1 AND invoice_id = $2 ORDER BY number DESC LIMIT 1";
const INSERT_RENDITION: &str = "INSERT INTO rendition (company_id, invoice_id, number, frozen_at, kid, account, xml_digest, pdf_digest, pdf_by) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// An accepted invoice, as it was read.
#[derive(Debug, Clone)]
pub struct StoredInvoice {
    /// UUIDv7 text.
    pub id: String,
    /// SHA-256 of what was handed in, with its metadata.
    pub document_digest: String,
    /// Business time, Unix milliseconds.
    pub accepted_at: i64,
    /// What it says.
    pub body: Body,
}

/// What routing and rendering need of an invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Body {
    /// The invoice; the bytes of its attachments are artefacts.
    pub invoice: Invoice,
    /// Whom it goes to.
    pub recipient: Recipient,
    /// What the sender said beside it.
    pub metadata: Metadata,
    /// Rules of EN 16931 and Peppol that it breaks, as warnings.
    #[serde(default)]
    pub broken_rules: Vec<Fault>,
}

/// One line of a list of invoices.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listed {
    /// UUIDv7 text.
    pub id: String,
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// BT-1.
    pub number: String,
    /// BT-44.
    pub buyer_name: String,
    /// BT-115, minor units.
    pub payable_minor: i64,
    /// BT-5.
    pub currency: String,
    /// BT-2.
    pub issued_on: String,
    /// BT-9.
    pub due_on: Option<String>,
    /// Business time, Unix milliseconds.
    pub accepted_at: i64,
    /// The delivery's state.
    pub state: String,
}

/// Seals what an invoice says, for [`insert`]. The largest invoices take a second: no transaction is open meanwhile.
pub fn seal(key: &CompanyKey, stored: &StoredInvoice) -> Result<Vec<u8>> {
    key.seal_compressed_json(Purpose::Invoice, &stored.id, &stored.body)
}

/// Stores an accepted invoice with what [`seal`] made of it. Its number and uuid must be free.
pub async fn insert(tx: &mut Tx<'_>, company: &str, stored: &StoredInvoice, sealed: &[u8]) -> Result<()> {
    match insert_if_free(tx, company, stored, sealed).await? {
        true => Ok(()),
        false => Err(Error::Conflict),
    }
}

/// The same where number and uuid are free; whether they were. Nearly always they are: asking first would cost every invoice what only
/// one that comes again needs.
pub async fn insert_if_free(tx: &mut Tx<'_>, company: &str, stored: &StoredInvoice, sealed: &[u8]) -> Result<bool> {
    let invoice = &stored.body.invoice;
    let booked = invoice.booked();
    let inserted = sqlx::query(INSERT)
        .bind(company)
        .bind(&stored.id)
        .bind(kind_name(invoice.kind))
        .bind(&invoice.number)
        .bind(stored.body.metadata.uuid.map(|uuid| uuid.to_string()))
        .bind(&stored.document_digest)
        .bind(&invoice.buyer.name)
        .bind(invoice.totals.payable.minor())
        .bind(invoice.currency.code())
        .bind(invoice.issued_on.to_string())
        .bind(invoice.due_on.map(|date| date.to_string()))
        .bind(stored.accepted_at)
        .bind(sealed)
        .bind(booked.net.minor())
        .bind(booked.vat.minor())
        .bind(booked.total.minor())
        .bind(&booked.customer)
        .bind(&booked.customer_name)
        .bind(&booked.customer_number)
        .bind(&booked.project)
        .execute(tx.db())
        .await?;
    if inserted.rows_affected() != 1 {
        return Ok(false);
    }
    report::insert_rates(tx, company, &stored.id, invoice, &booked).await?;
    Ok(true)
}

/// Saves whom an invoice goes to and what its sender says beside it. The document itself stays as it was accepted.
pub async fn save_body(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, stored: &StoredInvoice) -> Result<()> {
    let saved = sqlx::query(SAVE_BODY).bind(seal(key, stored)?).bind(company).bind(&stored.id).execute(tx.db()).await?;
    match saved.rows_affected() {
        1 => Ok(()),
        _ => Err(Error::NotFound(format!("invoice {}", stored.id))),
    }
}

/// The invoice with an id.
pub async fn by_id(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: &str) -> Result<StoredInvoice> {
    let row = sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()?.ok_or_else(|| Error::NotFound(format!("invoice {id}")))
}

/// The invoices whose attempts travel in a lot: one for each attempt, in the lot's order.
pub async fn in_lot(db: &mut AnyConnection, company: &str, key: &CompanyKey, lot: &str) -> Result<Vec<StoredInvoice>> {
    let rows = sqlx::query(IN_LOT).bind(company).bind(lot).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// Invoices with a number: an invoice and a credit note may share one.
pub async fn by_number(db: &mut AnyConnection, company: &str, key: &CompanyKey, number: &str) -> Result<Vec<StoredInvoice>> {
    let rows = sqlx::query(BY_NUMBER).bind(company).bind(number).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// The id and digest of the accepted document with this number and kind.
pub async fn same_number(
    db: &mut AnyConnection,
    company: &str,
    number: &str,
    kind: DocumentKind,
) -> Result<Option<(String, String)>> {
    let row = sqlx::query(SAME_NUMBER).bind(company).bind(number).bind(kind_name(kind)).fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

/// The id and digest of the accepted document with this uuid of the sender's.
pub async fn same_uuid(db: &mut AnyConnection, company: &str, uuid: &uuid::Uuid) -> Result<Option<(String, String)>> {
    let row = sqlx::query(SAME_UUID).bind(company).bind(uuid.to_string()).fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

/// Whether an invoice of ours has an id.
pub async fn is_known(db: &mut AnyConnection, company: &str, id: &str) -> Result<bool> {
    let found: Option<String> = sqlx::query_scalar(IS_KNOWN).bind(company).bind(id).fetch_optional(db).await?;
    Ok(found.is_some())
}

/// At most `limit` invoices after a cursor (`accepted_at`, id), in the order in which they were accepted.
pub async fn list(db: &mut AnyConnection, company: &str, after: (i64, &str), limit: i64) -> Result<Vec<Listed>> {
    let rows = sqlx::query(LIST).bind(company).bind(after.0).bind(after.1).bind(limit).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                id: row.try_get("invoice_id")?,
                kind: row.try_get("kind")?,
                number: row.try_get("number")?,
                buyer_name: row.try_get("buyer_name")?,
                payable_minor: row.try_get("payable_minor")?,
                currency: row.try_get("currency")?,
                issued_on: row.try_get("issued_on")?,
                due_on: row.try_get("due_on")?,
                accepted_at: row.try_get("accepted_at")?,
                state: row.try_get("state")?,
            })
        })
        .collect()
}

/// A span of time in which invoices were accepted: Unix milliseconds on the business clock, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Not before.
    pub from: i64,
    /// Not after.
    pub to: i64,
}

/// In which order a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they were accepted.
    OldestFirst,
    /// The other way round.
    NewestFirst,
}

/// Invoices of a span whose bills stand in one of some states (each between commas; empty means all): at most so many after so many
/// that are passed over.
pub async fn page(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    span: Span,
    states: &str,
    order: Order,
    (limit, passed_over): (i64, i64),
) -> Result<Vec<StoredInvoice>> {
    let sql = match order {
        Order::OldestFirst => PAGE_UP,
        Order::NewestFirst => PAGE_DOWN,
    };
    let query = sqlx::query(sql).bind(company).bind(span.from).bind(span.to).bind(states).bind(limit).bind(passed_over);
    query.fetch_all(db).await?.iter().map(|row| read(row, key)).collect()
}

/// At most `limit` invoices and credit notes after an id that were issued on a day or before it.
pub async fn until(
    db: &mut AnyConnection,
    company: &str,
    key: &CompanyKey,
    issued_on: jiff::civil::Date,
    (after, limit): (&str, i64),
) -> Result<Vec<StoredInvoice>> {
    let query = sqlx::query(UNTIL).bind(company).bind(after).bind(issued_on.to_string()).bind(limit);
    query.fetch_all(db).await?.iter().map(|row| read(row, key)).collect()
}

/// How many invoices of a span have bills that stand in one of some states; see [`page`].
pub async fn count_in(db: &mut AnyConnection, company: &str, span: Span, states: &str) -> Result<i64> {
    let query = match states {
        "" => sqlx::query_scalar(COUNT).bind(company).bind(span.from).bind(span.to),
        states => sqlx::query_scalar(COUNT_IN_STATES).bind(company).bind(span.from).bind(span.to).bind(states),
    };
    Ok(query.fetch_one(db).await?)
}

/// Invoices with a KID, oldest first.
pub async fn by_kid(db: &mut AnyConnection, company: &str, key: &CompanyKey, kid: &str) -> Result<Vec<StoredInvoice>> {
    let rows = sqlx::query(BY_KID).bind(company).bind(kid).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// What was answered to an idempotency key: the digest of its body, and the invoice.
pub async fn answered(db: &mut AnyConnection, company: &str, key: &str) -> Result<Option<(String, String)>> {
    let row = sqlx::query(KEY).bind(company).bind(key).fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

/// Remembers what was answered to a key.
pub async fn remember(tx: &mut Tx<'_>, company: &str, key: &str, digest: &str, invoice: &str, now: i64) -> Result<()> {
    sqlx::query(INSERT_KEY).bind(company).bind(key).bind(digest).bind(invoice).bind(now).execute(tx.db()).await?;
    Ok(())
}

/// Forgets keys that were answered before a time.
pub async fn forget_keys(tx: &mut Tx<'_>, company: &str, before: i64) -> Result<u64> {
    Ok(sqlx::query(FORGET_KEYS).bind(company).bind(before).execute(tx.db()).await?.rows_affected())
}

/// Stores a fødselsnummer in the company's vault under a reference.
pub async fn insert_identity(tx: &mut Tx<'_>, company: &str, reference: &str, sealed: &[u8]) -> Result<()> {
    sqlx::query(INSERT_IDENTITY).bind(company).bind(reference).bind(sealed).execute(tx.db()).await?;
    Ok(())
}

/// The fødselsnummer that a reference stands for. It goes into what is carried, and nowhere else.
pub async fn identity(db: &mut AnyConnection, company: &str, key: &CompanyKey, reference: &str) -> Result<String> {
    let sealed: Option<Vec<u8>> = sqlx::query_scalar(IDENTITY).bind(company).bind(reference).fetch_optional(db).await?;
    let sealed = sealed.ok_or_else(|| Error::NotFound("the identity".into()))?;
    String::from_utf8(key.open(Purpose::Identity, reference, &sealed)?)
        .map_err(|_| Error::Damaged("an identity is no text".into()))
}

/// Forgets a fødselsnummer.
pub async fn remove_identity(tx: &mut Tx<'_>, company: &str, reference: &str) -> Result<()> {
    sqlx::query(REMOVE_IDENTITY).bind(company).bind(reference).execute(tx.db()).await?;
    Ok(())
}

/// The frozen XML and PDF of an invoice, and who made the PDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// The XML's digest.
    pub xml_digest: String,
    /// The PDF's digest.
    pub pdf_digest: String,
    /// `sender` or `kvitt`.
    pub pdf_by: String,
}

/// The newest rendition of an invoice.
pub async fn rendition(db: &mut AnyConnection, company: &str, invoice: &str) -> Result<Option<Rendition>> {
    let row = sqlx::query(RENDITION).bind(company).bind(invoice).fetch_optional(db).await?;
    row.map(|row| Ok(Rendition { xml_digest: row.try_get(0)?, pdf_digest: row.try_get(1)?, pdf_by: row.try_get(2)? })).transpose()
}

/// Freezes the first rendition of an invoice.
pub async fn freeze(tx: &mut Tx<'_>, company: &str, stored: &StoredInvoice, rendition: &Rendition, now: i64) -> Result<()> {
    let invoice = &stored.body.invoice;
    sqlx::query(INSERT_RENDITION)
        .bind(company)
        .bind(&stored.id)
        .bind(1_i64)
        .bind(now)
        .bind(invoice.remittance())
        .bind(invoice.account())
        .bind(&rendition.xml_digest)
        .bind(&rendition.pdf_digest)
        .bind(&rendition.pdf_by)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The kind as stored.
pub fn kind_name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "invoice",
        DocumentKind::CreditNote => "credit_note",
    }
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredInvoice> {
    let sealed: Vec<u8> = row.try_get("body")?;
    let id: String = row.try_get("invoice_id")?;
    Ok(StoredInvoice {
        document_digest: row.try_get("document_digest")?,
        accepted_at: row.try_get("accepted_at")?,
        body: key.open_compressed_json(Purpose::Invoice, &id, &sealed)?,
        id,
    })
}
