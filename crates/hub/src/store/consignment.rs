//! Lots and consignments, their members, and their logs of exchanges and arrivals.
//!
//! An exchange is written before it is spoken, with an empty reply. What a crash leaves without a reply reads as silence:
//! certainly unsent while the committing mark was not reached, unknown after.

use std::collections::HashSet;

use jiff::Timestamp;
use kvitt_adapters::route::{Arrived, Entry, Exchange, Reply, Request, RouteSetup, Sent};
use kvitt_domain::delivery::AttemptId;
use sqlx::{AnyConnection, Row};

use crate::error::{Error, Result};
use crate::store::db::Backend;
use crate::store::delivery::read_attempt_id;
use crate::store::writer::Tx;
use crate::vault::{CompanyKey, Purpose};

const OPEN_LOT: [&str; 2] = [
    // SQLite: the writer is alone.
    "SELECT consignment_id, members, version FROM consignment WHERE company_id = $1 AND route = $2 AND lane = $3 AND state = 'open' \
     ORDER BY opened_at, consignment_id LIMIT 1",
    // PostgreSQL: whoever joins waits for the one before, instead of finding the lot changed and beginning anew.
    "SELECT consignment_id, members, version FROM consignment WHERE company_id = $1 AND route = $2 AND lane = $3 AND state = 'open' \
     ORDER BY opened_at, consignment_id LIMIT 1 FOR UPDATE",
];
const INSERT: &str = "INSERT INTO consignment (company_id, consignment_id, route, lane, state, number, setup, opened_at, closed_at, members, version) \
    VALUES ($1, $2, $3, $4, 'open', 0, '', $5, 0, 0, 1)";
const INSERT_MEMBER: &str =
    "INSERT INTO consignment_member (company_id, consignment_id, position, attempt_id) VALUES ($1, $2, $3, $4)";
const LEAVE: &str = "DELETE FROM consignment_member WHERE company_id = $1 AND consignment_id = $2 AND attempt_id = $3";
const COME_BACK: &str =
    "UPDATE consignment_member SET returned = 1 WHERE company_id = $1 AND consignment_id = $2 AND attempt_id = $3";
const CAME_BACK: &str =
    "SELECT returned FROM consignment_member WHERE company_id = $1 AND consignment_id = $2 AND attempt_id = $3";
const WISH: &str =
    "UPDATE consignment_member SET wishes = wishes + 1 WHERE company_id = $1 AND consignment_id = $2 AND attempt_id = $3";
const REFUSED_WISH: &str = "UPDATE consignment_member SET refused_wishes = $1 \
    WHERE company_id = $2 AND consignment_id = $3 AND attempt_id = $4 AND refused_wishes < $1";
const UNDER_WAY: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM consignment_member \
    WHERE company_id = $1 AND consignment_id = $2 AND attempt_id = $3 AND wishes > refused_wishes";
const COUNT_MEMBER: &str = "UPDATE consignment SET members = members + 1, version = version + 1 \
    WHERE company_id = $1 AND consignment_id = $2 AND version = $3 AND state = 'open'";
const CLOSE: &str = "UPDATE consignment SET state = 'closed', number = $1, setup = $2, closed_at = $3, version = version + 1 \
    WHERE company_id = $4 AND consignment_id = $5 AND state = 'open'";
const FINISH: &str = "UPDATE consignment SET state = 'finished', version = version + 1 WHERE company_id = $1 AND consignment_id = $2 AND state = 'closed'";
const LOCK: &str = "UPDATE consignment SET version = version + 1 WHERE company_id = $1 AND consignment_id = $2";
const BY_ID: &str =
    "SELECT route, lane, state, number, setup, closed_at FROM consignment WHERE company_id = $1 AND consignment_id = $2";
const BY_NUMBER: &str = "SELECT consignment_id FROM consignment WHERE company_id = $1 AND route = $2 AND number = $3";
const MEMBERS: &str = "SELECT attempt_id FROM consignment_member WHERE company_id = $1 AND consignment_id = $2 ORDER BY position";
const WELL_TRAVELLED: &str = "SELECT o.attempt_id FROM consignment_member m CROSS JOIN consignment_member o \
    WHERE o.company_id = m.company_id AND o.attempt_id = m.attempt_id AND o.consignment_id <> m.consignment_id \
    AND m.company_id = $1 AND m.consignment_id = $2";
