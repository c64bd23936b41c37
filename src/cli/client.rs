//! The daemon as a command sees it: HTTP over its Unix socket.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono_tz::Tz;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;

use super::Session;
use super::exit::{Exit, Stop};
use super::table::visible;
use crate::config;
use crate::domain::time::Timestamp;

/// Where the service listens when no configuration can be read: every local user may ask, not every one may read its settings.
const DEFAULT_SOCKET: &str = "/run/vigie/api.sock";

/// Asks the daemon for `path` (with its query).
pub(super) fn get(session: &Session<'_>, path: &str) -> anyhow::Result<Value> {
    parsed(&ask(session, Method::GET, path, None)?)
}

/// Asks the daemon to do something.
pub(super) fn post(session: &Session<'_>, path: &str) -> anyhow::Result<Value> {
    parsed(&ask(session, Method::POST, path, Some("{}".to_owned()))?)
}

/// The same with parameters.
pub(super) fn post_with(session: &Session<'_>, path: &str, body: &Value) -> anyhow::Result<Value> {
    parsed(&ask(session, Method::POST, path, Some(body.to_string()))?)
}

/// Asks the daemon for `path`, whose answer is text of another kind than JSON.
pub(super) fn text(session: &Session<'_>, path: &str) -> anyhow::Result<String> {
    String::from_utf8(ask(session, Method::GET, path, None)?.into()).context("the answer of the service is not text")
}

/// Every item of a paged list, parsed or, as [`serde_json::value::RawValue`], as the service wrote it.
pub(super) fn every<T: DeserializeOwned>(session: &Session<'_>, path: &str) -> anyhow::Result<Vec<T>> {
    #[derive(Deserialize)]
    struct Page<T> {
        items: Vec<T>,
        next_cursor: Option<String>,
    }
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let glue = if path.contains('?') { '&' } else { '?' };
        let more = cursor.map(|cursor| format!("&cursor={}", encode(&cursor))).unwrap_or_default();
        let page: Page<T> = parsed(&ask(session, Method::GET, &format!("{path}{glue}limit=1000{more}"), None)?)?;
        items.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(items),
        }
    }
}

/// One certificate with its findings in words, by its declared id or the beginning of its fingerprint.
pub(super) fn certificate(session: &Session<'_>, id: &str) -> anyhow::Result<Value> {
    let path = format!("/api/v1/certificates/{}?lang={}", encode(id), session.lang);
    get(session, &path).map_err(|error| match error.downcast_ref::<Stop>() {
        Some(stop) if stop.exit == Exit::No => {
            Stop::new(Exit::No, session.texts.say("cli-no-such-certificate", &[("id", visible(id).into())])).into()
        }
        _ => error,
    })
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

fn parsed<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).context("the answer of the service is not the JSON that was expected")
}

/// The body of an answer that says yes; any other becomes the error that ends the command.
fn ask(session: &Session<'_>, method: Method, path: &str, body: Option<String>) -> anyhow::Result<Bytes> {
    let socket = socket(session)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (status, body) = runtime.block_on(exchange(&socket, method, path, body)).map_err(|error| {
        let cause = io_cause(&*error);
        let forbidden = cause.is_some_and(|cause| cause.kind() == io::ErrorKind::PermissionDenied);
        let hint = session.texts.word(if forbidden { "cli-daemon-forbidden" } else { "cli-daemon-unreachable" });
        let why = cause.map_or_else(|| error.to_string(), ToString::to_string);
        Stop::new(Exit::Unreachable, format!("{hint} {} ({why})", socket.display()))
    })?;
    if status.is_success() {
        return Ok(body);
    }
    let value: Value = parsed(&body)?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let values = [("reason", text("reason").into()), ("detail", text("detail").into())];
    let mut message = format!("{} ({})", session.texts.say("api-refusal", &values), text("reason"));
    for mistake in value.get("mistakes").and_then(Value::as_array).into_iter().flatten() {
        message.push_str(&format!("\n{}", mistake.as_str().unwrap_or_default()));
    }
    let exit = match status.as_u16() {
        404 | 403 | 409 => Exit::No,
        400 | 422 => Exit::BadInput,
        503 if text("reason") != "stopping" => Exit::Io,
        _ => Exit::Unreachable,
    };
    Err(Stop::new(exit, message).into())
}

/// One request on a connection of its own. Bare hyper: a client made for the network reads the trust store of the system first, and a
/// command should be over by then.
async fn exchange(
    socket: &Path,
    method: Method,
    path: &str,
    body: Option<String>,
) -> Result<(StatusCode, Bytes), Box<dyn Error + Send + Sync>> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
    let request = match body {
        Some(json) => request.header(header::CONTENT_TYPE, "application/json").body(Full::<Bytes>::from(json)),
        None => request.body(Full::default()),
    };
    let answered = async {
        let response = sender.send_request(request?).await?;
        let status = response.status();
        Ok::<_, Box<dyn Error + Send + Sync>>((status, response.into_body().collect().await?.to_bytes()))
    };
    // The connection moves only while it is polled; when it ends first, the answer tells why.
    let mut answered = std::pin::pin!(answered);
    tokio::select! {
        biased;
        done = &mut answered => done,
        ended = connection => match ended {
            Ok(()) => answered.await,
            Err(error) => Err(error.into()),
        },
    }
}

/// The innermost I/O error: what the kernel said, under the wrappings of the HTTP client.
fn io_cause<'a>(error: &'a (dyn Error + Send + Sync + 'static)) -> Option<&'a io::Error> {
    anyhow::Chain::new(error).filter_map(|error| error.downcast_ref()).last()
}

/// The socket of the configuration. While that has mistakes the daemon still runs on what it was started with, and it is then that
/// one wants to ask it: the socket alone is read out of the main file. A file that was named and is not there names no daemon: the
/// usual one may be another.
pub(super) fn socket(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    if let Some(socket) = &session.common.socket {
        return Ok(socket.clone());
    }
    let file = &session.common.config;
    if let Some(error) = std::fs::File::open(file).err().filter(|_| session.common.config_named) {
        let why = session.texts.word(match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "cli-no-such-path",
            _ => "cli-not-readable",
        });
        return Err(Stop::new(Exit::BadInput, format!("{}: {why}", file.display())).into());
    }
    Ok(match config::load(file) {
        Ok(loaded) => loaded.config.http.socket,
        Err(_) => socket_alone(file).unwrap_or_else(|| PathBuf::from(DEFAULT_SOCKET)),
    })
}

/// The day an instant of an answer falls on, in the time zone of the configuration: `2026-11-21`.
pub(super) fn day(at: &str, zone: Tz) -> String {
    let at = at.parse::<Timestamp>().ok().and_then(Timestamp::to_chrono);
    at.map(|at| at.with_timezone(&zone).format("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// The time zone of the configuration, or that of the default one where it cannot be read.
pub(super) fn zone(session: &Session<'_>) -> Tz {
    config::load(&session.common.config).map_or(Tz::Europe__Paris, |loaded| loaded.config.timezone)
}

fn socket_alone(file: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(file).ok()?;
    let (table, _) = toml::de::DeTable::parse_recoverable(&text);
    let socket = table.get_ref().get("http")?.get_ref().get("socket")?.get_ref().as_str()?;
    Some(std::path::absolute(file).ok()?.parent()?.join(socket))
}
