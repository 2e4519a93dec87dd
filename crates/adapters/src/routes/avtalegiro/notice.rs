//! Telling the payer of a claim: the same invoice, delivered a second time by the other routes, with nothing in it to pay.
//!
//! Here is whether it is told at all, and by which routes. The routes themselves write it (eFaktura: not payable; e-mail and the
//! letter's cover sheet: do not pay). Why it is a delivery of its own: decision 13.

use jiff::Timestamp;
use kvitt_domain::agreement::NoticePolicy;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::mandate::Mandate;
use kvitt_domain::plan::{RouteName, Verdict};

use crate::route::{Document, Facts, Route};
use crate::routes::{efaktura, email, print};

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The payer, by the first route that is open.
    ByAnyRoute,
    /// The payer, but only in the netbank: the mandate asks for no notice, and what is debited stands there anyway.
    ByEfaktura,
    /// Nobody.
    Not,
}

/// Whether the payer of a claim is told of it: by the company's choice and the mandate's wish. The published readings differ
/// (`docs/routes/avtalegiro.md`), so that the company chooses.
pub fn told(policy: NoticePolicy, mandate: Option<&Mandate>) -> Told {
    let is_wanted = mandate.is_some_and(|mandate| mandate.wants_notice);
    match (policy, is_wanted) {
        (NoticePolicy::Never, _) => Told::Not,
        (NoticePolicy::AlwaysWhenAsked | NoticePolicy::OnlyWhenAsked, true) => Told::ByAnyRoute,
        (NoticePolicy::AlwaysWhenAsked, false) => Told::ByEfaktura,
        (NoticePolicy::OnlyWhenAsked, false) => Told::Not,
    }
}

/// The order of routes of a notice. The sender's order is one for bills.
pub fn order() -> Vec<RouteName> {
    [efaktura::NAME, email::NAME, print::NAME].map(RouteName::new).to_vec()
}

/// What a route says of a notice.
pub fn consider(route: &dyn Route, document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict {
    let agreement = super::terms::of(document.invoice, facts.agreements).ok().map(|(_, agreement)| agreement);
    let policy = agreement.and_then(|agreement| agreement.debit.as_ref()).map(|debit| debit.notice).unwrap_or_default();
    match told(policy, facts.mandate) {
        Told::ByAnyRoute => route.consider(document, facts, now),
        Told::ByEfaktura if route.name() == efaktura::NAME => route.consider(document, facts, now),
        Told::ByEfaktura | Told::Not => Verdict::Closed { reasons: vec![Fault::fatal(codes::NOTICE_NOT_WANTED)] },
    }
}