const OF_ATTEMPT: &str = "SELECT m.consignment_id FROM consignment_member m JOIN consignment c \
    ON c.company_id = m.company_id AND c.consignment_id = m.consignment_id \
    WHERE m.company_id = $1 AND m.attempt_id = $2 ORDER BY CASE WHEN c.number = 0 THEN 1 ELSE 0 END, c.number";
const COUNTER: &str = "INSERT INTO counter (company_id, name, last) VALUES ($1, $2, 1) \
    ON CONFLICT (company_id, name) DO UPDATE SET last = counter.last + 1 RETURNING last";
const LOG: &str = "SELECT number, kind, request, reply, at, committing_at FROM entry WHERE company_id = $1 AND consignment_id = $2 ORDER BY number";
const NEXT_ENTRY: &str =
    "SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM entry WHERE company_id = $1 AND consignment_id = $2";
const INSERT_ENTRY: &str = "INSERT INTO entry (company_id, consignment_id, number, kind, request, reply, arrival_digest, at, committing_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const KNOWN_ARRIVAL: &str = "SELECT number FROM entry WHERE company_id = $1 AND consignment_id = $2 AND arrival_digest = $3";
const MARK: &str =
    "UPDATE entry SET committing_at = $1 WHERE company_id = $2 AND consignment_id = $3 AND number = $4 AND committing_at = 0";
const REPLY: &str =
    "UPDATE entry SET reply = $1 WHERE company_id = $2 AND consignment_id = $3 AND number = $4 AND LENGTH(reply) = 0";

// What an entry is, as stored.
const EXCHANGE: &str = "exchange";
const ARRIVED: &str = "arrived";
const NOTE: &str = "note";

/// Attempts that may travel together: of one route and, where that has several ways, of one way.
#[derive(Debug, Clone, Copy)]
pub struct Lane<'a> {
    /// The route.
    pub route: &'a str,
    /// The way; empty where the route has one.
    pub lane: &'a str,
}

impl<'a> From<&'a str> for Lane<'a> {
    fn from(route: &'a str) -> Lane<'a> {
        Lane { route, lane: "" }
    }
}

/// The open lot of a lane, to be joined: id, members so far, version.
pub async fn open_lot<'a>(tx: &mut Tx<'_>, company: &str, lane: impl Into<Lane<'a>>) -> Result<Option<(String, i64, i64)>> {
    let open_lot = match tx.backend() {
        Backend::Sqlite => OPEN_LOT[0],
        Backend::Postgres => OPEN_LOT[1],
    };
    let Lane { route, lane } = lane.into();
    let row = sqlx::query(open_lot).bind(company).bind(route).bind(lane).fetch_optional(tx.db()).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).transpose()
}

/// Opens a lot.
pub async fn open<'a>(tx: &mut Tx<'_>, company: &str, id: &str, lane: impl Into<Lane<'a>>, now: i64) -> Result<()> {
    let Lane { route, lane } = lane.into();
    sqlx::query(INSERT).bind(company).bind(id).bind(route).bind(lane).bind(now).execute(tx.db()).await?;
    Ok(())
}

/// Puts an attempt into an open lot that has `members` so far.
pub async fn join(tx: &mut Tx<'_>, company: &str, lot: &str, members: i64, version: i64, attempt: AttemptId) -> Result<()> {
    let counted = sqlx::query(COUNT_MEMBER).bind(company).bind(lot).bind(version).execute(tx.db()).await?;
    if counted.rows_affected() != 1 {
        return Err(Error::Conflict);
    }
    sqlx::query(INSERT_MEMBER).bind(company).bind(lot).bind(members + 1).bind(attempt.to_string()).execute(tx.db()).await?;
    Ok(())
}

/// Takes an attempt out of a lot that is being closed: it was called back.
pub async fn leave(tx: &mut Tx<'_>, company: &str, lot: &str, attempt: AttemptId) -> Result<()> {
    sqlx::query(LEAVE).bind(company).bind(lot).bind(attempt.to_string()).execute(tx.db()).await?;
    Ok(())
}

/// Closes a lot: it gets its number, its settings are frozen, and its members never change again.
pub async fn close(tx: &mut Tx<'_>, company: &str, lot: &str, route: &str, setup: &RouteSetup, now: i64) -> Result<i64> {
    let number = next_number(tx, company, route).await?;
    let closed =
        sqlx::query(CLOSE).bind(number).bind(setup.0.to_string()).bind(now).bind(company).bind(lot).execute(tx.db()).await?;
    if closed.rows_affected() != 1 {
        return Err(Error::Conflict);
    }
    Ok(number)
}

