//! The counterparties that the sandbox plays: each a pure function of what it is asked, what it remembers, the
//! faults in force and the time. Sockets and files are in `fronts/`.
//!
//! Public, so that a simulation can speak with them in its own process: give each its [`Faults`], its time and its
//! requests, write down the [`Line`]s that it answers with, and hand its messages over when they are due.

pub mod bank;
mod calendar;
pub mod drop;
pub mod fortnox;
pub mod mail;
pub mod mps;
pub mod print_shop;
pub mod signing;

pub use crate::faults::{Fault, Faults, Kind, Order, Point, Strike};
pub use crate::ledger::{Bill, Line};
pub use crate::mime::Letter;
pub use crate::notices::{Notice, Tidings, write as write_notice};
