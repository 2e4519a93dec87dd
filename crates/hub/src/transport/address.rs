//! Which addresses may be connected to: the guard against being sent to machines behind our own door (SSRF).
//!
//! A name is looked up here, and what is connected to is exactly what passed: nothing is looked up a second time. Mail servers
//! and SFTP accounts need no guard of this kind, the first because they say nothing back to anybody, the second because
//! nobody without the pinned key is spoken with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

/// Networks that are not the public internet: the special-purpose registries of IANA (RFC 6890 and those that amend it), and
/// multicast.
const NOT_PUBLIC: [&str; 23] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// Which addresses may be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Only these; where there are none, only the public internet.
    networks: Vec<IpNet>,
    /// Whether the public internet is allowed beside the networks.
    public_too: bool,
    /// Whether the conversation is in the clear and holds a password: then only this very machine.
    in_the_clear: bool,
}

impl Allowed {
    /// Only these networks; none means only the public internet.
    pub fn new(networks: Vec<IpNet>) -> Allowed {
        Allowed { networks, public_too: false, in_the_clear: false }
    }

    /// The public internet, and beside it these networks.
    pub fn public_and(networks: Vec<IpNet>) -> Allowed {
        Allowed { networks, public_too: true, in_the_clear: false }
    }

    /// The same, and beside that only this very machine: for a password without TLS.
    pub fn only_this_machine(self) -> Allowed {
        Allowed { in_the_clear: true, ..self }
    }

    /// Why an address may not be connected to, for the operator.
    pub fn refusal(&self, address: IpAddr) -> Option<String> {
        let address = plain(address);
        if self.in_the_clear && !address.is_loopback() {
            return Some(format!("{address} is another machine, and a password is not sent there without TLS: use https"));
        }
        let is_named = self.networks.iter().any(|network| network.contains(&address));
        let public_counts = self.public_too || self.networks.is_empty();
        match (is_named, public_counts) {
            (true, _) => None,
            (false, true) if is_public(address) => None,
            (false, true) => {
                Some(format!("{address} is not a public address: where it is meant, name its network in `networks`"))
            }
            (false, false) => Some(format!("{address} is in none of the `networks` that may be reached")),
        }
    }

    /// Looks a name up. Answers the addresses that may be connected to, or why there is none.
    pub async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        let found = tokio::net::lookup_host((host, port)).await.map_err(|cause| format!("{host} has no address: {cause}"))?;
        self.those_of(host, found)
    }

    /// Those of the addresses found for a name that may be connected to, or why there is none.
    pub fn those_of(&self, host: &str, found: impl IntoIterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, String> {
        let (mut allowed, mut refused) = (Vec::new(), None);
        for address in found {
            match self.refusal(address.ip()) {
                None => allowed.push(address),
                Some(why) => refused = Some(why),
            }
        }
        match (allowed.is_empty(), refused) {
            (false, _) => Ok(allowed),
            (true, Some(why)) => Err(format!("{host}: {why}")),
            (true, None) => Err(format!("{host} has no address")),
        }
    }
}

/// An address without its disguises: an IPv6 address that only carries an IPv4 address is that one.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => carried(six).map_or(address, IpAddr::V4),
    }
}

fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [one, two, three, .., last_but_one, last] = address.segments();
    let of = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Ipv4Addr::new(a, b, c, d)
    };
    match (one, two) {
        // Translation by a gateway (RFC 6052 §2.1), and tunnels (RFC 3056 §2).
        (0x64, 0xff9b) if address.segments()[2..6] == [0, 0, 0, 0] => Some(of(last_but_one, last)),
        (0x2002, high) => Some(of(high, three)),
        _ => address.to_ipv4_mapped(),
    }
}

fn is_public(address: IpAddr) -> bool {
    let is_special = |network: &&str| network.parse::<IpNet>().is_ok_and(|network| network.contains(&address));
    !NOT_PUBLIC.iter().any(is_special)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_of_the_table_is_one() {
        for network in NOT_PUBLIC {
            assert!(network.parse::<IpNet>().is_ok(), "{network}");
        }
    }

    #[test]
    fn only_the_public_internet_is_reached_unless_networks_are_named() {
        let cases = [
            ("193.212.1.1", true),
            ("2a01:799::1", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.100.100.200", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("239.1.1.1", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("ff02::1", false),
            // The same machines in disguise.
            ("::ffff:127.0.0.1", false),
            ("::ffff:193.212.1.1", true),
            ("64:ff9b::169.254.169.254", false),
            ("2002:7f00:1::", false),
        ];
        for (address, public) in cases {
            let refusal = Allowed::new(Vec::new()).refusal(address.parse().unwrap());
            assert_eq!(refusal.is_none(), public, "{address}: {refusal:?}");
        }
    }

    #[test]
    fn named_networks_are_the_only_ones() {
        let allowed = Allowed::new(vec!["10.1.0.0/16".parse().unwrap(), "fd00:1::/32".parse().unwrap()]);
        for (address, expected) in
            [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("10.2.0.1", false), ("fd00:1::5", true), ("193.212.1.1", false)]
        {
            assert_eq!(allowed.refusal(address.parse().unwrap()).is_none(), expected, "{address}");
        }
    }

    #[test]
    fn networks_may_be_named_beside_the_public_internet() {
        let allowed = Allowed::public_and(vec!["10.1.0.0/16".parse().unwrap()]);
        for (address, expected) in [("10.1.2.3", true), ("193.212.1.1", true), ("10.2.0.1", false), ("127.0.0.1", false)] {
            assert_eq!(allowed.refusal(address.parse().unwrap()).is_none(), expected, "{address}");
        }
        assert!(Allowed::public_and(vec![]).refusal("127.0.0.1".parse().unwrap()).is_some());
    }

    #[test]
    fn a_password_in_the_clear_stays_on_this_machine() {
        let allowed = Allowed::new(vec!["0.0.0.0/0".parse().unwrap()]).only_this_machine();
        assert_eq!(allowed.refusal("127.0.0.1".parse().unwrap()), None);
        assert!(allowed.refusal("10.1.2.3".parse().unwrap()).is_some_and(|why| why.contains("TLS")));
    }
}
