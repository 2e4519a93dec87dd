//! The simulated print shop: takes jobs of letters out of a drop, prints them at night, posts them on working days.
//!
//! [`Job::look`] reads a whole job, [`PrintShop::take`] decides what becomes of each letter and when its receipts come;
//! `fronts/drop.rs` and `fronts/sftp.rs` are the folder and the server around it. `print_shop/manifest.rs` reads jobs,
//! `print_shop/pdf.rs` looks at PDFs, `calendar.rs` knows working days.

mod manifest;
mod pdf;

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::calendar;
use crate::ledger::Line;
use crate::personas::Description;
use manifest::{Letter, Manifest};

/// The counterparty's name in ledger, faults and personas.
pub const NAME: &str = "print";

/// A letter comes back so many days after it was posted.
const RETURNED_AFTER_DAYS: i32 = 5;

/// How the shop treats a letter to one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persona {
    /// The letter cannot be printed.
    Unprintable,
    /// The letter is posted and comes back.
    Returned,
    /// Nobody ever hears of the letter again.
    Silent,
    /// The shop misreads a digest, the first time it meets the letter.
    DigestTrouble,
}

/// Every persona: a word of the recipient's name or address lines. Any other recipient is an ordinary one.
pub const RECIPIENTS: [Description<Persona>; 4] = [
    recipient("unprintable", Persona::Unprintable, "Receipt \"unprintable\" at once; nothing is printed."),
    recipient("returned", Persona::Returned, "Taken, printed, posted, and \"returned\" five days later."),
    recipient("silent", Persona::Silent, "Taken and posted, but no receipt ever says so."),
    recipient("digesttrouble", Persona::DigestTrouble, "The whole job is refused with \"digest\" the first time; then ordinary."),
];

const fn recipient(name: &'static str, persona: Persona, does: &'static str) -> Description<Persona> {
    Description { counterparty: NAME, name, does, dials: "", persona }
}

/// A job as it lies in the drop under its final name, looked at once: what it says, and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Job {
    name: String,
    /// SHA-256 over names and contents, hex.
    digest: String,
    /// What its manifest says, or why the whole job is refused.
    manifest: Result<Manifest, Words>,
    /// Letters that cannot be printed, by their place in the manifest.
    unprintable: HashMap<usize, Words>,
}

impl Job {
    /// Looks at a job: the folder's name, and each file's path in the folder (parted by `/`) and content. Takes as long
    /// as hashing the files, and asks nobody.
    pub fn look(name: &str, files: &BTreeMap<String, Vec<u8>>) -> Job {
        let manifest = manifest::read(name, files).map_err(|(code, text)| Words { code, text });
        let letters = manifest.as_ref().map_or(&[][..], |manifest| &manifest.letters);
        let unprintable = letters.iter().enumerate().filter_map(|(at, letter)| Some((at, unprintable(letter, files)?))).collect();
        Job { name: name.to_owned(), digest: digest(files), manifest, unprintable }
    }

    /// The folder's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What the shop does with a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What to write down before anything else happens; `None` where the same job was taken before.
    pub record: Option<Record>,
    /// The ledger's lines.
    pub lines: Vec<Line>,
    /// Receipts, each when it is due.
    pub receipts: Vec<Receipt>,
}

/// One receipt file to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// When the shop writes it, by the business clock.
    pub due: Timestamp,
    /// Its file name, unique over the life of the shop.
    pub name: String,
    /// The JSON document.
    pub content: String,
}

/// A job that was looked at, as the sandbox's journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The job's name.
    pub job: String,
    /// SHA-256 over its files, hex.
    pub digest: String,
}

/// The shop's memory.
#[derive(Debug, Default)]
pub struct PrintShop {
    /// Jobs by name, with the digests under which they came.
    jobs: HashMap<String, HashSet<String>>,
    /// Letters whose digest was misread once.
    misread: HashSet<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u32,
    job: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    letters: Option<Vec<Said<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Words>,
}

