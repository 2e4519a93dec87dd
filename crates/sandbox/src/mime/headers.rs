//! Header fields: unfolding (RFC 5322 §2.2.3), parameters (RFC 2045 §5.1, RFC 2231), encoded words (RFC 2047).

use super::codings;

/// Header fields that are read; the rest is left out. A letter that went through many servers has some fifty.
const MOST_FIELDS: usize = 1_000;

/// One header field, unfolded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// In small letters.
    pub name: String,
    /// Without the spaces around it; encoded words still encoded.
    pub value: String,
}

/// A structured value: `multipart/mixed; boundary="x"`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// What stands before the first semicolon.
    pub value: String,
    named: Vec<(String, String)>,
}

impl Parameters {
    /// The parameter of that name (small letters).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The first field of that name (small letters).
pub fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a str> {
    fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
}

/// Header and body of a letter or part: the first empty line parts them. The header keeps its last line end.
pub fn split_head(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while at < raw.len() {
        let end = raw[at..].iter().position(|b| *b == b'\n').map_or(raw.len(), |n| at + n + 1);
        if matches!(&raw[at..end], b"\n" | b"\r\n") {
            return (&raw[..at], &raw[end..]);
        }
        at = end;
    }
    (raw, &[])
}

/// The fields of a header; a line that is no field is left out.
pub fn fields(head: &[u8]) -> Vec<Field> {
    let head = String::from_utf8_lossy(head);
    let mut fields: Vec<Field> = Vec::new();
    for line in head.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some(field) = fields.last_mut() {
                field.value.push(' ');
                field.value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            if fields.len() >= MOST_FIELDS {
                break;
            }
            fields.push(Field { name: name.trim().to_ascii_lowercase(), value: value.trim().to_owned() });
        }
    }
    fields
}

/// Takes a structured value apart: quoted strings, comments, and RFC 2231's continuations and character sets.
pub fn parameters(text: &str) -> Parameters {
    let mut pieces = split_quoted(text, ';').into_iter();
    let value = pieces.next().unwrap_or_default().trim().to_owned();
    let mut plain = Vec::new();
    // (name, section, is it percent-encoded, value)
    let mut sections: Vec<(String, u32, bool, String)> = Vec::new();
    for piece in pieces {
        let Some((name, value)) = piece.split_once('=') else {
            continue;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), unquote(value.trim()));
        let mut star = name.splitn(3, '*');
        let base = star.next().unwrap_or_default().to_owned();
        match (star.next(), star.next()) {
            (None, _) => plain.push((name, value)),
            (Some(""), None) => sections.push((base, 0, true, value)),
            (Some(number), encoded) => {
                if let Ok(number) = number.parse() {
                    sections.push((base, number, encoded.is_some(), value));
                }
            }
        }
    }
    sections.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    // The extended form comes first: it wins over the plain form given beside it for old readers (RFC 6266 §4.3).
    let mut named = Vec::new();
    for group in sections.chunk_by(|a, b| a.0 == b.0) {
        named.push((group[0].0.clone(), join_sections(group)));
    }
    named.extend(plain);
    Parameters { value, named }
}

/// Joins `name*0*=utf-8''a%20`, `name*1=b` (RFC 2231 §4.1).
fn join_sections(group: &[(String, u32, bool, String)]) -> String {
    let mut charset = "utf-8".to_owned();
    let mut bytes = Vec::new();
    for (index, (_, _, encoded, value)) in group.iter().enumerate() {
        let mut value = value.as_str();
        if index == 0 && *encoded {
            let mut three = value.splitn(3, '\'');
            if let (Some(named), Some(_language), Some(rest)) = (three.next(), three.next(), three.next()) {
                named.clone_into(&mut charset);
                value = rest;
            }
        }
        if *encoded {
            codings::escapes(value.as_bytes(), b'%', &mut bytes);
        } else {
            bytes.extend_from_slice(value.as_bytes());
        }
    }
    codings::text(&charset, &bytes)
}

/// Splits at a separator that stands outside quotes and comments; comments are left out.
fn split_quoted(text: &str, separator: char) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut quoted, mut comment, mut escaped) = (false, 0_usize, false);
    for c in text.chars() {
        let is_syntax = !escaped;
        escaped = is_syntax && c == '\\' && (quoted || comment > 0);
        match c {
            '"' if is_syntax && comment == 0 => quoted = !quoted,
            '(' if is_syntax && !quoted => comment += 1,
            ')' if is_syntax && !quoted && comment > 0 => {
                comment -= 1;
                continue;
            }
            c if c == separator && is_syntax && !quoted && comment == 0 => {
                pieces.push(String::new());
                continue;
            }
            _ => {}
        }
        if comment == 0 {
            pieces.last_mut().expect("it starts with one piece and only grows").push(c);
        }
    }
    pieces
}

/// The text inside quotes, escapes resolved; unquoted text as it stands.
fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else {
        return text.to_owned();
    };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// Decodes `=?utf-8?Q?bl=C3=A5?=`. White space between two encoded words is not text (RFC 2047 §6.2), and a
/// character split over two words is put together again, as mail programs do.
pub fn decode_words(text: &str) -> String {
    let mut out = String::new();
    let mut pending: Option<(String, Vec<u8>)> = None;
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let (before, from_word) = rest.split_at(start);
        let Some((charset, bytes, after)) = encoded_word(from_word) else {
            flush(&mut pending, &mut out);
            out.push_str(before);
            out.push_str("=?");
            rest = &from_word[2..];
            continue;
        };
        if pending.is_none() || !before.trim().is_empty() {
            flush(&mut pending, &mut out);
            out.push_str(before);
        }
        match &mut pending {
            Some((known, joined)) if known.eq_ignore_ascii_case(charset) => joined.extend(bytes),
            _ => {
                flush(&mut pending, &mut out);
                pending = Some((charset.to_owned(), bytes));
            }
        }
        rest = after;
    }
    flush(&mut pending, &mut out);
    out.push_str(rest);
    out
}

fn flush(pending: &mut Option<(String, Vec<u8>)>, out: &mut String) {
    if let Some((charset, bytes)) = pending.take() {
        out.push_str(&codings::text(&charset, &bytes));
    }
}

/// Character set, bytes, and what follows the word.
fn encoded_word(text: &str) -> Option<(&str, Vec<u8>, &str)> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (coding, rest) = rest.split_once('?')?;
    let (content, after) = rest.split_once("?=")?;
    if charset.contains(char::is_whitespace) || content.contains(char::is_whitespace) {
        return None;
    }
    // RFC 2231 §5: a language may follow the character set.
    let charset = charset.split('*').next().unwrap_or(charset);
    let bytes = match coding {
        "B" | "b" => codings::base64(content.as_bytes()),
        "Q" | "q" => {
            let mut bytes = Vec::new();
            codings::escapes(content.replace('_', " ").as_bytes(), b'=', &mut bytes);
            bytes
        }
        _ => return None,
    };
    Some((charset, bytes, after))
}
