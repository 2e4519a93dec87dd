//! A small tree of elements that is written out in one go: empty groups vanish, order is the order of the calls.

use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::QName;

/// One element to write: a value, or a group of others.
pub(crate) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    body: Body,
}

enum Body {
    Text(String),
    Children(Vec<Element>),
}

impl Element {
    /// A value.
    pub(crate) fn leaf(name: &'static str, text: impl Into<String>) -> Element {
        Element { name, attributes: Vec::new(), body: Body::Text(text.into()) }
    }

    /// A group, empty so far.
    pub(crate) fn group(name: &'static str) -> Element {
        Element { name, attributes: Vec::new(), body: Body::Children(Vec::new()) }
    }

    /// The same element with an attribute, where there is a value for it.
    pub(crate) fn attribute(mut self, name: &'static str, value: Option<&str>) -> Element {
        self.attributes.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    /// The same group with a child. A group without children is left out: UBL knows no empty elements (Peppol R008), Finvoice few.
    pub(crate) fn child(self, child: Element) -> Element {
        self.children([child])
    }

    /// The same group with these children.
    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Element {
        if let Body::Children(present) = &mut self.body {
            present.extend(children.into_iter().filter(|child| !child.is_empty_group()));
        }
        self
    }

    /// The same group with a value.
    pub(crate) fn value(self, name: &'static str, text: &str) -> Element {
        self.child(Element::leaf(name, text))
    }

    /// The same group with a value, where there is one.
    pub(crate) fn optional(self, name: &'static str, text: Option<&str>) -> Element {
        self.children(text.map(|text| Element::leaf(name, text)))
    }

    fn is_empty_group(&self) -> bool {
        matches!(&self.body, Body::Children(children) if children.is_empty())
    }

    /// The whole document: declaration, this element as the root, a line feed.
    pub(crate) fn document(&self) -> Vec<u8> {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        self.write_document(&mut writer).expect("writing to memory does not fail");
        let mut bytes = writer.into_inner();
        bytes.push(b'\n');
        bytes
    }

    fn write_document(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        self.write(writer)
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut start = BytesStart::new(self.name);
        for (name, value) in &self.attributes {
            start.push_attribute(Attribute { key: QName(name), value: escaped(value, Place::Attribute).into() });
        }
        writer.write_event(Event::Start(start))?;
        match &self.body {
            Body::Text(text) => writer.write_event(Event::Text(BytesText::from_escaped(escaped(text, Place::Text))))?,
            Body::Children(children) => children.iter().try_for_each(|child| child.write(writer))?,
        }
        writer.write_event(Event::End(BytesEnd::new(self.name)))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Text,
    Attribute,
}

/// The text as XML 1.0 (2.2, 2.4, 3.3.3) can hold it: markup escaped, white space in attributes kept by references,
/// what is no XML character replaced.
fn escaped(text: &str, place: Place) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' if place == Place::Attribute => escaped.push_str("&quot;"),
            '\t' if place == Place::Attribute => escaped.push_str("&#9;"),
            '\n' if place == Place::Attribute => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' => escaped.push(character),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            _ => escaped.push(character),
        }
    }
    escaped
}
