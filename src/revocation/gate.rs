//! The one place that says where a connection may go. A certificate may name any address; whoever made it must not choose whom this machine
//! talks to.
//!
//! Two questions, both asked of every connection: may this address be asked at all (scheme, host), and may this network address be connected to,
//! once the host was resolved. The second answer is for the very address that is then connected to: a name is looked up once.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::config::{Network, RevocationConfig};

/// Octets of an address. The longest of IGC-Santé, a directory entry, has 260.
const MAX_LENGTH: usize = 2048;

/// How a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// A directory.
    Ldap,
    /// A directory over TLS.
    Ldaps,
}

/// An address that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// How.
    pub scheme: Scheme,
    /// Whom: a name in lower case, or an address without brackets.
    pub host: String,
    /// Where.
    pub port: u16,
    url: Url,
}

/// Why an address may not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No address, or none with a host.
    #[error("the address cannot be read")]
    Unreadable,
    /// Something else than HTTP or LDAP.
    #[error("the address is neither of HTTP nor of LDAP")]
    Scheme,
    /// A host that is not listed.
    #[error("{host} is not in revocation.hosts")]
    Host {
        /// The host.
        host: String,
    },
    /// A host that leads into a network that is not listed.
    #[error("{host} is at {address}, which is private and not in revocation.networks")]
    Network {
        /// The host.
        host: String,
        /// Where it leads.
        address: IpAddr,
    },
}

impl Denied {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable => "address_unreadable",
            Self::Scheme => "scheme_not_allowed",
            Self::Host { .. } => "host_not_allowed",
            Self::Network { .. } => "network_not_allowed",
        }
    }
}

/// What the configuration allows.
#[derive(Debug, Clone)]
pub struct Gate {
    hosts: HashSet<String>,
    networks: Vec<Network>,
}

impl Gate {
    /// The gate of a configuration: the hosts it lists, and those of the addresses it names itself.
    pub fn new(config: &RevocationConfig) -> Self {
        let mut hosts: HashSet<String> = config.hosts.iter().map(|host| normal(host)).collect();
        hosts.extend(config.urls.iter().filter_map(|url| Address::read(url).ok()).map(|address| address.host));
        Self { hosts, networks: config.networks.clone() }
    }

    /// The address, if it may be asked. Whatever user or password stands in it is gone from the answer.
    ///
    /// # Errors
    /// Why it may not.
    pub fn address(&self, text: &str) -> Result<Address, Denied> {
        let address = Address::read(text)?;
        if self.hosts.contains(&address.host) { Ok(address) } else { Err(Denied::Host { host: address.host }) }
    }

    /// Whether a host may be reached at this network address.
    ///
    /// # Errors
    /// It may not.
    pub fn reaches(&self, host: &str, address: IpAddr) -> Result<(), Denied> {
        let listed = |address: IpAddr| self.networks.iter().any(|network| network.contains(address));
        if is_public(address) || listed(address) || listed(address.to_canonical()) {
            Ok(())
        } else {
            Err(Denied::Network { host: host.to_owned(), address })
        }
    }
}

impl Address {
    fn read(text: &str) -> Result<Self, Denied> {
        if text.len() > MAX_LENGTH || text.chars().any(char::is_control) {
            return Err(Denied::Unreadable);
        }
        let mut url = Url::parse(text.trim()).map_err(|_| Denied::Unreadable)?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            "ldap" => Scheme::Ldap,
            "ldaps" => Scheme::Ldaps,
            _ => return Err(Denied::Scheme),
        };
        if url.set_username("").is_err() || url.set_password(None).is_err() {
            return Err(Denied::Unreadable);
        }
        url.set_fragment(None);
        let port = url.port().unwrap_or(match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
            Scheme::Ldap => 389,
            Scheme::Ldaps => 636,
        });
        let host = url.host_str().map(normal).filter(|host| !host.is_empty() && port != 0).ok_or(Denied::Unreadable)?;
        // What is asked for is what was checked: `crl.example.` is looked up by nobody but us.
        if url.host_str().is_some_and(|shown| shown.ends_with('.')) {
            url.set_host(Some(&host)).map_err(|_| Denied::Unreadable)?;
        }
        Ok(Self { scheme, host, port, url })
    }

    /// Where a server sends us instead, if it is the same host, port and scheme: what a redirect of a list may be.
    pub fn redirected(&self, location: &str) -> Option<Self> {
        let joined = self.url.join(location).ok()?;
        let next = Self::read(joined.as_str()).ok()?;
        ((next.scheme, &next.host, next.port) == (self.scheme, &self.host, self.port)).then_some(next)
    }

    /// The address as it is shown and asked for, without user, password and fragment.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }
}

/// The address to show of what a certificate says: no user, no password, no control characters, not too long. It may still be one that must
/// not be asked.
pub fn shown(text: &str) -> String {
    match Address::read(text) {
        Ok(address) => address.as_str().to_owned(),
        Err(_) => {
            let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            let whole = if scheme.is_empty() { format!("{host}{path}") } else { format!("{scheme}://{host}{path}") };
            whole.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(200).collect()
        }
    }
}

