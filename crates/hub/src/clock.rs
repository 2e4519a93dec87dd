//! Two clocks that are never mixed up.
//!
//! *Business* time decides due dates, cut-offs, retries and polling; it can be moved forward, and then wakes sleepers.
//! *Machine* time decides leases, tokens, TLS and time-outs; it is never moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

/// Both clocks. Cheap to clone; clones share the offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The machine's time, where it is not the system's: a test that drives the hub moves it.
    driven_ms: Option<Arc<AtomicI64>>,
    offset_ms: Arc<AtomicI64>,
    moved: Arc<Notify>,
}

impl Clock {
    /// A clock that shows the machine's time until it is moved.
    pub fn new() -> Clock {
        Clock::default()
    }

    /// A clock that stands still at a time, Unix milliseconds, until it is moved: for whoever drives a hub in one process.
    pub fn standing_at(ms: i64) -> Clock {
        Clock { driven_ms: Some(Arc::new(AtomicI64::new(ms))), ..Clock::default() }
    }

    /// Moves a clock that stands still, machine time and business time alike.
    pub fn advance(&self, by: Duration) {
        if let Some(driven) = &self.driven_ms {
            driven.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::AcqRel);
            self.moved.notify_waiters();
        }
    }

    /// Business time now.
    pub fn business(&self) -> Timestamp {
        let offset = jiff::SignedDuration::from_millis(self.offset_ms.load(Ordering::Acquire));
        self.machine().checked_add(offset).expect("the offset was checked when the clock was moved")
    }

    /// Business time now, as Unix milliseconds.
    pub fn business_ms(&self) -> i64 {
        self.business().as_millisecond()
    }

    /// Machine time now.
    pub fn machine(&self) -> Timestamp {
        match &self.driven_ms {
            Some(driven) => Timestamp::from_millisecond(driven.load(Ordering::Acquire)).unwrap_or(Timestamp::MAX),
            None => Timestamp::now(),
        }
    }

    /// Machine time now, as Unix milliseconds.
    pub fn machine_ms(&self) -> i64 {
        self.machine().as_millisecond()
    }

    /// Moves business time forward so that it is at least `offset` ahead of the machine. It never goes back.
    pub fn move_to_offset(&self, offset: Duration) {
        let wanted = i64::try_from(offset.as_millis()).unwrap_or(i64::MAX).min(LONGEST_OFFSET_MS);
        if self.offset_ms.fetch_max(wanted, Ordering::AcqRel) < wanted {
            self.moved.notify_waiters();
        }
    }

    /// How far business time is ahead of the machine.
    pub fn offset(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.offset_ms.load(Ordering::Acquire)).unwrap_or_default())
    }

    /// Waits until business time was moved.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }
}

/// A hundred years: farther than any test moves, and safely inside what a timestamp can hold.
const LONGEST_OFFSET_MS: i64 = 100 * 366 * 24 * 3_600_000;
