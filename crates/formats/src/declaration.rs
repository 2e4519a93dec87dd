//! Where an XML declaration names the encoding of its document.

/// How far into a document its declaration may reach: XML 1.0 (2.8) has room for three short attributes in it.
pub const REACH: usize = 200;

/// From where to where the name of the encoding stands, if there is a declaration that names one with a closing quote.
pub fn encoding(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = &bytes[..bytes.len().min(REACH)];
    let declaration = &head[..head.windows(2).position(|pair| pair == b"?>")?];
    let name = b"encoding";
    let after = declaration.strip_prefix(b"<?xml").and_then(|rest| rest.windows(name.len()).position(|part| part == name))?;
    let mut at = b"<?xml".len() + after + name.len();
    let quote = loop {
        match *declaration.get(at)? {
            b' ' | b'\t' | b'\r' | b'\n' | b'=' => at += 1,
            quote @ (b'"' | b'\'') => break quote,
            _ => return None,
        }
    };
    let length = declaration[at + 1..].iter().position(|byte| *byte == quote)?;
    Some((at + 1, at + 1 + length))
}
