//! Figures of everything that is stored, for the operator: counts and ages, of all companies together and of nobody in particular.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::{AnyConnection, Row};

use crate::error::Result;
use crate::store::job::Times;

const STATES: &str = "SELECT state, CAST(COUNT(*) AS BIGINT) FROM delivery GROUP BY state";
// Before a route is chosen, and after all were tried, the last attempt's route says nothing.
const OPEN: &str = "SELECT d.state, '' AS route, CAST(COUNT(*) AS BIGINT), MIN(d.since) FROM delivery d \
    WHERE d.state IN ('choosing', 'waiting', 'parked') GROUP BY d.state";
const ON_ROUTE: &str = "SELECT s.state, s.route, CAST(COUNT(*) AS BIGINT), MIN(s.since) FROM (SELECT d.state, d.since, \
    COALESCE((SELECT a.route FROM attempt a WHERE a.company_id = d.company_id AND a.delivery_id = d.delivery_id \
    ORDER BY a.number DESC LIMIT 1), '') AS route FROM delivery d WHERE d.state IN ('queued', 'sending', 'in_doubt')) s \
    GROUP BY s.state, s.route";
const JOBS: &str = "SELECT s.kind, s.standing, CAST(COUNT(*) AS BIGINT), MIN(s.due_at) FROM (SELECT kind, due_at, \
    CASE WHEN stuck = 1 THEN 'stuck' WHEN lease_until > $1 THEN 'held' WHEN due_at <= $2 THEN 'due' ELSE 'waiting' END AS standing \
    FROM job) s GROUP BY s.kind, s.standing";

/// Deliveries that are not at their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Their state.
    pub state: String,
    /// Their route; empty where none is chosen.
    pub route: String,
    /// How many.
    pub count: i64,
    /// Since when the oldest is in the state: business time, Unix milliseconds.
    pub oldest_since: i64,
}

/// Jobs of one kind and standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jobs {
    /// Their kind.
    pub kind: String,
    /// `due`, `held`, `waiting` or `stuck`.
    pub standing: &'static str,
    /// How many.
    pub count: i64,
    /// When the oldest of them was or is due: business time, Unix milliseconds.
    pub oldest_due_at: i64,
}

/// All figures at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Business time, Unix milliseconds.
    pub now: i64,
    /// Deliveries by state.
    pub states: BTreeMap<String, i64>,
    /// Those that are not at their end.
    pub open: Vec<Open>,
    /// Jobs.
    pub jobs: Vec<Jobs>,
    /// Messages that wait for a person.
    pub strays: i64,
    /// Counterparties that are spared now, as the configuration names them.
    pub spared: Vec<String>,
    /// How far business time is ahead of the machine's.
    pub clock_offset: Duration,
}

/// What the database says. The rest is the hub's to fill in.
pub async fn read(db: &mut AnyConnection, now: Times) -> Result<Figures> {
    let states: Vec<(String, i64)> = sqlx::query_as(STATES).fetch_all(&mut *db).await?;
    let mut open = Vec::new();
    for sql in [OPEN, ON_ROUTE] {
        for row in sqlx::query(sql).fetch_all(&mut *db).await? {
            let (state, route) = (row.try_get(0)?, row.try_get(1)?);
            open.push(Open { state, route, count: row.try_get(2)?, oldest_since: row.try_get(3)? });
        }
    }
    let mut jobs = Vec::new();
    for row in sqlx::query(JOBS).bind(now.machine).bind(now.business).fetch_all(&mut *db).await? {
        let standing: String = row.try_get(1)?;
        let standing = ["due", "held", "stuck"].into_iter().find(|known| *known == standing).unwrap_or("waiting");
        jobs.push(Jobs { kind: row.try_get(0)?, standing, count: row.try_get(2)?, oldest_due_at: row.try_get(3)? });
    }
    Ok(Figures { now: now.business, states: states.into_iter().collect(), open, jobs, ..Figures::default() })
}
