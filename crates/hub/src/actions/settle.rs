//! What only a person decides: a delivery in doubt, a parked one, one to call back, a stuck job, a blocked address.

use futures_util::FutureExt;
use jiff::Timestamp;
use kvitt_adapters::route::{Entry, Found};
use kvitt_adapters::routes;
use kvitt_adapters::routes::avtalegiro;
use kvitt_domain::delivery::{AttemptId, Event, Purpose, State};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::RouteName;
use serde::{Deserialize, Serialize};

use crate::actions::claims::{self, CallBack};
use crate::actions::move_delivery::{Move, move_delivery};
use crate::actions::{explain, look_back};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::job::{self, Urgency};
use crate::store::{Tx, consignment, delivery, suppression};

/// What a person found out or wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// The attempt in doubt was sent.
    Sent,
    /// The attempt in doubt was not sent: choose a route anew.
    Unsent,
    /// Send the same letter again: same bytes, same Message-ID.
    Repeat,
    /// What parked it is mended: plan again with all routes.
    Reopen,
    /// Call it back: at once while nothing has left the house, else by asking the counterparty, where that is possible.
    Cancel,
}

impl Settlement {
    fn event(self, by: &str) -> Event {
        let by = by.to_owned();
        match self {
            Settlement::Sent => Event::SettledAsSent { by },
            Settlement::Unsent => Event::SettledAsUnsent { by },
            Settlement::Repeat => Event::Repeated { by },
            Settlement::Reopen => Event::Reopened { by },
            Settlement::Cancel => Event::Cancelled { by },
        }
    }
}

/// What a person decided, and of what.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// The invoice's number or id.
    pub invoice: &'a str,
    /// Which of its deliveries: the document's own, or the notice of its claim.
    pub purpose: Purpose,
    /// What was found out or is wanted.
    pub settlement: Settlement,
}

/// Carries a person's decision out. A decision that the delivery's state does not allow is refused and changes nothing.
pub async fn settle(hub: &Hub, company: &Company, decided: Decided<'_>, by: &str) -> Result<()> {
    if by.trim().is_empty() {
        return Err(Error::refused(Fault::fatal(codes::TERM_MISSING).at("by").with("term", "by")));
    }
    let invoice = explain::find(hub, company, decided.invoice).await?.id;
    let (company, event, now) = (company.clone(), decided.settlement.event(by), hub.clock().business_ms());
    let (purpose, by) = (decided.purpose, by.to_owned());
    hub.write(move |tx| {
        let (company, invoice, event, by) = (company.clone(), invoice.clone(), event.clone(), by.clone());
        async move {
            let stored = delivery::of_invoice(tx.db(), &company.id, &company.key, &invoice, purpose).await?;
            let stored = stored.ok_or_else(|| Error::refused(Fault::fatal(codes::NOTICE_NONE)))?;
            if let Event::Cancelled { by } = &event
                && let Some((route, attempt)) = stored.delivery.state.may_be_called_back()
            {
                return call_back(tx, &company, &invoice, route, attempt, by, now).await;
            }
            if let Event::Cancelled { .. } = &event {
                refuse_while_doubted(tx, &company, &stored.delivery.state).await?;
            }
            let what = Move { company: &company, delivery: &stored.id, urgency: Urgency::Interactive, lot_at_most: None, now };
            let (State::InDoubt { route, attempt, .. }, Some(found)) = (&stored.delivery.state, settled_as(&event)) else {
                return move_delivery(tx, &what, event.clone()).await;
            };
            let settled = Settled { invoice: &invoice, route, attempt: *attempt, found, by: &by };
            // Before it moves: one that is repeated may join a lot that is closed at once, and is judged there by what was found.
            let doubted = note_settled(tx, &what, &settled).await?;
            move_delivery(tx, &what, event.clone()).await?;
            follow_sent(tx, &what, &settled, doubted.as_deref()).await
        }
        .boxed()
    })
    .await
}

/// What is repeated because nobody knows whether it was sent may be with its counterparty already. Where that can give it back, it is
/// not taken for called back here before it is asked.
async fn refuse_while_doubted(tx: &mut Tx<'_>, company: &Company, state: &State) -> Result<()> {
    let State::Queued { route, attempt } = state else { return Ok(()) };
    if !routes::by_name(route.as_str()).is_some_and(|route| route.can_be_called_back()) {
        return Ok(());
    }
    match look_back::may_be_sent(tx.db(), company, *attempt).await? {
        true => Err(Error::refused(Fault::fatal(codes::CALL_BACK_TOO_EARLY).with("route", route))),
        false => Ok(()),
    }
}

