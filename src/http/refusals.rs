//! Bounds how many refusals reach the audit trail: a flood at the door must not fill the database.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Refusals written down one by one in each minute; the rest are counted into the first of the next minute.
const PER_MINUTE: u32 = 30;

#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    minute: u64,
    written: u32,
    unwritten: u64,
}

impl Refusals {
    /// `Some(n)` when this refusal is to be written, `n` being how many went unwritten before it.
    pub(super) fn admit(&self, monotonic: Duration) -> Option<u64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_not_written() {
        let refusals = Refusals::default();
        let written = (0..1000).filter(|_| refusals.admit(Duration::from_secs(5)).is_some()).count();
        assert_eq!(written, PER_MINUTE as usize);
        assert_eq!(refusals.admit(Duration::from_secs(65)), Some(970));
        assert_eq!(refusals.admit(Duration::from_secs(66)), Some(0));
    }
}
