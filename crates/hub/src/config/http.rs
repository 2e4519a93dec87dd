//! `[http.<name>]`: services that are asked over HTTP.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use crate::config::files::{line, login, trusted};
use crate::error::{Error, Result};
use crate::transport::address::Allowed;
use crate::transport::http::{self, Service, Settings, Token};

/// A service that is asked over HTTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// What every request's path is appended to: `https://host/path/`.
    pub base_address: String,
    /// The user, where the service asks for one.
    pub user: Option<String>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// A file with the bearer token that every request carries, where the service asks for one.
    pub token_file: Option<PathBuf>,
    /// A file with the certificates to trust beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// How long a request may take: seconds, at most [`http::LONGEST`].
    pub timeout_s: Option<u64>,
    /// The only networks whose addresses may be connected to: `10.1.0.0/16`. Without any, only the public internet.
    #[serde(default)]
    pub networks: Vec<String>,
}

impl HttpConfig {
    /// The service, with the files that it names read. `name` is the section's.
    pub fn service(&self, name: &str, data: &Path) -> Result<Service> {
        let section = format!("http.{name}");
        let wrong = |key: &str, why: String| Error::CannotStart(format!("{section}.{key}: {why}"));
        let base = reqwest::Url::parse(&self.base_address)
            .map_err(|cause| wrong("base_address", format!("{} cannot be read: {cause}", self.base_address)))?;
        let networks = self.networks.iter().map(|text| network(text).map_err(|why| wrong("networks", why)));
        let timeout = match self.timeout_s {
            None => http::USUAL,
            Some(seconds) if (1..=http::LONGEST.as_secs()).contains(&seconds) => Duration::from_secs(seconds),
            Some(seconds) => {
                return Err(wrong("timeout_s", format!("{seconds} is not between 1 and {}", http::LONGEST.as_secs())));
            }
        };
        let settings = Settings {
            base,
            login: login(&section, data, self.user.as_ref(), self.password_file.as_ref())?,
            token: self.token_file.as_ref().map(|file| line(&section, "token_file", data, file).map(Token)).transpose()?,
            ca_file: trusted(&section, data, self.ca_file.as_ref())?,
            timeout,
            allowed: Allowed::new(networks.collect::<Result<Vec<_>>>()?),
        };
        Service::new(settings).map_err(|why| wrong("base_address", why))
    }
}

/// A network, or one address.
pub(super) fn network(text: &str) -> std::result::Result<IpNet, String> {
    let one = || text.parse::<std::net::IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| one()).map_err(|_| format!("{text} is no network such as 10.1.0.0/16"))
}
