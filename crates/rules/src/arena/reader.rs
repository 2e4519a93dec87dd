//! The one parse: quick-xml's events into the flat stores, with every guard on the way.
//!
//! quick-xml finds where markup begins and ends and pairs the tags; everything else that makes a document well-formed
//! (one root, names, attributes, references, characters, namespaces) is checked here, because a pull parser leaves it
//! to its user.

use quick_xml::Reader as Events;
use quick_xml::events::Event;

use super::characters::{self, is_space};
use super::names::{MAX_NAMES, NameFault, Resolver};
use super::tag::{Tag, TagFault};
use super::{Attribute, Document, Element, Limits, Span, XmlFault};

/// A document's place in the stores is 31 bits wide, whatever the limits say.
const MAX_BYTES: usize = (Span::DECODED - 1) as usize;

/// Bytes of a fault's detail that come from the document itself.
const MAX_QUOTE: usize = 80;

pub(super) fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, XmlFault> {
    let source = guard_bytes(bytes, limits)?;
    let mut reader = Reader::new(source, limits);
    reader.run()?;
    let Reader { names, elements, attributes, decoded, .. } = reader;
    Ok(Document { source, names: names.finish(), elements, attributes, decoded })
}

/// Everything that can be said before the first event: size, encoding, document type, characters.
fn guard_bytes<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, XmlFault> {
    let fault = |code, offset, detail: &str| Err(make_fault(bytes, code, offset, detail.to_owned()));
    if bytes.len() > limits.bytes.min(MAX_BYTES) {
        let most = limits.bytes.min(MAX_BYTES);
        return fault("xml.too_large", 0, &format!("{} bytes, more than the {most} allowed", bytes.len()));
    }
    if matches!(bytes, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..] | [b'<', 0, ..]) {
        return fault("xml.encoding", 0, "the document is UTF-16 (or UTF-32); send it as UTF-8");
    }
    if let Some(offset) = doctype_in_prolog(bytes) {
        return fault("xml.doctype", offset, "a document type declaration is not allowed");
    }
    let source = match std::str::from_utf8(bytes) {
        Ok(source) => source,
        Err(error) => {
            let offset = error.valid_up_to();
            return fault("xml.not_utf8", offset, &format!("byte {:#04x} is not UTF-8", bytes[offset]));
        }
    };
    if let Some(offset) = characters::forbidden(source) {
        return fault("xml.not_well_formed", offset, "a character that XML does not allow");
    }
    Ok(source)
}

