//! `[web]`: the pages.

use reqwest::Url;
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

    /// What is wrong with it, in a sentence: a sandbox is on this machine, moves the clock that the hub follows, and every page says so.
    pub(super) fn fault(&self, config: &Config) -> Option<String> {
        let address = self.sandbox.as_deref()?;
        let Some(sandbox) = Url::parse(address).ok().filter(is_loopback) else {
            return Some(format!("web.sandbox is {address}; a sandbox listens on a loopback address of this machine"));
        };
        let follow = config.clock.as_ref().map(|clock| clock.follow.as_str());
        if let Some(follow) = follow
            && Url::parse(follow).ok().is_none_or(|clock| clock.origin() != sandbox.origin())
        {
            return Some(format!(
                "clock.follow is {follow}; where web.sandbox is set it is the clock of that sandbox, {address}"
            ));
        }
        (self.test == Some(false))
            .then(|| "web.test is false; where web.sandbox is set nothing is real, and pages say so".to_owned())
    }
}

fn is_loopback(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default();
    let is_this_machine = |host: &str| host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    host == "localhost" || is_this_machine(host.trim_matches(['[', ']']))
}

#[cfg(test)]
mod tests {
    use crate::config::ClockConfig;

    use super::*;

    #[test]
    fn a_sandbox_is_on_this_machine_and_moves_the_clock_that_is_followed() {
        let ours = "http://127.0.0.1:8481";
        for (sandbox, follow, test, is_taken) in [
            (ours, Some("http://127.0.0.1:8481/clock"), None, true),
            (ours, None, Some(true), true),
            ("http://[::1]:8481", None, None, true),
            ("http://localhost:8481", Some("http://localhost:8481/clock"), None, true),
            (ours, Some("http://127.0.0.1:8482/clock"), None, false),
            (ours, Some("https://time.example/clock"), None, false),
            (ours, None, Some(false), false),
            ("http://sandbox.example", None, None, false),
            ("http://10.0.0.1:8481", None, None, false),
            ("http://127.0.0.1.evil.example", None, None, false),
        ] {
            let web = WebConfig { test, sandbox: Some(sandbox.to_owned()) };
            let clock = follow.map(|follow| ClockConfig { follow: follow.to_owned() });
            let config = Config { web: web.clone(), clock, ..Config::default() };
            assert_eq!(web.fault(&config).is_none(), is_taken, "{sandbox} {follow:?} {test:?}");
        }
    }
}
