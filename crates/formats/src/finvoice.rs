//! Finvoice 3.0, the Finnish e-invoice, to and from [`Invoice`].
//!
//! Written against the published schema (`Finvoice3.0.xsd`); no official examples were at hand. What stands where is
//! [`mapping`], a table that `docs/finvoice.md` is written from. Finvoice holds less than EN 16931 does: texts are short, there
//! is one payment order, files travel in messages of their own. [`write()`] therefore answers with every business term that a
//! reader of the document will not find as it was.
//!
//! Decided here, so that nobody has to guess:
//!
//! - **The payment order (EPI) is a must.** No account is `NOTPROVIDED`, the word of ISO 20022; no due date is the issue date;
//!   no reference is left out. Reading takes all three for what they are: nothing.
//! - **Credit notes are negative.** Finnish programs expect `INV02` with amounts and quantities below zero, EN 16931 wants them
//!   above: signs are turned while writing, and while reading where the total is below zero.
//! - **What must be there and is not, is blank**: two spaces, which the schema counts as text and every reader as none.
//! - **What is too long is cut**, numbers are rounded to the decimals that the schema has, codes that its patterns refuse are
//!   left out. White space may stand otherwise than it did. All but that last is told.
//! - Before version 3.0 many elements of EN 16931 did not exist. Reading fills in what follows from the rest: the document
//!   type, a VAT category from the rate, the sum of the rows, one piece where a row counts nothing.
//! - A row of words without figures is a note of the invoice. Sub-rows specify a row and are passed over.
//! - ISO 8859-15 and 8859-1 are read as well as UTF-8, because most Finvoices are written in the first.
//! - Orders, reminders, copies and cancellations are refused: nobody must pay them.

mod amounts;
mod charset;
pub mod mapping;
mod party;
mod payment;
mod read;
mod row;
mod values;
mod write;

use std::borrow::Cow;

use kvitt_domain::Fault;
use kvitt_domain::invoice::Invoice;
use kvitt_rules::arena::{Document, Limits};

use crate::losses;
use crate::terms::{Syntax, of_xml};

/// The root element.
const ROOT: &str = "Finvoice";

/// How Finvoice writes values.
static SYNTAX: Syntax =
    Syntax { currency: "AmountCurrencyIdentifier", scheme: "SchemeID", date: values::parse_date, decimal: values::parse_decimal };

/// Reads one Finvoice, of version 3.0 or one before it that has the same elements.
///
/// # Errors
/// All faults at once, in document order, at most a hundred: `xml.*` where the bytes are no XML within
/// `limits`, `document.unknown` for another root element, else `term.*` and `amount.decimals`, each
/// at its business term, XPath, line and column: `BT-2 /Finvoice/InvoiceDetails/InvoiceDate 12:5`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Invoice, Vec<Fault>> {
    // What is too large is refused before a second copy of it is made.
    let bytes = if bytes.len() > limits.bytes { Cow::Borrowed(bytes) } else { in_utf8(bytes) };
    let document = Document::parse(&bytes, limits).map_err(|fault| vec![of_xml(&fault, limits)])?;
    match read_document(&document) {
        (Some(invoice), faults) if faults.is_empty() => Ok(invoice),
        (_, faults) => Err(faults),
    }
}

/// Whether a document is a Finvoice, of whatever version: it has no namespace, and its root is called so.
pub fn is_finvoice(document: &Document<'_>) -> bool {
    document.root().is("", ROOT)
}

/// The bytes as the arena takes them: a Finvoice that says it is in ISO 8859-15 or 8859-1 in UTF-8, every line and column where
/// it was; anything else as it is.
pub fn in_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    charset::in_utf8(bytes)
}

/// Reads one Finvoice out of the arena as far as it can be read, with all faults of [`read`] but those of the XML.
///
/// There is an invoice beside faults where only texts are at fault, as with [`crate::ubl::read_document`]. It is never to be
/// accepted.
pub fn read_document(document: &Document<'_>) -> (Option<Invoice>, Vec<Fault>) {
    read::read(document)
}

/// Writes the invoice as Finvoice 3.0 in UTF-8, valid against the schema. The same invoice gives the same bytes.
///
/// Beside the document stands one `conversion.term_lost` for each business term that it does not hold as the invoice has it,
/// at its place: `BG-25[2]/BT-154`. The document was read again to find them, so that none is missing. A fault that
/// [is fatal](Fault::is_fatal) is of a term that money or law hang on (the number, a sum, the account): such a document is
/// for looking at and must not be sent.
pub fn write(invoice: &Invoice) -> (Vec<u8>, Vec<Fault>) {
    let written = write::write(invoice);
    let lost = match read(&written, &Limits::default()) {
        Ok(read) => losses::between(invoice, &read),
        // An invoice that no document says, such as one without lines: nothing of it can be relied on.
        Err(faults) => faults,
    };
    (written, lost)
}
