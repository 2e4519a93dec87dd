//! The actors of a run: workers, hand-ins, messages that arrive, banks that open bills, and people.

use std::future::Future;
use std::pin::Pin;

use kvitt_adapters::route::Arrival;
use kvitt_domain::delivery::Purpose;
use kvitt_hub::actions::accept_invoice::accept_invoice;
use kvitt_hub::actions::match_payment::{self, Settling};
use kvitt_hub::actions::open_bill::{self, Worth};
use kvitt_hub::actions::receive_arrival::{Received, receive_arrival};
use kvitt_hub::actions::settle::{Decided, Settlement, settle};
use kvitt_hub::error::Error;
use kvitt_hub::hub::Hub;
use kvitt_hub::jobs::watch::bank_files::Door;
use kvitt_hub::jobs::{dispatcher, runner};
use kvitt_hub::store::job::Wanted;
use kvitt_hub::store::{collection, delivery};

use super::debits::account_of;
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
    /// The bank's files were looked for, and so many taken.
    Looked(Result<usize, String>),
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
    /// When it wrote down what it says next, business time in Unix milliseconds; 0 where it says nothing.
    pub begun_at: i64,
}

impl OnStage {
    /// Somebody who has nothing in hand.
    pub fn free(name: String, actor: Actor) -> OnStage {
        OnStage { name, holds: None, actor, begun_at: 0 }
    }

    fn holding(name: String, holds: Holds, actor: Actor) -> OnStage {
        OnStage { holds: Some(holds), ..OnStage::free(name, actor) }
    }
}

/// What is in an actor's hands: nobody else takes it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// The document at this place.
    Document(usize),
    /// The message of this name.
    Message(String),
    /// The door through which the bank's files come: one looks at a time.
    BankDoor,
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
        OnStage::free(format!("worker {company}"), Box::pin(actor))
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
        OnStage::holding(name, Holds::Document(at), Box::pin(actor))
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
        OnStage::holding(format!("arrival {name}"), Holds::Message(name), Box::pin(actor))
    }

    /// Looks for files that the bank left, and takes in what is there.
    pub fn bank_door(&mut self, hub: &Hub) -> OnStage {
        let hub = hub.clone();
        let actor = async move {
            let (_never, stop) = tokio::sync::watch::channel(false);
            let mut taken = 0;
            for mut door in Door::all(&hub) {
                match door.look(&hub, &stop).await {
                    Ok(files) => taken += files,
                    Err(error) => return End::Looked(Err(error.to_string())),
                }
            }
            End::Looked(Ok(taken))
        };
        OnStage::holding("bank door".to_owned(), Holds::BankDoor, Box::pin(actor))
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
        Some(OnStage::free("a bank opens a bill".to_owned(), Box::pin(actor)))
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
        if account_of(&document).is_some() && self.dice.once_in(4) {
            return self.person_of_money(hub, &document, id).await;
        }
        let purpose = if account_of(&document).is_some() && self.dice.once_in(3) { Purpose::Notice } else { Purpose::Bill };
        let state = state_of(hub, document.company, &id, purpose).await?;
        let settlement = match state {
            "in_doubt" => self.by_the_ledger(&document, purpose),
            "parked" if self.dice.once_in(2) => Settlement::Reopen,
            _ if purpose == Purpose::Bill && self.dice.once_in(2) => Settlement::Cancel,
            _ => return None,
        };
        let name = format!("a person on {}{}, {state}: {settlement:?}", document.number, of_what(purpose));
        Some(OnStage::free(name, decision(hub.clone(), document.company, id, purpose, settlement)))
    }

    /// A person decides about the money of an invoice: it is quits, or is not, or may be claimed again.
    async fn person_of_money(&mut self, hub: &Hub, document: &Document, id: String) -> Option<OnStage> {
        let (number, company) = (document.number.clone(), document.company);
        let of = hub.company(Some(company)).await.expect("a company of the template");
        let stored = collection::of_invoice(&mut hub.db().read().await.expect("a connection"), &of.id, &id).await;
        let state = stored.expect("an answer")?.candidate.collection.state().name();
        let settling = match state {
            "closed" if self.dice.once_in(2) => Settling::Open,
            "reopened" if self.dice.once_in(2) => Settling::Release,
            "claimed" | "open" if self.dice.once_in(4) => Settling::Close,
            _ => return None,
        };
        let name = format!("a person on the money of {number}, {state}: {settling:?}");
        let hub = hub.clone();
        let actor = async move {
            let decided = match_payment::settle(&hub, &of, &id, settling, "the simulation").await;
            End::Decided(decided.map_err(|error| error.to_string()))
        };
        Some(OnStage::free(name, Box::pin(actor)))
    }

    fn by_the_ledger(&mut self, document: &Document, purpose: Purpose) -> Settlement {
        let was_taken = !self.world().with(document.company, &document.number, purpose).is_empty();
        match was_taken {
            true => Settlement::Sent,
            false if self.dice.once_in(2) => Settlement::Repeat,
            false => Settlement::Unsent,
        }
    }
}

/// A person decides what becomes of an invoice, or of the notice of its claim.
pub fn decision(hub: Hub, company: &'static str, id: String, purpose: Purpose, settlement: Settlement) -> Actor {
    Box::pin(async move {
        let decided = async {
            let company = hub.company(Some(company)).await?;
            let decided = Decided { invoice: &id, purpose, settlement };
            settle(&hub, &company, decided, "the simulation").await
        };
        End::Decided(decided.await.map_err(|error: Error| error.to_string()))
    })
}

/// What a decision is about, where it is not the document itself.
pub fn of_what(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Bill => "",
        Purpose::Notice => "'s notice",
    }
}

/// The state of an invoice's delivery, or of its notice's where there is one, by name.
pub async fn state_of(hub: &Hub, company: &str, id: &str, purpose: Purpose) -> Option<&'static str> {
    let company = hub.company(Some(company)).await.expect("a company of the template");
    let mut db = hub.db().read().await.expect("a connection");
    let stored = delivery::of_invoice(&mut db, &company.id, &company.key, id, purpose).await.expect("an answer");
    stored.map(|stored| stored.delivery.state.name())
}
