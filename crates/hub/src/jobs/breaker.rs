//! Spares a counterparty that does not answer: after a few faults in a row nobody calls it for a while, then one call tries.
//!
//! Per address, in memory, on the business clock: it decides when to try, never what became of anything.

use std::collections::HashMap;
use std::sync::Mutex;

/// Faults in a row after which a counterparty is spared.
const FAULTS: u32 = 5;
/// How long it is spared: long enough to relieve it, short enough that nobody notices when it is back.
const SPARED_MS: i64 = 60_000;

/// What is known of every counterparty that was called.
#[derive(Debug, Default)]
pub struct Breaker {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Known {
    faults: u32,
    spared_until: i64,
}

impl Breaker {
    /// Whether a counterparty may be called now; else until when it is spared. When that time comes one call is let through,
    /// and the others wait to see what becomes of it.
    pub fn may_call(&self, address: &str, now: i64) -> Result<(), i64> {
        let mut known = self.known.lock().expect("no holder of this lock can panic");
        let Some(one) = known.get_mut(address) else { return Ok(()) };
        if one.faults < FAULTS {
            return Ok(());
        }
        if now < one.spared_until {
            return Err(one.spared_until);
        }
        one.spared_until = now + SPARED_MS;
        Ok(())
    }

    /// Notes whether a counterparty answered.
    pub fn note(&self, address: &str, answered: bool, now: i64) {
        let mut known = self.known.lock().expect("no holder of this lock can panic");
        if answered {
            known.remove(address);
            return;
        }
        let one = known.entry(address.to_owned()).or_default();
        one.faults = one.faults.saturating_add(1);
        if one.faults >= FAULTS {
            one.spared_until = now + SPARED_MS;
        }
    }

    /// The counterparties that are being spared, and until when.
    pub fn spared(&self, now: i64) -> Vec<(String, i64)> {
        let known = self.known.lock().expect("no holder of this lock can panic");
        let mut spared: Vec<(String, i64)> = known
            .iter()
            .filter(|(_, one)| one.faults >= FAULTS && one.spared_until > now)
            .map(|(address, one)| (address.clone(), one.spared_until))
            .collect();
        spared.sort();
        spared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_faults_one_call_a_minute_is_let_through_until_one_is_answered() {
        let breaker = Breaker::default();
        for _ in 0..FAULTS {
            assert_eq!(breaker.may_call("a", 0), Ok(()));
            breaker.note("a", false, 0);
        }
        assert_eq!(breaker.may_call("a", 0), Err(SPARED_MS));
        assert_eq!(breaker.may_call("b", 0), Ok(()), "another counterparty is not touched");
        assert_eq!(breaker.spared(0), vec![("a".to_owned(), SPARED_MS)]);
        assert_eq!(breaker.may_call("a", SPARED_MS), Ok(()), "one call tries");
        assert_eq!(breaker.may_call("a", SPARED_MS), Err(2 * SPARED_MS), "the others wait for it");
        breaker.note("a", true, SPARED_MS);
        assert_eq!(breaker.may_call("a", SPARED_MS), Ok(()));
    }
}
