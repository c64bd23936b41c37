//! The stretches of wall-clock time this database has lived through. They tell a clock that was wrongly ahead and came back from
//! one that is wrongly behind: the first leaves a stretch nobody lived up to, the second goes over time that was lived already.

use serde::{Deserialize, Serialize};

use super::time::{DAY, Timestamp};

/// Longer than this between two ticks and a new stretch begins: a day and the slack of a daily job.
const GAP: i64 = DAY + 2 * 3600;
/// A clock that is before everything lived is believed after this long.
const BELIEVED: i64 = 7 * DAY;
/// Stretches kept.
const MOST: usize = 64;

/// A stretch: its first and its last tick.
type Stretch = (Timestamp, Timestamp);

/// What was lived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lived {
    /// In order, without overlap.
    stretches: Vec<Stretch>,
    /// The clock reads a time before all of them: it may be now that it is wrong.
    before: Option<Stretch>,
}

impl Lived {
    /// The clock reads `now`. When that shows that it had been ahead, gives the instant from which on everything happened under
    /// the wrong clock: what was said then does not count, and is said again in its time.
    pub fn tick(&mut self, now: Timestamp) -> Option<Timestamp> {
        let at = self.stretches.partition_point(|(from, _)| *from <= now);
        let Some((_, to)) = at.checked_sub(1).and_then(|last| self.stretches.get_mut(last)) else {
            return self.tick_before(now);
        };
        self.before = None;
        // Inside a stretch the clock goes over lived time again; what comes after that stretch was lived as well.
        if now <= *to {
            return None;
        }
        let same = now.unix() <= to.unix().saturating_add(GAP);
        if same {
            *to = now;
        }
        let undone = self.undo_from(at);
        if !same {
            self.stretches.push((now, now));
        }
        let old = self.stretches.len().saturating_sub(MOST);
        self.stretches.drain(..old);
        undone
    }

    /// Before everything, or the very first tick. A clock that stays there is believed after a while.
    fn tick_before(&mut self, now: Timestamp) -> Option<Timestamp> {
        let (from, to) = match self.before {
            Some((from, to)) if from <= now && now.unix() <= to.unix().saturating_add(GAP) => (from, to.max(now)),
            _ => (now, now),
        };
        self.before = Some((from, to));
        if !self.stretches.is_empty() && to.unix().saturating_sub(from.unix()) <= BELIEVED {
            return None;
        }
        let undone = self.undo_from(0);
        self.stretches.extend(self.before.take());
        undone
    }

    /// The first instant of all; `None` when nothing was lived yet.
    pub fn began(&self) -> Option<Timestamp> {
        self.stretches.first().map(|(from, _)| *from)
    }

    /// As one line of JSON.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From [`Lived::to_text`]; what cannot be read is as if nothing had been lived.
    pub fn from_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    fn undo_from(&mut self, at: usize) -> Option<Timestamp> {
        let undone = self.stretches.get(at).map(|(from, _)| *from);
        self.stretches.truncate(at);
        undone
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn live(lived: &mut Lived, from: Timestamp, hours: i64) -> Vec<Timestamp> {
        (0..hours).filter_map(|hour| lived.tick(from.plus_seconds(hour * 3600))).collect()
    }

    #[test]
    fn ahead_and_back_undoes_what_was_ahead() {
        let mut lived = Lived::default();
        assert_eq!(live(&mut lived, NOW, 48), []);
        let ahead = NOW.plus_days(3650);
        assert_eq!(live(&mut lived, ahead, 5), []);
        assert_eq!(lived.tick(NOW.plus_days(2).plus_seconds(7200)), Some(ahead));
        assert_eq!(live(&mut lived, NOW.plus_days(2).plus_seconds(9000), 100), []);
    }

    #[test]
    fn behind_and_back_undoes_nothing() {
        let mut lived = Lived::default();
        assert_eq!(live(&mut lived, NOW, 24 * 400), []);
        let now = NOW.plus_days(400);
        assert_eq!(live(&mut lived, now.plus_days(-365), 24), []);
        assert_eq!(live(&mut lived, now.plus_days(1), 24), []);
        // Before everything that was lived, for a while.
        let mut lived = Lived::default();
        assert_eq!(live(&mut lived, NOW, 24 * 90), []);
        assert_eq!(live(&mut lived, NOW.plus_days(-300), 24 * 6), []);
        assert_eq!(live(&mut lived, NOW.plus_days(97), 24), []);
    }

    #[test]
    fn what_lasts_is_believed() {
        let mut lived = Lived::default();
        assert_eq!(live(&mut lived, NOW.plus_days(3650), 24), []);
        assert_eq!(live(&mut lived, NOW, 24 * 9), [NOW.plus_days(3650)]);
        assert_eq!(live(&mut lived, NOW.plus_days(9), 24), []);
    }

    #[test]
    fn an_hour_is_no_other_time() {
        let mut lived = Lived::default();
        assert_eq!(live(&mut lived, NOW, 48), []);
        assert_eq!(lived.tick(NOW.plus_days(2).plus_seconds(3600)), None);
        assert_eq!(lived.tick(NOW.plus_days(2)), None);
        assert_eq!(Lived::from_text(&lived.to_text()), lived);
        assert_eq!(Lived::from_text("?"), Lived::default());
    }

    proptest! {
        #[test]
        fn stretches_stay_in_order(ticks in prop::collection::vec(-4_000i64..4_000, 0..300)) {
            let mut lived = Lived::default();
            for tick in ticks {
                lived.tick(NOW.plus_seconds(tick * 3600));
                prop_assert!(lived.stretches.iter().all(|(from, to)| from <= to));
                prop_assert!(lived.stretches.windows(2).all(|pair| pair[0].1 < pair[1].0), "{lived:?}");
            }
        }
    }
}
