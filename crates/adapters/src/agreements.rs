//! What is said to the payment service and the signing service about an agreement, and what their answers mean: the outside of
//! [`kvitt_domain::agreement::course`].
//!
//! What is said follows from the state alone. It is asked before anything is ordered, and an order that is repeated is answered as
//! the first, so that a process that dies in between costs one more question. The fields of these operations are inferred from
//! their published names (`docs/agreements.md`).

use jiff::Timestamp;
use kvitt_domain::Language;
use kvitt_domain::agreement::course::{Consent, Course, Event, KnownBy, State, Subject, Word};
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::Modulus;
use uuid::Uuid;

use crate::request::{HttpRequest, Reply};
use crate::route::Sender;
use crate::routes::efaktura::element::{Element, Unreadable};
use crate::routes::efaktura::outcome;
use crate::routes::efaktura::soap::{Heard, Message, Operation, Refusal, hear, request};
use crate::signing;

/// The service's code for an agreement that another provider has.
const ANOTHER_HAS_IT: &str = "5009";

/// An agreement, and all that is known beside it when something is said about it.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    /// Its id: the keys of signing requests come from it.
    pub id: Uuid,
    /// Where it stands.
    pub course: &'a Course,
    /// Whose it is.
    pub company: &'a Sender,
    /// The operator's customer unit with the rail, eight digits.
    pub customer_unit: &'a str,
    /// The name of the payment service in the configuration.
    pub service: &'a str,
    /// The name of the signing service in the configuration.
    pub signing: &'a str,
    /// The language of what is signed.
    pub language: Language,
}

/// What is to be said now; `None` in a state in which nobody is asked. `message` is the request's id, ours.
pub fn next(matter: &Matter<'_>, message: Uuid) -> Option<HttpRequest> {
    let Matter { course, company, service, .. } = matter;
    let org_number = company.org_number.as_str();
    match &course.state {
        State::Asking
        | State::Processing { .. }
        | State::WaitingForBank
        | State::Spreading { .. }
        | State::Active { known_by: KnownBy::Rail, .. } => Some(match &course.subject {
            Subject::MainVendor => {
                request(service, Operation::GetIssuer, message, |xml| xml.text("organisationNumber", org_number))
            }
            Subject::Avtalegiro { account, .. } => request(service, Operation::GetAtgAgreement, message, |xml| {
                xml.text("organisationNumber", org_number);
                xml.text("accountNumber", account);
            }),
        }),
        State::Activating => Some(order(matter, message, None)),
        State::TakingOver { consent } => Some(order(matter, message, Some(consent))),
        State::RequestingSignature { provider, signer } => {
            let asked = signing::Asked { company, subject: &course.subject, provider, signer, language: matter.language };
            let key = Uuid::new_v5(&matter.id, format!("signature {}", course.signatures).as_bytes());
            Some(signing::request(matter.signing, key, &asked))
        }
        State::WaitingForSignature { request, .. } => Some(signing::look(matter.signing, request)),
        State::Ending { .. } => {
            Some(request(service, Operation::DeleteIssuer, message, |xml| xml.text("organisationNumber", org_number)))
        }
        State::NotOrdered
        | State::SignerNeeded { .. }
        | State::Active { known_by: KnownBy::Person, .. }
        | State::Refused { .. }
        | State::Ended { .. } => None,
    }
}

fn order(matter: &Matter<'_>, message: Uuid, consent: Option<&Consent>) -> HttpRequest {
    let company = matter.company;
    match &matter.course.subject {
        Subject::MainVendor => request(matter.service, Operation::CreateIssuer, message, |xml| {
            xml.text("organisationNumber", &company.org_number);
            xml.text("name", &company.name);
            take_over(xml, consent);
        }),
        Subject::Avtalegiro { account, debit } => request(matter.service, Operation::CreateAtgAgreement, message, |xml| {
            xml.text("organisationNumber", &company.org_number);
            xml.text("accountNumber", account);
            xml.group("kidStructures", |xml| {
                for (structure, position) in debit.structures.iter().zip(debit.reference_positions()) {
                    let parts = structure.parts();
                    xml.group("kidStructure", |xml| {
                        xml.text("length", &parts.length.to_string());
                        xml.text("referencePosition", &position);
                        xml.text("modulus", if parts.modulus == Modulus::Mod10 { "MOD10" } else { "MOD11" });
                    });
                }
            });
            take_over(xml, consent);
        }),
    }
}

