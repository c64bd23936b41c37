//! Where the database is: the two forms of `store.url`.

use std::fs;
use std::path::PathBuf;

use super::error::StoreError;
use crate::config::StoreConfig;

/// The two engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// Its word for bytes.
    pub(super) const fn blob(self) -> &'static str {
        match self {
            Self::Sqlite => "BLOB",
            Self::Postgres => "BYTEA",
        }
    }
}

/// A checked `store.url`.
pub(super) enum Address {
    /// An absolute or relative path of a file.
    Sqlite(PathBuf),
    /// A server, with the password in the URL.
    Postgres {
        /// What to connect with. Never shown.
        url: String,
        /// What to show: no password.
        place: String,
    },
}

impl Address {
    /// Reads the configuration, and the password file where there is one.
    pub(super) fn of(config: &StoreConfig) -> Result<Self, StoreError> {
        let url = config.url.as_str();
        let bad = |why: &str| StoreError::Url { url: without_password(url), why: why.to_owned() };
        if let Some(rest) = url.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.contains('?') {
                return Err(bad("a SQLite URL takes no options; a '?' in a path is written %3F"));
            }
            let path = percent_decoded(path).ok_or_else(|| bad("a '%' is followed by two hex digits"))?;
            if path.is_empty() || path == ":memory:" {
                return Err(bad("it names no file"));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(bad("write sqlite:///path/of/the/file or postgres://user@host/database"));
        }
        if without_password(url) != url {
            return Err(bad("a password does not belong in the configuration; use store.password_file"));
        }
        let place = url.split('?').next().unwrap_or(url).to_owned();
        let Some(file) = &config.password_file else {
            return Ok(Self::Postgres { url: url.to_owned(), place });
        };
        let password = fs::read_to_string(file).map_err(|source| StoreError::Io { path: file.clone(), source })?;
        let password = percent_encoded(password.trim_end_matches(['\r', '\n']), "");
        let joint = if url.contains('?') { '&' } else { '?' };
        Ok(Self::Postgres { url: format!("{url}{joint}password={password}"), place })
    }
}

/// The URL the driver wants for a file. `mode` is `ro` or `rw`: the driver is never let to create one.
pub(super) fn sqlite_url(path: &str, mode: &str) -> String {
    // Two slashes, then the path: a relative path would be read as a host otherwise.
    let start = if path.starts_with('/') { "" } else { "./" };
    format!("sqlite:{}{start}{}?mode={mode}", if start.is_empty() { "//" } else { "" }, percent_encoded(path, "/"))
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{user}@{host}"),
            None => format!("{user}@{host}"),
        },
        None => authority.to_owned(),
    };
    let path = match path.find("password=") {
        Some(at) => path.get(..at).unwrap_or_default().trim_end_matches(['?', '&']),
        None => path,
    };
    format!("{scheme}://{authority}{path}")
}

fn percent_encoded(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || kept.contains(c) {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|ascii| char::from(ascii).to_digit(16));
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high << 4 | low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Address, StoreError> {
        Address::of(&StoreConfig { url: url.to_owned(), password_file: None })
    }

    #[test]
    fn a_file_is_named_by_its_path() {
        let Ok(Address::Sqlite(path)) = address("sqlite:///var/lib/a%20b/vigie%3F.db") else { panic!("a file") };
        assert_eq!(path, PathBuf::from("/var/lib/a b/vigie?.db"));
        assert_eq!(sqlite_url("/var/lib/a b/vigie?.db", "rw"), "sqlite:///var/lib/a%20b/vigie%3F.db?mode=rw");
        for url in ["sqlite://", "sqlite::memory:", "sqlite:///a?mode=rwc", "sqlite:///a%2", "mysql://x/y", "vigie.db"]
        {
            assert_eq!(address(url).err().map(|error| error.reason()), Some("store_url"), "{url}");
        }
    }

    #[test]
    fn a_password_comes_from_its_file_and_is_never_shown() {
        for url in ["postgres://u:s3cret@h/d", "postgres://u@h/d?sslmode=require&password=s3cret"] {
            let Err(error) = address(url) else { panic!("a password in the URL") };
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        fs::write(&file, "p@ss w/rd\n").expect("written");
        let config = StoreConfig { url: "postgres://u@h/d?sslmode=require".to_owned(), password_file: Some(file) };
        let Ok(Address::Postgres { url, place }) = Address::of(&config) else { panic!("a server") };
        assert_eq!(url, "postgres://u@h/d?sslmode=require&password=p%40ss%20w%2Frd");
        assert_eq!(place, "postgres://u@h/d");
    }
}
