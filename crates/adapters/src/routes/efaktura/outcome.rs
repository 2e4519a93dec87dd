//! What an answer that is no answer means, as faults for people.

use kvitt_domain::fault::{Code, Fault, codes};

use super::element::Unreadable;
use super::soap::{Heard, Refusal};

/// The fault of something that did not work and may work later. For answers it is called only with those that are none.
pub fn passing(heard: &Heard) -> Fault {
    match heard {
        Heard::Silence(_, what) => Fault::fatal(codes::COUNTERPARTY_SILENT).with("text", what),
        Heard::Credentials(refusal) => said(codes::EFAKTURA_CREDENTIALS, refusal),
        Heard::Failed(refusal) => said(codes::COUNTERPARTY_TEMPORARY, refusal),
        Heard::TurnedAway(refusal) if matches!(refusal.code.as_str(), "408" | "425" | "429") => {
            said(codes::COUNTERPARTY_TEMPORARY, refusal)
        }
        Heard::Invalid(refusal) | Heard::Misshapen(refusal) | Heard::TurnedAway(refusal) => {
            said(codes::COUNTERPARTY_REFUSES_US, refusal)
        }
        Heard::Garbled(refusal) => said(codes::COUNTERPARTY_GARBLED, refusal),
        Heard::Response(response) => {
            said(codes::COUNTERPARTY_GARBLED, &Refusal::new("", &format!("a {} that makes no sense", response.name)))
        }
    }
}

/// The fault of an answer that cannot be read.
pub fn garbled(unreadable: &Unreadable) -> Fault {
    said(codes::COUNTERPARTY_GARBLED, &Refusal::new("", &unreadable.0))
}

/// The longest text of a counterparty that is repeated in a fault.
const LONGEST_TEXT: usize = 300;

/// A fault with the counterparty's code and words.
pub fn said(code: Code, refusal: &Refusal) -> Fault {
    let text: String = refusal.text.chars().take(LONGEST_TEXT).collect();
    Fault::fatal(code).with("code", &refusal.code).with("text", text)
}
