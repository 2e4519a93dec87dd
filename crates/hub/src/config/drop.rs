//! `[drop.<name>]`: folders and SFTP accounts through which files are handed over, and receipts come back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::config::files::{line, text};
use crate::error::{Error, Result};
use crate::transport::drop::sftp::{self, Account, Algorithms, HostKey, Proof};
use crate::transport::drop::{Site, folder};

/// How often a drop is looked into for receipts where the configuration does not say.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Where files are handed over: exactly one of `folder` and `sftp`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropConfig {
    /// A folder on this machine, with `jobs/` in it.
    pub folder: Option<PathBuf>,
    /// An SFTP account.
    pub sftp: Option<SftpConfig>,
    /// How often it is looked into for receipts: seconds.
    pub look_every_s: Option<u64>,
}

/// An SFTP account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SftpConfig {
    /// The server's name or address.
    pub host: String,
    /// Its port; 22 where it is left out.
    pub port: Option<u16>,
    /// The user.
    pub user: String,
    /// A file with the password. Exactly one of this and `key_file`.
    pub password_file: Option<PathBuf>,
    /// A file with the private key, as OpenSSH writes it and without a passphrase.
    pub key_file: Option<PathBuf>,
    /// The server's key: `SHA256:…`, or a line as in `known_hosts`. Nobody else is spoken with.
    pub host_key: String,
    /// The folder on the server that `jobs/` and `receipts/` are in; where one lands after the login if it is left out.
    pub root: Option<String>,
    /// Algorithms, for a server that knows only old ones.
    #[serde(default)]
    pub algorithms: AlgorithmsConfig,
}

/// Algorithms by their SSH names, the preferred first; an empty list means those that are thought safe.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlgorithmsConfig {
    /// Key exchange: `curve25519-sha256`.
    pub kex: Vec<String>,
    /// The server's key: `ssh-ed25519`.
    pub host_key: Vec<String>,
    /// Encryption: `aes256-gcm@openssh.com`.
    pub cipher: Vec<String>,
    /// Authentication of messages: `hmac-sha2-256`.
    pub mac: Vec<String>,
}

impl DropConfig {
    /// The drop, with the files that it names read. `name` is the section's.
    pub fn site(&self, name: &str, data: &Path) -> Result<Site> {
        let section = format!("drop.{name}");
        match (&self.folder, &self.sftp) {
            (Some(folder), None) => Ok(Site::Folder(folder::Home::new(data.join(folder)))),
            (None, Some(sftp)) => Ok(Site::Sftp(Box::new(sftp.account(&format!("{section}.sftp"), data)?))),
            _ => Err(Error::CannotStart(format!("{section} needs exactly one of folder and sftp"))),
        }
    }

    /// How often it is looked into for receipts.
    pub fn look_every(&self) -> Duration {
        self.look_every_s.map_or(LOOK_EVERY, |seconds| Duration::from_secs(seconds.max(1)))
    }
}

impl SftpConfig {
    fn account(&self, section: &str, data: &Path) -> Result<Account> {
        let wrong = |key: &str, why: String| Error::CannotStart(format!("{section}.{key}: {why}"));
        let proof = match (&self.password_file, &self.key_file) {
            (Some(file), None) => Proof::Password(line(section, "password_file", data, file)?),
            (None, Some(file)) => Proof::key(&text(section, "key_file", data, file)?).map_err(|why| wrong("key_file", why))?,
            _ => return Err(Error::CannotStart(format!("{section} needs exactly one of password_file and key_file"))),
        };
        let host_key = HostKey::parse(&self.host_key).map_err(|why| wrong("host_key", why))?;
        let wanted = Algorithms {
            kex: &self.algorithms.kex,
            host_key: &self.algorithms.host_key,
            cipher: &self.algorithms.cipher,
            mac: &self.algorithms.mac,
        };
        let preferred = sftp::preferred(wanted, &host_key).map_err(|why| wrong("algorithms", why))?;
        let root = self.root.clone().unwrap_or_default().trim_end_matches('/').to_owned();
        Ok(Account {
            host: self.host.clone(),
            port: self.port.unwrap_or(22),
            user: self.user.clone(),
            proof,
            host_key,
            root: if root.is_empty() && self.root.as_deref().is_some_and(|root| root.starts_with('/')) {
                "/".to_owned()
            } else {
                root
            },
            preferred,
        })
    }
}
