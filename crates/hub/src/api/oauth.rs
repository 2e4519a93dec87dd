//! `POST /oauth2/token` and who one is: RFC 6749, client credentials only. `client_id` is the company's id, `client_secret` a key's
//! secret; the form may be multipart, as the clients of Nordic ERPs send it, or URL-encoded, and the two may come by Basic instead.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kvitt_domain::fault::{Fault, codes};
use serde::Serialize;
use utoipa::ToSchema;

use crate::actions::api_keys;
use crate::api::access::Caller;
use crate::api::problem::{Answered, Problem, ProblemBody};
use crate::api::request;
use crate::api::scopes::Scope;
use crate::api::tokens::{self, Jwk};
use crate::hub::Hub;
use crate::store::api_key;

/// The most bytes of a request for a token.
const LARGEST: usize = 64 * 1024;
/// The longest vendor key that is kept in a token.
const LONGEST_VENDOR: usize = 100;

/// What is asked for a token with.
#[derive(Debug, Default, ToSchema)]
#[allow(dead_code, reason = "it stands in the OpenAPI document; the form is read field by field")]
pub struct TokenRequest {
    /// `client_credentials`.
    grant_type: String,
    /// The company's id.
    client_id: String,
    /// The secret of one of its keys.
    client_secret: String,
    /// The key of the program that calls, as other hubs know it; kept, never checked.
    vendor_api_key: Option<String>,
    /// Scopes, separated by spaces; `global company` where none is given.
    scope: Option<String>,
    /// Taken and not used.
    license_data: Option<String>,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    /// What goes into `Authorization: Bearer …`.
    access_token: String,
    /// `bearer`.
    token_type: &'static str,
    /// Seconds that it lasts.
    expires_in: i64,
    /// The scopes that were granted, separated by spaces.
    scope: String,
}

/// Gives a token
///
/// For an hour. Every scope that is asked for must be one that the key was given.
#[utoipa::path(post, path = "/oauth2/token", tag = "access", operation_id = "postOauth2Token",
    request_body(content(
        (TokenRequest = "multipart/form-data"),
        (TokenRequest = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, description = "A token", body = Token),
        (status = "4XX", description = "No token, and why", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn token(State(hub): State<Hub>, request: Request) -> Answered<Response> {
    let basic = basic(request.headers())?;
    let mut given = TokenRequest::default();
    for part in request::form(request, LARGEST).await.map_err(|problem| problem.in_oauth("invalid_request"))? {
        let text = part.text()?.to_owned();
        match part.name.as_str() {
            "grant_type" => given.grant_type = text,
            "client_id" => given.client_id = text,
            "client_secret" => given.client_secret = text,
            "vendor_api_key" => given.vendor_api_key = Some(text),
            "scope" => given.scope = Some(text),
            // RFC 6749, 3.2: parameters that are not known are ignored.
            _ => {}
        }
    }
    if let Some((id, secret)) = basic {
        (given.client_id, given.client_secret) = (id, secret);
    }
    match given.grant_type.as_str() {
        "client_credentials" => {}
        "" => return Err(Problem::missing("grant_type").in_oauth("invalid_request")),
        other => {
            return Err(Problem::of(Fault::fatal(codes::ACCESS_GRANT).with("value", other)).in_oauth("unsupported_grant_type"));
        }
    }
    let wrong = || {
        let challenge = HeaderValue::from_static("Basic realm=\"kvitt\"");
        Problem::of(Fault::fatal(codes::ACCESS_CREDENTIALS))
            .in_oauth("invalid_client")
            .with_header(header::WWW_AUTHENTICATE, challenge)
    };
    let company = given.client_id.trim();
    uuid::Uuid::try_parse(company).map_err(|_| wrong())?;
    let keys = api_key::of_company(&mut *hub.db().read().await.map_err(Problem::from)?, company).await?;
    let key = api_keys::of_secret(keys, given.client_secret.trim(), hub.clock().machine_ms()).ok_or_else(wrong)?;
    let scopes = granted(given.scope.as_deref().unwrap_or_default(), &key.scopes)
        .map_err(|fault| Problem::of(fault).in_oauth("invalid_scope"))?;
    let vendor: String = given.vendor_api_key.unwrap_or_default().chars().take(LONGEST_VENDOR).collect();
    let access_token = hub.signing().await?.sign(company, &key.id, &scopes, &vendor, hub.clock().machine().as_second())?;
    let token = Token { access_token, token_type: "bearer", expires_in: tokens::LASTS_S, scope: scopes.join(" ") };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((headers, Json(token)).into_response())
}

/// Client id and secret by HTTP's own means, where they come so.
fn basic(headers: &HeaderMap) -> Answered<Option<(String, String)>> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let unreadable =
        || Problem::unreadable("the Authorization header is not Basic with an id and a secret").in_oauth("invalid_request");
    let encoded =
        value.to_str().ok().and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let (_, encoded) = encoded.ok_or_else(unreadable)?;
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| unreadable())?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable())?;
    let (id, secret) = text.split_once(':').ok_or_else(unreadable)?;
    Ok(Some((id.to_owned(), secret.to_owned())))
}

