//! The sandbox in this process, and the configuration that points a hub at it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kvitt_sandbox::{
    CUSTOMER_UNIT, FORTNOX_CLIENT, FORTNOX_SECRET, MPS_PASSWORD, MPS_USER, PASSWORD, SIGNING_TOKEN, Sandbox, Settings, USER,
};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::oracle::Line;

/// A running sandbox.
#[derive(Debug)]
pub struct World {
    /// Where it is.
    pub addresses: Addresses,
    sandbox: Sandbox,
}

impl std::ops::Deref for World {
    type Target = Addresses;

    fn deref(&self) -> &Addresses {
        &self.addresses
    }
}

/// Where a sandbox is; as JSON it is what `kvitt sandbox --json` prints.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Addresses {
    /// Control and evidence.
    pub http: SocketAddr,
    /// The mail server.
    pub smtp: SocketAddr,
    /// The certificate authority to trust.
    pub ca_file: PathBuf,
    /// The user that the mail server knows.
    pub user: String,
    /// A file with that user's password.
    pub password_file: PathBuf,
    /// The Maildir in which bounces arrive.
    pub bounces: PathBuf,
    /// The address of MPS, where eFaktura goes.
    pub mps: String,
    /// The user that MPS knows.
    pub mps_user: String,
    /// A file with that user's password.
    pub mps_password_file: PathBuf,
    /// The print shop's drop.
    pub print_shop: PathBuf,
    /// The bank's drop: claim files in, bank files out.
    pub bank: PathBuf,
    /// The address of the signing service.
    pub signing: String,
    /// A file with the token that the signing service knows.
    pub signing_token_file: PathBuf,
    /// The hub's customer unit with MPS and the bank.
    pub customer_unit: String,
    /// The address of Fortnox; `3/`, `api/` and `oauth-v1/` are below it.
    pub fortnox: String,
    /// The client id that Fortnox knows.
    pub fortnox_client: String,
    /// A file with that client's secret.
    pub fortnox_secret_file: PathBuf,
}

impl World {
    /// Starts a sandbox.
    pub async fn start(data: &Path, http: SocketAddr, smtp: SocketAddr, seed: u64) -> Result<World, Failure> {
        let sandbox = Sandbox::start(Settings { data: data.to_owned(), http, smtp, smtps: None, sftp: None, seed }).await?;
        let absolute = |path: &Path| fs::canonicalize(path).map_err(|cause| Failure::io(path.display().to_string(), cause));
        let password = write_password(&data.join("password"), PASSWORD)?;
        let mps_password = write_password(&data.join("mps-password"), MPS_PASSWORD)?;
        let signing_token = write_password(&data.join("signing-token"), SIGNING_TOKEN)?;
        let fortnox_secret = write_password(&data.join("fortnox-secret"), FORTNOX_SECRET)?;
        let addresses = Addresses {
            http: sandbox.http(),
            smtp: sandbox.smtp(),
            ca_file: absolute(sandbox.certificate())?,
            user: USER.to_owned(),
            password_file: absolute(&password)?,
            bounces: absolute(sandbox.bounces())?,
            mps: sandbox.mps(),
            mps_user: MPS_USER.to_owned(),
            mps_password_file: absolute(&mps_password)?,
            print_shop: absolute(sandbox.print_shop())?,
            bank: absolute(sandbox.bank())?,
            signing: sandbox.signing(),
            signing_token_file: absolute(&signing_token)?,
            customer_unit: CUSTOMER_UNIT.to_owned(),
            fortnox: sandbox.fortnox(),
            fortnox_client: FORTNOX_CLIENT.to_owned(),
            fortnox_secret_file: absolute(&fortnox_secret)?,
        };
        Ok(World { addresses, sandbox })
    }

    /// Ends every conversation and frees the folder.
    pub async fn stop(self) {
        self.sandbox.stop().await;
    }
}

