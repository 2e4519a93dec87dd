//! Domain to PDF: the invoice as a person reads it, archives it and prints it.
//!
//! [`cover_sheet`] draws the sheet for letters whose own first page does not show the address; [`inspect()`] finds out what a PDF is
//! that somebody else made.
//!
//! [`pdf`] lays an [`Invoice`] out on A4 pages and writes them as PDF/A-3a and PDF/UA-1 with the files of [`Embedded`] inside. It is
//! pure: same input, same bytes. It judges nothing (an invoice with wrong sums is drawn with its wrong sums) and it sends nothing.
//!
//! Where to look next: [`look`] for what a company may choose, `compose` for what stands where, `page` for the measures of the sheet,
//! `typeface` for text that fits, `paint` for the PDF itself.

use kvitt_domain::cover_sheet::CoverSheet;
use kvitt_domain::invoice::Invoice;

// The samples in `tests/it` name this crate from outside; the layout's own tests use them from inside.
#[cfg(test)]
extern crate self as kvitt_render;

mod compose;
pub mod inspect;
pub mod look;
pub mod page;
mod paint;
mod typeface;
mod wording;

pub use inspect::{NotReadable, inspect};
pub use look::{Color, Embedded, Logo, LogoError, Look, PaymentOverride, Relationship};

/// A finished document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdf {
    /// The file: PDF 1.7, conforming to PDF/A-3a and PDF/UA-1 as far as the writer's own validators can tell.
    pub bytes: Vec<u8>,
    /// How many pages it has, at least 1.
    pub pages: usize,
}

/// Why there is no PDF. Text in the invoice is never a reason: what the typeface lacks is drawn as an empty box.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The document would need more than [`page::MOST_PAGES`] pages, or a cover sheet more than one.
    #[error("the document needs more than {} pages, or its cover sheet more than one", page::MOST_PAGES)]
    TooLong,
    /// The logo looked like a picture, but could not be decoded, or is in CMYK, which has no colour profile here.
    #[error("the logo cannot be used: {0}")]
    Logo(String),
    /// The media type of an embedded file is not `type/subtype`.
    #[error("{0:?} is no media type")]
    MediaType(String),
    /// Two embedded files have one name.
    #[error("two embedded files are called {0:?}")]
    SameName(String),
    /// The PDF writer found the document to break PDF/A or PDF/UA, or a limit of the format. This is a fault of ours, not of the invoice.
    #[error("the PDF could not be written: {0}")]
    Writer(String),
}

/// Draws an invoice or credit note.
///
/// `look` says in which language and with which payment instructions, `embed` which files travel inside it, normally the UBL document
/// ([`Relationship::Alternative`]). Same arguments, same bytes.
///
/// # Errors
/// [`RenderError`]; see its variants.
pub fn pdf(invoice: &Invoice, look: &Look, embed: &[Embedded]) -> Result<Pdf, RenderError> {
    let document = compose::compose(invoice, look)?;
    let pages = document.pages.len();
    let bytes = paint::paint(&document, look, embed)?;
    Ok(Pdf { bytes, pages })
}

/// Draws the sheet that lies on top of a letter: one page in the look of the invoices, with the recipient in the envelope's window.
///
/// Same sheet, same bytes. Where the address stands: [`page::ADDRESS`] or [`page::RIGHT_ADDRESS`]. Our own invoices have the
/// recipient at [`page::ADDRESS`] already and need no cover sheet in an envelope with its window on the left.
///
/// # Errors
/// [`RenderError::TooLong`] where the texts do not fit on one page; [`RenderError::Writer`].
pub fn cover_sheet(sheet: &CoverSheet) -> Result<Pdf, RenderError> {
    let look = Look::plain(sheet.language, sheet.made_at);
    let document = compose::cover::compose(sheet)?;
    let pages = document.pages.len();
    let bytes = paint::paint(&document, &look, &[])?;
    Ok(Pdf { bytes, pages })
}
