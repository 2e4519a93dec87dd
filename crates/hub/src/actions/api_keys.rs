//! Keys with which programs speak for a company: made, given a new secret, revoked. A secret is shown once, to whoever asked for
//! it, and is stored nowhere; what was done by whom stands in the company's events.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use kvitt_domain::fault::{Fault, codes};
use serde::{Deserialize, Serialize};

use crate::api::scopes::{self, Scope};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::api_key::{self, ApiKey, StoredKey};
use crate::store::company::Company;
use crate::store::event::NewEvent;
use crate::vault::sha256;

/// Keys of one company that may be in use at the same time.
const MOST_KEYS: usize = 100;
/// How long the secret before is taken after a new one was made: time to bring it to every program.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// What every secret begins with, so that it is known for what it is where it leaks.
const PREFIX: &str = "kvitt_";

/// What a person asks about keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum KeyAsk {
    /// All of them.
    List,
    /// Make one.
    Create {
        /// What people call it.
        name: String,
        /// What it may ask tokens for; none means everything that a company can do.
        scopes: Vec<String>,
        /// Who makes it.
        by: String,
    },
    /// Give one a new secret. The one before is taken for another day.
    Rotate {
        /// The key's id.
        key: String,
        /// Who does it.
        by: String,
    },
    /// End one at once, and every token that was made with it.
    Revoke {
        /// The key's id.
        key: String,
        /// Who does it.
        by: String,
    },
}

/// Keys as they are shown, and a secret where one was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeysShown {
    /// The company's id: what clients give as `client_id`.
    pub client_id: String,
    /// The keys.
    pub keys: Vec<ApiKey>,
    /// The new secret of the only key that is shown: what clients give as `client_secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Does what a person wants.
pub async fn ask(hub: &Hub, company: &Company, ask: KeyAsk) -> Result<KeysShown> {
    let (keys, secret) = match ask {
        KeyAsk::List => {
            let keys = api_key::of_company(&mut *hub.db().read().await?, &company.id).await?;
            (keys.into_iter().map(|stored| stored.key).collect(), None)
        }
        KeyAsk::Create { name, scopes, by } => {
            let (key, secret) = create(hub, company, &name, &scopes, &by).await?;
            (vec![key], Some(secret))
        }
        KeyAsk::Rotate { key, by } => {
            let secret = new_secret();
            (vec![change(hub, company, &key, Some(&secret), by).await?], Some(secret))
        }
        KeyAsk::Revoke { key, by } => (vec![change(hub, company, &key, None, by).await?], None),
    };
    Ok(KeysShown { client_id: company.id.clone(), keys, secret })
}

async fn create(hub: &Hub, company: &Company, name: &str, scopes: &[String], by: &str) -> Result<(ApiKey, String)> {
    let scopes: Vec<String> = match scopes {
        [] => vec![scopes::EVERYTHING.to_owned()],
        some => some
            .iter()
            .map(|name| Scope::named(name).map(|scope| scope.name.to_owned()).map_err(Error::refused))
            .collect::<Result<_>>()?,
    };
    if name.trim().is_empty() {
        return Err(Error::refused(Fault::fatal(codes::REQUEST_MISSING).with("field", "name")));
    }
    let secret = new_secret();
    let digest = sha256(secret.as_bytes());
    let key = ApiKey {
        id: crate::ids::new_id().to_string(),
        name: name.trim().to_owned(),
        scopes,
        made_at: hub.clock().business_ms(),
        made_by: by.to_owned(),
        revoked_at: None,
    };
    let (company, made) = (company.clone(), key.clone());
    hub.write(move |tx| {
        let (company, key, digest) = (company.clone(), key.clone(), digest.clone());
        async move {
            let in_use = api_key::of_company(tx.db(), &company.id).await?;
            let in_use = in_use.iter().filter(|stored| stored.key.revoked_at.is_none()).count();
            if in_use >= MOST_KEYS {
                return Err(Error::refused(Fault::fatal(codes::API_KEY_LIMIT).with("count", in_use)));
            }
            api_key::insert(tx, &company.id, &key, &digest).await?;
            let told = serde_json::json!({ "name": key.name, "scopes": key.scopes, "by": key.made_by });
            tx.tell(NewEvent::new(&company.id, &company.key, key.made_at, "api_key.created", &key.id, &told)?);
            Ok(())
        }
        .boxed()
    })
    .await?;
    Ok((made, secret))
}

