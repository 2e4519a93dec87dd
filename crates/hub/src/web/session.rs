//! Who looks at a page: a [`Visitor`], who may be a [`Person`] that is signed in. Both are found once, by the guard.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kvitt_domain::Language;
use kvitt_domain::fault::{Fault, codes};
use kvitt_domain::person::{Role, Theme};
use sha2::{Digest as _, Sha256};

use crate::actions::sign_in::SignedIn;
use crate::api::problem::Problem;
use crate::hub::Hub;
use crate::store::company::Company;
use crate::web::words::Words;

/// The cookie of a session.
const SESSION: &str = "kvitt";
/// The cookie of a visitor who is not signed in: their forms have a token too.
const VISIT: &str = "kvitt-visit";
/// What the next page says first.
pub(super) const FLASH: &str = "kvitt-flash";
/// How somebody who is not signed in likes the pages.
const LANGUAGE: &str = "kvitt-language";
const THEME: &str = "kvitt-theme";
/// Likings are kept for a year.
const LIKINGS_LAST_S: u32 = 365 * 24 * 3600;
/// What is said first is said soon or never.
const FLASH_LASTS_S: u32 = 60;

/// Whoever looks at a page.
#[derive(Debug, Clone)]
pub struct Visitor(Arc<Visit>);

/// What is known of a request before its page is.
#[derive(Debug)]
pub struct Visit {
    /// Who is signed in.
    pub signed_in: Option<SignedIn>,
    /// The language of the page.
    pub language: Language,
    /// Its colours.
    pub theme: Theme,
    /// What the tokens of forms are made from: known to the browser's cookie and to nobody else.
    pub secret: String,
    /// What the page says first: a key below `web.flash.`.
    pub flash: Option<String>,
    /// Path and query of the page, to come back to.
    pub path: String,
    /// Whether nothing here is real.
    pub is_test: bool,
    /// Whether a sandbox plays the counterparties.
    pub has_sandbox: bool,
}

impl std::ops::Deref for Visitor {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.0
    }
}

impl Visitor {
    /// A visitor.
    pub fn new(visit: Visit) -> Visitor {
        Visitor(Arc::new(visit))
    }

    /// How things are said to them.
    pub fn words(&self) -> Words {
        Words(self.language)
    }

    /// The token that their forms have: another for each session and each company, so that a form of one company never changes another.
    pub fn token(&self) -> String {
        let company = self.signed_in.as_ref().map_or("", |signed_in| signed_in.company.id.as_str());
        let digest = Sha256::digest(format!("token of forms {} {company}", self.secret));
        URL_SAFE_NO_PAD.encode(digest)
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visitor, Problem> {
        // The guard comes before every page; without it there is nobody.
        parts.extensions.get::<Visitor>().cloned().ok_or_else(|| Problem::of(Fault::fatal(codes::HUB_FAILED)))
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    visitor: Visitor,
}

impl Person {
    /// The visitor that they are.
    pub fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// Everything about their session.
    pub fn signed_in(&self) -> &SignedIn {
        self.visitor.signed_in.as_ref().expect("only a visitor who is signed in becomes a person")
    }

    /// Their id.
    pub fn id(&self) -> &str {
        &self.signed_in().person.id
    }

    /// The company whose pages they look at.
    pub fn company(&self) -> &Company {
        &self.signed_in().company
    }

    /// Whether they may do there what a role may.
    pub fn may(&self, role: Role) -> bool {
        self.signed_in().role >= role
    }

    /// The language of their pages.
    pub fn language(&self) -> Language {
        self.visitor.language
    }

    /// How things are said to them.
    pub fn words(&self) -> Words {
        self.visitor.words()
    }

    /// Who they are, for the events of the company.
    pub fn by(&self) -> String {
        self.signed_in().person.signature()
    }
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Person, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        match visitor.signed_in.is_some() {
            true => Ok(Person { visitor }),
            false => Err(Problem::of(Fault::fatal(codes::SIGN_IN_REFUSED))),
        }
    }
}

/// Whether pages go over TLS: then cookies do too, and belong to this host alone.
fn is_secure(hub: &Hub) -> bool {
    hub.config().public_address.as_deref().is_some_and(|address| address.starts_with("https://"))
}

/// The name of a cookie: with the prefix by which browsers refuse one that was set elsewhere, where TLS allows it.
fn name(hub: &Hub, cookie: &str) -> String {
    if is_secure(hub) { format!("__Host-{cookie}") } else { cookie.to_owned() }
}

fn set(hub: &Hub, cookie: &str, value: &str, max_age_s: Option<u32>) -> HeaderValue {
    let secure = if is_secure(hub) { "; Secure" } else { "" };
    let age = max_age_s.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", name(hub, cookie));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn get<'a>(hub: &Hub, headers: &'a HeaderMap, cookie: &str) -> Option<&'a str> {
    let name = name(hub, cookie);
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| value).next()
}

/// The token of the session that a request brings.
pub(super) fn session_of<'a>(hub: &Hub, headers: &'a HeaderMap) -> Option<&'a str> {
    get(hub, headers, SESSION)
}

/// The secret of a visitor who is not signed in.
pub(super) fn visit_of<'a>(hub: &Hub, headers: &'a HeaderMap) -> Option<&'a str> {
    get(hub, headers, VISIT)
}

/// What the page is to say first.
pub(super) fn flash_of(hub: &Hub, headers: &HeaderMap) -> Option<String> {
    let key = get(hub, headers, FLASH)?;
    Language::default().has(&format!("web.flash.{key}")).then(|| key.to_owned())
}

/// How a visitor likes the pages, as far as they said.
pub(super) fn likings_of(hub: &Hub, headers: &HeaderMap) -> (Option<Language>, Option<Theme>) {
    (get(hub, headers, LANGUAGE).and_then(Language::named), get(hub, headers, THEME).and_then(Theme::named))
}

/// The cookie that begins a session.
pub(super) fn begin(hub: &Hub, token: &str) -> HeaderValue {
    set(hub, SESSION, token, None)
}

/// The cookie that ends one.
pub(super) fn end(hub: &Hub) -> HeaderValue {
    set(hub, SESSION, "", Some(0))
}

/// The cookie of a visitor.
pub(super) fn visit(hub: &Hub, secret: &str) -> HeaderValue {
    set(hub, VISIT, secret, None)
}

/// The cookie by which the next page says something first: a key below `web.flash.`.
pub(super) fn flash(hub: &Hub, key: &str) -> HeaderValue {
    set(hub, FLASH, key, Some(FLASH_LASTS_S))
}

/// The cookie of what has been said.
pub(super) fn said(hub: &Hub) -> HeaderValue {
    set(hub, FLASH, "", Some(0))
}

/// The cookies of a visitor's likings.
pub(super) fn likings(hub: &Hub, language: Language, theme: Theme) -> [HeaderValue; 2] {
    [set(hub, LANGUAGE, language.tag(), Some(LIKINGS_LAST_S)), set(hub, THEME, theme.name(), Some(LIKINGS_LAST_S))]
}
