//! The money of one invoice: what is owed, what came in, what went back, and whether a direct debit is under way.
//!
//! Where a collection stands ([`State`]) follows from its sums and its claim, and never from the order in which files arrived: the
//! same payments, read in whatever order, end in the same state. One function changes it, [`Collection::apply`]; every cell of
//! state × event is shown in `docs/states.md`, which a test writes. Which invoice a payment belongs to is decided in
//! [`crate::payment`]; the delivery of the document is another machine ([`crate::delivery`]).
//!
//! Nothing here ever asks for money again by itself. What was taken back, refunded or not paid is shown to a person with a
//! [`Proposal`].

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::delivery::AttemptId;
use crate::fault::{Fault, codes};
use crate::money::Amount;

/// The money of one invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// What the invoice asks for (BT-115).
    pub payable: Amount,
    /// What was seen of it, in minor units of the same currency.
    pub sums: Sums,
    /// The direct debit of it, if there is one.
    pub claim: Claim,
    /// Who called it quits, whatever the sums say; the next money that is seen ends that.
    pub closed_by: Option<String>,
}

/// What was seen of an invoice's money, in minor units: each a plain sum, so that the order does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sums {
    /// Came in.
    pub received: i64,
    /// The bank took back of what had come in.
    pub reversed: i64,
    /// The company paid back, less what came back of that.
    pub refunded: i64,
    /// Credit notes took off what is owed.
    pub credited: i64,
}

/// The direct debit of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "claim")]
pub enum Claim {
    /// None is under way.
    #[default]
    None,
    /// The bank was told to debit on the due date.
    Outstanding {
        /// The attempt that claims.
        attempt: AttemptId,
        /// The due date as it was sent.
        due_on: Date,
    },
    /// A debit of it was seen.
    Debited {
        /// The attempt that claimed.
        attempt: AttemptId,
        /// The due date as it was sent.
        due_on: Date,
    },
    /// No debit was seen, and the time for it is over: no record of the rail says "not paid".
    Unpaid {
        /// The attempt that claimed.
        attempt: AttemptId,
        /// The due date as it was sent.
        due_on: Date,
    },
}

/// Where the money of an invoice stands. It follows from the collection; it is never stored alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Nothing came, and no debit is under way.
    Open {
        /// What is owed.
        left: Amount,
    },
    /// A debit is under way.
    Claimed {
        /// The attempt that claims.
        attempt: AttemptId,
        /// The due date as it was sent.
        due_on: Date,
        /// What is owed.
        left: Amount,
    },
    /// Some of it came, or was credited.
    PartPaid {
        /// What is still owed.
        left: Amount,
    },
    /// All of it came.
    Paid,
    /// More than all of it came.
    Overpaid {
        /// How much more.
        over: Amount,
    },
    /// Credit notes took all of it off, and nothing of it was ever paid.
    Credited,
    /// Money was here and went back, to the payer's bank or from the company, so that something is owed again.
    Reversed {
        /// What is owed.
        left: Amount,
    },
    /// The debit did not happen in time: it is owed as an ordinary invoice, and is not claimed again by itself.
    Reopened {
        /// The attempt that claimed.
        attempt: AttemptId,
        /// The due date as it was sent.
        due_on: Date,
        /// What is owed.
        left: Amount,
    },
    /// A person called it quits.
    Closed {
        /// Who.
        by: String,
        /// What the sums say is owed; below zero where too much came.
        left: Amount,
    },
}

/// How money came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// By a direct debit (OCR giro type 15; camt, where it says so).
    Debit,
    /// The payer paid.
    Payment,
}

/// What may happen to a collection. Amounts are above zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// Money came in.
    Paid {
        /// How much.
        amount: Amount,
        /// How.
        means: Means,
    },
    /// The payer's bank took money back.
    Reversed {
        /// How much.
        amount: Amount,
    },
    /// The company paid money back.
    Refunded {
        /// How much.
        amount: Amount,
    },
    /// Money that the company paid back came back itself.
    RefundReturned {
        /// How much.
        amount: Amount,
    },
    /// A person found that something counted here belongs elsewhere: it is as if it had not been counted.
    TakenAway {
        /// What was counted: one of the four above.
        what: Box<Event>,
    },
    /// A credit note takes something off.
    Credited {
        /// How much.
        amount: Amount,
    },
    /// The bank is told to debit.
    Claimed {
        /// The attempt that claims.
        attempt: AttemptId,
        /// The due date as it is sent.
        due_on: Date,
    },
    /// The claim was refused or called back: the bank will not debit.
    ClaimEnded {
        /// The attempt that claimed.
        attempt: AttemptId,
    },
    /// Another file tells that money which is counted already, or will be, was a direct debit.
    DebitSeen,
    /// The time in which a debit would have been seen is over.
    ClaimUnpaid {
        /// The attempt that claimed.
        attempt: AttemptId,
    },
    /// A person allows another claim after one that stayed unpaid.
    Released {
        /// Who.
        by: String,
    },
    /// A person calls it quits.
    Closed {
        /// Who.
        by: String,
    },
    /// A person takes that back.
    Opened {
        /// Who.
        by: String,
    },
}

