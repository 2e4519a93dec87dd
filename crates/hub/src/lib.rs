//! The product: intake, jobs, storage, network. All the IO of Kvitt is here, and none of its rules.
//!
//! Two hops to anything: a request ([`desk`], [`http`]) → its action in `actions/` → the pure function that it calls.
//! Start with [`hub`] to see what a running hub is made of, and `docs/ARCHITECTURE.md` for the way of an invoice.

pub mod actions;
pub mod api;
pub mod clock;
pub mod config;
pub mod desk;
pub mod error;
pub mod evidence;
pub mod failpoint;
pub mod http;
pub mod hub;
pub mod ids;
pub mod jobs;
pub mod lock;
pub mod metrics;
pub mod password;
pub mod reading;
pub mod socket;
pub mod store;
pub mod transport;
pub mod validation;
pub mod vault;
pub mod web;
pub mod webhook_message;

pub use config::Config;
pub use desk::{Answer, Ask};
pub use error::{Error, Result};
pub use hub::Hub;
