//! The built binary, end to end: what a person types, what they see, what is true afterwards.
//!
//! `harness.rs` starts programs; each other module is one promise. `crash.rs` is the longest: it kills the hub a hundred times.

#![allow(clippy::unwrap_used, reason = "what a test calls may end it like the test itself")]

mod agreements;
mod bank_files;
mod browser;
mod bulk;
mod crash;
mod demo;
mod dice;
mod direct_debit;
mod documents;
mod exports;
mod fleet;
mod harness;
mod journeys;
mod maventa_client;
mod moving;
mod page;
mod payments;
#[path = "../../../hub/tests/it/postgres.rs"]
mod postgres;
mod quick_start;
mod restoring;
mod schemathesis;
mod serving;
mod settling;
mod simulation;
mod tenants;
mod users;
mod validate;
mod vectors;
mod watching;
mod webhooks;
