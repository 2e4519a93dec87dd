//! The carrier of the product: mail servers, services over HTTP, and drops, as the configuration names them.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kvitt_adapters::route::{Reply, Sent};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::transport::drop::{self, Named, Site};
use crate::transport::http::{self, Asked, Service};
use crate::transport::smtp::{self, MailServer};
use crate::transport::webhook::Poster;
use crate::transport::{Became, Carrier, Committing, Left, Outgoing};

// One limit stands over all that is carried: that of the longest letter. None of the others reaches it.
const _: () = assert!(drop::LONGEST.as_secs() <= smtp::LONGEST.as_secs() && http::LONGEST.as_secs() <= smtp::LONGEST.as_secs());

/// Everything that can be reached from here.
#[derive(Debug)]
pub struct Network {
    mail_servers: BTreeMap<String, MailServer>,
    services: BTreeMap<String, Service>,
    drops: BTreeMap<String, Site>,
    webhooks: Poster,
}

impl Network {
    /// The network of a configuration, with the files that it names read.
    pub fn of(config: &Config, data: &Path) -> Result<Network> {
        Ok(Network {
            mail_servers: config.mail_servers(data)?,
            services: config.services(data)?,
            drops: config.drops(data)?,
            webhooks: config.webhooks.poster(data)?,
        })
    }

    /// The services over HTTP, by name.
    pub fn services(&self) -> &BTreeMap<String, Service> {
        &self.services
    }

    /// The drops, by name.
    pub fn drops(&self) -> &BTreeMap<String, Site> {
        &self.drops
    }

    fn drop(&self, name: &str) -> Result<&Site> {
        self.drops.get(name).ok_or_else(|| Error::NotFound(format!("the drop {name}")))
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
                Outgoing::Http { endpoint, method, path, headers, body } => match self.services.get(&endpoint) {
                    // Such a request was marked when it was written down: its first byte may be acted on.
                    Some(service) => Ok(service.ask(Asked { method, path, headers, body }).await),
                    None => Ok(unknown("http", &endpoint)),
                },
                Outgoing::Put { drop, name, shape, files } => match self.drops.get(&drop) {
                    Some(site) => site.put(Named { name: &name, shape }, &files, committing).await,
                    None => Ok(unknown("drop", &drop)),
                },
                Outgoing::Look { drop, name, shape } => match self.drops.get(&drop) {
                    Some(site) => Ok(site.look(Named { name: &name, shape }).await),
                    None => Ok(unknown("drop", &drop)),
                },
                Outgoing::Webhook { address, headers, body } => Ok(self.webhooks.post(&address, &headers, body).await),
            }
        }
        .boxed()
    }

    fn collect<'a>(&'a self, drop: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<Left>>> {
        async move { self.drop(drop)?.collect(limit).await }.boxed()
    }

    fn put_away<'a>(&'a self, drop: &'a str, name: &'a str) -> BoxFuture<'a, Result<()>> {
        async move { self.drop(drop)?.put_away(name).await }.boxed()
    }

    fn bank_files<'a>(&'a self, drop: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        async move { self.drop(drop)?.bank_files().await }.boxed()
    }

    fn bank_file<'a>(&'a self, drop: &'a str, name: &'a str) -> BoxFuture<'a, Result<Vec<u8>>> {
        async move { self.drop(drop)?.bank_file(name).await }.boxed()
    }

    fn settle_bank_file<'a>(&'a self, drop: &'a str, name: &'a str, became: Became) -> BoxFuture<'a, Result<()>> {
        async move { self.drop(drop)?.settle_bank_file(name, became).await }.boxed()
    }
}

fn unknown(section: &str, name: &str) -> Reply {
    Reply::Silence { sent: Sent::No, what: format!("nothing is called {name}: add [{section}.{name}] to the configuration") }
}
