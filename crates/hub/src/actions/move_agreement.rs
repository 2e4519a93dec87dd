//! The only place where an agreement changes: apply an event, save, tell, and carry out what the machine commands.

use kvitt_domain::agreement::AgreementKind;
use kvitt_domain::agreement::course::{Command, Course, Event, State};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::store::agreement::{self, StoredAgreement};
use crate::store::company::Company;
use crate::store::event::{Moved, NewEvent};
use crate::store::job::{self, Kind, Urgency};
use crate::store::writer::Tx;

/// What is moved, for whom and when.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// The company.
    pub company: &'a Company,
    /// The operator's customer unit, for what a person is told.
    pub customer_unit: &'a str,
    /// Business time, Unix milliseconds.
    pub now: i64,
}

#[derive(Serialize)]
struct Told<'a> {
    kind: AgreementKind,
    account: Option<&'a str>,
    event: &'a Event,
}

/// Applies one event to an agreement. Refused events are the caller's to hear; nothing has changed then.
pub async fn move_agreement(tx: &mut Tx<'_>, what: &Move<'_>, before: &StoredAgreement, event: Event) -> Result<Course> {
    let Move { company, now, .. } = *what;
    let from = before.course.state.name();
    let (after, commands) = before.course.clone().apply(event.clone()).map_err(|refused| Error::refused(refused.fault()))?;
    // Most looks bring no news: what was said stands in the log.
    if after == before.course && commands.is_empty() {
        return Ok(after);
    }
    agreement::save(tx, &company.id, &company.key, before, &after, now).await?;
    let moved = Moved { machine: "agreement", from, to: after.state.name(), version: before.version + 1 };
    let told = Told { kind: after.kind(), account: after.subject.account(), event: &event };
    tx.tell(NewEvent::new(&company.id, &company.key, now, kind_of(&event), &before.id, &told)?.moving(moved));
    for command in commands {
        match command {
            Command::Ask => {
                job::enqueue(tx, &company.id, Kind::AdvanceAgreement, &before.id, Urgency::Ordinary, now, now).await?;
            }
            Command::FetchMandates => {
                job::enqueue(tx, &company.id, Kind::FetchMandates, &before.id, Urgency::Ordinary, now, now).await?;
            }
            Command::TellPerson => {
                for why in after.advice(what.customer_unit) {
                    tx.tell(NewEvent::new(&company.id, &company.key, now, "person.told", &before.id, &why)?);
                }
            }
        }
    }
    Ok(after)
}

/// Asks for the jobs of all agreements of a company anew, where they were lost.
pub async fn resume_agreements(tx: &mut Tx<'_>, company: &Company, now: i64) -> Result<()> {
    for stored in agreement::all(tx.db(), &company.id, &company.key).await? {
        if stored.course.asks_after().is_some() {
            job::enqueue(tx, &company.id, Kind::AdvanceAgreement, &stored.id, Urgency::Ordinary, now, now).await?;
        }
        if stored.course.kind() == AgreementKind::Avtalegiro && matches!(stored.course.state, State::Active { .. }) {
            job::enqueue(tx, &company.id, Kind::FetchMandates, &stored.id, Urgency::Ordinary, now, now).await?;
        }
    }
    Ok(())
}

/// Events carry the machine's name first, so that subscribers can filter by it.
fn kind_of(event: &Event) -> &'static str {
    match event {
        Event::Ordered { .. } => "agreement.ordered",
        Event::SignerNamed { .. } => "agreement.signer_named",
        Event::Said { .. } => "agreement.said",
        Event::SignatureRequested { .. } => "agreement.signature_requested",
        Event::Signed { .. } => "agreement.signed",
        Event::NotSigned { .. } => "agreement.not_signed",
        Event::SpreadOver { .. } => "agreement.spread_over",
        Event::Recorded { .. } => "agreement.recorded",
        Event::OldProviderClosed { .. } => "agreement.old_provider_closed",
        Event::EndOrdered { .. } => "agreement.end_ordered",
    }
}
