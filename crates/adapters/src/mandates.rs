//! `getAtgMandate`: whether a payer has given a mandate, asked for one KID at a time. The one way to look a mandate up that the
//! service's published description has; everything that changes comes in bank files. Requests and their meanings only.

use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::mandate::{MandateRecord, Registration};
use uuid::Uuid;

use crate::request::{HttpRequest, Reply};
use crate::routes::efaktura::outcome;
use crate::routes::efaktura::soap::{Heard, Operation, hear, request};

/// The service's code for mandates that another provider fetches.
const ELSEWHERE: &str = "3102";

/// A mandate that is asked about: its KID, and our bank account, eleven digits.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Any KID of the customer: the rail matches on its customer part.
    pub kid: &'a str,
    /// The account that would be paid to.
    pub bank_account: &'a str,
}

/// Asks the service that the configuration calls `service`.
pub fn ask(service: &str, message: Uuid, about: Question<'_>) -> HttpRequest {
    request(service, Operation::GetAtgMandate, message, |xml| {
        xml.text("kid", about.kid);
        xml.text("creditAccount", about.bank_account);
    })
}

/// What was answered: the mandate as a record about it, or that there is none. `mandate.elsewhere` where another provider
/// fetches the account's mandates; any other error is a fault that passes.
pub fn answer(about: Question<'_>, reply: &Reply) -> Result<MandateRecord, Fault> {
    let response = match hear(Operation::GetAtgMandate, reply) {
        Heard::Response(response) => response,
        Heard::Invalid(refusal) if refusal.code == ELSEWHERE => {
            return Err(Fault::fatal(codes::MANDATE_ELSEWHERE).with("account", about.bank_account));
        }
        other => return Err(outcome::passing(&other)),
    };
    let garbled = |unreadable| outcome::garbled(&unreadable);
    let Some(mandate) = response.optional("atgMandate").map_err(garbled)? else {
        let kid = about.kid.to_owned();
        return Ok(MandateRecord { kid, registration: Registration::Deleted, wants_notice: false });
    };
    let account = mandate.text_of("creditAccount").map_err(garbled)?;
    if account != about.bank_account {
        let text = "it answers about another account";
        return Err(Fault::fatal(codes::COUNTERPARTY_GARBLED).with("code", "").with("text", text));
    }
    let kid = mandate.text_of("kid").map_err(garbled)?.to_owned();
    let wants_notice = mandate.is_true("notification").map_err(garbled)?;
    Ok(MandateRecord { kid, registration: Registration::NewOrChanged, wants_notice })
}
