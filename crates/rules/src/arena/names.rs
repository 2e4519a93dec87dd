//! Names and namespaces: every different name of a document is stored once and known by a number.
//!
//! A document has some hundred names and a million elements, so that the way from a written name (`cbc:ID`) to its
//! number is a small direct-mapped cache; prefixes are resolved only when it misses. The cache holds while the root's
//! namespace declarations are in force, which in UBL is always; inside an element that declares others, names are
//! resolved one by one.

use std::collections::HashMap;

use super::characters::is_ncname;

/// A name as the document means it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    pub(crate) namespace: u32,
    pub(crate) local: &'a str,
    /// As first written: only for showing paths.
    pub(crate) prefix: &'a str,
}

/// All names and namespaces of one document.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    names: Vec<Name<'a>>,
    namespaces: Vec<String>,
}

/// Different names that one document may have. UBL 2.1 defines about 2,300 elements altogether; without a bound, a
/// hostile document could fill memory with names.
pub(super) const MAX_NAMES: usize = 8192;

/// Different namespaces that one document may have; UBL invoices with signatures use about a dozen.
pub(super) const MAX_NAMESPACES: usize = 1024;

const NO_NAMESPACE: u32 = 0;
const XML_NAMESPACE: u32 = 1;
const XML_NAMESPACE_URI: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS_NAMESPACE_URI: &str = "http://www.w3.org/2000/xmlns/";

impl<'a> Names<'a> {
    pub(crate) fn name(&self, number: u32) -> &Name<'a> {
        &self.names[number as usize]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Name<'a>> {
        self.names.iter()
    }

    pub(crate) fn namespace(&self, number: u32) -> &str {
        &self.namespaces[number as usize]
    }
}

/// Why a name was not understood; the reader adds where.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NameFault {
    Malformed,
    UndeclaredPrefix,
    TooMany,
    BadDeclaration(&'static str),
}

/// The names being collected while a document is read.
pub(super) struct Resolver<'a> {
    names: Names<'a>,
    known: HashMap<(u32, &'a str), u32>,
    /// Prefix and namespace, innermost last; `depth` is the element that declared them.
    bindings: Vec<Binding<'a>>,
    element_cache: Cache<'a, 256>,
    attribute_cache: Cache<'a, 32>,
}

struct Binding<'a> {
    prefix: &'a str,
    namespace: u32,
    depth: usize,
}

