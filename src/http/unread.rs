//! What the HTTP library answers by itself to a request it cannot read, put into a problem with a reason as every other refusal.
//!
//! Such a request reaches no handler and no layer, and the library has no place for an answer of one's own: its bare answer is known by
//! the head it writes, which none of ours has, since a refusal of ours carries a body.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::problem::ApiProblem;

/// A connection whose bare refusals are told in full.
pub(super) struct Told<S> {
    stream: S,
    /// What is written in place of a bare refusal, how much of it was, and the length of what it stands for.
    instead: Option<(Vec<u8>, usize, usize)>,
}

impl<S> Told<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, instead: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Told<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> Told<S> {
    /// Writes what stands for `bytes`, when something does; `Some` once all of it is written.
    fn poll_instead(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Option<io::Result<usize>>> {
        if self.instead.is_none() {
            self.instead = bare_refusal(bytes).map(|problem| (in_full(&problem), 0, bytes.len()));
        }
        let Some((text, written, stands_for)) = &mut self.instead else { return Poll::Ready(None) };
        while let Some(rest) = text.get(*written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest)) {
                Ok(0) => return Poll::Ready(Some(Ok(0))),
                Ok(more) => *written += more,
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        let stands_for = *stands_for;
        self.instead = None;
        Poll::Ready(Some(Ok(stands_for)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Told<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match ready!(self.poll_instead(context, bytes)) {
            Some(done) => Poll::Ready(done),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
        match ready!(self.poll_instead(context, first)) {
            Some(done) => Poll::Ready(done),
            None => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The problem behind a head of the library's own.
fn bare_refusal(bytes: &[u8]) -> Option<ApiProblem> {
    let status = bytes.strip_prefix(b"HTTP/1.1 4").or_else(|| bytes.strip_prefix(b"HTTP/1.0 4"))?;
    let empty = b"content-length: 0\r\n";
    if !bytes.ends_with(b"\r\n\r\n") || !bytes.windows(empty.len()).any(|window| window == empty) {
        return None;
    }
    match status.get(..2)? {
        b"00" => Some(ApiProblem::new(StatusCode::BAD_REQUEST, "unreadable_request", "this is no HTTP/1.1 request")),
        b"14" => Some(ApiProblem::new(StatusCode::URI_TOO_LONG, "target_too_long", "the address is too long")),
        b"31" => Some(ApiProblem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "header_too_large",
            "the header is larger than it may be",
        )),
        _ => None,
    }
}

/// The whole answer. The connection ends with it: where the next request would begin is anybody's guess.
fn in_full(problem: &ApiProblem) -> Vec<u8> {
    let ApiProblem { status, title, .. } = problem;
    let body = serde_json::to_string(problem).unwrap_or_default();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\ncontent-length: {length}\r\nconnection: close\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n{body}"
    )
    .into_bytes()
}
