//! Bounds how many refusals reach the audit trail: a flood at the door must not fill the database, and noise must not hide an
//! attempt.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Refusals of one kind written down one by one in each minute; the rest are counted into the first of the next minute.
const PER_MINUTE: u32 = 30;

/// What a refusal tells of who was refused. Each kind has a budget of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// A user of the socket, the holder of the token, or somebody who tried one.
    Attempt,
    /// Nobody in particular: a foreign host or origin, no token.
    Noise,
}

/// What was counted and not written when the daemon stops is lost: the next minute that would tell it does not come.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    attempts: Mutex<Window>,
    noise: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    minute: u64,
    written: u32,
    unwritten: u64,
}

impl Refusals {
    /// `Some(n)` when this refusal is to be written, `n` being how many of its kind went unwritten before it.
    pub(super) fn admit(&self, refused: Refused, monotonic: Duration) -> Option<u64> {
        let mut window = self.window(refused);
        let minute = monotonic.as_secs() / 60;
        if minute != window.minute {
            window.minute = minute;
            window.written = 0;
        }
        if window.written < PER_MINUTE {
            window.written += 1;
            Some(std::mem::take(&mut window.unwritten))
        } else {
            window.unwritten += 1;
            None
        }
    }

    /// Counts `refusals` that were admitted and could not be written: the next one that is admitted tells of them.
    pub(super) fn put_back(&self, refused: Refused, refusals: u64) {
        self.window(refused).unwritten += refusals;
    }

    fn window(&self, refused: Refused) -> MutexGuard<'_, Window> {
        let window = match refused {
            Refused::Attempt => &self.attempts,
            Refused::Noise => &self.noise,
        };
        window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_not_written_and_hides_no_attempt() {
        let refusals = Refusals::default();
        let noise = |at| refusals.admit(Refused::Noise, Duration::from_secs(at));
        let written = (0..1000).filter(|_| noise(5).is_some()).count();
        assert_eq!(written, PER_MINUTE as usize);
        assert_eq!(refusals.admit(Refused::Attempt, Duration::from_secs(6)), Some(0));
        assert_eq!(noise(65), Some(970));
        assert_eq!(noise(66), Some(0));
        refusals.put_back(Refused::Noise, 2);
        assert_eq!(noise(67), Some(2));
    }
}
