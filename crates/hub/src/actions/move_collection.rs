//! The only place where the money of an invoice changes: begin it, apply an event, save, tell, and carry out what the machine
//! commands. Where a payment belongs is decided in `place_payments`, a direct debit in its route.

use jiff::civil::Time;
use kvitt_domain::calendar::{self, BankCalendar};
use kvitt_domain::collection::{Collection, Command, Event};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::invoice::{DocumentKind, Invoice};
use kvitt_domain::payment::{Candidate, account_key};
use serde::Serialize;

use crate::actions::claims::{self, Stopped};
use crate::error::{Error, Result};
use crate::store::Tx;
use crate::store::collection::{self, Credit, StoredCollection};
use crate::store::company::Company;
use crate::store::event::{Moved, NewEvent};
use crate::store::invoice::StoredInvoice;
use crate::store::job::{self, Kind, Urgency};

/// The subject of the one job of a company that watches its direct debits.
pub const CLAIMS: &str = "claims";
/// When in the morning, in Norway, a day's unpaid debits are looked at: the night's bank files are in.
pub const LOOKED_AT: Time = Time::constant(9, 0, 0, 0);

/// Whose money is moved, and when.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// The company.
    pub company: &'a Company,
    /// The invoice's id.
    pub invoice: &'a str,
    /// Business time, Unix milliseconds.
    pub now: i64,
}

/// What is told of a movement: what happened, and by which payment or credit note.
#[derive(Debug, Serialize)]
struct Told<'a> {
    event: &'a Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    left: String,
}

/// Applies one event to the money of an invoice. Refused events are the caller's to hear; nothing has changed then. An invoice
/// that asks for nothing has no money to move.
pub async fn move_collection(tx: &mut Tx<'_>, what: Move<'_>, event: Event) -> Result<Collection> {
    move_by(tx, what, event, None).await
}

/// The same, naming the payment or credit note that caused it.
pub async fn move_by(tx: &mut Tx<'_>, what: Move<'_>, event: Event, by: Option<&str>) -> Result<Collection> {
    let found = collection::of_invoice(tx.db(), &what.company.id, what.invoice).await?;
    let before = found.ok_or_else(|| Error::NotFound(format!("the money of invoice {}", what.invoice)))?;
    apply(tx, what, &before, event, by).await
}

async fn apply(tx: &mut Tx<'_>, what: Move<'_>, before: &StoredCollection, event: Event, by: Option<&str>) -> Result<Collection> {
    let company = what.company;
    let known = &before.candidate.collection;
    let from = known.state().name();
    let (after, commands) = known.clone().apply(event.clone()).map_err(|refused| Error::refused(refused.fault()))?;
    if after == *known {
        // The same word twice.
        return Ok(after);
    }
    collection::save(tx, &company.id, before, &after, what.now).await?;
    let moved = Moved { machine: "collection", from, to: after.state().name(), version: before.version + 1 };
    let told = Told { event: &event, by, left: after.left().to_string() };
    tx.tell(NewEvent::new(&company.id, &company.key, what.now, kind_of(&event), what.invoice, &told)?.moving(moved));
    for command in commands {
        carry_out(tx, what, &after, command).await?;
    }
    Ok(after)
}

async fn carry_out(tx: &mut Tx<'_>, what: Move<'_>, after: &Collection, command: Command) -> Result<()> {
    match command {
        Command::TellPerson { why } => tell_person(tx, what, &why),
        Command::StopClaim { attempt } => {
            let due_on = after.claim.of().map(|(_, due_on)| due_on.to_string()).unwrap_or_default();
            let told = |code| Fault::warning(code).with("date", due_on);
            match Box::pin(claims::stop(tx, what.company, what.invoice, attempt, what.now)).await? {
                Stopped::NotSent | Stopped::BeingCalledBack => Ok(()),
                Stopped::CalledBack => tell_person(tx, what, &told(codes::COLLECTION_CLAIM_CALLED_BACK)),
                Stopped::No => tell_person(tx, what, &told(codes::COLLECTION_PAID_WHILE_CLAIMED)),
            }
        }
        Command::WatchClaim { due_on } => {
            // The earliest day on which it can be known; the job itself knows how many days are given.
            let day = BankCalendar::default().add_bank_days(due_on, 1);
            let due_at = calendar::at(day, LOOKED_AT).as_millisecond();
            job::enqueue(tx, &what.company.id, Kind::WatchClaims, CLAIMS, Urgency::Ordinary, due_at, what.now).await
        }
    }
}

