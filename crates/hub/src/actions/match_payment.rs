//! What a person decides about payments and the money of invoices: which invoice a parked payment belongs to, that one was placed
//! wrongly, that one is of no concern, that an invoice is quits or may be claimed again.

use futures_util::FutureExt;
use kvitt_domain::collection::Event;
use kvitt_domain::fault::{Fault, codes};
use serde::{Deserialize, Serialize};

use crate::actions::explain::find;
use crate::actions::move_collection::{Move, move_by, move_collection};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::payment::{self, BY_HAND, State, StoredPayment};
use crate::store::{Tx, collection};

/// What a person decided about a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// It is for this invoice: its number or id.
    Match {
        /// The invoice.
        invoice: String,
    },
    /// It was placed wrongly: it waits for a person again.
    Unmatch,
    /// It is no invoice's.
    Dismiss,
}

/// What a person decided about the money of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settling {
    /// It is quits, whatever the sums say.
    Close,
    /// It is not, after all.
    Open,
    /// It may be claimed again, after a direct debit that did not happen.
    Release,
}

/// Carries out what a person decided about a payment, named by its id or the beginning of it.
pub async fn decide(hub: &Hub, company: &Company, payment: &str, decision: Decision, by: &str) -> Result<()> {
    let id = named(hub, company, payment).await?;
    let invoice = match &decision {
        Decision::Match { invoice } => find(hub, company, invoice).await?.id,
        Decision::Unmatch | Decision::Dismiss => String::new(),
    };
    let now = hub.clock().business_ms();
    let (company, by) = (company.clone(), by.to_owned());
    hub.write(move |tx| {
        let (company, by, id, invoice, decision) = (company.clone(), by.clone(), id.clone(), invoice.clone(), decision.clone());
        async move {
            let known = payment::by_id(tx.db(), &company.id, &company.key, &id).await?;
            let known = known.ok_or_else(|| unknown(&id))?;
            match decision {
                Decision::Match { .. } => place(tx, &company, &known, &invoice, now).await?,
                Decision::Unmatch => take_away(tx, &company, &known, &by, now).await?,
                Decision::Dismiss => match known.state {
                    // What a person says was told before counts for its rail no more.
                    State::Parked { ref why } if why.code == codes::PAYMENT_PERHAPS_TOLD => {
                        payment::save(tx, &company.id, &company.key, &known, State::ToldAgain).await?;
                    }
                    State::Parked { .. } => payment::save(tx, &company.id, &company.key, &known, State::NoConcern).await?,
                    State::Matched { .. } | State::NoConcern | State::ToldTwice | State::ToldAgain => {
                        return Err(refused(&known));
                    }
                },
            }
            let told = serde_json::json!({ "decision": decision, "by": by });
            tx.tell(NewEvent::new(&company.id, &company.key, now, "payment.decided", &id, &told)?);
            Ok(())
        }
        .boxed()
    })
    .await
}

async fn place(tx: &mut Tx<'_>, company: &Company, known: &StoredPayment, invoice: &str, now: i64) -> Result<()> {
    match known.state {
        // Two payments that are alike in all that files tell may be taken for one told twice: a person may know better.
        State::Parked { .. } | State::NoConcern | State::ToldTwice | State::ToldAgain => {}
        State::Matched { .. } => return Err(refused(known)),
    }
    if collection::of_invoice(tx.db(), &company.id, invoice).await?.is_none() {
        // An invoice of nothing, or a credit note.
        return Err(Error::refused(Fault::fatal(codes::INVOICE_UNKNOWN).with("invoice", invoice)));
    }
    move_by(tx, Move { company, invoice, now }, known.payment.event(), Some(&known.id)).await?;
    let state = State::Matched { invoice: invoice.to_owned(), fit: BY_HAND.to_owned() };
    payment::save(tx, &company.id, &company.key, known, state).await
}

async fn take_away(tx: &mut Tx<'_>, company: &Company, known: &StoredPayment, by: &str, now: i64) -> Result<()> {
    let State::Matched { invoice, .. } = &known.state else { return Err(refused(known)) };
    let event = Event::TakenAway { what: Box::new(known.payment.event()) };
    move_by(tx, Move { company, invoice, now }, event, Some(&known.id)).await?;
    let why = Fault::warning(codes::PAYMENT_TAKEN_AWAY).with("by", by);
    payment::save(tx, &company.id, &company.key, known, State::Parked { why }).await
}

/// Carries out what a person decided about the money of an invoice.
pub async fn settle(hub: &Hub, company: &Company, invoice: &str, settling: Settling, by: &str) -> Result<()> {
    let invoice = find(hub, company, invoice).await?.id;
    let now = hub.clock().business_ms();
    let (company, by) = (company.clone(), by.to_owned());
    hub.write(move |tx| {
        let (company, by, invoice) = (company.clone(), by.clone(), invoice.clone());
        async move {
            let event = match settling {
                Settling::Close => Event::Closed { by },
                Settling::Open => Event::Opened { by },
                Settling::Release => Event::Released { by },
            };
            move_collection(tx, Move { company: &company, invoice: &invoice, now }, event).await.map(|_| ())
        }
        .boxed()
    })
    .await
}

/// The id that a person means: all of it, or as much of its beginning as tells it apart.
pub async fn named(hub: &Hub, company: &Company, payment: &str) -> Result<String> {
    /// Fewer characters of an id say little, and mean a number of something else.
    const SHORTEST: usize = 4;
    let payment = payment.trim();
    if payment.len() < SHORTEST {
        return Err(unknown(payment));
    }
    let mut found = payment::starting_with(&mut *hub.db().read().await?, &company.id, payment).await?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(unknown(payment)),
    }
}

fn unknown(payment: &str) -> Error {
    Error::refused(Fault::fatal(codes::PAYMENT_UNKNOWN).with("payment", payment))
}

fn refused(known: &StoredPayment) -> Error {
    Error::refused(Fault::fatal(codes::PAYMENT_REFUSES).with("payment_state", known.state.name()))
}
