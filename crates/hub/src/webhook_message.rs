//! What a webhook is told, and how it is signed: Standard Webhooks 1.0 (standardwebhooks.com), the symmetric scheme `v1`.
//!
//! A message is thin: which event of which company happened to what, and nothing that names a person. Whoever needs more asks for it.

use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kvitt_domain::subscription::Wanted;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::store::event::Heading;
use crate::vault::sha256;

/// How every written secret begins (Standard Webhooks, "Signature scheme").
const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a secret: Standard Webhooks asks for between 24 and 64.
const SECRET_LEN: usize = 32;
/// The type of a test call. It stands in no chain.
pub const TEST: &str = "webhook.test";

/// A secret that messages are signed with. It is never shown by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A new one: 32 random bytes.
    pub fn new() -> Secret {
        let mut bytes = [0; SECRET_LEN];
        rand::fill(&mut bytes).expect("the operating system gives random bytes");
        Secret(STANDARD.encode(bytes))
    }

    /// As it is shown, once: `whsec_` and base64.
    pub fn shown(&self) -> String {
        format!("{SECRET_PREFIX}{}", self.0)
    }

    /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
    fn sign(&self, message: &Message, at_s: i64) -> String {
        let key = STANDARD.decode(&self.0).unwrap_or_default();
        let text = format!("{}.{at_s}.{}", message.id, message.body);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

impl Default for Secret {
    fn default() -> Secret {
        Secret::new()
    }
}

/// What a webhook is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same for the same event and webhook, however often it is told: by it a receiver knows a repeat.
    pub id: String,
    /// JSON.
    pub body: String,
}

/// The company and webhook that a message is for.
#[derive(Debug, Clone, Copy)]
pub struct For<'a> {
    /// The company's organisation number.
    pub company: &'a str,
    /// The webhook's id.
    pub webhook: &'a str,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    company: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Moved<'a>>,
}

#[derive(Serialize)]
struct Moved<'a> {
    of: &'a str,
    from: &'a str,
    to: &'a str,
}

impl Message {
    /// The message of an event. Its id covers the event's hash: where an older backup was put back, another event of the same number
    /// is another message.
    pub fn of_event(whom: For<'_>, event: &Heading, wanted: Wanted) -> Result<Message> {
        let alias = match wanted {
            Wanted::ByName => None,
            Wanted::ByAlias(alias) => Some(alias),
        };
        let moved = !event.machine.is_empty();
        let body = Body {
            r#type: &event.kind,
            timestamp: moment(event.at)?,
            data: Data {
                company: whom.company,
                event: Some(event.seq),
                subject: Some(&event.subject),
                alias,
                state: moved.then_some(Moved { of: &event.machine, from: &event.from, to: &event.to }),
            },
        };
        let digest = sha256(format!("{} {} {}", whom.webhook, event.seq, event.hash).as_bytes());
        Ok(Message { id: format!("msg_{}", &digest[..32]), body: json(&body)? })
    }

    /// A test call, at a business time in Unix milliseconds.
    pub fn test(whom: For<'_>, now: i64) -> Result<Message> {
        let data = Data { company: whom.company, event: None, subject: Some(whom.webhook), alias: None, state: None };
        let body = Body { r#type: TEST, timestamp: moment(now)?, data };
        Ok(Message { id: format!("msg_{}", crate::ids::new_id().simple()), body: json(&body)? })
    }

    /// The headers that it goes with, signed at a time of the machine's clock with every secret that is live.
    pub fn headers<'s>(&self, secrets: impl IntoIterator<Item = &'s Secret>, now: Timestamp) -> Vec<(String, String)> {
        let at_s = now.as_second();
        let signatures: Vec<String> = secrets.into_iter().map(|secret| secret.sign(self, at_s)).collect();
        vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("webhook-id".to_owned(), self.id.clone()),
            ("webhook-timestamp".to_owned(), at_s.to_string()),
            ("webhook-signature".to_owned(), signatures.join(" ")),
        ]
    }
}

fn moment(at: i64) -> Result<String> {
    let at = Timestamp::from_millisecond(at).map_err(|_| Error::Damaged(format!("{at} is no time")))?;
    Ok(at.to_string())
}

fn json(body: &Body<'_>) -> Result<String> {
    serde_json::to_string(body).map_err(|cause| Error::Damaged(format!("a message has no JSON: {cause}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries, so that every one of them can verify what is signed here.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let secret = Secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
        let message = Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), body: r#"{"test": 2432232314}"#.into() };
        assert_eq!(secret.sign(&message, 1_614_265_330), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_of_32_bytes_and_hide() {
        let (one, other) = (Secret::new(), Secret::new());
        assert_ne!(one, other);
        let written = one.shown();
        assert_eq!(STANDARD.decode(written.strip_prefix("whsec_").unwrap()).unwrap().len(), 32);
        assert!(!format!("{one:?}").contains(&one.0));
    }
}
