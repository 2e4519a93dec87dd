//! What may go wrong at a drop, whoever's it is: the steps at which a fault may act, and what it makes of them.

use std::time::Duration;

use crate::faults::{Faults, Kind, Point, Strike};

/// What happens at a drop, where a fault may act. In a folder only [`Step::Rename`] and [`Step::Receipt`] are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A client has connected and logs in.
    Connect,
    /// A client opens a file to write.
    Put,
    /// A client gives a job or a file its final name; in a folder: it is looked into.
    Rename,
    /// A receipt or a report is due.
    Receipt,
}

/// What becomes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// As it should.
    Normal,
    /// It fails and is said to fail.
    Refuse,
    /// It does not happen, and nothing is said.
    Drop,
    /// It happens, and nothing is said.
    AcceptThenDrop,
    /// It happens after this long, by machine time.
    Delay(Duration),
    /// It happens twice.
    Duplicate,
    /// It happens wrongly: a file or a receipt is spoilt.
    Garble,
}

/// What a fault makes of a step at a counterparty's drop; `path` is what `to` of an order fits.
pub fn course(counterparty: &str, step: Step, path: &str, faults: &mut Faults) -> Course {
    let point = match step {
        Step::Connect => Point::Connect,
        Step::Put => Point::Put,
        Step::Rename => Point::Rename,
        Step::Receipt => Point::Receipt,
    };
    let Some(Strike { kind, delay }) = faults.strike(counterparty, point, &[path.to_owned()]) else {
        return Course::Normal;
    };
    match kind {
        Kind::Refuse => Course::Refuse,
        Kind::Drop => Course::Drop,
        Kind::AcceptThenDrop => Course::AcceptThenDrop,
        Kind::Delay => Course::Delay(delay),
        Kind::Duplicate => Course::Duplicate,
        Kind::Garble => Course::Garble,
    }
}
