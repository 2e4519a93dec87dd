//! eFaktura: up to a thousand bills a shipment, to the netbanks of consumers who take them, by the payment service's SOAP
//! interface for eFaktura and AvtaleGiro together.
//!
//! Here is what a bill is to the service. The route's parts: the settings ([`setup`]), what closes the route ([`rules`], [`bill`]),
//! the messages ([`soap`], [`element`], [`shipment`], [`status`], [`lookup`], [`services`]), what is said next ([`journey`]), what a
//! log proves ([`progress`]) and what goes wrong as faults ([`outcome`]). The direct debits of [`super::avtalegiro`] are handed over
//! and followed by the same conversation, about another part of its answers ([`part`]). The register of consumers who take eFaktura is [`crate::registers::yes_to_all`].
//! `docs/routes/efaktura.md` is the page for users, and says what is confirmed and what is inferred.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use kvitt_domain::delivery::{AttemptId, Purpose};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::plan::Verdict;
use uuid::{Uuid, uuid};

use self::bill::Bill;
use self::journey::Terms;
pub use self::setup::EfakturaSetup;
use self::shipment::{EfakturaInfo, PaymentType, Receiver, Transaction};
use self::soap::Value;
use crate::register::Register;
use crate::registers::yes_to_all::YesToAll;
use crate::route::{
    AdapterError, Arrival, Arrived, Closes, Concerned, Consignment, Document, Entry, Facts, Lot, Member, Route, RouteSetup,
    Secret, Step,
};

pub mod bill;
pub mod element;
pub mod fate;
pub mod journey;
pub mod lookup;
pub mod outcome;
pub mod part;
pub mod progress;
pub mod rules;
pub mod services;
pub mod setup;
pub mod shipment;
pub mod soap;
pub mod status;

/// The name of the route.
pub const NAME: &str = "efaktura";

/// The longest address of a bill that the service takes.
const LONGEST_ADDRESS: usize = 255;

/// The eFaktura route.
#[derive(Debug, Clone, Copy)]
pub struct Efaktura;

/// A shipment's id with the service: from the consignment's, so that a repeat has the same.
pub fn shipment_id(consignment: Uuid) -> Uuid {
    const SHIPMENTS: Uuid = uuid!("5f0d2c1e-6a51-4c8f-9d0e-0f4a3c7be001");
    Uuid::new_v5(&SHIPMENTS, consignment.as_bytes())
}

/// A bill's id with the service: from the attempt's, so that the service recognises it in whatever shipment it comes.
pub fn transaction_id(attempt: AttemptId) -> Uuid {
    const TRANSACTIONS: Uuid = uuid!("5f0d2c1e-6a51-4c8f-9d0e-0f4a3c7be002");
    Uuid::new_v5(&TRANSACTIONS, attempt.0.as_bytes())
}

fn oslo_date(at: Timestamp) -> Date {
    at.to_zoned(jiff::tz::get!("Europe/Oslo")).date()
}

impl Route for Efaktura {
    fn name(&self) -> &'static str {
        NAME
    }

    fn consider(&self, document: &Document<'_>, facts: &Facts<'_>, now: Timestamp) -> Verdict {
        rules::consider(document, facts, now)
    }

    fn lot(&self, setup: &RouteSetup) -> Lot {
        match setup.read::<EfakturaSetup>() {
            Ok(setup) => {
                let wait = Duration::from_secs(setup.lot_open_seconds.into());
                Lot { members: setup.lot_size, closes: Closes::After(wait) }
            }
            // A row that cannot be read is told when its lot is to be said.
            Err(_) => Lot::OF_ONE,
        }
    }

    fn next(&self, consignment: &Consignment, log: &[Entry]) -> Result<Step, AdapterError> {
        let setup: EfakturaSetup = consignment.setup.read()?;
        let terms = Terms {
            part: &part::BILL,
            service: &setup.service,
            settle: setup.settle(),
            transaction: &|member| transaction(member, &setup),
        };
        journey::step(consignment, log, &terms)
    }

    fn read(&self, _arrived: &Arrival) -> Result<Vec<(Concerned, Arrived)>, AdapterError> {
        Err(AdapterError::Arrival("nothing comes by itself from the eFaktura service: it is asked".to_owned()))
    }

    fn check_setup(&self, setup: &RouteSetup) -> Vec<Fault> {
        setup::check(setup)
    }

    fn register(&self) -> Option<&'static dyn Register> {
        Some(&YesToAll)
    }

    fn can_be_called_back(&self) -> bool {
        true
    }
}

/// An attempt as the service takes it: everything comes from the closed consignment. What was said of it on an earlier journey
/// is not looked at: that was a whole shipment, and the id alone makes the service recognise the bill.
fn transaction(member: &Member, setup: &EfakturaSetup) -> Result<Transaction, Fault> {
    let cannot = || Fault::fatal(codes::EFAKTURA_BILL_ADDRESS);
    let bill = Bill::of(&member.invoice, member.purpose, setup, oslo_date(member.opened_at))
        .map_err(|faults| faults.into_iter().next().unwrap_or_else(cannot))?;
    // The bill host shows the PDF there, and everything that goes with it.
    let url = member.bill_address.clone().filter(|url| url.chars().count() <= LONGEST_ADDRESS).ok_or_else(cannot)?;
    let payment = match member.purpose {
        Purpose::Bill => PaymentType::Efaktura,
        // The claim is made apart from it; the netbank shows that there is one, and nothing to pay.
        Purpose::Notice => PaymentType::EfakturaAndExternalAvtalegiro,
    };
    let given = member.recipient.efaktura_identifier.as_deref().map(str::trim).filter(|identifier| !identifier.is_empty());
    let receiver = given.map_or(Value::Secret(Secret::Found(member.attempt)), |identifier| Value::Text(identifier.to_owned()));
    Ok(Transaction {
        id: transaction_id(member.attempt),
        payment,
        document: bill.document,
        kid: bill.kid,
        account: bill.account,
        amount: bill.amount,
        due_on: bill.due_on,
        efaktura: Some(EfakturaInfo {
            receiver: Receiver::Identifier(receiver),
            minimum: None,
            brand: setup.brand_name.clone(),
            url,
        }),
        claim: None,
    })
}