fn take_over(xml: &mut Message, consent: Option<&Consent>) {
    let Some(consent) = consent else { return };
    xml.group("takeOver", |xml| {
        xml.text("signingReference", &consent.reference);
        xml.text("signerName", &consent.signer_name);
        xml.text("signedAt", &consent.signed_at.to_string());
    });
}

/// What was answered to what [`next`] said in this state: an event, or no news. The error is a fault that passes, to be asked again.
pub fn heard(matter: &Matter<'_>, reply: &Reply, at: Timestamp) -> Result<Option<Event>, Fault> {
    let is_main = matter.course.subject == Subject::MainVendor;
    let word = match &matter.course.state {
        State::RequestingSignature { .. } => return signing::requested(reply).map(Some),
        State::WaitingForSignature { request, signer, .. } => return signing::signature(request, signer, reply),
        State::Asking
        | State::Processing { .. }
        | State::WaitingForBank
        | State::Spreading { .. }
        | State::Active { known_by: KnownBy::Rail, .. } => {
            let (operation, inside) =
                if is_main { (Operation::GetIssuer, "issuer") } else { (Operation::GetAtgAgreement, "agreement") };
            let response = answered(operation, reply)?;
            found(matter, response.optional(inside).map_err(garbled)?).map_err(garbled)?
        }
        State::Activating | State::TakingOver { .. } => {
            ordered(matter, if is_main { Operation::CreateIssuer } else { Operation::CreateAtgAgreement }, reply)?
        }
        State::Ending { .. } => {
            let response = answered(Operation::DeleteIssuer, reply)?;
            standing(matter, &response).map_err(garbled)?
        }
        State::NotOrdered
        | State::SignerNeeded { .. }
        | State::Active { known_by: KnownBy::Person, .. }
        | State::Refused { .. }
        | State::Ended { .. } => return Ok(None),
    };
    Ok(Some(Event::Said { word, at }))
}

fn answered(operation: Operation, reply: &Reply) -> Result<Element, Fault> {
    match hear(operation, reply) {
        Heard::Response(response) => Ok(response),
        other => Err(outcome::passing(&other)),
    }
}

fn garbled(unreadable: Unreadable) -> Fault {
    outcome::garbled(&unreadable)
}

/// Who has it. An agreement of another provider that is over is nobody's.
fn found(matter: &Matter<'_>, agreement: Option<&Element>) -> Result<Word, Unreadable> {
    let Some(agreement) = agreement else { return Ok(Word::Nobody) };
    let provider = agreement.text_of("provider")?;
    let word = standing(matter, agreement)?;
    if same_unit(provider, matter.customer_unit) {
        return Ok(word);
    }
    Ok(match word {
        Word::Refused { .. } | Word::Ended => Word::Nobody,
        _ => Word::Another { provider: provider.to_owned() },
    })
}

/// Customer units are written with and without the zeros that fill them.
fn same_unit(one: &str, other: &str) -> bool {
    one.trim_start_matches('0') == other.trim_start_matches('0')
}

/// The status of an agreement, in whatever element it stands.
fn standing(matter: &Matter<'_>, element: &Element) -> Result<Word, Unreadable> {
    Ok(match element.text_of("status")? {
        "PENDING" => Word::Pending,
        "WAITING_FOR_BANK" => Word::WaitingForBank,
        "ACTIVE" if element.is_true("activeInBanks")? => Word::Active,
        "ACTIVE" => Word::Spreading,
        "REFUSED" => Word::Refused { why: refused(matter, &Refusal::new("", element.text_or_empty("text")?)) },
        "ENDED" => Word::Ended,
        _ => return Err(Unreadable("an agreement has a status that is none".to_owned())),
    })
}

fn refused(matter: &Matter<'_>, refusal: &Refusal) -> Fault {
    let fault = Fault::fatal(codes::AGREEMENT_REFUSED).with("agreement", matter.course.kind().name());
    fault.with("code", &refusal.code).with("text", &refusal.text)
}

/// The answer to an order. What the service looked at and refused will not be taken the next time either.
fn ordered(matter: &Matter<'_>, operation: Operation, reply: &Reply) -> Result<Word, Fault> {
    match hear(operation, reply) {
        Heard::Response(response) => standing(matter, &response).map_err(garbled),
        Heard::Invalid(refusal) if refusal.code == ANOTHER_HAS_IT => Ok(Word::Another { provider: String::new() }),
        Heard::Invalid(refusal) | Heard::Misshapen(refusal) => Ok(Word::Refused { why: refused(matter, &refusal) }),
        other => Err(outcome::passing(&other)),
    }
}
