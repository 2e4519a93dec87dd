//! What to say to each counterparty, and what its answers mean.
//!
//! An adapter is a pure function of a log (`docs/ARCHITECTURE.md`, "Adapters"): it reads what was said so far and answers what
//! is now known and what to say next. It never opens a socket, reads a clock or sees a secret; `kvitt-hub` does those. Start
//! with [`route`], then [`routes::email`], which is the smallest whole adapter.

pub mod agreements;
pub mod letter;
pub mod mandates;
pub mod package;
pub mod permission;
pub mod placing;
pub mod register;
pub mod registers;
pub mod request;
pub mod route;
pub mod routes;
pub mod settings;
pub mod signing;
