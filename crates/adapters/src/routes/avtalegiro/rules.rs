//! Whether an invoice can be claimed by AvtaleGiro: every reason against it at once, what the sender should know, and until when.
//!
//! The rules are those of the rail (AvtaleGiro system specification 3.3; the rail's published rules for mandates and dates).
//! `docs/routes/avtalegiro.md` says which are confirmed.

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::agreement::ClaimWay;
use kvitt_domain::calendar::{self, BankCalendar};
use kvitt_domain::claim::{Claim, Deadlines};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::{RouteName, Verdict};
use kvitt_domain::recipient::RecipientType;

use super::setup::AvtalegiroSetup;
use super::{NAME, terms};
use crate::permission;
use crate::route::{Document, Facts};

/// What the route says of a document.
pub fn consider(document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict {
    let mut found = Vec::new();
    let kind = document.recipient.kind;
    if kind != RecipientType::Consumer {
        found.push(Fault::fatal(codes::ROUTE_RECIPIENT_TYPE).with("route", NAME).with("recipient_type", kind.name()));
    }
    found.extend(permission::of_company(document, facts, NAME));
    let setup = match AvtalegiroSetup::read(facts.setup) {
        Ok(setup) => setup,
        Err(faults) => {
            found.extend(faults);
            return Verdict::Closed { reasons: found };
        }
    };
    let mut latest_send_at = None;
    match terms::of(document.invoice, facts.agreements) {
        Err(faults) => found.extend(faults),
        Ok((claim, _)) => {
            found.extend(permission::of_account(facts, &claim.bank_account, NAME).1);
            found.extend(setup.lacks(claim.way));
            found.extend(mandate(facts, &claim));
            found.extend(due_date(&claim, &setup, now));
            if let Some(invoice) = facts.same_claim {
                found.push(Fault::fatal(codes::CLAIM_INDISTINGUISHABLE).with("invoice", invoice));
            }
            found.extend(facts.not_claimable.cloned());
            latest_send_at = Some(Deadlines::on(&setup.deadlines, calendar::today(now)).hand_in_until(claim.due_on));
        }
    }
    let (reasons, warnings): (Vec<Fault>, Vec<Fault>) = found.into_iter().partition(Fault::is_fatal);
    match reasons.is_empty() {
        true => {
            Verdict::Open { price: facts.prices.price(&RouteName::new(NAME), calendar::today(now)), latest_send_at, warnings }
        }
        false => Verdict::Closed { reasons },
    }
}

/// The mandate that the hub found for the KID: by its customer part, as the bank finds it.
fn mandate(facts: &Facts<'_>, claim: &Claim) -> Option<Fault> {
    match facts.mandate {
        None => Some(Fault::fatal(codes::CLAIM_NO_MANDATE).with("kid", &claim.kid)),
        Some(mandate) if !mandate.is_active() => Some(Fault::fatal(codes::CLAIM_MANDATE_INACTIVE)),
        Some(_) => None,
    }
}

/// Whether the rail's days allow the due date; with the first or last that would be allowed.
fn due_date(claim: &Claim, setup: &AvtalegiroSetup, now: Timestamp) -> Option<Fault> {
    let deadlines = Deadlines::on(&setup.deadlines, calendar::today(now));
    let said = |fault: Fault, other: Date| Some(fault.at("BT-9").with("date", claim.due_on).with("other_date", other));
    let handed_in_on = match claim.way {
        ClaimWay::Service => deadlines.handed_in_on(now),
        ClaimWay::File => deadlines.handed_in_on(BankCalendar::default().next_cut_off(now, setup.file_closes_at)),
        // Whoever makes the claim has handed it in, or knows until when.
        ClaimWay::Elsewhere => return None,
    };
    let first = setup.first_due(&deadlines, handed_in_on, claim.way);
    let without_warning = deadlines.first_due_without_warning(handed_in_on).max(first);
    let last = deadlines.last_due(handed_in_on);
    match claim.due_on {
        due_on if due_on < first => said(Fault::fatal(codes::CLAIM_DUE_TOO_SOON), first),
        due_on if due_on > last => said(Fault::fatal(codes::CLAIM_DUE_TOO_LATE), last),
        due_on if due_on < without_warning => said(Fault::warning(codes::CLAIM_DUE_SOON), without_warning),
        _ => None,
    }
}
