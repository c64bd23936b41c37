//! One reader and what is in it: the states a card goes through from being put in to being read, and what is told of them.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::SmartCardError;
use super::reading::CardReading;
use super::recognition::Chip;
use crate::domain::observation::Problem;
use crate::domain::time::Timestamp;

/// A reader and what is in it.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    /// Changes with every insertion: what a reading of the one before says is of no interest any more.
    pub(super) ticket: u64,
    pub(super) state: SeatState,
    pub(super) since: Timestamp,
    /// Until when an answer is due, on the monotonic clock.
    pub(super) due: Option<Duration>,
}

/// What is in a reader.
#[derive(Debug, Clone)]
pub(super) enum SeatState {
    Empty,
    /// A card that is left alone, by what it is.
    Foreign(&'static str),
    Reading(Step),
    /// Being read, and nothing was heard for too long.
    Late(Step),
    Unreadable(Problem),
    Read(Arc<AtHand>),
}

/// How far a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Connecting, waiting for another program to end its transaction, or between two attempts.
    Waiting,
    /// Another program has the card for itself; tried again later.
    Shared,
    /// An APDU is out.
    Exchanging,
}

/// A card that was read and is still there.
#[derive(Debug)]
pub(super) struct AtHand {
    pub(super) chip: Chip,
    pub(super) reading: CardReading,
    pub(super) read_at: Timestamp,
}

/// What to read, for the worker of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Errand {
    pub(super) ticket: u64,
    pub(super) chip: Chip,
}

/// One reader, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderView {
    /// As pcscd calls it.
    pub name: Arc<str>,
    /// `empty`, `reading`, `read`, `in_use` (another program has the card), `mute` (it does not answer), `unreadable`, `cps2ter`,
    /// `vitale`, `other` (not one of ours: left alone).
    pub state: &'static str,
    /// Why, where something is wrong.
    pub problem: Option<Problem>,
    /// Since when.
    pub since: Timestamp,
    /// The chip serial number of the card in it.
    pub chip: Option<Arc<str>>,
}

impl Seat {
    /// A reader nobody has looked into yet: "empty" would be a removal for a card that is there.
    pub(super) const fn unseen(since: Timestamp) -> Self {
        Self { ticket: 0, state: SeatState::Reading(Step::Waiting), since, due: None }
    }

    /// The reading is at `step`, and an answer is due then. True when that is news.
    pub(super) fn at(&mut self, step: Step, due: Option<Duration>, now: Timestamp) -> bool {
        self.due = due;
        let news = match &self.state {
            SeatState::Reading(before) => (*before == Step::Shared) != (step == Step::Shared),
            _ => true,
        };
        self.state = SeatState::Reading(step);
        if news {
            self.since = now;
        }
        news
    }

    /// The reading is over.
    pub(super) fn ended(&mut self, state: SeatState, now: Timestamp) {
        (self.state, self.since, self.due) = (state, now, None);
    }

    /// Whether the card just became late, and how long until it can be: `None` where no answer is due.
    pub(super) fn look_at_the_clock(&mut self, monotonic: Duration, now: Timestamp) -> (bool, Option<Duration>) {
        let (SeatState::Reading(step), Some(due)) = (&self.state, self.due) else { return (false, None) };
        let left = due.saturating_sub(monotonic);
        if !left.is_zero() {
            return (false, Some(left));
        }
        (self.state, self.since, self.due) = (SeatState::Late(*step), now, None);
        (true, None)
    }

    /// What was known to be in the reader may still be: it cannot be told yet.
    pub(super) const fn is_unsettled(&self) -> bool {
        matches!(self.state, SeatState::Reading(_) | SeatState::Late(Step::Waiting | Step::Shared))
    }

    /// For people and programs.
    pub(super) fn view(&self, name: &Arc<str>) -> ReaderView {
        let (state, problem, chip) = match &self.state {
            SeatState::Empty => ("empty", None, None),
            SeatState::Foreign(kind) => (*kind, None, None),
            SeatState::Reading(Step::Shared) => ("in_use", Some(SmartCardError::InUse.problem()), None),
            SeatState::Reading(..) => ("reading", None, None),
            SeatState::Late(Step::Exchanging) => ("mute", Some(SmartCardError::Mute.problem()), None),
            SeatState::Late(..) => ("in_use", Some(SmartCardError::InUse.problem()), None),
            SeatState::Unreadable(problem) => ("unreadable", Some(problem.clone()), None),
            SeatState::Read(card) => ("read", None, Some(Arc::from(card.reading.chip.as_str()))),
        };
        ReaderView { name: Arc::clone(name), state, problem, since: self.since, chip }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_unix(1_800_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    /// Another program had the card, lets it go, and the card does not answer: each is told in its own time.
    #[test]
    fn a_late_card_may_be_late_again() {
        let mut seat = Seat::unseen(AT);
        assert_eq!(seat.look_at_the_clock(99 * SECOND, AT), (false, None), "nobody asked it anything");
        seat.at(Step::Waiting, Some(100 * SECOND), AT);
        assert_eq!(seat.look_at_the_clock(99 * SECOND, AT), (false, Some(SECOND)));
        assert_eq!(seat.look_at_the_clock(100 * SECOND, AT), (true, None));
        assert_eq!(seat.view(&"A".into()).state, "in_use");
        assert!(seat.at(Step::Exchanging, Some(160 * SECOND), AT), "its turn has come: news");
        assert_eq!(seat.look_at_the_clock(150 * SECOND, AT), (false, Some(10 * SECOND)));
        assert_eq!(seat.look_at_the_clock(160 * SECOND, AT), (true, None));
        assert_eq!(seat.view(&"A".into()).state, "mute");
        seat.ended(SeatState::Unreadable(SmartCardError::Removed.problem()), AT);
        assert_eq!(seat.look_at_the_clock(999 * SECOND, AT), (false, None));
    }
}
