//! What the log of a shipment says: where the shipment stands, and each bill in it.
//!
//! This is the memory of the route; what is done next is decided by its parent. A shipment is **unsaid** while it is certainly
//! not with the service, **in doubt** while it may be, and **taken** once that is proved: by the answer to `addShipment`, by the
//! fault 3002 (its id is used already), by a status under its id, or by a bank that opens one of its bills. Only what is unsaid
//! is ever said.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::Fault;
use uuid::Uuid;

use super::fate::{Fate, Wish, WishStage};
use super::part::Part;
use super::soap::{Heard, Operation, Refusal, hear};
use super::status::{self, CallBack, ShipmentStands, Stands};
use super::{outcome, shipment, shipment_id};
use crate::register::Answer;
use crate::route::{AdapterError, Arrived, Body, Consignment, Entry, Exchange, Found, Learned, Piece, Request};

/// A wish to call a bill back is pursued for so long; after that it goes on as if nothing had been asked.
const CALLING_BACK_FOR: Duration = Duration::from_secs(24 * 3600);

/// Where the shipment stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Shipment {
    /// Certainly not with the service.
    Unsaid {
        /// Why the last try did not work, where there was one.
        why: Option<Fault>,
        /// How many tries in a row did not work.
        faults: u32,
    },
    /// Perhaps with the service.
    InDoubt {
        /// When it was said.
        since: Timestamp,
        /// How often the service was asked since.
        asked: u32,
        /// Why it is in doubt.
        why: Fault,
        /// How many tries before that did not work.
        faults: u32,
    },
    /// With the service.
    Taken {
        /// When that was learned.
        at: Timestamp,
        /// Whether the service has looked at its bills.
        looked: Looked,
        /// How often the service was asked since it last had news.
        asked: u32,
        /// How often the service was asked since nothing was open any more.
        looks: u32,
    },
}

/// Whether the service has looked at the bills of a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// Not that we know.
    NotYet,
    /// That is the latest news: now it can be asked about each.
    JustNow,
    /// It was asked about each since.
    Asked,
}

/// What the log says.
#[derive(Debug, Clone)]
pub struct Progress<'a> {
    /// Its id with the service.
    pub id: Uuid,
    /// Where it stands.
    pub shipment: Shipment,
    /// Its bills, in the consignment's order.
    pub fates: Vec<Fate>,
    /// The last request that handed it over, and how many of its bills were in it.
    pub said: Option<(&'a Request, usize)>,
    /// How many exchanges there were.
    pub exchanges: usize,
    /// When the last one began.
    pub last_exchange: Option<Timestamp>,
    /// When the last entry was written.
    pub last_entry: Option<Timestamp>,
    /// Whether a person has decided of any of its bills: the shipment is not said any more.
    pub is_settled: bool,
    part: &'static Part,
    settle: Duration,
    by_transaction: HashMap<Uuid, usize>,
    by_attempt: HashMap<AttemptId, usize>,
}

