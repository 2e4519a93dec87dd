//! What XML 1.0 says of single characters: which may stand in a document, which in a name, and where a byte stands.

use super::Position;

/// Line and column (in characters) of a byte offset. Lines end at line feeds.
pub(super) fn position(source: &[u8], offset: usize) -> Position {
    let before = &source[..offset.min(source.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    // A character starts at every byte that is not a UTF-8 continuation.
    let column = before[line_start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
    Position { line, column }
}

/// The offset of the first character that XML 1.0 (section 2.2, Char) forbids, if any. The common case is one pass
/// without branches.
pub(super) fn forbidden(source: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    if bytes.iter().fold(false, |found, byte| found | control(*byte)) {
        return bytes.iter().position(|byte| control(*byte));
    }
    // U+FFFE and U+FFFF are the only others, and both begin with this byte.
    if bytes.contains(&0xEF) {
        return source.find(['\u{FFFE}', '\u{FFFF}']);
    }
    None
}

/// May this character stand in a document? XML 1.0, section 2.2.
pub(super) fn is_allowed(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Is this a name without a colon? Namespaces in XML 1.0, section 4 (NCName).
pub(super) fn is_ncname(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_part)
}

/// XML's white space: section 2.3, S.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

// XML 1.0 fifth edition, section 2.3, NameStartChar without the colon.
fn is_name_start(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_part(character: char) -> bool {
    is_name_start(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}
