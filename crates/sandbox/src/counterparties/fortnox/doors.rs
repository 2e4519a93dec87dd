//! Who is let in: consents, codes, tokens that rotate, and the old exchange of an Authorization-Code.
//!
//! Tokens are made of what they say and a mark that only the sandbox can make (HMAC-SHA-256), so nothing of them is kept but how
//! far each connection has come. An access token is a JWT, as the real one's are; its signature is nobody's to verify but ours.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A code is good for ten minutes.
const CODE_LIVES: SignedDuration = SignedDuration::from_mins(10);

/// An access token is good for an hour.
const ACCESS_LIVES: SignedDuration = SignedDuration::from_hours(1);

/// A refresh token is good for 45 days.
const REFRESH_LIVES: SignedDuration = SignedDuration::from_hours(45 * 24);

/// Somebody was let in, or out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// A company has agreed on the consent page.
    Consented {
        /// The connection's number.
        connection: u64,
        /// What was agreed to.
        consent: Consent,
        /// When.
        at: Timestamp,
    },
    /// Its code was exchanged.
    Exchanged {
        /// The connection's number.
        connection: u64,
        /// When.
        at: Timestamp,
    },
    /// Its refresh token was used.
    Refreshed {
        /// The connection's number.
        connection: u64,
        /// When.
        at: Timestamp,
    },
    /// The connection is dead.
    Killed {
        /// The connection's number.
        connection: u64,
    },
    /// A company has taken every consent back.
    Revoked {
        /// The company.
        tenant: u32,
    },
    /// A company has added the integration the old way, and sees an Authorization-Code.
    CodeShown {
        /// The company.
        tenant: u32,
        /// How many it has seen.
        serial: u64,
    },
    /// An Authorization-Code was exchanged for a token without an end.
    CodeUsed {
        /// The company.
        tenant: u32,
        /// Which of its codes.
        serial: u64,
    },
    /// Such a token was exchanged for a connection.
    Migrated {
        /// The company.
        tenant: u32,
        /// Which of its codes it came of.
        serial: u64,
    },
}

/// What a company agrees to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The company.
    pub tenant: u32,
    /// Which scopes, as asked.
    pub scope: String,
    /// Where the browser was sent, to be said again at the exchange.
    pub redirect_uri: String,
    /// Is it for a service account?
    pub is_service: bool,
    /// Does it come with a refresh token?
    pub is_offline: bool,
}

#[derive(Debug)]
struct Connection {
    consent: Consent,
    consented_at: Timestamp,
    is_exchanged: bool,
    /// Refresh tokens that were given out.
    generation: u64,
    refreshed_at: Timestamp,
    is_dead: bool,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The company.
    pub tenant: u32,
    /// The scopes that the token has.
    pub scopes: Vec<String>,
}

/// What the OAuth endpoints refuse with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotGranted(pub &'static str, pub &'static str);

/// What is let in, and what that comes to: a body, and what to write down.
pub type Granted = Result<(Value, Vec<Passage>), NotGranted>;

/// Everything about who may come in.
#[derive(Debug)]
pub struct Doors {
    key: hmac::Key,
    connections: BTreeMap<u64, Connection>,
    /// By company: codes shown, and those of them that were used and migrated.
    shown: HashMap<u32, u64>,
    used: BTreeSet<(u32, u64)>,
    migrated: BTreeSet<(u32, u64)>,
}

impl Doors {
    /// Doors whose tokens are marked with this secret.
    pub fn new(secret: &[u8]) -> Doors {
        Doors {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            connections: BTreeMap::new(),
            shown: HashMap::new(),
            used: BTreeSet::new(),
            migrated: BTreeSet::new(),
        }
    }

    /// Enters what happened.
    pub fn remember(&mut self, passage: &Passage) {
        match passage {
            Passage::Consented { connection, consent, at } => {
                let consent = consent.clone();
                let opened = Connection {
                    consent,
                    consented_at: *at,
                    is_exchanged: false,
                    generation: 0,
                    refreshed_at: *at,
                    is_dead: false,
                };
                self.connections.insert(*connection, opened);
            }
            Passage::Exchanged { connection, at } | Passage::Refreshed { connection, at } => {
                if let Some(found) = self.connections.get_mut(connection) {
                    found.is_exchanged = true;
                    found.generation += 1;
                    found.refreshed_at = *at;
                }
            }
            Passage::Killed { connection } => {
                if let Some(found) = self.connections.get_mut(connection) {
                    found.is_dead = true;
                }
            }
            Passage::Revoked { tenant } => {
                let theirs = self.connections.values_mut().filter(|one| one.consent.tenant == *tenant);
                theirs.for_each(|one| one.is_dead = true);
            }
            Passage::CodeShown { tenant, serial } => {
                self.shown.insert(*tenant, *serial);
            }
            Passage::CodeUsed { tenant, serial } => {
                self.used.insert((*tenant, *serial));
            }
            Passage::Migrated { tenant, serial } => {
                self.migrated.insert((*tenant, *serial));
            }
        }
    }

