//! The sandbox: simulated counterparties over real protocols, so that Kvitt works alone and its promises can be tried.
//!
//! [`Sandbox::start`] opens a mail server (SMTP, with and without TLS), an HTTP server (MPS, the signing service and Fortnox;
//! control and evidence) and the drops of print shop and bank on loopback, and keeps all it takes in one data folder. Who is treated how is decided without IO
//! in `counterparties/`, which a simulation may use without sockets; `fronts/` are sockets and folders; `personas.rs`, `faults.rs`, `clock.rs` and `ledger.rs` serve
//! every counterparty. `docs/sandbox.md` is the page for its users. A new counterparty is one file in
//! `counterparties/`, its paths in a front, and its name in `faults.rs`.
//!
//! Nothing here uses another crate of the house or shares its parsing: two sides with the same mistake would agree.

mod certificate;
mod clerk;
mod clock;
pub mod counterparties;
mod faults;
mod fronts;
mod ledger;
mod mailbox;
mod mime;
mod notices;
mod personas;
mod world;

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinSet;

use counterparties::bank::Bank;
use counterparties::fortnox::Fortnox;
use counterparties::mail::Mail;
use counterparties::mps::Mps;
use counterparties::print_shop::PrintShop;
use counterparties::signing::Signing;
use faults::Faults;
use fronts::files::Maildir;
use fronts::sftp::Keys;
use fronts::smtp::{Door, MOST_CONNECTIONS};
use ledger::Lines;
use mailbox::Mailbox;
use world::{Accountant, Branch, Play, Shop, World};

pub use counterparties::bank::accounts::CUSTOMER_UNIT;
pub use counterparties::fortnox::{FORTNOX_CLIENT, FORTNOX_SECRET};
pub use counterparties::mps::{MPS_PASSWORD, MPS_USER};
pub use counterparties::signing::SIGNING_TOKEN;
pub use fronts::sftp::{BANK_SFTP_PASSWORD, BANK_SFTP_USER, HostKey, SFTP_PASSWORD, SFTP_USER};
pub use fronts::smtp::{LARGEST_LETTER, PASSWORD, USER};

/// Where a sandbox listens and keeps its things. Port 0 asks the machine for a free port.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The data folder; made where it is missing. One sandbox at a time uses it.
    pub data: PathBuf,
    /// Control and evidence, over HTTP.
    pub http: SocketAddr,
    /// The mail server; STARTTLS is offered.
    pub smtp: SocketAddr,
    /// The mail server with TLS from the first byte, where wanted.
    pub smtps: Option<SocketAddr>,
    /// The print shop's drop over SFTP, where wanted; the folder is always there.
    pub sftp: Option<SocketAddr>,
    /// Decides the throws of faults that strike by probability.
    pub seed: u64,
}

/// Why a sandbox did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address that others than this machine could reach.
    #[error(
        "{what}: {address} is no loopback address; the sandbox is open to everyone who reaches it, so it listens on loopback only"
    )]
    NotLoopback {
        /// Which setting.
        what: &'static str,
        /// The address given.
        address: SocketAddr,
    },
    /// The address is taken, or may not be used.
    #[error("{what}: cannot listen on {address}: {source}")]
    Listen {
        /// Which setting.
        what: &'static str,
        /// The address given.
        address: SocketAddr,
        /// What the machine said.
        source: io::Error,
    },
    /// Another sandbox uses the data folder.
    #[error("another sandbox uses {}", .0.display())]
    InUse(PathBuf),
    /// Something in the data folder cannot be made, read or written.
    #[error("{what} in {}: {source}", .data.display())]
    Data {
        /// The data folder.
        data: PathBuf,
        /// What it is.
        what: &'static str,
        /// What the machine said.
        source: io::Error,
    },
}

