//! Bytes to domain and back: UBL, containers, metadata.
//!
//! - [`ubl`]: UBL 2.1 invoices and credit notes, both ways;
//! - [`identity`], [`files`]: what may be said of identity numbers, and file names.
//!
//! No IO and no clock. Whether a document obeys the rules of EN 16931 and Peppol is `kvitt-rules`; what a route makes of it is
//! `kvitt-adapters`.

pub mod files;
pub mod identity;
pub mod ubl;
