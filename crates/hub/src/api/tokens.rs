//! Tokens: signed JSON (RFC 7519, Ed25519) that says which company, which key and which scopes, for an hour.
//!
//! The signing key is made once per database and lies in it, sealed with the house's key, so that every hub on the database knows
//! every token. A token says nothing secret and is asked of its key at each call: a revoked key ends its tokens at once.

use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::FutureExt;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kvitt_domain::fault::{Fault, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::store::house::{self, Note};
use crate::vault::sha256;

/// How long a token lasts, in seconds: machine time.
pub const LASTS_S: i64 = 3600;
/// Who signs.
const ISSUER: &str = "kvitt";

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Who signed it.
    iss: String,
    /// The company's id.
    pub sub: String,
    /// The key that it was made with.
    pub key: String,
    /// Its scopes, separated by spaces.
    pub scope: String,
    /// The vendor key that the client gave, so that what is sent can be told apart by program; never checked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// Since when: Unix seconds, machine time.
    iat: i64,
    /// Until when: Unix seconds, machine time.
    pub exp: i64,
    /// Its own id.
    jti: String,
}

/// Signs tokens and reads them back, and signs bundles of evidence.
#[derive(Clone)]
pub struct Signing {
    id: String,
    public: String,
    pair: Arc<Ed25519KeyPair>,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for Signing {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signing").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A public key after RFC 7517 and RFC 8037.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Jwk {
    /// `OKP`.
    kty: &'static str,
    /// `Ed25519`.
    crv: &'static str,
    /// `sig`.
    #[serde(rename = "use")]
    purpose: &'static str,
    /// `EdDSA`.
    alg: &'static str,
    /// The key's id: tokens name it.
    kid: String,
    /// The key, base64url.
    x: String,
}

impl Signing {
    /// The key of the hub's database, made where there is none.
    pub async fn of(hub: &Hub) -> Result<Signing> {
        let known: Option<String> = house::noted(&mut *hub.db().read().await?, hub.vault(), Note::SigningKey).await?;
        let text = match known {
            Some(text) => text,
            None => {
                let made = Ed25519KeyPair::generate()
                    .and_then(|pair| pair.to_pkcs8())
                    .map_err(|_| Error::Damaged("no signing key can be made".into()))?;
                let (text, vault) = (STANDARD.encode(made.as_ref()), hub.vault_handle());
                hub.write(move |tx| {
                    let (text, vault) = (text.clone(), vault.clone());
                    async move { house::note_first(tx, &vault, Note::SigningKey, &text).await }.boxed()
                })
                .await?
            }
        };
        let damaged = || Error::Damaged("the signing key cannot be read".into());
        let pkcs8 = STANDARD.decode(text).map_err(|_| damaged())?;
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| damaged())?;
        let public = pair.public_key().as_ref();
        Ok(Signing {
            id: sha256(public)[..16].to_owned(),
            public: URL_SAFE_NO_PAD.encode(public),
            encoding: EncodingKey::from_ed_der(&pkcs8),
            decoding: DecodingKey::from_ed_der(public),
            pair: Arc::new(pair),
        })
    }

    /// A token of a company's key.
    pub fn sign(&self, company: &str, key: &str, scopes: &[String], vendor: &str, now_s: i64) -> Result<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: company.to_owned(),
            key: key.to_owned(),
            scope: scopes.join(" "),
            vendor: vendor.to_owned(),
            iat: now_s,
            exp: now_s.saturating_add(LASTS_S),
            jti: crate::ids::new_id().to_string(),
        };
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.encoding)
            .map_err(|cause| Error::Damaged(format!("no token can be signed: {cause}")))
    }

    /// What a token says, if it is one of ours and has not expired.
    ///
    /// # Errors
    /// `access.token_invalid`, whatever is wrong with it.
    pub fn read(&self, token: &str, now_s: i64) -> std::result::Result<Claims, Fault> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        // Of the hub's own machine clock, which a driven hub moves.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok().map(|data| data.claims);
        claims.filter(|claims| now_s < claims.exp).ok_or_else(|| Fault::fatal(codes::ACCESS_TOKEN_INVALID))
    }

    /// The id of the key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The signature of a text: 64 bytes. The text says itself what it is, so that it passes for nothing else that is signed here.
    pub fn sign_bytes(&self, text: &[u8]) -> Vec<u8> {
        self.pair.sign(text).as_ref().to_vec()
    }

    /// The public key, for whoever wants to check tokens too.
    pub fn jwk(&self) -> Jwk {
        Jwk { kty: "OKP", crv: "Ed25519", purpose: "sig", alg: "EdDSA", kid: self.id.clone(), x: self.public.clone() }
    }
}