/// The next number of a company's consignments of a route. What a counterparty counts with them, such as an order that calls one of
/// them back, has one of its own.
pub async fn next_number(tx: &mut Tx<'_>, company: &str, route: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNTER).bind(company).bind(counter(route)).fetch_one(tx.db()).await?)
}

/// The name of the series of a route's numbers.
pub fn counter(route: &str) -> String {
    format!("consignment {route}")
}

/// Notes that nothing more is to be said about a consignment; things may still arrive.
pub async fn finish(tx: &mut Tx<'_>, company: &str, id: &str) -> Result<()> {
    sqlx::query(FINISH).bind(company).bind(id).execute(tx.db()).await?;
    Ok(())
}

/// A consignment's row.
#[derive(Debug, Clone)]
pub struct StoredConsignment {
    /// The route.
    pub route: String,
    /// The way of it that its members go; empty where the route has one.
    pub lane: String,
    /// `open`, `closed` or `finished`.
    pub state: String,
    /// Its number within company and route.
    pub number: i64,
    /// The settings, as they were when the lot was closed.
    pub setup: RouteSetup,
    /// Business time, Unix milliseconds.
    pub closed_at: i64,
}

/// The id of the consignment with a number within company and route, as its counterparty knows it. An open lot has none.
pub async fn by_number(db: &mut AnyConnection, company: &str, route: &str, number: u64) -> Result<Option<String>> {
    let Some(number) = i64::try_from(number).ok().filter(|number| *number > 0) else { return Ok(None) };
    Ok(sqlx::query_scalar(BY_NUMBER).bind(company).bind(route).bind(number).fetch_optional(db).await?)
}

/// The consignment with an id; `None` while no such lot is known.
pub async fn by_id(db: &mut AnyConnection, company: &str, id: &str) -> Result<Option<StoredConsignment>> {
    let Some(row) = sqlx::query(BY_ID).bind(company).bind(id).fetch_optional(db).await? else { return Ok(None) };
    let setup: String = row.try_get("setup")?;
    let setup = if setup.is_empty() {
        serde_json::Value::Null
    } else {
        serde_json::from_str(&setup).map_err(|cause| Error::Damaged(format!("the settings of consignment {id}: {cause}")))?
    };
    Ok(Some(StoredConsignment {
        route: row.try_get("route")?,
        lane: row.try_get("lane")?,
        state: row.try_get("state")?,
        number: row.try_get("number")?,
        setup: RouteSetup(setup),
        closed_at: row.try_get("closed_at")?,
    }))
}

/// The attempts of a lot, in order.
pub async fn members(db: &mut AnyConnection, company: &str, id: &str) -> Result<Vec<AttemptId>> {
    let rows = sqlx::query(MEMBERS).bind(company).bind(id).fetch_all(db).await?;
    rows.iter().map(read_attempt_id).collect()
}

/// The attempts of a lot that are, or were, in another one as well.
pub async fn well_travelled(db: &mut AnyConnection, company: &str, id: &str) -> Result<HashSet<AttemptId>> {
    let rows = sqlx::query(WELL_TRAVELLED).bind(company).bind(id).fetch_all(db).await?;
    rows.iter().map(read_attempt_id).collect()
}

/// The consignments that an attempt has travelled in, oldest first: by their numbers, which no clock can put in another order,
/// and an open lot last.
pub async fn of_attempt(db: &mut AnyConnection, company: &str, attempt: AttemptId) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(OF_ATTEMPT).bind(company).bind(attempt.to_string()).fetch_all(db).await?)
}

/// Notes that an attempt came back from a consignment: it was certainly not accepted on that journey.
pub async fn come_back(tx: &mut Tx<'_>, company: &str, id: &str, attempt: AttemptId) -> Result<()> {
    sqlx::query(COME_BACK).bind(company).bind(id).bind(attempt.to_string()).execute(tx.db()).await?;
    Ok(())
}

/// Whether an attempt came back from a consignment.
pub async fn came_back(db: &mut AnyConnection, company: &str, id: &str, attempt: AttemptId) -> Result<bool> {
    let returned: Option<i64> =
        sqlx::query_scalar(CAME_BACK).bind(company).bind(id).bind(attempt.to_string()).fetch_optional(db).await?;
    Ok(returned.is_some_and(|returned| returned != 0))
}

