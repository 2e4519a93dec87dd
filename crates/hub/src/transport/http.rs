//! Services over HTTP, as `[http.<name>]` names them: one request, its whole answer, or silence.
//!
//! Each request has a connection of its own, so that it is always known whether anything was sent: what fails while the
//! connection is made (name, address, TLS) certainly had no effect, what fails later may have had one. No redirect is followed
//! and no proxy is asked: the answer comes from the address that was checked ([`crate::transport::address`]), or there is none.
//!
//! Nothing here decides what an answer means, and nothing is logged: bodies hold secrets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kvitt_adapters::route::{Body, Method, Reply, Secret, Sent};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::store::job;
use crate::transport::address::Allowed;
use crate::transport::smtp::Login;
use crate::transport::trust::trust;

/// The longest that one request may take, whatever the configuration says. A question that is asked to learn what became of a
/// request waits for longer than this, so that the request is over by then.
pub const LONGEST: Duration = Duration::from_secs(120);
const _: () = assert!(LONGEST.as_secs() * 2 < job::LEASE.as_secs());
/// How long a request may take where the configuration does not say.
pub const USUAL: Duration = Duration::from_secs(60);
/// Name, connection and TLS together: longer waits are for dead machines. A request that may take less gets half its time.
const CONNECT: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read. A thousand transactions' states are a tenth of it; a stranger gets this much memory.
pub const LARGEST_ANSWER: usize = 8 << 20;
/// The longest that a service can ask us to wait: a wrong date in its header must not silence it for ever.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What the configuration says of a service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What every request's path is appended to.
    pub base: Url,
    /// What it knows us by.
    pub login: Option<Login>,
    /// The bearer token that every request carries (RFC 6750 §2.1).
    pub token: Option<Token>,
    /// Certificates (PEM) that are trusted besides those of the operating system.
    pub ca_file: Option<PathBuf>,
    /// How long a request may take; at most [`LONGEST`].
    pub timeout: Duration,
    /// Which addresses may be connected to.
    pub allowed: Allowed,
}

/// A bearer token. It is never shown.
#[derive(Clone)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// A request, filled in but for the service's own credential.
pub struct Asked {
    /// The method.
    pub method: Method,
    /// Appended to the base address; empty is the base address itself.
    pub path: String,
    /// Headers beside the body's type.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// A service that can be asked.
pub struct Service {
    settings: Settings,
    client: reqwest::Client,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Service {
    /// A service. The error is a sentence for the operator: nothing is asked yet.
    pub fn new(settings: Settings) -> Result<Service, String> {
        let mut settings = Settings { timeout: settings.timeout.min(LONGEST), ..settings };
        let base = &settings.base;
        match base.scheme() {
            "https" => {}
            "http" if settings.login.is_some() || settings.token.is_some() => {
                settings.allowed = settings.allowed.only_this_machine()
            }
            "http" => {}
            _ => return Err(format!("{base} is no address of the kind https://host/path")),
        }
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() || base.fragment().is_some() {
            return Err("it holds more than host, port and path: the user and its password have settings of their own".to_owned());
        }
        // An address that is given as a number is never looked up, so that it is checked here.
        let number = match base.host() {
            Some(host) => host.to_string().trim_matches(['[', ']']).parse().ok(),
            None => return Err(format!("{base} names no host")),
        };
        if let Some(why) = number.and_then(|address| settings.allowed.refusal(address)) {
            return Err(why);
        }
        let tls = trust(settings.ca_file.as_deref())?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .dns_resolver(Arc::new(Guard(settings.allowed.clone())))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT.min(settings.timeout / 2))
            .timeout(settings.timeout)
            .user_agent(concat!("kvitt/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|cause| cause.to_string())?;
        Ok(Service { settings, client })
    }

    /// Asks, and answers what was answered whole, or that nothing was.
    pub async fn ask(&self, asked: Asked) -> Reply {
        let request = match self.request(asked) {
            Ok(request) => request,
            Err(why) => return silence(Sent::No, why),
        };
        match self.client.execute(request).await {
            Ok(response) => {
                crate::failpoint!("before_answer_read");
                whole(response).await
            }
            Err(error) if error.is_connect() => silence(Sent::No, format!("no connection: {}", innermost(&error))),
            Err(error) if error.is_builder() => silence(Sent::No, innermost(&error)),
            Err(error) if error.is_timeout() => silence(Sent::Unknown, "no answer in time"),
            Err(error) => silence(Sent::Unknown, format!("the connection broke: {}", innermost(&error))),
        }
    }

    fn request(&self, asked: Asked) -> Result<reqwest::Request, String> {
        let method = match asked.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &asked.headers {
            let name = HeaderName::try_from(name).map_err(|_| format!("{name} is no name of a header"))?;
            let value = HeaderValue::try_from(value).map_err(|_| format!("the header {name} has a value that cannot be sent"))?;
            headers.append(name, value);
        }
        if let Some(Token(token)) = &self.settings.token {
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| "its token cannot be sent".to_owned())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let body = self.filled(&asked.body)?;
        let mut request = self.client.request(method, address(&self.settings.base, &asked.path)?).headers(headers);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, &asked.body.media_type).body(body);
        }
        request.build().map_err(|cause| innermost(&cause))
    }

