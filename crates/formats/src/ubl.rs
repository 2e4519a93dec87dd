//! UBL 2.1 Invoice and CreditNote (Peppol BIS Billing 3, EHF 3; EHF 2 is read too) to and from [`Invoice`].
//!
//! [`read`] walks the guarded arena once ([`read_document`] one that others read too) and reports every fault at once; [`write()`] gives the element order of the UBL 2.1
//! schemas and the same bytes for the same invoice. The mapping is EN 16931-3-2 with Peppol's additions, one business term
//! (BT) after the other; where the syntax cannot hold what the domain can, the rule stands at the line that decides it.
//! Whether the document obeys EN 16931 and Peppol is for `kvitt-rules`: elements unknown here are passed over.
//!
//! Reading decides these things, so that nobody has to guess:
//!
//! - An empty element is an absent one. Texts lose the white space around them; line ends become `\n`.
//! - Free text (notes, terms, descriptions) that stands several times is joined by line breaks; anything else that stands
//!   more often than EN 16931 allows is a fault, because choosing one would be guessing.
//! - An amount must name the document's currency and fit its decimals. `25` and `25.00` are the same amount.
//! - A number that looks like a fødselsnummer is never taken for an identifier of a party: see [`crate::identity`].
//! - One embedded PDF may be the picture of the invoice: see [`image_mark`].

mod amounts;
mod attachments;
mod line;
mod party;
mod payment;
mod read;
mod write;

use kvitt_domain::Fault;
use kvitt_domain::invoice::{DocumentKind, Invoice};
use kvitt_rules::arena::{Document, Limits, XmlFault};

use crate::terms::{self, Syntax};

pub use attachments::{MAX_ATTACHMENT_BYTES, image_mark};

/// The namespace of the root element of an invoice.
const INVOICE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";
/// The namespace of the root element of a credit note.
const CREDIT_NOTE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2";
/// The namespace of groups, customarily `cac`.
pub(crate) const CAC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";
/// The namespace of values, customarily `cbc`.
pub(crate) const CBC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";

/// How UBL writes values (UBL 2.1, CCTS unqualified data types).
static SYNTAX: Syntax =
    Syntax { currency: "currencyID", scheme: "schemeID", date: terms::parse_date, decimal: terms::parse_decimal };

/// Reads one UBL 2.1 Invoice or CreditNote.
///
/// # Errors
/// All faults at once, in document order, at most a hundred: `xml.*` where the bytes are no XML within
/// `limits`, `document.unknown` for another root element, else `term.*`, `amount.decimals` and `attachment.unreadable`, each
/// at its business term, XPath, line and column: `BT-2 /Invoice/cbc:IssueDate 12:5`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Invoice, Vec<Fault>> {
    let document = Document::parse(bytes, limits).map_err(|fault| vec![unreadable(&fault, limits)])?;
    match read_document(&document) {
        (Some(invoice), faults) if faults.is_empty() => Ok(invoice),
        (_, faults) => Err(faults),
    }
}

/// Reads one UBL 2.1 Invoice or CreditNote out of the arena as far as it can be read, with all faults of [`read`] but those of
/// the XML.
///
/// There is an invoice beside faults where only texts or attachments are at fault: its sums and dates are what the document
/// says and can be checked too, so that the sender hears of everything at once. It is never to be accepted.
pub fn read_document(document: &Document<'_>) -> (Option<Invoice>, Vec<Fault>) {
    read::read(document)
}

/// The arena's refusal as the fault that [`read`] answers for it, at its line and column.
pub fn unreadable(fault: &XmlFault, limits: &Limits) -> Fault {
    terms::of_xml(fault, limits)
}

/// Writes the invoice as UBL 2.1 in UTF-8, in the order of the schema's elements. The same invoice gives the same bytes.
///
/// What [`read`] gave is written so that it reads as the same invoice again. Characters that XML 1.0 cannot hold become U+FFFD.
pub fn write(invoice: &Invoice) -> Vec<u8> {
    write::write(invoice)
}

/// The names that differ between the two document types.
struct Names {
    root: &'static str,
    namespace: &'static str,
    type_code: &'static str,
    line: &'static str,
    quantity: &'static str,
}

fn names(kind: DocumentKind) -> &'static Names {
    match kind {
        DocumentKind::Invoice => &Names {
            root: "Invoice",
            namespace: INVOICE,
            type_code: "cbc:InvoiceTypeCode",
            line: "cac:InvoiceLine",
            quantity: "cbc:InvoicedQuantity",
        },
        DocumentKind::CreditNote => &Names {
            root: "CreditNote",
            namespace: CREDIT_NOTE,
            type_code: "cbc:CreditNoteTypeCode",
            line: "cac:CreditNoteLine",
            quantity: "cbc:CreditedQuantity",
        },
    }
}
