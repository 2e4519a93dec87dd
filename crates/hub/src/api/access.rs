//! Who is calling: the token of a request is read, its key and company are found, its scopes are held against what the operation
//! wants, and its calls are counted. No operation is reached without passing here.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use kvitt_domain::Language;
use kvitt_domain::fault::{Fault, codes};

use crate::api::problem::{Answered, Problem};
use crate::api::scopes::{self, Wants};
use crate::error::Error;
use crate::hub::Hub;
use crate::store::api_key;
use crate::store::company::{self, Company};

/// Whoever calls, with everything that was found out about it.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Found>);

#[derive(Debug)]
struct Found {
    company: Company,
    key: String,
    key_name: String,
    scopes: Vec<String>,
    expires_at: i64,
    vendor: String,
    language: Language,
}

impl Caller {
    /// The company that it speaks for.
    pub fn company(&self) -> &Company {
        &self.0.company
    }

    /// The id of its key.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// The scopes of its token.
    pub fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// When its token expires: Unix seconds, machine time.
    pub fn expires_at(&self) -> i64 {
        self.0.expires_at
    }

    /// The vendor key that it asked for its token with; empty where it gave none. Nobody has checked it.
    pub fn vendor(&self) -> &str {
        &self.0.vendor
    }

    /// The language that it likes best.
    pub fn language(&self) -> Language {
        self.0.language
    }

    /// Refuses a caller whose key was revoked while it waited.
    pub async fn still_stands(&self, hub: &Hub) -> Answered<()> {
        let key = api_key::by_id(&mut *hub.db().read().await?, &self.company().id, self.key()).await?;
        match key.is_some_and(|stored| stored.key.revoked_at.is_none()) {
            true => Ok(()),
            false => Err(Problem::of(Fault::fatal(codes::ACCESS_TOKEN_INVALID))),
        }
    }

    /// Who it is, for the events of the company.
    pub fn by(&self) -> String {
        format!("API: {}", self.0.key_name)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answered<Caller> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(|| Problem::of(Fault::fatal(codes::ACCESS_TOKEN_MISSING)))
    }
}

/// The language that a request likes best of those that there are.
#[derive(Debug, Clone, Copy)]
pub struct Speaks(pub Language);

impl<S: Sync> FromRequestParts<S> for Speaks {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Speaks, Self::Rejection> {
        Ok(Speaks(language_of(&parts.headers)))
    }
}

/// How many calls are answered: of each key, and of each address that asks for tokens.
pub struct Limits {
    keys: Limiter<String>,
    addresses: Limiter<String>,
    clock: DefaultClock,
}

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// Requests for tokens a second from one address, ten times as many at once: a token lasts an hour.
const TOKENS_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("it is not 0");
/// Callers that are remembered before those that have been quiet are forgotten.
const MOST_REMEMBERED: usize = 10_000;

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

impl Limits {
    /// So many calls a second for each key, twice as many at once.
    pub fn new(per_second: NonZeroU32) -> Limits {
        let limiter = |rate: NonZeroU32, at_once: NonZeroU32| -> Limiter<String> {
            let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(at_once));
            RateLimiter::hashmap(quota).with_middleware::<StateInformationMiddleware>()
        };
        let (twice, ten_times) = (NonZeroU32::MIN.saturating_add(1), NonZeroU32::MIN.saturating_add(9));
        Limits {
            keys: limiter(per_second, twice),
            addresses: limiter(TOKENS_PER_SECOND, ten_times),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a call: the headers that say how many are left.
    fn count(&self, limiter: &Limiter<String>, who: &str) -> Answered<HeaderMap> {
        if limiter.len() > MOST_REMEMBERED {
            limiter.retain_recent();
        }
        let limited = |limit: u32, left: u32, reset_s: u64| {
            let mut headers = HeaderMap::new();
            for (name, value) in
                [("ratelimit-limit", u64::from(limit)), ("ratelimit-remaining", u64::from(left)), ("ratelimit-reset", reset_s)]
            {
                headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
            }
            headers
        };
        match limiter.check_key(&who.to_owned()) {
            Ok(state) => Ok(limited(state.quota().burst_size().get(), state.remaining_burst_capacity(), 1)),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now()).as_secs().saturating_add(1);
                let mut problem = Problem::of(Fault::fatal(codes::ACCESS_TOO_OFTEN).with("seconds", wait));
                for (name, value) in limited(not_until.quota().burst_size().get(), 0, wait) {
                    problem = problem.with_header(name.unwrap_or(header::RETRY_AFTER), value);
                }
                Err(problem.with_header(header::RETRY_AFTER, HeaderValue::from(wait)))
            }
        }
    }
}

