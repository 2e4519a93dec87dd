//! `[web]`: the pages.

use serde::Deserialize;

use super::Config;

/// The pages in the browser.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Whether every page says that nothing here is real; by default where business time follows another clock, or a sandbox plays.
    pub test: Option<bool>,
    /// The HTTP address of the sandbox that plays the counterparties, of this machine: it then has a page.
    pub sandbox: Option<String>,
}

impl WebConfig {
    /// Whether every page says that nothing here is real.
    pub fn is_test(&self, config: &Config) -> bool {
        self.test.unwrap_or(config.clock.is_some() || self.sandbox.is_some())
    }
}
