//! The events of a bundle: each with what its place in the company's chain is worked out from, so that it can be worked out again.

use std::collections::BTreeMap;

use kvitt_domain::fault::{Fault, codes};
use serde::{Deserialize, Serialize};

use super::Span;
use crate::store::event::{Link, chain};
use crate::vault::sha256;

/// What every invoice has an event of.
const ACCEPTED: &str = "invoice.accepted";
/// The version of a machine's row after its first move: it is stored with version 1.
const FIRST_VERSION: i64 = 2;

/// The events about one invoice, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// The company's id, which is part of the chain.
    pub company: String,
    /// The events.
    pub events: Vec<Told>,
}

/// An event, with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Its number in the company's list.
    pub seq: i64,
    /// Business time, Unix milliseconds.
    pub at: i64,
    /// Such as `delivery.handed_over`.
    pub kind: String,
    /// The invoice's id.
    pub subject: String,
    /// The state machine that moved, or empty.
    pub machine: String,
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// The row's version after.
    pub version: i64,
    /// The chain's hash before it.
    pub previous: String,
    /// The chain's hash up to and including it.
    pub hash: String,
    /// SHA-256 of salt and payload.
    pub payload_digest: String,
    /// The salt, hexadecimal; none where the payload is not told as it was.
    pub salt: Option<String>,
    /// What it says, as JSON; none once erased.
    pub payload: Option<String>,
}

impl Events {
    /// Their numbers.
    pub fn span(&self) -> Span {
        let seq = |event: Option<&Told>| event.map_or(0, |event| event.seq);
        Span { count: self.events.len(), first: seq(self.events.first()), last: seq(self.events.last()) }
    }

    /// What does not hold: an event that is not what was told, or one that must stand before another and does not.
    pub fn faults(&self, subject: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let changed = |event: &Told| Fault::fatal(codes::EVIDENCE_EVENT_CHANGED).with("number", event.seq);
        let gap = |event: &Told| Fault::fatal(codes::EVIDENCE_EVENT_MISSING).with("number", event.seq);
        let mut before: Option<&Told> = None;
        let mut machines: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
        for event in &self.events {
            if !event.is_as_told(&self.company) || event.subject != subject {
                faults.push(changed(event));
            }
            let follows = match before {
                None => true,
                Some(before) if before.seq + 1 == event.seq => before.hash == event.previous,
                Some(before) => before.seq < event.seq,
            };
            // Every move of a machine counts its row on by one and begins where the one before ended.
            let moves_on = event.machine.is_empty()
                || match machines.get(event.machine.as_str()) {
                    None => event.version == FIRST_VERSION,
                    Some((version, state)) => event.version == version + 1 && event.from == *state,
                };
            if !follows || !moves_on {
                faults.push(gap(event));
            }
            if !event.machine.is_empty() {
                machines.insert(&event.machine, (event.version, &event.to));
            }
            before = Some(event);
        }
        // Its money may have been told of before it: what waited for the invoice is placed when it comes.
        if !self.events.iter().any(|event| event.kind == ACCEPTED) {
            faults.push(Fault::fatal(codes::EVIDENCE_EVENT_MISSING).with("number", self.span().first));
        }
        faults
    }
}

impl Told {
    fn is_as_told(&self, company: &str) -> bool {
        let link = Link {
            company,
            seq: self.seq,
            at: self.at,
            kind: &self.kind,
            subject: &self.subject,
            machine: &self.machine,
            from: &self.from,
            to: &self.to,
            version: self.version,
            payload_digest: &self.payload_digest,
        };
        let payload_holds = match (&self.salt, &self.payload) {
            (Some(salt), Some(payload)) => {
                hex::decode(salt).is_ok_and(|salt| sha256(&[&salt[..], payload.as_bytes()].concat()) == self.payload_digest)
            }
            // Erased, or not told as it was: its digest still stands in the chain.
            (None, _) => true,
            (Some(_), None) => false,
        };
        payload_holds && chain(&self.previous, &link) == self.hash
    }
}