impl Addresses {
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
             [http.mps]\n\
             base_address = {mps}\n\
             user = {mps_user}\n\
             password_file = {mps_password_file}\n\
             networks = [\"127.0.0.0/8\", \"::1\"]\n\
             \n\
             [drop.print]\n\
             folder = {print_shop}\n\
             look_every_s = 1\n\
             \n\
             [drop.bank]\n\
             folder = {bank}\n\
             look_every_s = 1\n\
             \n\
             [http.signing]\n\
             base_address = {signing}\n\
             token_file = {signing_token_file}\n\
             networks = [\"127.0.0.0/8\", \"::1\"]\n\
             \n\
             [avtalegiro]\n\
             customer_unit = {customer_unit}\n\
             files = \"bank\"\n\
             service = \"mps\"\n\
             signing = \"signing\"\n\
             \n\
             [clock]\n\
             follow = {clock}\n\
             \n\
             [web]\n\
             sandbox = {sandbox}\n",
            host = quoted(&self.smtp.ip().to_string()),
            port = self.smtp.port(),
            user = quoted(&self.user),
            password_file = quoted_path(&self.password_file),
            ca_file = quoted_path(&self.ca_file),
            bounces = quoted_path(&self.bounces),
            mps = quoted(&self.mps),
            mps_user = quoted(&self.mps_user),
            mps_password_file = quoted_path(&self.mps_password_file),
            print_shop = quoted_path(&self.print_shop),
            bank = quoted_path(&self.bank),
            signing = quoted(&self.signing),
            signing_token_file = quoted_path(&self.signing_token_file),
            customer_unit = quoted(&self.customer_unit),
            clock = quoted(&format!("http://{}/clock", self.http)),
            sandbox = quoted(&format!("http://{}", self.http)),
        )
    }

    /// Where the ledger is.
    pub fn ledger(&self) -> String {
        format!("http://{}/ledger", self.http)
    }

    /// The claims that stand with the bank, or stood until they were debited, called back or found without cover, as lines of a
    /// ledger that name the KID: what comes by file leaves no other line where nobody is debited.
    pub async fn claims(&self, company: &str) -> Result<Vec<Line>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Claim {
            id: String,
            kid: String,
            rejection_code: Option<String>,
        }
        let told = |cause: reqwest::Error| Failure::io("reading the sandbox's claims", std::io::Error::other(cause));
        let asked = reqwest::get(format!("http://{}/bank/claims", self.http)).await;
        let claims: Vec<Claim> = asked.and_then(reqwest::Response::error_for_status).map_err(told)?.json().await.map_err(told)?;
        let standing = claims.into_iter().filter(|claim| claim.rejection_code.is_none());
        let line = |claim: Claim| Line {
            counterparty: "bank".to_owned(),
            kind: "claim".to_owned(),
            key: format!("claim/{}", claim.id),
            company: company.to_owned(),
            invoice: claim.kid,
            bill: None,
        };
        Ok(standing.map(line).collect())
    }

    /// Moves the sandbox's clock forward.
    pub async fn advance(&self, by: Duration) -> Result<(), Failure> {
        let told = |cause: reqwest::Error| Failure::io("moving the sandbox's clock", std::io::Error::other(cause));
        let moved = serde_json::json!({ "ms": u64::try_from(by.as_millis()).unwrap_or(u64::MAX) });
        let asked = reqwest::Client::new().post(format!("http://{}/clock/advance", self.http)).json(&moved).send().await;
        asked.and_then(reqwest::Response::error_for_status).map(|_| ()).map_err(told)
    }
}

/// The sandbox's passwords are no secrets, but a hub reads passwords from files only, and such files are their owner's alone.
fn write_password(path: &Path, password: &str) -> Result<PathBuf, Failure> {
    use std::io::Write as _;
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| writeln!(file, "{password}"));
    written.map(|()| path.to_owned()).map_err(|cause| Failure::io(format!("writing {}", path.display()), cause))
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// A basic string of TOML (1.0, "String"): JSON's escapes are among its own.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
