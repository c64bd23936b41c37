//! A clock that a test holds.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use vigie::clock::Clock;
use vigie::domain::time::Timestamp;

/// Stands still at an instant until it is set; the monotonic reading moves by a fixed step each time it is asked, and with the
/// time that is let pass.
#[derive(Debug)]
pub struct HeldClock {
    now: AtomicI64,
    passed: AtomicU64,
    asked: AtomicU64,
    step: Duration,
}

impl HeldClock {
    /// Both clocks stand still.
    pub fn at(now: i64) -> Self {
        Self::ticking(now, Duration::ZERO)
    }

    /// Each question about the monotonic clock takes `step`.
    pub fn ticking(now: i64, step: Duration) -> Self {
        Self { now: AtomicI64::new(now), passed: AtomicU64::new(0), asked: AtomicU64::new(0), step }
    }

    /// Time goes by, for both clocks.
    pub fn pass(&self, time: Duration) {
        self.passed.fetch_add(time.as_secs(), Ordering::Relaxed);
        self.now.fetch_add(time.as_secs().cast_signed(), Ordering::Relaxed);
    }

    /// The wall clock is set.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.unix(), Ordering::Relaxed);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.now.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let passed = Duration::from_secs(self.passed.load(Ordering::Relaxed));
        passed + self.step.saturating_mul(u32::try_from(asked).unwrap_or(u32::MAX))
    }
}
