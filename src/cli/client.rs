//! The daemon as a command sees it: HTTP over its Unix socket.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::Session;
use super::exit::{Exit, Stop};
use crate::config;

/// Where the service listens when no configuration can be read: every local user may ask, not every one may read its settings.
const DEFAULT_SOCKET: &str = "/run/vigie/api.sock";

/// Asks the daemon for `path` (with its query).
pub(super) fn get(session: &Session<'_>, path: &str) -> anyhow::Result<Value> {
    ask(session, reqwest::Method::GET, path, "")
}

/// Asks the daemon to do something.
pub(super) fn post(session: &Session<'_>, path: &str) -> anyhow::Result<Value> {
    ask(session, reqwest::Method::POST, path, "{}")
}

/// The same, with what it needs to know.
pub(super) fn post_json(session: &Session<'_>, path: &str, body: &Value) -> anyhow::Result<Value> {
    ask(session, reqwest::Method::POST, path, &body.to_string())
}

/// Every item of a paged list.
pub(super) fn every(session: &Session<'_>, path: &str) -> anyhow::Result<Vec<Value>> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let glue = if path.contains('?') { '&' } else { '?' };
        let more = cursor.map(|cursor| format!("&cursor={}", encode(&cursor))).unwrap_or_default();
        let mut page = get(session, &format!("{path}{glue}limit=1000{more}"))?;
        if let Some(Value::Array(list)) = page.get_mut("items").map(Value::take) {
            items.extend(list);
        }
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(items),
        }
    }
}

/// Percent-encodes one query value or path segment (RFC 3986 section 2.3).
pub(super) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn ask(session: &Session<'_>, method: reqwest::Method, path: &str, body: &str) -> anyhow::Result<Value> {
    let socket = socket(session);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (status, body) = runtime
        .block_on(async {
            let client = reqwest::Client::builder().unix_socket(socket.clone()).no_proxy().build()?;
            let mut request = client.request(method.clone(), format!("http://localhost{path}"));
            if method == reqwest::Method::POST {
                request = request.header("content-type", "application/json").body(body.to_owned());
            }
            let response = request.send().await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        })
        .map_err(|error| {
            let cause = io_cause(&error);
            let forbidden = cause.is_some_and(|cause| cause.kind() == io::ErrorKind::PermissionDenied);
            let hint = session.texts.word(if forbidden { "cli-daemon-forbidden" } else { "cli-daemon-unreachable" });
            let why = cause.map_or_else(|| error.to_string(), ToString::to_string);
            Stop::new(Exit::Unreachable, format!("{hint} {} ({why})", socket.display()))
        })?;
    let value: Value = serde_json::from_slice(&body).context("the answer of the service is not JSON")?;
    if status.is_success() {
        return Ok(value);
    }
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut message = format!("{} ({})", text("detail"), text("reason"));
    for mistake in value.get("mistakes").and_then(Value::as_array).into_iter().flatten() {
        message.push_str(&format!("\n{}", mistake.as_str().unwrap_or_default()));
    }
    let exit = match status.as_u16() {
        404 | 403 => Exit::No,
        400 | 422 => Exit::BadInput,
        503 if text("reason") != "stopping" => Exit::Io,
        _ => Exit::Unreachable,
    };
    Err(Stop::new(exit, message).into())
}

/// The innermost I/O error: what the kernel said, under the wrappings of the HTTP client.
fn io_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    anyhow::Chain::new(error).filter_map(|error| error.downcast_ref()).last()
}

/// The socket of the configuration. While that has mistakes the daemon still runs on what it was started with, and it is then that
/// one wants to ask it: the socket alone is read out of the main file.
fn socket(session: &Session<'_>) -> PathBuf {
    if let Some(socket) = &session.common.socket {
        return socket.clone();
    }
    let file = &session.common.config;
    match config::load(file) {
        Ok(loaded) => loaded.config.http.socket,
        Err(_) => socket_alone(file).unwrap_or_else(|| PathBuf::from(DEFAULT_SOCKET)),
    }
}

fn socket_alone(file: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(file).ok()?;
    let (table, _) = toml::de::DeTable::parse_recoverable(&text);
    let socket = table.get_ref().get("http")?.get_ref().get("socket")?.get_ref().as_str()?;
    Some(std::path::absolute(file).ok()?.parent()?.join(socket))
}
