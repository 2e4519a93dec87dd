//! The delivery: the intent to get one document to its recipient, and everything that may happen to it.
//!
//! One machine, one function: [`Delivery::apply`]. Every cell of state × event is decided here and shown in `docs/states.md`,
//! which a test writes by walking all of them. Late, double and contradictory words from counterparties are normal: none is
//! lost, and none makes a second letter. In doubt never falls to the next route by itself: only a person, or the
//! counterparty's own word, ends it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fault::{Fault, codes};
use crate::plan::RouteName;

/// One route tried for one delivery. Message ids and shipment ids are derived from it, so that a repeat is the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub Uuid);

impl std::fmt::Display for AttemptId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a delivery is for. A claim and the notice of it travel apart: each has a delivery of its own, and so a state of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The document itself, to be paid; where its route is AvtaleGiro, the claim.
    #[default]
    Bill,
    /// Telling the payer that the document's amount will be debited: nothing in it is to be paid by hand.
    Notice,
}

impl Purpose {
    /// Both.
    pub const ALL: [Purpose; 2] = [Purpose::Bill, Purpose::Notice];

    /// The name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Bill => "bill",
            Purpose::Notice => "notice",
        }
    }

    /// The purpose of this name.
    pub fn named(name: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

/// Where a delivery stands, and which routes it has used up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Routes that refused, or for which it is too late, in the order in which that happened.
    pub tried: Vec<RouteName>,
    /// Where it stands.
    pub state: State,
}

/// The states. What is only sometimes known lives inside the state that knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// A route is to be chosen now.
    Choosing,
    /// Nothing can be decided until a time, or until a register or counterparty answers again.
    Waiting {
        /// When to look again.
        until: Timestamp,
        /// Why.
        why: Fault,
    },
    /// In an open lot of a route; nothing has left the house.
    Queued {
        /// The route.
        route: RouteName,
        /// The attempt.
        attempt: AttemptId,
    },
    /// In a closed lot: a request may be under way at any moment.
    Sending {
        /// The route.
        route: RouteName,
        /// The attempt.
        attempt: AttemptId,
    },
    /// It may have been sent and nobody can be asked. A person decides.
    InDoubt {
        /// The route.
        route: RouteName,
        /// The attempt.
        attempt: AttemptId,
        /// What happened.
        why: Fault,
    },
    /// The counterparty took it; the recipient's end is not known.
    HandedOver {
        /// The route.
        route: RouteName,
        /// The attempt.
        attempt: AttemptId,
        /// The counterparty's words.
        receipt: String,
    },
    /// It is where the recipient finds it.
    Delivered {
        /// The route.
        route: RouteName,
        /// The attempt.
        attempt: AttemptId,
        /// The counterparty's words.
        receipt: String,
    },
    /// The recipient opened it.
    Seen {
        /// The route.
        route: RouteName,
        /// The attempt.
        attempt: AttemptId,
    },
    /// Accepted, but no route is open: a person decides.
    Parked {
        /// Why.
        why: Vec<Fault>,
    },
    /// Called back before anything left the house.
    Cancelled {
        /// Who did it.
        by: String,
    },
}

/// What a counterparty has said of an attempt, as its adapter understands it: the latest word, not the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "word")]
pub enum Word {
    /// Took it.
    HandedOver {
        /// Its own words.
        receipt: String,
    },
    /// Says the recipient has it.
    Delivered {
        /// Its own words.
        receipt: String,
    },
    /// Says the recipient opened it.
    Seen,
    /// Refused it, or gave it back later: it is certainly not with the recipient.
    Refused {
        /// Why.
        why: Fault,
    },
    /// It was never sent, and the time for this route is over.
    TooLate {
        /// Why.
        why: Fault,
    },
    /// Nothing, at a moment when it may have been accepted, and it cannot be asked.
    InDoubt {
        /// What happened.
        why: Fault,
    },
    /// Certainly not accepted through no fault of its own (a lot-mate's): it goes into a new lot.
    Returned {
        /// Why.
        why: Fault,
    },
    /// A person called it back, and the counterparty says that the recipient will not get it.
    Withdrawn {
        /// Who called it back.
        by: String,
    },
}