/// What must be done because of an event, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Something of it was paid or credited another way, or somebody called it quits, while a debit of all of it is under way: without
    /// a word to the bank the payer pays too much.
    StopClaim {
        /// The attempt that claims.
        attempt: AttemptId,
    },
    /// See to it that an unpaid claim is noticed, counted from this due date.
    WatchClaim {
        /// The due date as it was sent.
        due_on: Date,
    },
    /// A person must know.
    TellPerson {
        /// What.
        why: Fault,
    },
}

/// What a person could do about a collection. Nothing of it is done by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "proposal")]
pub enum Proposal {
    /// There is nothing to do.
    Nothing,
    /// All or more of it came at least twice: ask the bank whether it takes one back, and refund only when it does not.
    AskBankThenRefund {
        /// What came too much.
        over: Amount,
    },
    /// Too much came: pay it back, or agree with the customer on what it is for.
    Refund {
        /// What came too much.
        over: Amount,
    },
    /// The bank took it back *and* the company refunded it: ask the customer to pay, and do not claim.
    AskToPayAgain {
        /// What is owed.
        left: Amount,
    },
    /// The bank took it back: find out why before anything else is asked of the customer.
    FindOutWhy {
        /// What is owed.
        left: Amount,
    },
    /// The company refunded what was owed: credit the invoice, or ask the customer to pay again.
    CreditOrAsk {
        /// What is owed.
        left: Amount,
    },
    /// The debit did not happen: send a reminder that can be paid.
    Remind {
        /// What is owed.
        left: Amount,
    },
    /// Something of it is paid or credited, or it is quits, and a debit of all of it is under way: call it back before the cut-off.
    StopClaim {
        /// The due date of the debit.
        due_on: Date,
    },
}

/// The event cannot happen to this collection. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot happen to a collection that is {state}")]
pub struct Refused {
    /// The state's name.
    pub state: &'static str,
    /// The event's name.
    pub event: &'static str,
}

impl Refused {
    /// The same as a fault for people and programs.
    pub fn fault(&self) -> Fault {
        Fault::fatal(codes::COLLECTION_REFUSES).with("collection", self.state).with("event", self.event)
    }
}

impl Collection {
    /// A collection as it begins: all is owed.
    pub fn new(payable: Amount) -> Collection {
        Collection { payable, sums: Sums::default(), claim: Claim::None, closed_by: None }
    }

    /// What is still owed; below zero where too much came. The sums stay within what [`Collection::apply`] let in, so that this
    /// cannot overflow.
    pub fn left(&self) -> Amount {
        Amount::new(self.payable.minor() - self.sums.settled(), self.payable.currency())
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        let left = self.left();
        if let Some(by) = &self.closed_by {
            return State::Closed { by: by.clone(), left };
        }
        let Sums { received, reversed, refunded, credited } = self.sums;
        if left.is_negative() {
            return State::Overpaid { over: Amount::new(-left.minor(), left.currency()) };
        }
        if left.minor() == 0 {
            let is_only_credited = credited > 0 && received - reversed - refunded == 0;
            return if is_only_credited { State::Credited } else { State::Paid };
        }
        if reversed > 0 || refunded > 0 {
            return State::Reversed { left };
        }
        match self.claim {
            Claim::Outstanding { attempt, due_on } => State::Claimed { attempt, due_on, left },
            Claim::Unpaid { attempt, due_on } => State::Reopened { attempt, due_on, left },
            Claim::None | Claim::Debited { .. } if self.sums.settled() != 0 => State::PartPaid { left },
            Claim::None | Claim::Debited { .. } => State::Open { left },
        }
    }

