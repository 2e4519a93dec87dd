//! The HTTP around the simulated Fortnox: the interface, the page on which a company agrees, and control.
//!
//! What is said and taken is decided in `counterparties/fortnox.rs`. Below [`PATH`] are what the real one has on two hosts
//! (`3/`, `api/` and `oauth-v1/`), `office/` for the company's own people, and `control/` for tests.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Path, Query, RawForm, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Redirect, Response};
use axum::routing::{any, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::counterparties::fortnox::doors::Consent;
use crate::counterparties::fortnox::files::Part;
use crate::counterparties::fortnox::tenants::{self, TENANTS};
use crate::counterparties::fortnox::{Answer, Call, FORTNOX_CLIENT, Fortnox, Now, Reply, SCOPES, Say};
use crate::faults::Faults;
use crate::fronts::http::{Refusal, read_body};
use crate::world::World;

/// Where the service is.
pub const PATH: &str = "/fortnox";

/// The largest request, bytes: an attachment is some megabytes.
const LARGEST_REQUEST: usize = 32 * 1024 * 1024;

/// What a client that expects JSON hears when a fault garbles the answer.
const NONSENSE: &str = "<html><body>502 Bad Gateway</body></html>";

/// The service and what belongs to it.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/fortnox/3", any(interface))
        .route("/fortnox/3/{*rest}", any(interface))
        .route("/fortnox/api/{*rest}", any(interface))
        .route("/fortnox/oauth-v1/auth", get(page).post(agree))
        .route("/fortnox/oauth-v1/{what}", post(oauth))
        .route("/fortnox/office/{tenant}/{*rest}", any(office))
        .route("/fortnox/control/tenants", get(companies))
        .route("/fortnox/control/tenants/{tenant}", get(company).put(switch))
        .route("/fortnox/control/tenants/{tenant}/authorization-code", get(old_page).post(old_code))
        .route("/fortnox/control/tenants/{tenant}/revoke", post(revoke))
        .route("/fortnox/control/limit", post(limit))
        .route("/fortnox/control/calls", get(calls))
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
}

type Pairs = Vec<(String, String)>;

/// A request that has been read.
struct Heard {
    method: Method,
    path: String,
    query: Pairs,
    headers: HeaderMap,
    body: Bytes,
    part: Option<Part>,
}

impl Heard {
    /// Reads a request; `cut` is what stands before the service's own path.
    async fn read(request: Request, cut: &str) -> Result<Heard, Response> {
        let path = request.uri().path().strip_prefix(cut).unwrap_or_default().to_owned();
        let method = request.method().clone();
        let headers = request.headers().clone();
        let query = Query::<Pairs>::try_from_uri(request.uri()).map(|Query(pairs)| pairs).unwrap_or_default();
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let too_large = |_| (StatusCode::PAYLOAD_TOO_LARGE, "the request is too large or broke off\n").into_response();
        let (mut body, mut part) = (Bytes::new(), None);
        if kind.starts_with("multipart/form-data") {
            part = first_part(request).await;
        } else {
            body = axum::body::to_bytes(request.into_body(), LARGEST_REQUEST).await.map_err(too_large)?;
        }
        Ok(Heard { method, path: decoded(&path), query, headers, body, part })
    }

