//! Routes that stand in every plan before they are built: closed, with each reason that is known already.
//!
//! What is true of them for ever (whom they are for, which agreement they need) is said first, so that a plan shows what would
//! have to change besides the version of Kvitt. When one is built it gets its own file, and its line here goes.

use jiff::Timestamp;
use kvitt_domain::agreement::{Agreement, AgreementKind};
use kvitt_domain::fault::{Fault, Severity, codes};
use kvitt_domain::plan::Verdict;
use kvitt_domain::recipient::RecipientType;

use crate::register::Register;
use crate::route::{
    AdapterError, Arrival, Arrived, Concerned, Consignment, Document, Entry, Facts, Lot, Route, RouteSetup, Step,
};

/// A route that is not built yet, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Coming {
    name: &'static str,
    only_for: Option<RecipientType>,
    agreements: &'static [AgreementKind],
    /// Whether its receivers refuse a document that breaks a rule of EN 16931 or Peppol.
    demands_rules: bool,
}

/// The network of access points: businesses and public bodies.
pub static PEPPOL: Coming =
    Coming { name: "peppol", only_for: Some(RecipientType::Business), agreements: &[], demands_rules: true };

/// The citizen's digital mailbox.
pub static DPI: Coming = Coming { name: "dpi", only_for: Some(RecipientType::Consumer), agreements: &[], demands_rules: false };

impl Route for Coming {
    fn name(&self) -> &'static str {
        self.name
    }

    fn consider(&self, document: &Document<'_>, facts: &Facts<'_>, _now: Timestamp) -> Verdict {
        let kind = document.recipient.kind;
        let wrong_kind = self
            .only_for
            .filter(|only_for| *only_for != kind)
            .map(|_| Fault::fatal(codes::ROUTE_RECIPIENT_TYPE).with("route", self.name).with("recipient_type", kind.name()));
        let missing = self
            .agreements
            .iter()
            .filter(|needed| !is_active(facts.agreements, **needed))
            .map(|needed| Fault::fatal(codes::AGREEMENT_MISSING).with("route", self.name).with("agreement", needed.name()));
        let broken = facts.broken_rules.iter().filter(|_| self.demands_rules).cloned();
        let broken = broken.map(|rule| Fault { severity: Severity::Fatal, ..rule });
        let not_built = Fault::fatal(codes::ROUTE_NOT_BUILT).with("route", self.name);
        Verdict::Closed { reasons: wrong_kind.into_iter().chain(missing).chain(broken).chain([not_built]).collect() }
    }

    fn lot(&self, _setup: &RouteSetup) -> Lot {
        Lot::OF_ONE
    }

    fn next(&self, _consignment: &Consignment, _log: &[Entry]) -> Result<Step, AdapterError> {
        Err(AdapterError::Log(format!("nothing can be sent by {}, which is not built yet", self.name)))
    }

    fn read(&self, _arrived: &Arrival) -> Result<Vec<(Concerned, Arrived)>, AdapterError> {
        Err(AdapterError::Arrival(format!("nothing can come from {}, which is not built yet", self.name)))
    }

    fn check_setup(&self, _setup: &RouteSetup) -> Vec<Fault> {
        vec![Fault::fatal(codes::ROUTE_NOT_BUILT).with("route", self.name)]
    }

    fn register(&self) -> Option<&'static dyn Register> {
        None
    }

    fn can_be_called_back(&self) -> bool {
        false
    }
}

fn is_active(agreements: &[Agreement], kind: AgreementKind) -> bool {
    agreements.iter().any(|agreement| agreement.kind == kind && agreement.is_in_force())
}
