//! Where shipments and transactions stand (`getShipmentStatus`, `getTransactionStatus`), and calling them back
//! (`cancelTransaction`). The shapes of these answers are inferred (`docs/routes/efaktura.md`).

use uuid::Uuid;

use super::element::{Element, Unreadable};
use super::part::Part;
use super::soap::{Operation, Refusal, request};
use crate::route::HttpRequest;

/// Asks where a shipment stands.
pub fn ask_shipment(service: &str, message: Uuid, issuer: &str, shipment: Uuid) -> HttpRequest {
    request(service, Operation::GetShipmentStatus, message, |xml| {
        xml.text("issuer", issuer);
        xml.text("shipmentId", &shipment.to_string());
    })
}

/// Asks where transactions stand: 1 to [`super::soap::AT_MOST`] of them.
pub fn ask_transactions(service: &str, message: Uuid, issuer: &str, transactions: &[Uuid]) -> HttpRequest {
    of_transactions(Operation::GetTransactionStatus, service, message, issuer, transactions)
}

/// Calls transactions back: 1 to [`super::soap::AT_MOST`] of them.
pub fn cancel(service: &str, message: Uuid, issuer: &str, transactions: &[Uuid]) -> HttpRequest {
    of_transactions(Operation::CancelTransaction, service, message, issuer, transactions)
}

fn of_transactions(operation: Operation, service: &str, message: Uuid, issuer: &str, transactions: &[Uuid]) -> HttpRequest {
    request(service, operation, message, |xml| {
        xml.text("issuer", issuer);
        xml.group("transactionIds", |xml| {
            for transaction in transactions {
                xml.text("transactionId", &transaction.to_string());
            }
        });
    })
}

/// Where a shipment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShipmentStands {
    /// Still being looked at.
    InProgress,
    /// Looked at, whatever was found: its transactions know. `STOPPED` and `NO_…_IN_SHIPMENT` are of this kind.
    LookedAt,
}

/// Reads `GetShipmentStatusResponse`. It must be about this shipment.
pub fn shipment(response: &Element, part: &Part, id: Uuid) -> Result<ShipmentStands, Unreadable> {
    let about = response.text_of("shipmentId")?;
    if Uuid::try_parse(about).ok() != Some(id) {
        return Err(Unreadable("the answer is about another shipment".to_owned()));
    }
    match response.text_of(part.shipment_status)? {
        "IN_PROGRESS" | "PENDING" => Ok(ShipmentStands::InProgress),
        "PROCESSED" | "STOPPED" | "NO_EFAKTURA_IN_SHIPMENT" | "NO_ATG_IN_SHIPMENT" => Ok(ShipmentStands::LookedAt),
        other => Err(Unreadable(format!("{} is no status of a shipment", cut(other)))),
    }
}

/// Where a part of a transaction stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// Not decided.
    InProgress,
    /// The consumer's bank has it, or will get it.
    Accepted {
        /// The service's word.
        word: &'static str,
    },
    /// Accepted, and on its way back.
    BeingCancelled,
    /// Accepted, and called back in vain.
    NotCancelled {
        /// The service's word.
        word: &'static str,
    },
    /// Refused, with a code and words.
    Rejected(Refusal),
    /// Stopped, with a code and words.
    Stopped(Refusal),
    /// Called back.
    Cancelled(Refusal),
}

/// Reads `GetTransactionStatusResponse`: each transaction that it names. One whose status has no meaning here is left out, so
/// that it is asked about again.
pub fn transactions(response: &Element, part: &Part) -> Result<Vec<(Uuid, Stands)>, Unreadable> {
    let list = response.one("transactions")?;
    let read = |transaction: &Element| {
        let id = id_of(transaction)?;
        let status = transaction.one(part.status)?;
        let refusal = Refusal::new(status.text_or_empty("rejectionCode")?, status.text_or_empty("rejectionText")?);
        let stands = (part.stands)(status.text_of("status")?, refusal);
        Ok(stands.map(|stands| (id, stands)))
    };
    list.all("transaction").filter_map(|transaction| read(transaction).transpose()).collect()
}

/// What the service says of a wish to call a transaction back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallBack {
    /// Noted. Whether it succeeds, the transaction's status says later.
    Requested,
    /// It was called back before.
    AlreadyDone,
    /// Not now: ask again.
    Later,
    /// It cannot be called back.
    Impossible,
}

/// Reads `CancelTransactionResponse`: each transaction that it names.
pub fn cancelled(response: &Element, part: &Part) -> Result<Vec<(Uuid, CallBack)>, Unreadable> {
    let list = response.one("transactions")?;
    let read = |transaction: &Element| {
        let said = match transaction.text_of(part.cancel_status)? {
            "CANCELLATION_REQUESTED" => CallBack::Requested,
            "ALREADY_CANCELLED" => CallBack::AlreadyDone,
            "PROCESSING_IN_PROGRESS-TRY_LATER" => CallBack::Later,
            "NOT_FOUND" | "NOT_ALLOWED" => CallBack::Impossible,
            other => return Err(Unreadable(format!("{} is no answer to a cancellation", cut(other)))),
        };
        Ok((id_of(transaction)?, said))
    };
    list.all("transaction").map(read).collect()
}

fn id_of(transaction: &Element) -> Result<Uuid, Unreadable> {
    Uuid::try_parse(transaction.text_of("transactionId")?).map_err(|_| Unreadable("transactionId is no id".to_owned()))
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}