/// What may happen to a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The plan chose a route.
    RouteChosen {
        /// The route.
        route: RouteName,
        /// The new attempt.
        attempt: AttemptId,
    },
    /// The plan found no open route.
    NoRouteOpen {
        /// All reasons.
        why: Vec<Fault>,
    },
    /// The plan cannot be made yet.
    MustWait {
        /// When to look again.
        until: Timestamp,
        /// Why.
        why: Fault,
    },
    /// The waiting time is over.
    Woken,
    /// The attempt's lot was closed: from now on a request may be under way.
    LotClosed {
        /// The attempt.
        attempt: AttemptId,
    },
    /// A counterparty said something of an attempt.
    Said {
        /// The attempt.
        attempt: AttemptId,
        /// What it said.
        word: Word,
    },
    /// A person found out that an attempt in doubt was sent.
    SettledAsSent {
        /// Who.
        by: String,
    },
    /// A person found out that an attempt in doubt was not sent: a route is chosen anew.
    SettledAsUnsent {
        /// Who.
        by: String,
    },
    /// A person wants the same letter sent again: same attempt, same bytes, same Message-ID.
    Repeated {
        /// Who.
        by: String,
    },
    /// A person mended what had parked it: all routes count again.
    Reopened {
        /// Who.
        by: String,
    },
    /// A person calls it back.
    Cancelled {
        /// Who.
        by: String,
    },
    /// This is an older backup: the hub that lived on after it may have sent whatever still had something to do.
    Restored {
        /// Stands for whatever that hub tried, where no attempt was under way here.
        attempt: AttemptId,
        /// Since when nobody knows.
        why: Fault,
    },
}

/// What must be done because of an event, in the same transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Plan again and choose a route.
    ChooseRoute,
    /// Put the attempt into an open lot of the route.
    JoinLot {
        /// The route.
        route: RouteName,
        /// The attempt.
        attempt: AttemptId,
    },
    /// Look again at this time.
    WakeAt {
        /// When.
        at: Timestamp,
    },
    /// A person must know.
    TellPerson {
        /// What.
        why: Fault,
    },
}

/// The event cannot happen in this state. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot happen to a delivery that is {state}")]
pub struct Refused {
    /// The state's name.
    pub state: &'static str,
    /// The event's name.
    pub event: &'static str,
}

impl Refused {
    /// The same as a fault for people and programs.
    pub fn fault(&self) -> Fault {
        Fault::fatal(codes::STATE_REFUSES).with("state", self.state).with("event", self.event)
    }
}

impl Delivery {
    /// A delivery as it begins.
    pub fn new() -> Delivery {
        Delivery { tried: Vec::new(), state: State::Choosing }
    }