/// Finds a DOCTYPE before the root without reading it: its inside may be anything, of any size.
fn doctype_in_prolog(bytes: &[u8]) -> Option<usize> {
    let mut at = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    loop {
        at += bytes[at..].iter().take_while(|byte| is_space(**byte)).count();
        let rest = &bytes[at..];
        let close: &[u8] = match rest {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'!', b'D' | b'd', ..] => return Some(at),
            _ => return None,
        };
        at += 2 + rest[2..].windows(close.len()).position(|window| window == close)? + close.len();
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

fn make_fault(bytes: &[u8], code: &'static str, offset: usize, detail: String) -> XmlFault {
    XmlFault { code, position: characters::position(bytes, offset), offset, detail }
}

struct Reader<'a, 'l> {
    source: &'a str,
    limits: &'l Limits,
    names: Resolver<'a>,
    elements: Vec<Element>,
    attributes: Vec<Attribute>,
    decoded: String,
    open: Vec<Open>,
    /// Texts of open elements that are not one slice of the source; one buffer a level, used again and again.
    pieces: Vec<String>,
    /// Only a document with a `]` anywhere can hold a stray `]]>` in a text.
    has_bracket: bool,
    /// Only a document with a carriage return anywhere has line ends to normalise.
    has_return: bool,
}

/// An element whose end tag has not come yet.
struct Open {
    element: u32,
    text: OpenText,
    has_children: bool,
}

#[derive(Clone, Copy)]
enum OpenText {
    Slice(Span),
    /// In `pieces` at this level.
    Pieces,
}

impl<'a, 'l> Reader<'a, 'l> {
    fn new(source: &'a str, limits: &'l Limits) -> Reader<'a, 'l> {
        // Counting start tags first keeps the store exact: growing by doubling would cost half of the memory bound.
        let tags = count_tags(source.as_bytes());
        Reader {
            source,
            limits,
            names: Resolver::new(),
            elements: Vec::with_capacity(tags.min(limits.elements)),
            attributes: Vec::new(),
            decoded: String::new(),
            open: Vec::with_capacity(limits.depth.min(64)),
            pieces: Vec::new(),
            has_bracket: source.as_bytes().contains(&b']'),
            has_return: source.as_bytes().contains(&b'\r'),
        }
    }

    fn run(&mut self) -> Result<(), XmlFault> {
        let base = if self.source.as_bytes().starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut events = Events::from_str(&self.source[base..]);
        events.config_mut().check_comments = true;
        loop {
            let start = base + events.buffer_position() as usize;
            let event = match events.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let offset = base + events.error_position() as usize;
                    return Err(self.fault("xml.not_well_formed", offset, quote(&error.to_string())));
                }
            };
            let end = base + events.buffer_position() as usize;
            match event {
                Event::Start(_) => self.start(start, end - 1)?,
                Event::Empty(_) => {
                    self.start(start, end - 2)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(_) => self.text(start, end)?,
                Event::CData(_) => self.character_data(start, end)?,
                Event::GeneralRef(_) => self.reference(start, end)?,
                Event::Decl(_) => self.declaration(start, end, base)?,
                Event::PI(_) => self.instruction(start, end)?,
                Event::Comment(_) => {}
                Event::DocType(_) => {
                    return Err(self.fault("xml.doctype", start, "a document type declaration is not allowed"));
                }
                Event::Eof => return self.finish(end),
            }
        }
    }

    fn start(&mut self, start: usize, inside_end: usize) -> Result<(), XmlFault> {
        if self.open.is_empty() && !self.elements.is_empty() {
            return Err(self.fault("xml.not_well_formed", start, "a second root element"));
        }
        if self.open.len() >= self.limits.depth {
            let detail = format!("more than {} elements inside each other", self.limits.depth);
            return Err(self.fault("xml.too_deep", start, detail));
        }
        if self.elements.len() >= self.limits.elements {
            let detail = format!("more than {} elements", self.limits.elements);
            return Err(self.fault("xml.too_many_elements", start, detail));
        }
        let parent = self.enter_child();
        let first_attribute = self.attributes.len() as u32;
        let name = self.tag(start + 1, inside_end)?;
        let element = self.elements.len() as u32;
        self.elements.push(Element { name, parent, end: element + 1, offset: start as u32, first_attribute, text: Span::EMPTY });
        self.open.push(Open { element, text: OpenText::Slice(Span::EMPTY), has_children: false });
        Ok(())
    }

    /// Tells the open element that it has a child; white space before it was only indentation.
    fn enter_child(&mut self) -> u32 {
        let level = self.open.len();
        let Some(parent) = self.open.last_mut() else {
            return 0;
        };
        if !parent.has_children {
            parent.has_children = true;
            let text = match parent.text {
                OpenText::Slice(span) => span.resolve(self.source, ""),
                OpenText::Pieces => &self.pieces[level - 1],
            };
            if text.bytes().all(is_space) {
                parent.text = OpenText::Slice(Span::EMPTY);
            }
        }
        parent.element
    }

    /// Reads a start tag's inside: declarations first, because they hold for the very names of their own tag.
    fn tag(&mut self, from: usize, to: usize) -> Result<u32, XmlFault> {
        let inside: &'a str = &self.source[from..to];
        let depth = self.open.len() + 1;
        let (written, mut tag) = Tag::open(inside);
        if written.len() == inside.len() {
            return self.names.element(written).map_err(|fault| self.name_fault(fault, from, written));
        }
        let mut count = 0;
        let mut prefixes: Vec<&str> = Vec::new();
        while let Some(attribute) = tag.next().map_err(|fault| self.tag_fault(fault, from))? {
            count += 1;
            if count > self.limits.attributes {
                let detail = format!("more than {} attributes", self.limits.attributes);
                return Err(self.fault("xml.too_many_attributes", from + attribute.name_at, detail));
            }
            let Some(prefix) = declared_prefix(attribute.name) else {
                continue;
            };
            if prefixes.contains(&prefix) {
                return Err(self.fault("xml.not_well_formed", from + attribute.name_at, "an attribute stands twice"));
            }
            prefixes.push(prefix);
            let at = from + attribute.value_at;
            let value = self.value(at, at + attribute.value.len())?;
            let uri = value.resolve(self.source, &self.decoded).to_owned();
            self.names
                .declare(prefix, &uri, depth)
                .map_err(|fault| self.name_fault(fault, from + attribute.name_at, attribute.name))?;
        }
        let name = self.names.element(written).map_err(|fault| self.name_fault(fault, from, written))?;
        if count > prefixes.len() {
            self.attributes(from, inside)?;
        }
        Ok(name)
    }

    fn attributes(&mut self, from: usize, inside: &'a str) -> Result<(), XmlFault> {
        let first = self.attributes.len();
        let (_, mut tag) = Tag::open(inside);
        while let Some(attribute) = tag.next().map_err(|fault| self.tag_fault(fault, from))? {
            if declared_prefix(attribute.name).is_some() {
                continue;
            }
            let name_at = from + attribute.name_at;
            let name = self.names.attribute(attribute.name).map_err(|fault| self.name_fault(fault, name_at, attribute.name))?;
            if self.attributes[first..].iter().any(|other| other.name == name) {
                return Err(self.fault("xml.not_well_formed", name_at, "an attribute stands twice"));
            }
            let at = from + attribute.value_at;
            let value = self.value(at, at + attribute.value.len())?;
            self.attributes.push(Attribute { name, value });
        }
        Ok(())
    }

    /// An attribute's value with references resolved and white space as XML 1.0 section 3.3.3 wants it.
    fn value(&mut self, from: usize, to: usize) -> Result<Span, XmlFault> {
        if to - from > self.limits.text {
            return Err(self.text_too_long(from));
        }
        let raw: &'a str = &self.source[from..to];
        if !raw.bytes().any(|byte| matches!(byte, b'&' | b'\t' | b'\r' | b'\n')) {
            return Ok(Span::source(from, to));
        }
        let start = self.decoded.len();
        let mut at = 0;
        while let Some(found) = raw[at..].find(['&', '\t', '\r', '\n']) {
            self.decoded.push_str(&raw[at..at + found]);
            at += found;
            if raw.as_bytes()[at] != b'&' {
                // A carriage return before a line feed is one line end, hence one space.
                at += if raw[at..].starts_with("\r\n") { 2 } else { 1 };
                self.decoded.push(' ');
                continue;
            }
            let Some(length) = raw[at..].find(';') else {
                return Err(self.fault("xml.not_well_formed", from + at, "an & that begins no reference"));
            };
            let character = self.resolve_reference(&raw[at + 1..at + length], from + at)?;
            self.decoded.push(character);
            at += length + 1;
        }
        self.decoded.push_str(&raw[at..]);
        Ok(Span::decoded(start, self.decoded.len()))
    }

    fn end(&mut self) {
        let level = self.open.len();
        let Some(open) = self.open.pop() else { return };
        self.names.leave(level);
        let start = self.decoded.len();
        let text = match open.text {
            OpenText::Slice(span) => {
                let slice = span.resolve(self.source, "");
                if self.has_return && slice.contains('\r') {
                    push_with_line_feeds(&mut self.decoded, slice);
                    Span::decoded(start, self.decoded.len())
                } else {
                    span
                }
            }
            OpenText::Pieces => {
                self.decoded.push_str(&self.pieces[level - 1]);
                Span::decoded(start, self.decoded.len())
            }
        };
        let end = self.elements.len() as u32;
        let element = &mut self.elements[open.element as usize];
        element.end = end;
        element.text = text;
    }

    fn text(&mut self, start: usize, end: usize) -> Result<(), XmlFault> {
        let text: &'a str = &self.source[start..end];
        if self.has_bracket
            && let Some(at) = text.find("]]>")
        {
            return Err(self.fault("xml.not_well_formed", start + at, "]]> must not stand in a text"));
        }
        let Some(open) = self.open.last() else {
            return match text.bytes().position(|byte| !is_space(byte)) {
                None => Ok(()),
                Some(at) => Err(self.fault("xml.not_well_formed", start + at, "text outside the root element")),
            };
        };
        if open.has_children && text.bytes().all(is_space) {
            return Ok(());
        }
        self.append(start, end)
    }

    fn character_data(&mut self, start: usize, end: usize) -> Result<(), XmlFault> {
        if self.open.is_empty() {
            return Err(self.fault("xml.not_well_formed", start, "text outside the root element"));
        }
        self.append(start + "<![CDATA[".len(), end - "]]>".len())
    }

    fn reference(&mut self, start: usize, end: usize) -> Result<(), XmlFault> {
        if self.open.is_empty() {
            return Err(self.fault("xml.not_well_formed", start, "text outside the root element"));
        }
        let written: &'a str = &self.source[start + 1..end - 1];
        let character = self.resolve_reference(written, start)?;
        let pieces = self.pieces();
        pieces.push(character);
        let length = pieces.len();
        if length > self.limits.text { Err(self.text_too_long(start)) } else { Ok(()) }
    }

    /// Adds a slice of the source to the open element's text; the first one costs nothing.
    fn append(&mut self, start: usize, end: usize) -> Result<(), XmlFault> {
        let open = self.open.last_mut().expect("callers have seen an open element");
        let length = match open.text {
            OpenText::Slice(span) if span.length == 0 => {
                open.text = OpenText::Slice(Span::source(start, end));
                end - start
            }
            _ => {
                let piece: &'a str = &self.source[start..end];
                let pieces = self.pieces();
                push_with_line_feeds(pieces, piece);
                pieces.len()
            }
        };
        if length > self.limits.text { Err(self.text_too_long(start)) } else { Ok(()) }
    }

    /// The open element's buffer, begun with what its text was so far.
    fn pieces(&mut self) -> &mut String {
        let level = self.open.len();
        let open = self.open.last_mut().expect("callers have seen an open element");
        if self.pieces.len() < level {
            self.pieces.resize_with(level, String::new);
        }
        let pieces = &mut self.pieces[level - 1];
        if let OpenText::Slice(span) = open.text {
            pieces.clear();
            push_with_line_feeds(pieces, span.resolve(self.source, ""));
            open.text = OpenText::Pieces;
        }
        pieces
    }

    /// XML 1.0 section 4.1 and 4.6: character references and the five predefined entities.
    fn resolve_reference(&self, written: &str, offset: usize) -> Result<char, XmlFault> {
        let code = match written {
            "amp" => return Ok('&'),
            "lt" => return Ok('<'),
            "gt" => return Ok('>'),
            "quot" => return Ok('"'),
            "apos" => return Ok('\''),
            _ => match written.strip_prefix('#') {
                Some(number) => number,
                None if characters::is_ncname(written) => {
                    let detail = format!("the entity {} is not one of XML's own five", quote(written));
                    return Err(self.fault("xml.entity", offset, detail));
                }
                None => {
                    return Err(self.fault("xml.not_well_formed", offset, "an & that begins no reference"));
                }
            },
        };
        let (digits, radix) = match code.strip_prefix('x') {
            Some(digits) => (digits, 16),
            None => (code, 10),
        };
        // `from_str_radix` takes a sign, a reference does not.
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten();
        match number.and_then(char::from_u32).filter(|character| characters::is_allowed(*character)) {
            Some(character) => Ok(character),
            None => Err(self.fault("xml.not_well_formed", offset, "a reference to a character that XML does not allow")),
        }
    }

    fn declaration(&mut self, start: usize, end: usize, base: usize) -> Result<(), XmlFault> {
        if start != base {
            return Err(self.fault("xml.not_well_formed", start, "the XML declaration must come first"));
        }
        let inside: &'a str = &self.source[start + "<?".len()..end - "?>".len()];
        let (_, mut tag) = Tag::open(inside);
        let mut version = None;
        while let Some(attribute) = tag.next().map_err(|fault| self.tag_fault(fault, start + 2))? {
            let at = start + 2 + attribute.name_at;
            match attribute.name {
                "version" if version.is_none() => version = Some(attribute.value),
                "encoding" if version.is_some() && is_utf8_name(attribute.value) => {}
                "encoding" if version.is_some() => {
                    let detail = format!("the encoding {} is not supported; send UTF-8", quote(attribute.value));
                    return Err(self.fault("xml.encoding", at, detail));
                }
                "standalone" if version.is_some() && matches!(attribute.value, "yes" | "no") => {}
                _ => {
                    return Err(self.fault("xml.not_well_formed", at, "the XML declaration is malformed"));
                }
            }
        }
        match version {
            Some("1.0" | "1.1") => Ok(()),
            _ => Err(self.fault("xml.not_well_formed", start, "the XML declaration names no known version")),
        }
    }

    fn instruction(&mut self, start: usize, end: usize) -> Result<(), XmlFault> {
        let inside = &self.source[start + "<?".len()..end - "?>".len()];
        let target = inside.split(|character: char| character.is_ascii_whitespace()).next().unwrap_or_default();
        if !characters::is_ncname(target) || target.eq_ignore_ascii_case("xml") {
            return Err(self.fault("xml.not_well_formed", start, "a malformed processing instruction"));
        }
        Ok(())
    }

    fn finish(&mut self, end: usize) -> Result<(), XmlFault> {
        if let Some(open) = self.open.last() {
            let element = &self.elements[open.element as usize];
            let offset = element.offset as usize;
            return Err(self.fault("xml.not_well_formed", offset, "an element that is never closed"));
        }
        if self.elements.is_empty() {
            return Err(self.fault("xml.empty", end, "there is no element"));
        }
        Ok(())
    }

    fn name_fault(&self, fault: NameFault, offset: usize, written: &str) -> XmlFault {
        let written = quote(written);
        match fault {
            NameFault::Malformed => self.fault("xml.not_well_formed", offset, format!("{written} is not a name")),
            NameFault::UndeclaredPrefix => {
                self.fault("xml.namespace", offset, format!("the prefix of {written} is not declared"))
            }
            NameFault::TooMany => self.fault("xml.too_many_elements", offset, format!("more than {MAX_NAMES} different names")),
            NameFault::BadDeclaration(why) => self.fault("xml.namespace", offset, why),
        }
    }

    fn tag_fault(&self, fault: TagFault, from: usize) -> XmlFault {
        self.fault("xml.not_well_formed", from + fault.at, fault.why)
    }

    fn text_too_long(&self, offset: usize) -> XmlFault {
        self.fault("xml.text_too_long", offset, format!("a text of more than {} bytes", self.limits.text))
    }

    fn fault(&self, code: &'static str, offset: usize, detail: impl Into<String>) -> XmlFault {
        make_fault(self.source.as_bytes(), code, offset, detail.into())
    }
}

