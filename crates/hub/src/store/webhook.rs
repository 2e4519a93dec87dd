//! Webhooks and the log of their tries. What they are told is `actions/tell_webhook.rs`'s to say; that there is something to tell is
//! noticed where events are numbered ([`crate::store::event`]), by the count of active ones in the company's head.

use kvitt_domain::fault::Fault;
use kvitt_domain::subscription::Subscription;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};
use crate::webhook_message::Secret;

const INSERT: &str = "INSERT INTO webhook \
    (company_id, webhook_id, state, why, since_at, settings, told_seq, faults, tries, made_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, 1)";
const SAVE: &str = "UPDATE webhook SET state = $1, why = $2, since_at = $3, settings = $4, told_seq = $5, faults = $6, version = version + 1 \
    WHERE company_id = $7 AND webhook_id = $8 AND version = $9";
const ADVANCE: &str = "UPDATE webhook SET told_seq = $1, faults = 0, version = version + 1 \
    WHERE company_id = $2 AND webhook_id = $3 AND version = $4";
const BY_ID: &str = "SELECT webhook_id, state, why, since_at, settings, told_seq, faults, made_at, version FROM webhook \
    WHERE company_id = $1 AND webhook_id = $2";
const ALL: &str = "SELECT webhook_id, state, why, since_at, settings, told_seq, faults, made_at, version FROM webhook \
    WHERE company_id = $1 ORDER BY webhook_id";
const REMOVE: &str = "DELETE FROM webhook WHERE company_id = $1 AND webhook_id = $2 AND version = $3";
const REMOVE_TRIES: &str = "DELETE FROM webhook_try WHERE company_id = $1 AND webhook_id = $2";
const COUNT_TRY: &str = "UPDATE webhook SET tries = tries + 1 WHERE company_id = $1 AND webhook_id = $2 RETURNING tries";
const RECORD: &str = "INSERT INTO webhook_try \
    (company_id, webhook_id, slot, number, event_seq, kind, at, status, why, took_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (company_id, webhook_id, slot) DO UPDATE SET number = excluded.number, event_seq = excluded.event_seq, \
    kind = excluded.kind, at = excluded.at, status = excluded.status, why = excluded.why, took_ms = excluded.took_ms";
const TRIES: &str = "SELECT number, event_seq, kind, at, status, why, took_ms FROM webhook_try \
    WHERE company_id = $1 AND webhook_id = $2 ORDER BY number DESC";
const COUNT_ACTIVE: &str = "UPDATE company_head SET webhooks = webhooks + $1 WHERE company_id = $2";

/// Tries that are kept of each webhook.
pub const KEPT: i64 = 100;

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// What was agreed about it.
    pub settings: Settings,
    /// Where it stands.
    pub state: State,
    /// Since when: business time, Unix milliseconds.
    pub since: i64,
    /// The last event that it took or does not want.
    pub told: i64,
}

/// Where a webhook stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// It is told of events.
    Active {
        /// Tries of the next event that failed.
        faults: i64,
    },
    /// It is told nothing until a person says so.
    Stopped {
        /// Why.
        why: Fault,
    },
}

impl State {
    /// The name as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            State::Active { .. } => "active",
            State::Stopped { .. } => "stopped",
        }
    }
}

/// What was agreed about a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where it is.
    pub address: String,
    /// What it wants.
    pub events: Subscription,
    /// The secret that it is signed with.
    pub secret: Secret,
    /// The secret before that one, while it is still signed with too, and until when: machine time, Unix milliseconds.
    pub old_secret: Option<(Secret, i64)>,
}

impl Settings {
    /// The secrets that are live at a machine time, the newest first.
    pub fn live(&self, machine_now: i64) -> Vec<&Secret> {
        let old = self.old_secret.as_ref().filter(|(_, until)| machine_now < *until).map(|(secret, _)| secret);
        std::iter::once(&self.secret).chain(old).collect()
    }
}

/// A webhook as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWebhook {
    /// UUIDv7 text.
    pub id: String,
    /// What it is.
    pub webhook: Webhook,
    /// Business time, Unix milliseconds.
    pub made_at: i64,
    /// Its version.
    pub version: i64,
}

/// One try of telling a webhook something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// The number of the event; 0 for a test call.
    pub event: i64,
    /// The kind of the event.
    pub kind: String,
    /// When: business time, Unix milliseconds.
    pub at: i64,
    /// The status of the answer; 0 where there was none.
    pub status: i64,
    /// Why it does not count as told; empty where it does.
    pub why: String,
    /// How long it took: milliseconds.
    pub took_ms: i64,
}

