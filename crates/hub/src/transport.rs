//! The network: what adapters want said is said here, and what was answered is told as it was. And folders, through which other
//! programs hand things over.
//!
//! [`Carrier`] is whoever carries what is said. The product has one, [`network::Network`]; tests that drive the hub in one
//! process bring their own. Nothing here decides what a reply means.

use futures_util::future::BoxFuture;
use kvitt_adapters::route::{Method, Reply, Shape};

use crate::error::Result;

pub mod address;
pub mod drop;
pub mod folder;
pub mod http;
pub mod maildir;
pub mod network;
pub mod sandbox;
pub mod smtp;
pub(crate) mod trust;
pub mod webhook;

/// Something as it is carried: secrets filled in, files read. Never stored, never shown.
pub enum Outgoing {
    /// A letter.
    Letter {
        /// The name of the mail server in the configuration.
        server: String,
        /// The envelope's sender.
        from: String,
        /// The envelope's recipient.
        to: String,
        /// The bytes of the letter, without dot-stuffing.
        message: Vec<u8>,
    },
    /// A request over HTTP.
    Http {
        /// The name of the service in the configuration.
        endpoint: String,
        /// The method.
        method: Method,
        /// Appended to the service's base address.
        path: String,
        /// Headers, the body's own type among them.
        headers: Vec<(String, String)>,
        /// The body, secrets filled in but for the service's own credential.
        body: kvitt_adapters::route::Body,
    },
    /// Files that are put under a temporary name, which is then changed to their own.
    Put {
        /// The name of the drop in the configuration.
        drop: String,
        /// The package's own name.
        name: String,
        /// What it is under that name.
        shape: Shape,
        /// Path inside the package, and content.
        files: Vec<(String, Vec<u8>)>,
    },
    /// Where a package is.
    Look {
        /// The name of the drop.
        drop: String,
        /// The package's own name.
        name: String,
        /// What it is under that name.
        shape: Shape,
    },
    /// A message to a webhook.
    Webhook {
        /// Where to: the address that the company named.
        address: String,
        /// Headers, the body's own type among them.
        headers: Vec<(String, String)>,
        /// JSON.
        body: String,
    },
}

/// Writes down durably that the point of no return is reached. Called at most once, just before it: before the final dot of a
/// letter, before a package gets its name. Its error is the only error of [`Carrier::carry`].
pub type Committing<'a> = Box<dyn FnOnce() -> BoxFuture<'a, Result<()>> + Send + 'a>;

/// A file that a counterparty left for us in a drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its name in `receipts/`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What became of a file that a bank left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It was taken in.
    Read,
    /// It was refused: with why, for people and for programs.
    Refused(Vec<u8>),
}

/// Whoever carries what is said.
pub trait Carrier: std::fmt::Debug + Send + Sync {
    /// Says something, and answers what was answered. Every kind of trouble with the network is [`Reply::Silence`]:
    /// `Sent::No` while it certainly had no effect, `Sent::Unknown` after.
    fn carry<'a>(&'a self, outgoing: Outgoing, committing: Committing<'a>) -> BoxFuture<'a, Result<Reply>>;

    /// At most `limit` files that a counterparty left for us in a drop, the oldest first.
    fn collect<'a>(&'a self, drop: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<Left>>>;

    /// Puts away a file that was collected and taken in, so that it is not collected again.
    fn put_away<'a>(&'a self, drop: &'a str, name: &'a str) -> BoxFuture<'a, Result<()>>;

    /// The names of what a bank left for us in a drop, the oldest first.
    fn bank_files<'a>(&'a self, drop: &'a str) -> BoxFuture<'a, Result<Vec<String>>>;

    /// The bytes of a file that a bank left.
    fn bank_file<'a>(&'a self, drop: &'a str, name: &'a str) -> BoxFuture<'a, Result<Vec<u8>>>;

    /// Moves a file that a bank left to where it says what became of it.
    fn settle_bank_file<'a>(&'a self, drop: &'a str, name: &'a str, became: Became) -> BoxFuture<'a, Result<()>>;
}
