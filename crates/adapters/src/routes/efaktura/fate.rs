//! What is known of one bill or claim of a shipment, and of somebody's wish to call it back. [`super::progress`] reads it out of the log.

use jiff::Timestamp;
use kvitt_domain::delivery::{AttemptId, Word};
use kvitt_domain::fault::{Fault, codes};
use uuid::Uuid;

use super::part::Part;
use super::soap::Refusal;
use super::status::Stands;
use super::{outcome, transaction_id};
use crate::route::{Learned, Member};

/// What is known of one bill.
#[derive(Debug, Clone)]
pub struct Fate {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its id with the service.
    pub transaction: Uuid,
    /// Why it does not travel with the shipment, where it does not: its last word.
    pub left_out: Option<Word>,
    /// What the service last said of it.
    pub stands: Option<Stands>,
    /// Whether the service did not know it when it was last asked.
    pub unknown: bool,
    /// Whether a bank has opened it.
    pub opened: bool,
    /// Somebody's wish to call it back.
    pub wish: Option<Wish>,
    /// How many wishes there were.
    pub wishes: u32,
    /// Whether it may have been accepted in an earlier shipment.
    pub(super) perhaps_sent: bool,
    /// Whether a person decides of it, or the shipment counts as taken only because a person found that of another bill: nothing is
    /// known of it here, and nothing said.
    pub(super) apart: bool,
}

/// Somebody's wish to call a bill back.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Who.
    pub by: String,
    /// When.
    pub since: Timestamp,
    /// What became of it.
    pub stage: WishStage,
}

/// What became of a wish to call a bill back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WishStage {
    /// The service was asked so often and did not say yes or no.
    Wanted {
        /// How often.
        asked: u32,
    },
    /// The service will see to it.
    Noted,
    /// It will not happen.
    Refused,
    /// The service did not say in time that it happened.
    Unanswered,
}

impl Fate {
    /// Of which nothing is known yet.
    pub fn of(member: &Member) -> Fate {
        Fate {
            attempt: member.attempt,
            transaction: transaction_id(member.attempt),
            left_out: None,
            stands: None,
            unknown: false,
            opened: false,
            wish: None,
            wishes: 0,
            perhaps_sent: member.perhaps_sent,
            apart: false,
        }
    }

    /// Whether it ended without the recipient having it.
    pub fn has_failed(&self) -> bool {
        matches!(self.stands, Some(Stands::Rejected(_) | Stands::Stopped(_) | Stands::Cancelled(_)))
    }

    /// Whether the service still has to say something of it.
    pub fn is_open(&self) -> bool {
        let undecided = matches!(self.stands, None | Some(Stands::InProgress | Stands::BeingCancelled));
        let called_back = matches!(&self.wish, Some(Wish { stage: WishStage::Noted, .. }));
        self.travels() && !self.has_failed() && (undecided || called_back)
    }

    /// Whether it is with the consumer's bank, for now.
    pub fn is_accepted(&self) -> bool {
        let accepted = matches!(self.stands, Some(Stands::Accepted { .. } | Stands::NotCancelled { .. }));
        self.travels() && accepted
    }

    /// Whether it is in the shipment, as far as anybody knows.
    pub fn travels(&self) -> bool {
        self.left_out.is_none() && !self.apart
    }

    /// That it is known already is no refusal of a bill that was perhaps sent in an earlier shipment: it was.
    pub(super) fn with_its_past(&self, stands: Stands, part: &Part) -> Stands {
        match stands {
            Stands::Rejected(refusal) if self.perhaps_sent && Some((part.rejected)(&refusal.code)) == part.known_already => {
                Stands::Accepted { word: "KNOWN ALREADY" }
            }
            stands => stands,
        }
    }

    /// A wish that did not work, for a person: which it was, and why.
    pub(super) fn call_back_failed(&self, route: &str) -> Option<Learned> {
        let code = match &self.wish {
            Some(Wish { stage: WishStage::Refused, .. }) => codes::CALL_BACK_REFUSED,
            Some(Wish { stage: WishStage::Unanswered, .. }) => codes::CALL_BACK_UNCONFIRMED,
            Some(Wish { stage: WishStage::Wanted { .. } | WishStage::Noted, .. }) | None => return None,
        };
        let is_back = self.has_failed() || !self.travels();
        let why = Fault::warning(code).with("route", route);
        (!is_back).then_some(Learned::CallBackFailed { attempt: self.attempt, wish: self.wishes, why })
    }

    /// The latest word on a bill of a shipment that was taken.
    pub(super) fn word(&self, part: &Part, shipment: Uuid) -> Word {
        let ended = |code, refusal: &Refusal| match &self.wish {
            // Somebody wanted that the recipient does not get it. However that came about, no other route is to follow.
            Some(wish) => Word::Withdrawn { by: wish.by.clone() },
            None => Word::Refused { why: outcome::said(code, refusal) },
        };
        match &self.stands {
            Some(Stands::Rejected(refusal)) => ended((part.rejected)(&refusal.code), refusal),
            Some(Stands::Stopped(refusal)) => ended(part.stopped, refusal),
            Some(Stands::Cancelled(refusal)) => ended(part.cancelled, refusal),
            _ if self.opened => Word::Seen,
            Some(Stands::Accepted { word } | Stands::NotCancelled { word }) => {
                Word::Delivered { receipt: format!("{word}, transaction {}", self.transaction) }
            }
            None | Some(Stands::InProgress | Stands::BeingCancelled) => {
                Word::HandedOver { receipt: format!("shipment {shipment}") }
            }
        }
    }
}
