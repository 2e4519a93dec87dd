//! A call's bytes: who calls, which operation it is, what it asks, and what an order for a fault may name.

use std::collections::HashSet;

use super::answers::{Reply, fault, schema_fault};
use super::issuers::{PROVIDERS, Provider};
use super::requests::{self, Asked, Receiver, Shipment, What};
use super::wire::{self, Credentials};
use super::{AGREEMENTS, SERVICE};

/// Envelope, caller and request, or the fault that says what is wrong with them.
pub fn read(action: &str, body: &[u8]) -> Result<(Provider, Asked), Reply> {
    let malformed = |wire::Malformed(reason)| schema_fault(&reason);
    let text = std::str::from_utf8(body).map_err(|_| schema_fault("the request is not UTF-8"))?;
    let document = wire::parse(text).map_err(malformed)?;
    let (credentials, root) = wire::open(&document).map_err(malformed)?;
    let known = |Credentials { user, password }: Credentials| {
        PROVIDERS.iter().find(|provider| provider.user == user && provider.password == password)
    };
    let Some(caller) = credentials.and_then(known) else {
        return Err(fault("AuthenticationFault", None, "1000", "User or password is wrong or missing"));
    };
    let (service, name) = wire::operation(&root).map_err(malformed)?;
    if !fits(action, service, name) {
        return Err(schema_fault(&format!("SOAPAction {action} does not belong to {name}")));
    }
    Ok((*caller, requests::read(root).map_err(malformed)?))
}

/// Each request with its namespace and the tail of its `SOAPAction`; cancelling has the odd one.
const ACTIONS: [(&str, &str, &str); 13] = [
    (SERVICE, "AddShipmentRequest", "addShipment"),
    (SERVICE, "GetShipmentStatusRequest", "getShipmentStatus"),
    (SERVICE, "GetTransactionStatusRequest", "getTransactionStatus"),
    (SERVICE, "GetEfakturaIdentifiersRequest", "getEfakturaIdentifiers"),
    (SERVICE, "CancelTransactionRequest", "cancelTransactions"),
    (SERVICE, "GetBlackListRequest", "getBlackList"),
    (SERVICE, "ValidateSecuritySignatureRequest", "validateSecuritySignature"),
    (SERVICE, "GetAtgMandateRequest", "getAtgMandate"),
    (AGREEMENTS, "GetIssuerRequest", "getIssuer"),
    (AGREEMENTS, "CreateIssuerRequest", "createIssuer"),
    (AGREEMENTS, "DeleteIssuerRequest", "deleteIssuer"),
    (AGREEMENTS, "CreateAtgAgreementRequest", "createAtgAgreement"),
    (AGREEMENTS, "GetAtgAgreementRequest", "getAtgAgreement"),
];

fn fits(action: &str, service: &str, request: &str) -> bool {
    let tail = action.trim_matches('"').strip_prefix(service);
    ACTIONS.iter().any(|(space, known, expected)| *space == service && *known == request && tail == Some(*expected))
}

/// What a fault's `to` may name: the operation, the issuer of a shipment, and its receivers (never by identity number).
pub fn concerned(action: &str, what: &What) -> Vec<String> {
    let mut concerned = vec![action.trim_matches('"').rsplit('/').next().unwrap_or_default().to_owned()];
    if let What::AddShipment(Shipment { issuer, transactions, .. }) = what {
        concerned.push(issuer.clone());
        let receivers: HashSet<&String> = transactions
            .iter()
            .filter_map(|one| match &one.efaktura.as_ref()?.receiver {
                Receiver::Identifier(text) | Receiver::Reference(text) => Some(text),
                Receiver::IdentityNumber(_) => None,
            })
            .collect();
        concerned.extend(receivers.into_iter().cloned());
    }
    concerned
}
