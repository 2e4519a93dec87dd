//! The configuration: `kvitt.toml`, then the environment, every key checked at the start.
//!
//! `docs/configuration.md` lists the keys. Secrets are read from files, never written in the configuration and never given on
//! the command line. An environment variable `KVITT__MAIL__EMAIL__HOST` sets `mail.email.host`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::store::{Backend, Db};
use crate::transport::drop::Site;
use crate::transport::http::Service;
use crate::transport::smtp::{MailServer, Tls};

mod api;
mod avtalegiro;
mod drop;
mod files;
mod http;
mod payments;
mod web;
mod webhooks;

pub use api::ApiConfig;
pub use avtalegiro::AvtalegiroConfig;
pub use drop::{AlgorithmsConfig, DropConfig, SftpConfig};
pub use http::HttpConfig;
pub use payments::{Dated, PaymentsConfig};
pub use web::WebConfig;
pub use webhooks::WebhooksConfig;

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
    /// Networks of the operator's own proxies, such as `10.0.0.0/8`: whom they say a request comes from is believed.
    pub trusted_proxies: Vec<String>,
    /// The header in which they say it.
    pub proxy_header: ProxyHeader,
    /// What programs may ask for.
    pub api: ApiConfig,
    /// The price book; by default the example book that comes with the program.
    pub price_book: Option<PathBuf>,
    /// Mail servers by name; the e-mail route's set-up names one of them.
    pub mail: BTreeMap<String, MailConfig>,
    /// Services over HTTP by name; the set-up of a route that needs one names it.
    pub http: BTreeMap<String, HttpConfig>,
    /// Drops by name: folders and SFTP accounts. The set-up of a route that needs one names it.
    pub drop: BTreeMap<String, DropConfig>,
    /// The operator's side of AvtaleGiro.
    pub avtalegiro: AvtalegiroConfig,
    /// The mailbox that bounce messages come into.
    pub bounces: Option<BouncesConfig>,
    /// The folder that documents are dropped into.
    pub intake: Option<IntakeConfig>,
    /// Bank files, and how long an unpaid direct debit is waited for.
    pub payments: PaymentsConfig,
    /// The pages in the browser.
    pub web: WebConfig,
    /// Where webhooks may go.
    pub webhooks: WebhooksConfig,
    /// Where business time comes from, where it is not the machine's own.
    pub clock: Option<ClockConfig>,
    /// How a running hub writes its log.
    pub log_format: LogFormat,
}

/// Where a proxy says from whom it heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// What nearly every proxy writes.
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// How a log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            database: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8480)),
            public_address: None,
            workers: 32,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            api: ApiConfig::default(),
            price_book: None,
            mail: BTreeMap::new(),
            http: BTreeMap::new(),
            drop: BTreeMap::new(),
            avtalegiro: AvtalegiroConfig::default(),
            bounces: None,
            intake: None,
            payments: PaymentsConfig::default(),
            web: WebConfig::default(),
            webhooks: WebhooksConfig::default(),
            clock: None,
            log_format: LogFormat::Text,
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
            .map_err(|cause| Error::CannotStart(format!("the configuration cannot be used: {}", sentence(cause))))
            .and_then(Config::checked)
    }

    /// What a type cannot refuse by itself.
    fn checked(self) -> Result<Config> {
        /// More workers than that only wait for each other's commits.
        const MOST_WORKERS: usize = 1024;
        let wrong = |why: String| Err(Error::CannotStart(format!("the configuration cannot be used: {why}")));
        if !(1..=MOST_WORKERS).contains(&self.workers) {
            return wrong(format!("workers is {}; between 1 and {MOST_WORKERS} can work", self.workers));
        }
        if let Some(database) = &self.database {
            Backend::of(database)?;
        }
        let addresses = [
            ("public_address", self.public_address.as_ref()),
            ("clock.follow", self.clock.as_ref().map(|clock| &clock.follow)),
            ("web.sandbox", self.web.sandbox.as_ref()),
        ];
        for (key, address) in addresses {
            if let Some(address) = address
                && !(address.starts_with("https://") || address.starts_with("http://"))
            {
                return wrong(format!("{key} is {address}; an address begins with https:// or http://"));
            }
        }
        if let Some((name, _)) = self.mail.iter().find(|(_, mail)| mail.host.trim().is_empty() || mail.port == 0) {
            return wrong(format!("mail.{name} needs a host and a port"));
        }
        for text in &self.trusted_proxies {
            if let Err(why) = http::network(text) {
                return wrong(format!("trusted_proxies: {why}"));
            }
        }
        self.webhooks.doors()?;
        if let Some(why) = self.web.fault(&self) {
            return wrong(why);
        }
        if let Some(why) = self.avtalegiro.fault(&self) {
            return wrong(why);
        }
        Ok(self)
    }

    /// The networks of the operator's own proxies. What is no network was refused at the start.
    pub fn proxy_networks(&self) -> Vec<ipnet::IpNet> {
        self.trusted_proxies.iter().filter_map(|text| http::network(text).ok()).collect()
    }

    /// The address of the database.
    pub fn database_url(&self, data: &Path) -> String {
        self.database.clone().unwrap_or_else(|| Db::sqlite_url(&data.join("kvitt.db")))
    }

    /// The mail servers, with the files that they name read: passwords, and certificates to trust.
    pub fn mail_servers(&self, data: &Path) -> Result<BTreeMap<String, MailServer>> {
        self.mail.iter().map(|(name, mail)| Ok((name.clone(), mail.server(name, data)?))).collect()
    }

    /// The services over HTTP, with the files that they name read.
    pub fn services(&self, data: &Path) -> Result<BTreeMap<String, Service>> {
        self.http.iter().map(|(name, http)| Ok((name.clone(), http.service(name, data)?))).collect()
    }

    /// The drops, with the files that they name read.
    pub fn drops(&self, data: &Path) -> Result<BTreeMap<String, Site>> {
        self.drop.iter().map(|(name, drop)| Ok((name.clone(), drop.site(name, data)?))).collect()
    }
}

