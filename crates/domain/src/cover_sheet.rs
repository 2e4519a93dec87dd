//! The sheet that goes on top of a letter whose own first page does not show the recipient's address in the envelope's window.
//!
//! Here is what it says; `kvitt-render` (`cover_sheet`) draws it. When one is needed is decided by the print route.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::money::Amount;

/// What stands on a cover sheet. Texts are shown as they are; what the sheet says by itself comes from the message catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverSheet {
    /// The language of what the sheet says by itself.
    pub language: Language,
    /// When the sheet is made, for the file's metadata: the same sheet is the same bytes.
    pub made_at: Timestamp,
    /// The sender's name.
    pub sender: String,
    /// Where the letter goes when it cannot be delivered: the lines of the sender's address, without the name.
    pub return_address: Vec<String>,
    /// The recipient as it is to be read through the window: name first, then the lines of the address, then the country where it is
    /// another.
    pub recipient: Vec<String>,
    /// On which side the envelope has its window.
    #[serde(default)]
    pub window: EnvelopeWindow,
    /// What lies below the sheet.
    pub contents: CoverContents,
    /// The number of the invoice or credit note.
    pub number: String,
    /// What it comes to, where that is to be said.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// When it is due, where that is to be said.
    #[serde(default)]
    pub due_on: Option<Date>,
    /// Whether the recipient has something to pay.
    #[serde(default)]
    pub payment: CoverPayment,
}

/// The side of the window in a C5 or C6/5 envelope, seen from the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvelopeWindow {
    /// 15 mm from the left: the usual one in Norway, and where our own invoices have the address.
    #[default]
    Left,
    /// As far from the right edge.
    Right,
}

/// What the cover sheet announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverContents {
    /// An invoice.
    Invoice,
    /// A credit note.
    CreditNote,
}

/// What the cover sheet says about paying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverPayment {
    /// Nothing beyond the amount: how to pay stands on the document below.
    #[default]
    AsOnDocument,
    /// That nothing must be paid by hand, because the amount is debited by AvtaleGiro on the due date.
    DirectDebit,
    /// That nothing must be paid.
    Nothing,
}