    /// A company agrees; gives the code for the way back, and what to write down.
    pub fn consent(&self, consent: Consent, now: Timestamp) -> (String, Passage) {
        let connection = self.connections.keys().next_back().copied().unwrap_or(0) + 1;
        (self.marked("code", &connection.to_string()), Passage::Consented { connection, consent, at: now })
    }

    /// Exchanges a code.
    ///
    /// # Errors
    /// It is none, is used, is too old, or the address is another.
    pub fn exchange(&self, code: &str, redirect_uri: &str, now: Timestamp) -> Granted {
        let no = NotGranted("invalid_grant", "Invalid authorization code");
        let number = self.unmarked("code", code).and_then(|text| text.parse().ok()).ok_or(no)?;
        let connection = self.connections.get(&number).ok_or(no)?;
        let is_late = now.duration_since(connection.consented_at) > CODE_LIVES;
        if connection.is_exchanged || connection.is_dead || is_late || connection.consent.redirect_uri != redirect_uri {
            return Err(no);
        }
        Ok((self.pair(number, connection, 1, now), vec![Passage::Exchanged { connection: number, at: now }]))
    }

    /// Exchanges a refresh token for the next one. One that is spent kills the connection.
    ///
    /// # Errors
    /// It is none, is spent, is too old, or its connection is dead; then what to write down is beside it.
    pub fn refresh(&self, token: &str, now: Timestamp) -> Result<(Value, Vec<Passage>), (NotGranted, Vec<Passage>)> {
        let no = NotGranted("invalid_grant", "Invalid refresh token");
        let found = self.unmarked("refresh", token).and_then(|text| {
            let (number, generation) = text.split_once('.')?;
            Some((number.parse::<u64>().ok()?, generation.parse::<u64>().ok()?))
        });
        let (number, generation) = found.ok_or((no, Vec::new()))?;
        let connection = self.connections.get(&number).ok_or((no, Vec::new()))?;
        if connection.is_dead {
            return Err((no, Vec::new()));
        }
        if generation != connection.generation {
            return Err((no, vec![Passage::Killed { connection: number }]));
        }
        if now.duration_since(connection.refreshed_at) > REFRESH_LIVES {
            return Err((no, Vec::new()));
        }
        let pair = self.pair(number, connection, connection.generation + 1, now);
        Ok((pair, vec![Passage::Refreshed { connection: number, at: now }]))
    }

    /// A token for a service account that the company has agreed to; no refresh token comes with it.
    ///
    /// # Errors
    /// The company has agreed to none.
    pub fn service(&self, tenant: &str, now: Timestamp) -> Granted {
        let tenant: u32 = tenant.parse().map_err(|_| NotGranted("invalid_request", "TenantId is missing or invalid"))?;
        let mut newest = self.connections.iter().rev();
        let found =
            newest.find(|(_, one)| one.consent.tenant == tenant && one.consent.is_service && one.is_exchanged && !one.is_dead);
        let (number, connection) = found.ok_or(NotGranted("invalid_grant", "No consent found for the tenant"))?;
        let access = self.access(*number, &connection.consent, now);
        let said = json!({ "access_token": access, "token_type": "bearer", "expires_in": ACCESS_LIVES.as_secs(), "scope": connection.consent.scope });
        Ok((said, Vec::new()))
    }

    /// Ends the connection of a refresh token, or of an access token.
    pub fn revoke(&self, token: &str) -> Vec<Passage> {
        let refresh = self.unmarked("refresh", token).and_then(|text| text.split_once('.')?.0.parse().ok());
        let number = refresh.or_else(|| self.claims(token)?["connection"].as_u64());
        number.map(|connection| Passage::Killed { connection }).into_iter().collect()
    }