    fn asks<T>(&self, ask: impl FnOnce(&Call<'_>) -> T) -> T {
        let header = |name: &str| said(&self.headers, name);
        ask(&Call {
            method: self.method.as_str(),
            path: &self.path,
            query: &self.query,
            header: &header,
            body: &self.body,
            part: self.part.as_ref(),
        })
    }
}

fn said(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

async fn first_part(request: Request) -> Option<Part> {
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let field = form.next_field().await.ok()??;
    let (name, file) = (field.name()?.to_owned(), field.file_name()?.to_owned());
    Some(Part { name, file, content: field.bytes().await.ok()?.to_vec() })
}

/// A path with its `%` signs read, which numbers of customers may need.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped =
            after.get(..2).and_then(|two| std::str::from_utf8(two).ok()).and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, escaped) {
            // A slash that was escaped belongs to a name, and names have none here.
            (b'%', Some(byte)) if byte != b'/' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

async fn interface(State(world): State<Arc<World>>, request: Request) -> Response {
    let greeting = {
        let play = &mut *world.play();
        play.fortnox.greet(&mut play.faults)
    };
    if let Some(answer) = greeting {
        return say(&world, answer.say).await;
    }
    match Heard::read(request, PATH).await {
        Ok(heard) => answered(&world, |fortnox, faults, now| heard.asks(|call| fortnox.handle(call, faults, now))).await,
        Err(refusal) => refusal,
    }
}

async fn office(State(world): State<Arc<World>>, Path((tenant, _)): Path<(u32, String)>, request: Request) -> Response {
    match Heard::read(request, &format!("{PATH}/office/{tenant}")).await {
        Ok(heard) => answered(&world, |fortnox, _, now| heard.asks(|call| fortnox.office(tenant, call, now))).await,
        Err(refusal) => refusal,
    }
}

async fn oauth(State(world): State<Arc<World>>, Path(what): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    if !["token", "revoke", "migrate"].contains(&what.as_str()) {
        return Refusal::not_found("there is no such page").into_response();
    }
    let form = fields(&body);
    let header = |name: &str| said(&headers, name);
    answered(&world, |fortnox, _, now| fortnox.oauth(&what, &header, &form, now.business)).await
}

/// The fields of a form.
fn fields(body: &[u8]) -> Pairs {
    let text = String::from_utf8_lossy(body);
    let uri = format!("/?{text}").parse::<axum::http::Uri>();
    uri.ok().and_then(|uri| Query::<Pairs>::try_from_uri(&uri).ok()).map(|Query(pairs)| pairs).unwrap_or_default()
}

async fn answered(world: &Arc<World>, ask: impl FnOnce(&mut Fortnox, &mut Faults, Now) -> Answer) -> Response {
    let asked = world.ask_fortnox(|fortnox, faults, now| {
        let answer = ask(fortnox, faults, now);
        let Answer { hold, wait, say, records, lines, file } = answer;
        ((hold + wait, say), records, lines, file)
    });
    match asked.await {
        Ok((wait, what)) => {
            tokio::time::sleep(wait).await;
            say(world, what).await
        }
        Err(error) => Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn say(world: &Arc<World>, what: Say) -> Response {
    match what {
        Say::Reply(Reply { status, media_type, location, uid, body }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut reply = (status, [(header::CONTENT_TYPE, media_type)], body).into_response();
            if let Some(word) = location {
                reply.headers_mut().insert(header::LOCATION, HeaderValue::from_static(word));
            }
            if let Ok(uid) = HeaderValue::from_str(&uid) {
                reply.headers_mut().insert("x-uid", uid);
            }
            reply
        }
        Say::File(name) => match tokio::fs::read(world.accountant.files.join(name)).await {
            Ok(content) => ([(header::CONTENT_TYPE, "application/octet-stream")], content).into_response(),
            Err(error) => Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        },
        Say::Nonsense => (StatusCode::OK, [(header::CONTENT_TYPE, "text/html")], NONSENSE).into_response(),
        Say::Nothing => Response::new(cut()),
    }
}

/// A body that fails before its first byte: the server closes the connection without having said anything.
fn cut() -> Body {
    Body::from_stream(futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("the connection closes here")) }))
}

/// What a program asks a company to agree to.
#[derive(Debug, Deserialize)]
struct Asked {
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    access_type: String,
    #[serde(default)]
    account_type: String,
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    answer: String,
}

impl Asked {
    /// Whoever asks wrongly is not sent back, as nobody knows where to.
    fn check(&self) -> Result<(), Refusal> {
        let unknown = self.scope.split_whitespace().find(|scope| !SCOPES.contains(scope));
        let wrong = match () {
            () if self.client_id != FORTNOX_CLIENT => "client_id: unknown",
            () if !self.redirect_uri.starts_with("http://") && !self.redirect_uri.starts_with("https://") => {
                "redirect_uri: not registered"
            }
            () if self.response_type != "code" => "response_type: must be code",
            () if self.scope.trim().is_empty() => "scope: missing",
            () if self.state.is_empty() => "state: missing",
            () if !["", "service"].contains(&self.account_type.as_str()) => "account_type: must be service",
            () => return unknown.map_or(Ok(()), |scope| Err(Refusal::bad(format!("scope: there is no {scope}")))),
        };
        Err(Refusal::bad(wrong))
    }

    fn back(&self, what: &str) -> Redirect {
        let sign = if self.redirect_uri.contains('?') { '&' } else { '?' };
        Redirect::to(&format!("{}{sign}{what}&state={}", self.redirect_uri, encoded(&self.state)))
    }
}

/// The page on which somebody chooses a company and agrees.
async fn page(asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>) -> Result<Html<String>, Refusal> {
    let Query(asked) = asked?;
    asked.check()?;
    let Asked { client_id, redirect_uri, scope, state, response_type, access_type, account_type, .. } = &asked;
    let hidden = [
        ("client_id", client_id),
        ("redirect_uri", redirect_uri),
        ("scope", scope),
        ("state", state),
        ("response_type", response_type),
        ("access_type", access_type),
        ("account_type", account_type),
    ];
    let hidden = hidden.map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)));
    let option = |line: &crate::personas::Description<tenants::Nature>| {
        let called = line.name.parse().map(tenants::name).unwrap_or_default();
        format!("<option value=\"{}\">{}: {}</option>", line.name, escaped(&called), escaped(line.does))
    };
    let scopes: String = scope.split_whitespace().map(|scope| format!("<li>{}</li>", escaped(scope))).collect();
    let page = include_str!("fortnox/page.html")
        .replace("{hidden}", &hidden.concat())
        .replace("{options}", &TENANTS.iter().map(option).collect::<String>())
        .replace("{scopes}", &scopes);
    Ok(Html(page))
}

