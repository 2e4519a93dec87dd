//! What happened: a gap-free, hash-chained list per company.
//!
//! `hash = SHA-256(previous hash, company, seq, at, kind, subject, machine, from, to, version, payload digest)`. The payload's
//! digest is salted with 16 random bytes that are sealed with it: a payload can be erased and the chain still verifies.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kvitt_domain::identifiers::without_identity_numbers;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::evidence::story::Told;
use crate::store::db::Backend;
use crate::store::job;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose, sha256};

const HEAD: &str = "SELECT last_seq, last_hash, webhooks FROM company_head WHERE company_id = $1";
const HEAD_LOCKED: &str = "SELECT last_seq, last_hash, webhooks FROM company_head WHERE company_id = $1 FOR UPDATE";
const INSERT: &str = "INSERT INTO event \
    (company_id, seq, at, kind, subject, machine, from_state, to_state, version, payload, payload_digest, hash) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const MOVE_HEAD: &str = "UPDATE company_head SET last_seq = $1, last_hash = $2 WHERE company_id = $3 AND last_seq = $4";
const OF_SUBJECT: &str = "SELECT seq, at, kind, subject, machine, from_state, to_state, version, payload, payload_digest, hash \
    FROM event WHERE company_id = $1 AND subject = $2 ORDER BY seq";
const WITH_PREVIOUS: &str = "SELECT e.seq, e.at, e.kind, e.subject, e.machine, e.from_state, e.to_state, e.version, e.payload, \
    e.payload_digest, e.hash, COALESCE(p.hash, '') AS previous FROM event e \
    LEFT JOIN event p ON p.company_id = e.company_id AND p.seq = e.seq - 1 \
    WHERE e.company_id = $1 AND e.subject = $2 ORDER BY e.seq";
const LAST_AT: &str = "SELECT MAX(at) FROM event WHERE company_id = $1";
const LAST: &str = "SELECT last_seq FROM company_head WHERE company_id = $1";
const HEADINGS: &str = "SELECT seq, at, kind, subject, machine, from_state, to_state, hash \
    FROM event WHERE company_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
const AFTER: &str = "SELECT seq, at, kind, subject, machine, from_state, to_state, version, payload, payload_digest, hash \
    FROM event WHERE company_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";