/// Notes that somebody wishes an attempt back from a consignment.
pub async fn wish_back(tx: &mut Tx<'_>, company: &str, id: &str, attempt: AttemptId) -> Result<()> {
    sqlx::query(WISH).bind(company).bind(id).bind(attempt.to_string()).execute(tx.db()).await?;
    Ok(())
}

/// Notes that a wish was refused: the first, the second… `false` where that was noted before.
pub async fn refuse_wish(tx: &mut Tx<'_>, company: &str, id: &str, attempt: AttemptId, wish: u32) -> Result<bool> {
    let noted = sqlx::query(REFUSED_WISH).bind(i64::from(wish)).bind(company).bind(id).bind(attempt.to_string()).execute(tx.db());
    Ok(noted.await?.rows_affected() == 1)
}

/// Whether somebody wishes an attempt back from a consignment, and was not told that it failed.
pub async fn is_wished_back(db: &mut AnyConnection, company: &str, id: &str, attempt: AttemptId) -> Result<bool> {
    let under_way: i64 = sqlx::query_scalar(UNDER_WAY).bind(company).bind(id).bind(attempt.to_string()).fetch_one(db).await?;
    Ok(under_way > 0)
}

/// Keeps all others from deciding about a consignment until this transaction ends: whoever is to say something for it, breaks it up,
/// or wants one of its attempts back.
pub async fn lock(tx: &mut Tx<'_>, company: &str, id: &str) -> Result<()> {
    sqlx::query(LOCK).bind(company).bind(id).execute(tx.db()).await?;
    Ok(())
}

/// Whether a log ends with the line that was read last (0: it had none), and stays so until this transaction ends.
pub async fn is_as_read(tx: &mut Tx<'_>, company: &str, id: &str, last: i64) -> Result<bool> {
    lock(tx, company, id).await?;
    Ok(next_entry(tx, company, id).await? == last + 1)
}

/// One stored line of a log.
#[derive(Debug, Clone)]
pub struct StoredEntry {
    /// 1, 2, 3…
    pub number: i64,
    /// What it is. An exchange that has no reply yet carries the silence that a crash would have left.
    pub entry: Entry,
    /// Whether a reply was recorded; always so for arrivals.
    pub answered: bool,
}

/// The log of a consignment, oldest first.
pub async fn log(db: &mut AnyConnection, company: &str, key: &CompanyKey, id: &str) -> Result<Vec<StoredEntry>> {
    let rows = sqlx::query(LOG).bind(company).bind(id).fetch_all(db).await?;
    let mut log = Vec::with_capacity(rows.len());
    for row in &rows {
        let (number, kind, at): (i64, String, i64) = (row.try_get("number")?, row.try_get("kind")?, row.try_get("at")?);
        let (request, reply): (Vec<u8>, Vec<u8>) = (row.try_get("request")?, row.try_get("reply")?);
        let committing_at: i64 = row.try_get("committing_at")?;
        let at = Timestamp::from_millisecond(at).map_err(|_| Error::Damaged(format!("entry {number} has no time")))?;
        let answered = kind != EXCHANGE || !reply.is_empty();
        let row = entry_row(id, number);
        let entry = match kind.as_str() {
            ARRIVED => {
                let (attempt, arrived): (AttemptId, Arrived) = key.open_compressed_json(Purpose::Arrival, &row, &request)?;
                Entry::Arrived { attempt, arrived, at }
            }
            NOTE => key.open_compressed_json(Purpose::Arrival, &row, &request)?,
            _ => {
                let reply = match answered {
                    true => key.open_compressed_json(Purpose::Reply, &row, &reply)?,
                    false => left_by_a_crash(committing_at),
                };
                Entry::Exchange(Exchange { request: key.open_compressed_json(Purpose::Request, &row, &request)?, reply, at })
            }
        };
        log.push(StoredEntry { number, entry, answered });
    }
    Ok(log)
}

fn left_by_a_crash(committing_at: i64) -> Reply {
    let sent = if committing_at == 0 { Sent::No } else { Sent::Unknown };
    Reply::Silence { sent, what: "the process ended before the reply was recorded".into() }
}

