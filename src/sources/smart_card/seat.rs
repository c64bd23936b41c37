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
    /// Handed to the thread of the reader, which has not begun: it may still wait for the card before.
    Queued,
    /// Connecting, waiting for another program to end its transaction, or between two attempts.
    Waiting,
    /// Another program has the card for itself; tried again later.
    Shared,
    /// polkit keeps the card from us; tried again later.
    Refused,
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
            SeatState::Reading(before) => before.told().0 != step.told().0,
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
        match self.state {
            SeatState::Reading(_) => true,
            SeatState::Late(step) => !matches!(step, Step::Exchanging),
            _ => false,
        }
    }

    /// For people and programs.
    pub(super) fn view(&self, name: &Arc<str>) -> ReaderView {
        let (state, problem, chip) = match &self.state {
            SeatState::Empty => ("empty", None, None),
            SeatState::Foreign(kind) => (*kind, None, None),
            SeatState::Reading(step) => {
                let (state, error) = step.told();
                (state, error.map(|error| error.problem()), None)
            }
            SeatState::Late(step) => {
                let (state, error) = step.told_late();
                (state, Some(error.problem()), None)
            }
            SeatState::Unreadable(problem) => ("unreadable", Some(problem.clone()), None),
            SeatState::Read(card) => ("read", None, Some(Arc::from(card.reading.chip.as_str()))),
        };
        ReaderView { name: Arc::clone(name), state, problem, since: self.since, chip }
    }
}

impl Step {
    /// State and reason while an answer is not late.
    const fn told(self) -> (&'static str, Option<SmartCardError>) {
        match self {
            Self::Queued | Self::Waiting | Self::Exchanging => ("reading", None),
            Self::Shared => ("in_use", Some(SmartCardError::InUse)),
            Self::Refused => ("unreadable", Some(SmartCardError::Refused)),
        }
    }

    /// And once it is.
    const fn told_late(self) -> (&'static str, SmartCardError) {
        match self {
            Self::Queued => ("mute", SmartCardError::Held),
            Self::Exchanging => ("mute", SmartCardError::Mute),
            Self::Waiting | Self::Shared => ("in_use", SmartCardError::InUse),
            Self::Refused => ("unreadable", SmartCardError::Refused),
        }
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

    fn told(seat: &Seat) -> (&'static str, Option<String>) {
        let view = seat.view(&"A".into());
        (view.state, view.problem.map(|problem| problem.reason.to_string()))
    }

    /// A card behind one that never answered is in nobody's use.
    #[test]
    fn a_card_behind_a_mute_one_is_told_apart() {
        let due = Some(10 * SECOND);
        let mut seat = Seat { ticket: 2, state: SeatState::Reading(Step::Queued), since: AT, due };
        assert_eq!(told(&seat), ("reading", None));
        assert!(seat.look_at_the_clock(10 * SECOND, AT).0);
        assert_eq!(told(&seat), ("mute", Some("reader_held".to_owned())));
        assert!(seat.is_unsettled());
        assert!(seat.at(Step::Waiting, Some(20 * SECOND), AT), "the thread came back: news");
        assert_eq!(told(&seat), ("reading", None));
    }

    /// While polkit refuses, every attempt says the same, and none of them is news.
    #[test]
    fn a_refused_card_stays_refused_between_two_attempts() {
        let mut seat = Seat::unseen(AT);
        assert!(seat.at(Step::Refused, None, AT));
        assert_eq!(told(&seat), ("unreadable", Some("pcscd_refused".to_owned())));
        assert!(!seat.at(Step::Refused, Some(10 * SECOND), AT), "tried again");
        assert!(seat.look_at_the_clock(10 * SECOND, AT).0);
        assert_eq!(told(&seat), ("unreadable", Some("pcscd_refused".to_owned())));
    }
}