/// Events that one statement inserts, where a transaction tells so many: a group of actions tells dozens.
const ROWS: usize = 8;
static INSERT_MANY: LazyLock<String> = LazyLock::new(|| {
    let (columns, _) = INSERT.split_once("VALUES").expect("the statement inserts values");
    let row = |row: usize| {
        let values: Vec<String> = (1..=COLUMNS).map(|column| format!("${}", row * COLUMNS + column)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<String> = (0..ROWS).map(row).collect();
    format!("{columns}VALUES {}", rows.join(", "))
});
const COLUMNS: usize = 12;

/// The hash before the first event.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const SALT_LEN: usize = 16;

/// An event about to be told.
#[derive(Clone)]
pub struct NewEvent {
    company: String,
    at: i64,
    kind: &'static str,
    subject: String,
    moved: Moved,
    /// Sealed when its number is known: that is the row's.
    payload: Vec<u8>,
    key: CompanyKey,
}

impl std::fmt::Debug for NewEvent {
    /// Without the payload, which names people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewEvent").field("kind", &self.kind).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Which state machine moved, and how. Events that move none leave it empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// Such as `delivery`.
    pub machine: &'static str,
    /// The state before.
    pub from: &'static str,
    /// The state after.
    pub to: &'static str,
    /// The row's version after.
    pub version: i64,
}

impl NewEvent {
    /// An event of a company about a subject (an invoice id, mostly), at a business time in Unix milliseconds.
    pub fn new<P: Serialize>(
        company: &str,
        key: &CompanyKey,
        at: i64,
        kind: &'static str,
        subject: &str,
        payload: &P,
    ) -> Result<NewEvent> {
        let json = serde_json::to_vec(payload).map_err(|cause| Error::Damaged(format!("an event has no JSON: {cause}")))?;
        let mut salted = vec![0; SALT_LEN];
        aws_lc_rs::rand::fill(&mut salted).expect("the operating system gives random bytes");
        salted.extend_from_slice(&json);
        Ok(NewEvent {
            company: company.to_owned(),
            at,
            kind,
            subject: subject.to_owned(),
            moved: Moved::default(),
            payload: salted,
            key: key.clone(),
        })
    }

    /// The same event, saying which state machine moved.
    pub fn moving(mut self, moved: Moved) -> NewEvent {
        self.moved = moved;
        self
    }
}

/// An event as it is stored, its payload opened where it still can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
    /// 1, 2, 3…
    pub seq: i64,
    /// Business time, Unix milliseconds.
    pub at: i64,
    /// Such as `delivery.handed_over`.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The state machine that moved, or empty.
    pub machine: String,
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// The row's version after.
    pub version: i64,
    /// What it says; `null` once erased.
    pub payload: serde_json::Value,
    #[serde(skip)]
    payload_digest: String,
    /// The chain's hash up to and including it.
    pub hash: String,
}

/// Writes what the transaction told, and moves the companies' heads, in the order of their ids so that no two transactions
/// wait for each other in a ring. It is the last thing before the commit. Answers what kinds were told.
pub(crate) async fn write(tx: &mut Tx<'_>) -> Result<Vec<&'static str>> {
    let mut by_company: BTreeMap<String, Vec<NewEvent>> = BTreeMap::new();
    let mut kinds = Vec::new();
    for event in tx.take_told() {
        kinds.push(event.kind);
        by_company.entry(event.company.clone()).or_default().push(event);
    }
    for (company, events) in by_company {
        let head = match tx.backend() {
            Backend::Sqlite => HEAD,
            Backend::Postgres => HEAD_LOCKED,
        };
        let row = sqlx::query(head).bind(&company).fetch_one(tx.db()).await?;
        let (first, mut hash, webhooks): (i64, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let at = events.first().map(|event| event.at);
        let mut seq = first;
        let mut rows = Vec::with_capacity(events.len());
        for event in events {
            seq += 1;
            let payload_digest = sha256(&event.payload);
            let moved = &event.moved;
            hash = chain(
                &hash,
                &Link {
                    company: &company,
                    seq,
                    at: event.at,
                    kind: event.kind,
                    subject: &event.subject,
                    machine: moved.machine,
                    from: moved.from,
                    to: moved.to,
                    version: moved.version,
                    payload_digest: &payload_digest,
                },
            );
            rows.push(Numbered {
                seq,
                sealed: event.key.seal(Purpose::Event, seq, &event.payload),
                payload_digest,
                hash: hash.clone(),
                event,
            });
        }
        let mut left = rows.chunks_exact(ROWS);
        for many in &mut left {
            insert(tx, &company, INSERT_MANY.as_str(), many).await?;
        }
        for one in left.remainder() {
            insert(tx, &company, INSERT, std::slice::from_ref(one)).await?;
        }
        let moved = sqlx::query(MOVE_HEAD).bind(seq).bind(&hash).bind(&company).bind(first).execute(tx.db()).await?;
        if moved.rows_affected() != 1 {
            return Err(Error::Conflict);
        }
        if let (1.., Some(at)) = (webhooks, at) {
            job::wake_webhooks(tx, &company, at).await?;
        }
    }
    Ok(kinds)
}

/// An event with its number and its place in the chain.
struct Numbered {
    event: NewEvent,
    seq: i64,
    sealed: Vec<u8>,
    payload_digest: String,
    hash: String,
}

async fn insert(tx: &mut Tx<'_>, company: &str, sql: &'static str, rows: &[Numbered]) -> Result<()> {
    let mut query = sqlx::query(sql);
    for Numbered { event, seq, sealed, payload_digest, hash } in rows {
        let moved = &event.moved;
        query = query
            .bind(company)
            .bind(*seq)
            .bind(event.at)
            .bind(event.kind)
            .bind(&event.subject)
            .bind(moved.machine)
            .bind(moved.from)
            .bind(moved.to)
            .bind(moved.version)
            .bind(&sealed[..])
            .bind(payload_digest)
            .bind(hash);
    }
    query.execute(tx.db()).await?;
    Ok(())
}

/// The head of a new company's chain.
pub(crate) async fn begin(tx: &mut Tx<'_>, company: &str) -> Result<()> {
    const BEGIN: &str = "INSERT INTO company_head (company_id, last_seq, last_hash) VALUES ($1, 0, $2)";
    sqlx::query(BEGIN).bind(company).bind(GENESIS).execute(tx.db()).await?;
    Ok(())
}

/// Everything told about a subject, oldest first.
pub async fn of_subject(db: &mut AnyConnection, company: &str, key: &CompanyKey, subject: &str) -> Result<Vec<StoredEvent>> {
    let rows = sqlx::query(OF_SUBJECT).bind(company).bind(subject).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// Everything told about a subject, oldest first, each with what its place in the chain is worked out from. A payload that may hold a
/// fødselsnummer is told masked, and then without the salt that would prove it.
pub async fn with_links(db: &mut AnyConnection, company: &str, key: &CompanyKey, subject: &str) -> Result<Vec<Told>> {
    let rows = sqlx::query(WITH_PREVIOUS).bind(company).bind(subject).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let (seq, sealed): (i64, Vec<u8>) = (row.try_get("seq")?, row.try_get("payload")?);
            let (salt, payload) = match sealed.is_empty() {
                true => (None, None),
                false => {
                    let salted = key.open(Purpose::Event, seq, &sealed)?;
                    let (salt, payload) = salted.split_at_checked(SALT_LEN).unwrap_or_default();
                    let text = String::from_utf8_lossy(payload);
                    let masked = without_identity_numbers(&text);
                    ((masked == text).then(|| hex::encode(salt)), Some(masked.into_owned()))
                }
            };
            let previous: String = row.try_get("previous")?;
            Ok(Told {
                seq,
                at: row.try_get("at")?,
                kind: row.try_get("kind")?,
                subject: row.try_get("subject")?,
                machine: row.try_get("machine")?,
                from: row.try_get("from_state")?,
                to: row.try_get("to_state")?,
                version: row.try_get("version")?,
                previous: if previous.is_empty() { GENESIS.to_owned() } else { previous },
                hash: row.try_get("hash")?,
                payload_digest: row.try_get("payload_digest")?,
                salt,
                payload,
            })
        })
        .collect()
}

/// At most `limit` events after a cursor, oldest first: the feed that no event is missing from.
pub async fn after(db: &mut AnyConnection, company: &str, key: &CompanyKey, seq: i64, limit: i64) -> Result<Vec<StoredEvent>> {
    let rows = sqlx::query(AFTER).bind(company).bind(seq).bind(limit).fetch_all(db).await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// What is known of an event without opening what it says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Heading {
    /// 1, 2, 3…
    pub seq: i64,
    /// Business time, Unix milliseconds.
    pub at: i64,
    /// Such as `delivery.said_delivered`.
    pub kind: String,
    /// What it is about: an id, never a name.
    pub subject: String,
    /// The state machine that moved, or empty.
    pub machine: String,
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// The chain's hash up to and including it.
    pub hash: String,
}

/// The headings of at most `limit` events after a cursor, oldest first.
pub async fn headings_after(db: &mut AnyConnection, company: &str, seq: i64, limit: i64) -> Result<Vec<Heading>> {
    let rows = sqlx::query(HEADINGS).bind(company).bind(seq).bind(limit).fetch_all(db).await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok(Heading {
            seq: row.try_get("seq")?,
            at: row.try_get("at")?,
            kind: row.try_get("kind")?,
            subject: row.try_get("subject")?,
            machine: row.try_get("machine")?,
            from: row.try_get("from_state")?,
            to: row.try_get("to_state")?,
            hash: row.try_get("hash")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The number of a company's last event; 0 where there is none.
pub async fn last(db: &mut AnyConnection, company: &str) -> Result<i64> {
    Ok(sqlx::query_scalar::<_, i64>(LAST).bind(company).fetch_optional(db).await?.unwrap_or_default())
}

/// When the newest event of a company was told; `None` where there is none.
pub async fn last_at(db: &mut AnyConnection, company: &str) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar::<_, Option<i64>>(LAST_AT).bind(company).fetch_one(db).await?)
}

/// Walks a company's whole chain and says where it breaks: a gap, a changed column, a payload that is not the one told.
pub async fn verify(db: &mut AnyConnection, company: &str, key: &CompanyKey) -> Result<std::result::Result<i64, String>> {
    /// Events read at a time, so that the longest chain is checked in little memory.
    const PAGE: i64 = 1000;
    let (mut seq, mut hash) = (0, GENESIS.to_owned());
    loop {
        let page = after(db, company, key, seq, PAGE).await?;
        if page.is_empty() {
            let row = sqlx::query(HEAD).bind(company).fetch_one(&mut *db).await?;
            let (last_seq, last_hash): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            return Ok(if (last_seq, &last_hash) == (seq, &hash) {
                Ok(seq)
            } else {
                Err(format!("the head says {last_seq}, the chain ends at {seq}"))
            });
        }
        for event in page {
            if event.seq != seq + 1 {
                return Ok(Err(format!("event {} is missing", seq + 1)));
            }
            hash = chain(
                &hash,
                &Link {
                    company,
                    seq: event.seq,
                    at: event.at,
                    kind: &event.kind,
                    subject: &event.subject,
                    machine: &event.machine,
                    from: &event.from,
                    to: &event.to,
                    version: event.version,
                    payload_digest: &event.payload_digest,
                },
            );
            if hash != event.hash {
                return Ok(Err(format!("event {} is not what was told", event.seq)));
            }
            seq = event.seq;
        }
    }
}

/// What the chain's hash after an event is worked out from, beside the one before.
#[derive(Debug)]
pub(crate) struct Link<'a> {
    pub company: &'a str,
    pub seq: i64,
    pub at: i64,
    pub kind: &'a str,
    pub subject: &'a str,
    pub machine: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    pub version: i64,
    pub payload_digest: &'a str,
}

/// The chain's hash after an event.
pub(crate) fn chain(previous: &str, link: &Link<'_>) -> String {
    // A JSON array, so that no two different events have the same text.
    let text = serde_json::json!([
        previous,
        link.company,
        link.seq,
        link.at,
        link.kind,
        link.subject,
        link.machine,
        link.from,
        link.to,
        link.version,
        link.payload_digest
    ]);
    sha256(text.to_string().as_bytes())
}

fn read(row: &sqlx::any::AnyRow, key: &CompanyKey) -> Result<StoredEvent> {
    let sealed: Vec<u8> = row.try_get("payload")?;
    let payload_digest: String = row.try_get("payload_digest")?;
    let seq: i64 = row.try_get("seq")?;
    let payload = if sealed.is_empty() {
        serde_json::Value::Null
    } else {
        let salted = key.open(Purpose::Event, seq, &sealed)?;
        if sha256(&salted) != payload_digest || salted.len() < SALT_LEN {
            return Err(Error::Damaged(format!("the payload of event {seq} is not the one that was told")));
        }
        serde_json::from_slice(&salted[SALT_LEN..]).map_err(|cause| Error::Damaged(format!("event {seq}: {cause}")))?
    };
    Ok(StoredEvent {
        seq,
        at: row.try_get("at")?,
        kind: row.try_get("kind")?,
        subject: row.try_get("subject")?,
        machine: row.try_get("machine")?,
        from: row.try_get("from_state")?,
        to: row.try_get("to_state")?,
        version: row.try_get("version")?,
        payload,
        payload_digest,
        hash: row.try_get("hash")?,
    })
}
