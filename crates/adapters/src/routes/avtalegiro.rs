//! AvtaleGiro: direct debits of consumers who have given a mandate. The claim travels by one of three ways, which the agreement of
//! the bank account names: by the payment service, in a file to the bank, or made by somebody else.
//!
//! Here is the route itself. Its parts: the settings ([`setup`]), what an invoice is as a claim ([`terms`]), what closes the route
//! ([`rules`]), the [file rail](mod@file) ([`receipts`]), and what the rail's refusals mean ([`outcome`]). The service is spoken with as
//! for eFaktura ([`super::efaktura::journey`]). Telling the payer is another delivery of the same invoice, by the other routes
//! ([`notice`]; decision 13). `docs/routes/avtalegiro.md` is the page for users, and says what is confirmed and what is inferred.

use jiff::Timestamp;
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::Verdict;

pub use self::setup::{AvtalegiroSetup, House};
use super::efaktura::journey::{self, Terms};
use super::efaktura::part;
use super::efaktura::shipment::{ClaimInfo, DocumentType, PaymentType, Transaction};
use super::efaktura::transaction_id;
use crate::register::Register;
use crate::route::{
    AdapterError, Arrival, Arrived, Concerned, Consignment, Document, Entry, Facts, Learned, Lot, Member, Route, RouteSetup,
    Step, Then,
};

mod cancelling;
pub mod file;
pub mod notice;
pub mod outcome;
pub mod receipts;
pub mod rules;
pub mod setup;
pub mod terms;

/// The name of the route.
pub const NAME: &str = "avtalegiro";

/// The door through which the bank's receipts for files come.
pub const DOOR: &str = "bank_receipts";

/// The AvtaleGiro route.
#[derive(Debug, Clone, Copy)]
pub struct Avtalegiro;

impl Route for Avtalegiro {
    fn name(&self) -> &'static str {
        NAME
    }

    fn consider(&self, document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict {
        rules::consider(document, facts, now)
    }

    fn lot(&self, setup: &RouteSetup) -> Lot {
        // A row that cannot be read is told when its lot is to be said.
        AvtalegiroSetup::read(Some(setup)).map_or(Lot::OF_ONE, |setup| setup.lot())
    }

    fn next(&self, consignment: &Consignment, log: &[Entry]) -> Result<Step, AdapterError> {
        let setup = AvtalegiroSetup::read(Some(&consignment.setup)).map_err(|faults| {
            AdapterError::Setup(faults.iter().map(|fault| fault.place.as_str()).collect::<Vec<_>>().join(", "))
        })?;
        match setup.way {
            ClaimWay::Service => {
                let terms = Terms {
                    part: &part::CLAIM,
                    service: &setup.house.service,
                    settle: setup.settle(),
                    transaction: &transaction,
                };
                journey::step(consignment, log, &terms)
            }
            ClaimWay::File => file::step(consignment, log, &setup),
            ClaimWay::Elsewhere => Ok(elsewhere(consignment)),
        }
    }

    fn read(&self, arrived: &Arrival) -> Result<Vec<(Concerned, Arrived)>, AdapterError> {
        receipts::read(arrived)
    }

    fn check_setup(&self, setup: &RouteSetup) -> Vec<Fault> {
        setup::check(setup)
    }

    fn register(&self) -> Option<&'static dyn Register> {
        None
    }

    fn can_be_called_back(&self) -> bool {
        true
    }
}

/// The claims of a consignment for which it is too late to be handed in; none of other routes, and none that somebody else makes.
pub fn late(consignment: &Consignment, now: Timestamp) -> Vec<AttemptId> {
    let Ok(setup) = AvtalegiroSetup::read(Some(&consignment.setup)) else { return Vec::new() };
    let claims = consignment.members.iter().filter_map(|member| Some((member.attempt, member.claim.as_ref()?)));
    claims.filter(|(_, claim)| setup.is_late(claim, now)).map(|(attempt, _)| attempt).collect()
}

/// A claim that somebody else makes: nothing is said, and the payer is told.
fn elsewhere(consignment: &Consignment) -> Step {
    let word = |member: &Member| (member.attempt, Word::HandedOver { receipt: "claimed elsewhere".to_owned() });
    let claimed = consignment.members.iter().map(|member| Learned::Claimed { attempt: member.attempt });
    Step { known: consignment.members.iter().map(word).collect(), learned: claimed.collect(), then: Then::Finished }
}

/// An attempt as the service takes it: the claim alone. The notice of it is a delivery of its own.
fn transaction(member: &Member) -> Result<Transaction, Fault> {
    let claim = member.claim.as_ref().ok_or_else(|| Fault::fatal(codes::CLAIM_DOCUMENT))?;
    Ok(Transaction {
        id: transaction_id(member.attempt),
        payment: PaymentType::Avtalegiro,
        document: DocumentType::Invoice,
        kid: Some(claim.kid.clone()),
        account: claim.bank_account.clone(),
        amount: claim.amount,
        due_on: claim.due_on,
        efaktura: None,
        claim: Some(ClaimInfo {
            // The payee tells the payer: type 02.
            notice: false,
            notice_text: None,
            short_name: terms::short_name(&member.recipient.name),
            reference: terms::reference(&member.invoice.number),
        }),
    })
}
