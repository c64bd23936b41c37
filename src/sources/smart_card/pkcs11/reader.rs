//! The thread that has a module read: once when the watch begins, then whenever cards came or went and the readers are done with them,
//! so that we and the module do not ask the same card at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::board::Board;
use super::child;

/// What the thread works with.
pub(in super::super) struct ModuleReader {
    pub(in super::super) board: Arc<Board>,
    pub(in super::super) stop: Arc<AtomicBool>,
}

impl ModuleReader {
    /// Reads whenever there is a reason to, until the watch ends.
    pub(in super::super) fn run(&self) {
        let is_over = || self.stop.load(Ordering::Relaxed);
        while let Some((module, patience)) = self.board.wait_for_module(&self.stop) {
            let outcome = child::read(&module, patience, &is_over);
            if is_over() {
                return;
            }
            let error = outcome.as_ref().err().cloned();
            // Told once: what goes on is in the state of the source.
            if let (true, Some(error)) = (self.board.module_ended(&module, outcome), error) {
                tracing::warn!(reason = error.reason(), module = %module.display(), "smart cards: {error}");
            }
        }
    }
}
