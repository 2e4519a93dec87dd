//! The actors of a run: workers, hand-ins, messages that arrive, banks that open bills, and people.

use std::future::Future;
use std::pin::Pin;

use kvitt_adapters::route::Arrival;
use kvitt_domain::delivery::Purpose;
use kvitt_hub::actions::accept_invoice::accept_invoice;
use kvitt_hub::actions::open_bill::{self, Worth};
use kvitt_hub::actions::receive_arrival::{Received, receive_arrival};
use kvitt_hub::actions::settle::{Decided, Settlement, settle};
use kvitt_hub::error::Error;
use kvitt_hub::hub::Hub;
use kvitt_hub::jobs::{dispatcher, runner};
use kvitt_hub::store::delivery;
use kvitt_hub::store::job::Wanted;

use super::play::{Answer, Play};
use crate::documents::Document;

/// What an actor came to.
#[derive(Debug)]
pub enum End {
    /// A job was done, or none was due.
    Worked(usize),
    /// A document was answered.
    HandedIn(usize, Result<(String, bool), String>),
    /// A message was taken in.
    Arrived(String, Result<Received, String>),
    /// A bank opened a bill.
    Opened(Result<Worth, String>),
    /// A person did something.
    Decided(Result<(), String>),
}

/// Somebody who does something in the hub, or to it.
pub type Actor = Pin<Box<dyn Future<Output = End>>>;

/// An actor on the stage.
pub struct OnStage {
    /// What it is called in the story.
    pub name: String,
    /// The message that it takes in, or the document that it hands in.
    pub holds: Option<Holds>,
    /// What it does.
    pub actor: Actor,
}

/// What is in an actor's hands: nobody else takes it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// The document at this place.
    Document(usize),
    /// The message of this name.
    Message(String),
}

impl Play {
    /// Does one job of a company, if one is due.
    pub fn worker(&mut self, hub: &Hub, company: usize) -> OnStage {
        let (hub, id) = (hub.clone(), self.company_ids[company].clone());
        let actor = async move {
            let jobs = dispatcher::claim(&hub, &id, Wanted::any(1)).await.unwrap_or_default();
            let count = jobs.len();
            for job in jobs {
                runner::run(&hub, job).await;
            }
            End::Worked(count)
        };
        OnStage { name: format!("worker {company}"), holds: None, actor: Box::pin(actor) }
    }

    /// Hands a document in.
    pub fn hand_in(&mut self, hub: &Hub, at: usize) -> OnStage {
        let (hub, document) = (hub.clone(), self.documents[at].clone());
        let name = format!("hand-in {at} of {}", document.number);
        self.tell(format!("{name}: {}", document.described));
        let actor = async move {
            let answer = accept_invoice(&hub, document.handed).await;
            End::HandedIn(at, answer.map(|accepted| (accepted.id, accepted.again)).map_err(|error| error.to_string()))
        };
        OnStage { name, holds: Some(Holds::Document(at)), actor: Box::pin(actor) }
    }

    /// Takes in a message that came.
    pub fn arrival(&mut self, hub: &Hub, at: usize) -> OnStage {
        let message = self.world().messages[at].clone();
        // What gives something back may be heard from this moment on, although nobody has answered yet.
        for place in &message.gives_back {
            self.world().taken[*place].given_back = true;
        }
        let (hub, name) = (hub.clone(), message.name.clone());
        let actor = async move {
            let received = receive_arrival(&hub, Arrival { door: message.door, bytes: message.bytes }).await;
            End::Arrived(message.name, received.map_err(|error| error.to_string()))
        };
        OnStage { name: format!("arrival {name}"), holds: Some(Holds::Message(name)), actor: Box::pin(actor) }
    }

    /// A consumer opens a bill in the bank, which fetches it from the hub with a token.
    pub fn bank(&mut self, hub: &Hub) -> Option<OnStage> {
        let opened = {
            let world = self.world();
            let (now, clocks) = (world.now(), world.both_clocks());
            let bills: Vec<_> = world.mps.books().newest(now).map(|(_, _, bill, _)| bill.id).collect();
            bills.into_iter().filter_map(|bill| world.mps.open(bill, clocks).ok()).collect::<Vec<_>>()
        };
        if opened.is_empty() {
            return None;
        }
        let (address, token) = self.dice.pick(&opened).clone();
        let hub = hub.clone();
        let actor = async move {
            let opened = async {
                let mut parts = address.rsplit('/');
                let (link, company) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                let bill = open_bill::find(&hub, company, link).await?;
                open_bill::open(&hub, &bill, &token).await
            };
            End::Opened(opened.await.map_err(|error: Error| error.to_string()))
        };
        Some(OnStage { name: "a bank opens a bill".to_owned(), holds: None, actor: Box::pin(actor) })
    }

    /// A person does one thing: settles a doubt by the ledger, calls something back, opens what is parked.
    pub async fn person(&mut self, hub: &Hub) -> Option<OnStage> {
        let mut known: Vec<(usize, String)> = Vec::new();
        for (at, answer) in &self.answers {
            if let Answer::Accepted(id) = answer {
                known.push((*at, id.clone()));
            }
        }
        if known.is_empty() {
            return None;
        }
        let (at, id) = self.dice.pick(&known).clone();
        let document = self.documents[at].clone();
        let state = state_of(hub, document.company, &id).await;
        let settlement = match state {
            "in_doubt" => self.by_the_ledger(&document),
            "parked" if self.dice.once_in(2) => Settlement::Reopen,
            _ if self.dice.once_in(2) => Settlement::Cancel,
            _ => return None,
        };
        let name = format!("a person on {}, {state}: {settlement:?}", document.number);
        Some(OnStage { name, holds: None, actor: decision(hub.clone(), document.company, id, settlement) })
    }

    fn by_the_ledger(&mut self, document: &Document) -> Settlement {
        let was_taken = !self.world().holders(document.company, &document.number).is_empty();
        match was_taken {
            true => Settlement::Sent,
            false if self.dice.once_in(2) => Settlement::Repeat,
            false => Settlement::Unsent,
        }
    }
}

/// A person decides what becomes of an invoice.
pub fn decision(hub: Hub, company: &'static str, id: String, settlement: Settlement) -> Actor {
    Box::pin(async move {
        let decided = async {
            let company = hub.company(Some(company)).await?;
            let decided = Decided { invoice: &id, purpose: Purpose::Bill, settlement };
            settle(&hub, &company, decided, "the simulation").await
        };
        End::Decided(decided.await.map_err(|error: Error| error.to_string()))
    })
}

/// The state of an invoice's delivery, by name.
pub async fn state_of(hub: &Hub, company: &str, id: &str) -> &'static str {
    let company = hub.company(Some(company)).await.expect("a company of the template");
    let mut db = hub.db().read().await.expect("a connection");
    let stored = delivery::of_bill(&mut db, &company.id, &company.key, id).await.expect("an accepted invoice has a delivery");
    stored.delivery.state.name()
}
