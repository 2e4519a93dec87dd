//! The sandbox in this process, and the configuration that points a hub at it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use kvitt_sandbox::{PASSWORD, Sandbox, Settings, USER};
use serde::Serialize;

use crate::exit::Failure;

/// A running sandbox with its addresses; its JSON is what `kvitt sandbox --json` prints.
#[derive(Debug, Serialize)]
pub struct World {
    /// Control and evidence.
    pub http: SocketAddr,
    /// The mail server.
    pub smtp: SocketAddr,
    /// The certificate authority to trust.
    pub ca_file: PathBuf,
    /// The user that the mail server knows.
    pub user: &'static str,
    /// A file with that user's password.
    pub password_file: PathBuf,
    /// The Maildir in which bounces arrive.
    pub bounces: PathBuf,
    #[serde(skip)]
    sandbox: Sandbox,
}

impl World {
    /// Starts a sandbox.
    pub async fn start(data: &Path, http: SocketAddr, smtp: SocketAddr, seed: u64) -> Result<World, Failure> {
        let sandbox = Sandbox::start(Settings { data: data.to_owned(), http, smtp, smtps: None, sftp: None, seed }).await?;
        let absolute = |path: &Path| fs::canonicalize(path).map_err(|cause| Failure::io(path.display().to_string(), cause));
        let password = data.join("password");
        write_password(&password).map_err(|cause| Failure::io(format!("writing {}", password.display()), cause))?;
        Ok(World {
            http: sandbox.http(),
            smtp: sandbox.smtp(),
            ca_file: absolute(sandbox.certificate())?,
            user: USER,
            password_file: absolute(&password)?,
            bounces: absolute(sandbox.bounces())?,
            sandbox,
        })
    }

    /// The lines of a `kvitt.toml` that point a hub at this sandbox.
    pub fn configuration(&self) -> String {
        format!(
            "# Everything here is the sandbox: nothing reaches a real recipient.\n\
             [mail.email]\n\
             host = {host}\n\
             port = {port}\n\
             tls = \"starttls\"\n\
             user = {user}\n\
             password_file = {password_file}\n\
             ca_file = {ca_file}\n\
             \n\
             [bounces]\n\
             maildir = {bounces}\n\
             \n\
             [clock]\n\
             follow = {clock}\n",
            host = quoted(&self.smtp.ip().to_string()),
            port = self.smtp.port(),
            user = quoted(self.user),
            password_file = quoted_path(&self.password_file),
            ca_file = quoted_path(&self.ca_file),
            bounces = quoted_path(&self.bounces),
            clock = quoted(&format!("http://{}/clock", self.http)),
        )
    }

    /// Where the ledger is.
    pub fn ledger(&self) -> String {
        format!("http://{}/ledger", self.http)
    }

    /// Ends every conversation and frees the folder.
    pub async fn stop(self) {
        self.sandbox.stop().await;
    }
}

/// The sandbox's password is no secret, but a hub reads passwords from files only, and such files are their owner's alone.
fn write_password(path: &Path) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{PASSWORD}")
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// A basic string of TOML (1.0, "String"): JSON's escapes are among its own.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
