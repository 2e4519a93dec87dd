//! One file per verb: its options, what it asks the hub, and how the answer becomes an exit code.

pub mod agreement;
pub mod backup;
pub mod bank_account;
pub mod bank_file;
pub mod bench;
pub mod company;
pub mod completions;
pub mod copy_database;
pub mod demo;
pub mod doctor;
pub mod events;
pub mod explain;
pub mod jobs;
pub mod keys;
pub mod kid;
pub mod list;
pub mod mandates;
pub mod payments;
pub mod plan;
pub mod restore;
pub mod sandbox;
pub mod send;
pub mod serve;
pub mod settle;
pub mod status;
pub mod validate;
