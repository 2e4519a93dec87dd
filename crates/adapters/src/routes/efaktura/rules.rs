//! Whether a document can go as eFaktura: every reason against it at once, what the sender should know, and until when.
//!
//! The rules are those of the service and of the field (reference: service description of the combined service v1; the
//! suppliers' and Vipps' published rules for dates). `docs/routes/efaktura.md` says which are confirmed.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use kvitt_domain::delivery::Purpose;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::DocumentKind;
use kvitt_domain::pdf_facts;
use kvitt_domain::plan::{RouteName, Verdict};
use kvitt_domain::recipient::RecipientType;

use super::bill::Bill;
use super::lookup::{Key, is_identifier};
use super::setup::{self, EfakturaSetup, OtherAttachments};
use super::{NAME, oslo_date};
use crate::permission;
use crate::register::Answer;
use crate::registers::yes_to_all;
use crate::route::{ArtefactRole, Document, Facts, FileFacts};

/// A bill that is due sooner is refused by the banks (48 to 72 hours in Vipps, three days elsewhere).
const LEAST_DAYS: i64 = 3;

/// Vipps takes bills away so long after they were due.
const VIPPS_KEEPS_DAYS: i64 = 14;

/// What the route says of a document.
pub fn consider(document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict {
    let today = oslo_date(now);
    let (mut reasons, mut warnings): (Vec<Fault>, Vec<Fault>) =
        permission(document, facts).into_iter().partition(Fault::is_fatal);
    let setup = match setup::read(facts.setup) {
        Err(faults) => {
            reasons.extend(faults);
            return Verdict::Closed { reasons };
        }
        Ok(setup) => setup,
    };
    let (refused, shown): (Vec<Fault>, Vec<Fault>) = files(document, &setup).into_iter().partition(Fault::is_fatal);
    reasons.extend(refused);
    warnings.extend(shown);
    let latest_send_at = match Bill::of(document.invoice, document.purpose, &setup, today) {
        Err(faults) => {
            reasons.extend(faults);
            None
        }
        Ok(bill) => {
            warnings.extend(bill.warnings);
            match document.invoice.kind {
                DocumentKind::Invoice => {
                    reasons.extend(due_date(bill.due_on, today));
                    // What is debited is never in Vipps: nothing is unknown there.
                    warnings.extend((document.purpose == Purpose::Bill).then(|| vipps(bill.due_on)));
                    latest_send_at(bill.due_on, &setup, now)
                }
                DocumentKind::CreditNote => {
                    warnings.push(Fault::warning(codes::EFAKTURA_VIPPS_NO_CREDIT_NOTES));
                    None
                }
            }
        }
    };
    let reaches = reaches(document, facts, &setup).map_err(|fault| reasons.push(fault));
    let price = facts.prices.price(&RouteName::new(NAME), today);
    match reaches {
        Ok(Reaches::Yes) if reasons.is_empty() => Verdict::Open { price, latest_send_at, warnings },
        Ok(Reaches::Ask) if reasons.is_empty() => Verdict::NeedsLookup { register: yes_to_all::NAME.to_owned(), price, warnings },
        Ok(_) | Err(()) => Verdict::Closed { reasons },
    }
}

/// Who may send this way at all, and to whom: what closes the route, and what the sender should know.
fn permission(document: &Document<'_>, facts: &Facts<'_>) -> Vec<Fault> {
    let mut found = Vec::new();
    let kind = document.recipient.kind;
    if kind != RecipientType::Consumer {
        found.push(Fault::fatal(codes::ROUTE_RECIPIENT_TYPE).with("route", NAME).with("recipient_type", kind.name()));
    }
    found.extend(permission::of_company(document, facts, NAME));
    if !facts.hosts_files {
        found.push(Fault::fatal(codes::EFAKTURA_NO_BILL_HOST));
    }
    found
}

/// What the bill host cannot show, or not all of. An attachment that is no PDF is never left out unsaid.
fn files(document: &Document<'_>, setup: &EfakturaSetup) -> Vec<Fault> {
    let mut limits = setup.limits();
    let unseen = document.files.iter().filter_map(|file| not_shown(file, setup));
    let too_large = document.files.iter().filter(|file| file.pdf.is_some() && file.bytes > limits.bytes_per_file);
    let too_large = too_large.map(|file| pdf_facts::too_large(file.bytes, limits.bytes_per_file).at(&file.name));
    let mut faults: Vec<Fault> = unseen.chain(too_large).collect();
    let shown = || document.files.iter().filter_map(|file| Some((file.role, file.pdf.as_ref()?.as_ref().ok()?)));
    // Where the sender brings no picture of the invoice, ours is one file more.
    if !shown().any(|(role, _)| role == ArtefactRole::Pdf) {
        limits.files_per_letter = limits.files_per_letter.saturating_sub(1);
    }
    faults.extend(pdf_facts::letter(shown().map(|(_, facts)| facts), &limits));
    faults
}

fn not_shown(file: &FileFacts, setup: &EfakturaSetup) -> Option<Fault> {
    match (&file.pdf, file.role) {
        (Some(Ok(_)), _) | (None, ArtefactRole::Xml) => None,
        (Some(Err(_)), _) => Some(Fault::fatal(codes::ATTACHMENT_UNREADABLE).with("file", &file.name)),
        (None, ArtefactRole::Pdf | ArtefactRole::Attachment) => {
            let fault = match setup.other_attachments {
                OtherAttachments::Refuse => Fault::fatal(codes::EFAKTURA_ATTACHMENT_NOT_SHOWN),
                OtherAttachments::LeaveOut => Fault::warning(codes::EFAKTURA_ATTACHMENT_NOT_SHOWN),
            };
            Some(fault.with("file", &file.name).with("type", &file.media_type))
        }
    }
}

fn due_date(due_on: Date, today: Date) -> Option<Fault> {
    let soonest = today.saturating_add(Span::new().days(LEAST_DAYS));
    let latest = today.saturating_add(Span::new().years(1));
    let fault = |code, other: Date| Fault::fatal(code).at("BT-9").with("date", due_on).with("other_date", other);
    match due_on {
        _ if due_on < soonest => Some(fault(codes::EFAKTURA_DUE_TOO_SOON, soonest)),
        _ if due_on > latest => Some(fault(codes::EFAKTURA_DUE_TOO_LATE, latest)),
        _ => None,
    }
}

fn vipps(due_on: Date) -> Fault {
    Fault::warning(codes::EFAKTURA_VIPPS_UNKNOWN).with("date", due_on.saturating_add(Span::new().days(VIPPS_KEEPS_DAYS)))
}

/// Until when an outage may hold the bill: the end of the day, in Oslo, that leaves the next route its time; where that is past
/// already, the end of the last day on which the banks still take it.
fn latest_send_at(due_on: Date, setup: &EfakturaSetup, now: Timestamp) -> Option<Timestamp> {
    let end_of_day = |days_before: i64| {
        let next_day = due_on.checked_sub(Span::new().try_days(days_before).ok()?).ok()?.tomorrow().ok()?;
        next_day.to_zoned(jiff::tz::get!("Europe/Oslo")).ok().map(|end| end.timestamp())
    };
    let budget = end_of_day(i64::from(setup.days_before_due).max(LEAST_DAYS));
    budget.filter(|end| *end > now).or_else(|| end_of_day(LEAST_DAYS))
}

/// Whether the recipient can be reached this way.
enum Reaches {
    /// The sender or the register says so.
    Yes,
    /// The register must be asked.
    Ask,
}

fn reaches(document: &Document<'_>, facts: &Facts<'_>, setup: &EfakturaSetup) -> Result<Reaches, Fault> {
    match document.recipient.efaktura_identifier.as_deref().map(str::trim).filter(|identifier| !identifier.is_empty()) {
        Some(identifier) if is_identifier(identifier) => return Ok(Reaches::Yes),
        Some(_) => return Err(Fault::fatal(codes::EFAKTURA_IDENTIFIER_INVALID)),
        None => {}
    }
    match (facts.lookup, Key::of(document.recipient, setup.identity())) {
        (Some(Answer::Yes), _) => Ok(Reaches::Yes),
        (Some(Answer::No { why }), _) => Err(why.clone()),
        (Some(Answer::Unknown { why }), _) => {
            let text = why.value("text").unwrap_or_else(|| why.code.name());
            Err(Fault::fatal(codes::LOOKUP_UNANSWERED).with("route", NAME).with("text", text))
        }
        (None, Ok(_)) => Ok(Reaches::Ask),
        (None, Err(none)) => Err(none.fault()),
    }
}
