//! How many calls there are: at most 25 in any five seconds of each program and company, looked at whenever a call comes.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

/// Calls in five seconds that the real one lets through.
pub const USUAL: usize = 25;

/// The window, ms of machine time.
const WINDOW_MS: i64 = 5_000;

/// What was seen of one company's calls, as `GET …/control/calls` shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Calls in all.
    pub calls: u64,
    /// Those that were refused because they were too many.
    pub refused: u64,
    /// The most calls that were seen within five seconds, refused ones among them.
    pub most_in_5_s: usize,
}

/// The log of calls.
#[derive(Debug)]
pub struct Limit {
    most: usize,
    let_through: HashMap<u32, VecDeque<i64>>,
    all: HashMap<u32, VecDeque<i64>>,
    seen: HashMap<u32, Seen>,
}

impl Default for Limit {
    fn default() -> Limit {
        Limit { most: USUAL, let_through: HashMap::new(), all: HashMap::new(), seen: HashMap::new() }
    }
}

impl Limit {
    /// Lets so many through from now on.
    pub fn set(&mut self, most: usize) {
        self.most = most;
    }

    /// A call comes; is it let through?
    pub fn lets_through(&mut self, tenant: u32, at: Timestamp) -> bool {
        let at = at.as_millisecond();
        let past = self.let_through.entry(tenant).or_default();
        forget(past, at);
        let is_let = past.len() < self.most;
        if is_let {
            past.push_back(at);
        }
        let all = self.all.entry(tenant).or_default();
        forget(all, at);
        all.push_back(at);
        let seen = self.seen.entry(tenant).or_default();
        seen.calls += 1;
        seen.refused += u64::from(!is_let);
        seen.most_in_5_s = seen.most_in_5_s.max(all.len());
        is_let
    }

    /// What was seen of each company.
    pub fn seen(&self) -> impl Iterator<Item = (u32, Seen)> {
        self.seen.iter().map(|(tenant, seen)| (*tenant, *seen))
    }
}

fn forget(calls: &mut VecDeque<i64>, now: i64) {
    while calls.front().is_some_and(|at| now - at >= WINDOW_MS) {
        calls.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides() {
        let mut limit = Limit::default();
        let at = |ms: i64| Timestamp::from_millisecond(1_000_000 + ms).unwrap();
        assert!((0..25).all(|call| limit.lets_through(1, at(call * 100))));
        assert!(!limit.lets_through(1, at(4_999)));
        assert!(limit.lets_through(2, at(4_999)), "another company's calls are its own");
        // The first call has left the window, and only that one.
        assert!(limit.lets_through(1, at(5_000)));
        assert!(!limit.lets_through(1, at(5_001)));
        let seen = limit.seen().find(|(tenant, _)| *tenant == 1).unwrap().1;
        assert_eq!(seen, Seen { calls: 28, refused: 2, most_in_5_s: 27 });
        limit.set(1_000);
        assert!(limit.lets_through(1, at(5_002)));
    }
}
