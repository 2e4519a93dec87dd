//! From one syntax to another through the domain, with the business terms that the other cannot hold.
//!
//! Both ways read the document, write it in the other syntax, read that again, and answer with what differs: what is told is
//! what a reader of the new document will miss. Elements that are no business terms of EN 16931 do not reach the domain, and
//! are not told of.

use kvitt_domain::Fault;
use kvitt_domain::invoice::Invoice;
use kvitt_rules::arena::{Document, Limits};

use crate::{finvoice, losses, ubl};

/// A document in another syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The document.
    pub document: Vec<u8>,
    /// One `conversion.term_lost` for each term that it does not hold as the original does, in the order of EN 16931. A fatal
    /// one is of a term that money or law hang on: the document must then not be sent.
    pub lost: Vec<Fault>,
}

/// A UBL 2.1 Invoice or CreditNote as Finvoice 3.0.
///
/// # Errors
/// Everything that keeps the document from being read: see [`ubl::read`].
pub fn ubl_to_finvoice(bytes: &[u8], limits: &Limits) -> Result<Converted, Vec<Fault>> {
    let invoice = ubl::read(bytes, limits)?;
    let (document, lost) = finvoice::write(&invoice);
    Ok(Converted { document, lost })
}

/// A Finvoice as a UBL 2.1 Invoice or CreditNote. Whether it obeys EN 16931 and Peppol is for `kvitt-rules`: Finvoices from
/// before 3.0 seldom say enough for that.
///
/// # Errors
/// Everything that keeps the document from being read: see [`finvoice::read`].
pub fn finvoice_to_ubl(bytes: &[u8], limits: &Limits) -> Result<Converted, Vec<Fault>> {
    let invoice = finvoice::read(bytes, limits)?;
    let document = ubl::write(&invoice);
    let limits = Limits::default();
    let lost = match Document::parse(&document, &limits) {
        Ok(written) => lost_in_ubl(&invoice, &written),
        Err(fault) => vec![ubl::unreadable(&fault, &limits)],
    };
    Ok(Converted { document, lost })
}

/// What a reader of this UBL document, which was written from the invoice, will miss: [`Converted::lost`], for whoever has the
/// document in the arena already.
pub fn lost_in_ubl(invoice: &Invoice, written: &Document<'_>) -> Vec<Fault> {
    match ubl::read_document(written) {
        (Some(read), faults) if faults.is_empty() => losses::between(invoice, &read),
        // UBL wants something that the invoice does not have.
        (_, faults) => faults,
    }
}
