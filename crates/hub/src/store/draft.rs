//! Drafts, from the first word until they are invoices, and kept afterwards: only here stand the VAT code and ledger account of each
//! line, which are the seller's own books.

use jiff::civil::Date;
use kvitt_domain::Language;
use kvitt_domain::invoice::Invoice;
use kvitt_domain::invoicing::draft::Draft;
use kvitt_domain::money::{Amount, Currency};
use kvitt_domain::recipient::RecipientType;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::invoice::kind_name;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO draft (company_id, draft_id, state, kind, number, invoice_id, credits, buyer_name, total_minor, currency, \
    body, made_at, changed_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)";
const SAVE: &str = "UPDATE draft SET state = $1, number = $2, invoice_id = $3, buyer_name = $4, total_minor = $5, currency = $6, body = $7, \
    changed_at = $8, version = version + 1 WHERE company_id = $9 AND draft_id = $10 AND version = $11";
const REMOVE: &str = "DELETE FROM draft WHERE company_id = $1 AND draft_id = $2 AND version = $3 AND state = 'open'";
const BY_ID: &str = "SELECT draft_id, state, number, invoice_id, body, made_at, changed_at, version FROM draft \
    WHERE company_id = $1 AND draft_id = $2";
const OF_INVOICE: &str = "SELECT draft_id, state, number, invoice_id, body, made_at, changed_at, version FROM draft \
    WHERE company_id = $1 AND invoice_id = $2 AND invoice_id <> ''";
const LIST: &str = "SELECT draft_id, kind, number, buyer_name, total_minor, currency, changed_at FROM draft \
    WHERE company_id = $1 AND state = $2 AND (changed_at, draft_id) < ($3, $4) ORDER BY changed_at DESC, draft_id DESC LIMIT $5";
const CREDITING: &str = "SELECT CAST(COALESCE(SUM(total_minor), 0) AS BIGINT) FROM draft \
    WHERE company_id = $1 AND credits = $2 AND credits <> '' AND state = 'numbered'";

/// How far a draft has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftState {
    /// It can be changed.
    Open,
    /// It has its number and never changes again; that it is an invoice is about to be heard.
    Numbered,
    /// It is an invoice.
    Final,
}

impl DraftState {
    /// The name as stored.
    pub fn name(self) -> &'static str {
        match self {
            DraftState::Open => "open",
            DraftState::Numbered => "numbered",
            DraftState::Final => "final",
        }
    }

    fn named(name: &str) -> Result<DraftState> {
        [DraftState::Open, DraftState::Numbered, DraftState::Final]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| Error::Damaged(format!("no draft is {name}")))
    }
}

/// A draft as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDraft {
    /// UUIDv7 text: the uuid of the invoice that it becomes.
    pub id: String,
    /// How far it has come.
    pub state: DraftState,
    /// Its number; empty until it is taken.
    pub number: String,
    /// The invoice's id; empty until it is one.
    pub invoice: String,
    /// What it says.
    pub body: DraftBody,
    /// Business time, Unix milliseconds.
    pub made_at: i64,
    /// Business time, Unix milliseconds.
    pub changed_at: i64,
    /// Goes up with every change.
    pub version: i64,
}

/// What a draft says, and what was fixed when its number was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftBody {
    /// What somebody wrote.
    pub draft: Draft,
    /// The invoice that it is from then on.
    #[serde(default)]
    pub fixed: Option<Box<Fixed>>,
}

/// What never changes again once the number is taken: accepting it a second time is accepting the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fixed {
    /// The invoice; the bytes of its files are artefacts.
    pub invoice: Invoice,
    /// What is said beside it.
    pub beside: Beside,
}

/// What routes must know of the customer and no invoice says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Beside {
    /// Consumer or business.
    pub kind: RecipientType,
    /// Where e-mail goes.
    pub email: Option<String>,
    /// International form.
    pub phone: Option<String>,
    /// Date of birth.
    pub born_on: Option<Date>,
    /// Nine digits.
    pub efaktura_identifier: Option<String>,
    /// The language of letters.
    pub language: Language,
    /// Under which reference the vault holds the fødselsnummer.
    pub identity_ref: Option<String>,
}

/// What a list shows of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The customer's name; empty where nobody chose one yet.
    pub buyer_name: String,
    /// What it comes to.
    pub total: Amount,
}

