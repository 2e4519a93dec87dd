//! What the rail's refusals mean, as faults for people. The codes are the same by service and by file; which there are is inferred.

use kvitt_domain::fault::{Code, Fault, Severity, codes};

/// Characters of the rail's words that a fault repeats.
const LONGEST_TEXT: usize = 300;

/// The code of the fault of a claim that the rail refused with a code of its own.
pub fn rejected(code: &str) -> Code {
    match code {
        // No active mandate for this KID.
        "M001" => codes::CLAIM_MANDATE_GONE,
        // The same claim is known already, and ours is new: another provider made it.
        "X001" => codes::CLAIM_KNOWN_ALREADY,
        _ => codes::CLAIM_REJECTED,
    }
}

/// The fault of a claim that the rail refused.
pub fn refused(code: &str, text: &str) -> Fault {
    said(rejected(code), code, text)
}

/// The fault of a claim that the rail does not give back, and why.
pub fn not_called_back(code: &str, text: &str) -> Fault {
    Fault { severity: Severity::Warning, ..said(codes::CALL_BACK_REFUSED, code, text).with("route", super::NAME) }
}

/// A fault with the rail's code and words.
pub fn said(fault: Code, code: &str, text: &str) -> Fault {
    let text: String = text.chars().take(LONGEST_TEXT).collect();
    Fault::fatal(fault).with("code", code).with("text", text)
}
