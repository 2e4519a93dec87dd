//! Print: letters on paper, a job of many through a print shop's drop (a folder, or SFTP).
//!
//! Here is the route itself. Its parts: the settings ([`setup`]), whether a document can go and what it costs ([`rules`]), the job
//! with its manifest ([`job`]), what the log means ([`outcome`]), and what the shop writes back ([`receipts`]).
//! `docs/routes/print.md` is the page for users and for print shops.

use jiff::Timestamp;
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::Verdict;

use self::job::Job;
use self::outcome::Whereabouts;
pub use self::setup::PrintSetup;
use crate::register::Register;
use crate::route::{
    AdapterError, Arrival, Arrived, Concerned, Consignment, Document, Entry, Facts, Lot, Package, Request, Route, RouteSetup,
    Step, Then,
};

pub mod job;
pub mod outcome;
pub mod receipts;
pub mod rules;
pub mod setup;

/// The name of the route.
pub const NAME: &str = "print";

/// The door through which a print shop's receipts come.
pub const DOOR: &str = "receipts";

/// The print route.
#[derive(Debug, Clone, Copy)]
pub struct Print;

impl Route for Print {
    fn name(&self) -> &'static str {
        NAME
    }

    fn consider(&self, document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict {
        rules::consider(document, facts, now)
    }

    fn lot(&self, setup: &RouteSetup) -> Lot {
        // A row that cannot be read closes the route in every plan; what waits already goes alone, and its conversation says why.
        setup.read::<PrintSetup>().map_or(Lot::OF_ONE, |setup| setup.lot())
    }

    fn next(&self, consignment: &Consignment, log: &[Entry]) -> Result<Step, AdapterError> {
        let name = outcome::job_name(consignment);
        match outcome::whereabouts(consignment, log)? {
            Whereabouts::Here => {
                let Job { package, left_out } = job::of(consignment)?;
                let known = refused(left_out);
                let then = package.map_or(Then::Finished, |package| Then::Send(Request::Put(Box::new(package))));
                Ok(Step { known, learned: vec![], then })
            }
            Whereabouts::NotHandedOver { package, why, faults } => {
                let known = not_in(consignment, &package)?;
                // The stored job, not a new one: a repeat is the same bytes even after an upgrade or a change of settings.
                Ok(Step { known, learned: vec![], then: Then::Retry { why, request: Request::Put(package), faults } })
            }
            Whereabouts::Perhaps { package, look_after } => {
                let known = not_in(consignment, &package)?;
                let request = Request::Look { drop: package.drop, name, shape: package.shape };
                let then = match look_after {
                    after if after.is_zero() => Then::Send(request),
                    after => Then::SendAt { after, request },
                };
                Ok(Step { known, learned: vec![], then })
            }
            Whereabouts::Unknowable { package, what } => {
                let why = Fault::warning(codes::DELIVERY_IN_DOUBT).with("text", what);
                let doubts = job::letters_of(&package).into_iter().map(|letter| (letter, Word::InDoubt { why: why.clone() }));
                let known = doubts.chain(not_in(consignment, &package)?).collect();
                Ok(Step { known, learned: vec![], then: Then::Finished })
            }
            Whereabouts::There { package } => {
                let (letters, left_out) = match &package {
                    Some(package) => (job::letters_of(package), not_in(consignment, package)?),
                    None => (consignment.members.iter().map(|member| member.attempt).collect(), vec![]),
                };
                let mut known = outcome::of_letters(&name, &letters, log)?;
                known.extend(left_out);
                Ok(Step { known, learned: vec![], then: Then::Finished })
            }
        }
    }

    fn read(&self, arrived: &Arrival) -> Result<Vec<(Concerned, Arrived)>, AdapterError> {
        receipts::read(arrived)
    }

    fn named_in(&self, arrived: &Arrival) -> Option<AttemptId> {
        receipts::named_in(arrived)
    }

    fn check_setup(&self, setup: &RouteSetup) -> Vec<Fault> {
        setup::check(setup)
    }

    fn register(&self) -> Option<&'static dyn Register> {
        None
    }

    fn can_be_called_back(&self) -> bool {
        // A shop that can stop a job has no agreed way to be asked.
        false
    }
}

fn refused(left_out: Vec<(AttemptId, Fault)>) -> Vec<(AttemptId, Word)> {
    left_out.into_iter().map(|(attempt, why)| (attempt, Word::Refused { why })).collect()
}

/// The members that are not in what was put, with the reasons.
fn not_in(consignment: &Consignment, package: &Package) -> Result<Vec<(AttemptId, Word)>, AdapterError> {
    let letters = job::letters_of(package);
    if consignment.members.iter().all(|member| letters.contains(&member.attempt)) {
        return Ok(vec![]);
    }
    let Job { left_out, .. } = job::of(consignment)?;
    Ok(refused(left_out.into_iter().filter(|(attempt, _)| !letters.contains(attempt)).collect()))
}
