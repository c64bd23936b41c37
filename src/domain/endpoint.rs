//! Where a certificate is served: `tls://host:port` and the STARTTLS forms.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// How a TLS session is reached at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointScheme {
    /// TLS from the first byte.
    Tls,
    /// SMTP, RFC 3207.
    SmtpStarttls,
    /// IMAP, RFC 9051 section 6.2.1.
    ImapStarttls,
    /// LDAP extended operation 1.3.6.1.4.1.1466.20037, RFC 4511 section 4.14.
    LdapStarttls,
    /// PostgreSQL `SSLRequest`.
    PostgresStarttls,
}

impl EndpointScheme {
    const ALL: [Self; 5] =
        [Self::Tls, Self::SmtpStarttls, Self::ImapStarttls, Self::LdapStarttls, Self::PostgresStarttls];

    /// The spelling before `://`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::SmtpStarttls => "smtp+starttls",
            Self::ImapStarttls => "imap+starttls",
            Self::LdapStarttls => "ldap+starttls",
            Self::PostgresStarttls => "postgres+starttls",
        }
    }

    /// The port used when the URL names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Tls => 443,
            Self::SmtpStarttls => 587,
            Self::ImapStarttls => 143,
            Self::LdapStarttls => 389,
            Self::PostgresStarttls => 5432,
        }
    }
}

/// A place that serves a certificate. Prints as the URL it was read from, port always given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// How to reach TLS.
    pub scheme: EndpointScheme,
    /// Host name (sent as SNI) or IP address literal, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = (self.scheme.as_str(), &self.host, self.port);
        if host.contains(':') { write!(f, "{scheme}://[{host}]:{port}") } else { write!(f, "{scheme}://{host}:{port}") }
    }
}

/// Why a text is not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// The part before `://` is missing or unknown.
    #[error(
        "unknown scheme in {0:?}: use tls://, smtp+starttls://, imap+starttls://, ldap+starttls:// or postgres+starttls://"
    )]
    Scheme(String),
    /// No host, or characters a host name cannot have.
    #[error("no usable host name in {0:?}")]
    Host(String),
    /// The port is not 1 to 65535.
    #[error("no usable port in {0:?}: give 1 to 65535")]
    Port(String),
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or_else(|| InvalidEndpoint::Scheme(text.to_owned()))?;
        let scheme = EndpointScheme::ALL
            .into_iter()
            .find(|known| known.as_str() == scheme)
            .ok_or_else(|| InvalidEndpoint::Scheme(text.to_owned()))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => {
                (host, Some(port.strip_prefix(':').ok_or_else(|| InvalidEndpoint::Port(text.to_owned()))?))
            }
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let v6 = rest.starts_with('[');
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') || (v6 && matches!(c, ':' | '%'));
        if host.is_empty() || host.len() > 253 || !host.chars().all(allowed) {
            return Err(InvalidEndpoint::Host(text.to_owned()));
        }
        let port = match port {
            None => scheme.default_port(),
            Some(digits) => digits
                .parse::<u16>()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| InvalidEndpoint::Port(text.to_owned()))?,
        };
        Ok(Self { scheme, host: host.to_ascii_lowercase(), port })
    }
}

impl Serialize for Endpoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_with_its_port() {
        for (given, printed) in [
            ("tls://DMP.ch-exemple.fr", "tls://dmp.ch-exemple.fr:443"),
            ("ldap+starttls://10.0.0.1:1389/", "ldap+starttls://10.0.0.1:1389"),
            ("tls://[::1]:8443", "tls://[::1]:8443"),
        ] {
            let endpoint: Endpoint = given.parse().expect(given);
            assert_eq!(endpoint.to_string(), printed);
            assert_eq!(printed.parse::<Endpoint>().as_ref(), Ok(&endpoint));
        }
    }

    #[test]
    fn refuses_what_is_no_endpoint() {
        for text in [
            "https://x",
            "x:443",
            "tls://",
            "tls://a b",
            "tls://h:0",
            "tls://h:99999",
            "tls://[::1]443",
            "tls://h/../x",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
