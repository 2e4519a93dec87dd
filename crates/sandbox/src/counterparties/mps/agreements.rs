//! What is asked of agreements and mandates: issuers are MPS's own, AvtaleGiro agreements and mandates the bank's.
//!
//! Field lists are inferred; codes are those of the service descriptions where they name one: 3102, 5002, 5006, 5007, 5009.

use jiff::Timestamp;

use super::answers::{Elements, response, response_of};
use super::bills::Refused;
use super::books::{Books, Record};
use super::issuers::{Issuer, NotMade};
use super::requests::{KidStructure, What};
use super::{AGREEMENTS, Answer, Neighbours};
use crate::counterparties::bank::accounts::{self, Wanted};
use crate::counterparties::bank::kid::Structure;

/// Answers a request of this kind.
///
/// # Errors
/// A `ValidationFault`'s code and description.
pub fn answer(
    books: &mut Books,
    what: &What,
    caller: &str,
    neighbours: &mut Neighbours<'_>,
    echo: Elements,
    now: Timestamp,
) -> Result<Answer, Refused> {
    let ok = |name, inside| Ok(Answer::ok(response_of(AGREEMENTS, name, inside)));
    match what {
        What::Mandate { kid, account } => mandate(neighbours, caller, kid, account, echo, now),
        What::Issuer { organisation } => {
            let found = books.issuers.get(organisation).map(|issuer| described(&issuer, now));
            ok("GetIssuerResponse", found.into_iter().fold(echo, |inside, issuer| inside.group("issuer", issuer)))
        }
        What::CreateIssuer { organisation, name, take_over } => {
            let signed = take_over.as_ref().map(|one| neighbours.signing.is_signed_for(&one.signing, organisation));
            let made = match books.issuers.make(caller, organisation, name, signed, now) {
                Ok(made) => made,
                Err(NotMade::OthersHaveIt) => return Err(others_have_it(organisation)),
                Err(NotMade::TakeOverRefused(why)) => {
                    return ok("CreateIssuerResponse", echo.text("status", "REFUSED").text("text", why));
                }
            };
            let (issuer, is_change) = made;
            let status = issuer.status(now);
            let reply =
                response_of(AGREEMENTS, "CreateIssuerResponse", echo.text("status", status.word()).maybe("text", status.text()));
            Ok(written(books, issuer, is_change, Answer::ok(reply)))
        }
        What::DeleteIssuer { organisation } => {
            let issuer = books.issuers.end(caller, organisation, now).ok_or_else(|| not_yours(organisation))?;
            let mut ended = Vec::new();
            neighbours.bank.end_agreements(caller, organisation, now, &mut ended);
            let is_change = books.issuers.get(organisation).as_ref() != Some(&issuer);
            let reply = response_of(AGREEMENTS, "DeleteIssuerResponse", echo.text("status", "ENDED"));
            Ok(written(books, issuer, is_change, Answer { bank: ended, ..Answer::ok(reply) }))
        }
        What::CreateAgreement { organisation, account, structures, take_over } => {
            if !books.issuers.is_active(caller, organisation, now) {
                return Err(not_yours(organisation));
            }
            let structures = structures.iter().map(structure).collect::<Result<Vec<_>, _>>()?;
            let signed = take_over.as_ref().map(|one| neighbours.signing.is_signed_for(&one.signing, organisation));
            let wanted = Wanted { provider: caller, organisation, account, structures, takes_over: signed == Some(true) };
            let unsigned = signed == Some(false) && neighbours.bank.provider_of(account).is_some_and(|holder| holder != caller);
            if unsigned {
                let why = "The signing is not known, or not for this organisation";
                return ok("CreateAtgAgreementResponse", echo.text("status", "REFUSED").text("text", why));
            }
            let mut made = Vec::new();
            let status = neighbours.bank.make_agreement(wanted, now, &mut made).map_err(|why| match why {
                accounts::NotMade::OthersHaveIt => others_have_it(account),
                accounts::NotMade::OtherCompany => {
                    Refused { code: 5006, description: format!("Account {account} is another organisation's") }
                }
            })?;
            let inside = echo.text("status", status.word()).maybe("text", status.text());
            Ok(Answer { bank: made, ..Answer::ok(response_of(AGREEMENTS, "CreateAtgAgreementResponse", inside)) })
        }
        What::Agreement { organisation, account } => {
            ok("GetAtgAgreementResponse", agreement(neighbours, organisation, account, echo, now))
        }
        What::AddShipment(_)
        | What::ShipmentStatus { .. }
        | What::TransactionStatus(_)
        | What::Cancel(_)
        | What::LookUp { .. }
        | What::BlackList { .. }
        | What::ValidateSignature { .. } => Err(Refused { code: 3998, description: "This is no agreement".to_owned() }),
    }
}

fn mandate(
    neighbours: &Neighbours<'_>,
    caller: &str,
    kid: &str,
    account: &str,
    echo: Elements,
    now: Timestamp,
) -> Result<Answer, Refused> {
    let found = neighbours
        .bank
        .look_up(caller, account, kid, now)
        .map_err(|_| Refused { code: 3102, description: format!("Mandates of account {account} are not yours to look up") })?;
    let inside = found.map(|mandate| {
        Elements::new()
            .text("kid", &mandate.kid)
            .text("creditAccount", &mandate.account)
            .text("notification", mandate.wants_notice)
    });
    let inside = inside.into_iter().fold(echo, |echo, mandate| echo.group("atgMandate", mandate));
    Ok(Answer::ok(response("GetAtgMandateResponse", inside)))
}

/// Another provider's agreement is seen, but nothing of it but whose it is.
fn agreement(neighbours: &Neighbours<'_>, organisation: &str, account: &str, echo: Elements, now: Timestamp) -> Elements {
    let known = neighbours.bank.agreement(account, now).filter(|(found, _)| found.organisation == organisation);
    let (provider, status) = match known {
        Some((found, status)) => (found.provider.as_str(), status),
        None => match neighbours.bank.provider_of(account) {
            Some(other) if neighbours.bank.agreement(account, now).is_none() => (other, accounts::Status::Active),
            _ => return echo,
        },
    };
    let inside = Elements::new().text("accountNumber", account).text("provider", provider).text("status", status.word());
    echo.group("agreement", inside.maybe("text", status.text()))
}

fn described(issuer: &Issuer, now: Timestamp) -> Elements {
    let status = issuer.status(now);
    Elements::new()
        .text("organisationNumber", &issuer.organisation)
        .text("name", &issuer.name)
        .text("provider", &issuer.provider)
        .text("status", status.word())
        .text("activeInBanks", issuer.is_in_banks(now))
        .maybe("text", status.text())
}

/// The answer, with the issuer entered where it changed.
fn written(books: &mut Books, issuer: Issuer, is_change: bool, answer: Answer) -> Answer {
    if !is_change {
        return answer;
    }
    let record = Record::Issuer(issuer);
    books.remember(record.clone());
    Answer { records: vec![record], ..answer }
}

fn structure(sent: &KidStructure) -> Result<Structure, Refused> {
    let KidStructure { length, reference, modulus } = sent;
    Structure::new(*length, reference, *modulus).ok_or_else(|| Refused {
        code: 5007,
        description: format!("Reference position {reference} does not fit a KID of {length} digits; its form is KID[d-d]"),
    })
}

fn others_have_it(what: &str) -> Refused {
    Refused { code: 5009, description: format!("{what} belongs to another provider; a take-over must be asked for") }
}

fn not_yours(organisation: &str) -> Refused {
    Refused { code: 5002, description: format!("Issuer {organisation} is missing or not yours") }
}
