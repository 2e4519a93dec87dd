//! Tests of the house, and of the store on both databases.
//!
//! [`databases`] gives every test a SQLite file and a PostgreSQL database of its own, [`sample`] an invented invoice. [`store`]
//! holds the contract of each file of `src/store/`. [`house`] looks at the source, [`licences`] at what it is built from,
//! [`configuration`] at its page, [`folders`] at what comes in by files, [`bills`] at what banks open, [`api`] at what programs ask,
//! [`mandates`] at what becomes of them and at their page, [`web`] what people see, [`payments`] follows the money, [`webhooks`] what is told of all that,
//! [`copying`] looks at whole databases, [`invoicing`] at how companies write their own invoices.

// A failed unwrap is a failed test, and the stack of a test is its own.
#![allow(clippy::unwrap_used, clippy::large_futures)]

mod api;
mod bills;
mod claims;
mod configuration;
mod copying;
mod databases;
mod folders;
mod house;
mod invoicing;
mod keys;
mod licences;
mod mandates;
mod metrics;
mod payments;
mod postgres;
mod sample;
mod store;
mod time;
mod web;
mod webhooks;