/// What an event says that a person found.
fn settled_as(event: &Event) -> Option<Found> {
    match event {
        Event::SettledAsSent { .. } => Some(Found::Sent),
        Event::SettledAsUnsent { .. } => Some(Found::Unsent),
        Event::Repeated { .. } => Some(Found::Repeated),
        _ => None,
    }
}

/// What was found of an attempt in doubt.
struct Settled<'a> {
    invoice: &'a str,
    route: &'a RouteName,
    attempt: AttemptId,
    found: Found,
    by: &'a str,
}

/// Enters what a person found in the log of the consignment that is in doubt, so that what is said for it later goes by that. Answers
/// which consignment that is: the one in which it travelled last.
async fn note_settled(tx: &mut Tx<'_>, what: &Move<'_>, settled: &Settled<'_>) -> Result<Option<String>> {
    let Settled { attempt, found, by, .. } = *settled;
    let (company, now) = (what.company, what.now);
    let Some(doubted) = consignment::of_attempt(tx.db(), &company.id, attempt).await?.pop() else { return Ok(None) };
    let at = Timestamp::from_millisecond(now).map_err(|_| Error::Damaged("now is no time".into()))?;
    let note = Entry::Settled { attempt, found, by: by.to_owned(), at };
    consignment::lock(tx, &company.id, &doubted).await?;
    consignment::note(tx, &company.id, &company.key, &doubted, &note, now).await?;
    Ok(Some(doubted))
}

/// A claim that was found to be sent is called back where somebody wished that meanwhile; else its payer is told of it.
async fn follow_sent(tx: &mut Tx<'_>, what: &Move<'_>, settled: &Settled<'_>, doubted: Option<&str>) -> Result<()> {
    let Settled { invoice, route, attempt, found, by } = *settled;
    let (company, now) = (what.company, what.now);
    if found != Found::Sent || route.as_str() != avtalegiro::NAME {
        return Ok(());
    }
    match doubted {
        Some(doubted) if consignment::is_wished_back(tx.db(), &company.id, doubted, attempt).await? => {
            claims::wish_again(tx, company, invoice, attempt, by, now).await
        }
        Some(_) | None => claims::tell_payer_of_settled(tx, company, attempt, what.urgency, now).await,
    }
}

/// Asks the counterparty to give back what it took: the wish enters the conversation's log, and its adapter does the rest.
async fn call_back(
    tx: &mut Tx<'_>,
    company: &Company,
    invoice: &str,
    route: &RouteName,
    attempt: AttemptId,
    by: &str,
    now: i64,
) -> Result<()> {
    let possible = routes::by_name(route.as_str()).is_some_and(|route| route.can_be_called_back());
    if !possible {
        return Err(Error::refused(Fault::fatal(codes::CALL_BACK_IMPOSSIBLE).with("route", route)));
    }
    let file = match route.as_str() == avtalegiro::NAME {
        true => claims::may_call_back(tx, company, attempt, now).await?,
        false => None,
    };
    claims::note_call_back(tx, company, &CallBack { invoice, attempt, by, file }, Urgency::Interactive, now).await
}

/// Moves a stuck job.
pub async fn unstick(hub: &Hub, company: &Company, id: &str) -> Result<()> {
    let (company, id, now) = (company.clone(), id.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, id) = (company.clone(), id.clone());
        async move {
            if !job::unstick(tx, &company.id, &id, now).await? {
                return Err(Error::NotFound(format!("a stuck job {id}")));
            }
            tx.tell(NewEvent::new(&company.id, &company.key, now, "job.unstuck", &id, &())?);
            Ok(())
        }
        .boxed()
    })
    .await
}

/// Lets an e-mail address that bounced be written to again.
pub async fn lift_suppression(hub: &Hub, company: &Company, address: &str) -> Result<()> {
    let (company, address, now) = (company.clone(), address.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, address) = (company.clone(), address.clone());
        async move {
            if !suppression::lift(tx, &company.id, &company.key, &address).await? {
                return Err(Error::NotFound("a blocked address like this".into()));
            }
            tx.tell(NewEvent::new(&company.id, &company.key, now, "address.lifted", &company.id, &address)?);
            Ok(())
        }
        .boxed()
    })
    .await
}
