//! `[http]`: the Unix socket and the TCP listener of the local API.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::problem::{Form, Problem};
use super::reader::{Found, Section};
use super::value::is_host;

/// `[http]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Unix socket.
    pub socket: PathBuf,
    /// TCP listener; `None` when `listen = ""`.
    pub listen: Option<SocketAddr>,
    /// Bearer token of the TCP listener, made 0600 at first start.
    pub token_file: PathBuf,
    /// Host names accepted in `Host` besides `127.0.0.1`, `[::1]` and `localhost`.
    pub hosts: Vec<String>,
    /// Login or numeric ids allowed to change things over the socket, besides root and the daemon's own user.
    pub admins: Vec<String>,
    /// Anybody who reaches the TCP listener may read, without a token. Default `false`.
    pub open_read: bool,
}

/// The default of `http.listen`.
pub(super) const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8440);

pub(super) fn read(section: Section<'_>, state_dir: &Path) -> HttpConfig {
    let config = HttpConfig {
        socket: section.get("socket", Found::path).unwrap_or_else(|| "/run/vigie/api.sock".into()),
        listen: section.get("listen", listen).unwrap_or(Some(LISTEN)),
        // Made by the daemon when missing, so a missing one is no warning.
        token_file: section.get("token_file", Found::path).unwrap_or_else(|| state_dir.join("api.token")),
        hosts: section.get("hosts", |found| found.list(|item| item.matching(Form::Host, is_host))).unwrap_or_default(),
        admins: section
            .get("admins", |found| found.list(|item| item.matching(Form::Login, is_login)))
            .unwrap_or_default(),
        open_read: section.get("open_read", Found::flag).unwrap_or(false),
    };
    section.finish();
    config
}

fn listen(found: &Found<'_>) -> Option<Option<SocketAddr>> {
    let text = found.any_text()?;
    if text.is_empty() {
        return Some(None);
    }
    let address: SocketAddr = found.parsed(Form::Listen)?;
    if !address.ip().is_loopback() {
        found.warning(Problem::OpenListener);
    }
    Some(Some(address))
}

/// As useradd(8) allows, directory accounts (`DOMAIN\user`, `user@domain`) included.
fn is_login(text: &str) -> bool {
    text.len() <= 256 && !text.starts_with('-') && !text.contains(|c: char| c.is_whitespace() || matches!(c, ':' | '/'))
}
