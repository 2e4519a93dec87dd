//! The sandbox's business clock: machine time plus an offset that only grows.
//!
//! Everything a counterparty dates or waits for (ledger lines, bounces, a full mailbox) follows this clock, so that
//! a test moves four days in a moment. Time-outs and slow answers follow the machine, because the client that waits
//! for them does too. The offset is kept in a file: a sandbox that is started again must not step back in time.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::watch;

/// How far the clock may stand before the machine in all, ms: a hundred years. Enough for every due date and
/// retention time, and far from the end of what a timestamp can hold.
pub const FURTHEST_AHEAD_MS: i64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// A clock that only moves forward and wakes those who sleep on it.
#[derive(Debug)]
pub struct Clock {
    offset_ms: watch::Sender<i64>,
    kept_in: PathBuf,
}

/// Why the clock was not moved.
#[derive(Debug, Error)]
pub enum ClockError {
    /// The step is negative, or leads past [`FURTHEST_AHEAD_MS`].
    #[error("the clock moves forward only, and at most 100 years in all")]
    OutOfRange,
    /// The new offset could not be written down.
    #[error("the clock's offset could not be kept: {0}")]
    NotKept(#[source] std::io::Error),
}

impl Clock {
    /// A clock that goes on from the offset kept in the file, or from machine time where there is none.
    ///
    /// # Errors
    /// The file exists but cannot be read, or holds no sensible offset.
    pub fn open(kept_in: PathBuf) -> std::io::Result<Clock> {
        let offset = match fs::read_to_string(&kept_in) {
            Ok(text) => text.trim().parse().ok().filter(|ms| (0..=FURTHEST_AHEAD_MS).contains(ms)).ok_or_else(|| {
                std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{} holds no clock offset", kept_in.display()))
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Clock { offset_ms: watch::Sender::new(offset), kept_in })
    }

    /// What time it is in the sandbox.
    pub fn now(&self) -> Timestamp {
        let ms = Timestamp::now().as_millisecond().saturating_add(self.offset_ms());
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }

    /// How far before machine time the clock stands, ms.
    pub fn offset_ms(&self) -> i64 {
        *self.offset_ms.borrow()
    }

    /// Moves the clock forward by so many ms and wakes all who sleep on it.
    ///
    /// # Errors
    /// A negative or too long step, or the offset cannot be kept; the clock then stands where it stood.
    pub fn advance(&self, ms: i64) -> Result<(), ClockError> {
        let mut outcome = Ok(());
        self.offset_ms.send_if_modified(|offset| {
            let moved = offset.checked_add(ms).filter(|moved| ms >= 0 && *moved <= FURTHEST_AHEAD_MS);
            outcome = match moved {
                None => Err(ClockError::OutOfRange),
                Some(moved) => {
                    write_whole(&self.kept_in, &moved.to_string()).map(|()| *offset = moved).map_err(ClockError::NotKept)
                }
            };
            outcome.is_ok()
        });
        outcome
    }

    /// Returns when the clock has reached that time, by waiting or by being moved.
    pub async fn sleep_until(&self, due: Timestamp) {
        let mut moves = self.offset_ms.subscribe();
        loop {
            let left = due.as_millisecond().saturating_sub(self.now().as_millisecond());
            let Ok(left) = u64::try_from(left) else {
                return;
            };
            if left == 0 {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left)) => {}
                moved = moves.changed() => if moved.is_err() { return },
            }
        }
    }
}

/// Replaces a small file so that a reader sees the old text or the new one, never a half.
fn write_whole(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(folder: &tempfile::TempDir) -> Clock {
        Clock::open(folder.path().join("clock")).unwrap()
    }

    #[test]
    fn it_moves_forward_only_and_remembers_where_it_stood() {
        let folder = tempfile::tempdir().unwrap();
        let first = clock(&folder);
        first.advance(86_400_000).unwrap();
        assert!(matches!(first.advance(-1), Err(ClockError::OutOfRange)));
        assert!(matches!(first.advance(i64::MAX), Err(ClockError::OutOfRange)));
        assert_eq!(first.offset_ms(), 86_400_000);
        assert_eq!(clock(&folder).offset_ms(), 86_400_000);
    }

    #[test]
    fn a_spoilt_file_is_an_error_and_not_a_step_back() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("clock"), "soon").unwrap();
        assert!(Clock::open(folder.path().join("clock")).is_err());
    }

    #[tokio::test]
    async fn moving_the_clock_wakes_a_sleeper() {
        let folder = tempfile::tempdir().unwrap();
        let clock = std::sync::Arc::new(clock(&folder));
        let due = Timestamp::from_millisecond(clock.now().as_millisecond() + 3_600_000).unwrap();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(due).await }
        });
        clock.advance(3_600_000).unwrap();
        sleeper.await.unwrap();
        assert!(clock.now() >= due);
    }
}