impl<'a> Resolver<'a> {
    pub(super) fn new() -> Resolver<'a> {
        Resolver {
            names: Names { names: Vec::with_capacity(128), namespaces: vec![String::new(), XML_NAMESPACE_URI.to_owned()] },
            known: HashMap::with_capacity(128),
            bindings: Vec::with_capacity(8),
            element_cache: Cache::new(),
            attribute_cache: Cache::new(),
        }
    }

    pub(super) fn finish(self) -> Names<'a> {
        self.names
    }

    /// Takes a declaration (`xmlns="…"` has the empty prefix) made by the element at `depth`; the root is 1.
    pub(super) fn declare(&mut self, prefix: &'a str, uri: &str, depth: usize) -> Result<(), NameFault> {
        if prefix == "xmlns" || uri == XMLNS_NAMESPACE_URI || (prefix == "xml") != (uri == XML_NAMESPACE_URI) {
            return Err(NameFault::BadDeclaration("the prefixes xml and xmlns and their namespaces are reserved"));
        }
        if prefix.is_empty() && uri.is_empty() {
            if self.lookup("").is_some_and(|namespace| namespace != NO_NAMESPACE) {
                self.bindings.push(Binding { prefix, namespace: NO_NAMESPACE, depth });
            }
            return Ok(());
        }
        if uri.is_empty() {
            return Err(NameFault::BadDeclaration("a prefix cannot be bound to the empty namespace"));
        }
        if !prefix.is_empty() && !is_ncname(prefix) {
            return Err(NameFault::Malformed);
        }
        let namespace = self.namespace_number(uri)?;
        // A repeated declaration changes nothing, and must not cost the cache.
        if self.lookup(prefix) != Some(namespace) {
            self.bindings.push(Binding { prefix, namespace, depth });
        }
        Ok(())
    }

    /// Forgets what the element at `depth` declared.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.bindings.last().is_some_and(|binding| binding.depth >= depth) {
            self.bindings.pop();
        }
    }

    /// The number of an element's name as written.
    pub(super) fn element(&mut self, written: &'a str) -> Result<u32, NameFault> {
        if !self.root_bindings_only() {
            return self.resolve(written, true);
        }
        if let Some(number) = self.element_cache.get(written) {
            return Ok(number);
        }
        let number = self.resolve(written, true)?;
        self.element_cache.put(written, number);
        Ok(number)
    }

    /// The number of an attribute's name as written; without a prefix it has no namespace.
    pub(super) fn attribute(&mut self, written: &'a str) -> Result<u32, NameFault> {
        if !self.root_bindings_only() {
            return self.resolve(written, false);
        }
        if let Some(number) = self.attribute_cache.get(written) {
            return Ok(number);
        }
        let number = self.resolve(written, false)?;
        self.attribute_cache.put(written, number);
        Ok(number)
    }

    fn root_bindings_only(&self) -> bool {
        self.bindings.last().is_none_or(|binding| binding.depth == 1)
    }

    fn resolve(&mut self, written: &'a str, default_applies: bool) -> Result<u32, NameFault> {
        let (prefix, local) = written.split_once(':').unwrap_or(("", written));
        let namespace = match prefix {
            _ if local.is_empty() => return Err(NameFault::Malformed),
            "" if local.len() < written.len() => return Err(NameFault::Malformed),
            "" if default_applies => self.lookup("").unwrap_or(NO_NAMESPACE),
            "" => NO_NAMESPACE,
            _ => self.lookup(prefix).ok_or(NameFault::UndeclaredPrefix)?,
        };
        if let Some(number) = self.known.get(&(namespace, local)) {
            return Ok(*number);
        }
        if !is_ncname(local) {
            return Err(NameFault::Malformed);
        }
        if self.names.names.len() == MAX_NAMES {
            return Err(NameFault::TooMany);
        }
        let number = self.names.names.len() as u32;
        self.names.names.push(Name { namespace, local, prefix });
        self.known.insert((namespace, local), number);
        Ok(number)
    }

    fn lookup(&self, prefix: &str) -> Option<u32> {
        if prefix == "xml" {
            return Some(XML_NAMESPACE);
        }
        self.bindings.iter().rev().find(|binding| binding.prefix == prefix).map(|binding| binding.namespace)
    }

    fn namespace_number(&mut self, uri: &str) -> Result<u32, NameFault> {
        if let Some(number) = self.names.namespaces.iter().position(|known| known == uri) {
            return Ok(number as u32);
        }
        if self.names.namespaces.len() == MAX_NAMESPACES {
            return Err(NameFault::TooMany);
        }
        self.names.namespaces.push(uri.to_owned());
        Ok(self.names.namespaces.len() as u32 - 1)
    }
}

/// A direct-mapped cache: a second name in a slot simply replaces the first.
struct Cache<'a, const SLOTS: usize> {
    slots: [(&'a str, u32); SLOTS],
}

impl<'a, const SLOTS: usize> Cache<'a, SLOTS> {
    fn new() -> Self {
        // No name is empty, so that an empty slot never matches.
        Cache { slots: [("", 0); SLOTS] }
    }

    fn get(&self, written: &str) -> Option<u32> {
        let (known, number) = self.slots[Self::slot(written)];
        (known == written && !written.is_empty()).then_some(number)
    }

    fn put(&mut self, written: &'a str, number: u32) {
        self.slots[Self::slot(written)] = (written, number);
    }

    /// Names of UBL differ in their last letters and lengths; the first ones are mostly the prefix.
    fn slot(written: &str) -> usize {
        let bytes = written.as_bytes();
        let mut hash = bytes.len() as u32;
        for byte in bytes.iter().rev().take(12) {
            hash = hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte);
        }
        if let Some(first) = bytes.get(4) {
            hash = hash.wrapping_mul(0x0100_0193) ^ u32::from(*first);
        }
        (hash ^ (hash >> 15)) as usize % SLOTS
    }
}
