//! The database: one set of SQL for SQLite and PostgreSQL, plain functions over a connection.
//!
//! [`db`] opens it and refuses unsafe settings; [`writer`] is the only way to change anything; each other file is one table or
//! a few that belong together, with its SQL as constants on top. Functions take a transaction, the caller owns it; nothing here
//! decides anything: that is `kvitt-domain`, called from `actions/`.

pub mod account_told;
pub mod agreement;
pub mod answer;
pub mod api_key;
pub mod artefact;
pub mod bank_account;
pub mod bank_file;
pub mod bulk;
pub mod card;
pub mod claim;
pub mod collection;
pub mod company;
pub mod consignment;
pub mod copy;
pub mod customer_order;
pub mod db;
pub mod delivery;
pub mod draft;
pub mod event;
pub mod figures;
pub mod following;
pub mod house;
pub mod invitation;
pub mod invoice;
pub mod invoicing;
pub mod job;
pub mod kid;
pub mod lookup;
pub mod mandate;
pub mod membership;
pub mod objects;
pub mod payment;
pub mod person;
mod planner;
pub mod raw;
pub mod recurrence;
pub mod report;
pub mod restore;
pub mod search;
pub mod series;
pub mod session;
pub mod statement_line;
pub mod stray;
pub mod suppression;
pub mod transmission;
pub mod webhook;
pub mod writer;

pub use db::{Backend, Db};
pub use writer::Tx;
