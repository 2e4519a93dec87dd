//! The letters that were taken, as their recipients would find them: a list, each letter's bytes, its attachments.
//!
//! Files only: `mailbox/<number>.eml` and the list `mailbox.jsonl`, written by `clerk.rs`. Nothing is held in
//! memory, so a long run costs disk alone.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ledger::Lines;
use crate::mime::{Letter, Part};

/// The most letters that one list shows, the newest: a page that a person or a test can still use.
pub const LONGEST_LIST: usize = 10_000;

/// One letter in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub id: u64,
    /// The envelope sender.
    pub from: String,
    /// The envelope recipient.
    pub to: String,
    /// The subject, decoded.
    pub subject: String,
    /// When it was taken, by the sandbox's clock.
    pub at: Timestamp,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// The sender's organisation number, as the letter's text says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The invoice's number, as the letter's text says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
}

/// Which letters are listed: all that fit everything that is given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sought {
    /// Those to this address; letter case does not matter.
    pub address: Option<String>,
    /// Those of this company, by its organisation number.
    pub company: Option<String>,
}

impl Sought {
    fn fits(&self, entry: &Entry) -> bool {
        self.address.as_ref().is_none_or(|address| entry.to.to_lowercase() == address.to_lowercase())
            && self.company.as_ref().is_none_or(|company| entry.company.as_ref() == Some(company))
    }
}

/// One attachment in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file name, decoded; empty where there is none.
    pub name: String,
    /// The media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// How long it is.
    pub bytes: usize,
    /// SHA-256, hex.
    pub sha256: String,
}

impl Attachment {
    /// How a part of a letter stands in the list.
    pub fn of(part: &Part) -> Attachment {
        Attachment {
            name: part.name.clone().unwrap_or_default(),
            media_type: part.media_type.clone(),
            bytes: part.bytes.len(),
            sha256: hex::encode(Sha256::digest(&part.bytes)),
        }
    }
}

/// Where the letters are.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// The folder of letters.
    pub folder: PathBuf,
    /// The list.
    pub list: Lines,
}

impl Mailbox {
    /// The file of a letter.
    pub fn file(&self, id: u64) -> PathBuf {
        self.folder.join(format!("{id}.eml"))
    }

    /// The number of the last letter that was written, 0 where there is none.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn last(&self) -> io::Result<u64> {
        let mut last = 0;
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".eml")).and_then(|id| id.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
        Ok(last)
    }

    /// The letters that are sought, oldest first; of very many the newest.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn letters(&self, sought: &Sought) -> io::Result<Vec<Entry>> {
        let mut found = VecDeque::new();
        for entry in self.list.read::<Entry>()? {
            let entry = entry?;
            if sought.fits(&entry) {
                if found.len() == LONGEST_LIST {
                    found.pop_front();
                }
                found.push_back(entry);
            }
        }
        Ok(found.into())
    }

    /// A letter's bytes as they came over the wire.
    ///
    /// # Errors
    /// There is no such letter, or it cannot be read.
    pub fn letter(&self, id: u64) -> io::Result<Vec<u8>> {
        fs::read(self.file(id))
    }

    /// What a person reads first in a letter; empty where it has no plain text.
    ///
    /// # Errors
    /// There is no such letter, or it cannot be read.
    pub fn text(&self, id: u64) -> io::Result<String> {
        Ok(Letter::read(&self.letter(id)?).text().unwrap_or_default())
    }

    /// One attachment, counted from 0; `None` where the letter has fewer.
    ///
    /// # Errors
    /// There is no such letter, or it cannot be read.
    pub fn attachment(&self, id: u64, index: usize) -> io::Result<Option<Part>> {
        Ok(Letter::read(&self.letter(id)?).attachments().nth(index).cloned())
    }
}
