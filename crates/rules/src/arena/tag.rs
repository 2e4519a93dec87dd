//! The inside of a start tag: name and attributes as written, by the grammar of XML 1.0 section 3.1.
//!
//! Not here: what names mean (`names`) and what becomes of values (`reader`).

use super::characters::is_space;

/// Walks a start tag's inside: everything between `<` and `>` or `/>`.
pub(super) struct Tag<'a> {
    inside: &'a str,
    at: usize,
}

/// One attribute as written. Offsets count from the inside's start.
pub(super) struct WrittenAttribute<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    pub(super) name_at: usize,
    pub(super) value_at: usize,
}

/// Why a tag is not one; `at` counts from the inside's start.
pub(super) struct TagFault {
    pub(super) at: usize,
    pub(super) why: &'static str,
}

impl<'a> Tag<'a> {
    /// The tag's name and the walker over its attributes.
    pub(super) fn open(inside: &'a str) -> (&'a str, Tag<'a>) {
        let end = inside.bytes().position(is_space).unwrap_or(inside.len());
        (&inside[..end], Tag { inside, at: end })
    }

    pub(super) fn next(&mut self) -> Result<Option<WrittenAttribute<'a>>, TagFault> {
        let bytes = self.inside.as_bytes();
        let before = self.at;
        self.skip_space();
        if self.at == bytes.len() {
            return Ok(None);
        }
        if self.at == before {
            return Err(self.fault("white space is missing between attributes"));
        }
        let name_at = self.at;
        while self.at < bytes.len() && bytes[self.at] != b'=' && !is_space(bytes[self.at]) {
            self.at += 1;
        }
        let name = &self.inside[name_at..self.at];
        self.skip_space();
        if bytes.get(self.at) != Some(&b'=') {
            return Err(self.fault("an attribute has no value"));
        }
        self.at += 1;
        self.skip_space();
        let quote = match bytes.get(self.at) {
            Some(quote @ (b'"' | b'\'')) => *quote,
            _ => return Err(self.fault("an attribute's value is not quoted")),
        };
        let value_at = self.at + 1;
        let Some(length) = bytes[value_at..].iter().position(|byte| *byte == quote) else {
            return Err(self.fault("an attribute's value is not closed"));
        };
        self.at = value_at + length + 1;
        let value = &self.inside[value_at..value_at + length];
        if let Some(less_than) = value.find('<') {
            return Err(TagFault { at: value_at + less_than, why: "an attribute's value holds a <" });
        }
        Ok(Some(WrittenAttribute { name, value, name_at, value_at }))
    }

    fn skip_space(&mut self) {
        let bytes = self.inside.as_bytes();
        while bytes.get(self.at).copied().is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn fault(&self, why: &'static str) -> TagFault {
        TagFault { at: self.at, why }
    }
}
