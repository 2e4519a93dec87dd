//! An element as its readers see it: names, text, attributes, and the ways to its neighbours.
//!
//! Nothing here allocates but [`Node::path`]. The stores behind it are in the parent module.

use super::{Attribute, Document, Element};
use crate::arena::names::Name;

/// One element of a [`Document`]; a pair of a reference and an index, free to copy.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    index: u32,
}

impl<'d> Node<'d> {
    pub(super) fn new(document: &'d Document<'d>, index: u32) -> Node<'d> {
        Node { document, index }
    }

    /// The local name: `ID` of `cbc:ID`.
    pub fn name(self) -> &'d str {
        self.full_name().local
    }

    /// The namespace, empty when there is none.
    pub fn namespace(self) -> &'d str {
        self.document.names.namespace(self.full_name().namespace)
    }

    /// Is this the element of that namespace and local name?
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.name() == local && self.namespace() == namespace
    }

    /// Child elements in document order.
    pub fn children(self) -> Children<'d> {
        Children { document: self.document, next: self.index + 1, end: self.element().end }
    }

    /// The first child element with that local name, in any namespace.
    pub fn child(self, local: &str) -> Option<Node<'d>> {
        self.children().find(|child| child.name() == local)
    }

    /// All child elements with that local name, in any namespace, in document order.
    pub fn children_named(self, local: &str) -> impl Iterator<Item = Node<'d>> {
        self.children().filter(move |child| child.name() == local)
    }

    /// The first element, in document order, that is reached by walking these local names from here, one level each.
    pub fn descendant(self, path: &[&str]) -> Option<Node<'d>> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        self.children().filter(|child| child.name() == *first).find_map(|child| child.descendant(rest))
    }

    /// The element's own text as XML means it: character references and predefined entities resolved, each line end one
    /// line feed. White space between child elements is not kept.
    pub fn text(self) -> &'d str {
        self.element().text.resolve(self.document.source, &self.document.decoded)
    }

    /// [`Node::text`] without the white space (XML's four characters) around it.
    pub fn trimmed(self) -> &'d str {
        self.text().trim_matches([' ', '\t', '\r', '\n'])
    }

    /// The value of the attribute with that local name, in any namespace.
    pub fn attribute(self, local: &str) -> Option<&'d str> {
        self.attributes().find_map(|(name, value)| (name == local).then_some(value))
    }

    /// Local names and values of the attributes as written in order, without namespace declarations.
    pub fn attributes(self) -> impl Iterator<Item = (&'d str, &'d str)> {
        self.qualified_attributes().map(|((_, name), value)| (name, value))
    }

    /// Namespace, local name and value of each attribute; the namespace is empty for a plain name.
    pub(crate) fn qualified_attributes(self) -> impl Iterator<Item = ((&'d str, &'d str), &'d str)> {
        let document = self.document;
        self.own_attributes().iter().map(move |attribute| {
            let value = attribute.value.resolve(document.source, &document.decoded);
            let name = document.names.name(attribute.name);
            ((document.names.namespace(name.namespace), name.local), value)
        })
    }

    /// The numbers of the attributes' names among [`Document::names`].
    pub(crate) fn attribute_numbers(self) -> impl Iterator<Item = u32> {
        self.own_attributes().iter().map(|attribute| attribute.name)
    }

    fn own_attributes(self) -> &'d [Attribute] {
        let document = self.document;
        let from = self.element().first_attribute as usize;
        let next = document.elements.get(self.index as usize + 1);
        let to = next.map_or(document.attributes.len(), |element| element.first_attribute as usize);
        &document.attributes[from..to]
    }

    /// The element around this one; none for the root.
    pub fn parent(self) -> Option<Node<'d>> {
        (self.index != 0).then(|| Node::new(self.document, self.element().parent))
    }

    /// Where the element's start tag begins, in bytes from the start of the document.
    pub fn offset(self) -> usize {
        self.element().offset as usize
    }

    /// The XPath to this element: `/Invoice/cac:InvoiceLine[2]/cbc:ID`. An index stands where the parent has more
    /// than one child of that name. UBL's own namespaces have their customary prefixes, others those of the document.
    pub fn path(self) -> String {
        let mut path = self.parent().map(Node::path).unwrap_or_default();
        path.push('/');
        match self.namespace() {
            CAC => path.push_str("cac:"),
            CBC => path.push_str("cbc:"),
            EXT => path.push_str("ext:"),
            _ => {
                let prefix = self.full_name().prefix;
                if !prefix.is_empty() {
                    path.push_str(prefix);
                    path.push(':');
                }
            }
        }
        path.push_str(self.name());
        if let Some(parent) = self.parent() {
            let name = self.element().name;
            let alike = parent.children().filter(|sibling| sibling.element().name == name);
            let before = alike.take_while(|sibling| sibling.index < self.index).count();
            let followed = parent.children().any(|sibling| sibling.index > self.index && sibling.element().name == name);
            if before > 0 || followed {
                path.push_str(&format!("[{}]", before + 1));
            }
        }
        path
    }

    /// The element's place among all of the document, in document order; the root's is 0. [`Document::node`] goes back.
    pub(crate) fn number(self) -> u32 {
        self.index
    }

    /// How many elements are below it, at any depth.
    pub(crate) fn descendants(self) -> u32 {
        self.element().end - self.index - 1
    }

    /// The number of the element's name among [`Document::names`].
    pub(crate) fn name_number(self) -> u32 {
        self.element().name
    }

    fn element(self) -> &'d Element {
        &self.document.elements[self.index as usize]
    }

    fn full_name(self) -> &'d Name<'d> {
        self.document.names.name(self.element().name)
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({} at byte {})", self.path(), self.offset())
    }
}

/// The same element of the same document.
impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && std::ptr::eq(self.document, other.document)
    }
}

impl Eq for Node<'_> {}

// UBL 2.1, section 3.1.1 and its schema modules: the namespaces whose prefixes are customary.
const CAC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";
const CBC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";
const EXT: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2";

/// The child elements of one element, in document order.
#[derive(Debug, Clone)]
pub struct Children<'d> {
    document: &'d Document<'d>,
    next: u32,
    end: u32,
}

impl<'d> Iterator for Children<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        if self.next >= self.end {
            return None;
        }
        let child = Node::new(self.document, self.next);
        self.next = child.element().end;
        Some(child)
    }
}
