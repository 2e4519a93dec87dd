//! What the log of a job means: whether the print shop has it, and what became of each letter.
//!
//! The rule behind it: a job is put again only where it was certainly not handed over. Where it may have been, the drop is looked
//! at, a receipt decides, and in the end a person; nothing is put twice on a guess. Receipts come late, double and out of order, so
//! that the order in which they came decides nothing: of what was said of a letter, what comes later in a letter's life holds.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::retry::RetryPolicy;

use super::job;
use crate::route::{AdapterError, Arrived, Consignment, Entry, Exchange, Package, Place, Reply, Request, Sent};

/// A shop that has moved a job away has had time to write a receipt for it.
pub const SETTLE: Duration = Duration::from_secs(15 * 60);

/// Where the job is, as far as the log says.
#[derive(Debug, Clone, PartialEq)]
pub enum Whereabouts {
    /// It was never put.
    Here,
    /// It was put, and certainly not handed over.
    NotHandedOver {
        /// What was put.
        package: Box<Package>,
        /// Why it failed.
        why: Fault,
        /// How many times it failed.
        faults: u32,
    },
    /// The shop may have it, and can be asked by looking at the drop.
    Perhaps {
        /// What was put.
        package: Box<Package>,
        /// When to look, after the last entry of the log.
        look_after: Duration,
    },
    /// The shop may have it, and the drop has no more to tell.
    Unknowable {
        /// What was put.
        package: Box<Package>,
        /// What was seen.
        what: String,
    },
    /// The shop has it.
    There {
        /// What was put; `None` where the shop speaks of a job that nothing here put.
        package: Option<Box<Package>>,
    },
}

/// What the log has come to, while it is read.
enum Known {
    Nothing,
    Unsent(Fault),
    /// It may be there: how often the drop was silent, and how often nothing was seen in it.
    Perhaps {
        silent: usize,
        nowhere: u32,
        what: String,
    },
    There,
}

/// Where the job is.
pub fn whereabouts(consignment: &Consignment, log: &[Entry]) -> Result<Whereabouts, AdapterError> {
    let mut known = Known::Nothing;
    let mut put: Option<&Package> = None;
    let mut faults = 0;
    for exchange in exchanges(log) {
        match &exchange.request {
            Request::Put(package) => {
                if put.is_some_and(|before| *before != **package) {
                    return Err(AdapterError::Log("two different packages were put for one job".to_owned()));
                }
                if matches!(known, Known::Perhaps { .. } | Known::There) {
                    return Err(AdapterError::Log("a job was put again that the shop may have".to_owned()));
                }
                put = Some(package);
                faults += 1;
                known = after_put(&exchange.reply);
            }
            Request::Look { .. } => known = after_look(known, &exchange.reply)?,
            Request::Smtp(_) | Request::Http(_) => {
                return Err(AdapterError::Log("something else than a job was said to a print shop".to_owned()));
            }
        }
    }
    let package = put.cloned().map(Box::new);
    // Whatever a shop says of a job of this name, it has it, or had it.
    if log.iter().any(|entry| matches!(entry, Entry::Arrived { .. })) {
        return Ok(Whereabouts::There { package });
    }
    let Some(package) = package else { return Ok(Whereabouts::Here) };
    Ok(match known {
        Known::Nothing => Whereabouts::Here,
        Known::There => Whereabouts::There { package: Some(package) },
        Known::Unsent(why) => Whereabouts::NotHandedOver { package, why, faults },
        Known::Perhaps { nowhere: 2.., what, .. } => Whereabouts::Unknowable { package, what },
        Known::Perhaps { silent: 0, nowhere: 0, .. } => Whereabouts::Perhaps { package, look_after: Duration::ZERO },
        Known::Perhaps { silent: 0, .. } => Whereabouts::Perhaps { package, look_after: SETTLE },
        Known::Perhaps { silent, what, .. } => match wait(consignment, silent) {
            Some(look_after) => Whereabouts::Perhaps { package, look_after },
            None => Whereabouts::Unknowable { package, what },
        },
    })
}

fn exchanges(log: &[Entry]) -> impl Iterator<Item = &Exchange> {
    log.iter().filter_map(|entry| match entry {
        Entry::Exchange(exchange) => Some(exchange),
        Entry::Arrived { .. } | Entry::LookedUp { .. } | Entry::CallBack { .. } => None,
    })
}

fn after_put(reply: &Reply) -> Known {
    let perhaps = |what: &str| Known::Perhaps { silent: 0, nowhere: 0, what: what.to_owned() };
    match reply {
        Reply::Placed => Known::There,
        Reply::Silence { sent: Sent::No, what } => Known::Unsent(silent(what)),
        Reply::Silence { sent: Sent::Unknown, what } => perhaps(what),
        // No drop answers like this; what is no reply may hide a yes as well as a no.
        Reply::Smtp { .. } | Reply::Http { .. } | Reply::Seen { .. } => perhaps("the answer is not a drop's"),
    }
}

fn after_look(before: Known, reply: &Reply) -> Result<Known, AdapterError> {
    let Known::Perhaps { silent: times, nowhere, .. } = before else {
        return Err(AdapterError::Log("the drop was looked at although it was known where the job is".to_owned()));
    };
    Ok(match reply {
        Reply::Seen { place: Place::Final } => Known::There,
        Reply::Seen { place: Place::Temporary } => Known::Unsent(silent("the job lies in the drop under its temporary name")),
        Reply::Seen { place: Place::Nowhere } => {
            let what = "the job is neither in the drop under its own name nor under its temporary one".to_owned();
            Known::Perhaps { silent: 0, nowhere: nowhere + 1, what }
        }
        Reply::Silence { what, .. } => Known::Perhaps { silent: times + 1, nowhere, what: what.clone() },
        Reply::Smtp { .. } | Reply::Http { .. } | Reply::Placed => {
            Known::Perhaps { silent: times + 1, nowhere, what: "the answer is not a drop's".to_owned() }
        }
    })
}

fn silent(what: &str) -> Fault {
    Fault::warning(codes::COUNTERPARTY_SILENT).with("text", what)
}

/// How long to wait before a silent drop is looked at again; `None` where it was silent for about 75 hours.
fn wait(consignment: &Consignment, silent: usize) -> Option<Duration> {
    let spread = consignment.id.as_u64_pair().1;
    let at = RetryPolicy::default().next(silent, spread, Timestamp::UNIX_EPOCH)?;
    Duration::try_from(at.duration_since(Timestamp::UNIX_EPOCH)).ok()
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
            Arrived::Bounced { .. } | Arrived::Delayed { .. } | Arrived::PassedOn { .. } | Arrived::Opened { .. } => {
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
