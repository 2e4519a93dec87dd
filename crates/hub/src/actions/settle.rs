//! What only a person decides: a delivery in doubt, a parked one, one to call back, a stuck job, a blocked address.

use futures_util::FutureExt;
use kvitt_domain::delivery::Event;
use kvitt_domain::fault::{Fault, codes};
use serde::{Deserialize, Serialize};

use crate::actions::explain;
use crate::actions::move_delivery::{Move, move_delivery};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::job::{self, Urgency};
use crate::store::{delivery, suppression};

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
    /// Call it back, if nothing has left the house.
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

/// Carries a person's decision out. A decision that the delivery's state does not allow is refused and changes nothing.
pub async fn settle(hub: &Hub, company: &Company, invoice: &str, settlement: Settlement, by: &str) -> Result<()> {
    if by.trim().is_empty() {
        return Err(Error::refused(Fault::fatal(codes::TERM_MISSING).at("by").with("term", "by")));
    }
    let invoice = explain::find(hub, company, invoice).await?.id;
    let (company, event, now) = (company.clone(), settlement.event(by), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, invoice, event) = (company.clone(), invoice.clone(), event.clone());
        async move {
            let stored = delivery::of_invoice(tx.db(), &company.id, &company.key, &invoice).await?;
            let what = Move { company: &company, delivery: &stored.id, urgency: Urgency::Interactive, now };
            move_delivery(tx, &what, event).await?;
            Ok(())
        }
        .boxed()
    })
    .await
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
