//! A drop that is an account on an SFTP server.
//!
//! Whom we speak with is decided by the server's key, which the configuration pins: another key is refused before the user is
//! named. RSA keys are not spoken with, on either side (no library for them is free of RUSTSEC-2023-0071): every server of the
//! last ten years has an Ed25519 or ECDSA key beside. What a server offers else can be narrowed or widened per account, because
//! some have nothing new.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate, decode_secret_key};
use russh::{Disconnect, Preferred, cipher, client, kex, mac};
use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use tokio::io::AsyncWriteExt;

use super::{Listed, MOST_ENTRIES, Step, Steps, What};

/// One request over SFTP. A server that syncs a large file before it answers takes its time.
const REQUEST_S: u64 = 60;
/// How often a silent server is asked whether it is there, three times before it is given up.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// A goodbye is politeness: what was done is known by then.
const GOODBYE: Duration = Duration::from_secs(2);

/// An account on a server.
#[derive(Clone)]
pub struct Account {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// What proves that it is us.
    pub proof: Proof,
    /// What proves that it is the server.
    pub host_key: HostKey,
    /// The folder that `jobs/` is in; empty is where one lands.
    pub root: String,
    /// The algorithms that are offered.
    pub preferred: Preferred,
}

/// What proves that it is us.
#[derive(Clone)]
pub enum Proof {
    /// A password. Never shown, never logged.
    Password(String),
    /// A private key. Never shown, never logged.
    Key(Arc<PrivateKey>),
}

impl Proof {
    /// A private key as OpenSSH writes it. The error is a sentence.
    pub fn key(text: &str) -> Result<Proof, String> {
        let key =
            decode_secret_key(text, None).map_err(|cause| format!("it holds no private key without a passphrase: {cause}"))?;
        match key.algorithm().is_rsa() {
            true => Err("RSA keys are not used: make one with `ssh-keygen -t ed25519`".to_owned()),
            false => Ok(Proof::Key(Arc::new(key))),
        }
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let proof = match &self.proof {
            Proof::Password(_) => "a password",
            Proof::Key(_) => "a key",
        };
        let Account { host, port, user, host_key, root, .. } = self;
        let mut shown = f.debug_struct("Account");
        shown.field("host", host).field("port", port).field("user", user).field("proof", &proof);
        shown.field("host_key", host_key).field("root", root).finish_non_exhaustive()
    }
}

/// The key that a server must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKey {
    /// Its fingerprint: `SHA256:…`.
    Fingerprint(String),
    /// The key itself.
    Key(Box<PublicKey>),
}

impl HostKey {
    /// A fingerprint, or a key as in `known_hosts` or a `.pub` file. The error is a sentence.
    pub fn parse(text: &str) -> Result<HostKey, String> {
        let text = text.trim();
        if let Some(digest) = text.strip_prefix("SHA256:") {
            let digest = digest.trim_end_matches('=');
            // 32 bytes are 43 characters of base64.
            return match digest.len() == 43 && digest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/')) {
                true => Ok(HostKey::Fingerprint(format!("SHA256:{digest}"))),
                false => Err(format!("{text} is no fingerprint: `ssh-keygen -lf` shows it as SHA256: and 43 characters")),
            };
        }
        // A line of known_hosts has the host's name before the key.
        let without_host = text.split_once(char::is_whitespace).map(|(_, rest)| rest.trim());
        let key = [Some(text), without_host].into_iter().flatten().find_map(|line| PublicKey::from_openssh(line).ok());
        let key = key.ok_or_else(|| "it is neither SHA256:… nor a line such as `ssh-ed25519 AAAA…`".to_owned())?;
        match key.algorithm().is_rsa() {
            true => Err("RSA keys are not spoken with: pin the server's Ed25519 or ECDSA key".to_owned()),
            false => Ok(HostKey::Key(Box::new(key))),
        }
    }

    /// The fingerprint that a server must show.
    pub fn fingerprint(&self) -> String {
        match self {
            HostKey::Fingerprint(fingerprint) => fingerprint.clone(),
            HostKey::Key(key) => key.fingerprint(HashAlg::Sha256).to_string(),
        }
    }

    fn is(&self, shown: &PublicKey) -> bool {
        match self {
            HostKey::Fingerprint(fingerprint) => *fingerprint == shown.fingerprint(HashAlg::Sha256).to_string(),
            HostKey::Key(key) => key.key_data() == shown.key_data(),
        }
    }
}

/// Algorithms by their SSH names, the preferred first; an empty list means those that are thought safe.
#[derive(Debug, Clone, Copy)]
pub struct Algorithms<'a> {
    /// Key exchange.
    pub kex: &'a [String],
    /// The server's key.
    pub host_key: &'a [String],
    /// Encryption.
    pub cipher: &'a [String],
    /// Authentication of messages.
    pub mac: &'a [String],
}

