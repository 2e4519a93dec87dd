//! Reads a letter the way its recipient's program would: headers, parts, text, attachments, and what the text says
//! about the invoice.
//!
//! The sandbox has its own reader on purpose: a mistake in the writer of a letter must not be hidden by the same
//! mistake in its reader. It never fails; what it cannot make sense of it leaves out, and the ledger then says
//! "unreadable letter". Header syntax is in `mime/headers.rs`, codings in `mime/codings.rs`.

use sha2::{Digest, Sha256};

mod codings;
mod headers;

pub use headers::{Field, split_head};

/// How deep parts may lie in parts; deeper ones are read as one attachment. Real letters stay below six.
const DEEPEST: usize = 16;

/// How many parts are read; the rest is left out. A letter of an invoice has fewer than ten.
const MOST_PARTS: usize = 1_000;

/// A letter, taken apart.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The header fields in their order, unfolded.
    pub fields: Vec<Field>,
    /// The leaves of the tree of parts, in their order, decoded.
    pub parts: Vec<Part>,
    /// SHA-256 of everything after the header, hex.
    body_digest: String,
}

/// One leaf: a text or an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `application/pdf` and its like, in small letters.
    pub media_type: String,
    /// The file name, decoded.
    pub name: Option<String>,
    /// The content without its transfer encoding.
    pub bytes: Vec<u8>,
    /// Is it an attachment, as opposed to text to be read at once?
    pub attached: bool,
    charset: String,
}

/// What the text of an invoice letter says of its invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The sender's organisation number, digits only.
    pub company: Option<String>,
    /// The number of the invoice or credit note.
    pub invoice: Option<String>,
}

impl Letter {
    /// Takes a letter apart. Line ends may be CRLF or LF.
    pub fn read(raw: &[u8]) -> Letter {
        let (head, body) = split_head(raw);
        let fields = headers::fields(head);
        let mut parts = Vec::new();
        read_part(&fields, body, 0, &mut parts);
        Letter { fields, parts, body_digest: hex::encode(Sha256::digest(body)) }
    }

    /// The first header field of that name, decoded; empty where there is none.
    pub fn header(&self, name: &str) -> String {
        headers::find(&self.fields, name).map(headers::decode_words).unwrap_or_default()
    }

    /// Every attachment, in the letter's order.
    pub fn attachments(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.attached)
    }

    /// The plain text that a person reads first.
    pub fn text(&self) -> Option<String> {
        let part = self.parts.iter().find(|part| !part.attached && part.media_type == "text/plain")?;
        Some(codings::text(&part.charset, &part.bytes))
    }

    /// What the plain text says of the invoice: lines `label: value`.
    pub fn said(&self) -> Said {
        let mut said = Said::default();
        for line in self.text().unwrap_or_default().lines() {
            let Some((label, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match label.trim().to_lowercase().as_str() {
                "organisasjonsnummer" | "organisation number" => {
                    said.company = said.company.or_else(|| organisation_number(value))
                }
                "fakturanummer" | "kreditnotanummer" | "invoice number" | "credit note number" if !value.is_empty() => {
                    said.invoice = said.invoice.or_else(|| Some(value.to_owned()));
                }
                _ => {}
            }
        }
        said
    }

    /// SHA-256, hex, of the first PDF; of the whole body where no PDF is attached.
    pub fn digest(&self) -> String {
        let pdf = self.attachments().find(|part| {
            part.media_type == "application/pdf" || part.name.as_ref().is_some_and(|name| name.to_lowercase().ends_with(".pdf"))
        });
        pdf.map_or_else(|| self.body_digest.clone(), |pdf| hex::encode(Sha256::digest(&pdf.bytes)))
    }
}

/// Digits of an organisation number as people write it: `NO 999 999 999 MVA`. Eight (Finland, Denmark) to twelve
/// (Sweden's VAT form) digits are taken; check digits are the sender's business, not the recipient's.
fn organisation_number(value: &str) -> Option<String> {
    let tight: String = value.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_uppercase();
    let tight = tight.strip_suffix("MVA").unwrap_or(&tight);
    let tight = ["NO", "SE", "DK", "FI"].iter().find_map(|country| tight.strip_prefix(country)).unwrap_or(tight);
    ((8..=12).contains(&tight.len()) && tight.bytes().all(|b| b.is_ascii_digit())).then(|| tight.to_owned())
}

fn read_part(fields: &[Field], body: &[u8], depth: usize, into: &mut Vec<Part>) {
    let content = headers::parameters(headers::find(fields, "content-type").unwrap_or("text/plain"));
    let media_type = if content.value.contains('/') { content.value.to_ascii_lowercase() } else { "text/plain".to_owned() };
    if media_type.starts_with("multipart/")
        && depth < DEEPEST
        && let Some(boundary) = content.get("boundary").filter(|boundary| !boundary.is_empty())
    {
        for inner in split_multipart(body, boundary.as_bytes()) {
            let (head, body) = split_head(inner);
            read_part(&headers::fields(head), body, depth + 1, into);
        }
        return;
    }
    if into.len() >= MOST_PARTS {
        return;
    }
    let disposition = headers::parameters(headers::find(fields, "content-disposition").unwrap_or_default());
    let name = disposition.get("filename").or_else(|| content.get("name")).map(headers::decode_words);
    let bytes = match headers::find(fields, "content-transfer-encoding").unwrap_or_default().trim().to_ascii_lowercase().as_str()
    {
        "base64" => codings::base64(body),
        "quoted-printable" => codings::quoted_printable(body),
        _ => body.to_vec(),
    };
    into.push(Part {
        attached: disposition.value.eq_ignore_ascii_case("attachment") || name.is_some() || !media_type.starts_with("text/"),
        charset: content.get("charset").unwrap_or("us-ascii").to_owned(),
        media_type,
        name,
        bytes,
    });
}

/// The parts between the boundary lines (RFC 2046 §5.1.1). A letter that ends before the closing line still gives
/// its last part.
fn split_multipart<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    while at < body.len() && parts.len() < MOST_PARTS {
        let end = body[at..].iter().position(|b| *b == b'\n').map_or(body.len(), |n| at + n + 1);
        if let Some(after) = body[at..end].strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)) {
            let closes = after.starts_with(b"--");
            if after.strip_prefix(b"--").unwrap_or(after).trim_ascii().is_empty() {
                if let Some(start) = open {
                    parts.push(without_line_end(&body[start..at]));
                }
                open = (!closes).then_some(end);
                if closes {
                    return parts;
                }
            }
        }
        at = end;
    }
    if let Some(start) = open {
        parts.push(&body[start.min(body.len())..]);
    }
    parts
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests;
