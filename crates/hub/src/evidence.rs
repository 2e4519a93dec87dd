//! Bundles of evidence: what is known of one invoice in one file, signed by the hub, that whoever holds it can judge without asking anybody.
//!
//! A bundle is an archive ([`archive`]) of files, a manifest that names each with its digest, and the signature of the manifest: a JWS
//! (RFC 7515, Ed25519 after RFC 8037) whose payload is the manifest and is left out of it (appendix F). The public key lies inside, and
//! under `/v1/jwk`. Here: how a bundle is written. [`judge`](mod@judge) reads it; nothing here asks a clock, a database or the network. What goes into
//! one is gathered in `actions/gather_evidence.rs`.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::vault::sha256;

pub mod archive;
pub mod judge;
pub mod story;

/// What every manifest begins with.
pub const FORMAT: &str = "kvitt evidence 1";
/// The list of everything else.
pub const MANIFEST: &str = "manifest.json";
/// The signature of the list.
pub const SIGNATURE: &str = "manifest.jws";
/// The public key, as a set after RFC 7517.
pub const KEYS: &str = "keys.json";
/// The events.
pub const EVENTS: &str = "events.json";
/// What a signature says of itself, so that no other text that the hub signs passes for one.
const TYPE: &str = "kvitt-evidence";

/// What a bundle is of, and what lies in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// When it was made: business time.
    pub made_at: String,
    /// Whose invoice it is.
    pub company: Whose,
    /// The invoice.
    pub invoice: Subject,
    /// The events that are told of it.
    pub events: Span,
    /// Every file but the manifest and its signature, in their order.
    pub files: Vec<Listed>,
}

/// A company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// Its id with the hub.
    pub id: String,
    /// Its organisation number.
    pub org_number: String,
    /// Its name.
    pub name: String,
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its id with the hub.
    pub id: String,
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// BT-1.
    pub number: String,
    /// BT-2.
    pub issued_on: String,
    /// When it was accepted: business time.
    pub accepted_at: String,
}

/// Events, by their numbers in the company's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// How many there are.
    pub count: usize,
    /// The number of the first.
    pub first: i64,
    /// The number of the last.
    pub last: i64,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its path in the archive.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: usize,
    /// `received` (as it was handed in), `rendition` (made here), `story`, `plans`, `exchanges`, `events`, `keys` or `read_me`.
    pub what: String,
    /// What the sender called it, or is called for the recipient; empty for what the hub writes of itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its media type.
    pub media_type: String,
}

/// A file that goes into a bundle.
#[derive(Debug, Clone)]
pub struct Packed {
    /// Its path.
    pub path: String,
    /// What it is: see [`Listed::what`].
    pub what: &'static str,
    /// Its name for people.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Packed {
    /// As it stands in the manifest.
    pub fn listed(&self) -> Listed {
        Listed {
            path: self.path.clone(),
            sha256: sha256(&self.bytes),
            bytes: self.bytes.len(),
            what: self.what.to_owned(),
            name: self.name.clone(),
            media_type: self.media_type.clone(),
        }
    }
}

/// What a signature says of itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JwsHeader {
    alg: String,
    kid: String,
    typ: String,
}

/// Writes a bundle: the files, their manifest, and its signature by whoever has the key of this id. `sign` answers the 64 bytes of an
/// Ed25519 signature.
///
/// # Errors
/// Where the files are too many or too large for an archive.
pub fn write(manifest: &Manifest, files: Vec<Packed>, kid: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> Result<Vec<u8>> {
    let text = serde_json::to_string_pretty(manifest).map_err(|cause| Error::Damaged(format!("no manifest: {cause}")))? + "\n";
    let header = JwsHeader { alg: "EdDSA".to_owned(), kid: kid.to_owned(), typ: TYPE.to_owned() };
    let header = serde_json::to_string(&header).map_err(|cause| Error::Damaged(format!("no signature: {cause}")))?;
    let header = URL_SAFE_NO_PAD.encode(header);
    let signature = URL_SAFE_NO_PAD.encode(sign(signed(&header, text.as_bytes()).as_bytes()));
    let mut all =
        vec![(MANIFEST.to_owned(), text.into_bytes()), (SIGNATURE.to_owned(), format!("{header}..{signature}").into_bytes())];
    all.extend(files.into_iter().map(|file| (file.path, file.bytes)));
    archive::write(&all).ok_or_else(|| Error::Damaged("the evidence is too large for an archive".into()))
}

/// What is signed of a manifest (RFC 7515, 5.1).
fn signed(header: &str, manifest: &[u8]) -> String {
    format!("{header}.{}", URL_SAFE_NO_PAD.encode(manifest))
}

/// The id of the key that signed a manifest, where one of these keys did.
fn signer<'k>(manifest: &[u8], signature: &[u8], keys: &'k [PublicKey]) -> Option<&'k PublicKey> {
    let (header, signature) = std::str::from_utf8(signature).ok()?.split_once("..")?;
    let said: JwsHeader = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if (said.alg.as_str(), said.typ.as_str()) != ("EdDSA", TYPE) {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let text = signed(header, manifest);
    let is_signer = |key: &&PublicKey| {
        let public = URL_SAFE_NO_PAD.decode(&key.x).unwrap_or_default();
        key.kid == said.kid && UnparsedPublicKey::new(&ED25519, public).verify(text.as_bytes(), &signature).is_ok()
    };
    keys.iter().find(is_signer)
}

/// A public key of Ed25519, as far as it is read here (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PublicKey {
    /// Its id.
    pub kid: String,
    /// The key, base64url.
    pub x: String,
}

/// Public keys, as `/v1/jwk` and a bundle tell them.
#[derive(Debug, Deserialize)]
pub struct PublicKeys {
    /// The keys.
    pub keys: Vec<PublicKey>,
}