    /// What becomes of the collection, and what must be done. Refused events change nothing.
    pub fn apply(self, event: Event) -> Result<(Collection, Vec<Command>), Refused> {
        let before = self.state();
        let refused = Refused { state: before.name(), event: event.name() };
        match event {
            Event::Paid { .. } | Event::Reversed { .. } | Event::Refunded { .. } | Event::RefundReturned { .. } => {
                self.count(&event, Counted::Once).ok_or(refused)
            }
            Event::TakenAway { what } => self.count(&what, Counted::NoMore).ok_or(refused),
            Event::Credited { amount } => {
                let sums = Sums {
                    credited: self.sums.credited.checked_add(amount.minor()).ok_or_else(|| refused.clone())?,
                    ..self.sums
                };
                let claim = self.claim;
                self.moved_to(amount, sums, claim).ok_or(refused)
            }
            Event::Claimed { attempt, due_on } => match (before, self.claim) {
                (State::Open { .. }, Claim::None) => {
                    let claim = Claim::Outstanding { attempt, due_on };
                    Ok((Collection { claim, ..self }, vec![Command::WatchClaim { due_on }]))
                }
                // The same word twice.
                (_, Claim::Outstanding { attempt: known, .. }) if known == attempt => Ok((self, vec![])),
                _ => Err(refused),
            },
            Event::ClaimEnded { attempt } => match self.claim {
                Claim::Outstanding { attempt: known, .. } | Claim::Unpaid { attempt: known, .. } if known == attempt => {
                    Ok((Collection { claim: Claim::None, ..self }, vec![]))
                }
                // Of a claim that was debited, or is another: nothing changes.
                Claim::None | Claim::Outstanding { .. } | Claim::Unpaid { .. } | Claim::Debited { .. } => Err(refused),
            },
            Event::DebitSeen => match self.claim.debited() {
                Some(claim) => Ok((Collection { claim, ..self }, vec![])),
                None => Err(refused),
            },
            Event::ClaimUnpaid { attempt } => self.claim_unpaid(attempt).ok_or(refused),
            Event::Released { .. } => match self.claim {
                Claim::Unpaid { .. } => Ok((Collection { claim: Claim::None, ..self }, vec![])),
                Claim::None | Claim::Outstanding { .. } | Claim::Debited { .. } => Err(refused),
            },
            Event::Closed { by } => match before {
                State::Closed { .. } | State::Paid | State::Credited => Err(refused),
                _ => {
                    let stopped = self.claim.outstanding().map(|(attempt, _)| Command::StopClaim { attempt });
                    Ok((Collection { closed_by: Some(by), ..self }, stopped.into_iter().collect()))
                }
            },
            Event::Opened { .. } => match before {
                State::Closed { .. } => Ok((Collection { closed_by: None, ..self }, vec![])),
                _ => Err(refused),
            },
        }
    }

    /// Money that was seen, counted once, or no more. `None` where it is no movement of money, of another currency, not above
    /// zero, was never counted, or would overflow.
    fn count(self, what: &Event, counted: Counted) -> Option<(Collection, Vec<Command>)> {
        let of = self.sums;
        let (amount, sign) = match what {
            Event::Paid { amount, .. } | Event::Reversed { amount } | Event::Refunded { amount } => (*amount, 1),
            Event::RefundReturned { amount } => (*amount, -1),
            _ => return None,
        };
        let step = match counted {
            Counted::Once => amount.minor().checked_mul(sign)?,
            Counted::NoMore => amount.minor().checked_mul(-sign)?,
        };
        let sums = match what {
            Event::Paid { .. } => Sums { received: of.received.checked_add(step)?, ..of },
            Event::Reversed { .. } => Sums { reversed: of.reversed.checked_add(step)?, ..of },
            _ => Sums { refunded: of.refunded.checked_add(step)?, ..of },
        };
        if sums.received < 0 || sums.reversed < 0 {
            return None;
        }
        let claim = match (what, counted) {
            (Event::Paid { means: Means::Debit, .. }, Counted::Once) => self.claim.debited().unwrap_or(self.claim),
            _ => self.claim,
        };
        self.moved_to(amount, sums, claim)
    }

