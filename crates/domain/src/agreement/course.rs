//! The course of an agreement: from the accepted terms, over the question who has it today and a take-over that somebody signs
//! for, until it is in force, refused or over.
//!
//! One machine for both agreements, one function: [`Course::apply`]. Every cell of state × event is decided here and shown in
//! `docs/states.md`. The two differ in how they become active: the main one spreads to the banks for up to a day, that of an
//! account waits until the bank has registered it. What is asked of whom in a state is `kvitt-adapters`' to say, when it is asked
//! is [`Course::asks_after`], and what a person must do is [`super::advice`].

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Agreement, AgreementKind, AgreementState, DirectDebit};
use crate::fault::{Fault, codes};
use crate::identifiers::EmailAddress;

/// How often the rail and the signing service are asked for news while something is under way.
pub const LOOK_EVERY: Duration = Duration::from_secs(30 * 60);

/// How often an agreement in force is looked at: whether another provider has taken it.
pub const LOOK_AT_ACTIVE_EVERY: Duration = Duration::from_secs(24 * 3600);

/// The banks fetch new agreements at times of their own: it takes up to a day until the last one has.
pub const SPREADS_FOR: Duration = Duration::from_secs(24 * 3600);

/// An agreement of a company and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// What it is about.
    pub subject: Subject,
    /// How it was ordered last; `None` where it never was, or a person recorded it.
    pub order: Option<Order>,
    /// The provider that it was taken over from, as long as nobody has said that everything there is closed.
    pub old_provider: Option<String>,
    /// How often a signature was asked for. Each is a request of its own to the signing service.
    pub signatures: u32,
    /// Where it stands.
    pub state: State,
}

/// What an agreement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Subject {
    /// The company's consumer invoices as a whole.
    MainVendor,
    /// Direct debit to one bank account.
    Avtalegiro {
        /// Eleven digits.
        account: String,
        /// What it goes by.
        debit: DirectDebit,
    },
}

impl Subject {
    /// Which agreement.
    pub fn kind(&self) -> AgreementKind {
        match self {
            Subject::MainVendor => AgreementKind::MainVendor,
            Subject::Avtalegiro { .. } => AgreementKind::Avtalegiro,
        }
    }

    /// The bank account, where it is for one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Subject::MainVendor => None,
            Subject::Avtalegiro { account, .. } => Some(account),
        }
    }
}

/// Who ordered an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Who accepted the terms.
    pub accepted_by: String,
    /// When, on the business clock.
    pub accepted_at: Timestamp,
    /// Who signs where another provider has it; may be named later.
    pub signer: Option<Signer>,
    /// The program whose word counts that the signer has signed already, outside of Kvitt; `None` where nobody vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vouched_by: Option<String>,
}

/// A person who may sign for the company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
}

impl Signer {
    /// A name that is not empty and an address that can be written to; else every fault at once.
    pub fn parse(name: &str, email: &str) -> Result<Signer, Vec<Fault>> {
        let mut faults = Vec::new();
        let name = name.trim().to_owned();
        if name.is_empty() {
            faults.push(Fault::fatal(codes::AGREEMENT_SIGNER_NAME));
        }
        match EmailAddress::parse(email) {
            Ok(email) if faults.is_empty() => return Ok(Signer { name, email: email.as_str().to_owned() }),
            Ok(_) => {}
            Err(fault) => faults.push(fault),
        }
        Err(faults)
    }
}

/// A request for a signature, as the signing service knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningRequest {
    /// Its id there.
    pub id: String,
    /// Where it is signed.
    pub address: String,
}

/// That somebody has signed for a take-over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The request's id at the signing service.
    pub reference: String,
    /// Who signed.
    pub signer_name: String,
    /// When.
    pub signed_at: Timestamp,
}

