//! The lists that are held, served again to machines that have no way out: read only, to anybody who reaches the listener, since a list is public and
//! whoever takes it verifies its signature.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::guard;
use crate::domain::crl::{CrlName, CrlState, Held, Revocations};
use crate::engine::Handle;

/// Bytes read from the disk at a time.
const PIECE: u64 = 64 << 10;
/// Lists on their way at once. Each has a file open and a piece in memory.
const SLOTS: usize = 16;
/// Seconds after which somebody who found no slot may ask again: whoever reads nothing has lost his by then.
const AGAIN: &str = "30";

/// What the routes have.
#[derive(Clone)]
struct Mirror {
    handle: Handle,
    slots: Arc<Semaphore>,
}

/// The routes of the mirror.
pub fn mirror(handle: Handle) -> Router {
    let state = Mirror { handle, slots: Arc::new(Semaphore::new(SLOTS)) };
    Router::new().route("/", get(index)).route("/{file}", get(one)).layer(from_fn(guard::harden)).with_state(state)
}

async fn index(State(mirror): State<Mirror>) -> Response {
    let snapshot = mirror.handle.snapshot();
    let items: Vec<serde_json::Value> = served(&snapshot.inventory.revocation)
        .into_iter()
        .map(|(file, _, state, held)| {
            json!({
                "file": file,
                "issuer": state.issuer,
                "delta": state.delta,
                "number": held.number,
                "this_update": held.this_update,
                "next_update": held.next_update,
                "bytes": held.bytes,
            })
        })
        .collect();
    Json(json!({ "items": items })).into_response()
}

async fn one(State(mirror): State<Mirror>, Path(asked): Path<String>, headers: HeaderMap) -> Response {
    let snapshot = mirror.handle.snapshot();
    let served = served(&snapshot.inventory.revocation);
    let found = served.into_iter().find(|(file, name, ..)| *file == asked || own_name(name) == asked);
    let Some((_, name, _, held)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let etag = format!("\"{}\"", held.identity);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let Ok(slot) = mirror.slots.try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, AGAIN)]).into_response();
    };
    let path = snapshot.config.state_dir.join("crls").join(own_name(name));
    let opened = tokio::task::spawn_blocking(move || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok::<_, std::io::Error>((file, length))
    });
    match opened.await {
        // A successor that took its place since is another list: its length says so before its bytes do.
        Ok(Ok((file, length))) if length == held.bytes => {
            let kind = (header::CONTENT_TYPE, "application/pkix-crl".to_owned());
            ([kind, (header::ETAG, etag), (header::CONTENT_LENGTH, length.to_string())], body(file, slot))
                .into_response()
        }
        Ok(Err(error)) => {
            tracing::error!(error = %error, "a revocation list could not be served again");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The file, a piece at a time, each read when the one before was taken: whoever does not read holds a slot, and no thread.
fn body(file: File, slot: OwnedSemaphorePermit) -> Body {
    Body::from_stream(stream::try_unfold((file, slot), |(file, slot)| async move {
        let (file, piece) = tokio::task::spawn_blocking(move || piece(file)).await.map_err(io::Error::other)??;
        Ok::<_, io::Error>((!piece.is_empty()).then_some((piece, (file, slot))))
    }))
}

/// What comes next in the file, nothing at its end.
fn piece(mut file: File) -> io::Result<(File, Bytes)> {
    let mut piece = Vec::new();
    (&mut file).take(PIECE).read_to_end(&mut piece)?;
    Ok((file, Bytes::from(piece)))
}

/// The lists that are held, each with the file it is served as: the last part of its first address where that is one of a file and of no other
/// list, else the name it is kept under.
fn served(known: &Revocations) -> Vec<(String, &CrlName, &CrlState, &Held)> {
    let held = || known.lists.iter().filter_map(|(name, state)| Some((name, state, state.held.as_ref()?)));
    let (mut once, mut twice) = (HashSet::new(), HashSet::new());
    for file in held().filter_map(|(_, state, _)| address_file(state)) {
        if !once.insert(file) {
            twice.insert(file);
        }
    }
    let file_of = |name: &CrlName, state| {
        address_file(state).filter(|file| !twice.contains(file)).map_or_else(|| own_name(name), str::to_owned)
    };
    held().map(|(name, state, held)| (file_of(name, state), name, state, held)).collect()
}

/// The file of the folder.
fn own_name(name: &CrlName) -> String {
    format!("{name}.crl")
}

fn address_file(state: &CrlState) -> Option<&str> {
    let address = state.addresses.iter().find(|address| address.starts_with("http"))?;
    let last = address.rsplit('/').next().filter(|last| last.ends_with(".crl"))?;
    let plain = last.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    plain.then_some(last)
}