/// Writes down what is about to be said. `committing_at` is machine time where no later mark will say that the point of no
/// return was reached, else 0. Answers the entry's number.
pub async fn begin_exchange(
    tx: &mut Tx<'_>,
    company: &str,
    key: &CompanyKey,
    id: &str,
    request: &Request,
    now: i64,
    committing_at: i64,
) -> Result<i64> {
    let number = next_entry(tx, company, id).await?;
    let request = key.seal_compressed_json(Purpose::Request, entry_row(id, number), request)?;
    insert_entry(tx, company, id, NewEntry { number, kind: EXCHANGE, request, digest: None, at: now, committing_at }).await?;
    Ok(number)
}

/// Notes something in the log that is neither an exchange nor came from a counterparty: a register's newer answers, or a
/// person's wish.
pub async fn note(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, id: &str, note: &Entry, now: i64) -> Result<()> {
    let number = next_entry(tx, company, id).await?;
    let request = key.seal_compressed_json(Purpose::Arrival, entry_row(id, number), note)?;
    insert_entry(tx, company, id, NewEntry { number, kind: NOTE, request, digest: None, at: now, committing_at: 0 }).await
}

/// The durable mark just before the point of no return, at machine time. It is set once.
pub async fn mark_committing(tx: &mut Tx<'_>, company: &str, id: &str, number: i64, machine_now: i64) -> Result<()> {
    let marked = sqlx::query(MARK).bind(machine_now).bind(company).bind(id).bind(number).execute(tx.db()).await?;
    if marked.rows_affected() != 1 {
        return Err(Error::Conflict);
    }
    Ok(())
}

/// Records a reply. The first one stays.
pub async fn record_reply(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, id: &str, number: i64, reply: &Reply) -> Result<()> {
    let sealed = key.seal_compressed_json(Purpose::Reply, entry_row(id, number), reply)?;
    let recorded = sqlx::query(REPLY).bind(sealed).bind(company).bind(id).bind(number).execute(tx.db()).await?;
    if recorded.rows_affected() != 1 {
        return Err(Error::Conflict);
    }
    Ok(())
}

/// Something that arrived, about to enter a log.
#[derive(Debug, Clone, Copy)]
pub struct NewArrival<'a> {
    /// Whom it concerns.
    pub attempt: AttemptId,
    /// What it says.
    pub arrived: &'a Arrived,
    /// SHA-256 of the bytes as they came, and of the attempt: one file may concern many.
    pub digest: &'a str,
    /// Business time, Unix milliseconds.
    pub at: i64,
}

/// Enters something that arrived into a consignment's log. `false` where the same bytes are in it already.
pub async fn record_arrival(tx: &mut Tx<'_>, company: &str, key: &CompanyKey, id: &str, new: &NewArrival<'_>) -> Result<bool> {
    let known: Option<i64> =
        sqlx::query_scalar(KNOWN_ARRIVAL).bind(company).bind(id).bind(new.digest).fetch_optional(tx.db()).await?;
    if known.is_some() {
        return Ok(false);
    }
    let number = next_entry(tx, company, id).await?;
    let request = key.seal_compressed_json(Purpose::Arrival, entry_row(id, number), &(new.attempt, new.arrived))?;
    let entry = NewEntry { number, kind: ARRIVED, request, digest: Some(new.digest), at: new.at, committing_at: 0 };
    insert_entry(tx, company, id, entry).await?;
    Ok(true)
}

/// What an entry is sealed to.
fn entry_row(consignment: &str, number: i64) -> String {
    format!("{consignment} {number}")
}

async fn next_entry(tx: &mut Tx<'_>, company: &str, id: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(NEXT_ENTRY).bind(company).bind(id).fetch_one(tx.db()).await?)
}

struct NewEntry<'a> {
    number: i64,
    kind: &'a str,
    request: Vec<u8>,
    digest: Option<&'a str>,
    at: i64,
    committing_at: i64,
}

async fn insert_entry(tx: &mut Tx<'_>, company: &str, id: &str, new: NewEntry<'_>) -> Result<()> {
    sqlx::query(INSERT_ENTRY)
        .bind(company)
        .bind(id)
        .bind(new.number)
        .bind(new.kind)
        .bind(new.request)
        .bind(Vec::new())
        .bind(new.digest)
        .bind(new.at)
        .bind(new.committing_at)
        .execute(tx.db())
        .await?;
    Ok(())
}