/// Stores a new webhook.
pub async fn insert(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, id: &str, new: &Webhook, now: i64) -> Result<()> {
    let (why, faults) = columns(&new.state)?;
    sqlx::query(INSERT)
        .bind(company)
        .bind(id)
        .bind(new.state.name())
        .bind(why)
        .bind(new.since)
        .bind(key.seal_json(Purpose::Webhook, id, &new.settings)?)
        .bind(new.told)
        .bind(faults)
        .bind(now)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// Saves what became of a webhook, where nobody else has changed it since it was read.
pub async fn save(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, before: &StoredWebhook, after: &Webhook) -> Result<()> {
    let (why, faults) = columns(&after.state)?;
    let saved = sqlx::query(SAVE)
        .bind(after.state.name())
        .bind(why)
        .bind(after.since)
        .bind(key.seal_json(Purpose::Webhook, &before.id, &after.settings)?)
        .bind(after.told)
        .bind(faults)
        .bind(company)
        .bind(&before.id)
        .bind(before.version)
        .execute(tx.db())
        .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict) }
}

/// Notes that an active webhook took all events up to one, or does not want them. Answers whether it is as it was read.
pub async fn advance(tx: &mut Tx<'_>, company: &str, before: &StoredWebhook, told: i64) -> Result<bool> {
    let saved = sqlx::query(ADVANCE).bind(told).bind(company).bind(&before.id).bind(before.version).execute(tx.db()).await?;
    Ok(saved.rows_affected() == 1)
}

/// Counts the active webhooks of a company: one more, or one less.
pub async fn count_active(tx: &mut Tx<'_>, company: &str, change: i64) -> Result<()> {
    sqlx::query(COUNT_ACTIVE).bind(change).bind(company).execute(tx.db()).await?;
    Ok(())
}

/// The webhook with an id.
pub async fn by_id(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: &str) -> Result<Option<StoredWebhook>> {
    let row = sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// All webhooks of a company, the oldest first.
pub async fn all(db: &mut AnyConnection, company: &str, key: &CompanyKey) -> Result<Vec<StoredWebhook>> {
    let rows = sqlx::query(ALL).bind(company).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// Removes a webhook and its log, where nobody else has changed it since it was read.
pub async fn remove(tx: &mut Tx<'_>, company: &str, before: &StoredWebhook) -> Result<()> {
    let removed = sqlx::query(REMOVE).bind(company).bind(&before.id).bind(before.version).execute(tx.db()).await?;
    if removed.rows_affected() != 1 {
        return Err(Error::Conflict);
    }
    sqlx::query(REMOVE_TRIES).bind(company).bind(&before.id).execute(tx.db()).await?;
    Ok(())
}

/// Enters a try in the log of a webhook; nothing where there is no such webhook any more.
pub async fn record(tx: &mut Tx<'_>, company: &str, id: &str, tried: &Try) -> Result<()> {
    let number: Option<i64> = sqlx::query_scalar(COUNT_TRY).bind(company).bind(id).fetch_optional(tx.db()).await?;
    let Some(number) = number else { return Ok(()) };
    sqlx::query(RECORD)
        .bind(company)
        .bind(id)
        .bind(number % KEPT)
        .bind(number)
        .bind(tried.event)
        .bind(&tried.kind)
        .bind(tried.at)
        .bind(tried.status)
        .bind(&tried.why)
        .bind(tried.took_ms)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The last tries of a webhook, the newest first.
pub async fn tries(db: &mut AnyConnection, company: &str, id: &str) -> Result<Vec<Try>> {
    let rows = sqlx::query(TRIES).bind(company).bind(id).fetch_all(db).await?;
    let read = |row: &AnyRow| {
        Ok(Try {
            event: row.try_get("event_seq")?,
            kind: row.try_get("kind")?,
            at: row.try_get("at")?,
            status: row.try_get("status")?,
            why: row.try_get("why")?,
            took_ms: row.try_get("took_ms")?,
        })
    };
    rows.iter().map(read).collect()
}

/// A state as its columns: why, and the tries that failed.
fn columns(state: &State) -> Result<(String, i64)> {
    match state {
        State::Active { faults } => Ok((String::new(), *faults)),
        State::Stopped { why } => {
            let why = serde_json::to_string(why).map_err(|cause| Error::Damaged(format!("a fault has no JSON: {cause}")))?;
            Ok((why, 0))
        }
    }
}

fn read(row: &AnyRow, key: &CompanyKey) -> Result<StoredWebhook> {
    let (id, sealed): (String, Vec<u8>) = (row.try_get("webhook_id")?, row.try_get("settings")?);
    let (state, why): (String, String) = (row.try_get("state")?, row.try_get("why")?);
    let damaged = |cause: String| Error::Damaged(format!("webhook {id}: {cause}"));
    let state = match state.as_str() {
        "active" => State::Active { faults: row.try_get("faults")? },
        "stopped" => State::Stopped { why: serde_json::from_str(&why).map_err(|cause| damaged(cause.to_string()))? },
        other => return Err(damaged(format!("no webhook is {other}"))),
    };
    Ok(StoredWebhook {
        webhook: Webhook {
            settings: key.open_json(Purpose::Webhook, &id, &sealed)?,
            state,
            since: row.try_get("since_at")?,
            told: row.try_get("told_seq")?,
        },
        made_at: row.try_get("made_at")?,
        version: row.try_get("version")?,
        id,
    })
}
