//! A job's manifest, and whether the files beside it are what it says: names, lengths, digests, nothing more or less.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The file that says what a job is.
pub const FILE: &str = "manifest.json";

/// Letters in one job at most: a shop's night is finite.
const MOST_LETTERS: usize = 10_000;

/// `manifest.json`, version 1.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    version: u32,
    job: String,
    #[serde(rename = "made_at")]
    _made_at: jiff::Timestamp,
    /// Who sends the letters.
    pub sender: Sender,
    /// One at least.
    pub letters: Vec<Letter>,
}

/// Who sends, and where returned letters go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    name: String,
    /// Nine digits.
    pub org_number: String,
    return_address: Vec<String>,
}

/// One envelope.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// The sender's id, which receipts repeat.
    pub letter: String,
    /// The invoice's number.
    pub invoice: String,
    #[serde(rename = "language")]
    _language: String,
    /// To whom.
    pub recipient: Recipient,
    /// What is in it, in this order.
    pub sheets: Vec<Sheet>,
    #[serde(rename = "duplex")]
    _duplex: bool,
    #[serde(rename = "colour")]
    _colour: bool,
}

/// The address on an envelope.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Of a person or a company.
    pub name: String,
    /// Street, box, c/o.
    pub lines: Vec<String>,
    postal_code: String,
    city: String,
    country: String,
}

impl Recipient {
    /// The whole address in one line.
    pub fn address(&self) -> String {
        let last = format!("{} {}", self.postal_code.trim(), self.city.trim());
        let parts = std::iter::once(self.name.trim()).chain(self.lines.iter().map(|line| line.trim()));
        let parts: Vec<&str> = parts.chain([last.trim(), self.country.trim()]).filter(|part| !part.is_empty()).collect();
        parts.join(", ")
    }
}

/// One PDF of a letter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Its path in the job.
    pub file: String,
    #[serde(rename = "role")]
    _role: Role,
    /// Of its bytes, hex in small letters.
    pub sha256: String,
    bytes: u64,
    /// How many pages, where the sender knows.
    pub pages: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    Cover,
    Document,
    Attachment,
}

/// Reads a job's manifest and checks all files against it.
///
/// # Errors
/// Why the whole job is refused: a short code and a sentence.
pub fn read(name: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<Manifest, (&'static str, String)> {
    let text = files.get(FILE).ok_or(("manifest", format!("there is no {FILE}")))?;
    let manifest: Manifest = serde_json::from_slice(text).map_err(|error| ("manifest", format!("{FILE}: {error}")))?;
    check_head(name, &manifest)?;
    let mut named = BTreeSet::from([FILE]);
    let mut ids = BTreeSet::new();
    for letter in &manifest.letters {
        if !ids.insert(&letter.letter) {
            return Err(("manifest", format!("letter {} stands there twice", letter.letter)));
        }
        let recipient = &letter.recipient;
        let is_whole =
            [&letter.letter, &letter.invoice, &recipient.name, &recipient.postal_code, &recipient.city, &recipient.country];
        if is_whole.iter().any(|text| text.trim().is_empty()) || letter.sheets.is_empty() {
            return Err(("manifest", format!("letter {} lacks something that a letter needs", letter.letter)));
        }
        for sheet in &letter.sheets {
            if !named.insert(&sheet.file) {
                return Err(("manifest", format!("{} belongs to two sheets", sheet.file)));
            }
            check_sheet(files, sheet)?;
        }
    }
    match files.keys().find(|path| !named.contains(path.as_str())) {
        None => Ok(manifest),
        Some(path) => Err(("unknown_file", format!("the manifest does not name {path}"))),
    }
}

fn check_head(name: &str, manifest: &Manifest) -> Result<(), (&'static str, String)> {
    let bad = |text: String| Err(("manifest", text));
    if (manifest.format.as_str(), manifest.version) != ("kvitt-print-job", 1) {
        return bad(format!("{} version {} is not understood", manifest.format, manifest.version));
    }
    let org_number = &manifest.sender.org_number;
    if org_number.len() != 9 || !org_number.bytes().all(|b| b.is_ascii_digit()) {
        return bad("sender.org_number: nine digits".to_owned());
    }
    if manifest.sender.name.trim().is_empty() || manifest.sender.return_address.iter().all(|line| line.trim().is_empty()) {
        return bad("sender: name and return_address are needed".to_owned());
    }
    if manifest.letters.is_empty() || manifest.letters.len() > MOST_LETTERS {
        return bad(format!("letters: 1 to {MOST_LETTERS}, not {}", manifest.letters.len()));
    }
    let lot = name.strip_prefix(&format!("kvitt-{org_number}-"));
    if manifest.job != name || !lot.is_some_and(|lot| lot.len() == 6 && lot.bytes().all(|b| b.is_ascii_digit())) {
        return bad(format!("job {:?} lies in {:?}; the name is kvitt-<org_number>-<six digits>", manifest.job, name));
    }
    Ok(())
}

fn check_sheet(files: &BTreeMap<String, Vec<u8>>, sheet: &Sheet) -> Result<(), (&'static str, String)> {
    let bytes = files.get(&sheet.file).ok_or_else(|| ("missing_file", format!("{} is not there", sheet.file)))?;
    let is_in_place = sheet.file.starts_with("letters/") && sheet.file.ends_with(".pdf");
    if !is_in_place {
        return Err(("manifest", format!("{} is not letters/*.pdf", sheet.file)));
    }
    if u64::try_from(bytes.len()) != Ok(sheet.bytes) || hex::encode(Sha256::digest(bytes)) != sheet.sha256 {
        return Err(("digest", format!("the digest of {} does not fit the manifest", sheet.file)));
    }
    Ok(())
}
