//! Whether a company may use a rail: what its agreements allow, as reasons and warnings of a plan. Shared by the routes that need
//! an agreement, so that they say the same.

use kvitt_domain::agreement::{Agreement, AgreementKind, avtalegiro, main_vendor};
use kvitt_domain::fault::{Fault, codes};

use crate::route::{Document, Facts};

/// What the main vendor agreement says of a document: fatal faults close the route, warnings are shown. Only Norwegian companies
/// can have it.
pub fn of_company(document: &Document<'_>, facts: &Facts<'_>, route: &str) -> Vec<Fault> {
    let mut found = of_agreement(main_vendor(facts.agreements), AgreementKind::MainVendor, route);
    if !document.invoice.seller.is_norwegian() {
        found.push(Fault::fatal(codes::AGREEMENT_NOT_NORWEGIAN).with("agreement", AgreementKind::MainVendor.name()));
    }
    found
}

/// What the AvtaleGiro agreement of an account says: the agreement where it is in force, and its faults and warnings.
pub fn of_account<'f>(facts: &Facts<'f>, account: &str, route: &str) -> (Option<&'f Agreement>, Vec<Fault>) {
    let agreement = avtalegiro(facts.agreements, account);
    let found = of_agreement(agreement, AgreementKind::Avtalegiro, route);
    (agreement.filter(|agreement| agreement.is_in_force()), found)
}

fn of_agreement(agreement: Option<&Agreement>, kind: AgreementKind, route: &str) -> Vec<Fault> {
    let missing = || Fault::fatal(codes::AGREEMENT_MISSING).with("route", route).with("agreement", kind.name());
    match agreement {
        None => vec![missing()],
        Some(agreement) if agreement.is_in_force() => agreement.advice.clone(),
        // That it is missing is the reason; how it gets on is what a person needs to know.
        Some(agreement) => std::iter::once(missing()).chain(agreement.advice.iter().cloned()).collect(),
    }
}
