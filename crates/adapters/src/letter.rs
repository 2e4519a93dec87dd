//! A letter by e-mail: what is in it, and its bytes. Composed from stored parts, so that a repeat is the same bytes.

use jiff::Timestamp;
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
    /// `Date:`, from the closed lot.
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
