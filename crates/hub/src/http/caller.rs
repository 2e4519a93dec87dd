//! From which address a request comes: of whoever connects, or, where that is a proxy of the operator's, of whoever the proxy says.
//!
//! Only networks that the configuration lists are believed, and one header: a proxy passes others on as the caller wrote them. Read from
//! the right, because each proxy adds at the end whom it heard; the first that is no proxy of ours is the caller.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use ipnet::IpNet;

use crate::config::ProxyHeader;

/// Whom to believe, and where it says so.
#[derive(Debug, Clone)]
pub struct Proxies {
    /// Networks of proxies.
    pub networks: Vec<IpNet>,
    /// The header that they write.
    pub header: ProxyHeader,
}

impl Proxies {
    /// Puts the caller's address where everybody behind looks for it.
    pub fn place(&self, request: &mut Request) {
        let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() else { return };
        let caller = self.caller(peer.ip(), request.headers());
        if caller != peer.ip() {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(caller, 0)));
        }
    }

    fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let is_ours = |address: IpAddr| {
            let address = address.to_canonical();
            self.networks.iter().any(|network| network.contains(&address))
        };
        let mut caller = peer.to_canonical();
        for said in self.said(headers).into_iter().rev() {
            // What is no address was written by nobody who can be believed.
            match said {
                Some(address) if is_ours(caller) => caller = address.to_canonical(),
                _ => break,
            }
        }
        caller
    }

    /// The addresses of the header, the nearest last.
    fn said(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self.header {
            ProxyHeader::XForwardedFor => "x-forwarded-for",
            ProxyHeader::Forwarded => "forwarded",
        };
        let values = headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or_default());
        let hops = values.flat_map(|value| value.split(','));
        match self.header {
            ProxyHeader::XForwardedFor => hops.map(address).collect(),
            // RFC 7239, 4: `for=192.0.2.60;proto=https`, `for="[2001:db8::1]:4711"`.
            ProxyHeader::Forwarded => hops.map(|hop| hop.split(';').find_map(node).and_then(address)).collect(),
        }
    }
}

fn node(pair: &str) -> Option<&str> {
    let (name, value) = pair.split_once('=')?;
    name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
}

/// An address with or without its port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(inside, _)| inside);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_proxies_are_believed() {
        let check = |header, peer: &str, lines: &[&str], expected: &str| {
            let networks = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8:1::/48".parse().unwrap()];
            let name = if header == ProxyHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(name, line.parse().unwrap());
            }
            let found = Proxies { networks, header }.caller(peer.parse().unwrap(), &headers);
            assert_eq!(found.to_string(), expected, "{peer} {lines:?}");
        };
        let listed = ProxyHeader::XForwardedFor;
        check(listed, "203.0.113.9", &["198.51.100.1"], "203.0.113.9");
        check(listed, "10.1.1.1", &[], "10.1.1.1");
        check(listed, "10.1.1.1", &["198.51.100.1"], "198.51.100.1");
        check(listed, "::ffff:10.1.1.1", &["198.51.100.1:4711"], "198.51.100.1");
        // What the caller wrote itself stands to the left, and is not believed.
        check(listed, "10.1.1.1", &["192.0.2.7, 198.51.100.1"], "198.51.100.1");
        check(listed, "10.1.1.1", &["192.0.2.7, 198.51.100.1, 10.2.2.2"], "198.51.100.1");
        check(listed, "10.1.1.1", &["192.0.2.7", "198.51.100.1"], "198.51.100.1");
        check(listed, "10.1.1.1", &["192.0.2.7, nobody"], "10.1.1.1");
        check(listed, "2001:db8:1::5", &["[2001:db8:2::7]:443"], "2001:db8:2::7");
        check(ProxyHeader::Forwarded, "10.1.1.1", &["for=192.0.2.7, for=198.51.100.1;proto=https"], "198.51.100.1");
        check(ProxyHeader::Forwarded, "10.1.1.1", &["proto=https;For=\"[2001:db8:2::7]:4711\""], "2001:db8:2::7");
        check(ProxyHeader::Forwarded, "10.1.1.1", &["for=unknown"], "10.1.1.1");
    }
}
