//! The signed token that a bank appends to a bill's address, and which only the sandbox can check.
//!
//! `<base64url of {"url", "at"}>.<hex HMAC-SHA-256>`: made by us, opaque to everyone else. Its age goes by machine
//! time, as it does between a real bank and a real host.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

/// How old a token may be, minutes of machine time: a person who opens a bill is there within seconds.
const OLDEST_MINUTES: i64 = 10;

/// Signs tokens and knows them again.
#[derive(Debug)]
pub struct Signer(hmac::Key);

#[derive(Serialize, Deserialize)]
struct Claims {
    url: String,
    at: Timestamp,
}

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Signed here, for this address, of late.
    Good,
    /// Signed here, but for another address.
    ForAnotherBill,
    /// Signed here, too long ago.
    TooOld,
    /// Not signed here.
    Tampered,
}

impl Signer {
    /// A signer with this secret.
    pub fn new(secret: &[u8]) -> Signer {
        Signer(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The token for a bill's address.
    pub fn sign(&self, url: &str, at: Timestamp) -> String {
        let claims = Claims { url: url.to_owned(), at };
        let claims = serde_json::to_vec(&claims).expect("text and a time are always JSON");
        let body = URL_SAFE_NO_PAD.encode(claims);
        let mark = hmac::sign(&self.0, body.as_bytes());
        format!("{body}.{}", hex::encode(mark))
    }

    /// What a token is worth for this address, with or without the token appended to it.
    pub fn judge(&self, token: &str, url: &str, now: Timestamp) -> Worth {
        let Some(claims) = self.open(token) else {
            return Worth::Tampered;
        };
        if claims.at.saturating_add(OLDEST_MINUTES.minutes()).is_ok_and(|end| now > end) {
            return Worth::TooOld;
        }
        if url == claims.url || url == appended(&claims.url, token) { Worth::Good } else { Worth::ForAnotherBill }
    }

    fn open(&self, token: &str) -> Option<Claims> {
        let (body, mark) = token.split_once('.')?;
        hmac::verify(&self.0, body.as_bytes(), &hex::decode(mark).ok()?).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
    }
}

/// The address that the bank opens.
pub fn appended(url: &str, token: &str) -> String {
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}token={token}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tokens_are_worth() {
        let signer = Signer::new(b"secret");
        let at: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let later = |minutes: i64| at.saturating_add(minutes.minutes()).unwrap();
        let url = "http://127.0.0.1:1/i/abc";
        let token = signer.sign(url, at);
        let mut spoilt = token.clone();
        spoilt.replace_range(..1, if token.starts_with('e') { "f" } else { "e" });
        let strange = Signer::new(b"other").sign(url, at);
        let table = [
            (token.as_str(), url.to_owned(), later(0), Worth::Good),
            (&token, url.to_owned(), later(10), Worth::Good),
            (&token, appended(url, &token), later(1), Worth::Good),
            (&token, format!("{url}d"), later(1), Worth::ForAnotherBill),
            (&token, url.to_owned(), later(11), Worth::TooOld),
            (&spoilt, url.to_owned(), later(0), Worth::Tampered),
            (&strange, url.to_owned(), later(0), Worth::Tampered),
            ("", url.to_owned(), later(0), Worth::Tampered),
            ("a.b", url.to_owned(), later(0), Worth::Tampered),
        ];
        for (token, url, now, expected) in table {
            assert_eq!(signer.judge(token, &url, now), expected, "{token} {url} {now}");
        }
        assert_eq!(appended("http://a/b?c=d", "t"), "http://a/b?c=d&token=t");
    }
}