/// A running sandbox. Dropping it ends it at once; [`Sandbox::stop`] also waits until all is written.
#[derive(Debug)]
pub struct Sandbox {
    http: SocketAddr,
    smtp: SocketAddr,
    smtps: Option<SocketAddr>,
    sftp: Option<SocketAddr>,
    bounces: PathBuf,
    certificate: PathBuf,
    print_shop: PathBuf,
    bank: PathBuf,
    host_key: HostKey,
    authorized_keys: PathBuf,
    fronts: JoinSet<()>,
    clerk: JoinHandle<()>,
    /// Held as long as the data folder is in use.
    _lock: File,
}

impl Sandbox {
    /// Starts every front. When this returns, connections are taken.
    ///
    /// # Errors
    /// An address is not on loopback or cannot be listened on; the data folder is in use or unusable.
    pub async fn start(settings: Settings) -> Result<Sandbox, StartError> {
        let Settings { data, http, smtp, smtps, sftp, seed } = settings;
        for (what, address) in [("http", Some(http)), ("smtp", Some(smtp)), ("smtps", smtps), ("sftp", sftp)] {
            if let Some(address) = address.filter(|address| !address.ip().is_loopback()) {
                return Err(StartError::NotLoopback { what, address });
            }
        }
        let in_data = |what| {
            let data = data.clone();
            move |source| StartError::Data { data, what, source }
        };
        fs::create_dir_all(&data).map_err(in_data("the folder itself"))?;
        let lock = lock(&data)?;
        let Opened { world, bounces, certificate, clerk, receipts, mut fronts } = open(&data, seed)?;

        let http = listen("http", http).await?;
        let smtp = listen("smtp", smtp).await?;
        let smtps = match smtps {
            Some(address) => Some(listen("smtps", address).await?),
            None => None,
        };
        let sftp = match sftp {
            Some(address) => Some(listen("sftp", address).await?),
            None => None,
        };
        let keys = Keys::open(&data.join("sftp")).map_err(in_data("sftp"))?;
        let started = Sandbox {
            http: http.1,
            smtp: smtp.1,
            smtps: smtps.as_ref().map(|(_, address)| *address),
            sftp: sftp.as_ref().map(|(_, address)| *address),
            bounces,
            certificate,
            print_shop: world.shop.home.clone(),
            bank: world.branch.home.clone(),
            host_key: keys.host_key().map_err(in_data("sftp"))?,
            authorized_keys: keys.authorized().to_owned(),
            fronts: JoinSet::new(),
            clerk,
            _lock: lock,
        };
        let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        fronts.spawn(fronts::smtp::serve(world.clone(), smtp.0, Door::Plain, seats.clone()));
        if let Some((listener, _)) = smtps {
            fronts.spawn(fronts::smtp::serve(world.clone(), listener, Door::Tls, seats));
        }
        if let Some((listener, _)) = sftp {
            fronts.spawn(fronts::sftp::serve(world.clone(), listener, keys));
        }
        fronts.spawn(fronts::drop::receipts(world.clone(), receipts));
        fronts.spawn(fronts::drop::watch(world.clone()));
        fronts.spawn(fronts::counter::watch(world.clone()));
        fronts.spawn(fronts::bank::keep_days(world.clone()));
        fronts.spawn(async move {
            if let Err(error) = axum::serve(http.0, fronts::http::router(world)).await {
                tracing::error!(%error, "the sandbox's HTTP front ended");
            }
        });
        Ok(Sandbox { fronts, ..started })
    }

    /// Where control and evidence are.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Where the mail server is.
    pub fn smtp(&self) -> SocketAddr {
        self.smtp
    }

    /// Where the mail server with TLS from the first byte is.
    pub fn smtps(&self) -> Option<SocketAddr> {
        self.smtps
    }

    /// The Maildir that bounces, delays and automatic replies arrive in, for every sender.
    pub fn bounces(&self) -> &Path {
        &self.bounces
    }

    /// PEM of the authority that signed the mail server's certificate, good for `localhost`, 127.0.0.1 and ::1.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The address of the simulated MPS (`efaktura-atg-service/v1`); it knows [`MPS_USER`] and [`MPS_PASSWORD`].
    pub fn mps(&self) -> String {
        format!("http://{}{}", self.http, fronts::mps::PATH)
    }