/// Every line end becomes one line feed: XML 1.0 section 2.11.
fn push_with_line_feeds(target: &mut String, text: &str) {
    let mut parts = text.split('\r');
    target.push_str(parts.next().unwrap_or_default());
    for part in parts {
        target.push('\n');
        target.push_str(part.strip_prefix('\n').unwrap_or(part));
    }
}

/// How many start tags there can be at most. Small sums without branches let the compiler count many bytes at once.
fn count_tags(bytes: &[u8]) -> usize {
    let starts = |pair: (&u8, &u8)| {
        let (open, next) = pair;
        u8::from(*open == b'<') & u8::from(*next != b'/') & u8::from(*next != b'!') & u8::from(*next != b'?')
    };
    let next = bytes.get(1..).unwrap_or_default();
    // At most 192 tags are in a chunk of 192 bytes, which a byte can count.
    bytes.chunks(192).zip(next.chunks(192)).map(|(bytes, next)| usize::from(bytes.iter().zip(next).map(starts).sum::<u8>())).sum()
}

/// `xmlns` declares the empty prefix, `xmlns:cac` declares `cac`.
fn declared_prefix(name: &str) -> Option<&str> {
    match name.strip_prefix("xmlns") {
        Some("") => Some(""),
        Some(rest) => rest.strip_prefix(':').filter(|prefix| !prefix.is_empty()),
        None => None,
    }
}

/// US-ASCII is a part of UTF-8, so that a document that says so truthfully can be read, and one that lies is refused
/// as what it is.
fn is_utf8_name(encoding: &str) -> bool {
    ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|name| encoding.eq_ignore_ascii_case(name))
}

/// The document's words in a fault are cut short: a hostile name may be a megabyte long.
fn quote(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTE) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}
