//! When to try again after a passing fault: a schedule that rides out a weekend, spread so that a crowd does not come back at once.
//!
//! Pure: the caller counts the trailing faults in the log, brings the time, and brings the chance as a seed. Whether a fault is a
//! passing one is the adapter's to say; whether the counterparty may be called at all is the breaker's.

use std::time::Duration;

use jiff::Timestamp;

/// The waits between tries. After the last there is none: the delivery goes to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    steps: Vec<Duration>,
}

/// From a hiccup (5 seconds) to what somebody must mend first.
const FIRST: [Duration; 4] = [Duration::from_secs(5), Duration::from_mins(5), Duration::from_mins(30), Duration::from_hours(2)];
/// Then a counterparty that is down from Friday evening to Monday morning: 75 hours in all. What is back is found within the half
/// of a working day, and the breaker sees to it that a crowd does not ask at once.
const THEN: Duration = Duration::from_hours(4);
/// How often.
const THEN_TIMES: usize = 18;

/// A step is drawn out or shortened by up to a tenth.
const JITTER_PER_MILLE: u64 = 100;

impl Default for RetryPolicy {
    /// Over about 75 hours, every four hours at last.
    fn default() -> RetryPolicy {
        RetryPolicy { steps: FIRST.into_iter().chain(std::iter::repeat_n(THEN, THEN_TIMES)).collect() }
    }
}

impl RetryPolicy {
    /// A policy with these waits: the first after the first fault. None = no second try.
    pub fn of(steps: Vec<Duration>) -> RetryPolicy {
        RetryPolicy { steps }
    }

    /// How long the waits are together, without jitter.
    pub fn longest(&self) -> Duration {
        self.steps.iter().sum()
    }

    /// How many tries there are after the first.
    pub fn retries(&self) -> usize {
        self.steps.len()
    }

    /// When to try again after `trailing_faults` passing faults in a row (1 after the first), or `None` where the policy has run
    /// out. `seed` spreads the waits by up to a tenth either way: give each delivery its own and keep it. The same seed and count
    /// give the same wait, so that a run can be repeated. 0 faults is now.
    pub fn next(&self, trailing_faults: usize, seed: u64, now: Timestamp) -> Option<Timestamp> {
        self.next_as_asked(trailing_faults, None, seed, now)
    }

    /// The same, where the counterparty said when to come back (`Retry-After`, RFC 9110 § 10.2.3). It is heeded between once and
    /// twice our own wait: never sooner, because we would come more often than planned; never much later, because a mistaken
    /// answer of a year must not hold an invoice for a year.
    pub fn next_as_asked(&self, trailing_faults: usize, asked: Option<Duration>, seed: u64, now: Timestamp) -> Option<Timestamp> {
        let Some(index) = trailing_faults.checked_sub(1) else { return Some(now) };
        let own = spread(*self.steps.get(index)?, seed);
        let wait = asked.map_or(own, |asked| asked.clamp(own, own.saturating_mul(2)));
        Some(now.checked_add(wait).unwrap_or(Timestamp::MAX))
    }
}

/// The step between 0.9 and 1.1 times its length, by the seed alone: one delivery's waits are all drawn out or all shortened, so
/// that none is shorter than the one before it.
fn spread(step: Duration, seed: u64) -> Duration {
    let per_mille = 1000 - JITTER_PER_MILLE + mixed(seed) % (2 * JITTER_PER_MILLE + 1);
    let ms = step.as_millis().saturating_mul(u128::from(per_mille)) / 1000;
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

/// SplitMix64 (Steele, Lea, Flood 2014): neighbouring seeds give unrelated numbers. No secret depends on it.
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(policy: &RetryPolicy, faults: usize, asked: Option<Duration>, seed: u64) -> Option<Duration> {
        let now: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        policy.next_as_asked(faults, asked, seed, now).map(|at| Duration::try_from(at.duration_since(now)).unwrap())
    }

    #[test]
    fn the_schedule_is_about_75_hours() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.longest(), Duration::from_hours(74) + Duration::from_mins(35) + Duration::from_secs(5));
        assert_eq!(policy.retries(), 22);
    }

    #[test]
    fn it_begins_and_ends() {
        let policy = RetryPolicy::default();
        assert_eq!(wait(&policy, 0, None, 1), Some(Duration::ZERO));
        assert_eq!(wait(&policy, 23, None, 1), None);
        assert_eq!(wait(&RetryPolicy::of(Vec::new()), 1, None, 1), None);
    }

    #[test]
    fn what_the_counterparty_asks_is_heeded_within_bounds() {
        let policy = RetryPolicy::of(vec![Duration::from_mins(10)]);
        let own = wait(&policy, 1, None, 7).unwrap();
        let check = |asked: Duration, expected: Duration| assert_eq!(wait(&policy, 1, Some(asked), 7), Some(expected));
        check(Duration::ZERO, own);
        check(Duration::from_mins(15), Duration::from_mins(15));
        check(Duration::from_hours(24 * 365), own * 2);
        check(Duration::MAX, own * 2);
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        assert_eq!(RetryPolicy::default().next(1, 0, Timestamp::MAX), Some(Timestamp::MAX));
        let for_ever = RetryPolicy::of(vec![Duration::MAX]);
        assert_eq!(for_ever.next(1, 0, Timestamp::UNIX_EPOCH), Some(Timestamp::MAX));
    }
}
