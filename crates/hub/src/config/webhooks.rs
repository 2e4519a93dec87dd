//! `[webhooks]`: where webhooks may go beside the public internet.

use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;

use crate::config::files::trusted;
use crate::config::http::network;
use crate::error::{Error, Result};
use crate::transport::webhook::{Doors, Poster};

/// Webhooks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Networks that webhooks may go to beside the public internet, there also over http: `10.1.0.0/16`, or `127.0.0.1` to try things.
    pub networks: Vec<String>,
    /// A file with the certificates to trust beside the system's own.
    pub ca_file: Option<PathBuf>,
}

impl WebhooksConfig {
    /// Where webhooks may go.
    pub fn doors(&self) -> Result<Doors> {
        let wrong = |why: String| Error::CannotStart(format!("webhooks.networks: {why}"));
        let networks: Result<Vec<IpNet>> = self.networks.iter().map(|text| network(text).map_err(wrong)).collect();
        Ok(Doors::of(networks?))
    }

    /// Whoever posts to them, with the file that the section names read.
    pub fn poster(&self, data: &Path) -> Result<Poster> {
        let ca_file = trusted("webhooks", data, self.ca_file.as_ref())?;
        Poster::new(self.doors()?, ca_file.as_deref()).map_err(|why| Error::CannotStart(format!("webhooks: {why}")))
    }
}
