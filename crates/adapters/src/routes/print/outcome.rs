//! What the log of a job means: what became of each letter. Whether the print shop has the job is known as of every package
//! ([`crate::placing`]).
//!
//! Receipts come late, double and out of order, so that the order in which they came decides nothing: of what was said of a letter,
//! what comes later in a letter's life holds.

use std::collections::BTreeMap;

use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::{Fault, codes};

use super::job;
use crate::placing;
pub use crate::placing::Whereabouts;
use crate::route::{AdapterError, Arrived, Consignment, Entry};

/// Where the job is. Whatever a shop says of a job of its name, it has it, or had it.
pub fn whereabouts(consignment: &Consignment, log: &[Entry]) -> Result<Whereabouts, AdapterError> {
    let exchanges = log.iter().filter_map(|entry| match entry {
        Entry::Exchange(exchange) => Some(exchange),
        Entry::Arrived { .. } | Entry::LookedUp { .. } | Entry::CallBack { .. } | Entry::Settled { .. } => None,
    });
    let was_heard_of = log.iter().any(|entry| matches!(entry, Entry::Arrived { .. }));
    placing::whereabouts(exchanges, was_heard_of, consignment.id)
}

/// What became of the letters of a job that the shop has.
pub fn of_letters(name: &str, letters: &[AttemptId], log: &[Entry]) -> Result<Vec<(AttemptId, Word)>, AdapterError> {
    let mut said: BTreeMap<AttemptId, Said> = letters.iter().map(|letter| (*letter, Said::Nothing)).collect();
    let mut refused: Option<Said> = None;
    for entry in log {
        let Entry::Arrived { attempt, arrived, .. } = entry else { continue };
        let now = Said::of(arrived)?;
        match said.get_mut(attempt) {
            None => return Err(AdapterError::Log(format!("{attempt} is not of this job"))),
            Some(before) if now > *before => *before = now.clone(),
            Some(_) => {}
        }
        // A job is refused with all its letters, also where it was entered for one of them only.
        if matches!(now, Said::JobRefused { .. }) {
            refused = refused.max(Some(now));
        }
    }
    let alone = letters.len() == 1;
    let words = letters.iter().map(|letter| {
        let own = said.remove(letter).unwrap_or(Said::Nothing);
        let last = refused.clone().map_or_else(|| own.clone(), |refused| own.clone().max(refused));
        (*letter, last.word(name, alone))
    });
    Ok(words.collect())
}

/// What a shop said of a letter, in the order of a letter's life: the greatest holds, whatever came first. A letter that was
/// posted after all is with the post, and one that came back is with nobody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Nothing,
    Taken(String),
    JobRefused { code: String, text: String },
    Printed(String),
    Unprintable { code: String, text: String },
    Posted(String),
    CameBack { code: String, text: String },
}

impl Said {
    fn of(arrived: &Arrived) -> Result<Said, AdapterError> {
        Ok(match arrived.clone() {
            Arrived::Progress { stage, text } if stage == "posted" => Said::Posted(text),
            Arrived::Progress { stage, text } if stage == "printed" => Said::Printed(text),
            Arrived::Progress { text, .. } => Said::Taken(text),
            Arrived::Unprintable { code, text } => Said::Unprintable { code, text },
            Arrived::JobRefused { code, text } => Said::JobRefused { code, text },
            Arrived::CameBack { code, text } => Said::CameBack { code, text },
            Arrived::Bounced { .. }
            | Arrived::Delayed { .. }
            | Arrived::PassedOn { .. }
            | Arrived::Opened { .. }
            | Arrived::TransmissionReceived { .. }
            | Arrived::TransmissionRefused { .. }
            | Arrived::ClaimJudged { .. } => {
                return Err(AdapterError::Log("what arrived is not a print shop's".to_owned()));
            }
        })
    }

    /// The word on its letter. `alone` = it was the only one of its job, so that whatever is wrong with the job is its own.
    fn word(self, job: &str, alone: bool) -> Word {
        let handed_over = |stage: &str, text: &str| Word::HandedOver {
            receipt: [job, stage, text].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        };
        let fault = |code, said: &str, text: &str| Fault::fatal(code).with("code", said).with("text", text);
        match self {
            Said::Nothing => handed_over("", ""),
            Said::Taken(text) => handed_over("taken", &text),
            Said::Printed(text) => handed_over("printed", &text),
            Said::Posted(text) => handed_over("posted", &text),
            Said::Unprintable { code, text } => Word::Refused { why: fault(codes::PRINT_UNPRINTABLE, &code, &text) },
            Said::CameBack { code, text } => Word::Refused { why: fault(codes::PRINT_RETURNED, &code, &text) },
            Said::JobRefused { code, text } if alone => Word::Refused { why: fault(codes::PRINT_JOB_REFUSED, &code, &text) },
            Said::JobRefused { code, text } => Word::Returned { why: fault(codes::PRINT_JOB_REFUSED, &code, &text) },
        }
    }
}

/// The name of the job that a consignment is.
pub fn job_name(consignment: &Consignment) -> String {
    job::name(&consignment.company, consignment.number)
}
