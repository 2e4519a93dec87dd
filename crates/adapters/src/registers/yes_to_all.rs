//! Yes to All ("Ja takk til alle"): the register of consumers who take eFaktura, asked by `getEfakturaIdentifiers`.
//!
//! Yes is said only of one consumer who was found, takes eFaktura from everyone or from this issuer, and has not blocked it.
//! Everything else that the service *says* is no, each with its own reason; what it does not say (a fault, silence, garbage) is
//! no answer, and it is asked again. By which key a consumer is looked for is [`Key::of`].

use std::collections::HashMap;

use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::recipient::Recipient;
use uuid::Uuid;

use crate::register::{Answer, Found, Question, Register};
use crate::route::{AdapterError, HttpRequest, Reply, RouteSetup, Sender};
use crate::routes::efaktura::lookup::{self, Key, LookedUp, NoKey};
use crate::routes::efaktura::outcome;
use crate::routes::efaktura::setup::{self, EfakturaSetup};
use crate::routes::efaktura::soap::{AT_MOST, Heard, Operation, hear};

/// The register's name.
pub const NAME: &str = "yes_to_all";

/// The Yes to All register.
#[derive(Debug, Clone, Copy)]
pub struct YesToAll;

impl Register for YesToAll {
    fn name(&self) -> &'static str {
        NAME
    }

    fn at_most(&self) -> usize {
        AT_MOST
    }

    fn check(&self, setup: &RouteSetup, recipient: &Recipient) -> Vec<Fault> {
        match setup::read((!setup.0.is_null()).then_some(setup)) {
            Ok(setup) => Key::of(recipient, setup.identity()).err().map(NoKey::fault).into_iter().collect(),
            Err(faults) => faults,
        }
    }

    fn ask(
        &self,
        company: &Sender,
        setup: &RouteSetup,
        message: Uuid,
        about: &[Question<'_>],
    ) -> Result<HttpRequest, AdapterError> {
        let setup: EfakturaSetup = setup.read()?;
        // Who came to wait and may no longer be looked for (the company has forbidden it since) is asked for by what finds
        // nobody, so that everyone gets an answer.
        let key = |question: &Question<'_>| {
            let key = Key::of(question.recipient, setup.identity()).unwrap_or_else(|_| Key::none(question.recipient));
            (question.id, key)
        };
        let keys: Vec<(Uuid, Key)> = about.iter().map(key).collect();
        Ok(lookup::ask(&setup.service, message, &company.org_number, &keys))
    }

    fn read(&self, _message: Uuid, about: &[Question<'_>], reply: &Reply) -> Result<Vec<Found>, Fault> {
        let response = match hear(Operation::GetEfakturaIdentifiers, reply) {
            Heard::Response(response) => response,
            other => return Err(outcome::passing(&other)),
        };
        let answers = lookup::read(&response).map_err(|unreadable| outcome::garbled(&unreadable))?;
        let mut by_id: HashMap<&str, &LookedUp> = HashMap::with_capacity(answers.len());
        for (id, found) in &answers {
            if by_id.insert(id, found).is_some_and(|earlier| earlier != found) {
                return Err(garbled("two answers to one key"));
            }
        }
        about
            .iter()
            .map(|question| {
                let found = by_id.get(question.id.to_string().as_str()).ok_or_else(|| garbled("no answer to one of the keys"))?;
                Ok(verdict(found))
            })
            .collect()
    }
}

fn garbled(why: &str) -> Fault {
    Fault::fatal(codes::COUNTERPARTY_GARBLED).with("code", "").with("text", why)
}

fn verdict(found: &LookedUp) -> Found {
    let no = |code| Found { answer: Answer::No { why: Fault::fatal(code) }, key: None };
    match found {
        LookedUp::Nobody => no(codes::EFAKTURA_NOT_FOUND),
        LookedUp::TooLittle => no(codes::EFAKTURA_TOO_LITTLE_KNOWN),
        LookedUp::Several => no(codes::EFAKTURA_SEVERAL),
        LookedUp::Unique(consumer) if consumer.blocked => no(codes::EFAKTURA_BLOCKED),
        LookedUp::Unique(consumer) if !consumer.accepts_all && !consumer.has_agreement => no(codes::EFAKTURA_NOT_ACCEPTING),
        LookedUp::Unique(consumer) => Found { answer: Answer::Yes, key: Some(consumer.identifier.clone()) },
    }
}
