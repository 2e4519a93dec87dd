//! What an invoice, a delivery and a payment are, and what may happen to them.
//!
//! Nothing here does IO, reads a clock or throws dice: time, ids and chance come in as arguments, so that every rule can
//! be read, tested and simulated alone. Bytes become these types in `kvitt-formats`; routes judge them in `kvitt-adapters`;
//! `kvitt-hub` stores them. Start with [`invoice`], then [`plan`], then [`delivery`]; for the money, [`payment`] and [`collection`].

pub mod agreement;
pub mod calendar;
pub mod claim;
pub mod collection;
pub mod cover_sheet;
pub mod customer;
pub mod delivery;
pub mod fault;
pub mod identifiers;
pub mod invoice;
pub mod invoicing;
pub mod language;
pub mod mandate;
pub mod money;
pub mod payment;
pub mod pdf_facts;
pub mod person;
pub mod plan;
pub mod price_book;
pub mod recipient;
pub mod report;
pub mod retry;
pub mod subscription;
pub mod voucher;

pub use fault::{Code, Fault, Severity};
pub use language::Language;
pub use money::{Amount, Currency};