    fn moved_to(self, by: Amount, sums: Sums, claim: Claim) -> Option<(Collection, Vec<Command>)> {
        sums.check()?;
        self.payable.minor().checked_sub(sums.settled())?;
        if by.currency() != self.payable.currency() || by.minor() <= 0 {
            return None;
        }
        let (owed, was_over) = (self.left().minor(), self.left().is_negative());
        let after = Collection { sums, claim, closed_by: None, ..self };
        let mut commands = Vec::new();
        // The bank debits all that was claimed, whatever is left of it.
        if let Some((attempt, _)) = after.claim.outstanding()
            && owed > 0
            && after.left().minor() < owed
        {
            commands.push(Command::StopClaim { attempt });
        }
        let told = match after.state() {
            State::Overpaid { over } if after.left().minor() < owed || !was_over => {
                Some(Fault::warning(codes::COLLECTION_OVERPAID).with("amount", over))
            }
            State::Reversed { left } if left.minor() > owed => {
                Some(Fault::warning(codes::COLLECTION_REVERSED).with("amount", left))
            }
            _ => None,
        };
        commands.extend(told.map(|why| Command::TellPerson { why }));
        Some((after, commands))
    }

    /// The watch found no debit. Where the money came another way, nobody needs to know.
    fn claim_unpaid(self, about: AttemptId) -> Option<(Collection, Vec<Command>)> {
        let Claim::Outstanding { attempt, due_on } = self.claim else { return None };
        if attempt != about {
            return None;
        }
        let after = Collection { claim: Claim::Unpaid { attempt, due_on }, ..self };
        let commands = match after.state() {
            State::Reopened { left, due_on, .. } => {
                let why = Fault::warning(codes::COLLECTION_CLAIM_UNPAID).with("date", due_on).with("amount", left);
                vec![Command::TellPerson { why }]
            }
            _ => vec![],
        };
        Some((after, commands))
    }

    /// Whether a direct debit may be asked for now: only of an invoice that is open and was never claimed, or was released by a
    /// person since.
    pub fn may_be_claimed(&self) -> Result<(), Fault> {
        match (self.state(), self.claim) {
            (State::Open { .. }, Claim::None) => Ok(()),
            (state, _) => Err(Fault::fatal(codes::COLLECTION_NOT_CLAIMABLE).with("collection", state.name())),
        }
    }

    /// What a person could do about it.
    pub fn proposal(&self) -> Proposal {
        let Sums { received, reversed, refunded, .. } = self.sums;
        // Before anything else, for it has a cut-off, and what comes after it is worked out once more.
        if let Some((_, due_on)) = self.claim.outstanding()
            && (self.sums.settled() > 0 || self.closed_by.is_some())
        {
            return Proposal::StopClaim { due_on };
        }
        match self.state() {
            State::Overpaid { over } => {
                let came_twice = received - reversed >= self.payable.minor().saturating_mul(2) && refunded <= 0;
                if came_twice { Proposal::AskBankThenRefund { over } } else { Proposal::Refund { over } }
            }
            State::Reversed { left } if reversed > 0 && refunded > 0 => Proposal::AskToPayAgain { left },
            State::Reversed { left } if reversed > 0 => Proposal::FindOutWhy { left },
            State::Reversed { left } => Proposal::CreditOrAsk { left },
            State::Reopened { left, .. } => Proposal::Remind { left },
            State::Open { .. }
            | State::Claimed { .. }
            | State::PartPaid { .. }
            | State::Paid
            | State::Credited
            | State::Closed { .. } => Proposal::Nothing,
        }
    }

    /// Whether a person should look at it now.
    pub fn needs_a_person(&self) -> bool {
        self.proposal() != Proposal::Nothing
    }

    /// Whether its money ever went another way than in once: shown with what settled it, also where nothing is left to do.
    pub fn is_eventful(&self) -> bool {
        let Sums { received, reversed, refunded, .. } = self.sums;
        received > self.payable.minor() || reversed != 0 || refunded != 0 || matches!(self.claim, Claim::Unpaid { .. })
    }
}

/// Whether something is counted, or no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Once,
    NoMore,
}

impl Sums {
    /// What counts against what was asked for.
    fn settled(self) -> i64 {
        self.received - self.reversed - self.refunded + self.credited
    }

    /// `None` where the sums could not be added up.
    fn check(self) -> Option<()> {
        self.received.checked_sub(self.reversed)?.checked_sub(self.refunded)?.checked_add(self.credited).map(|_| ())
    }
}

