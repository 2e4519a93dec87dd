//! What somebody does to many invoices or drafts at once: which, and what became of each.

use kvitt_domain::fault::Fault;
use kvitt_domain::money::Amount;
use kvitt_domain::plan::RouteName;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const INSERT: &str = "INSERT INTO bulk (company_id, bulk_id, act, state, body, made_at, changed_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $6, 1)";
const SAVE: &str = "UPDATE bulk SET state = $1, body = $2, changed_at = $3, version = version + 1 \
    WHERE company_id = $4 AND bulk_id = $5 AND version = $6";
const BY_ID: &str = "SELECT bulk_id, act, state, body, changed_at, version FROM bulk WHERE company_id = $1 AND bulk_id = $2";
const REMOVE: &str = "DELETE FROM bulk WHERE company_id = $1 AND bulk_id = $2 AND state = 'planned' AND version = $3";

/// What is done to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A parked invoice is planned again, with all routes.
    Resend,
    /// A parked invoice goes on paper.
    Print,
    /// A parked invoice goes by e-mail.
    Email,
    /// An invoice is called back.
    Recall,
    /// A draft becomes an invoice.
    Finalise,
}

impl Act {
    /// Every act.
    pub const ALL: [Act; 5] = [Act::Resend, Act::Print, Act::Email, Act::Recall, Act::Finalise];

    /// Its name, as it is stored and as forms send it.
    pub fn name(self) -> &'static str {
        match self {
            Act::Resend => "resend",
            Act::Print => "print",
            Act::Email => "email",
            Act::Recall => "recall",
            Act::Finalise => "finalise",
        }
    }

    /// The act with a name.
    pub fn named(name: &str) -> Option<Act> {
        Act::ALL.into_iter().find(|act| act.name() == name)
    }
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkState {
    /// Somebody looks at what would happen.
    Planned,
    /// It is being done.
    Going,
    /// Somebody stopped it; what was done stays done.
    Stopped,
    /// All of it has been tried.
    Done,
}

impl BulkState {
    const ALL: [BulkState; 4] = [BulkState::Planned, BulkState::Going, BulkState::Stopped, BulkState::Done];

    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            BulkState::Planned => "planned",
            BulkState::Going => "going",
            BulkState::Stopped => "stopped",
            BulkState::Done => "done",
        }
    }
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done. For a draft: the invoice that it became.
    Done(Option<String>),
    /// It could not be done, and why.
    Refused(Vec<Fault>),
}

/// What somebody was shown would happen to one item, and said yes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreseen {
    /// The invoice's number, or the draft's; empty where it has none.
    pub number: String,
    /// Whom it goes to.
    pub recipient: String,
    /// What it asks for.
    pub payable: Option<Amount>,
    /// The draft's version; 0 for an invoice.
    pub version: i64,
    /// By which route, where it would be sent.
    pub route: Option<RouteName>,
    /// Whether a register is asked first, and may say no.
    pub needs_lookup: bool,
    /// What that costs, where the price book knows.
    pub price: Option<Amount>,
    /// Why it cannot be done; empty where it can.
    pub faults: Vec<Fault>,
}

impl Foreseen {
    /// Whether the same would be done, at the same price.
    pub fn is_same(&self, other: &Foreseen) -> bool {
        let of = |one: &Foreseen| (one.faults.is_empty(), one.version, one.route.clone(), one.price);
        of(self) == of(other)
    }
}

/// One of the many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The id of the invoice or draft.
    pub id: String,
    /// What was shown of it.
    pub seen: Foreseen,
    /// Whether it was begun: one that is found so after a crash may have been done.
    #[serde(default)]
    pub is_begun: bool,
    /// What became of it; `None` while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// What is done to many at once, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBulk {
    /// UUIDv7 text.
    pub id: String,
    /// What is done to each.
    pub act: Act,
    /// Where it stands.
    pub state: BulkState,
    /// Who wants it.
    pub by: String,
    /// Which, in the order in which they are done.
    pub items: Vec<Item>,
    /// Whether more were found than one act takes.
    pub is_cut: bool,
    /// When it last changed: business time, Unix milliseconds.
    pub changed_at: i64,
    /// Goes up with every change.
    pub version: i64,
}

#[derive(Serialize, Deserialize)]
struct Body {
    by: String,
    items: Vec<Item>,
    #[serde(default)]
    is_cut: bool,
}

impl StoredBulk {
    fn sealed(&self, key: &CompanyKey) -> Result<Vec<u8>> {
        let body = Body { by: self.by.clone(), items: self.items.clone(), is_cut: self.is_cut };
        key.seal_compressed_json(Purpose::Bulk, &self.id, &body)
    }
}

/// Stores a new one.
pub async fn insert(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, new: &StoredBulk) -> Result<()> {
    sqlx::query(INSERT)
        .bind(company)
        .bind(&new.id)
        .bind(new.act.name())
        .bind(new.state.name())
        .bind(new.sealed(key)?)
        .bind(new.changed_at)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// Saves one in place of that with its version.
///
/// # Errors
/// [`Error::Conflict`] where somebody else saved it first.
pub async fn save(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, after: &StoredBulk) -> Result<()> {
    let saved = sqlx::query(SAVE)
        .bind(after.state.name())
        .bind(after.sealed(key)?)
        .bind(after.changed_at)
        .bind(company)
        .bind(&after.id)
        .bind(after.version)
        .execute(tx.db())
        .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// The one with an id.
pub async fn by_id(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: &str) -> Result<Option<StoredBulk>> {
    let row = sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// Forgets one that was never begun; false where there is none with that version.
pub async fn remove(tx: &mut Tx<'_>, company: &str, id: &str, version: i64) -> Result<bool> {
    let removed = sqlx::query(REMOVE).bind(company).bind(id).bind(version).execute(tx.db()).await?;
    Ok(removed.rows_affected() == 1)
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredBulk> {
    let (id, act, state): (String, String, String) = (row.try_get("bulk_id")?, row.try_get("act")?, row.try_get("state")?);
    let body: Vec<u8> = row.try_get("body")?;
    let Body { by, items, is_cut } = key.open_compressed_json(Purpose::Bulk, &id, &body)?;
    let damaged = |what: &str| Error::Damaged(format!("bulk {id} has {what}"));
    Ok(StoredBulk {
        act: Act::named(&act).ok_or_else(|| damaged(&act))?,
        state: BulkState::ALL.into_iter().find(|known| known.name() == state).ok_or_else(|| damaged(&state))?,
        changed_at: row.try_get("changed_at")?,
        version: row.try_get("version")?,
        by,
        items,
        is_cut,
        id,
    })
}
