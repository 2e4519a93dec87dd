//! What Fortnox says no with. Validation has its keys in small letters, a single record that is missing has them with capitals;
//! both are the real one's. Codes from 2999000 on are the sandbox's own: the real one's are not public.

use serde_json::{Value, json};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// Fortnox's code.
    pub code: u32,
    /// In Swedish, as the real one speaks.
    pub message: String,
    /// Are the keys written with capitals?
    pub has_capitals: bool,
}

impl Refused {
    /// What was sent is not right.
    pub fn bad(code: u32, message: impl Into<String>) -> Refused {
        Refused { status: 400, code, message: message.into(), has_capitals: false }
    }

    /// The record that the address names is not there.
    pub fn missing(code: u32, message: &str) -> Refused {
        Refused { status: 404, code, message: message.to_owned(), has_capitals: true }
    }

    /// The token, or the company, has no right to this.
    pub fn forbidden(code: u32, message: &str) -> Refused {
        Refused { status: 403, code, message: message.to_owned(), has_capitals: false }
    }

    /// The body.
    pub fn body(&self) -> Value {
        let Refused { code, message, .. } = self;
        if self.has_capitals {
            json!({ "ErrorInformation": { "Error": 1, "Message": message, "Code": code } })
        } else {
            json!({ "ErrorInformation": { "error": 1, "message": message, "code": code } })
        }
    }
}

/// A page that is none.
pub fn no_such_page() -> Refused {
    Refused::missing(2_000_729, "Ingen giltig identifierare angiven.")
}
