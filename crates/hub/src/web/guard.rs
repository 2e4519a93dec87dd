//! What every request for a page passes: who asks, may they, is the form theirs; and what every answer gets: headers, and the page of
//! what went wrong.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use kvitt_domain::Language;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::identifiers::without_identity_numbers;
use kvitt_domain::person::Theme;

use crate::actions::sign_in;
use crate::api::access::language_of;
use crate::api::problem::Problem;
use crate::error::Result;
use crate::http::RequestId;
use crate::hub::Hub;
use crate::store::person;
use crate::vault::sha256;
use crate::web::doors::{Opens, door};
use crate::web::form::Form;
use crate::web::frame::{Frame, Here};
use crate::web::session::{self, Visit, Visitor};
use crate::web::{on_to, shown};

/// Bytes of one form with its files: what routes take in attachments, and some.
pub const MOST_BYTES: usize = 64 << 20;

/// What a page may load and where its forms may go: nothing from elsewhere, no script and no style inside the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    frame-src 'self'; object-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// How often somebody may try to get in.
#[derive(Debug)]
pub struct Gate {
    addresses: DefaultKeyedRateLimiter<String>,
    people: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

/// Tries from one address at once; after that one in [`ADDRESS_EVERY`]. An office signs in from one address.
const FROM_ADDRESS: NonZeroU32 = NonZeroU32::new(30).expect("it is not 0");
const ADDRESS_EVERY: Duration = Duration::from_secs(2);
/// Tries for one person at once; after that one in [`PERSON_EVERY`]: a hundred guesses an hour find no password of twelve characters.
const FOR_PERSON: NonZeroU32 = NonZeroU32::new(10).expect("it is not 0");
const PERSON_EVERY: Duration = Duration::from_secs(36);
/// Addresses and people that are remembered before those that have been quiet are forgotten.
const MOST_REMEMBERED: usize = 10_000;

impl Gate {
    /// A gate that nobody has come to.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Gate {
        let quota = |every: Duration, at_once| Quota::with_period(every).expect("it is not 0").allow_burst(at_once);
        Gate {
            addresses: RateLimiter::keyed(quota(ADDRESS_EVERY, FROM_ADDRESS)),
            people: RateLimiter::keyed(quota(PERSON_EVERY, FOR_PERSON)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a try to get in from an address, for a person where one is named. Whether there is such a person makes no difference.
    ///
    /// # Errors
    /// `sign_in.too_often`.
    pub fn knock(&self, address: Option<SocketAddr>, person: &str) -> std::result::Result<(), Problem> {
        let address = address.map_or_else(String::new, |address| address.ip().to_string());
        let person = person.trim().to_lowercase();
        // What a stranger writes may be long, and is remembered: its digest is not.
        let person = if person.is_empty() { person } else { sha256(person.as_bytes()) };
        for (limiter, who) in [(&self.addresses, address), (&self.people, person)] {
            if who.is_empty() {
                continue;
            }
            if limiter.len() > MOST_REMEMBERED {
                limiter.retain_recent();
            }
            if let Err(not_until) = limiter.check_key(&who) {
                let seconds = not_until.wait_time_from(self.clock.now()).as_secs().saturating_add(1);
                let problem = Problem::of(Fault::fatal(codes::SIGN_IN_TOO_OFTEN).with("seconds", seconds));
                return Err(problem.with_header(header::RETRY_AFTER, HeaderValue::from(seconds)));
            }
        }
        Ok(())
    }
}

/// Lets a request through to its page, or says why not.
pub async fn guard(State((hub, _)): State<(Hub, Arc<Gate>)>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let visitor = match visitor(&hub, &parts).await {
        Ok(visitor) => visitor,
        Err(error) => {
            let visitor = Visitor::new(stranger(&hub, &parts, session::visit_of(&hub, &parts.headers).unwrap_or_default()));
            return finished(&hub, &parts, &visitor, Problem::from(error).into_response());
        }
    };
    let answer = match enter(&hub, &parts, &visitor).await {
        Entry::Refused(answer) => *answer,
        Entry::Open => {
            let mut request = Request::from_parts(parts.clone(), body);
            request.extensions_mut().insert(visitor.clone());
            match with_form(&visitor, request).await {
                Ok(request) => next.run(request).await,
                Err(problem) => problem.into_response(),
            }
        }
    };
    finished(&hub, &parts, &visitor, answer)
}

enum Entry {
    Open,
    Refused(Box<Response>),
}

/// Whether the door opens.
async fn enter(hub: &Hub, parts: &Parts, visitor: &Visitor) -> Entry {
    let refused = |problem: Problem| Entry::Refused(Box::new(problem.into_response()));
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let Some(door) = door(&parts.method, path) else {
        // A page that the table does not have opens to nobody; a test sees to it that there is none.
        return refused(Problem::of(Fault::fatal(codes::METHOD_UNKNOWN).with("method", &parts.method)));
    };
    let Opens::To(role) = door.opens else { return Entry::Open };
    match &visitor.signed_in {
        Some(signed_in) if signed_in.role >= role => Entry::Open,
        Some(_) => refused(Problem::of(Fault::fatal(codes::ROLE_MISSING).with("role", role.name()))),
        None => match hub.db().read().await {
            Ok(mut db) => match person::is_anybody(&mut db).await {
                Ok(true) => Entry::Refused(Box::new(on_to(&sign_in_and_back(parts)))),
                Ok(false) => Entry::Refused(Box::new(on_to("/first-run"))),
                Err(error) => refused(error.into()),
            },
            Err(error) => refused(error.into()),
        },
    }
}

/// The sign-in page, from which it goes on to where somebody wanted to go.
fn sign_in_and_back(parts: &Parts) -> String {
    match (parts.method == Method::GET, parts.uri.path()) {
        (true, path) if path != "/" => {
            let wanted = parts.uri.path_and_query().map_or(path, |wanted| wanted.as_str());
            let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
            format!("/sign-in?{query}")
        }
        _ => "/sign-in".to_owned(),
    }
}

/// Who asks.
async fn visitor(hub: &Hub, parts: &Parts) -> Result<Visitor> {
    let headers = &parts.headers;
    if let Some(token) = session::session_of(hub, headers)
        && let Some(signed_in) = sign_in::who(hub, token).await?
    {
        let (language, theme) = (signed_in.person.language, signed_in.person.theme);
        let visit = stranger(hub, parts, token);
        return Ok(Visitor::new(Visit { signed_in: Some(signed_in), language, theme, ..visit }));
    }
    let secret = session::visit_of(hub, headers).map_or_else(sign_in::new_token, str::to_owned);
    Ok(Visitor::new(stranger(hub, parts, &secret)))
}

/// What is known of somebody who is not signed in.
fn stranger(hub: &Hub, parts: &Parts, secret: &str) -> Visit {
    let (language, theme) = session::likings_of(hub, &parts.headers);
    let prefers = || match parts.headers.contains_key(header::ACCEPT_LANGUAGE) {
        true => language_of(&parts.headers),
        false => Language::default(),
    };
    Visit {
        signed_in: None,
        language: language.unwrap_or_else(prefers),
        theme: theme.unwrap_or(Theme::Auto),
        secret: secret.to_owned(),
        flash: session::flash_of(hub, &parts.headers),
        // It stands in forms, and no page repeats a fødselsnummer that somebody typed.
        path: parts
            .uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), |path| without_identity_numbers(path.as_str()).into_owned()),
        is_test: hub.config().web.is_test(hub.config()),
        has_sandbox: hub.config().web.sandbox.is_some(),
    }
}

/// Reads the form of a request that changes something, and refuses one that a page of ours did not send: it must come from here, and
/// know the token of this session and company.
async fn with_form(visitor: &Visitor, request: Request) -> std::result::Result<Request, Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(request);
    }
    let stale = || Problem::of(Fault::fatal(codes::FORM_STALE));
    if !is_from_here(request.headers()) {
        return Err(stale());
    }
    let (parts, body) = request.into_parts();
    let form = Form::read(&parts.headers, body).await?;
    if verify_slices_are_equal(form.raw("token").as_bytes(), visitor.token().as_bytes()).is_err() {
        return Err(stale());
    }
    let mut request = Request::from_parts(parts, axum::body::Body::empty());
    request.extensions_mut().insert(form);
    Ok(request)
}

