//! ISO 8859-15, in which most Finvoices are written: into UTF-8 before the arena, which takes nothing else, sees them.

use std::borrow::Cow;

use crate::declaration::encoding;

/// Where ISO 8859-15 differs from ISO 8859-1, whose characters are the first 256 of Unicode.
const DIFFERENT: [(u8, char); 8] =
    [(0xA4, '€'), (0xA6, 'Š'), (0xA8, 'š'), (0xB4, 'Ž'), (0xB8, 'ž'), (0xBC, 'Œ'), (0xBD, 'œ'), (0xBE, 'Ÿ')];

/// The document in UTF-8, where it is a Finvoice whose declaration names ISO 8859-15 or 8859-1; else as it is. The declaration is
/// given the name of its new encoding and as many spaces as that is shorter, so that every line and column stays what it was.
pub(super) fn in_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some((start, end)) = encoding(bytes).filter(|_| begins_as_finvoice(bytes)) else {
        return Cow::Borrowed(bytes);
    };
    let different = match bytes[start..end].to_ascii_lowercase().as_slice() {
        b"iso-8859-15" => DIFFERENT.as_slice(),
        b"iso-8859-1" => &[],
        _ => return Cow::Borrowed(bytes),
    };
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 16);
    let mut push =
        |bytes: &[u8]| {
            text.extend(bytes.iter().map(|byte| {
                different.iter().find(|(code, _)| code == byte).map_or(char::from(*byte), |(_, character)| *character)
            }));
        };
    push(&bytes[..start]);
    push(b"UTF-8");
    // The closing quote, then the spaces.
    push(&bytes[end..=end]);
    push(&vec![b' '; end - start - b"UTF-8".len()]);
    push(&bytes[end + 1..]);
    Cow::Owned(text.into_bytes())
}

/// Whether the root, behind declaration, instructions and comments, is called as a Finvoice's is. Other documents are left in
/// their own encoding, so that nothing is taken that their own standard forbids.
fn begins_as_finvoice(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = match rest {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            _ => return rest.strip_prefix(b"<").is_some_and(|rest| rest.starts_with(super::ROOT.as_bytes())),
        };
        let Some(at) = rest.windows(end.len()).skip(2).position(|window| window == end) else { return false };
        rest = &rest[2 + at + end.len()..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nordic_encodings_become_utf_8_and_columns_stay() {
        let check = |bytes: &[u8], expected: &str| assert_eq!(String::from_utf8_lossy(&in_utf8(bytes)), expected);
        check(
            b"<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?><Finvoice>\xA4 \xE4\xF6</Finvoice>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"      ?><Finvoice>€ äö</Finvoice>",
        );
        check(
            b"<?xml version='1.0' encoding='iso-8859-1'?>\r\n<?xml-stylesheet href='Finvoice.xsl'?> <!-- -> ? --><Finvoice/><!--\xA4-->",
            "<?xml version='1.0' encoding='UTF-8'     ?>\r\n<?xml-stylesheet href='Finvoice.xsl'?> <!-- -> ? --><Finvoice/><!--¤-->",
        );
        for unchanged in
            ["<a/>", "", "<?xml", "<?xml encoding?>", "<?xml encoding=\"ISO-8859-15?>", "<?xml encoding=\"UTF-8\"?>ä"]
        {
            check(unchanged.as_bytes(), unchanged);
        }
    }
}
