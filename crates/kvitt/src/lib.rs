//! The command line of Kvitt: `kvitt demo`, `send`, `plan`, `explain` and the others.
//!
//! [`cli`] is what can be typed; one file per verb in `commands/` does it; `desk.rs` asks the hub, in this process or in
//! the one that runs; `show/` draws tables, ladders and stories. [`oracle`] compares a hub with a counterparty's ledger.
//! No rule of the trade is here: the hub decides, this shows. Every sentence is in the catalogue under `[cli]`.

mod archive;
mod cli;
mod commands;
pub mod demo;
mod desk;
mod exit;
mod handin;
pub mod oracle;
mod report;
mod show;
mod words;

pub use cli::{command, main};
