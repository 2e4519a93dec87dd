//! Judges an invoice's KID by what was agreed for its bank account, when the invoice comes in: whether it follows one of the account's
//! structures, and whether another invoice has it. Whether its check digit holds at all is the document's own rule.

use kvitt_domain::Severity;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::{DocumentKind, Invoice};
use sqlx::AnyConnection;

use crate::actions::move_collection::paid_to;
use crate::error::Result;
use crate::store::bank_account::{self, KidRule};
use crate::store::collection;

/// Where the KID stands in an invoice (BT-83).
const PLACE: &str = "BG-16/BT-83";

/// What is wrong with the KID: warnings, or what refuses the document, as the account's settings say. Accounts that are not set up
/// have agreed on nothing.
pub async fn check_kid(db: &mut AnyConnection, company: &str, document: &Invoice) -> Result<Vec<Fault>> {
    let (account, kid) = paid_to(document);
    let (Some(kid), DocumentKind::Invoice, false) = (kid, document.kind, account.is_empty()) else { return Ok(Vec::new()) };
    let Some(known) = bank_account::of(&mut *db, company, &account).await? else { return Ok(Vec::new()) };
    let severity = match known.settings.kid_rule {
        KidRule::Warn => Severity::Warning,
        KidRule::Refuse => Severity::Fatal,
    };
    let mut faults = Vec::new();
    let structures = &known.settings.kid_structures;
    if !structures.is_empty() && !structures.iter().any(|structure| structure.read(&kid).is_ok()) {
        faults.push(Fault::fatal(codes::KID_STRUCTURE).with("kid", &kid).with("account", &account));
    }
    let others = collection::of_kid(db, company, &account, &kid, 2).await?;
    if let Some(other) = others.iter().find(|other| other.candidate.number != document.number) {
        faults.push(Fault::fatal(codes::KID_REUSED).with("kid", &kid).with("number", &other.candidate.number));
    }
    Ok(faults.into_iter().map(|fault| Fault { severity, ..fault.at(PLACE) }).collect())
}