/// The states. What is only sometimes known lives inside the state that knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Nobody has accepted the terms.
    NotOrdered,
    /// The rail is asked who has it today.
    Asking,
    /// Another provider has it, and somebody who may sign must be named.
    SignerNeeded {
        /// The other provider's customer unit.
        provider: String,
        /// Why the last one asked did not sign.
        why: Option<Fault>,
    },
    /// A signature is being asked for.
    RequestingSignature {
        /// The other provider's customer unit.
        provider: String,
        /// Who is to sign.
        signer: Signer,
    },
    /// Somebody has been asked to sign.
    WaitingForSignature {
        /// The other provider's customer unit.
        provider: String,
        /// Who is to sign.
        signer: Signer,
        /// What they were asked.
        request: SigningRequest,
    },
    /// Nobody has it: the rail is told.
    Activating,
    /// Somebody has signed: the rail is told to move it.
    TakingOver {
        /// What was signed.
        consent: Consent,
    },
    /// The rail was told and has not decided.
    Processing {
        /// What was signed, where it is moved.
        consent: Option<Consent>,
    },
    /// The rail has it, the bank has not yet registered it. For an account only.
    WaitingForBank,
    /// In force with the rail; the banks fetch it.
    Spreading {
        /// When the last bank has it.
        until: Timestamp,
    },
    /// In force.
    Active {
        /// Since when.
        since: Timestamp,
        /// How it is known.
        known_by: KnownBy,
    },
    /// The rail said no.
    Refused {
        /// Why.
        why: Fault,
    },
    /// The rail is told that it ends.
    Ending {
        /// Who wants that.
        by: String,
    },
    /// It is over.
    Ended {
        /// Why.
        why: Fault,
    },
}

/// How it is known that an agreement is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// The rail says so, and is asked now and then.
    Rail,
    /// A person recorded it.
    Person,
}

/// What the rail says of an agreement: where it stands there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "word")]
pub enum Word {
    /// Nobody has one.
    Nobody,
    /// Another provider has it.
    Another {
        /// Its customer unit; empty where the rail does not say.
        provider: String,
    },
    /// Ours, not decided.
    Pending,
    /// Ours; the bank has not registered it.
    WaitingForBank,
    /// Ours and in force, but not in every bank.
    Spreading,
    /// Ours and in force.
    Active,
    /// Ours, and refused.
    Refused {
        /// Why.
        why: Fault,
    },
    /// It was ours.
    Ended,
}

/// What may happen to an agreement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A person accepted the terms.
    Ordered {
        /// Who, when, and who signs.
        order: Order,
    },
    /// A person named who signs.
    SignerNamed {
        /// Who.
        signer: Signer,
    },
    /// The rail said where it stands.
    Said {
        /// What it said.
        word: Word,
        /// When, on the business clock.
        at: Timestamp,
    },
    /// The signing service has the request.
    SignatureRequested {
        /// The request there.
        request: SigningRequest,
    },
    /// It was signed.
    Signed {
        /// What was signed.
        consent: Consent,
    },
    /// It was not, and will not be.
    NotSigned {
        /// Why.
        why: Fault,
    },
    /// The time that the banks need is over.
    SpreadOver {
        /// When, on the business clock.
        at: Timestamp,
    },
    /// A person found out that it is in force, or over.
    Recorded {
        /// What they found.
        found: Found,
        /// Who.
        by: String,
        /// When, on the business clock.
        at: Timestamp,
    },
    /// A person said that everything with the provider before is closed.
    OldProviderClosed {
        /// Who.
        by: String,
    },
    /// A person wants it to end.
    EndOrdered {
        /// Who.
        by: String,
    },
}

/// What a person can find out of an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// In force.
    Active,
    /// Over.
    Ended,
}

/// What must be done because of an event, in the same transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Ask whoever must be asked next, now.
    Ask,
    /// Fetch the mandates of the account, now and from now on.
    FetchMandates,
    /// A person must know: [`Course::advice`] says what.
    TellPerson,
}

/// The event cannot happen in this state. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot happen to an agreement that is {state}")]
pub struct Refused {
    /// The state's name.
    pub state: &'static str,
    /// The event's name.
    pub event: &'static str,
}

impl Refused {
    /// The same as a fault for people and programs.
    pub fn fault(&self) -> Fault {
        Fault::fatal(codes::AGREEMENT_STATE_REFUSES).with("agreement_step", self.state).with("event", self.event)
    }
}

type Moved = (State, Vec<Command>);

impl Course {
    /// An agreement as it begins.
    pub fn new(subject: Subject) -> Course {
        Course { subject, order: None, old_provider: None, signatures: 0, state: State::NotOrdered }
    }

    /// Which agreement.
    pub fn kind(&self) -> AgreementKind {
        self.subject.kind()
    }