    /// What becomes of the delivery, and what must be done. Refused events change nothing.
    pub fn apply(self, event: Event) -> Result<(Delivery, Vec<Command>), Refused> {
        let refused = Refused { state: self.state.name(), event: event.name() };
        match event {
            Event::RouteChosen { route, attempt } => match self.state {
                State::Choosing => {
                    let join = Command::JoinLot { route: route.clone(), attempt };
                    Ok((Delivery { state: State::Queued { route, attempt }, ..self }, vec![join]))
                }
                _ => Err(refused),
            },
            Event::NoRouteOpen { why } => match self.state {
                State::Choosing => {
                    let tell = Command::TellPerson { why: Fault::fatal(codes::ROUTE_NONE_OPEN) };
                    Ok((Delivery { state: State::Parked { why }, ..self }, vec![tell]))
                }
                _ => Err(refused),
            },
            Event::MustWait { until, why } => match self.state {
                State::Choosing => {
                    Ok((Delivery { state: State::Waiting { until, why }, ..self }, vec![Command::WakeAt { at: until }]))
                }
                _ => Err(refused),
            },
            Event::Woken => match self.state {
                // Whoever wakes it is choosing already.
                State::Waiting { .. } => Ok((Delivery { state: State::Choosing, ..self }, vec![])),
                _ => Err(refused),
            },
            Event::LotClosed { attempt: closed } => match self.state {
                State::Queued { route, attempt } if attempt == closed => {
                    Ok((Delivery { state: State::Sending { route, attempt }, ..self }, vec![]))
                }
                _ => Err(refused),
            },
            Event::Said { attempt, word } => self.hear(attempt, word).ok_or(refused),
            Event::SettledAsSent { by } => match self.state {
                State::InDoubt { route, attempt, .. } => {
                    Ok((Delivery { state: State::HandedOver { route, attempt, receipt: by }, ..self }, vec![]))
                }
                _ => Err(refused),
            },
            Event::SettledAsUnsent { .. } => match self.state {
                State::InDoubt { .. } => Ok((Delivery { state: State::Choosing, ..self }, vec![Command::ChooseRoute])),
                _ => Err(refused),
            },
            Event::Repeated { .. } => match self.state {
                State::InDoubt { route, attempt, .. } if !route.is_unknown() => {
                    let join = Command::JoinLot { route: route.clone(), attempt };
                    Ok((Delivery { state: State::Queued { route, attempt }, ..self }, vec![join]))
                }
                _ => Err(refused),
            },
            Event::Reopened { .. } => match self.state {
                State::Parked { .. } => Ok((Delivery::new(), vec![Command::ChooseRoute])),
                _ => Err(refused),
            },
            Event::Cancelled { by } => match self.state {
                State::Choosing | State::Waiting { .. } | State::Queued { .. } | State::Parked { .. } => {
                    Ok((Delivery { state: State::Cancelled { by }, ..self }, vec![]))
                }
                State::Sending { .. }
                | State::InDoubt { .. }
                | State::HandedOver { .. }
                | State::Delivered { .. }
                | State::Seen { .. }
                | State::Cancelled { .. } => Err(refused),
            },
            Event::Restored { attempt, why } => self.restore(attempt, why).ok_or(refused),
        }
    }

    /// What a backup knows of a delivery that still had something to do: perhaps less than happened. `None` where nothing was left to
    /// do, or a person had to decide anyway.
    fn restore(self, unknown: AttemptId, why: Fault) -> Option<(Delivery, Vec<Command>)> {
        let (route, attempt) = match self.state {
            State::Choosing | State::Waiting { .. } => (RouteName::unknown(), unknown),
            State::Queued { route, attempt }
            | State::Sending { route, attempt }
            | State::HandedOver { route, attempt, .. }
            | State::Delivered { route, attempt, .. } => (route, attempt),
            State::InDoubt { .. } => return Some((self, vec![])),
            State::Seen { .. } | State::Parked { .. } | State::Cancelled { .. } => return None,
        };
        let tell = Command::TellPerson { why: why.clone() };
        Some((Delivery { state: State::InDoubt { route, attempt, why }, ..self }, vec![tell]))
    }