/// Whether a browser says that a request comes from a page of ours. One that says nothing is old, or none: the token decides.
fn is_from_here(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match (headers.get(header::ORIGIN), headers.get(header::HOST)) {
        (Some(origin), Some(host)) => {
            let (Ok(origin), Ok(host)) = (origin.to_str(), host.to_str()) else { return false };
            origin.split_once("://").is_some_and(|(_, of)| of == host)
        }
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// The answer with its headers and cookies; where it is none, the page that says why.
fn finished(hub: &Hub, parts: &Parts, visitor: &Visitor, answer: Response) -> Response {
    let mut answer = match answer.extensions().get::<Problem>().cloned() {
        Some(problem) => sorry(parts, visitor, &problem, &answer),
        None => answer,
    };
    let headers = answer.headers_mut();
    if visitor.signed_in.is_none() && session::visit_of(hub, &parts.headers).is_none() {
        headers.append(header::SET_COOKIE, session::visit(hub, &visitor.secret));
    }
    // What was to be said has been said, unless it only went on to another page.
    let says = !headers.contains_key(header::LOCATION);
    if visitor.flash.is_some() && says && !headers.get_all(header::SET_COOKIE).iter().any(is_flash) {
        headers.append(header::SET_COOKIE, session::said(hub));
    }
    guarded(hub, headers);
    answer
}

fn is_flash(cookie: &HeaderValue) -> bool {
    cookie.to_str().is_ok_and(|text| text.contains(session::FLASH))
}

/// The headers of every page. What a page set itself stays.
fn guarded(hub: &Hub, headers: &mut HeaderMap) {
    let usual = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Forms say where they come from, and links elsewhere do not.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in usual {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    if hub.config().public_address.as_deref().is_some_and(|address| address.starts_with("https://")) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// The page of what went wrong.
#[derive(askama::Template)]
#[template(path = "error.html")]
struct Sorry {
    frame: Frame,
    /// Each: what is wrong, and what to do.
    said: Vec<(String, String)>,
    id: String,
}

fn sorry(parts: &Parts, visitor: &Visitor, problem: &Problem, answer: &Response) -> Response {
    let status = answer.status();
    let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let key = format!("error.title.{}", status.as_u16());
    let words = visitor.words();
    let title = if words.has(&key) { words.t(&key) } else { words.t("error.title") };
    let said = problem.faults().iter().map(|fault| words.fault(fault)).collect();
    let page = Sorry { frame: Frame::titled(visitor, title, Here::Nowhere), said, id };
    let mut response = match shown(&page) {
        Ok(page) => page,
        Err(_) => status.into_response(),
    };
    *response.status_mut() = status;
    for (name, value) in answer.headers() {
        if *name != header::CONTENT_LENGTH && *name != header::CONTENT_TYPE {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// The page of an address at which there is nothing, for a browser.
pub(crate) fn lost(hub: &Hub, headers: &HeaderMap, id: &str) -> Response {
    let mut parts = Request::new(()).into_parts().0;
    parts.headers = headers.clone();
    parts.extensions.insert(RequestId(id.to_owned()));
    let visitor = Visitor::new(stranger(hub, &parts, ""));
    let problem = Problem::of(Fault::fatal(codes::PAGE_UNKNOWN));
    let answer = problem.clone().into_response();
    let mut response = sorry(&parts, &visitor, &problem, &answer);
    guarded(hub, response.headers_mut());
    response
}

/// The address that a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub Option<SocketAddr>);

impl<S: Sync> axum::extract::FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Peer, Self::Rejection> {
        Ok(Peer(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_from_here_or_is_refused() {
        let check = |given: &[(&'static str, &'static str)], expected: bool| {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(is_from_here(&headers), expected, "{given:?}");
        };
        check(&[], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")], false);
        check(&[("origin", "http://a:1"), ("host", "a:1")], true);
        check(&[("origin", "https://b"), ("host", "a")], false);
        check(&[("origin", "null"), ("host", "a")], false);
        check(&[("origin", "http://a")], false);
    }

    #[test]
    fn a_gate_is_knocked_at_so_often_and_by_others_beside() {
        let gate = Gate::new();
        let peer = Some("127.0.0.1:1".parse().expect("an address"));
        for _ in 0..FOR_PERSON.get() {
            gate.knock(peer, "eva@a.example").expect("not too often");
        }
        assert!(gate.knock(peer, "EVA@a.example ").expect_err("too often").is(codes::SIGN_IN_TOO_OFTEN));
        gate.knock(peer, "kari@a.example").expect("somebody else");
    }
}