/// One line of a list of drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The draft's id.
    pub id: String,
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// Its number; empty until it is taken.
    pub number: String,
    /// What it shows.
    pub heading: Heading,
    /// Business time, Unix milliseconds.
    pub changed_at: i64,
}

/// Stores a new draft.
pub async fn insert(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, new: &StoredDraft, heading: &Heading) -> Result<()> {
    let draft = &new.body.draft;
    sqlx::query(INSERT)
        .bind(company)
        .bind(&new.id)
        .bind(new.state.name())
        .bind(kind_name(draft.kind))
        .bind(&new.number)
        .bind(&new.invoice)
        .bind(draft.credits.as_ref().map_or("", |credited| credited.invoice.as_str()))
        .bind(&heading.buyer_name)
        .bind(heading.total.minor())
        .bind(heading.total.currency().code())
        .bind(key.seal_compressed_json(Purpose::Draft, &new.id, &new.body)?)
        .bind(new.made_at)
        .bind(new.changed_at)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// Saves a draft in place of the one with this version.
///
/// # Errors
/// [`Error::Conflict`] where somebody else saved it first.
pub async fn save(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, after: &StoredDraft, heading: &Heading) -> Result<()> {
    let saved = sqlx::query(SAVE)
        .bind(after.state.name())
        .bind(&after.number)
        .bind(&after.invoice)
        .bind(&heading.buyer_name)
        .bind(heading.total.minor())
        .bind(heading.total.currency().code())
        .bind(key.seal_compressed_json(Purpose::Draft, &after.id, &after.body)?)
        .bind(after.changed_at)
        .bind(company)
        .bind(&after.id)
        .bind(after.version)
        .execute(tx.db())
        .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// Removes an open draft with this version. Answers whether it was there.
pub async fn remove(tx: &mut Tx<'_>, company: &str, id: &str, version: i64) -> Result<bool> {
    Ok(sqlx::query(REMOVE).bind(company).bind(id).bind(version).execute(tx.db()).await?.rows_affected() == 1)
}

/// The draft with an id.
pub async fn by_id(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: &str) -> Result<Option<StoredDraft>> {
    let row = sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// The draft that became an invoice; `None` where the invoice was written elsewhere.
pub async fn of_invoice(db: &mut AnyConnection, company: &str, key: &CompanyKey, invoice: &str) -> Result<Option<StoredDraft>> {
    let row = sqlx::query(OF_INVOICE).bind(company).bind(invoice).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// At most `limit` drafts in a state, the last changed first, before a cursor (changed at, id).
pub async fn list(
    db: &mut AnyConnection,
    company: &str,
    state: DraftState,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Listed>> {
    let rows = sqlx::query(LIST).bind(company).bind(state.name()).bind(before.0).bind(before.1).bind(limit).fetch_all(db).await?;
    let listed = |row: &AnyRow| -> Result<Listed> {
        let currency: String = row.try_get("currency")?;
        let currency = Currency::parse(&currency).ok_or_else(|| Error::Damaged(format!("{currency} is no currency")))?;
        Ok(Listed {
            id: row.try_get("draft_id")?,
            kind: row.try_get("kind")?,
            number: row.try_get("number")?,
            heading: Heading {
                buyer_name: row.try_get("buyer_name")?,
                total: Amount::new(row.try_get("total_minor")?, currency),
            },
            changed_at: row.try_get("changed_at")?,
        })
    };
    rows.iter().map(listed).collect()
}

/// What numbered drafts, which are about to be credit notes, take off an invoice: minor units.
pub async fn crediting(db: &mut AnyConnection, company: &str, invoice: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(CREDITING).bind(company).bind(invoice).fetch_one(db).await?)
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredDraft> {
    let (id, state): (String, String) = (row.try_get("draft_id")?, row.try_get("state")?);
    let body: Vec<u8> = row.try_get("body")?;
    Ok(StoredDraft {
        state: DraftState::named(&state)?,
        number: row.try_get("number")?,
        invoice: row.try_get("invoice_id")?,
        body: key.open_compressed_json(Purpose::Draft, &id, &body)?,
        made_at: row.try_get("made_at")?,
        changed_at: row.try_get("changed_at")?,
        version: row.try_get("version")?,
        id,
    })
}