    /// A counterparty's word. `None` where it cannot be: about the current attempt before anything was sent.
    fn hear(self, about: AttemptId, word: Word) -> Option<(Delivery, Vec<Command>)> {
        if self.state.attempt() != Some(about) {
            return Some(self.hear_of_an_old_attempt(word));
        }
        let Delivery { mut tried, state } = self;
        let (route, attempt) = state.on_route()?;
        let (state, commands) = match (&state, word) {
            // Nothing has left the house: only "too late" can be known of a queued attempt; or, of one that a person had repeated,
            // that it does not travel again, and is in doubt as before.
            (State::Queued { .. }, Word::TooLate { .. }) => (next_route(&mut tried, route), vec![Command::ChooseRoute]),
            (State::Queued { .. }, Word::InDoubt { why }) => {
                let tell = Command::TellPerson { why: why.clone() };
                (State::InDoubt { route, attempt, why }, vec![tell])
            }
            (State::Queued { .. }, _) => return None,

            // A better or equal word about the same attempt moves forward; a worse one after it changes nothing.
            (State::Sending { .. } | State::InDoubt { .. }, Word::HandedOver { receipt }) => {
                (State::HandedOver { route, attempt, receipt }, vec![])
            }
            (State::Sending { .. } | State::InDoubt { .. } | State::HandedOver { .. }, Word::Delivered { receipt }) => {
                (State::Delivered { route, attempt, receipt }, vec![])
            }
            (_, Word::Seen) => (State::Seen { route, attempt }, vec![]),
            (
                State::Sending { .. } | State::InDoubt { .. } | State::HandedOver { .. } | State::Delivered { .. },
                Word::Withdrawn { by },
            ) => (State::Cancelled { by }, vec![]),
            (State::Seen { .. }, Word::Withdrawn { .. }) => (state, vec![]),
            (State::HandedOver { .. } | State::Delivered { .. } | State::Seen { .. }, Word::HandedOver { .. }) => (state, vec![]),
            (State::Delivered { .. } | State::Seen { .. }, Word::Delivered { .. }) => (state, vec![]),

            // A refusal is certain knowledge, also when it comes late (a bounce, a returned letter) or ends a doubt.
            (State::Seen { .. }, Word::Refused { why }) => (state, vec![Command::TellPerson { why }]),
            (_, Word::Refused { .. }) => (next_route(&mut tried, route), vec![Command::ChooseRoute]),

            // These two are said of attempts that were certainly never accepted. That a whole shipment or job is given back may be
            // heard only after it was taken in, or after a doubt.
            (State::Sending { .. }, Word::TooLate { .. }) => (next_route(&mut tried, route), vec![Command::ChooseRoute]),
            (State::Sending { .. } | State::InDoubt { .. } | State::HandedOver { .. }, Word::Returned { .. })
                if !route.is_unknown() =>
            {
                let join = Command::JoinLot { route: route.clone(), attempt };
                (State::Queued { route, attempt }, vec![join])
            }
            (_, Word::TooLate { why } | Word::Returned { why }) => (state, vec![Command::TellPerson { why }]),

            (State::Sending { .. }, Word::InDoubt { why }) => {
                let tell = Command::TellPerson { why: why.clone() };
                (State::InDoubt { route, attempt, why }, vec![tell])
            }
            (_, Word::InDoubt { .. }) => (state, vec![]),

            (State::Choosing | State::Waiting { .. } | State::Parked { .. } | State::Cancelled { .. }, _) => return None,
        };
        Some((Delivery { tried, state }, commands))
    }

    /// Word of an attempt that the delivery has left behind. That it was refused is old news; that it *did* arrive means
    /// that the recipient may get the document twice, and a person must know.
    fn hear_of_an_old_attempt(self, word: Word) -> (Delivery, Vec<Command>) {
        let commands = match word {
            Word::HandedOver { receipt } | Word::Delivered { receipt } => {
                vec![Command::TellPerson { why: Fault::warning(codes::DELIVERY_LATE_ACCEPTANCE).with("receipt", receipt) }]
            }
            Word::Seen => vec![Command::TellPerson { why: Fault::warning(codes::DELIVERY_LATE_ACCEPTANCE) }],
            Word::Refused { .. }
            | Word::TooLate { .. }
            | Word::InDoubt { .. }
            | Word::Returned { .. }
            | Word::Withdrawn { .. } => vec![],
        };
        (self, commands)
    }
}

impl Default for Delivery {
    fn default() -> Delivery {
        Delivery::new()
    }
}

fn next_route(tried: &mut Vec<RouteName>, route: RouteName) -> State {
    if !tried.contains(&route) {
        tried.push(route);
    }
    State::Choosing
}

