//! What a company needs to write its own invoices: its registers (customers, projects, products), its codes and accounts, its number
//! series, and the drafts that become invoices.
//!
//! Begin with [`sheet`]: a form as it was typed, read into the types of the other files with every fault at its field. [`draft`] is
//! what people write, [`compose`] makes the invoice of it. Dated facts (VAT rates, reminder fees) stand in `data/`.

pub mod compose;
pub mod customer;
pub mod draft;
pub mod ledger;
pub mod numbering;
pub mod product;
pub mod project;
pub mod recurrence;
pub mod reminder;
pub mod settings;
pub mod sheet;
pub mod vat;
pub mod words;
