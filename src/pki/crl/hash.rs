//! The hash of what is signed: here, or on a thread beside the walk where a second core is there for it. Hash and walk cost about the same and need nothing
//! of each other.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use aws_lc_rs::digest::{Context, Digest};

/// Pieces that may wait for the thread.
const WAITING: usize = 2;
/// Pieces that are in use at a time: those that wait, the one in the hash, the one being walked. With as many, the next one is always free.
pub const PIECES: usize = WAITING + 2;

/// A hash that is being made.
pub enum Hash {
    /// Of a kind that is not verified.
    Not,
    /// Where the bytes come.
    Here(Context),
    /// On a thread of its own.
    Beside { pieces: SyncSender<(Arc<Vec<u8>>, Range<usize>)>, thread: JoinHandle<Context> },
}

impl Hash {
    /// Takes what follows.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Not => {}
            Self::Here(context) => context.update(bytes),
            Self::Beside { pieces, .. } => drop(pieces.send((Arc::new(bytes.to_vec()), 0..bytes.len()))),
        }
    }

    /// Takes this part of a piece that is shared, and does not wait for it.
    pub fn update_shared(&mut self, piece: &Arc<Vec<u8>>, part: Range<usize>) {
        if let Self::Here(context) = self
            && let Some(beside) = Self::beside(context)
        {
            *self = beside;
        }
        match self {
            Self::Not => {}
            Self::Here(context) => context.update(piece.get(part).unwrap_or_default()),
            // A thread that is gone is seen at the end.
            Self::Beside { pieces, .. } => drop(pieces.send((Arc::clone(piece), part))),
        }
    }

    /// Goes on with what was hashed so far; `None` where the system has no thread or no core for it.
    fn beside(context: &Context) -> Option<Self> {
        if thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
            return None;
        }
        let mut context = context.clone();
        let (pieces, coming) = sync_channel::<(Arc<Vec<u8>>, Range<usize>)>(WAITING);
        let hashing = move || {
            while let Ok((piece, part)) = coming.recv() {
                context.update(piece.get(part).unwrap_or_default());
            }
            context
        };
        let thread = thread::Builder::new().name("vigie-hash".to_owned()).spawn(hashing).ok()?;
        Some(Self::Beside { pieces, thread })
    }

    /// The hash; `None` where there is none, and then nothing can be verified.
    pub fn finish(self) -> Option<Digest> {
        match self {
            Self::Not => None,
            Self::Here(context) => Some(context.finish()),
            Self::Beside { pieces, thread } => {
                drop(pieces);
                thread.join().ok().map(Context::finish)
            }
        }
    }
}
