//! Webhooks over HTTP: a message is posted to an address that a company named, and the status of the answer is all that counts.
//!
//! Companies name addresses, so that nobody can vouch for them: only https to public addresses, and what the operator's `networks`
//! name, also in the clear. What is connected to is what was checked ([`crate::transport::address`]); no redirect is followed, no
//! proxy is asked, and of the answer little is read and nothing is kept.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ipnet::IpNet;
use jiff::Timestamp;
use kvitt_adapters::route::{Reply, Sent};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Url};

use crate::transport::address::Allowed;
use crate::transport::http::{innermost, wait};
use crate::transport::trust::trust;

/// How long a receiver may take for all of it: Standard Webhooks advises between 15 and 30 seconds.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// Name, connection and TLS together: a receiver that is there answers at once.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read, so that a polite receiver is not cut off in the middle of it.
const READ: usize = 4 << 10;
/// The longest address that is taken.
const LONGEST_ADDRESS: usize = 2_048;

/// This very machine.
const HERE: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// Who finds the addresses of a name.
pub type Names = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Vec<SocketAddr>, String>> + Send + Sync>;

/// Which addresses webhooks may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doors {
    /// With TLS: the public internet, and the networks that are named.
    secure: Allowed,
    /// In the clear: the networks that are named. Without any, nowhere.
    clear: Option<Allowed>,
}

/// Why an address cannot be a webhook's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is no address of the kind `https://host/path`.
    Address,
    /// It is in the clear or on a network that webhooks may not go to.
    Network,
}

impl Doors {
    /// The doors that are open where the operator names these networks.
    pub fn of(networks: Vec<IpNet>) -> Doors {
        let clear = (!networks.is_empty()).then(|| Allowed::new(networks.clone()));
        Doors { secure: Allowed::public_and(networks), clear }
    }

    /// Only this very machine.
    pub fn here() -> Doors {
        let here = Allowed::new(HERE.iter().map(|network| network.parse().expect("the table holds networks")).collect());
        Doors { secure: here.clone(), clear: Some(here) }
    }

    /// Checks an address without looking its name up: that is done each time that something is posted to it.
    pub fn check(&self, address: &str) -> Result<Url, Unfit> {
        if address.len() > LONGEST_ADDRESS {
            return Err(Unfit::Address);
        }
        let url = Url::parse(address).map_err(|_| Unfit::Address)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let (Some(host), true) = (url.host(), is_plain) else { return Err(Unfit::Address) };
        let allowed = match url.scheme() {
            "https" => &self.secure,
            "http" => self.clear.as_ref().ok_or(Unfit::Network)?,
            _ => return Err(Unfit::Address),
        };
        // An address that is given as a number is never looked up, so that it is checked here.
        let number = host.to_string().trim_matches(['[', ']']).parse().ok();
        match number.and_then(|number| allowed.refusal(number)) {
            Some(_) => Err(Unfit::Network),
            None => Ok(url),
        }
    }
}

/// Posts messages.
#[derive(Debug)]
pub struct Poster {
    doors: Doors,
    secure: Client,
    clear: Option<Client>,
}

impl Poster {
    /// A poster through these doors. The error is a sentence for the operator.
    pub fn new(doors: Doors, ca_file: Option<&Path>) -> Result<Poster, String> {
        Poster::with_names(doors, ca_file, Arc::new(|host| look_up(host).boxed()))
    }

    /// The same, where somebody else finds the addresses of names.
    pub fn with_names(doors: Doors, ca_file: Option<&Path>, names: Names) -> Result<Poster, String> {
        let secure = client(&doors.secure, ca_file, &names)?;
        let clear = doors.clear.as_ref().map(|allowed| client(allowed, ca_file, &names)).transpose()?;
        Ok(Poster { doors, secure, clear })
    }

    /// Posts a message: the status of the answer, or why there is none.
    pub async fn post(&self, address: &str, headers: &[(String, String)], body: String) -> Reply {
        let url = match self.doors.check(address) {
            Ok(url) => url,
            Err(Unfit::Address) => return silence(Sent::No, "its address cannot be used"),
            Err(Unfit::Network) => return silence(Sent::No, "webhooks may not go to its network"),
        };
        let client = match url.scheme() {
            "https" => &self.secure,
            _ => self.clear.as_ref().expect("an address in the clear is refused where no network is named"),
        };
        let mut named = HeaderMap::new();
        for (name, value) in headers {
            let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
                return silence(Sent::No, format!("the header {name} cannot be sent"));
            };
            named.append(name, value);
        }
        match client.post(url).headers(named).body(body).send().await {
            Ok(response) => answer(response).await,
            Err(error) if error.is_connect() => silence(Sent::No, format!("no connection: {}", innermost(&error))),
            Err(error) if error.is_timeout() => silence(Sent::Unknown, "no answer in time"),
            Err(error) => silence(Sent::Unknown, format!("the connection broke: {}", innermost(&error))),
        }
    }
}

/// What an answer says of a message: its status (0 where there was none), and why the message was not taken; empty where it was.
pub fn outcome(reply: &Reply) -> (i64, String) {
    match reply {
        Reply::Http { status: status @ 200..=299, .. } => (i64::from(*status), String::new()),
        Reply::Http { status, .. } => (i64::from(*status), format!("the answer was {status}")),
        Reply::Silence { what, .. } => (0, what.clone()),
        other => (0, format!("{other:?} is no answer over HTTP")),
    }
}

async fn answer(mut response: reqwest::Response) -> Reply {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| wait(value.to_str().ok()?, Timestamp::now()));
    let mut read = 0;
    // The status was said: what becomes of the rest changes nothing.
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > READ {
            break;
        }
    }
    Reply::Http { status, body: String::new(), retry_after }
}

fn client(allowed: &Allowed, ca_file: Option<&Path>, names: &Names) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured((*trust(ca_file)?).clone())
        .dns_resolver(Arc::new(Guard { allowed: allowed.clone(), names: names.clone() }))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT)
        .timeout(TIMEOUT)
        .user_agent(concat!("kvitt/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|cause| cause.to_string())
}

async fn look_up(host: String) -> Result<Vec<SocketAddr>, String> {
    let found = tokio::net::lookup_host((host.as_str(), 0)).await.map_err(|cause| format!("{host} has no address: {cause}"))?;
    Ok(found.collect())
}

/// Gives the client only what may be connected to, of what a name leads to at this very moment.
struct Guard {
    allowed: Allowed,
    names: Names,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, host) = (self.allowed.clone(), name.as_str().to_owned());
        let found = (self.names)(host.clone());
        Box::pin(async move {
            // The client puts the port of the address in place of 0.
            // Not which addresses: the company that reads this may not know the operator's network.
            let found =
                allowed.those_of(&host, found.await?).map_err(|_| format!("{host} has no address that webhooks may reach"))?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn silence(sent: Sent, what: impl Into<String>) -> Reply {
    Reply::Silence { sent, what: what.into() }
}

#[cfg(test)]
mod tests;