    /// Who calls with this access token; `None` where it is good for nothing.
    pub fn caller(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let claims = self.claims(token)?;
        let connection = self.connections.get(&claims["connection"].as_u64()?)?;
        if connection.is_dead || claims["exp"].as_i64()? <= now.as_second() {
            return None;
        }
        let scopes = connection.consent.scope.split_whitespace().map(ToOwned::to_owned).collect();
        Some(Caller { tenant: connection.consent.tenant, scopes })
    }

    /// The next Authorization-Code of a company that adds the integration the old way.
    pub fn show_code(&self, tenant: u32) -> (String, Passage) {
        let serial = self.shown.get(&tenant).copied().unwrap_or(0) + 1;
        (self.marked("old", &format!("{tenant}.{serial}")), Passage::CodeShown { tenant, serial })
    }

    /// Exchanges an Authorization-Code for a token without an end; `None` where it is none, or was used.
    pub fn use_code(&self, code: &str) -> Option<(String, Passage)> {
        let (tenant, serial) = self.serial("old", code)?;
        let is_fresh = self.shown.get(&tenant) == Some(&serial) && !self.used.contains(&(tenant, serial));
        is_fresh.then(|| (self.marked("legacy", &format!("{tenant}.{serial}")), Passage::CodeUsed { tenant, serial }))
    }

    /// Exchanges a token without an end for a connection with every scope that the old ones had.
    ///
    /// # Errors
    /// It is none, or was exchanged.
    pub fn migrate(&self, token: &str, now: Timestamp) -> Granted {
        let no = NotGranted("invalid_grant", "Invalid access token");
        let (tenant, serial) = self.serial("legacy", token).ok_or(no)?;
        if !self.used.contains(&(tenant, serial)) || self.migrated.contains(&(tenant, serial)) {
            return Err(no);
        }
        let consent =
            Consent { tenant, scope: super::SCOPES.join(" "), redirect_uri: String::new(), is_service: false, is_offline: true };
        let (_, consented) = self.consent(consent.clone(), now);
        let Passage::Consented { connection, .. } = consented else {
            return Err(no);
        };
        let opened =
            Connection { consent, consented_at: now, is_exchanged: true, generation: 1, refreshed_at: now, is_dead: false };
        let pair = self.pair(connection, &opened, 1, now);
        Ok((pair, vec![Passage::Migrated { tenant, serial }, consented, Passage::Exchanged { connection, at: now }]))
    }

    fn pair(&self, number: u64, connection: &Connection, generation: u64, now: Timestamp) -> Value {
        let consent = &connection.consent;
        let mut said = json!({
            "access_token": self.access(number, consent, now), "token_type": "bearer", "expires_in": ACCESS_LIVES.as_secs(),
            "scope": consent.scope,
        });
        if consent.is_offline {
            said["refresh_token"] = json!(self.marked("refresh", &format!("{number}.{generation}")));
        }
        said
    }

    fn access(&self, connection: u64, consent: &Consent, now: Timestamp) -> String {
        let claims = json!({
            "tenantId": consent.tenant, "userId": 1, "iat": now.as_second(), "exp": now.as_second() + ACCESS_LIVES.as_secs(),
            "connection": connection, "scope": consent.scope.split_whitespace().collect::<Vec<_>>(),
        });
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let body = format!("{}.{}", encoded(&json!({"alg": "HS256", "typ": "JWT"})), encoded(&claims));
        let mark = hmac::sign(&self.key, body.as_bytes());
        format!("{body}.{}", URL_SAFE_NO_PAD.encode(mark))
    }

    fn claims(&self, token: &str) -> Option<Value> {
        let (body, mark) = token.rsplit_once('.')?;
        hmac::verify(&self.key, body.as_bytes(), &URL_SAFE_NO_PAD.decode(mark).ok()?).ok()?;
        let (_, claims) = body.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    /// A text with a mark that only we can make; `kind` says what it is good for.
    fn marked(&self, kind: &str, text: &str) -> String {
        let mark = hmac::sign(&self.key, format!("{kind} {text}").as_bytes());
        format!("{text}-{}", hex::encode(&mark.as_ref()[..16]))
    }

    fn unmarked<'a>(&self, kind: &str, token: &'a str) -> Option<&'a str> {
        let (text, _) = token.split_once('-')?;
        (self.marked(kind, text) == token).then_some(text)
    }

    fn serial(&self, kind: &str, token: &str) -> Option<(u32, u64)> {
        let (tenant, serial) = self.unmarked(kind, token)?.split_once('.')?;
        Some((tenant.parse().ok()?, serial.parse().ok()?))
    }
}
