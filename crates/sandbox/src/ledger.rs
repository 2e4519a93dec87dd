//! What real counterparties would have acted on: one JSON line each, on disk before the counterparty replies.
//!
//! The ledger is the proof of "never twice", so its key says what a recipient would call the same thing (company,
//! invoice, recipient) and never uses an id that the sender's program made up. Lines are only ever added. They are
//! written by `clerk.rs`.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::counterparties::mail;
use crate::mime::Said;

/// One thing that a counterparty took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who took it: `mail`, `mps`, `bank`, `print` or `fortnox`.
    pub counterparty: String,
    /// What it is. Mail: `letter`, or `unreadable letter` where the text names no company and invoice. MPS: `efaktura`,
    /// `claim`, or `second payment` for a bill that was accepted before and is refused now. Bank: `debit` and what else
    /// moves money. Print: `paper letter`. Fortnox: `voucher`, and what else programs change: `customer`, `project`, `attachment`, `sent`.
    pub kind: String,
    /// Company, invoice and recipient, parted by `/`, the recipient in small letters. Where a letter cannot be read, its
    /// subject stands in the invoice's place and `-` in a missing company's. A bill of MPS is known by KID (or address),
    /// account, amount and due date in the invoice's place; a debit of the bank by account, KID, amount and due date alone.
    pub key: String,
    /// The sender's organisation number as the counterparty was told, digits only.
    pub company: Option<String>,
    /// The invoice's number as letter or manifest say it; for MPS, which is not told it, the KID or the bill's address.
    pub invoice: Option<String>,
    /// The recipient as the envelope or manifest say it; for MPS the `efakturaIdentifier`.
    pub recipient: String,
    /// SHA-256, hex. Mail: of the first PDF attached; of the body where there is none. Print: of the sheets' digests in
    /// their order. MPS: of the bill's address.
    pub digest: String,
    /// When, by the sandbox's clock.
    pub at: Timestamp,
    /// What MPS was told of the bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<Bill>,
}

/// What MPS is told of one bill: enough to find the invoice in the sender's books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// Where the bill is shown.
    pub url: String,
    /// The KID, where there is one.
    pub kid: Option<String>,
    /// In kroner, with two decimals.
    pub amount: String,
    /// When it is due.
    pub due_on: Date,
    /// The account to pay to.
    pub account: String,
    /// `INVOICE` and its like.
    pub document: String,
    /// The sender's id of it: no part of the key.
    pub transaction: Uuid,
}

impl Line {
    /// The line of a letter that the mail server takes.
    pub fn of_letter(said: &Said, subject: &str, recipient: &str, digest: String, at: Timestamp) -> Line {
        let (kind, invoice) = match (&said.company, &said.invoice) {
            (Some(_), Some(invoice)) => ("letter", invoice.as_str()),
            _ => ("unreadable letter", subject),
        };
        Line {
            counterparty: mail::NAME.to_owned(),
            kind: kind.to_owned(),
            key: format!("{}/{invoice}/{}", said.company.as_deref().unwrap_or("-"), recipient.to_lowercase()),
            company: said.company.clone(),
            invoice: said.invoice.clone(),
            recipient: recipient.to_owned(),
            digest,
            at,
            bill: None,
        }
    }
}

/// A file of JSON lines of which only the part that is known to be on disk is shown.
#[derive(Debug, Clone)]
pub struct Lines {
    path: PathBuf,
    on_disk: Arc<AtomicU64>,
}

impl Lines {
    /// Opens the file for appending. A last line without its end was never acknowledged (the machine or the process
    /// died while writing it) and is cut off.
    ///
    /// # Errors
    /// The file cannot be opened, read or cut.
    pub fn open(path: PathBuf) -> std::io::Result<(Lines, File)> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
        let whole = whole_lines(&mut file)?;
        file.set_len(whole)?;
        file.sync_all()?;
        Ok((Lines { path, on_disk: Arc::new(AtomicU64::new(whole)) }, file))
    }

    /// How many bytes are known to be on disk.
    pub fn on_disk(&self) -> u64 {
        self.on_disk.load(Ordering::Acquire)
    }

    /// Shows the file up to here from now on.
    pub fn show_until(&self, bytes: u64) {
        self.on_disk.store(bytes, Ordering::Release);
    }

    /// Every line, oldest first. A line that is no JSON of this kind (somebody edited the file) is an error.
    ///
    /// # Errors
    /// The file cannot be opened or read.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> std::io::Result<impl Iterator<Item = std::io::Result<T>>> {
        let file = File::open(&self.path)?.take(self.on_disk());
        Ok(BufReader::new(file).lines().map(|line| Ok(serde_json::from_str(&line?)?)))
    }
}

/// How many bytes the file's whole lines take.
fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = vec![0; 64 * 1024];
    while end > 0 {
        let size = end.min(64 * 1024);
        let block = &mut block[..usize::try_from(size).expect("at most 64 KiB")];
        file.seek(SeekFrom::Start(end - size))?;
        file.read_exact(block)?;
        if let Some(at) = block.iter().rposition(|b| *b == b'\n') {
            return Ok(end - size + at as u64 + 1);
        }
        end -= size;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_what_the_recipient_would_call_the_same() {
        let said = |company: Option<&str>, invoice: Option<&str>| Said {
            company: company.map(Into::into),
            invoice: invoice.map(Into::into),
        };
        let table = [
            (said(Some("999999999"), Some("1001")), "letter", "999999999/1001/kari@kunde.example"),
            (said(None, Some("1001")), "unreadable letter", "-/Faktura/kari@kunde.example"),
            (said(Some("999999999"), None), "unreadable letter", "999999999/Faktura/kari@kunde.example"),
        ];
        for (said, kind, key) in table {
            let line = Line::of_letter(&said, "Faktura", "Kari@kunde.example", String::new(), Timestamp::UNIX_EPOCH);
            assert_eq!((line.kind.as_str(), line.key.as_str(), line.recipient.as_str()), (kind, key, "Kari@kunde.example"));
        }
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_the_rest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(100_000);
        let table = [("", 0), ("{\"a\":1}", 0), ("1\n2\n", 4), ("1\n2\n{\"torn", 4), (&format!("1\n{long}"), 2)];
        for (text, whole) in table {
            let path = folder.path().join("lines");
            std::fs::write(&path, text).unwrap();
            let (lines, _file) = Lines::open(path.clone()).unwrap();
            assert_eq!(lines.on_disk(), whole);
            assert_eq!(std::fs::metadata(&path).unwrap().len(), whole);
        }
    }
}
