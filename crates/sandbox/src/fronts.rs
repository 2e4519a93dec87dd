//! The thin fronts: how the world reaches the counterparties. What they say and do is decided in `counterparties/`.

pub mod bank;
pub mod counter;
pub mod drop;
pub mod files;
pub mod fortnox;
pub mod http;
pub mod mps;
pub mod sftp;
pub mod signing;
pub mod smtp;