#[derive(Serialize)]
struct Said<'a> {
    letter: &'a str,
    status: &'static str,
    at: Timestamp,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    words: Option<Words>,
}

/// Why not: a short code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Words {
    code: &'static str,
    text: String,
}

/// What was decided of one letter.
enum Fate {
    Posted,
    Returned,
    Silent,
    Unprintable(Words),
}

impl PrintShop {
    /// Tells it of a job that it looked at before the sandbox was started anew.
    pub fn remember(&mut self, record: Record) {
        self.jobs.entry(record.job).or_default().insert(record.digest);
    }

    /// Takes back what could not be written down after all.
    pub fn not_stored(&mut self, answer: &Answer) {
        if let Some(Record { job, digest }) = &answer.record
            && let Some(known) = self.jobs.get_mut(job)
        {
            known.remove(digest);
        }
    }

    /// Looks at a job. The same job under the same name is looked at once; what the caller has written down of it is
    /// the shop's promise to go on with it after a crash.
    pub fn take(&mut self, job: &Job, now: Timestamp) -> Answer {
        let known = self.jobs.entry(job.name.clone()).or_default();
        let is_first = known.is_empty();
        if !known.insert(job.digest.clone()) {
            return Answer { record: None, lines: Vec::new(), receipts: Vec::new() };
        }
        let record = Some(Record { job: job.name.clone(), digest: job.digest.clone() });
        let refused = match &job.manifest {
            _ if !is_first => Some(Words { code: "job_name_used", text: "another job had this name before".to_owned() }),
            Err(words) => Some(words.clone()),
            Ok(manifest) => self.misreads(manifest),
        };
        match (&job.manifest, refused) {
            (Ok(manifest), None) => {
                let (lines, receipts) = work(job, manifest, now);
                Answer { record, lines, receipts }
            }
            (_, refused) => {
                let receipts = refused.map(|words| receipt(&job.name, now, None, Some(words))).into_iter().collect();
                Answer { record, lines: Vec::new(), receipts }
            }
        }
    }

    /// The same job twice, as a shop at fault would work: order a `duplicate` at `rename`.
    pub fn take_twice(&mut self, job: &Job, now: Timestamp) -> Answer {
        let mut answer = self.take(job, now);
        answer.lines.extend(answer.lines.clone());
        answer
    }

    fn misreads(&mut self, manifest: &Manifest) -> Option<Words> {
        let troubled = manifest.letters.iter().filter(|letter| persona(letter) == Some(Persona::DigestTrouble));
        let mut found = None;
        for letter in troubled {
            if self.misread.insert(key(manifest, letter)) {
                let file = &letter.sheets[0].file;
                found.get_or_insert(Words { code: "digest", text: format!("the digest of {file} does not fit the manifest") });
            }
        }
        found
    }
}