    /// What becomes of it, and what must be done. Refused events change nothing.
    pub fn apply(mut self, event: Event) -> Result<(Course, Vec<Command>), Refused> {
        let refused = Refused { state: self.state.name(), event: event.name() };
        let state = std::mem::replace(&mut self.state, State::NotOrdered);
        let moved = match event {
            Event::Ordered { order } => match state {
                State::NotOrdered | State::Refused { .. } | State::Ended { .. } => {
                    self.order = Some(order);
                    Some((State::Asking, vec![Command::Ask]))
                }
                _ => None,
            },
            Event::SignerNamed { signer } => self.name_signer(state, signer),
            Event::Said { word, at } => self.hear(state, word, at),
            Event::SignatureRequested { request } => match state {
                State::RequestingSignature { provider, signer } => {
                    Some((State::WaitingForSignature { provider, signer, request }, vec![]))
                }
                _ => None,
            },
            Event::Signed { consent } => match state {
                State::WaitingForSignature { provider, .. } => {
                    self.old_provider = Some(provider);
                    Some((State::TakingOver { consent }, vec![Command::Ask]))
                }
                _ => None,
            },
            Event::NotSigned { why } => match state {
                State::WaitingForSignature { provider, .. } => {
                    if let Some(order) = &mut self.order {
                        order.signer = None;
                    }
                    Some((State::SignerNeeded { provider, why: Some(why) }, vec![Command::TellPerson]))
                }
                _ => None,
            },
            Event::SpreadOver { at } => match state {
                State::Spreading { .. } => Some(self.in_force(at)),
                _ => None,
            },
            Event::Recorded { found, by, at } => Some(self.record(found, by, at)),
            Event::OldProviderClosed { .. } => self.old_provider.take().map(|_| (state, vec![])),
            Event::EndOrdered { by } => self.end(state, by),
        };
        let (state, commands) = moved.ok_or(refused)?;
        Ok((Course { state, ..self }, commands))
    }

    /// The one who signs may be named whenever somebody must, and somebody else while the first one does not.
    fn name_signer(&mut self, state: State, signer: Signer) -> Option<Moved> {
        let (State::SignerNeeded { provider, .. } | State::WaitingForSignature { provider, .. }) = state else { return None };
        if let Some(order) = &mut self.order {
            order.signer = Some(signer.clone());
        }
        Some(self.request_signature(provider, signer))
    }

    /// The rail's word. `None` where nobody asked it.
    fn hear(&mut self, state: State, word: Word, at: Timestamp) -> Option<Moved> {
        match state {
            State::NotOrdered
            | State::SignerNeeded { .. }
            | State::RequestingSignature { .. }
            | State::WaitingForSignature { .. }
            | State::Refused { .. }
            | State::Ended { .. } => None,
            State::Asking | State::Activating => Some(match word {
                Word::Nobody | Word::Ended => (State::Activating, vec![Command::Ask]),
                Word::Another { provider } => self.signature_needed(provider),
                word => self.decided(word, None, at),
            }),
            State::TakingOver { consent } => Some(match word {
                Word::Nobody | Word::Ended => (State::Activating, vec![Command::Ask]),
                // The rail was told who signed, and moves it all the same not.
                Word::Another { provider } => {
                    let why = Fault::warning(codes::AGREEMENT_CONSENT_REFUSED).with("signer", consent.signer_name);
                    (State::SignerNeeded { provider, why: Some(why) }, vec![Command::TellPerson])
                }
                word => self.decided(word, Some(consent), at),
            }),
            State::Processing { consent } => Some(match word {
                // The rail has forgotten what it was told.
                Word::Nobody | Word::Ended => (told_anew(consent), vec![Command::Ask]),
                // Until it is moved, the other provider has it.
                Word::Another { .. } => (State::Processing { consent }, vec![]),
                word => self.decided(word, consent, at),
            }),
            State::WaitingForBank => Some(match word {
                Word::Nobody | Word::Another { .. } | Word::Pending | Word::WaitingForBank => (State::WaitingForBank, vec![]),
                Word::Ended => self.lost(String::new()),
                word => self.decided(word, None, at),
            }),
            State::Spreading { until } => Some(match word {
                Word::Pending | Word::WaitingForBank | Word::Spreading => (State::Spreading { until }, vec![]),
                Word::Active => self.in_force(at),
                word => self.no_longer(word),
            }),
            State::Active { since, known_by } => Some(match (known_by, word) {
                // What a person recorded, only a person ends.
                (KnownBy::Person, _) | (KnownBy::Rail, Word::Pending | Word::WaitingForBank | Word::Spreading | Word::Active) => {
                    (State::Active { since, known_by }, vec![])
                }
                (KnownBy::Rail, word) => self.no_longer(word),
            }),
            State::Ending { by } => Some(match word {
                Word::Nobody | Word::Another { .. } | Word::Ended | Word::Refused { .. } => (self.ended_by(&by), vec![]),
                Word::Pending | Word::WaitingForBank | Word::Spreading | Word::Active => (State::Ending { by }, vec![]),
            }),
        }
    }

