//! Bytes to domain and back: UBL, containers, metadata.
//!
//! - [`ubl`]: UBL 2.1 invoices and credit notes, both ways;
//! - [`container`]: what a sender hands in, bare XML or a ZIP, opened by budget;
//! - [`metadata`]: what the sender says beside the document, as JSON;
//! - [`lookup_keys`]: where each key of the recipient registers comes from, as a table;
//! - [`identity`], [`files`]: what may be said of identity numbers, and file names.
//!
//! No IO and no clock. Whether a document obeys the rules of EN 16931 and Peppol is `kvitt-rules`; what a route makes of it is
//! `kvitt-adapters`.

pub mod container;
mod element;
pub mod files;
pub mod identity;
pub mod lookup_keys;
pub mod metadata;
mod terms;
pub mod ubl;
