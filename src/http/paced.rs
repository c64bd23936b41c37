//! A connection whose client has to take what it asked for: one that does not read is given up, and with it all that its answer held.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Bytes of an answer, or all that is left of it, that have to be taken within the patience.
const SHARE: usize = 64 << 10;

/// A stream that fails when the other side does not read.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    patience: Duration,
    /// Since something waits to be taken: when patience ends, and the bytes that went nevertheless.
    late: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<S> Paced<S> {
    pub(super) const fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, late: None }
    }

    fn judged(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(more)) => {
                if let Some((_, taken)) = &mut self.late {
                    *taken += more;
                }
                self.late.take_if(|(_, taken)| *taken >= SHARE);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let patience = self.patience;
                let (end, _) = self.late.get_or_insert_with(|| (Box::pin(sleep(patience)), 0));
                ready!(end.as_mut().poll(cx));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")));
            }
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, to)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judged(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.judged(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called when everything was written: nothing waits any more.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.late = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(test)
    }

    #[test]
    fn who_does_not_read_is_given_up() {
        run(async {
            let (ours, mut theirs) = duplex(1 << 10);
            let mut ours = Paced::new(ours, Duration::from_millis(50));
            let refused = ours.write_all(&[7; 1 << 20]).await.expect_err("nobody reads");
            assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
            // A sip now and then is not reading either.
            let mut sip = [0; 1 << 9];
            theirs.read_exact(&mut sip).await.expect("some");
            let refused = ours.write_all(&[7; 1 << 20]).await.expect_err("nobody reads on");
            assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        });
    }

    #[test]
    fn who_reads_is_given_all_the_time() {
        run(async {
            let (ours, mut theirs) = duplex(1 << 10);
            let reading = tokio::spawn(async move {
                let mut got = Vec::new();
                theirs.read_to_end(&mut got).await.map(|_| got.len())
            });
            let mut ours = Paced::new(ours, Duration::from_secs(60));
            for _ in 0..64 {
                ours.write_all(&[7; 16 << 10]).await.expect("taken");
                ours.flush().await.expect("taken");
                assert!(ours.late.is_none());
            }
            drop(ours);
            assert_eq!(reading.await.expect("it ran").expect("read"), 1 << 20);
        });
    }
}