/// Why a configuration cannot be read, in words. A key that there is not is named with the one that was probably meant.
fn sentence(cause: figment::Error) -> String {
    let said = |error: figment::Error| match &error.kind {
        Kind::UnknownField(key, known) => {
            let path: Vec<&str> = error.path.iter().map(String::as_str).filter(|part| part != key).collect();
            let place = if path.is_empty() { String::new() } else { format!(" in {}", path.join(".")) };
            match nearest(key, known) {
                Some(near) => format!("there is no setting {key}{place}; perhaps {near} is meant"),
                None => format!("there is no setting {key}{place}; there are {}", known.join(", ")),
            }
        }
        _ => error.to_string(),
    };
    cause.into_iter().map(said).collect::<Vec<_>>().join("; ")
}

/// The name that a misspelt one is nearest to, where it is near at all.
fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    /// How alike two names must be, of 1: two letters in five may be wrong.
    const ALIKE: f64 = 0.6;
    let alike = |name: &str| strsim::normalized_damerau_levenshtein(&key.to_ascii_lowercase(), name);
    let best = known.iter().copied().max_by(|one, other| alike(one).total_cmp(&alike(other)));
    best.filter(|name| alike(name) >= ALIKE)
}

impl MailConfig {
    fn server(&self, name: &str, data: &Path) -> Result<MailServer> {
        let section = format!("mail.{name}");
        let login = files::login(&section, data, self.user.as_ref(), self.password_file.as_ref())?;
        let ca_file = files::trusted(&section, data, self.ca_file.as_ref())?;
        Ok(MailServer {
            host: self.host.clone(),
            port: self.port,
            tls: match self.tls {
                TlsConfig::None => Tls::None,
                TlsConfig::StartTls => Tls::StartTls,
                TlsConfig::Implicit => Tls::Implicit,
            },
            login,
            ca_file,
            hello: self.hello.clone().unwrap_or_else(|| "localhost".into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mail servers of a configuration beside files with these names and contents.
    fn servers(toml: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, Result<BTreeMap<String, MailServer>>) {
        let data = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(data.path().join(name), content).unwrap();
        }
        let file = data.path().join("kvitt.toml");
        std::fs::write(&file, format!("[mail.email]\nhost = \"localhost\"\nport = 587\n{toml}")).unwrap();
        let servers = Config::read(Some(&file)).unwrap().mail_servers(data.path());
        (data, servers)
    }

    #[test]
    fn files_are_looked_for_in_the_data_folder() {
        let certificate = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap().cert.pem();
        let toml = "user = \"kvitt\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\n";
        let (data, servers) = servers(toml, &[("password", "hemmelig\n"), ("ca.pem", &certificate)]);
        let server = servers.unwrap().remove("email").unwrap();
        assert_eq!(server.login.unwrap().password, "hemmelig");
        assert_eq!(server.ca_file, Some(data.path().join("ca.pem")));
    }

    #[test]
    fn a_file_that_cannot_be_used_refuses_the_start_with_a_sentence() {
        let refused = |toml: &str, files: &[(&str, &str)], expected: &[&str]| {
            let (_data, servers) = servers(toml, files);
            let error = servers.unwrap_err();
            assert!(matches!(error, Error::CannotStart(_)), "{error:?}");
            for word in expected {
                assert!(error.to_string().contains(word), "{error}");
            }
        };
        refused("user = \"a\"\npassword_file = \"gone\"\n", &[], &["mail.email.password_file", "gone", "cannot be read"]);
        refused("ca_file = \"gone.pem\"\n", &[], &["mail.email.ca_file", "gone.pem", "cannot be read"]);
        refused("ca_file = \"ca.pem\"\n", &[("ca.pem", "nothing")], &["mail.email.ca_file", "holds no certificate"]);
        let garbage = "-----BEGIN CERTIFICATE-----\naGVp\n-----END CERTIFICATE-----\n";
        refused("ca_file = \"ca.pem\"\n", &[("ca.pem", garbage)], &["mail.email.ca_file"]);
        refused("user = \"a\"\n", &[], &["needs both"]);
    }
}