/// Gives a key the secret, or ends it where there is none.
async fn change(hub: &Hub, company: &Company, id: &str, secret: Option<&str>, by: String) -> Result<ApiKey> {
    let (company, id, digest) = (company.clone(), id.to_owned(), secret.map(|secret| sha256(secret.as_bytes())));
    let (now, machine) = (hub.clock().business_ms(), hub.clock().machine_ms());
    let old_until = machine.saturating_add(i64::try_from(OVERLAP.as_millis()).unwrap_or(i64::MAX));
    hub.write(move |tx| {
        let (company, id, digest, by) = (company.clone(), id.clone(), digest.clone(), by.clone());
        async move {
            let (done, kind) = match &digest {
                Some(digest) => (api_key::rotate(tx, &company.id, &id, digest, old_until).await?, "api_key.rotated"),
                None => (api_key::revoke(tx, &company.id, &id, now).await?, "api_key.revoked"),
            };
            let unknown = || Error::refused(Fault::fatal(codes::API_KEY_UNKNOWN).with("key", &id));
            let key = api_key::by_id(tx.db(), &company.id, &id).await?.filter(|_| done).ok_or_else(unknown)?.key;
            tx.tell(NewEvent::new(&company.id, &company.key, now, kind, &id, &serde_json::json!({ "by": by }))?);
            Ok(key)
        }
        .boxed()
    })
    .await
}

/// The key of a company that a secret belongs to, if it stands. Machine time decides whether a secret before is still taken.
pub fn of_secret(keys: Vec<StoredKey>, secret: &str, machine_ms: i64) -> Option<ApiKey> {
    let digest = sha256(secret.as_bytes());
    let is_it = |known: &str| verify_slices_are_equal(known.as_bytes(), digest.as_bytes()).is_ok();
    keys.into_iter()
        .filter(|stored| stored.key.revoked_at.is_none())
        .find(|stored| is_it(&stored.secret_digest) || (machine_ms < stored.old_until && is_it(&stored.old_digest)))
        .map(|stored| stored.key)
}

/// 256 random bits.
fn new_secret() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(secret: &str, old: &str, old_until: i64, revoked_at: Option<i64>) -> StoredKey {
        let key = ApiKey { id: secret.to_owned(), name: "".into(), scopes: vec![], made_at: 0, made_by: "".into(), revoked_at };
        let old_digest = if old.is_empty() { String::new() } else { sha256(old.as_bytes()) };
        StoredKey { key, secret_digest: sha256(secret.as_bytes()), old_digest, old_until }
    }

    #[test]
    fn a_secret_finds_its_key_while_it_is_taken() {
        let keys = || vec![stored("gone", "", 0, Some(1)), stored("a", "", 0, None), stored("b", "b-before", 100, None)];
        let check = |secret: &str, at: i64, expected: Option<&str>| {
            assert_eq!(of_secret(keys(), secret, at).map(|key| key.id).as_deref(), expected, "{secret} at {at}");
        };
        check("a", 0, Some("a"));
        check("b", 500, Some("b"));
        check("b-before", 99, Some("b"));
        check("b-before", 100, None);
        check("gone", 0, None);
        check("", 0, None);
        check("c", 0, None);
    }

    #[test]
    fn secrets_differ_and_say_what_they_are() {
        let (one, other) = (new_secret(), new_secret());
        assert!(one != other && one.starts_with(PREFIX) && one.len() == PREFIX.len() + 43, "{one}");
    }
}
