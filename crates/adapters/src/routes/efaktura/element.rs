//! A reply as a small tree: every element with its namespace, whatever prefixes the other side likes.
//!
//! Replies are other people's: size, depth and number of elements have limits, a DTD is refused, and nothing here panics.

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

/// A thousand transactions with every field are some 600 kB.
const MOST_BYTES: usize = 8_000_000;

/// Replies are six deep.
const DEEPEST: usize = 32;

/// A thousand answers of a look-up have some 15 elements each.
const MOST_ELEMENTS: usize = 200_000;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// Its local name.
    pub name: String,
    /// Its own text, that of its children left out.
    pub text: String,
    /// The elements in it.
    pub children: Vec<Element>,
}

/// Why something cannot be read, in a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Element {
    /// The root element of a document.
    pub fn read(text: &str) -> Result<Element, Unreadable> {
        if text.len() > MOST_BYTES {
            return Err(Unreadable(format!("it has more than {MOST_BYTES} bytes")));
        }
        let mut reader = NsReader::from_str(text);
        reader.config_mut().check_end_names = true;
        // The last one is the element that is open; the first one stands for the document.
        let mut open = vec![Element::default()];
        let mut elements = 0_usize;
        loop {
            let (namespace, event) = reader.read_resolved_event().map_err(|error| Unreadable(error.to_string()))?;
            match event {
                Event::Start(ref start) | Event::Empty(ref start) => {
                    elements += 1;
                    if open.len() > DEEPEST || elements > MOST_ELEMENTS {
                        return Err(Unreadable("it has too many elements, or too deep ones".to_owned()));
                    }
                    let namespace = match namespace {
                        ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
                        ResolveResult::Unbound => String::new(),
                        ResolveResult::Unknown(prefix) => {
                            return Err(Unreadable(format!("nothing declares the prefix {prefix}")));
                        }
                    };
                    let name = start.local_name().as_ref().to_owned();
                    open.push(Element { namespace, name, ..Element::default() });
                    if matches!(event, Event::Empty(_)) {
                        close(&mut open);
                    }
                }
                Event::End(_) => close(&mut open),
                Event::Text(text) => say(&mut open, &text.xml10_content())?,
                Event::CData(text) => say(&mut open, &text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let text = match reference.resolve_char_ref() {
                        Ok(Some(character)) => character.to_string(),
                        Ok(None) => match quick_xml::escape::resolve_predefined_entity(&reference) {
                            Some(text) => text.to_owned(),
                            None => return Err(Unreadable("it uses an entity of its own".to_owned())),
                        },
                        Err(error) => return Err(Unreadable(error.to_string())),
                    };
                    say(&mut open, &text)?;
                }
                Event::DocType(_) => return Err(Unreadable("it brings a DTD".to_owned())),
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::Eof => break,
            }
        }
        let [Element { children, .. }] = open.as_mut_slice() else {
            return Err(Unreadable("it ends inside an element".to_owned()));
        };
        match (children.pop(), children.is_empty()) {
            (Some(root), true) => Ok(root),
            _ => Err(Unreadable("it has not one root element".to_owned())),
        }
    }

    /// Whether it has this namespace and name.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// The first child of this name, in whatever namespace.
    pub fn any(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of this name, in whatever namespace: the service's are in none, which some writers get wrong.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The one child of this name.
    pub fn one(&self, name: &str) -> Result<&Element, Unreadable> {
        self.optional(name)?.ok_or_else(|| Unreadable(format!("{} has no {name}", self.name)))
    }

    /// The child of this name, where there is one; two are none that could be believed.
    pub fn optional(&self, name: &str) -> Result<Option<&Element>, Unreadable> {
        let mut found = self.all(name);
        match (found.next(), found.next()) {
            (first, None) => Ok(first),
            _ => Err(Unreadable(format!("{} has more than one {name}", self.name))),
        }
    }

    /// The text of the one child of this name.
    pub fn text_of(&self, name: &str) -> Result<&str, Unreadable> {
        Ok(self.one(name)?.text.trim())
    }

    /// The text of the child of this name; empty where there is none.
    pub fn text_or_empty(&self, name: &str) -> Result<&str, Unreadable> {
        Ok(self.optional(name)?.map_or("", |child| child.text.trim()))
    }

    /// An `xsd:boolean` child; absent means no.
    pub fn is_true(&self, name: &str) -> Result<bool, Unreadable> {
        match self.text_or_empty(name)? {
            "true" | "1" => Ok(true),
            "false" | "0" | "" => Ok(false),
            _ => Err(Unreadable(format!("{name} is neither true nor false"))),
        }
    }
}

fn close(open: &mut Vec<Element>) {
    // The reader has refused an end without a start, so the document itself is never closed.
    if open.len() > 1
        && let Some(done) = open.pop()
        && let Some(parent) = open.last_mut()
    {
        parent.children.push(done);
    }
}

fn say(open: &mut [Element], text: &str) -> Result<(), Unreadable> {
    match open {
        [_] if text.trim().is_empty() => Ok(()),
        [_, .., element] => {
            element.text.push_str(text);
            Ok(())
        }
        _ => Err(Unreadable("there is text outside the root element".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_do_not_matter_and_namespaces_do() {
        let check = |xml: &str| {
            let root = Element::read(xml).unwrap();
            assert!(root.is("urn:a", "r"), "{xml}");
            assert_eq!(root.text_of("c").unwrap(), "1 < 2 & é", "{xml}");
        };
        check("<r xmlns='urn:a'><c> 1 &lt; 2 &amp; &#xe9; </c></r>");
        check("<?xml version='1.0'?><!-- a --><x:r xmlns:x='urn:a'><c><![CDATA[1 < 2 & ]]>é</c></x:r>\n");
    }

    #[test]
    fn what_cannot_be_believed_is_refused() {
        for xml in [
            "",
            "text",
            "<r>",
            "<r/><r/>",
            "<r/>text",
            "<a></b>",
            "<x:r/>",
            "<r>&own;</r>",
            "<!DOCTYPE r [<!ENTITY own 'x'>]><r>&own;</r>",
            "</r>",
        ] {
            assert!(Element::read(xml).is_err(), "{xml:?}");
        }
        let deep = "<r>".repeat(DEEPEST + 2) + &"</r>".repeat(DEEPEST + 2);
        assert!(Element::read(&deep).is_err());
        let root = Element::read("<r><c>1</c><c>2</c><b>yes</b></r>").unwrap();
        assert!(root.one("c").is_err() && root.one("d").is_err() && root.is_true("b").is_err());
        assert_eq!(root.is_true("d"), Ok(false));
    }
}
