//! The carrier of the product: mail servers, services over HTTP, and drops, as the configuration names them.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kvitt_adapters::route::{Reply, Sent};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::transport::smtp::{self, MailServer};
use crate::transport::{Carrier, Committing, Left, Outgoing};

/// Everything that can be reached from here.
#[derive(Debug)]
pub struct Network {
    mail_servers: BTreeMap<String, MailServer>,
}

impl Network {
    /// The network of a configuration, with the files that it names read.
    pub fn of(config: &Config, data: &Path) -> Result<Network> {
        Ok(Network { mail_servers: config.mail_servers(data)? })
    }
}

impl Carrier for Network {
    fn carry<'a>(&'a self, outgoing: Outgoing, committing: Committing<'a>) -> BoxFuture<'a, Result<Reply>> {
        async move {
            match outgoing {
                Outgoing::Letter { server, from, to, message } => match self.mail_servers.get(&server) {
                    Some(server) => smtp::deliver(server, &from, &to, &message, async move || committing().await).await,
                    None => Ok(unknown("mail", &server)),
                },
                Outgoing::Http { endpoint, .. } => Ok(unknown("http", &endpoint)),
                Outgoing::Put { drop, .. } | Outgoing::Look { drop, .. } => Ok(unknown("drop", &drop)),
            }
        }
        .boxed()
    }

    fn collect<'a>(&'a self, drop: &'a str, _limit: usize) -> BoxFuture<'a, Result<Vec<Left>>> {
        async move { Err(Error::NotFound(format!("the drop {drop}"))) }.boxed()
    }

    fn put_away<'a>(&'a self, drop: &'a str, _name: &'a str) -> BoxFuture<'a, Result<()>> {
        async move { Err(Error::NotFound(format!("the drop {drop}"))) }.boxed()
    }
}

fn unknown(section: &str, name: &str) -> Reply {
    Reply::Silence { sent: Sent::No, what: format!("nothing is called {name}: add [{section}.{name}] to the configuration") }
}
