//! Whether a package was handed over through a drop, by the log of what was said.
//!
//! The rule behind it: a package is put again only where it was certainly not handed over. Where it may have been, the drop is looked
//! at, a receipt decides, and in the end a person; nothing is put twice on a guess.

use std::time::Duration;

use jiff::Timestamp;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::retry::RetryPolicy;
use uuid::Uuid;

use crate::route::{AdapterError, Exchange, Package, Place, Reply, Request, Sent};

/// Whoever has moved a package away has had time to write a receipt for it.
pub const SETTLE: Duration = Duration::from_secs(15 * 60);

/// Where a package is, as far as the log says.
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
    /// It may have been taken, and looking at the drop can tell.
    Perhaps {
        /// What was put.
        package: Box<Package>,
        /// When to look, after the last entry of the log.
        look_after: Duration,
    },
    /// It may have been taken, and the drop has no more to tell.
    Unknowable {
        /// What was put.
        package: Box<Package>,
        /// What was seen.
        what: String,
    },
    /// It was taken.
    There {
        /// What was put; `None` where somebody speaks of one that nothing here put.
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

/// Where a package is, by what was said of it alone. `was_heard_of` = whoever has it has spoken of it; `spread` parts those who ask
/// a silent drop at the same time.
pub fn whereabouts<'e>(
    exchanges: impl Iterator<Item = &'e Exchange>,
    was_heard_of: bool,
    spread: Uuid,
) -> Result<Whereabouts, AdapterError> {
    let mut known = Known::Nothing;
    let mut put: Option<&Package> = None;
    let mut faults = 0;
    for exchange in exchanges {
        match &exchange.request {
            Request::Put(package) => {
                if put.is_some_and(|before| *before != **package) {
                    return Err(AdapterError::Log("two different packages were put under one name".to_owned()));
                }
                if matches!(known, Known::Perhaps { .. } | Known::There) {
                    return Err(AdapterError::Log("a package was put again that may have been taken".to_owned()));
                }
                put = Some(package);
                faults += 1;
                known = after_put(&exchange.reply);
            }
            Request::Look { .. } => known = after_look(known, &exchange.reply)?,
            Request::Smtp(_) | Request::Http(_) => {
                return Err(AdapterError::Log("something else than a package was said to a drop".to_owned()));
            }
        }
    }
    let package = put.cloned().map(Box::new);
    if was_heard_of {
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
        Known::Perhaps { silent, what, .. } => match wait(spread, silent) {
            Some(look_after) => Whereabouts::Perhaps { package, look_after },
            None => Whereabouts::Unknowable { package, what },
        },
    })
}

/// Whether a reply to putting or looking says that the package was handed over.
pub fn is_there(reply: &Reply) -> bool {
    matches!(reply, Reply::Placed | Reply::Seen { place: Place::Final })
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
        return Err(AdapterError::Log("the drop was looked at although it was known where the package is".to_owned()));
    };
    Ok(match reply {
        Reply::Seen { place: Place::Final } => Known::There,
        Reply::Seen { place: Place::Temporary } => Known::Unsent(silent("the package lies in the drop under its temporary name")),
        Reply::Seen { place: Place::Nowhere } => {
            let what = "the package is neither in the drop under its own name nor under its temporary one".to_owned();
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
fn wait(spread: Uuid, silent: usize) -> Option<Duration> {
    let at = RetryPolicy::default().next(silent, spread.as_u64_pair().1, Timestamp::UNIX_EPOCH)?;
    Duration::try_from(at.duration_since(Timestamp::UNIX_EPOCH)).ok()
}
