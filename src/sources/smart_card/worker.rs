//! The thread of one reader. A card that does not answer blocks the exchange for ever and there is no way to take it back: so nobody
//! waits for a card but the thread of its reader, and pcscd is asked over a connection of its own.

use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::SmartCardError;
use super::board::Board;
use super::card::{CardWire, OpenCard};
use super::establish;
use super::reading::{CardReading, read_card};
use super::seat::{Errand, Step};

/// Between two attempts at a card that could not be read, at first; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// And at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A card that is lost so often in a row is broken: it is left alone until it is put in again.
const ATTEMPTS: u32 = 6;
/// The same for a card that answers, and not as it should.
const WRONG_ANSWERS: u32 = 3;
/// The same for one that holds others up.
const SLOW_READINGS: u32 = 2;
/// What others are given before a card that held them up is tried once more.
const COURTESY: Duration = Duration::from_secs(1);
/// As long as one reading may always take: real ones last two to five seconds, and meanwhile nobody else can use the card.
const READING: Duration = Duration::from_secs(6);

/// What a worker works with.
pub(super) struct Worker {
    pub(super) reader: CString,
    pub(super) name: Arc<str>,
    pub(super) board: Arc<Board>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Worker {
    /// Works off errands until there is nobody left to send any.
    pub(super) fn run(&self, errands: &Receiver<Errand>) {
        let mut next = errands.recv().ok();
        while let Some(errand) = next.take() {
            next = self.work_off(errand, errands);
        }
    }

    /// Reads until it is read, broken, or no longer wanted. Gives the errand that came meanwhile.
    fn work_off(&self, mut errand: Errand, errands: &Receiver<Errand>) -> Option<Errand> {
        let (mut pause, mut failures, mut step) = (FIRST_PAUSE, 0, Step::Waiting);
        loop {
            if !self.board.at(&self.name, errand, step, Some(self.board.settings().answer_timeout)) {
                return errands.recv().ok();
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| self.read(errand)))
                .unwrap_or(Err(SmartCardError::Malformed { what: "a card, in a way that is a defect to report," }));
            match outcome {
                Ok(reading) => {
                    self.board.ended(&self.name, errand, Ok(reading));
                    return errands.recv().ok();
                }
                Err(error @ (SmartCardError::InUse | SmartCardError::Refused)) => {
                    // However long: whoever has it may need it all day, a polkit rule may be put in place at any time, and until then
                    // nothing new is to be told.
                    step = if error == SmartCardError::InUse { Step::Shared } else { Step::Refused };
                    if !self.board.at(&self.name, errand, step, None) {
                        return errands.recv().ok();
                    }
                }
                Err(error) => {
                    tracing::debug!(reader = %self.name, reason = error.reason(), "a card could not be read: {error}");
                    failures += 1;
                    let most = match error {
                        SmartCardError::TooLong { .. } | SmartCardError::Forbidden(_) => 1,
                        SmartCardError::TooSlow => SLOW_READINGS,
                        SmartCardError::Status { .. } | SmartCardError::Malformed { .. } => WRONG_ANSWERS,
                        _ => ATTEMPTS,
                    };
                    if failures >= most {
                        self.board.ended(&self.name, errand, Err(&error));
                        return errands.recv().ok();
                    }
                    if error == SmartCardError::TooSlow {
                        pause = COURTESY;
                    }
                    step = Step::Waiting;
                    self.board.at(&self.name, errand, step, None);
                }
            }
            match errands.recv_timeout(pause) {
                Ok(newer) => {
                    errand = newer;
                    (pause, failures, step) = (FIRST_PAUSE, 0, Step::Waiting);
                }
                Err(RecvTimeoutError::Timeout) => pause = (pause * 2).min(LONGEST_PAUSE),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// One reading, over a connection of its own that ends with it.
    fn read(&self, errand: Errand) -> Result<CardReading, SmartCardError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(SmartCardError::Removed);
        }
        let settings = self.board.settings();
        let patience = settings.answer_timeout;
        let context = establish()?;
        let mut card = OpenCard::connect(&context, &self.reader)?;
        card.alone(|transaction, protocol| {
            let end = self.board.monotonic() + READING.max(patience * 2);
            let may_go_on = || {
                if self.board.monotonic() >= end {
                    return Err(SmartCardError::TooSlow);
                }
                // Nobody waits for it any more when the card was taken out, or the watch ends.
                let wanted = self.board.at(&self.name, errand, Step::Exchanging, Some(patience));
                let stopped = self.stop.load(Ordering::Relaxed);
                if wanted && !stopped { Ok(()) } else { Err(SmartCardError::Removed) }
            };
            let mut wire = CardWire::new(transaction, &may_go_on);
            read_card(&mut wire, errand.chip, protocol, settings.pin_counter)
        })
    }
}
