//! The listeners. Connections are cheap and bounded: a header has ten seconds and 16 KiB, a body 1 MiB, whoever does not take the answer is
//! given up, and a flood on one listener leaves the others free.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::access::Peer;
use super::paced::Paced;
use crate::engine::lifecycle::stopped;

/// Time to send a request's header, and to stay silent between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for one request from header to answer. A scan of a large estate is the longest.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(900);
/// Time for a client to take 64 KiB of an answer, or the rest of it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's header.
const HEADER_BYTES: usize = 16 << 10;
/// Bytes of a request's body.
const BODY_BYTES: usize = 1 << 20;
/// Connections open at once, per listener.
const CONNECTIONS: usize = 1024;

/// Serves the Unix socket until `stop` turns true, then lets open requests end.
pub async fn serve_unix(listener: UnixListener, router: Router, stop: watch::Receiver<bool>) {
    let accept = || async {
        let (stream, _) = listener.accept().await?;
        let uid = stream.peer_cred()?.uid();
        Ok((stream, Peer::Socket { uid }))
    };
    let open = serve(accept, router, stop, "unix", WRITE_TIMEOUT).await;
    // While it still answers, so that no successor can have put its own there.
    if let Ok(Some(path)) = listener.local_addr().map(|address| address.as_pathname().map(Path::to_owned))
        && let Err(error) = fs::remove_file(&path)
    {
        tracing::warn!(path = %path.display(), error = %error, "the socket could not be removed");
    }
    drop(listener);
    open.join_all().await;
}

/// Serves the TCP listener until `stop` turns true, then lets open requests end.
pub async fn serve_tcp(listener: TcpListener, router: Router, stop: watch::Receiver<bool>) {
    let accept = || async {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, Peer::Tcp))
    };
    let open = serve(accept, router, stop, "tcp", WRITE_TIMEOUT).await;
    drop(listener);
    open.join_all().await;
}

/// Takes connections until `stop` turns true and gives those still open.
async fn serve<S, F, A>(
    accept: A,
    router: Router,
    mut stop: watch::Receiver<bool>,
    listener: &'static str,
    patience: Duration,
) -> JoinSet<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = io::Result<(S, Peer)>>,
    A: Fn() -> F,
{
    let router = router.layer(DefaultBodyLimit::max(BODY_BYTES));
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let free = async {
            let slot = Arc::clone(&slots).acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((slot, accept().await?))
        };
        let accepted = tokio::select! {
            accepted = free => accepted,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((slot, (stream, peer))) => {
                let (router, stop) = (router.clone(), stop.clone());
                connections.spawn(async move {
                    let stream = Paced::new(stream, patience);
                    connection(stream, peer, router, stop).await;
                    drop(slot);
                });
            }
            Err(error) => {
                // Out of descriptors, or a peer that left before it was taken: neither may spin this loop.
                tracing::warn!(listener, error = %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    connections
}

async fn connection<S>(stream: S, peer: Peer, router: Router, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = tower::service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        let router = router.clone();
        async move {
            let answer = tokio::time::timeout(REQUEST_TIMEOUT, router.oneshot(request.map(Body::new))).await;
            match answer {
                Ok(Ok(response)) => Ok::<_, std::convert::Infallible>(response),
                Ok(Err(never)) => match never {},
                Err(_) => Ok(super::problem::timed_out()),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::mpsc;

    use super::*;

    /// More than the buffers between the two take.
    const BYTES: usize = 32 << 20;

    /// What an answer holds as long as it is not over.
    struct Held(mpsc::UnboundedSender<()>);

    impl Drop for Held {
        fn drop(&mut self) {
            self.0.send(()).expect("the test waits");
        }
    }

    #[test]
    fn an_answer_nobody_takes_is_given_up() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let (held, mut given_up) = mpsc::unbounded_channel();
            let answer = move || async move {
                let pieces = futures_util::stream::unfold((Held(held), 0), |(held, sent)| async move {
                    let piece = Bytes::from_static(&[7; 64 << 10]);
                    (sent < BYTES).then(|| (Ok::<_, io::Error>(piece.clone()), (held, sent + piece.len())))
                });
                Body::from_stream(pieces)
            };
            let routes = Router::new().route("/", get(answer));
            let accept = || async { Ok((listener.accept().await?.0, Peer::Tcp)) };
            let (stop, stopping) = watch::channel(false);
            let client = async {
                let mut silent = TcpStream::connect(address).await.expect("connected");
                silent.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("asked");
                assert_eq!(given_up.recv().await, Some(()));
                let mut got = Vec::new();
                // How the kernel says that the other side is gone is its own matter.
                drop(silent.read_to_end(&mut got).await);
                assert!(got.len() < BYTES, "cut off");
                stop.send(true).expect("it serves");
            };
            let patience = Duration::from_millis(200);
            let (open, ()) = tokio::join!(serve(accept, routes, stopping, "tcp", patience), client);
            open.join_all().await;
        });
    }
}
