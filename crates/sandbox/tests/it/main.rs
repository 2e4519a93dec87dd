//! The sandbox from outside: real sockets, real files, conversations written down as text.

#![expect(clippy::unwrap_used, reason = "a test that unwraps wrongly fails, which is what it is for")]

mod agreements;
mod bank;
mod bank_in_process;
mod bounces;
mod claims;
mod control;
mod conversations;
mod durability;
mod faults;
mod foreign_client;
mod fortnox;
mod fortnox_companies;
mod harness;
mod in_process;
mod mps;
mod mps_refusals;
mod personas;
mod print_shop;
mod sftp;
mod signing;
mod tls;
