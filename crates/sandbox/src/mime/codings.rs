//! Bytes as they travel, back to bytes as they were: base64, quoted-printable, character sets.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Takes base64 with or without padding: a reader of letters is lenient where the meaning is clear.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// Decodes base64 up to the first `=`; characters outside the alphabet are ignored (RFC 2045 §6.8).
pub fn base64(text: &[u8]) -> Vec<u8> {
    let mut tight: Vec<u8> = text
        .iter()
        .copied()
        .take_while(|b| *b != b'=')
        .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        .collect();
    // A single character left over carries six bits, which is no byte.
    if tight.len() % 4 == 1 {
        tight.pop();
    }
    LENIENT.decode(tight).expect("only characters of the alphabet, and no lone one at the end")
}

/// Decodes quoted-printable; a wrong escape stays as it stands (RFC 2045 §6.7).
pub fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|b| *b == b'\n') {
        let content = line.trim_ascii_end();
        let ends: &[u8] = match line {
            [.., b'\r', b'\n'] => b"\r\n",
            [.., b'\n'] => b"\n",
            _ => b"",
        };
        let (content, ends) = match content.strip_suffix(b"=") {
            Some(soft) => (soft, &b""[..]),
            None => (content, ends),
        };
        escapes(content, b'=', &mut out);
        out.extend_from_slice(ends);
    }
    out
}

/// Replaces `=41` (or `%41`) by its byte.
pub fn escapes(text: &[u8], sign: u8, out: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        let byte = match text[at..] {
            [first, high, low, ..] if first == sign => hex_digit(high).zip(hex_digit(low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        out.push(byte.unwrap_or(text[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
}

fn hex_digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Text in the character sets that Nordic letters come in. What is neither Latin-1 (Windows-1252 reads as it) nor
/// UTF-8 is read as UTF-8 with replacement characters.
pub fn text(charset: &str, bytes: &[u8]) -> String {
    match charset.trim().to_ascii_lowercase().as_str() {
        "iso-8859-1" | "latin1" | "windows-1252" | "iso-8859-15" => bytes.iter().map(|b| char::from(*b)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}