/// What becomes of the letters of a good job.
fn work(job: &Job, manifest: &Manifest, now: Timestamp) -> (Vec<Line>, Vec<Receipt>) {
    let printed_at = calendar::next_night(now);
    let posted_at = calendar::next_posting(printed_at);
    let returned_at = calendar::days_after(posted_at, RETURNED_AFTER_DAYS);
    let mut lines = Vec::new();
    let mut said: BTreeMap<(Timestamp, &'static str), Vec<Said>> = BTreeMap::new();
    for (place, letter) in manifest.letters.iter().enumerate() {
        let mut say =
            |at, status, words| said.entry((at, status)).or_default().push(Said { letter: &letter.letter, status, at, words });
        let fate = fate(job.unprintable.get(&place), letter);
        match &fate {
            Fate::Unprintable(words) => say(now, "unprintable", Some(words.clone())),
            Fate::Silent => {}
            Fate::Posted | Fate::Returned => {
                say(now, "taken", None);
                say(printed_at, "printed", None);
                say(posted_at, "posted", None);
            }
        }
        if let Fate::Returned = fate {
            let words = Words { code: "unknown_at_address", text: "came back: the recipient is unknown at the address".into() };
            say(returned_at, "returned", Some(words));
        }
        if !matches!(fate, Fate::Unprintable(_)) {
            lines.push(line(manifest, letter, now));
        }
    }
    // What happens at one time is said in one receipt.
    let mut receipts: BTreeMap<Timestamp, Vec<Said>> = BTreeMap::new();
    for ((at, _), letters) in said {
        receipts.entry(at).or_default().extend(letters);
    }
    let receipts = receipts.into_iter().map(|(at, letters)| receipt(&job.name, at, Some(letters), None)).collect();
    (lines, receipts)
}

fn fate(unprintable: Option<&Words>, letter: &Letter) -> Fate {
    if let Some(words) = unprintable {
        return Fate::Unprintable(words.clone());
    }
    match persona(letter) {
        Some(Persona::Unprintable) => {
            Fate::Unprintable(Words { code: "margin", text: "there is text in the margin that the shop needs".into() })
        }
        Some(Persona::Returned) => Fate::Returned,
        Some(Persona::Silent) => Fate::Silent,
        Some(Persona::DigestTrouble) | None => Fate::Posted,
    }
}

/// Why the first bad sheet of a letter cannot be printed. The manifest was checked: every sheet's file is there.
fn unprintable(letter: &Letter, files: &BTreeMap<String, Vec<u8>>) -> Option<Words> {
    letter.sheets.iter().find_map(|sheet| {
        let (code, text) = pdf::check(files.get(&sheet.file)?, sheet.pages).err()?;
        Some(Words { code, text: format!("{}: {text}", sheet.file) })
    })
}

fn persona(letter: &Letter) -> Option<Persona> {
    let recipient = &letter.recipient;
    let texts = std::iter::once(&recipient.name).chain(&recipient.lines);
    let mut words = texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    words.find_map(|word| RECIPIENTS.iter().find(|line| line.name.eq_ignore_ascii_case(word))).map(|line| line.persona)
}

/// What a recipient would call the same letter: who sends it, which invoice, and to whom. Nothing that the sender's
/// program made up.
fn key(manifest: &Manifest, letter: &Letter) -> String {
    format!("{}/{}/{}", manifest.sender.org_number, letter.invoice, letter.recipient.address().to_lowercase())
}

fn line(manifest: &Manifest, letter: &Letter, at: Timestamp) -> Line {
    let sheets: Vec<&str> = letter.sheets.iter().map(|sheet| sheet.sha256.as_str()).collect();
    Line {
        counterparty: NAME.to_owned(),
        kind: "paper letter".to_owned(),
        key: key(manifest, letter),
        company: Some(manifest.sender.org_number.clone()),
        invoice: Some(letter.invoice.clone()),
        recipient: letter.recipient.address(),
        digest: hex::encode(Sha256::digest(sheets.join("\n"))),
        at,
        bill: None,
    }
}

fn receipt(job: &str, due: Timestamp, letters: Option<Vec<Said<'_>>>, refused: Option<Words>) -> Receipt {
    let written = Written { format: "kvitt-print-receipt", version: 1, job, letters, refused };
    let content = serde_json::to_string_pretty(&written).expect("text and times are always JSON") + "\n";
    // A job has one receipt for each time; a name that is used again is refused with a receipt of other content.
    let mark = hex::encode(&Sha256::digest(&content)[..4]);
    let name = job.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(64).collect::<String>();
    Receipt { due, name: format!("{name}-{}-{mark}.json", due.as_millisecond()), content }
}

/// Names and contents of all files.
fn digest(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut all = Sha256::new();
    for (path, content) in files {
        all.update(format!("{path}\n{}\n", hex::encode(Sha256::digest(content))));
    }
    hex::encode(all.finalize())
}
