//! What a mail server's answer means: one reply, one meaning, in one table.
//!
//! The rule behind the table: only the recipient's server speaking of the recipient, or of the letter itself, is final.
//! Everything that may be our set-up or a passing fault is tried again, and silence after the final dot is never guessed at.

use kvitt_domain::delivery::Word;
use kvitt_domain::fault::{Fault, codes};

use crate::route::{Reply, Sent, SmtpStage};

/// What one reply means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// This is now known, and nothing more is to be said.
    Final {
        /// What is known.
        word: Word,
        /// Why the address itself is bad, where the server said so.
        address_dead: Option<String>,
    },
    /// Certainly not accepted, and worth another try.
    Again(Fault),
}

/// The meaning of a reply.
pub fn of(reply: &Reply) -> Meaning {
    match reply {
        Reply::Silence { sent: Sent::No, what } => Meaning::Again(Fault::warning(codes::COUNTERPARTY_SILENT).with("text", what)),
        Reply::Silence { sent: Sent::Unknown, what } => in_doubt(what),
        Reply::Smtp { stage: SmtpStage::Dot, code, text } => after_dot(*code, text),
        Reply::Smtp { stage, code, text } => before_dot(*stage, *code, text),
        // No mail server answers like this; what is no reply is never guessed at.
        Reply::Http { .. } | Reply::Placed | Reply::Seen { .. } => in_doubt("the answer is not a mail server's"),
    }
}

fn after_dot(code: u16, text: &str) -> Meaning {
    match code {
        // RFC 5321 §4.2.1: the first digit decides; 250 is what is sent.
        200..=299 => finished(Word::HandedOver { receipt: text.to_owned() }),
        400..=499 => Meaning::Again(temporary(code, text)),
        500..=599 => finished(Word::Refused { why: said(codes::EMAIL_CONTENT_REFUSED, code, text) }),
        // What is no reply may hide a yes as well as a no.
        _ => in_doubt(text),
    }
}

fn before_dot(stage: SmtpStage, code: u16, text: &str) -> Meaning {
    match (stage, code) {
        (_, 400..=499) => Meaning::Again(temporary(code, text)),
        // RFC 4954 §6: 530 is "authentication required" wherever it comes; that is our set-up, never the recipient.
        (SmtpStage::Auth, 500..=599) | (SmtpStage::From | SmtpStage::To, 530) => {
            Meaning::Again(again(codes::EMAIL_CREDENTIALS, code, text))
        }
        (SmtpStage::Greeting | SmtpStage::From, 500..=599) => Meaning::Again(again(codes::COUNTERPARTY_REFUSES_US, code, text)),
        (SmtpStage::To, 500..=599) => Meaning::Final {
            word: Word::Refused { why: said(codes::EMAIL_REFUSED, code, text) },
            address_dead: status_of(text).filter(|status| is_about_the_address(status)).map(|_| format!("{code} {text}")),
        },
        (SmtpStage::Data | SmtpStage::Dot, 500..=599) => {
            finished(Word::Refused { why: said(codes::EMAIL_CONTENT_REFUSED, code, text) })
        }
        // A positive reply is never the last word before the dot, and anything else is no SMTP.
        (SmtpStage::Greeting | SmtpStage::Auth | SmtpStage::From | SmtpStage::To | SmtpStage::Data | SmtpStage::Dot, _) => {
            Meaning::Again(again(codes::COUNTERPARTY_GARBLED, code, text))
        }
    }
}

/// The enhanced status code (RFC 3463) that a text begins with, such as `5.1.1`.
pub fn status_of(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let mut parts = word.split('.');
    let class = parts.next()?;
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = matches!(class, "2" | "4" | "5") && parts.next().is_some_and(is_number) && parts.next().is_some_and(is_number);
    (whole && parts.next().is_none()).then_some(word)
}

/// Whether an enhanced status code says that the recipient's address does not exist (RFC 3463 §3.2, RFC 7505 §4.2).
/// Its neighbours do not: 5.1.4 is ambiguous, 5.1.5 is valid, 5.1.7 and 5.1.8 are about the sender.
pub fn is_about_the_address(status: &str) -> bool {
    matches!(status, "5.1.0" | "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10")
}

fn finished(word: Word) -> Meaning {
    Meaning::Final { word, address_dead: None }
}

fn in_doubt(what: &str) -> Meaning {
    finished(Word::InDoubt { why: Fault::warning(codes::DELIVERY_IN_DOUBT).with("text", what) })
}

fn temporary(code: u16, text: &str) -> Fault {
    again(codes::COUNTERPARTY_TEMPORARY, code, text)
}

fn again(fault: kvitt_domain::Code, code: u16, text: &str) -> Fault {
    Fault::warning(fault).with("code", code).with("text", text)
}

fn said(fault: kvitt_domain::Code, code: u16, text: &str) -> Fault {
    Fault::fatal(fault).with("code", code).with("text", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_status_codes() {
        for (text, status) in [
            ("5.1.1 no such person", Some("5.1.1")),
            ("5.1.10", Some("5.1.10")),
            ("2.0.0 Ok: queued as 1", Some("2.0.0")),
            ("5.1 no", None),
            ("5.1.1.1 no", None),
            ("3.0.0 no", None),
            ("no 5.1.1", None),
            ("", None),
        ] {
            assert_eq!(status_of(text), status, "{text}");
        }
        assert!(!is_about_the_address("5.1.8"), "5.1.8 is about the sender's address");
    }
}