/// What is offered to a server. Where its key is known whole, only that kind of key is asked for: a server with several shows
/// the one that it is asked for. The error is a sentence that names what is not known.
pub fn preferred(wanted: Algorithms<'_>, host_key: &HostKey) -> Result<Preferred, String> {
    /// What the list of key exchanges also says, and no operator should have to.
    const SAID_BESIDE: [kex::Name; 2] = [kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT];
    let mut preferred = Preferred { compression: Cow::Borrowed(&[russh::compression::NONE]), ..Preferred::default() };
    if let Some(mut names) = named(wanted.kex, |name| kex::Name::try_from(name).ok())? {
        names.extend(SAID_BESIDE);
        preferred.kex = Cow::Owned(names);
    }
    if let Some(names) = named(wanted.cipher, |name| cipher::Name::try_from(name).ok())? {
        preferred.cipher = Cow::Owned(names);
    }
    if let Some(names) = named(wanted.mac, |name| mac::Name::try_from(name).ok())? {
        preferred.mac = Cow::Owned(names);
    }
    let keys = match (named(wanted.host_key, |name| name.parse::<Algorithm>().ok())?, host_key) {
        (Some(names), _) => names,
        (None, HostKey::Key(key)) => vec![key.algorithm()],
        (None, HostKey::Fingerprint(_)) => preferred.key.to_vec(),
    };
    preferred.key = Cow::Owned(keys.into_iter().filter(|key| !matches!(key, Algorithm::Rsa { .. })).collect());
    match preferred.key.is_empty() {
        true => Err("RSA keys are not spoken with: name another kind of host key".to_owned()),
        false => Ok(preferred),
    }
}

fn named<T>(names: &[String], known: impl Fn(&str) -> Option<T>) -> Result<Option<Vec<T>>, String> {
    if names.is_empty() {
        return Ok(None);
    }
    let known = |name: &String| {
        // SSH has names for doing without.
        let named = if matches!(name.as_str(), "none" | "clear") { None } else { known(name) };
        named.ok_or_else(|| format!("{name} is no algorithm that we know"))
    };
    names.iter().map(known).collect::<Result<Vec<T>, String>>().map(Some)
}

impl Account {
    /// Logs in. The error is a sentence.
    pub(super) async fn log_in(&self) -> Result<LoggedIn, String> {
        let config = client::Config {
            preferred: self.preferred.clone(),
            keepalive_interval: Some(KEEPALIVE),
            nodelay: true,
            ..client::Config::default()
        };
        let watch = Watch(self.host_key.clone());
        let connected = client::connect(Arc::new(config), (self.host.as_str(), self.port), watch).await;
        let mut connection = connected.map_err(|refusal| match refusal {
            Refusal::WrongKey(why) => why,
            Refusal::Broken(cause) => format!("no connection: {cause}"),
        })?;
        let broken = |cause: russh::Error| format!("the login broke off: {cause}");
        let answer = match &self.proof {
            Proof::Password(password) => connection.authenticate_password(&self.user, password).await,
            Proof::Key(key) => {
                connection.authenticate_publickey(&self.user, PrivateKeyWithHashAlg::new(Arc::clone(key), None)).await
            }
        };
        match answer.map_err(broken)? {
            client::AuthResult::Success => {}
            client::AuthResult::Failure { remaining_methods, .. } => {
                let offered: Vec<&str> = remaining_methods.iter().map(Into::into).collect();
                return Err(format!("the server refused the login of {} (it offers: {})", self.user, offered.join(", ")));
            }
        }
        let channel = connection.channel_open_session().await.map_err(broken)?;
        channel.request_subsystem(true, "sftp").await.map_err(broken)?;
        let config = russh_sftp::client::Config { request_timeout_secs: REQUEST_S, ..russh_sftp::client::Config::default() };
        let files = SftpSession::new_with_config(channel.into_stream(), config)
            .await
            .map_err(|cause| format!("the server does not speak SFTP: {cause}"))?;
        Ok(LoggedIn { files, connection, root: self.root.clone() })
    }
}

/// Watches over whom we speak with.
struct Watch(HostKey);

/// Why a connection was not made.
#[derive(Debug)]
enum Refusal {
    WrongKey(String),
    Broken(russh::Error),
}

impl From<russh::Error> for Refusal {
    fn from(cause: russh::Error) -> Refusal {
        Refusal::Broken(cause)
    }
}

impl client::Handler for Watch {
    type Error = Refusal;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Refusal> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            return Err(Refusal::WrongKey("the server shows a certificate, and a key is pinned".to_owned()));
        };
        if self.0.is(key) {
            return Ok(true);
        }
        let (pinned, found) = (self.0.fingerprint(), key.fingerprint(HashAlg::Sha256));
        Err(Refusal::WrongKey(format!(
            "the server's key is not the pinned one: pinned is {pinned}, it shows {found} ({}). Either the server was given a new \
             key, which its operator can confirm, or it is somebody else",
            key.algorithm()
        )))
    }
}

/// A session.
pub(super) struct LoggedIn {
    files: SftpSession,
    connection: client::Handle<Watch>,
    root: String,
}

