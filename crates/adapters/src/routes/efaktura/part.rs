//! Which part of the combined service a shipment is about: the bill in the netbank, or the claim. They travel in the same
//! messages and are answered side by side, with words of their own; the conversation about them is the same ([`super::journey`]).

use kvitt_domain::delivery::AttemptId;
use kvitt_domain::fault::{Code, codes};

use super::soap::Refusal;
use super::status::Stands;
use crate::route::Learned;

/// One part of the service, as its messages name it and as people hear of it.
#[derive(Debug)]
pub struct Part {
    /// The route whose part it is.
    pub route: &'static str,
    /// Where `GetShipmentStatusResponse` says how far it is.
    pub shipment_status: &'static str,
    /// Where `GetTransactionStatusResponse` says what became of it.
    pub status: &'static str,
    /// Where `CancelTransactionResponse` says whether it is called back.
    pub cancel_status: &'static str,
    /// What a status means; `None` for one that has no meaning here.
    pub stands: fn(&str, Refusal) -> Option<Stands>,
    /// What is known for later of one that was accepted.
    pub accepted: fn(AttemptId) -> Option<Learned>,
    /// The code of the fault of one that was refused, by the service's own code.
    pub rejected: fn(&str) -> Code,
    /// The code among them of one that is there already.
    pub known_already: Option<Code>,
    /// Stopped after it was accepted.
    pub stopped: Code,
    /// Withdrawn at the service, by nobody here.
    pub cancelled: Code,
    /// Found invalid when it was handed over.
    pub invalid: Code,
    /// Refused for what it travelled with.
    pub lot_refused: Code,
    /// Not sayable for a reason that is no longer known.
    pub unsayable: Code,
}

/// The bill in the consumer's netbank.
pub static BILL: Part = Part {
    route: super::NAME,
    shipment_status: "efakturaShipmentStatus",
    status: "efakturaStatus",
    cancel_status: "efakturaCancelStatus",
    stands: |status, refusal| match status {
        "IN_PROGRESS" | "PENDING" => Some(Stands::InProgress),
        "ACCEPTED" => Some(Stands::Accepted { word: "ACCEPTED" }),
        "REJECTED" => Some(Stands::Rejected(refusal)),
        "STOPPED" => Some(Stands::Stopped(refusal)),
        "CANCELLED" => Some(Stands::Cancelled(refusal)),
        _ => None,
    },
    accepted: |_| None,
    rejected: |_| codes::EFAKTURA_REJECTED,
    known_already: None,
    stopped: codes::EFAKTURA_STOPPED,
    cancelled: codes::EFAKTURA_CANCELLED,
    invalid: codes::EFAKTURA_INVALID,
    lot_refused: codes::EFAKTURA_SHIPMENT_REFUSED,
    unsayable: codes::EFAKTURA_BILL_ADDRESS,
};

/// The claim by AvtaleGiro.
pub static CLAIM: Part = Part {
    route: crate::routes::avtalegiro::NAME,
    shipment_status: "atgShipmentStatus",
    status: "atgStatus",
    cancel_status: "atgCancelStatus",
    stands: |status, refusal| match status {
        "IN_PROGRESS" | "RECEIVED" | "PROCESSING" => Some(Stands::InProgress),
        "PROCESSED" | "PROCESSED_WITH_WARNING" => Some(Stands::Accepted { word: "PROCESSED" }),
        "SENT_TO_BDS" => Some(Stands::Accepted { word: "SENT_TO_BDS" }),
        "REJECTED" => Some(Stands::Rejected(refusal)),
        "CANCELLATION_ACCEPTED_BY_BDS" => Some(Stands::Cancelled(refusal)),
        "CANCELLATION_REJECTED" | "CANCELLATION_REJECTED_BY_BDS" => Some(Stands::NotCancelled { word: "SENT_TO_BDS" }),
        "CANCELLATION_RECEIVED"
        | "CANCELLATION_VALIDATED"
        | "CANCELLATION_PROCESSING"
        | "CANCELLATION_PROCESSED"
        | "CANCELLATION_SENT_TO_BDS" => Some(Stands::BeingCancelled),
        _ => None,
    },
    accepted: |attempt| Some(Learned::Claimed { attempt }),
    rejected: crate::routes::avtalegiro::outcome::rejected,
    known_already: Some(codes::CLAIM_KNOWN_ALREADY),
    stopped: codes::CLAIM_REJECTED,
    cancelled: codes::CLAIM_WITHDRAWN,
    invalid: codes::CLAIM_INVALID,
    lot_refused: codes::CLAIM_LOT_REFUSED,
    unsayable: codes::CLAIM_INVALID,
};
