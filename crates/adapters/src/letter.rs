//! A letter by e-mail: what is in it, and its bytes. Composed from stored parts, so that a repeat is the same bytes.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use serde::{Deserialize, Serialize};

use crate::route::Artefact;

/// A letter, complete but for the bytes of its files, which are named by their digests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// The name under which the hub keeps the mail server's address and credentials, such as `email`.
    pub server: String,
    /// The envelope sender: bounces come here, and it names the attempt.
    pub envelope_from: String,
    /// The envelope recipient.
    pub envelope_to: String,
    /// `From:` as name and address.
    pub from: (String, String),
    /// `Reply-To:`, where the company has one.
    pub reply_to: Option<String>,
    /// `To:` as name and address.
    pub to: (String, String),
    /// `Subject:`.
    pub subject: String,
    /// `Date:`, from the attempt.
    pub date: Timestamp,
    /// `Message-ID:` without angle brackets, from the attempt's id.
    pub message_id: String,
    /// The language, a BCP 47 tag, for `Content-Language:`.
    pub language: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The files, in order.
    pub files: Vec<Artefact>,
}

/// Why a letter cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// An address of the letter is none.
    #[error("{0} is no e-mail address")]
    Address(String, #[source] lettre::address::AddressError),
    /// The files given are not those that the letter names.
    #[error("the letter names other files than were given: {0}")]
    Files(String),
    /// The date is before 1970.
    #[error("the date {0} cannot stand in a letter")]
    Date(Timestamp),
    /// The message as a whole cannot be built.
    #[error("the letter cannot be built")]
    Build(#[source] lettre::error::Error),
}

/// The bytes of a letter (RFC 5322, CRLF line ends, 7-bit): `multipart/mixed` of `multipart/alternative` (text, HTML) and the
/// files, which must be those of the letter in the same order.
///
/// Pure: boundaries come from the Message-ID and the date from the letter, so that the same letter is the same bytes. It does
/// not say `Auto-Submitted: auto-generated` (RFC 3834 §5): help desks that serve as invoice mailboxes set such letters aside.
/// Automatic answers go to the envelope sender, where they are recognised and dropped.
pub fn compose(letter: &Letter, files: &[(Artefact, Vec<u8>)]) -> Result<Vec<u8>, ComposeError> {
    check_files(letter, files)?;
    // A boundary is at most 70 of these characters (RFC 2046 §5.1.1); a line of `=_` stands in no encoded part (§5.1.1, note).
    let id: String = letter.message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let alternatives = MultiPart::alternative()
        .boundary(format!("=_words_{id}"))
        .singlepart(words(ContentType::TEXT_PLAIN, &letter.text))
        .singlepart(words(ContentType::TEXT_HTML, &letter.html));
    let whole = files
        .iter()
        .fold(MultiPart::mixed().boundary(format!("=_whole_{id}")).multipart(alternatives), |whole, (artefact, bytes)| {
            whole.singlepart(attached(artefact, bytes))
        });
    let mut message = Message::builder()
        .from(mailbox(&letter.from)?)
        .to(mailbox(&letter.to)?)
        .subject(one_line(&letter.subject))
        .date(date(letter.date)?)
        .message_id(Some(format!("<{}>", letter.message_id)))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Content-Language"), one_line(&letter.language)));
    if let Some(reply_to) = &letter.reply_to {
        message = message.reply_to(mailbox(&(String::new(), reply_to.clone()))?);
    }
    let message = message.multipart(whole).map_err(ComposeError::Build)?;
    Ok(message.formatted())
}

/// The same files in the same order, so that a letter never goes out with a file missing or cut short.
fn check_files(letter: &Letter, files: &[(Artefact, Vec<u8>)]) -> Result<(), ComposeError> {
    if letter.files.len() != files.len() {
        return Err(ComposeError::Files(format!("{} instead of {}", files.len(), letter.files.len())));
    }
    for (named, (given, bytes)) in letter.files.iter().zip(files) {
        if named.digest != given.digest || named.bytes != bytes.len() as u64 {
            return Err(ComposeError::Files(named.name.clone()));
        }
    }
    Ok(())
}

/// Words are quoted-printable or 7-bit, whichever the library finds shorter: both stay readable in the source of a letter.
fn words(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(text.to_owned())
}

/// Always base64: a file must come back byte for byte, line ends included.
fn attached(artefact: &Artefact, bytes: &[u8]) -> SinglePart {
    let octets =
        || ContentType::parse("application/octet-stream").expect("a media type that the standard gives (RFC 2046 §4.5.1)");
    // RFC 2046 §5.1 and §5.2: composite types must not be base64, and nobody wants a letter opened inside ours.
    let top = artefact.media_type.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_plain_file = !matches!(top.trim(), "multipart" | "message");
    SinglePart::builder()
        .header(ContentType::parse(&artefact.media_type).ok().filter(|_| is_plain_file).unwrap_or_else(octets))
        .header(ContentDisposition::attachment(&one_line(&artefact.name)))
        .header(ContentTransferEncoding::Base64)
        .body(bytes.to_vec())
}

fn mailbox((name, address): &(String, String)) -> Result<Mailbox, ComposeError> {
    let name = Some(one_line(name)).filter(|name| !name.is_empty());
    let address = address.parse().map_err(|cause| ComposeError::Address(address.clone(), cause))?;
    Ok(Mailbox::new(name, address))
}

/// The library's date begins in 1970, and a letter of an earlier one is nobody's.
fn date(at: Timestamp) -> Result<SystemTime, ComposeError> {
    match SystemTime::from(at) {
        written if written >= SystemTime::UNIX_EPOCH => Ok(written),
        _ => Err(ComposeError::Date(at)),
    }
}

/// A line break in a name must not become a header.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
