//! Sends a parked invoice by another route, to another address: what the sender knows better than the document.
//!
//! The document stays as it was accepted. What changes is whom it goes to and how, which is kept with the invoice and told as an event; the
//! delivery begins anew in the same transaction, so that no half of it can happen.

use futures_util::FutureExt;
use kvitt_domain::delivery::Event;
use kvitt_domain::identifiers::EmailAddress;
use kvitt_domain::invoice::Address;
use kvitt_domain::plan::RouteName;
use serde::{Deserialize, Serialize};

use crate::actions::move_delivery::{Move, move_from};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::store::invoice::StoredInvoice;
use crate::store::job::Urgency;
use crate::store::{delivery, invoice};

/// Where it goes instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Instead {
    /// On paper.
    Print {
        /// The name on the letter.
        name: String,
        /// Where it goes.
        address: Box<Address>,
    },
    /// By e-mail.
    Email {
        /// The address.
        to: String,
    },
}

impl Instead {
    fn route(&self) -> RouteName {
        RouteName::new(match self {
            Instead::Print { .. } => "print",
            Instead::Email { .. } => "email",
        })
    }

    /// The invoice as it is when it goes there.
    pub(crate) fn aimed(self, mut stored: StoredInvoice) -> StoredInvoice {
        let (route, body) = (self.route(), &mut stored.body);
        body.metadata.route_order = vec![route.clone()];
        body.metadata.disabled_routes.retain(|disabled| *disabled != route);
        match self {
            Instead::Print { name, address } => (body.recipient.name, body.recipient.address) = (name, *address),
            Instead::Email { to } => {
                body.metadata.recipient_email = Some(to.clone());
                body.recipient.email = Some(to);
            }
        }
        stored
    }
}

#[derive(Serialize)]
struct Told<'a> {
    route: &'a RouteName,
    by: &'a str,
}

/// Sends an invoice another way. Refused where it is not parked: what may have left the house is not sent twice.
pub async fn reroute_invoice(hub: &Hub, company: &Company, id: &str, instead: Instead, by: &str) -> Result<()> {
    if let Instead::Email { to } = &instead {
        EmailAddress::parse(to).map_err(Error::refused)?;
    }
    let (company, id, by, now) = (company.clone(), id.to_owned(), by.to_owned(), hub.clock().business_ms());
    hub.write(move |tx| {
        let (company, id, instead, by) = (company.clone(), id.clone(), instead.clone(), by.clone());
        async move {
            let stored = invoice::by_id(tx.db(), &company.id, &company.key, &id).await?;
            let route = instead.route();
            let stored = instead.aimed(stored);
            invoice::save_body(tx, &company.id, &company.key, &stored).await?;
            let told = Told { route: &route, by: &by };
            tx.tell(NewEvent::new(&company.id, &company.key, now, "invoice.rerouted", &id, &told)?);
            let bill = delivery::of_bill(tx.db(), &company.id, &company.key, &id).await?;
            let what = Move { company: &company, delivery: &bill.id, urgency: Urgency::Interactive, lot_at_most: None, now };
            move_from(tx, &what, &bill, Event::Reopened { by: by.clone() }).await
        }
        .boxed()
    })
    .await
}
