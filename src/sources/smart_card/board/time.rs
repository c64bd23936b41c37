//! What is late: cards that do not answer, and pcscd itself.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::SmartCardError;
use super::{Board, Inner};
use crate::domain::time::Timestamp;

impl Board {
    /// pcscd was asked something and answers within that time, or else it stands still.
    pub(in super::super) fn expect_word(&self, within: Duration) {
        let mut inner = self.inner();
        inner.word_due = Some(self.clock.monotonic() + within);
        drop(inner);
        self.changed.notify_all();
    }

    /// It answered. False when that was so late that nothing is known of the readers any more.
    pub(in super::super) fn heard(&self) -> bool {
        self.inner().word_due.take().is_some()
    }

    /// Tells what is late, as soon as it is: cards that do not answer, and pcscd itself. Returns when `stop` is set: see
    /// [`Board::wake`]. On a thread of its own, because whoever asks pcscd waits for as long as it stands still.
    pub(in super::super) fn keep_time(&self, stop: &AtomicBool) {
        let mut inner = self.inner();
        while !stop.load(Ordering::Relaxed) {
            let (monotonic, now) = (self.clock.monotonic(), self.clock.now());
            let (news, next) = match inner.word_due {
                Some(due) if due <= monotonic => {
                    inner.lose(SmartCardError::Silent.problem());
                    tracing::warn!(reason = SmartCardError::Silent.reason(), "smart cards: {}", SmartCardError::Silent);
                    (true, None)
                }
                _ => inner.look_at_the_clock(monotonic, now),
            };
            if news {
                self.tell();
            }
            inner = match next {
                Some(next) => self.changed.wait_timeout(inner, next).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Inner {
    /// Whether a card became late, and how long until something can.
    fn look_at_the_clock(&mut self, monotonic: Duration, now: Timestamp) -> (bool, Option<Duration>) {
        let mut next = self.word_due.map(|due| due.saturating_sub(monotonic));
        let mut news = false;
        for seat in self.readers.values_mut() {
            let (became_late, left) = seat.look_at_the_clock(monotonic, now);
            news |= became_late;
            next = next.into_iter().chain(left).min();
        }
        (news, next)
    }
}