    /// The address of the simulated signing service; it knows [`SIGNING_TOKEN`] as bearer token.
    pub fn signing(&self) -> String {
        format!("http://{}{}", self.http, fronts::signing::PATH)
    }

    /// The address of the simulated Fortnox: `3/`, `api/` and `oauth-v1/` are below it. It knows [`FORTNOX_CLIENT`] and
    /// [`FORTNOX_SECRET`].
    pub fn fortnox(&self) -> String {
        format!("http://{}{}", self.http, fronts::fortnox::PATH)
    }

    /// The print shop's drop: a folder with `jobs`, `taken` and `receipts`.
    pub fn print_shop(&self) -> &Path {
        &self.print_shop
    }

    /// The bank's drop: a folder with `in`, `taken` and `out`. Over SFTP it is that of [`BANK_SFTP_USER`] and
    /// [`BANK_SFTP_PASSWORD`].
    pub fn bank(&self) -> &Path {
        &self.bank
    }

    /// Where the print shop's drop is over SFTP; it knows [`SFTP_USER`] and [`SFTP_PASSWORD`], or a key.
    pub fn sftp(&self) -> Option<SocketAddr> {
        self.sftp
    }

    /// The SFTP server's host key, for clients that pin it.
    pub fn host_key(&self) -> &HostKey {
        &self.host_key
    }

    /// The file of public keys that may log in over SFTP, one a line as in OpenSSH; it need not exist.
    pub fn authorized_keys(&self) -> &Path {
        &self.authorized_keys
    }

    /// Ends every conversation and returns when what was taken is written and the data folder is free.
    pub async fn stop(mut self) {
        self.fronts.shutdown().await;
        // The clerk ends when the last front has let go of it; a panic of its is already in the log.
        drop(tokio::task::spawn_blocking(move || self.clerk.join()).await);
    }
}

/// What is opened in the data folder.
struct Opened {
    world: Arc<World>,
    bounces: PathBuf,
    certificate: PathBuf,
    clerk: JoinHandle<()>,
    /// Names of receipts that are to come.
    receipts: mpsc::UnboundedReceiver<String>,
    /// The postman, already at work.
    fronts: JoinSet<()>,
}