async fn agree(State(world): State<Arc<World>>, RawForm(body): RawForm) -> Result<Redirect, Refusal> {
    let uri = format!("/?{}", String::from_utf8_lossy(&body)).parse::<axum::http::Uri>();
    let Query(asked) = Query::<Asked>::try_from_uri(&uri.map_err(|error| Refusal::bad(error.to_string()))?)?;
    asked.check()?;
    if asked.answer != "allow" {
        return Ok(asked.back("error=access_denied"));
    }
    let tenant = tenant_of(&asked.tenant)?;
    let consent = Consent {
        tenant,
        scope: asked.scope.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        is_service: asked.account_type == "service",
        is_offline: asked.access_type == "offline",
    };
    let code = entered(&world, |fortnox, now| fortnox.consent(consent, now.business)).await?;
    Ok(asked.back(&format!("code={}", encoded(&code))))
}

async fn companies(State(world): State<Arc<World>>) -> Json<Vec<Value>> {
    let play = world.play();
    let company = |line: &crate::personas::Description<tenants::Nature>| {
        let id: u32 = line.name.parse().unwrap_or_default();
        let switches = play.fortnox.books.house(id).map(|house| &house.switches);
        json!({
            "tenant": id, "name": tenants::name(id), "organisation_number": tenants::organisation(id), "does": line.does,
            "switches": switches,
        })
    };
    Json(TENANTS.iter().map(company).collect())
}

async fn company(State(world): State<Arc<World>>, Path(tenant): Path<String>) -> Result<Json<Value>, Refusal> {
    let tenant = tenant_of(&tenant)?;
    let play = world.play();
    Ok(Json(json!(play.fortnox.books.house(tenant).map(|house| &house.switches))))
}

/// Sets a company up differently; what is not named stays.
async fn switch(State(world): State<Arc<World>>, Path(tenant): Path<String>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let tenant = tenant_of(&tenant)?;
    let by: Value = read_body(&body)?;
    let changed = world.play().fortnox.books.house(tenant).map(|house| house.switches.changed(&by));
    let changed = changed.ok_or_else(no_company)?.map_err(Refusal::bad)?;
    let shown = json!(changed);
    entered(&world, |fortnox, _| ((), fortnox.switch(tenant, changed))).await?;
    Ok(Json(shown))
}

/// Adds the integration the old way: the Authorization-Code is good once.
async fn old_code(State(world): State<Arc<World>>, Path(tenant): Path<String>) -> Result<Json<Value>, Refusal> {
    let tenant = tenant_of(&tenant)?;
    let code = entered(&world, |fortnox, _| fortnox.show_code(tenant)).await?;
    Ok(Json(json!({ "authorization_code": code })))
}

/// The same on a page, with a button.
async fn old_page(Path(tenant): Path<String>) -> Result<Html<String>, Refusal> {
    let tenant = tenant_of(&tenant)?;
    Ok(Html(include_str!("fortnox/old.html").replace("{tenant}", &tenant.to_string())))
}

async fn revoke(State(world): State<Arc<World>>, Path(tenant): Path<String>) -> Result<StatusCode, Refusal> {
    let tenant = tenant_of(&tenant)?;
    entered(&world, |fortnox, _| ((), fortnox.revoke(tenant))).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Most {
    calls: usize,
}

/// Calls in five seconds that are let through from now on, until the sandbox is started anew.
async fn limit(State(world): State<Arc<World>>, body: Bytes) -> Result<StatusCode, Refusal> {
    let Most { calls } = read_body(&body)?;
    world.play().fortnox.limit.set(calls);
    Ok(StatusCode::NO_CONTENT)
}

/// What was seen of each company's calls since the sandbox was started.
async fn calls(State(world): State<Arc<World>>) -> Json<Value> {
    let play = world.play();
    let seen: serde_json::Map<String, Value> =
        play.fortnox.limit.seen().map(|(tenant, seen)| (tenant.to_string(), json!(seen))).collect();
    Json(Value::Object(seen))
}

async fn entered<T>(
    world: &Arc<World>,
    ask: impl FnOnce(&mut Fortnox, Now) -> (T, Vec<crate::counterparties::fortnox::books::Record>),
) -> Result<T, Refusal> {
    let asked = world.ask_fortnox(|fortnox, _, now| {
        let (told, records) = ask(fortnox, now);
        (told, records, Vec::new(), None)
    });
    asked.await.map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn tenant_of(text: &str) -> Result<u32, Refusal> {
    text.parse().ok().filter(|tenant| tenants::of_id(*tenant).is_some()).ok_or_else(no_company)
}

fn no_company() -> Refusal {
    Refusal::not_found("there is no such company; /fortnox/control/tenants lists them")
}

/// A text as it may stand in an address.
fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