fn tell_person(tx: &mut Tx<'_>, what: Move<'_>, why: &Fault) -> Result<()> {
    tx.tell(NewEvent::new(&what.company.id, &what.company.key, what.now, "person.told", what.invoice, why)?);
    Ok(())
}

/// Begins the money of a document that was just accepted, in its transaction: an invoice asks for what it says, a credit note takes
/// off the invoice that it names. Nothing is asked for by an invoice of nothing or less.
pub async fn begin(tx: &mut Tx<'_>, company: &Company, stored: &StoredInvoice, now: i64) -> Result<()> {
    let what = Move { company, invoice: &stored.id, now };
    match stored.body.invoice.kind {
        DocumentKind::Invoice => begin_invoice(tx, what, &stored.body.invoice).await,
        DocumentKind::CreditNote => begin_credit(tx, what, &stored.body.invoice).await,
    }
}

async fn begin_invoice(tx: &mut Tx<'_>, what: Move<'_>, document: &Invoice) -> Result<()> {
    let payable = document.totals.payable;
    if payable.minor() <= 0 {
        return Ok(());
    }
    let (account, kid) = paid_to(document);
    let new = Candidate {
        invoice: what.invoice.to_owned(),
        number: document.number.clone(),
        kid,
        due_on: document.due_on,
        collection: Collection::new(payable),
    };
    collection::insert(tx, &what.company.id, &new, &account, what.now).await?;
    for credit in collection::credits_waiting(tx.db(), &what.company.id, &document.number).await? {
        if credit.amount.currency() == payable.currency() {
            collection::place_credit(tx, &what.company.id, &credit.credit_note, what.invoice).await?;
            move_by(tx, what, Event::Credited { amount: credit.amount }, Some(&credit.credit_note)).await?;
        }
    }
    Ok(())
}

/// The bank account by its key, empty where there is none, and the KID that a payer is asked to give.
pub fn paid_to(document: &Invoice) -> (String, Option<String>) {
    let kid = document.remittance().map(str::trim).filter(|kid| !kid.is_empty()).map(str::to_owned);
    (document.account().map(account_key).unwrap_or_default(), kid)
}

/// A credit note takes off the one invoice that it names (BT-25). One that names none, or several, is for a person; one whose
/// invoice did not come yet waits for it.
async fn begin_credit(tx: &mut Tx<'_>, what: Move<'_>, document: &Invoice) -> Result<()> {
    let Move { company, invoice: credit_note, now } = what;
    let amount = document.totals.payable;
    if amount.minor() <= 0 {
        return Ok(());
    }
    let credit = Credit { credit_note: credit_note.to_owned(), amount };
    let number = match document.preceding.as_slice() {
        [only] => only.number.as_str(),
        _ => "",
    };
    let credited = crate::store::invoice::same_number(tx.db(), &company.id, number, DocumentKind::Invoice).await?;
    let found = match credited {
        Some((id, _)) => collection::of_invoice(tx.db(), &company.id, &id).await?,
        None => None,
    };
    let fits = found.filter(|found| found.candidate.collection.payable.currency() == amount.currency());
    let placed = fits.as_ref().map(|found| found.candidate.invoice.as_str());
    collection::insert_credit(tx, &company.id, &credit, number, placed, now).await?;
    match &fits {
        Some(found) => {
            let what = Move { invoice: &found.candidate.invoice, ..what };
            apply(tx, what, found, Event::Credited { amount }, Some(credit_note)).await?;
            Ok(())
        }
        None => tell_person(tx, what, &Fault::warning(codes::CREDIT_UNPLACED).with("number", &document.number)),
    }
}

/// Events carry the machine's name first, so that subscribers can filter by it.
fn kind_of(event: &Event) -> &'static str {
    use kvitt_domain::collection::Means;
    match event {
        Event::Paid { means: Means::Debit, .. } => "collection.debited",
        Event::Paid { means: Means::Payment, .. } => "collection.paid",
        Event::Reversed { .. } => "collection.reversed",
        Event::Refunded { .. } => "collection.refunded",
        Event::RefundReturned { .. } => "collection.refund_returned",
        Event::TakenAway { .. } => "collection.taken_away",
        Event::Credited { .. } => "collection.credited",
        Event::Claimed { .. } => "collection.claimed",
        Event::ClaimEnded { .. } => "collection.claim_ended",
        Event::DebitSeen => "collection.debit_seen",
        Event::ClaimUnpaid { .. } => "collection.claim_unpaid",
        Event::Released { .. } => "collection.released",
        Event::Closed { .. } => "collection.closed",
        Event::Opened { .. } => "collection.opened",
    }
}