fn open(data: &Path, seed: u64) -> Result<Opened, StartError> {
    let in_data = |what| move |source| StartError::Data { data: data.to_owned(), what, source };
    let folder = |name| {
        let folder = data.join(name);
        fs::create_dir_all(&folder).map(|()| folder).map_err(in_data(name))
    };
    let clock = Arc::new(clock::Clock::open(data.join("clock")).map_err(in_data("clock"))?);
    let identity = certificate::open(&data.join("tls")).map_err(in_data("tls"))?;
    let maildir = Maildir::open(data.join("bounces")).map_err(in_data("bounces"))?;
    let pending = folder("pending")?;
    let book = |name: &'static str| {
        let (shown, file) = Lines::open(data.join(name)).map_err(in_data(name))?;
        Ok(clerk::Book { shown, file, is_synced: name != "mailbox.jsonl" })
    };
    let books = clerk::Books {
        mailbox: book("mailbox.jsonl")?,
        bank: book("bank.jsonl")?,
        mps: book("mps.jsonl")?,
        print: book("print.jsonl")?,
        signing: book("signing.jsonl")?,
        fortnox: book("fortnox.jsonl")?,
        ledger: book("ledger.jsonl")?,
    };
    let mailbox = Mailbox { folder: folder("mailbox")?, list: books.mailbox.shown.clone() };
    let ledger = books.ledger.shown.clone();
    let secret = certificate::secret(&data.join("tls/mps.key")).map_err(in_data("tls/mps.key"))?;
    let fortnox_secret = certificate::secret(&data.join("tls/fortnox.key")).map_err(in_data("tls/fortnox.key"))?;
    // The files' names are to survive a power cut as well as their lines.
    File::open(data).and_then(|folder| folder.sync_all()).map_err(in_data("the folder itself"))?;

    let mut play = Play {
        mail: Mail::resumed(mailbox.last().map_err(in_data("mailbox"))?),
        mps: Mps::new(&secret),
        print: PrintShop::default(),
        bank: Bank::default(),
        bank_made: 0,
        signing: Signing::default(),
        fortnox: Fortnox::new(&fortnox_secret),
        fortnox_made: 0,
        faults: Faults::seeded(seed),
    };
    each(&ledger, |line| play.mail.remember(line)).map_err(in_data("ledger.jsonl"))?;
    each(&books.mps.shown, |record| play.mps.remember(record)).map_err(in_data("mps.jsonl"))?;
    each(&books.print.shown, |record| play.print.remember(record)).map_err(in_data("print.jsonl"))?;
    each(&books.bank.shown, |record| play.bank.remember(record)).map_err(in_data("bank.jsonl"))?;
    each(&books.signing.shown, |record| play.signing.remember(record)).map_err(in_data("signing.jsonl"))?;
    each(&books.fortnox.shown, |record| play.fortnox.remember(&record)).map_err(in_data("fortnox.jsonl"))?;
    let accountant = Accountant { book: books.fortnox.shown.clone(), secret: fortnox_secret, files: folder("fortnox-files")? };
    let bank_book = books.bank.shown.clone();
    let (desk, clerk) = clerk::start(books).map_err(in_data("the clerk's thread"))?;

    let (post, news) = mpsc::unbounded_channel();
    let mut fronts = JoinSet::new();
    let bring = {
        let maildir = maildir.clone();
        move |due_ms, name: &str, message: &[u8]| maildir.deliver(due_ms, name, message)
    };
    fronts.spawn(fronts::files::postman(clock.clone(), pending.clone(), news, bring));
    let (receipt_post, receipts) = mpsc::unbounded_channel();
    let shop = Shop {
        home: fronts::drop::open(data.join("print-shop")).map_err(in_data("print-shop"))?,
        pending: folder("pending-receipts")?,
        post: receipt_post,
        floor: tokio::sync::Mutex::new(()),
    };
    let play = Mutex::new(play);
    let bank_pending = folder("pending-bank")?;
    let left = fronts::counter::waiting(&bank_pending).map_err(in_data("pending-bank"))?;
    let last = left.last().and_then(|name| name.split('.').next()?.parse::<u64>().ok()).unwrap_or(0);
    let branch = Branch {
        book: bank_book,
        news: Notify::new(),
        floor: tokio::sync::Mutex::new(()),
        counter: tokio::sync::Mutex::new(()),
        home: fronts::counter::open(data.join("bank")).map_err(in_data("bank"))?,
        pending: bank_pending,
        next_pending: AtomicU64::new(last + 1),
    };
    let (bounces, certificate) = (maildir.path().to_owned(), identity.authority);
    let tls = identity.acceptor;
    let world =
        World { clock, ledger, mailbox, tls, play, desk, pending, bounces: bounces.clone(), post, shop, branch, accountant };
    Ok(Opened { world: Arc::new(world), bounces, certificate, clerk, receipts, fronts })
}

/// Hands over every line of a book; one that cannot be read is an error.
fn each<T: serde::de::DeserializeOwned>(lines: &Lines, mut take: impl FnMut(T)) -> io::Result<()> {
    lines.read()?.try_for_each(|line| line.map(&mut take))
}

/// Two sandboxes on one folder would number their letters alike.
fn lock(data: &Path) -> Result<File, StartError> {
    let trouble = |source| StartError::Data { data: data.to_owned(), what: "lock", source };
    let file = File::create(data.join("lock")).map_err(trouble)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(data.to_owned())),
        Err(TryLockError::Error(source)) => Err(trouble(source)),
    }
}

async fn listen(what: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let trouble = |source| StartError::Listen { what, address, source };
    let listener = TcpListener::bind(address).await.map_err(trouble)?;
    let bound = listener.local_addr().map_err(trouble)?;
    Ok((listener, bound))
}