/// The scopes of a token: those asked for, each of which the key must have; two where none is asked for.
fn granted(asked: &str, of_key: &[String]) -> Result<Vec<String>, Fault> {
    /// What a token may do where nothing is asked for.
    const USUAL: &str = "global company";
    let has = |name: &str| of_key.iter().any(|scope| scope == name || scope == crate::api::scopes::EVERYTHING);
    if asked.trim().is_empty() {
        let usual: Vec<String> = USUAL.split(' ').filter(|name| has(name)).map(str::to_owned).collect();
        return Ok(if usual.is_empty() { of_key.to_vec() } else { usual });
    }
    let mut scopes: Vec<String> = Vec::new();
    for name in asked.split_whitespace() {
        let scope = Scope::named(name)?;
        if !has(scope.name) {
            return Err(Fault::fatal(codes::ACCESS_SCOPE_NOT_GRANTED).with("scope", name));
        }
        if !scopes.iter().any(|known| known == name) {
            scopes.push(name.to_owned());
        }
    }
    Ok(scopes)
}

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct Current {
    /// The company's id.
    company_id: String,
    /// Its organisation number.
    bid: String,
    /// Its name.
    company_name: String,
    /// The id of the key.
    user_id: String,
    /// The scopes of the token, separated by spaces.
    scope: String,
    /// When the token ends.
    #[schema(format = "date-time")]
    expires_at: String,
}

/// Says whose token it is
#[utoipa::path(get, path = "/oauth2/current", tag = "access", operation_id = "getOauth2Current",
    responses((status = 200, description = "Company, key and scopes", body = Current)))]
pub async fn current(caller: Caller) -> Json<Current> {
    Json(shown(&caller))
}

/// Says whether the token is good
#[utoipa::path(get, path = "/status/authenticated", tag = "access", operation_id = "getStatusAuthenticated",
    responses((status = 200, description = "Company, key and scopes", body = Current)))]
pub async fn authenticated(caller: Caller) -> Json<Current> {
    Json(shown(&caller))
}

fn shown(caller: &Caller) -> Current {
    let company = caller.company();
    Current {
        company_id: company.id.clone(),
        bid: company.org_number.clone(),
        company_name: company.name.clone(),
        user_id: caller.key().to_owned(),
        scope: caller.scopes().join(" "),
        expires_at: jiff::Timestamp::from_second(caller.expires_at()).unwrap_or_default().to_string(),
    }
}

/// The keys that tokens are signed with.
#[derive(Debug, Serialize, ToSchema)]
pub struct JwkSet {
    /// One at a time, as yet.
    keys: Vec<Jwk>,
}

/// The public keys of tokens
///
/// RFC 7517, for whoever wants to check a token without asking.
#[utoipa::path(get, path = "/v1/jwk", tag = "access", operation_id = "getV1Jwk",
    responses((status = 200, description = "Public keys", body = JwkSet)))]
pub async fn jwk(State(hub): State<Hub>) -> Answered<Json<JwkSet>> {
    Ok(Json(JwkSet { keys: vec![hub.signing().await?.jwk()] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_scopes_that_are_asked_for_and_the_key_has() {
        let check = |asked: &str, of_key: &[&str], expected: Result<&str, &str>| {
            let of_key: Vec<String> = of_key.iter().map(|name| (*name).to_owned()).collect();
            let given = granted(asked, &of_key).map(|scopes| scopes.join(" "));
            assert_eq!(given.as_deref().map_err(|fault| fault.code.name()), expected, "{asked:?} of {of_key:?}");
        };
        check("", &["eui"], Ok("global company"));
        check("", &["invoice:send"], Ok("invoice:send"));
        check("eui", &["eui"], Ok("eui"));
        check("invoice:send lookup", &["eui"], Ok("invoice:send lookup"));
        check(" invoice:send  invoice:send ", &["invoice:send"], Ok("invoice:send"));
        check("analysis", &["eui"], Ok("analysis"));
        check("lookup", &["invoice:send"], Err("access.scope_not_granted"));
        check("eui", &["invoice:send"], Err("access.scope_not_granted"));
        check("everything", &["eui"], Err("access.scope_unknown"));
    }
}
