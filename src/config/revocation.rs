//! `[revocation]`: where revocation lists may be fetched from, and how.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::problem::{Form, Problem};
use super::reader::{Found, Section};
use super::value::is_host;

/// `[revocation]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationConfig {
    /// The only hosts lists are fetched from, whatever a certificate says.
    pub hosts: Vec<String>,
    /// Private networks a host may be in. Public addresses need not be listed.
    pub networks: Vec<Network>,
    /// Lists fetched besides those certificates name. Their hosts need not be in `hosts`.
    pub urls: Vec<String>,
    /// Files and folders of lists, for networks without a way out.
    pub files: Vec<PathBuf>,
    /// HTTP proxy, `None` for none.
    pub proxy: Option<String>,
    /// Bytes of one list.
    pub max_bytes: u64,
    /// Time for an answer to begin, and for a list of a megabyte or so to come. Larger ones get more, as long as they come.
    pub timeout: Duration,
    /// The lists of a fleet are fetched over so long a time after the hour of the schedule.
    pub spread: Duration,
    /// Where lists are served again, for machines without a way out; `None` for nowhere.
    pub mirror: Option<SocketAddr>,
}

impl Default for RevocationConfig {
    fn default() -> Self {
        let hosts = ["igc-sante.esante.gouv.fr", "annuaire-igc.esante.gouv.fr"].map(str::to_owned).to_vec();
        Self {
            hosts,
            networks: Vec::new(),
            urls: Vec::new(),
            files: Vec::new(),
            proxy: None,
            max_bytes: 512 << 20,
            timeout: Duration::from_secs(30),
            spread: Duration::from_secs(2 * 3600),
            mirror: None,
        }
    }
}

/// Addresses that begin alike: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The address is one of them. IPv4 and IPv6 are worlds apart.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                u32::from(base).checked_shr(shift) == u32::from(address).checked_shr(shift)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                u128::from(base).checked_shr(shift) == u128::from(address).checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(most), |prefix| prefix.parse().map_err(|_| ()))?;
        if prefix <= most { Ok(Self { address, prefix }) } else { Err(()) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

pub(super) fn read(section: Section<'_>) -> RevocationConfig {
    let default = RevocationConfig::default();
    let urls = section.get("urls", |found| found.list(list_url)).unwrap_or_default();
    let directories = urls.iter().any(|url| url.starts_with("ldap"));
    let config = RevocationConfig {
        hosts: section
            .get("hosts", |found| found.list(|item| item.matching(Form::Host, is_host)))
            .unwrap_or(default.hosts),
        networks: section.get("networks", |found| found.list(|item| item.parsed(Form::Network))).unwrap_or_default(),
        urls,
        files: section.get("files", |found| found.list(Found::path)).unwrap_or_default(),
        proxy: section.get("proxy", |found| proxy(found, directories)).unwrap_or_default(),
        max_bytes: section.get("max_bytes", |found| found.size(64 << 10, 4 << 30)).unwrap_or(default.max_bytes),
        timeout: section
            .get("timeout", |found| found.duration(Duration::from_secs(1), Duration::from_secs(3600)))
            .unwrap_or(default.timeout),
        spread: section
            .get("spread", |found| found.duration(Duration::ZERO, Duration::from_secs(12 * 3600)))
            .unwrap_or(default.spread),
        mirror: {
            let mirror = section.section("mirror");
            let listen = mirror.get("listen", listen).unwrap_or_default();
            mirror.finish();
            listen
        },
    };
    section.finish();
    config
}

fn listen(found: &Found<'_>) -> Option<Option<SocketAddr>> {
    if found.any_text()?.is_empty() {
        return Some(None);
    }
    found.parsed(Form::Listen).map(Some)
}

fn proxy(found: &Found<'_>, directories: bool) -> Option<Option<String>> {
    let text = found.any_text()?;
    if text.is_empty() {
        return Some(None);
    }
    if directories {
        found.warning(Problem::DirectoryBesideProxy);
    }
    // It is not shown: a password may stand in it.
    if is_proxy(text) { Some(Some(text.to_owned())) } else { found.malformed(Form::ProxyUrl, "") }
}

/// As with a proxy, what is wrong is not shown.
fn list_url(found: &Found<'_>) -> Option<String> {
    let text = found.text()?;
    if is_list_url(text) { Some(text.to_owned()) } else { found.malformed(Form::CrlUrl, "") }
}

fn is_proxy(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| is_authority(rest.strip_suffix('/').unwrap_or(rest)))
}

fn is_list_url(text: &str) -> bool {
    let rest = ["http://", "https://", "ldap://", "ldaps://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let Some((authority, path)) = rest.and_then(|rest| rest.split_once('/')) else { return false };
    !path.is_empty() && is_authority(authority)
}

/// A host with or without a port, and nobody's name before it.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    is_host(host) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().expect("a network")
    }

    #[test]
    fn networks() {
        let holds = |text: &str, address: &str| network(text).contains(address.parse().expect("an address"));
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("192.0.2.7", "192.0.2.7") && !holds("192.0.2.7", "192.0.2.8"));
        assert!(holds("fd00::/8", "fdab::1") && !holds("fd00::/8", "fe80::1") && holds("::/0", "2001:db8::1"));
        for wrong in ["10.0.0.0/33", "::/129", "10.0.0", "10.0.0.0/", "localhost", "10.0.0.0/-1"] {
            assert_eq!(wrong.parse::<Network>(), Err(()), "{wrong}");
        }
        assert_eq!(network("10.1.2.3").to_string(), "10.1.2.3/32");
    }

    #[test]
    fn addresses_of_lists_and_proxies() {
        for good in ["http://a.example/x.crl", "ldap://a.example:389/cn=x", "https://[2001:db8::1]:8443/x"] {
            assert!(is_list_url(good), "{good}");
        }
        for wrong in
            ["ftp://a.example/x", "http://a.example", "http://u:p@a.example/x", "http://a.example:0/x", "file:///x"]
        {
            assert!(!is_list_url(wrong), "{wrong}");
        }
        assert!(is_proxy("http://proxy.example:3128") && is_proxy("http://proxy.example:3128/"));
        assert!(!is_proxy("proxy.example:3128") && !is_proxy("http://u:p@proxy.example"));
    }
}