    fn signature_needed(&mut self, provider: String) -> Moved {
        let Some(Order { signer: Some(signer), vouched_by, accepted_at, .. }) = self.order.clone() else {
            return (State::SignerNeeded { provider, why: None }, vec![Command::TellPerson]);
        };
        match vouched_by {
            None => self.request_signature(provider, signer),
            Some(reference) => {
                self.old_provider = Some(provider);
                let consent = Consent { reference, signer_name: signer.name, signed_at: accepted_at };
                (State::TakingOver { consent }, vec![Command::Ask])
            }
        }
    }

    fn request_signature(&mut self, provider: String, signer: Signer) -> Moved {
        self.signatures += 1;
        (State::RequestingSignature { provider, signer }, vec![Command::Ask])
    }

    /// The rail has it as ours and says where it stands.
    fn decided(&self, word: Word, consent: Option<Consent>, at: Timestamp) -> Moved {
        let is_main = self.kind() == AgreementKind::MainVendor;
        match word {
            Word::Pending => (State::Processing { consent }, vec![]),
            // Only the agreement of an account is registered by a bank.
            Word::WaitingForBank if is_main => (State::Processing { consent }, vec![]),
            Word::WaitingForBank => (State::WaitingForBank, vec![Command::TellPerson]),
            Word::Spreading if is_main => {
                (State::Spreading { until: at.checked_add(SPREADS_FOR).unwrap_or(Timestamp::MAX) }, vec![])
            }
            Word::Spreading | Word::Active => self.in_force(at),
            Word::Refused { why } => (State::Refused { why }, vec![Command::TellPerson]),
            word @ (Word::Nobody | Word::Another { .. } | Word::Ended) => self.no_longer(word),
        }
    }

    /// The rail says so.
    fn in_force(&self, at: Timestamp) -> Moved {
        (State::Active { since: at, known_by: KnownBy::Rail }, self.fetch_mandates())
    }

    /// It was in force, and the rail says that it is not.
    fn no_longer(&self, word: Word) -> Moved {
        match word {
            Word::Another { provider } => self.lost(provider),
            Word::Refused { why } => (State::Ended { why }, vec![Command::TellPerson]),
            Word::Nobody | Word::Ended | Word::Pending | Word::WaitingForBank | Word::Spreading | Word::Active => {
                self.lost(String::new())
            }
        }
    }

    fn lost(&self, provider: String) -> Moved {
        let lost = Fault::fatal(codes::AGREEMENT_LOST).with("agreement", self.kind().name());
        let why = if provider.is_empty() { lost.with("provider", "–") } else { lost.with("provider", provider) };
        (State::Ended { why }, vec![Command::TellPerson])
    }

    fn ended_by(&self, by: &str) -> State {
        State::Ended { why: Fault::fatal(codes::AGREEMENT_ENDED).with("agreement", self.kind().name()).with("by", by) }
    }

    fn record(&self, found: Found, by: String, at: Timestamp) -> Moved {
        match found {
            Found::Active => (State::Active { since: at, known_by: KnownBy::Person }, self.fetch_mandates()),
            Found::Ended => (self.ended_by(&by), vec![]),
        }
    }

    fn fetch_mandates(&self) -> Vec<Command> {
        match self.kind() {
            AgreementKind::MainVendor => vec![],
            AgreementKind::Avtalegiro => vec![Command::FetchMandates],
        }
    }

    /// Where the rail knows of it, it is told; an agreement for an account is ended with the bank, by the company.
    fn end(&self, state: State, by: String) -> Option<Moved> {
        match state {
            State::NotOrdered | State::Refused { .. } | State::Ending { .. } | State::Ended { .. } => None,
            State::Asking
            | State::SignerNeeded { .. }
            | State::RequestingSignature { .. }
            | State::WaitingForSignature { .. }
            | State::Active { known_by: KnownBy::Person, .. } => Some((self.ended_by(&by), vec![])),
            State::Activating
            | State::TakingOver { .. }
            | State::Processing { .. }
            | State::WaitingForBank
            | State::Spreading { .. }
            | State::Active { known_by: KnownBy::Rail, .. } => Some(match self.kind() {
                AgreementKind::MainVendor => (State::Ending { by }, vec![Command::Ask]),
                AgreementKind::Avtalegiro => (self.ended_by(&by), vec![]),
            }),
        }
    }