/// Lets a request through to its operation, or says why not.
pub async fn authorise(State((hub, limits)): State<(Hub, Arc<Limits>)>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let Some(operation) = scopes::operation(request.method(), &path) else {
        // A path that the table does not have reaches nothing; a test sees to it that there is none.
        return Problem::of(Fault::fatal(codes::METHOD_UNKNOWN).with("method", request.method())).into_response();
    };
    let counted = match operation.wants {
        Wants::Nothing => match request.extensions().get::<ConnectInfo<SocketAddr>>() {
            Some(ConnectInfo(peer)) => limits.count(&limits.addresses, &peer.ip().to_string()),
            None => Ok(HeaderMap::new()),
        },
        wants => found(&hub, &limits, request.headers(), wants).await.map(|(caller, headers)| {
            request.extensions_mut().insert(caller);
            headers
        }),
    };
    match counted {
        Ok(headers) => {
            let mut response = told(next.run(request).await);
            response.headers_mut().extend(headers);
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// The framework's own refusals, such as of a path that is no UTF-8, in the words of ours.
fn told(response: Response) -> Response {
    let is_plain = response.status().is_client_error() && response.extensions().get::<Problem>().is_none();
    if is_plain { Problem::unreadable("its path or headers").into_response() } else { response }
}

/// The caller, and how many calls it has left. Counted before anything is read for it, and whatever comes of it.
async fn found(hub: &Hub, limits: &Limits, headers: &HeaderMap, wants: Wants) -> Answered<(Caller, HeaderMap)> {
    let challenge = |error: &str, fault: Fault| {
        let value =
            HeaderValue::from_str(&format!("Bearer realm=\"kvitt\"{error}")).unwrap_or(HeaderValue::from_static("Bearer"));
        Problem::of(fault).with_header(header::WWW_AUTHENTICATE, value)
    };
    let missing = || challenge("", Fault::fatal(codes::ACCESS_TOKEN_MISSING));
    let invalid = || challenge(", error=\"invalid_token\"", Fault::fatal(codes::ACCESS_TOKEN_INVALID));
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    let now_s = hub.clock().machine().as_second();
    let claims = hub.signing().await?.read(token.trim(), now_s).map_err(|_| invalid())?;
    let counted = limits.count(&limits.keys, &claims.key)?;
    let mut db = hub.db().read().await?;
    let key = api_key::by_id(&mut db, &claims.sub, &claims.key).await?;
    let key = key.map(|stored| stored.key).filter(|key| key.revoked_at.is_none()).ok_or_else(invalid)?;
    let company = match company::by_id(&mut db, hub.vault(), &claims.sub).await {
        Ok(company) => company,
        Err(Error::NotFound(_)) => return Err(invalid()),
        Err(error) => return Err(error.into()),
    };
    drop(db);
    let scopes: Vec<String> = claims.scope.split_whitespace().map(str::to_owned).collect();
    wants.met_by(&scopes).map_err(|fault| challenge(", error=\"insufficient_scope\"", fault))?;
    let caller = Caller(Arc::new(Found {
        company,
        key: key.id,
        key_name: key.name,
        scopes,
        expires_at: claims.exp,
        vendor: claims.vendor,
        language: language_of(headers),
    }));
    Ok((caller, counted))
}

/// The language that a caller likes best of those that there are (RFC 9110, 12.5.4); English where it likes none.
pub fn language_of(headers: &HeaderMap) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let weighed = wanted.split(',').filter_map(|part| {
        let (tag, parameter) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameter.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        Language::named(tag.trim()).filter(|_| weight > 0.0).map(|language| (weight, language))
    });
    // Of equals the first: `max_by` would take the last.
    weighed.reduce(|best, other| if other.0 > best.0 { other } else { best }).map_or(Language::English, |(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_best_liked_one() {
        let check = |wanted: &'static str, expected: Language| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, wanted.parse().unwrap());
            assert_eq!(language_of(&headers), expected, "{wanted}");
        };
        check("nb-NO,nb;q=0.9,en;q=0.8", Language::Bokmal);
        check("en;q=0.4, no;q=0.5", Language::Bokmal);
        check("sv, en", Language::English);
        check("sv", Language::English);
        check("nb;q=0, en;q=0.1", Language::English);
        check("nb;q=much", Language::English);
        assert_eq!(language_of(&HeaderMap::new()), Language::English);
    }
}
