//! Bytes to domain and back: UBL, Finvoice, bank files, containers, metadata.
//!
//! - [`ubl`]: UBL 2.1 invoices and credit notes, both ways;
//! - [`finvoice`]: Finvoice 3.0, both ways; [`convert`]: UBL to Finvoice and back, and what does not fit;
//! - [`bank`]: files from the bank and for it, AvtaleGiro, OCR giro and camt, streamed;
//! - [`container`]: what a sender hands in, bare XML or a ZIP, opened by budget;
//! - [`metadata`]: what the sender says beside the document, as JSON;
//! - [`lookup_keys`]: where each key of the recipient registers comes from, as a table;
//! - [`saft`], [`voucher_csv`]: vouchers for accounting systems, streamed;
//! - [`identity`], [`files`]: what may be said of identity numbers, and file names.
//!
//! No IO and no clock. Whether a document obeys the rules of EN 16931 and Peppol is `kvitt-rules`; what a route makes of it is
//! `kvitt-adapters`.

pub mod bank;
pub mod container;
pub mod convert;
pub mod csv;
mod declaration;
mod element;
pub mod files;
pub mod finvoice;
pub mod identity;
pub mod lookup_keys;
mod losses;
pub mod metadata;
pub mod saft;
mod terms;
pub mod ubl;
pub mod voucher_csv;
