//! The configuration: `kvitt.toml`, then the environment, every key checked at the start.
//!
//! `docs/configuration.md` lists the keys. Secrets are read from files, never written in the configuration and never given on
//! the command line. An environment variable `KVITT__MAIL__EMAIL__HOST` sets `mail.email.host`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::transport::smtp::{Login, MailServer, Tls};

/// Everything that can be configured. Paths are relative to the data folder where they are not absolute.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The database: `sqlite:PATH` or `postgres://…`; by default `kvitt.db` in the data folder.
    pub database: Option<String>,
    /// Where the hub listens for HTTP.
    pub listen: SocketAddr,
    /// The address under which recipients reach the hub; without it no letter carries a link.
    pub public_address: Option<String>,
    /// How many jobs are worked on at the same time.
    pub workers: usize,
    /// The price book; by default the example book that comes with the program.
    pub price_book: Option<PathBuf>,
    /// Mail servers by name; the e-mail route's set-up names one of them.
    pub mail: BTreeMap<String, MailConfig>,
    /// The mailbox that bounce messages come into.
    pub bounces: Option<BouncesConfig>,
    /// The folder that documents are dropped into.
    pub intake: Option<IntakeConfig>,
    /// Where business time comes from, where it is not the machine's own.
    pub clock: Option<ClockConfig>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            database: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8480)),
            public_address: None,
            workers: 8,
            price_book: None,
            mail: BTreeMap::new(),
            bounces: None,
            intake: None,
            clock: None,
        }
    }
}

/// A mail server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Its name or address.
    pub host: String,
    /// Its port: 587 for STARTTLS, 465 for TLS from the start.
    pub port: u16,
    /// `starttls` (the default), `implicit`, or `none`, which only makes sense on the same machine.
    #[serde(default)]
    pub tls: TlsConfig,
    /// The user, where the server asks for one.
    pub user: Option<String>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// A file with the certificates to trust beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// The name that we greet with; by default `localhost`.
    pub hello: Option<String>,
}

/// How a mail connection is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsConfig {
    /// Not at all.
    None,
    /// STARTTLS, and nothing is said without it.
    #[default]
    StartTls,
    /// From the first byte.
    Implicit,
}

/// Where bounce messages come into.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BouncesConfig {
    /// A Maildir that the mail server delivers into.
    pub maildir: PathBuf,
}

/// The watched folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeConfig {
    /// Documents are dropped here; they move on to `accepted/` or `refused/` in it.
    pub folder: PathBuf,
}

/// Where business time comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockConfig {
    /// An address that answers `{"offset_ms": …}`; business time follows it forward, never back.
    pub follow: String,
}

impl Config {
    /// Reads a configuration file, where there is one, and the environment over it.
    pub fn read(file: Option<&Path>) -> Result<Config> {
        let mut figment = Figment::new();
        if let Some(file) = file {
            if !file.exists() {
                return Err(Error::CannotStart(format!("there is no configuration file {}", file.display())));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        figment
            .merge(Env::prefixed("KVITT__").split("__"))
            .extract()
            .map_err(|cause| Error::CannotStart(format!("the configuration cannot be used: {cause}")))
    }

    /// The mail servers, their passwords read.
    pub fn mail_servers(&self) -> Result<BTreeMap<String, MailServer>> {
        self.mail.iter().map(|(name, mail)| Ok((name.clone(), mail.server(name)?))).collect()
    }
}

impl MailConfig {
    fn server(&self, name: &str) -> Result<MailServer> {
        let login = match (&self.user, &self.password_file) {
            (None, None) => None,
            (Some(user), Some(file)) => {
                let password = std::fs::read_to_string(file)
                    .map_err(|cause| Error::io(format!("reading the password of mail.{name}"), cause))?;
                Some(Login { user: user.clone(), password: password.trim_end_matches(['\r', '\n']).to_owned() })
            }
            _ => {
                return Err(Error::CannotStart(format!(
                    "mail.{name} needs both user and password_file, or neither: one of them is missing"
                )));
            }
        };
        Ok(MailServer {
            host: self.host.clone(),
            port: self.port,
            tls: match self.tls {
                TlsConfig::None => Tls::None,
                TlsConfig::StartTls => Tls::StartTls,
                TlsConfig::Implicit => Tls::Implicit,
            },
            login,
            ca_file: self.ca_file.clone(),
            hello: self.hello.clone().unwrap_or_else(|| "localhost".into()),
        })
    }
}