impl Claim {
    /// The claim's name as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Claim::None => "none",
            Claim::Outstanding { .. } => "outstanding",
            Claim::Debited { .. } => "debited",
            Claim::Unpaid { .. } => "unpaid",
        }
    }

    /// The attempt and due date, where there is a claim.
    pub fn of(self) -> Option<(AttemptId, Date)> {
        match self {
            Claim::None => None,
            Claim::Outstanding { attempt, due_on } | Claim::Debited { attempt, due_on } | Claim::Unpaid { attempt, due_on } => {
                Some((attempt, due_on))
            }
        }
    }

    /// The claim once a debit of it is seen; `None` where none is waited for.
    fn debited(self) -> Option<Claim> {
        match self {
            Claim::Outstanding { attempt, due_on } | Claim::Unpaid { attempt, due_on } => {
                Some(Claim::Debited { attempt, due_on })
            }
            Claim::None | Claim::Debited { .. } => None,
        }
    }

    /// Whether a debit of it is waited for, in time or not.
    pub fn waits_for_a_debit(self) -> bool {
        self.debited().is_some()
    }

    /// The attempt and due date of a claim that is under way.
    fn outstanding(self) -> Option<(AttemptId, Date)> {
        match self {
            Claim::Outstanding { attempt, due_on } => Some((attempt, due_on)),
            Claim::None | Claim::Debited { .. } | Claim::Unpaid { .. } => None,
        }
    }

    /// The claim with this name, as it was stored; `None` where name and data do not fit.
    pub fn named(name: &str, of: Option<(AttemptId, Date)>) -> Option<Claim> {
        match (name, of) {
            ("none", None) => Some(Claim::None),
            ("outstanding", Some((attempt, due_on))) => Some(Claim::Outstanding { attempt, due_on }),
            ("debited", Some((attempt, due_on))) => Some(Claim::Debited { attempt, due_on }),
            ("unpaid", Some((attempt, due_on))) => Some(Claim::Unpaid { attempt, due_on }),
            _ => None,
        }
    }
}

impl State {
    /// The state's name as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            State::Open { .. } => "open",
            State::Claimed { .. } => "claimed",
            State::PartPaid { .. } => "part_paid",
            State::Paid => "paid",
            State::Overpaid { .. } => "overpaid",
            State::Credited => "credited",
            State::Reversed { .. } => "reversed",
            State::Reopened { .. } => "reopened",
            State::Closed { .. } => "closed",
        }
    }

    /// Every state's name, in the order of a life.
    pub const NAMES: [&'static str; 9] =
        ["open", "claimed", "part_paid", "paid", "overpaid", "credited", "reversed", "reopened", "closed"];
}

impl Event {
    /// The event's name as stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Paid { means: Means::Debit, .. } => "debited",
            Event::Paid { means: Means::Payment, .. } => "paid",
            Event::Reversed { .. } => "reversed",
            Event::Refunded { .. } => "refunded",
            Event::RefundReturned { .. } => "refund_returned",
            Event::TakenAway { .. } => "taken_away",
            Event::Credited { .. } => "credited",
            Event::Claimed { .. } => "claimed",
            Event::ClaimEnded { .. } => "claim_ended",
            Event::DebitSeen => "debit_seen",
            Event::ClaimUnpaid { .. } => "claim_unpaid",
            Event::Released { .. } => "released",
            Event::Closed { .. } => "closed",
            Event::Opened { .. } => "opened",
        }
    }
}

impl Proposal {
    /// The proposal's name as shown; the catalogue's table `proposal` has the sentence.
    pub fn name(&self) -> &'static str {
        match self {
            Proposal::Nothing => "nothing",
            Proposal::AskBankThenRefund { .. } => "ask_bank_then_refund",
            Proposal::Refund { .. } => "refund",
            Proposal::AskToPayAgain { .. } => "ask_to_pay_again",
            Proposal::FindOutWhy { .. } => "find_out_why",
            Proposal::CreditOrAsk { .. } => "credit_or_ask",
            Proposal::Remind { .. } => "remind",
            Proposal::StopClaim { .. } => "stop_claim",
        }
    }

    /// The amount that it is about, where it is about one.
    pub fn amount(&self) -> Option<Amount> {
        match self {
            Proposal::AskBankThenRefund { over } | Proposal::Refund { over } => Some(*over),
            Proposal::AskToPayAgain { left }
            | Proposal::FindOutWhy { left }
            | Proposal::CreditOrAsk { left }
            | Proposal::Remind { left } => Some(*left),
            Proposal::Nothing | Proposal::StopClaim { .. } => None,
        }
    }
}
