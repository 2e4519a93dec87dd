//! What the service answers besides carrying bills: who has blocked the issuer (`getBlackList`), and whether a bank signed the
//! address that it opens (`validateSecuritySignature`). Requests and their meanings only; the hub asks.

use kvitt_domain::fault::Fault;
use uuid::Uuid;

use super::outcome;
use super::soap::{Heard, Operation, hear, request};
use crate::route::{HttpRequest, Reply};

/// Asks for the eFaktura identifiers of consumers who have blocked this issuer (nine digits).
pub fn ask_black_list(service: &str, message: Uuid, issuer: &str) -> HttpRequest {
    request(service, Operation::GetBlackList, message, |xml| xml.text("issuer", issuer))
}

/// The identifiers, nine digits each. The error is a fault that passes.
pub fn black_list(reply: &Reply) -> Result<Vec<String>, Fault> {
    let response = match hear(Operation::GetBlackList, reply) {
        Heard::Response(response) => response,
        other => return Err(outcome::passing(&other)),
    };
    let list = response.one("efakturaIdentifiers").map_err(|unreadable| outcome::garbled(&unreadable))?;
    Ok(list.all("efakturaIdentifier").map(|element| element.text.trim().to_owned()).collect())
}

/// Asks whether a bank signed the address of a bill that it opens. `signature` is the token that came with the address, `url`
/// the address without it.
pub fn ask_signature(service: &str, message: Uuid, signature: &str, url: &str) -> HttpRequest {
    request(service, Operation::ValidateSecuritySignature, message, |xml| {
        xml.text("securitySignature", signature);
        xml.text("url", url);
    })
}

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// A bank signed it, just now: the bill may be shown.
    Valid,
    /// A bank signed it, too long ago (fault 3030).
    TooOld,
    /// No bank signed it, or not for this address (fault 3031, or the answer no).
    Forged,
}

/// What the service says of a token. The error is a fault that passes: nothing may be shown, and the bank may come again.
pub fn signature(reply: &Reply) -> Result<Signature, Fault> {
    match hear(Operation::ValidateSecuritySignature, reply) {
        Heard::Response(response) => match response.one("valid").and_then(|_| response.is_true("valid")) {
            Ok(true) => Ok(Signature::Valid),
            Ok(false) => Ok(Signature::Forged),
            Err(unreadable) => Err(outcome::garbled(&unreadable)),
        },
        Heard::Invalid(refusal) if refusal.code == "3030" => Ok(Signature::TooOld),
        Heard::Invalid(refusal) if refusal.code == "3031" => Ok(Signature::Forged),
        // A token that does not even fit the schema was made by no bank.
        Heard::Misshapen(_) => Ok(Signature::Forged),
        other => Err(outcome::passing(&other)),
    }
}