fn normal(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

/// An address of the Internet, that nobody's inner network uses. IPv6 forms that hold an IPv4 address are none: what they lead to is decided
/// elsewhere.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// IANA IPv4 Special-Purpose Address Registry.
const fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// Global unicast (2000::/3) without what holds or tunnels IPv4 and without documentation (IANA IPv6 Special-Purpose Address Registry).
const fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    a & 0xe000 == 0x2000 && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && a != 0x2002 && a & 0xfff0 != 0x3ff0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(hosts: &[&str], networks: &[&str]) -> Gate {
        Gate::new(&RevocationConfig {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            networks: networks.iter().map(|network| network.parse().expect("a network")).collect(),
            urls: vec!["http://named.example:8080/x.crl".to_owned()],
            ..RevocationConfig::default()
        })
    }

    #[test]
    fn only_listed_hosts_by_known_schemes() {
        let gate = gate(&["crl.example"], &[]);
        for good in [
            "http://crl.example/a.crl",
            "HTTPS://CRL.Example./a",
            "ldap://crl.example/cn=a?certificateRevocationList",
            "http://named.example/",
        ] {
            assert!(gate.address(good).is_ok(), "{good}");
        }
        for (wrong, reason) in [
            ("http://other.example/a", "host_not_allowed"),
            ("http://crl.example.evil.example/a", "host_not_allowed"),
            ("http://crl.example@evil.example/a", "host_not_allowed"),
            ("http://evil.example\\@crl.example/a", "host_not_allowed"),
            ("http://2130706433/", "host_not_allowed"),
            ("http://0x7f.1/", "host_not_allowed"),
            ("http://[::ffff:127.0.0.1]/", "host_not_allowed"),
            ("file:///etc/passwd", "scheme_not_allowed"),
            ("ftp://crl.example/a", "scheme_not_allowed"),
            ("gopher://crl.example/a", "scheme_not_allowed"),
            ("ldapi://%2frun%2fslapd", "scheme_not_allowed"),
            ("ldap:///cn=a", "address_unreadable"),
            ("http://", "address_unreadable"),
            ("crl.example/a", "address_unreadable"),
            ("http://crl.example/a\r\nHost: evil", "address_unreadable"),
        ] {
            assert_eq!(gate.address(wrong).map_err(|denied| denied.reason()), Err(reason), "{wrong}");
        }
    }

    #[test]
    fn nobody_s_password_is_kept() {
        let gate = gate(&["crl.example"], &[]);
        let address = gate.address("http://user:secret@crl.example/a.crl#part").expect("allowed");
        assert_eq!(address.as_str(), "http://crl.example/a.crl");
        let dotted = ["http://CRL.example./a.crl", "https://crl.example...:443/a", "ldap://crl.example./cn=a"];
        for address in dotted.map(|dotted| gate.address(dotted).expect("allowed")) {
            assert_eq!(
                address.url().host_str(),
                Some("crl.example"),
                "the name that is looked up is the one that is connected to"
            );
        }
        assert_eq!(shown("http://user:secret@other.example/a"), "http://other.example/a");
        assert_eq!(shown("weird://user:secret@host/x\n"), "weird://host/x\u{fffd}");
        assert!(!shown("http://user:secret@:99999/").contains("secret"));
    }

    #[test]
    fn inner_networks_are_reached_when_they_are_listed() {
        let (closed, open) = (gate(&[], &[]), gate(&[], &["10.0.0.0/8", "::1"]));
        for inner in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fdab::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:1::",
            "2001:db8::1",
            "fec0::1",
        ] {
            assert_eq!(
                closed.reaches("h", inner.parse().expect("an address")).map_err(|d| d.reason()),
                Err("network_not_allowed"),
                "{inner}"
            );
        }
        for public in ["8.8.8.8", "172.32.0.1", "91.208.6.1", "2a01:cb00::1", "2606:4700::1111"] {
            assert_eq!(closed.reaches("h", public.parse().expect("an address")), Ok(()), "{public}");
        }
        for listed in ["10.1.2.3", "::ffff:10.1.2.3", "::1"] {
            assert_eq!(open.reaches("h", listed.parse().expect("an address")), Ok(()), "{listed}");
        }
        assert!(open.reaches("h", "127.0.0.1".parse().expect("an address")).is_err());
    }

    #[test]
    fn a_redirect_stays_where_it_is() {
        let gate = gate(&["crl.example"], &[]);
        let here = gate.address("http://crl.example/a/b.crl").expect("allowed");
        let next = |location: &str| here.redirected(location).map(|next| next.as_str().to_owned());
        assert_eq!(next("c.crl").as_deref(), Some("http://crl.example/a/c.crl"));
        assert_eq!(next("/c.crl").as_deref(), Some("http://crl.example/c.crl"));
        for away in [
            "file:///etc/passwd",
            "http://crl.example:8080/a",
            "https://crl.example/a",
            "//evil.example/a",
            "http://127.0.0.1/",
        ] {
            assert_eq!(next(away), None, "{away}");
        }
    }
}