    /// After how long somebody is to be asked for news; at once where something must be said, `None` where nothing is expected.
    pub fn asks_after(&self) -> Option<Duration> {
        match &self.state {
            State::Asking
            | State::RequestingSignature { .. }
            | State::Activating
            | State::TakingOver { .. }
            | State::Ending { .. } => Some(Duration::ZERO),
            State::WaitingForSignature { .. } | State::Processing { .. } | State::WaitingForBank | State::Spreading { .. } => {
                Some(LOOK_EVERY)
            }
            State::Active { known_by: KnownBy::Rail, .. } => Some(LOOK_AT_ACTIVE_EVERY),
            State::NotOrdered
            | State::SignerNeeded { .. }
            | State::Active { known_by: KnownBy::Person, .. }
            | State::Refused { .. }
            | State::Ended { .. } => None,
        }
    }

    /// The agreement as routes see it. `customer_unit` is the operator's, for what is said to the bank.
    pub fn agreement(&self, customer_unit: &str) -> Agreement {
        let (account, debit) = match &self.subject {
            Subject::MainVendor => (None, None),
            Subject::Avtalegiro { account, debit } => (Some(account.clone()), Some(debit.clone())),
        };
        Agreement {
            kind: self.kind(),
            state: self.standing(),
            account,
            debit,
            is_being_taken_over: self.is_being_taken_over(),
            advice: self.advice(customer_unit),
        }
    }

    fn standing(&self) -> AgreementState {
        match self.state {
            State::NotOrdered
            | State::Asking
            | State::SignerNeeded { .. }
            | State::RequestingSignature { .. }
            | State::WaitingForSignature { .. }
            | State::Activating
            | State::TakingOver { .. }
            | State::Processing { .. }
            | State::WaitingForBank => AgreementState::Pending,
            State::Spreading { .. } => AgreementState::Spreading,
            State::Active { .. } => AgreementState::Active,
            State::Refused { .. } => AgreementState::Refused,
            State::Ending { .. } | State::Ended { .. } => AgreementState::Ended,
        }
    }

    /// Another provider has it, and it is on its way to us.
    fn is_being_taken_over(&self) -> bool {
        match &self.state {
            State::SignerNeeded { .. }
            | State::RequestingSignature { .. }
            | State::WaitingForSignature { .. }
            | State::TakingOver { .. } => true,
            State::Processing { consent } => consent.is_some(),
            State::WaitingForBank => self.old_provider.is_some(),
            State::NotOrdered
            | State::Asking
            | State::Activating
            | State::Spreading { .. }
            | State::Active { .. }
            | State::Refused { .. }
            | State::Ending { .. }
            | State::Ended { .. } => false,
        }
    }
}

fn told_anew(consent: Option<Consent>) -> State {
    match consent {
        Some(consent) => State::TakingOver { consent },
        None => State::Activating,
    }
}

impl State {
    /// Every name, in the order of the states.
    pub const NAMES: [&'static str; 14] = [
        "not_ordered",
        "asking",
        "signer_needed",
        "requesting_signature",
        "waiting_for_signature",
        "activating",
        "taking_over",
        "processing",
        "waiting_for_bank",
        "spreading",
        "active",
        "refused",
        "ending",
        "ended",
    ];

    /// The name as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            State::NotOrdered => "not_ordered",
            State::Asking => "asking",
            State::SignerNeeded { .. } => "signer_needed",
            State::RequestingSignature { .. } => "requesting_signature",
            State::WaitingForSignature { .. } => "waiting_for_signature",
            State::Activating => "activating",
            State::TakingOver { .. } => "taking_over",
            State::Processing { .. } => "processing",
            State::WaitingForBank => "waiting_for_bank",
            State::Spreading { .. } => "spreading",
            State::Active { .. } => "active",
            State::Refused { .. } => "refused",
            State::Ending { .. } => "ending",
            State::Ended { .. } => "ended",
        }
    }
}

impl Event {
    /// The name as told and shown.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Ordered { .. } => "ordered",
            Event::SignerNamed { .. } => "signer_named",
            Event::Said { word, .. } => match word {
                Word::Nobody => "said_nobody",
                Word::Another { .. } => "said_another",
                Word::Pending => "said_pending",
                Word::WaitingForBank => "said_waiting_for_bank",
                Word::Spreading => "said_spreading",
                Word::Active => "said_active",
                Word::Refused { .. } => "said_refused",
                Word::Ended => "said_ended",
            },
            Event::SignatureRequested { .. } => "signature_requested",
            Event::Signed { .. } => "signed",
            Event::NotSigned { .. } => "not_signed",
            Event::SpreadOver { .. } => "spread_over",
            Event::Recorded { found: Found::Active, .. } => "recorded_active",
            Event::Recorded { found: Found::Ended, .. } => "recorded_ended",
            Event::OldProviderClosed { .. } => "old_provider_closed",
            Event::EndOrdered { .. } => "end_ordered",
        }
    }
}