impl State {
    /// The state's name as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            State::Choosing => "choosing",
            State::Waiting { .. } => "waiting",
            State::Queued { .. } => "queued",
            State::Sending { .. } => "sending",
            State::InDoubt { .. } => "in_doubt",
            State::HandedOver { .. } => "handed_over",
            State::Delivered { .. } => "delivered",
            State::Seen { .. } => "seen",
            State::Parked { .. } => "parked",
            State::Cancelled { .. } => "cancelled",
        }
    }

    /// Every state's name, in the order of a life.
    pub const NAMES: [&'static str; 10] =
        ["choosing", "waiting", "queued", "sending", "in_doubt", "handed_over", "delivered", "seen", "parked", "cancelled"];

    /// The attempt that is under way or that ended it.
    pub fn attempt(&self) -> Option<AttemptId> {
        self.on_route_ref().map(|(_, attempt)| attempt)
    }

    /// The route that is under way or that ended it.
    pub fn route(&self) -> Option<&RouteName> {
        self.on_route_ref().map(|(route, _)| route)
    }

    /// The route and attempt of something that has left the house and was not seen: only its counterparty can give it back.
    pub fn may_be_called_back(&self) -> Option<(&RouteName, AttemptId)> {
        match self {
            State::Sending { route, attempt }
            | State::HandedOver { route, attempt, .. }
            | State::Delivered { route, attempt, .. } => Some((route, *attempt)),
            State::Choosing
            | State::Waiting { .. }
            | State::Queued { .. }
            | State::InDoubt { .. }
            | State::Seen { .. }
            | State::Parked { .. }
            | State::Cancelled { .. } => None,
        }
    }

    /// Whether nothing more happens by itself and no person is needed.
    pub fn is_settled(&self) -> bool {
        match self {
            State::HandedOver { .. } | State::Delivered { .. } | State::Seen { .. } | State::Cancelled { .. } => true,
            State::Choosing
            | State::Waiting { .. }
            | State::Queued { .. }
            | State::Sending { .. }
            | State::InDoubt { .. }
            | State::Parked { .. } => false,
        }
    }

    /// Whether a person must decide.
    pub fn needs_a_person(&self) -> bool {
        matches!(self, State::InDoubt { .. } | State::Parked { .. })
    }

    fn on_route(&self) -> Option<(RouteName, AttemptId)> {
        self.on_route_ref().map(|(route, attempt)| (route.clone(), attempt))
    }

    fn on_route_ref(&self) -> Option<(&RouteName, AttemptId)> {
        match self {
            State::Queued { route, attempt }
            | State::Sending { route, attempt }
            | State::InDoubt { route, attempt, .. }
            | State::HandedOver { route, attempt, .. }
            | State::Delivered { route, attempt, .. }
            | State::Seen { route, attempt } => Some((route, *attempt)),
            State::Choosing | State::Waiting { .. } | State::Parked { .. } | State::Cancelled { .. } => None,
        }
    }
}

impl Event {
    /// The event's name as stored and shown; a counterparty's word has its own.
    pub fn name(&self) -> &'static str {
        match self {
            Event::RouteChosen { .. } => "route_chosen",
            Event::NoRouteOpen { .. } => "no_route_open",
            Event::MustWait { .. } => "must_wait",
            Event::Woken => "woken",
            Event::LotClosed { .. } => "lot_closed",
            Event::Said { word, .. } => word.name(),
            Event::SettledAsSent { .. } => "settled_as_sent",
            Event::SettledAsUnsent { .. } => "settled_as_unsent",
            Event::Repeated { .. } => "repeated",
            Event::Reopened { .. } => "reopened",
            Event::Cancelled { .. } => "cancelled",
            Event::Restored { .. } => "restored",
        }
    }
}

impl Word {
    /// The word's name as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            Word::HandedOver { .. } => "said_handed_over",
            Word::Delivered { .. } => "said_delivered",
            Word::Seen => "said_seen",
            Word::Refused { .. } => "said_refused",
            Word::TooLate { .. } => "said_too_late",
            Word::InDoubt { .. } => "said_in_doubt",
            Word::Returned { .. } => "said_returned",
            Word::Withdrawn { .. } => "said_withdrawn",
        }
    }
}