impl LoggedIn {
    fn path(&self, path: &str) -> String {
        match self.root.as_str() {
            "" => path.to_owned(),
            "/" => format!("/{path}"),
            root => format!("{root}/{path}"),
        }
    }
}

/// Does a step, and lets its error name the path.
fn step<'a, T>(path: String, work: impl Future<Output = Result<T, SftpError>> + Send + 'a) -> Step<'a, T> {
    async move { work.await.map_err(|cause| format!("{path}: {cause}")) }.boxed()
}

impl Steps for LoggedIn {
    fn find<'a>(&'a self, path: &'a str) -> Step<'a, Option<What>> {
        let path = self.path(path);
        step(path.clone(), async move {
            match self.files.symlink_metadata(path).await {
                Ok(attributes) => Ok(Some(what(&attributes))),
                Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
                Err(cause) => Err(cause),
            }
        })
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> Step<'a, ()> {
        let path = self.path(path);
        step(path.clone(), async move { self.files.create_dir(path).await })
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> Step<'a, ()> {
        let path = self.path(path);
        step(path.clone(), async move {
            let flags = OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE;
            let mut file = self.files.open_with_flags(path.clone(), flags).await?;
            file.write_all(bytes).await?;
            // Waits until every piece was confirmed; then the server syncs it, where it knows how.
            file.flush().await?;
            file.sync_all().await?;
            file.close().await?;
            match self.files.symlink_metadata(path).await?.size {
                Some(size) if size == bytes.len() as u64 => Ok(()),
                size => Err(SftpError::UnexpectedBehavior(format!("{} bytes were written, and it has {size:?}", bytes.len()))),
            }
        })
    }

    /// SFTP cannot sync a folder.
    fn settle<'a>(&'a self, _path: &'a str) -> Step<'a, ()> {
        async { Ok(()) }.boxed()
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> Step<'a, ()> {
        let (from, to) = (self.path(from), self.path(to));
        step(from.clone(), async move { self.files.rename(from, to).await })
    }

    fn remove<'a>(&'a self, path: &'a str) -> Step<'a, ()> {
        let path = self.path(path);
        step(path.clone(), async move {
            if !matches!(what(&self.files.symlink_metadata(path.clone()).await?), What::Folder) {
                return self.files.remove_file(path).await;
            }
            let (mut folders, mut waiting, mut seen) = (Vec::new(), vec![path], 0);
            while let Some(folder) = waiting.pop() {
                for entry in self.files.read_dir(folder.clone()).await? {
                    seen += 1;
                    if seen > MOST_ENTRIES {
                        return Err(SftpError::Limited(format!("it holds more than {MOST_ENTRIES} entries")));
                    }
                    let inner = format!("{folder}/{}", entry.file_name());
                    match what(&entry.metadata()) {
                        What::Folder => waiting.push(inner),
                        What::File { .. } | What::Odd => self.files.remove_file(inner).await?,
                    }
                }
                folders.push(folder);
            }
            // A folder was found before what is in it.
            for folder in folders.into_iter().rev() {
                self.files.remove_dir(folder).await?;
            }
            Ok(())
        })
    }

    fn list<'a>(&'a self, path: &'a str) -> Step<'a, Vec<Listed>> {
        let path = self.path(path);
        step(path.clone(), async move {
            let entries = match self.files.read_dir(path).await {
                Ok(entries) => entries,
                Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => return Ok(Vec::new()),
                Err(cause) => return Err(cause),
            };
            let listed = entries.take(MOST_ENTRIES + 1).map(|entry| {
                let attributes = entry.metadata();
                Listed { name: entry.file_name(), what: what(&attributes), changed: u64::from(attributes.mtime.unwrap_or(0)) }
            });
            Ok(listed.collect())
        })
    }

    fn read<'a>(&'a self, path: &'a str, at_most: u64) -> Step<'a, Vec<u8>> {
        use tokio::io::AsyncReadExt as _;
        let path = self.path(path);
        step(path.clone(), async move {
            let file = self.files.open(path).await?;
            let mut bytes = Vec::new();
            let mut limited = file.take(at_most + 1);
            limited.read_to_end(&mut bytes).await?;
            limited.into_inner().close().await?;
            match bytes.len() as u64 > at_most {
                true => Err(SftpError::Limited("it grew too large".to_owned())),
                false => Ok(bytes),
            }
        })
    }

    fn leave(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            let goodbye = async {
                let _ = self.files.close().await;
                let _ = self.connection.disconnect(Disconnect::ByApplication, "", "").await;
            };
            let _ = tokio::time::timeout(GOODBYE, goodbye).await;
        }
        .boxed()
    }
}

/// What an entry is, by the bits that POSIX has for it. A server that does not say means a file. (The library's own questions
/// take a link for a file, because they look at single bits.)
fn what(attributes: &FileAttributes) -> What {
    match attributes.permissions.unwrap_or(0) & 0o170_000 {
        0 | 0o100_000 => What::File { bytes: attributes.len() },
        0o040_000 => What::Folder,
        _ => What::Odd,
    }
}