impl<'a> Progress<'a> {
    /// Reads a log of shipments' `part`. `settle` is how long "unknown" may still mean "not yet known"; `unsayable` says why a
    /// bill cannot be said at all.
    pub fn read(
        consignment: &Consignment,
        log: &'a [Entry],
        part: &'static Part,
        settle: Duration,
        unsayable: impl Fn(usize) -> Option<Fault>,
    ) -> Result<Progress<'a>, AdapterError> {
        let fates: Vec<Fate> = consignment.members.iter().map(Fate::of).collect();
        let mut progress = Progress {
            id: shipment_id(consignment.id),
            shipment: Shipment::Unsaid { why: None, faults: 0 },
            by_transaction: fates.iter().enumerate().map(|(place, fate)| (fate.transaction, place)).collect(),
            by_attempt: fates.iter().enumerate().map(|(place, fate)| (fate.attempt, place)).collect(),
            fates,
            said: None,
            exchanges: 0,
            last_exchange: None,
            last_entry: None,
            is_settled: false,
            part,
            settle,
        };
        for entry in log {
            progress.take_in(entry, &unsayable)?;
        }
        if matches!(progress.shipment, Shipment::Unsaid { .. }) {
            progress.leave_out_unsayable(&unsayable, |_| true);
        }
        Ok(progress)
    }

    /// The bills that travel with the shipment.
    pub fn travelling(&self) -> impl Iterator<Item = &Fate> {
        self.fates.iter().filter(|fate| fate.travels())
    }

    /// The wishes that did not work.
    pub fn call_backs_failed(&self) -> impl Iterator<Item = Learned> {
        self.fates.iter().filter_map(|fate| fate.call_back_failed(self.part.route))
    }

    /// The latest words. Of a bill that was not decided before the shipment was, there is none.
    pub fn words(&self) -> Vec<(AttemptId, Word)> {
        let word = |fate: &Fate| match (&fate.left_out, &self.shipment) {
            (Some(word), _) => Some((fate.attempt, word.clone())),
            (None, Shipment::Taken { .. }) if fate.apart => None,
            (None, Shipment::Taken { .. }) => Some((fate.attempt, fate.word(self.part, self.id))),
            (None, Shipment::Unsaid { .. } | Shipment::InDoubt { .. }) => None,
        };
        self.fates.iter().filter_map(word).collect()
    }

    fn take_in(&mut self, entry: &'a Entry, unsayable: &impl Fn(usize) -> Option<Fault>) -> Result<(), AdapterError> {
        let at = match entry {
            Entry::Exchange(exchange) => {
                self.take_in_exchange(exchange, unsayable)?;
                self.exchanges += 1;
                self.last_exchange = Some(exchange.at);
                exchange.at
            }
            Entry::Arrived { attempt, arrived, at } => {
                self.arrived(self.place_of(*attempt)?, arrived, *at)?;
                *at
            }
            Entry::LookedUp { answers, at } => {
                for (attempt, answer) in answers {
                    let place = self.place_of(*attempt)?;
                    match (answer, &self.shipment) {
                        (Answer::No { why }, Shipment::Unsaid { .. }) => {
                            self.fates[place].left_out.get_or_insert_with(|| Word::Refused { why: why.clone() });
                        }
                        (Answer::No { .. } | Answer::Yes | Answer::Unknown { .. }, _) => {}
                    }
                }
                *at
            }
            Entry::CallBack { attempt, by, at, .. } => {
                let place = self.place_of(*attempt)?;
                let fate = &mut self.fates[place];
                fate.wishes += 1;
                // A wish that the service has noted is not forgotten for a second one.
                if !matches!(&fate.wish, Some(Wish { stage: WishStage::Noted, .. })) && !fate.has_failed() {
                    fate.wish = Some(Wish { by: by.clone(), since: *at, stage: WishStage::Wanted { asked: 0 } });
                }
                if matches!(self.shipment, Shipment::Unsaid { .. }) {
                    self.withdraw_unsaid();
                }
                *at
            }
            Entry::Settled { attempt, found, at, .. } => {
                self.settle(self.place_of(*attempt)?, *found, *at);
                *at
            }
        };
        self.last_entry = Some(at);
        Ok(())
    }

    fn place_of(&self, attempt: AttemptId) -> Result<usize, AdapterError> {
        let place = self.by_attempt.get(&attempt).copied();
        place.ok_or_else(|| AdapterError::Log(format!("{attempt} is not of this consignment")))
    }

    /// A person has decided of one bill of a shipment of which nobody knew. That it was sent makes it one that can be called back; of
    /// the others nothing follows from that. What the service itself has said counts for more.
    fn settle(&mut self, place: usize, found: Found, at: Timestamp) {
        self.is_settled = true;
        let was_taken = matches!(self.shipment, Shipment::Taken { .. });
        match found {
            Found::Sent if was_taken => self.fates[place].apart = false,
            Found::Sent => {
                self.fates.iter_mut().for_each(|fate| fate.apart = true);
                let fate = &mut self.fates[place];
                (fate.apart, fate.left_out, fate.wish) = (false, None, None);
                // The service is asked about this bill alone.
                self.shipment = Shipment::Taken { at, looked: Looked::Asked, asked: 0, looks: 0 };
            }
            Found::Unsent | Found::Repeated if was_taken => {}
            Found::Unsent | Found::Repeated => self.fates[place].apart = true,
        }
    }

    /// What is wished back before it was said stays at home.
    fn withdraw_unsaid(&mut self) {
        for fate in &mut self.fates {
            if let Some(wish) = &fate.wish {
                fate.left_out.get_or_insert_with(|| Word::Withdrawn { by: wish.by.clone() });
            }
        }
    }

    fn leave_out_unsayable(&mut self, unsayable: &impl Fn(usize) -> Option<Fault>, among: impl Fn(Uuid) -> bool) {
        for (place, fate) in self.fates.iter_mut().enumerate() {
            if fate.left_out.is_none()
                && among(fate.transaction)
                && let Some(why) = unsayable(place)
            {
                fate.left_out = Some(Word::Refused { why });
            }
        }
    }

    fn arrived(&mut self, place: usize, arrived: &Arrived, at: Timestamp) -> Result<(), AdapterError> {
        let Arrived::Opened { .. } = arrived else {
            return Err(AdapterError::Log("something arrived that does not come from the service".to_owned()));
        };
        let fate = &mut self.fates[place];
        fate.opened = true;
        match self.shipment {
            // It got there on an earlier journey, which was in doubt: it must not travel again.
            Shipment::Unsaid { .. } => {
                fate.left_out.get_or_insert(Word::Seen);
            }
            Shipment::InDoubt { .. } => self.take(at),
            Shipment::Taken { .. } => {}
        }
        Ok(())
    }

    fn take(&mut self, at: Timestamp) {
        self.shipment = Shipment::Taken { at, looked: Looked::NotYet, asked: 0, looks: 0 };
    }

    fn take_in_exchange(
        &mut self,
        exchange: &'a Exchange,
        unsayable: &impl Fn(usize) -> Option<Fault>,
    ) -> Result<(), AdapterError> {
        let Request::Http(request) = &exchange.request else {
            return Err(AdapterError::Log("something else than a request to the service was said".to_owned()));
        };
        let operation = Operation::named(&request.operation);
        let heard = operation.map(|operation| hear(operation, &exchange.reply));
        match (operation.zip(heard), self.shipment.clone()) {
            (Some((Operation::AddShipment, heard)), Shipment::Unsaid { faults, .. }) => {
                let said = transactions_in(&request.body);
                // Whoever was not in the request could not be said then, whatever could be said now.
                for (place, fate) in self.fates.iter_mut().enumerate() {
                    if fate.left_out.is_none() && !said.contains(&fate.transaction) {
                        let why = unsayable(place).unwrap_or_else(|| Fault::fatal(self.part.unsayable));
                        fate.left_out = Some(Word::Refused { why });
                    }
                }
                self.said = Some((&exchange.request, self.travelling().count()));
                self.shipment_answered(heard, exchange.at, faults);
            }
            (Some((Operation::GetShipmentStatus, heard)), doubt @ Shipment::InDoubt { .. }) => {
                self.doubt_answered(heard, exchange.at, doubt);
            }
            (Some((Operation::GetShipmentStatus, heard)), Shipment::Taken { at, asked, looks, .. }) => {
                let stands = match heard {
                    Heard::Response(response) => status::shipment(&response, self.part, self.id).ok(),
                    _ => None,
                };
                self.shipment = match stands {
                    Some(ShipmentStands::LookedAt) => Shipment::Taken { at, looked: Looked::JustNow, asked: 0, looks },
                    Some(ShipmentStands::InProgress) | None => {
                        Shipment::Taken { at, looked: Looked::NotYet, asked: asked.saturating_add(1), looks }
                    }
                };
            }
            (Some((Operation::GetTransactionStatus, heard)), Shipment::Taken { .. }) => {
                self.transactions_answered(heard, exchange.at);
            }
            (Some((Operation::CancelTransaction, heard)), Shipment::Taken { .. }) => self.call_back_answered(heard, exchange.at),
            (Some((operation, _)), stands) => {
                let stands = match stands {
                    Shipment::Unsaid { .. } => "was not there",
                    Shipment::InDoubt { .. } => "was in doubt",
                    Shipment::Taken { .. } => "was taken",
                };
                return Err(AdapterError::Log(format!("{} was said while the shipment {stands}", operation.name())));
            }
            (None, _) => return Err(AdapterError::Log("an operation was said that the service does not have".to_owned())),
        }
        Ok(())
    }

    /// What the answer to `addShipment` proves.
    fn shipment_answered(&mut self, heard: Heard, at: Timestamp, faults: u32) {
        let doubt = |why: Fault| Shipment::InDoubt { since: at, asked: 0, why, faults };
        let count = self.travelling().count();
        match heard {
            Heard::Response(ref response) => match shipment::taken(response) {
                Ok(taken) if taken == count => self.take(at),
                Ok(_) | Err(_) => self.shipment = doubt(outcome::passing(&heard)),
            },
            Heard::Invalid(refusal) if refusal.code == "3002" => self.take(at),
            Heard::Invalid(refusal) if refusal.code == "3003" => self.taken_before(&refusal, at),
            // The issuer is not ours to speak for: the set-up's fault, and no bill's.
            Heard::Invalid(ref refusal) if refusal.code == "5002" => self.not_taken(outcome::passing(&heard), faults),
            Heard::Invalid(refusal) | Heard::Misshapen(refusal) => self.refused(&refusal),
            // Too large: a smaller lot may pass.
            Heard::TurnedAway(refusal) if refusal.code == "413" => self.refused(&refusal),
            Heard::Credentials(_) | Heard::TurnedAway(_) | Heard::Silence(crate::route::Sent::No, _) => {
                self.not_taken(outcome::passing(&heard), faults);
            }
            Heard::Failed(_) | Heard::Garbled(_) | Heard::Silence(crate::route::Sent::Unknown, _) => {
                self.shipment = doubt(outcome::passing(&heard));
            }
        }
    }

    fn not_taken(&mut self, why: Fault, faults: u32) {
        self.shipment = Shipment::Unsaid { why: Some(why), faults: faults.saturating_add(1) };
        self.withdraw_unsaid();
    }

    /// Fault 3003: transactions have an id that was used before. Ids come from attempts, so each of these was taken in an earlier
    /// shipment, whose answer was lost. The others were not taken, through no fault of theirs.
    fn taken_before(&mut self, refusal: &Refusal, at: Timestamp) {
        let before = self.named_or_only(refusal);
        if before.is_empty() {
            return self.refused(refusal);
        }
        self.return_but(&before, refusal);
        self.shipment = Shipment::Taken { at, looked: Looked::JustNow, asked: 0, looks: 0 };
    }

    /// The service refuses the shipment: whom it names is refused, the others go into a new lot. Where it names nobody, nobody
    /// knows whose fault it is, and only one who travels alone can be refused.
    fn refused(&mut self, refusal: &Refusal) {
        let culprits = self.named_or_only(refusal);
        for place in &culprits {
            self.fates[*place].left_out = Some(Word::Refused { why: outcome::said(self.part.invalid, refusal) });
        }
        self.return_but(&culprits, refusal);
        self.shipment = Shipment::Unsaid { why: None, faults: 0 };
    }

    fn return_but(&mut self, places: &[usize], refusal: &Refusal) {
        let why = outcome::said(self.part.lot_refused, refusal);
        for (place, fate) in self.fates.iter_mut().enumerate() {
            if !places.contains(&place) {
                fate.left_out.get_or_insert_with(|| Word::Returned { why: why.clone() });
            }
        }
    }

    /// The travelling bills that a refusal names; the one that travels alone where it names none.
    fn named_or_only(&self, refusal: &Refusal) -> Vec<usize> {
        let named = self.named(refusal);
        let mut travelling = self.fates.iter().enumerate().filter(|(_, fate)| fate.left_out.is_none()).map(|(place, _)| place);
        match (named.is_empty(), travelling.next(), travelling.next()) {
            (true, Some(only), None) => vec![only],
            _ => named,
        }
    }

    fn named(&self, refusal: &Refusal) -> Vec<usize> {
        let mut named: Vec<usize> = ids_in(&refusal.text)
            .filter_map(|id| self.by_transaction.get(&id).copied())
            .filter(|place| self.fates[*place].left_out.is_none())
            .collect();
        named.sort_unstable();
        named.dedup();
        named
    }

    /// What a status of a shipment in doubt proves. "Unknown" counts only once the service has had time to know of it.
    fn doubt_answered(&mut self, heard: Heard, at: Timestamp, doubt: Shipment) {
        let Shipment::InDoubt { since, asked, why, faults } = doubt else { return };
        match &heard {
            Heard::Response(response) => match status::shipment(response, self.part, self.id) {
                Ok(ShipmentStands::LookedAt) => {
                    self.shipment = Shipment::Taken { at, looked: Looked::JustNow, asked: 0, looks: 0 };
                    return;
                }
                Ok(ShipmentStands::InProgress) => return self.take(at),
                Err(_) => {}
            },
            Heard::Invalid(refusal) if refusal.code == "3000" && since_then(since, at) >= self.settle => {
                return self.not_taken(why, faults);
            }
            _ => {}
        }
        self.shipment = Shipment::InDoubt { since, asked: asked.saturating_add(1), why, faults };
    }

    fn transactions_answered(&mut self, heard: Heard, asked_at: Timestamp) {
        let Shipment::Taken { at, asked, looks, .. } = self.shipment else { return };
        let was_settled = !self.fates.iter().any(Fate::is_open);
        let mut news = false;
        let mut answered = false;
        match &heard {
            Heard::Response(response) => {
                for (transaction, stands) in status::transactions(response, self.part).unwrap_or_default() {
                    answered = true;
                    let Some(place) = self.by_transaction.get(&transaction) else { continue };
                    let fate = &mut self.fates[*place];
                    let was_open = fate.is_open();
                    fate.unknown = false;
                    let stands = fate.with_its_past(stands, self.part);
                    if let (Stands::NotCancelled { .. }, Some(wish)) = (&stands, &mut fate.wish) {
                        wish.stage = WishStage::Refused;
                    }
                    fate.stands = Some(stands);
                    news |= was_open && !fate.is_open();
                }
            }
            Heard::Invalid(refusal) if refusal.code == "3001" => {
                for place in self.named(refusal) {
                    news |= !self.fates[place].unknown;
                    self.fates[place].unknown = true;
                }
            }
            _ => {}
        }
        for fate in &mut self.fates {
            if let Some(wish) = &mut fate.wish
                && wish.stage == WishStage::Noted
                && since_then(wish.since, asked_at) >= CALLING_BACK_FOR
            {
                wish.stage = WishStage::Unanswered;
            }
        }
        self.shipment = Shipment::Taken {
            at,
            looked: Looked::Asked,
            asked: if news { 0 } else { asked.saturating_add(1) },
            looks: if was_settled && answered { looks.saturating_add(1) } else { looks },
        };
    }

    fn call_back_answered(&mut self, heard: Heard, asked_at: Timestamp) {
        let answers: HashMap<Uuid, CallBack> = match &heard {
            Heard::Response(response) => status::cancelled(response, self.part).unwrap_or_default().into_iter().collect(),
            _ => HashMap::new(),
        };
        let named = match &heard {
            Heard::Invalid(refusal) | Heard::Misshapen(refusal) => Some(self.named(refusal)),
            _ => None,
        };
        for (place, fate) in self.fates.iter_mut().enumerate() {
            let Some(wish) = &mut fate.wish else { continue };
            let WishStage::Wanted { asked } = wish.stage else { continue };
            let again = if since_then(wish.since, asked_at) < CALLING_BACK_FOR {
                WishStage::Wanted { asked: asked.saturating_add(1) }
            } else {
                WishStage::Unanswered
            };
            wish.stage = match (answers.get(&fate.transaction), &named) {
                (Some(CallBack::Requested), _) => WishStage::Noted,
                (Some(CallBack::AlreadyDone), _) => {
                    fate.stands = Some(Stands::Cancelled(Refusal::new("", "")));
                    WishStage::Noted
                }
                (Some(CallBack::Impossible), _) => WishStage::Refused,
                (None, Some(named)) if named.is_empty() || named.contains(&place) => WishStage::Refused,
                (Some(CallBack::Later), _) | (None, _) => again,
            };
        }
        if let Shipment::Taken { asked, .. } = &mut self.shipment {
            *asked = 0;
        }
    }
}

/// How long after a time another one is; nothing where it is before.
pub fn since_then(then: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(then)).unwrap_or_default()
}

/// The ids in a request: the transactions that it names are among them.
fn transactions_in(body: &Body) -> std::collections::HashSet<Uuid> {
    let texts = body.pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text.as_str()),
        Piece::Secret(_) => None,
    });
    texts.flat_map(ids_in).collect()
}

/// The ids in a text.
fn ids_in(text: &str) -> impl Iterator<Item = Uuid> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    words.filter(|word| word.len() == 36).filter_map(|word| Uuid::try_parse(word).ok())
}
