//! One XML document, read once: guarded against bombs, stored flat, walked freely.
//!
//! Here: what a reader of documents sees ([`Document`], [`Node`]), the guards ([`Limits`]) and the refusal
//! ([`XmlFault`]). The parse itself is in `reader`, names and namespaces in `names`, the inside of a tag in `tag`.
//! Not here: anything about invoices. No document type definition is ever read, no entity is ever expanded beyond
//! the five that XML predefines and character references.
//!
//! ```
//! use kvitt_rules::arena::{Document, Limits};
//!
//! let xml = b"<Invoice xmlns='urn:example'><ID>42 &amp; more</ID></Invoice>";
//! let document = Document::parse(xml, &Limits::default())?;
//! let id = document.root().child("ID").expect("the example has one");
//! assert_eq!(id.text(), "42 & more");
//! assert_eq!(id.path(), "/Invoice/ID");
//! # Ok::<(), kvitt_rules::arena::XmlFault>(())
//! ```

mod characters;
mod names;
mod node;
mod reader;
mod tag;

use std::fmt;

pub use node::{Children, Node};

use names::Names;

/// What a document may cost before it is refused. Every guard is checked while reading, before memory is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole document.
    pub bytes: usize,
    /// Elements inside each other; the root is 1. It also bounds how deep readers of the tree may recurse.
    pub depth: usize,
    /// Elements in the whole document.
    pub elements: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Bytes of the longest single text or attribute value.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // Peppol access points commonly take 100 MB; the largest official example is 3.3 MB.
            bytes: 100 * 1024 * 1024,
            // The deepest path that UBL 2.1 invoices use is 10; signatures inside extensions reach about 20.
            depth: 64,
            // A line costs about 30 elements, so that this is room for some 100,000 lines.
            elements: 4_000_000,
            // UBL's richest attribute group (identifiers) has 8; a root may declare a score of namespaces.
            attributes: 64,
            // One attachment in base64: three quarters of this are 48 MB of PDF, more than any route carries.
            text: 64 * 1024 * 1024,
        }
    }
}

/// A place in the text for a person: both numbers start at 1, columns count characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a document was not read: one fault, the first one met. The code is stable, the detail is for people.
///
/// Codes: `xml.empty`, `xml.too_large`, `xml.encoding`, `xml.not_utf8`, `xml.doctype`, `xml.entity`,
/// `xml.not_well_formed`, `xml.namespace`, `xml.too_deep`, `xml.too_many_elements`, `xml.too_many_attributes`,
/// `xml.text_too_long`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code} at {position}: {detail}")]
pub struct XmlFault {
    /// The stable code, `xml.…`.
    pub code: &'static str,
    /// Where, for a person.
    pub position: Position,
    /// Where, in bytes from the start of the document.
    pub offset: usize,
    /// What was found, in English.
    pub detail: String,
}

/// One document, borrowing the bytes that it was read from.
///
/// Elements, attributes and decoded texts lie in three flat stores; a text without entities and carriage returns is a
/// slice of the input, so that an embedded attachment is not copied. Memory stays below eight times the document.
#[derive(Debug)]
pub struct Document<'a> {
    source: &'a str,
    names: Names<'a>,
    elements: Vec<Element>,
    attributes: Vec<Attribute>,
    decoded: String,
}

impl<'a> Document<'a> {
    /// Reads a whole document, or says why not. UTF-8 only (a byte order mark is skipped), no DTD, no entities.
    ///
    /// # Errors
    /// The first [`XmlFault`] met: the guards of `limits`, XML 1.0 well-formedness, or Namespaces in XML 1.0.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, XmlFault> {
        reader::read(bytes, limits)
    }

    /// The outermost element.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// Line and column of a byte offset; an offset past the end is the end. Walks the text up to there.
    pub fn position(&self, offset: usize) -> Position {
        characters::position(self.source.as_bytes(), offset)
    }

    /// The element with that [`Node::number`].
    pub(crate) fn node(&self, number: u32) -> Node<'_> {
        Node::new(self, number)
    }

    /// All elements in document order.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.elements.len() as u32).map(|index| Node::new(self, index))
    }

    /// Every different name of elements and attributes, namespace first, in the order of their numbers.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.all().map(|name| (self.names.namespace(name.namespace), name.local))
    }

    /// How many elements the document has.
    pub fn element_count(&self) -> usize {
        self.elements.len()
    }
}

/// One element. Elements lie in document order, so that a subtree is a range: `self + 1 .. end`.
/// Its attributes end where the next element's begin.
#[derive(Debug)]
struct Element {
    name: u32,
    parent: u32,
    end: u32,
    offset: u32,
    first_attribute: u32,
    text: Span,
}

#[derive(Debug)]
struct Attribute {
    name: u32,
    value: Span,
}

/// A slice of the source, or of the decoded texts when the top bit of `length` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    length: u32,
}

impl Span {
    const EMPTY: Span = Span { start: 0, length: 0 };
    const DECODED: u32 = 1 << 31;

    fn source(start: usize, end: usize) -> Span {
        Span { start: start as u32, length: (end - start) as u32 }
    }

    fn decoded(start: usize, end: usize) -> Span {
        Span { start: start as u32, length: (end - start) as u32 | Span::DECODED }
    }

    fn resolve<'d>(self, source: &'d str, decoded: &'d str) -> &'d str {
        let start = self.start as usize;
        let length = (self.length & !Span::DECODED) as usize;
        let store = if self.length & Span::DECODED == 0 { source } else { decoded };
        &store[start..start + length]
    }
}

#[cfg(test)]
mod tests;
