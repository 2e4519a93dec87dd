//! Moves the time of a hub and of the sandbox beside it, together: from one thing that is due to the next, so that nobody is late because
//! a month went by in a moment. At each stop both sides do what is due before time goes on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::error::Result;
use crate::hub::Hub;
use crate::store::job;
use crate::transport::sandbox::Control;

/// What is due so soon is waited for and not skipped to.
const SOON: Duration = Duration::from_secs(1);
/// How often it is looked whether both sides are done.
const LOOK: Duration = Duration::from_millis(50);
/// So many looks in a row must find nothing to do: a file that was just fetched makes work a moment later.
const QUIET_LOOKS: u32 = 3;
/// One stop never takes longer, whatever hangs: time then goes on, as it would outside.
const LONGEST_STOP: Duration = Duration::from_secs(20);
/// Nothing is waited for longer in all.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Time moves by this much at least, so that a day with much to do has an end.
const SHORTEST_STEP: Duration = Duration::from_secs(1);

/// A move of the clock that is under way, or the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journey {
    /// Where it began.
    pub from: Timestamp,
    /// Where it has come.
    pub at: Timestamp,
    /// Where it goes.
    pub to: Timestamp,
}

impl Journey {
    /// How much of the way is done, 0 to 100.
    pub fn percent(&self) -> i64 {
        let way = |until: Timestamp| until.as_millisecond().saturating_sub(self.from.as_millisecond());
        let whole = way(self.to).max(1);
        (way(self.at).saturating_mul(100) / whole).clamp(0, 100)
    }
}

/// Who moves the clock: one at a time.
#[derive(Debug, Clone, Default)]
pub struct Mover(Arc<Mutex<Option<Journey>>>);

impl Mover {
    /// The journey that is under way.
    pub fn journey(&self) -> Option<Journey> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to move both clocks to a time; false where they are being moved already. The work goes on by itself.
    pub fn begin(&self, hub: &Hub, control: &Control, from: Timestamp, to: Timestamp) -> bool {
        {
            let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if under_way.is_some() {
                return false;
            }
            *under_way = Some(Journey { from, at: from, to });
        }
        let (mover, hub, control) = (self.clone(), hub.clone(), control.clone());
        tokio::spawn(async move {
            let under_way = UnderWay(mover);
            if let Err(error) = under_way.0.travel(&hub, &control, to).await {
                tracing::error!(error = &error as &dyn std::error::Error, "the clock could not be moved on");
            }
        });
        true
    }

    async fn travel(&self, hub: &Hub, control: &Control, to: Timestamp) -> Result<()> {
        let begun = Instant::now();
        loop {
            until_quiet(hub, control).await?;
            let time = control.clock().await?;
            if time.now >= to || begun.elapsed() > LONGEST {
                return Ok(());
            }
            let due = job::next_due(&mut *hub.db().read().await?).await?;
            let due = due.and_then(|due| Timestamp::from_millisecond(due).ok());
            let stop = [due, Some(time.next_at)].into_iter().flatten().filter(|at| *at > time.now).fold(to, Timestamp::min);
            let by = Duration::try_from(stop.duration_since(time.now)).unwrap_or_default();
            let moved = control.advance(by.max(SHORTEST_STEP)).await?;
            hub.move_clock(Duration::from_millis(moved.offset_ms)).await?;
            if let Some(journey) = self.journey() {
                self.note(Some(Journey { at: moved.now, ..journey }));
            }
        }
    }

    fn note(&self, journey: Option<Journey>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = journey;
    }
}

/// Ends a journey however it ends: one that failed must not keep others from setting out.
struct UnderWay(Mover);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.note(None);
    }
}

/// Waits until no job is due and no file lies for the hub.
async fn until_quiet(hub: &Hub, control: &Control) -> Result<()> {
    let begun = Instant::now();
    let soon_ms = i64::try_from(SOON.as_millis()).unwrap_or(i64::MAX);
    let mut quiet = 0;
    while quiet < QUIET_LOOKS && begun.elapsed() < LONGEST_STOP {
        let due = job::next_due(&mut *hub.db().read().await?).await?;
        // A job in hand stays in the table until it is done, so that nothing due means nothing running.
        let is_due = due.is_some_and(|due| due <= hub.clock().business_ms().saturating_add(soon_ms));
        quiet = if is_due || control.clock().await?.unfetched > 0 { 0 } else { quiet + 1 };
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_has_come() {
        let at = |ms| Timestamp::from_millisecond(ms).expect("a time");
        for (now, percent) in [(1_000, 0), (1_500, 50), (2_000, 100), (9_000, 100), (0, 0)] {
            assert_eq!(Journey { from: at(1_000), at: at(now), to: at(2_000) }.percent(), percent);
        }
        assert_eq!(Journey { from: at(5), at: at(5), to: at(5) }.percent(), 0);
    }
}
