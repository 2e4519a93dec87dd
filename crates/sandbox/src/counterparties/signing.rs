//! The simulated signing service: documents that a person with signing rights signs or refuses, on a page or by nature.
//!
//! JSON over HTTP is `fronts/signing.rs`. The local part of the signer's e-mail address chooses a persona; anybody else signs
//! on the page. MPS asks here whether a take-over was signed.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::personas::Description;

/// The counterparty's name in personas.
pub const NAME: &str = "signing";

/// The bearer token that the service knows.
pub const SIGNING_TOKEN: &str = "sandbox-signing";

/// A request that nobody answers expires after this long, by the business clock: two weeks.
const STANDS_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How one signer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// Signs at once.
    Signs,
    /// Refuses at once.
    Refuses,
    /// Has no right to sign for the organisation, which the service finds at once.
    NoAuthority,
}

/// Every signer who needs no page.
pub const SIGNERS: [Description<Signer>; 3] = [
    signer("signs", Signer::Signs, "Signs at once."),
    signer("refuses", Signer::Refuses, "Refuses at once."),
    signer("noauthority", Signer::NoAuthority, "Refused at once: has no right to sign for the organisation."),
];

const fn signer(name: &'static str, persona: Signer, does: &'static str) -> Description<Signer> {
    Description { counterparty: NAME, name, does, dials: "", persona }
}

/// What a client asks to have signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The document's title.
    pub title: String,
    /// What is signed.
    pub text: String,
    /// For whom: nine digits.
    pub organisation_number: String,
    /// Who is to sign.
    pub signer: Person,
}

/// Who is to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// As it stands in the document.
    pub name: String,
    /// Where the link goes.
    pub email: String,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was signed.
    Signed,
    /// It was not, and why.
    Refused(String),
}

/// One thing that happened, as the sandbox's journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A request came.
    Asked {
        /// Its id.
        id: String,
        /// The client's key for repeats.
        key: String,
        /// What is to be signed.
        wanted: Wanted,
        /// When.
        at: Timestamp,
    },
    /// The signer answered.
    Answered {
        /// The request.
        id: String,
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// What is to be signed.
    pub wanted: Wanted,
    asked_at: Timestamp,
    answered: Option<(Outcome, Timestamp)>,
}

/// How a request stands, as the wire says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The request.
    pub id: String,
    /// `waiting`, `signed`, `refused` or `expired`.
    pub status: &'static str,
    /// Who signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer_name: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Another request had this key.
    KeyUsed,
    /// A field is empty or no such value; which one.
    Unfit(&'static str),
}

/// The service's memory.
#[derive(Debug, Default)]
pub struct Signing {
    requests: HashMap<String, Request>,
    keys: HashMap<String, String>,
}

impl Signing {
    /// Tells it of what was written down before the sandbox was started anew.
    pub fn remember(&mut self, record: Record) {
        match record {
            Record::Asked { id, key, wanted, at } => {
                self.keys.insert(key, id.clone());
                self.requests.insert(id.clone(), Request { id, wanted, asked_at: at, answered: None });
            }
            Record::Answered { id, outcome, at } => {
                if let Some(request) = self.requests.get_mut(&id) {
                    request.answered.get_or_insert((outcome, at));
                }
            }
        }
    }

    /// Takes a request; the same under the same key is answered as before. The caller has the records on disk and then
    /// hands them to [`Signing::remember`].
    ///
    /// # Errors
    /// The key was used for something else, or a field does not fit.
    pub fn ask(&self, key: &str, wanted: &Wanted, now: Timestamp) -> Result<(String, Vec<Record>), Refused> {
        if key.is_empty() || key.len() > 200 {
            return Err(Refused::Unfit("Idempotency-Key"));
        }
        if let Some(id) = self.keys.get(key) {
            let is_same = self.requests.get(id).is_some_and(|request| request.wanted == *wanted);
            return if is_same { Ok((id.clone(), Vec::new())) } else { Err(Refused::KeyUsed) };
        }
        let is_number = wanted.organisation_number.len() == 9 && wanted.organisation_number.bytes().all(|b| b.is_ascii_digit());
        let email = &wanted.signer.email;
        let fields = [
            ("title", !wanted.title.trim().is_empty()),
            ("text", !wanted.text.trim().is_empty()),
            ("organisation_number", is_number),
            ("signer.name", !wanted.signer.name.trim().is_empty()),
            ("signer.email", email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())),
        ];
        if let Some((field, _)) = fields.iter().find(|(_, fits)| !fits) {
            return Err(Refused::Unfit(field));
        }
        // The same key gives the same id, whatever else happens.
        let id = hex::encode(&Sha256::digest(key)[..12]);
        let mut records = vec![Record::Asked { id: id.clone(), key: key.to_owned(), wanted: wanted.clone(), at: now }];
        let outcome = match nature(email) {
            None => None,
            Some(Signer::Signs) => Some(Outcome::Signed),
            Some(Signer::Refuses) => Some(Outcome::Refused("The signer has refused".to_owned())),
            Some(Signer::NoAuthority) => {
                Some(Outcome::Refused("The signer has no right to sign for the organisation".to_owned()))
            }
        };
        records.extend(outcome.map(|outcome| Record::Answered { id: id.clone(), outcome, at: now }));
        Ok((id, records))
    }

    /// The signer answers on the page; `None` where there is nothing to answer any more.
    pub fn answer(&self, id: &str, outcome: Outcome, now: Timestamp) -> Option<Record> {
        let waits = self.standing(id, now).is_some_and(|standing| standing.status == "waiting");
        waits.then(|| Record::Answered { id: id.to_owned(), outcome, at: now })
    }

    /// How a request stands; `None` where there is no such.
    pub fn standing(&self, id: &str, now: Timestamp) -> Option<Standing> {
        let request = self.requests.get(id)?;
        let plain = |status| Standing { id: id.to_owned(), status, signer_name: None, signed_at: None, reason: None };
        Some(match &request.answered {
            Some((Outcome::Signed, at)) => {
                Standing { signer_name: Some(request.wanted.signer.name.clone()), signed_at: Some(*at), ..plain("signed") }
            }
            Some((Outcome::Refused(reason), _)) => Standing { reason: Some(reason.clone()), ..plain("refused") },
            None if now.duration_since(request.asked_at) > STANDS_FOR => plain("expired"),
            None => plain("waiting"),
        })
    }

    /// What is to be signed; `None` where there is no such.
    pub fn wanted(&self, id: &str) -> Option<&Wanted> {
        self.requests.get(id).map(|request| &request.wanted)
    }

    /// Was this request signed for this organisation?
    pub fn is_signed_for(&self, id: &str, organisation: &str) -> bool {
        self.requests.get(id).is_some_and(|request| {
            request.wanted.organisation_number == organisation && matches!(request.answered, Some((Outcome::Signed, _)))
        })
    }
}

fn nature(email: &str) -> Option<Signer> {
    let local = email.split(['@', '+']).next().unwrap_or_default();
    SIGNERS.iter().find(|line| line.name.eq_ignore_ascii_case(local)).map(|line| line.persona)
}
