//! Registers: who answers whether a recipient can be reached by a route.
//!
//! A register is asked with lists of recipients and answers each with yes, no or unknown; unknown is not no. Answers and the
//! keys in them (such as an eFaktura identifier) are kept for minutes only; what stays is the verdict, the time and the id of
//! the message. Registers are asked by the hub's `look_up`, before a route is chosen and again when a lot is about to be said.

use kvitt_domain::fault::Fault;
use kvitt_domain::recipient::Recipient;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::request::{HttpRequest, Reply};
use crate::route::{AdapterError, RouteSetup, Sender};

/// A register of recipients.
pub trait Register: Sync {
    /// Its name, such as `yes_to_all`.
    fn name(&self) -> &'static str;

    /// How many recipients one request may ask for.
    fn at_most(&self) -> usize;

    /// Why it cannot be asked about a recipient by a company that is set up so; empty where it can be.
    fn check(&self, setup: &RouteSetup, recipient: &Recipient) -> Vec<Fault>;

    /// The request that asks for these recipients. `message` is its id, ours, for the counterparty's log and for evidence.
    fn ask(
        &self,
        company: &Sender,
        setup: &RouteSetup,
        message: Uuid,
        about: &[Question<'_>],
    ) -> Result<HttpRequest, AdapterError>;

    /// What was answered, one for each question in their order. The error is a fault that passes: nobody could say, ask again.
    fn read(&self, message: Uuid, about: &[Question<'_>], reply: &Reply) -> Result<Vec<Found>, Fault>;
}

/// One recipient to ask about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Ours, by which the answer is known again: no number of anybody.
    pub id: Uuid,
    /// Who.
    pub recipient: &'a Recipient,
}

/// What a register said of one recipient.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The verdict.
    pub answer: Answer,
    /// The register's key for the recipient, where the verdict is yes. Personal: sealed, and kept for minutes.
    pub key: Option<String>,
}

/// All but the key.
impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("answer", &self.answer).field("has_key", &self.key.is_some()).finish()
    }
}

/// What a register says of a recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// Can be reached this way.
    Yes,
    /// Cannot, and why.
    No {
        /// Why.
        why: Fault,
    },
    /// Nobody could say for as long as the document could wait. This is not a no: nothing is concluded about the recipient.
    Unknown {
        /// What happened.
        why: Fault,
    },
}