    /// The body with the service's credential in it. What belongs to the company was filled in before.
    fn filled(&self, body: &Body) -> Result<String, String> {
        let login = self.settings.login.as_ref();
        let named = |secret: &Secret| match (secret, login) {
            (Secret::User, Some(login)) => Ok(login.user.clone()),
            (Secret::Password, Some(login)) => Ok(login.password.clone()),
            (Secret::User | Secret::Password, None) => {
                Err("it asks for a user: set user and password_file in its section of the configuration".to_owned())
            }
            (Secret::Identity(_) | Secret::Found(_), _) => Err("the request was not filled in".to_owned()),
        };
        body.filled(named)
    }

    /// Whether it can be reached: its name, a connection, and with https its certificate. Nothing is asked. Answers its
    /// address, or what is in the way.
    pub async fn reach(&self) -> Result<SocketAddr, String> {
        let base = &self.settings.base;
        let host = base.host_str().ok_or("it has no host")?.trim_matches(['[', ']']).to_owned();
        let port = base.port_or_known_default().ok_or("it has no port")?;
        let reached = async {
            let addresses = self.settings.allowed.look_up(&host, port).await?;
            let stream = TcpStream::connect(addresses.as_slice()).await.map_err(|cause| format!("no connection: {cause}"))?;
            let address = stream.peer_addr().map_err(|cause| cause.to_string())?;
            if base.scheme() == "https" {
                let name = ServerName::try_from(host.clone()).map_err(|cause| format!("TLS: {host}: {cause}"))?;
                let tls = TlsConnector::from(trust(self.settings.ca_file.as_deref())?);
                tls.connect(name, stream).await.map_err(|cause| format!("TLS: {cause}"))?;
            }
            Ok(address)
        };
        timeout(CONNECT, reached).await.map_err(|_| "no connection in time".to_owned())?
    }
}

/// Looks names up for the client, and gives it only what may be connected to.
struct Guard(Allowed);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0.clone();
        Box::pin(async move {
            // The client puts the port of the address in place of 0.
            let found = allowed.look_up(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A path appended to the base address. What would lead elsewhere is refused.
fn address(base: &Url, path: &str) -> Result<Url, String> {
    if path.is_empty() {
        return Ok(base.clone());
    }
    let appended = format!("{}/{}", base.as_str().trim_end_matches('/'), path.trim_start_matches('/'));
    let address = Url::parse(&appended).map_err(|cause| format!("{path} cannot be appended to the base address: {cause}"))?;
    let is_below = address.path().starts_with(base.path().trim_end_matches('/'));
    match address.origin() == base.origin() && address.username().is_empty() && is_below {
        true => Ok(address),
        false => Err(format!("{path} leads away from the base address")),
    }
}

/// Reads an answer. One that breaks off or is too large is none: the request was sent.
async fn whole(mut response: reqwest::Response) -> Reply {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| wait(value.to_str().ok()?, Timestamp::now()));
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_ANSWER => {
                return silence(Sent::Unknown, format!("the answer ({status}) is larger than {} MB", LARGEST_ANSWER >> 20));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => {
                return silence(Sent::Unknown, format!("the answer ({status}) broke off: {}", innermost(&error)));
            }
        }
    }
    Reply::Http { status, body: String::from_utf8_lossy(&body).into_owned(), retry_after }
}

/// How long a service asks us to wait: seconds, or a date (RFC 9110 §10.2.3).
pub(crate) fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(until.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The innermost cause: the layers above it only say that something failed, and one of them names the whole address.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn silence(sent: Sent, what: impl Into<String>) -> Reply {
    Reply::Silence { sent, what: what.into() }
}

#[cfg(test)]
mod tests;
