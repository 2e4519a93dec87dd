//! What a print shop writes of its jobs: letters taken, printed, posted, unprintable or returned, or a job refused as a whole.
//!
//! A receipt names a job and its letters by our ids. What it says is entered in the log of that job's consignment; what it
//! means is said by [`super::outcome`]. What cannot be read is an error, and a person sees it: a silent loss here would leave
//! an invoice "handed over" for ever.

use jiff::Timestamp;
use kvitt_domain::delivery::AttemptId;
use kvitt_domain::identifiers::without_identity_numbers;
use serde::Deserialize;
use uuid::Uuid;

use super::{DOOR, NAME, job};
use crate::route::{AdapterError, Arrival, Arrived, Concerned};

/// A receipt of a thousand letters with a sentence each has a tenth of this.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// More letters than any job has.
const MOST_LETTERS: usize = 10_000;

/// So many characters of a shop's words are kept: enough for people, and no store for strangers.
const MOST_WORDS: usize = 500;

/// So many of a code.
const LONGEST_CODE: usize = 60;

const FORMAT: &str = "kvitt-print-receipt";
const VERSION: u32 = 1;

/// A receipt as it is written. A shop may add fields of its own.
#[derive(Deserialize)]
struct Receipt {
    format: String,
    version: u32,
    job: String,
    #[serde(default)]
    letters: Vec<OfLetter>,
    refused: Option<Refusal>,
}

#[derive(Deserialize)]
struct OfLetter {
    letter: Uuid,
    status: Status,
    at: Option<Timestamp>,
    #[serde(default)]
    code: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: String,
    #[serde(default)]
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Taken,
    Printed,
    Posted,
    Unprintable,
    Returned,
}

/// Whom a receipt concerns and what it says.
pub fn read(arrived: &Arrival) -> Result<Vec<(Concerned, Arrived)>, AdapterError> {
    let unreadable = |why: String| AdapterError::Arrival(format!("it is no receipt of a print shop: {why}"));
    if arrived.door != DOOR {
        return Err(unreadable(format!("it came through the door {}", arrived.door)));
    }
    if arrived.bytes.len() > MOST_BYTES {
        return Err(unreadable(format!("{} bytes are more than a receipt has", arrived.bytes.len())));
    }
    let receipt: Receipt = serde_json::from_slice(&arrived.bytes).map_err(|cause| unreadable(cause.to_string()))?;
    if receipt.format != FORMAT || receipt.version != VERSION {
        return Err(unreadable(format!("its format is {:?}, version {}", cut(&receipt.format, LONGEST_CODE), receipt.version)));
    }
    if receipt.letters.len() > MOST_LETTERS {
        return Err(unreadable(format!("{} letters are more than a job has", receipt.letters.len())));
    }
    let (org_number, number) = job::named(&receipt.job)
        .ok_or_else(|| unreadable(format!("{:?} is the name of no job of ours", cut(&receipt.job, LONGEST_CODE))))?;
    let of_job = |attempt| Concerned::Consignment { route: NAME, org_number: org_number.clone(), number, attempt };
    let refused = receipt.refused.iter().map(|Refusal { code, text }| {
        let arrived = Arrived::JobRefused { code: cut(code, LONGEST_CODE), text: cut(text, MOST_WORDS) };
        (of_job(None), arrived)
    });
    let letters = receipt.letters.iter().map(|letter| (of_job(Some(AttemptId(letter.letter))), letter.said()));
    let said: Vec<_> = refused.chain(letters).collect();
    if said.is_empty() {
        return Err(unreadable("it says nothing of any letter".to_owned()));
    }
    Ok(said)
}

/// A letter that a receipt names which could not be read, so that a person hears of it where it belongs.
pub fn named_in(arrived: &Arrival) -> Option<AttemptId> {
    if arrived.door != DOOR || arrived.bytes.len() > MOST_BYTES {
        return None;
    }
    let receipt: serde_json::Value = serde_json::from_slice(&arrived.bytes).ok()?;
    let letters = receipt.get("letters")?.as_array()?;
    letters.iter().find_map(|letter| Some(AttemptId(Uuid::try_parse(letter.get("letter")?.as_str()?).ok()?)))
}

impl OfLetter {
    fn said(&self) -> Arrived {
        let (code, text) = (cut(&self.code, LONGEST_CODE), cut(&self.text, MOST_WORDS));
        let stage = match self.status {
            Status::Unprintable => return Arrived::Unprintable { code, text },
            Status::Returned => return Arrived::CameBack { code, text },
            Status::Taken => "taken",
            Status::Printed => "printed",
            Status::Posted => "posted",
        };
        let words = [self.at.map(|at| at.to_string()).unwrap_or_default(), code, text];
        let words = words.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        Arrived::Progress { stage: stage.to_owned(), text: words.join(" ") }
    }
}

/// A stranger's words on one line, not too many of them, and no fødselsnummer among them.
fn cut(text: &str, most: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    without_identity_numbers(&line).chars().take(most).collect()
}
