//! The messages that are still to be sent, as their rows say. Nothing is here that is not in a row.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::domain::delivery::{ChannelHealth, Delivery, DeliveryState};
use crate::domain::notice::{EventId, NoticeKind};
use crate::domain::time::Timestamp;
use crate::policy::alert::outgoing::Standing;
use crate::policy::alert::recipients::Route;
use crate::store::{LoadedOutbox, OutboxChanges};

/// Failures in a row after which a channel is only probed: what waits for it does not try one by one.
const FAILURES: u64 = 3;
/// The longest what one source had to say waits for the others of its scan.
pub(super) const GATHER: Duration = Duration::from_secs(60);
/// How long a message that failed for good is counted as such.
const FAILED_DAYS: i64 = 30;

/// Where a message stands in the order, and when it came here, by the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u64,
    made: Duration,
}

/// The outbox in memory.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// In the order they were made.
    open: BTreeMap<u64, Delivery>,
    order: HashMap<EventId, Place>,
    next: u64,
    recent: HashMap<Route, Vec<Timestamp>>,
    failed: Vec<Timestamp>,
    /// How each channel has done.
    pub(super) channels: BTreeMap<String, ChannelHealth>,
    /// Failures by channel and reason since the start, for metrics.
    pub(super) failures: BTreeMap<(String, String), u64>,
    /// Channels that are sending.
    pub(super) busy: HashSet<String>,
    /// Until when a failing channel is left alone, by the monotonic clock.
    resting: HashMap<String, Duration>,
}

impl Outbox {
    /// From the rows.
    pub(super) fn new(loaded: LoadedOutbox, monotonic: Duration) -> Self {
        let mut outbox = Self { failed: loaded.failed, channels: loaded.channels, ..Self::default() };
        for (channel, address, at) in loaded.recent {
            outbox.recent.entry((channel, address)).or_default().push(at);
        }
        loaded.open.into_iter().for_each(|delivery| outbox.put(delivery, monotonic));
        outbox
    }

    /// What a commit wrote.
    pub(super) fn apply(&mut self, changes: &OutboxChanges, now: Timestamp, monotonic: Duration) {
        for delivery in &changes.new {
            // A test, a digest, or word of a channel that fails is no storm: it takes nothing from the alerts.
            if delivery.kind == NoticeKind::Alerts {
                let route = (delivery.channel.clone(), delivery.address.clone());
                let recent = self.recent.entry(route).or_default();
                recent.retain(|at| at.unix() > now.unix().saturating_sub(3600) && *at <= now);
                recent.push(delivery.created_at);
            }
            self.put(delivery.clone(), monotonic);
        }
        for delivery in &changes.changed {
            if let DeliveryState::Refused { at, .. } | DeliveryState::GivenUp { at, .. } = &delivery.state {
                self.failed.push(*at);
            }
            if let Some(failure) = delivery.state.failure() {
                *self.failures.entry((delivery.channel.clone(), failure.reason.clone())).or_default() += 1;
            }
            if delivery.state.is_settled() {
                self.remove(delivery.id);
            } else {
                self.put(delivery.clone(), monotonic);
            }
        }
        self.channels.extend(changes.channels.iter().map(|(name, health)| (name.clone(), health.clone())));
    }

    /// A message that is not settled.
    pub(super) fn get(&self, id: EventId) -> Option<&Delivery> {
        self.open.get(&self.order.get(&id)?.number)
    }

    /// Messages that are not settled.
    pub(super) fn open(&self) -> impl Iterator<Item = &Delivery> {
        self.open.values()
    }

    /// Messages still to be sent, and those that failed for good lately.
    pub(super) fn counts(&self, now: Timestamp) -> (u64, u64) {
        let since = now.plus_days(-FAILED_DAYS);
        (self.open.len() as u64, self.failed.iter().filter(|at| **at >= since).count() as u64)
    }

    /// What already waits for an address, and how much it got lately. A message that was begun is not added to.
    pub(super) fn standing(&self, route: &Route) -> Standing {
        let waits = |delivery: &&Delivery| {
            is_untouched(delivery) && (&delivery.channel, &delivery.address) == (&route.0, &route.1)
        };
        Standing {
            waiting: self.open.values().find(waits).map(|delivery| delivery.id),
            recent: self.recent.get(route).cloned().unwrap_or_default(),
        }
    }

    /// The message a channel that is free sends next. New words are gathered until `gathering`, by the monotonic clock, and those of one
    /// message never for longer than [`GATHER`].
    pub(super) fn due(
        &self,
        channel: &str,
        gathering: Duration,
        now: Timestamp,
        monotonic: Duration,
        longest: Duration,
    ) -> Option<&Delivery> {
        if self.busy.contains(channel) {
            return None;
        }
        let resting = self.resting.get(channel).is_some_and(|until| monotonic < *until);
        let due = |delivery: &&Delivery| {
            delivery.channel == channel
                && delivery.is_due(now, longest)
                && monotonic >= self.gathered(delivery, gathering)
        };
        // Somebody waits for a test, whatever happened before it.
        let test = self.open.values().find(|delivery| delivery.kind == NoticeKind::Test && due(delivery));
        // The one that was tried least: a message that always comes back never stands before one that was not sent yet.
        test.or_else(|| {
            if resting { None } else { self.open.values().filter(due).min_by_key(|delivery| delivery.attempts) }
        })
    }

    /// How long until one of `channels` may have something to do.
    pub(super) fn until_next(
        &self,
        channels: impl Iterator<Item = impl AsRef<str>>,
        gathering: Duration,
        now: Timestamp,
        monotonic: Duration,
    ) -> Duration {
        let of = |channel: &str| {
            let wait = |delivery: &Delivery| {
                let due = delivery.state.due()?;
                let wait = Duration::from_secs(u64::try_from(due.unix().saturating_sub(now.unix())).unwrap_or(0));
                Some(wait.max(self.gathered(delivery, gathering).saturating_sub(monotonic)))
            };
            let waits = self.open.values().filter(|delivery| delivery.channel == channel);
            let wait = waits.filter_map(wait).min()?;
            let rest = self.resting.get(channel).map_or(Duration::ZERO, |until| until.saturating_sub(monotonic));
            Some(wait.max(rest))
        };
        let free = channels.filter(|channel| !self.busy.contains(channel.as_ref()));
        free.filter_map(|channel| of(channel.as_ref())).min().unwrap_or(Duration::MAX)
    }

    /// A channel that failed several times in a row is left alone for `wait`.
    pub(super) fn rest(&mut self, channel: &str, wait: Duration, monotonic: Duration) {
        let failing = self.channels.get(channel).is_some_and(|health| health.failures >= FAILURES);
        if failing {
            self.resting.insert(channel.to_owned(), monotonic.saturating_add(wait));
        } else {
            self.resting.remove(channel);
        }
    }

    /// The channel is left alone for `wait`, however it did.
    pub(super) fn rest_anyway(&mut self, channel: &str, wait: Duration, monotonic: Duration) {
        self.resting.insert(channel.to_owned(), monotonic.saturating_add(wait));
    }

    /// When a message has waited long enough for more words; at once where it was begun already.
    fn gathered(&self, delivery: &Delivery, gathering: Duration) -> Duration {
        let made = self.order.get(&delivery.id).filter(|_| is_untouched(delivery)).map(|place| place.made);
        made.map_or(Duration::ZERO, |made| gathering.min(made.saturating_add(GATHER)))
    }

    fn put(&mut self, delivery: Delivery, monotonic: Duration) {
        let place = *self.order.entry(delivery.id).or_insert_with(|| {
            self.next += 1;
            Place { number: self.next, made: monotonic }
        });
        self.open.insert(place.number, delivery);
    }

    fn remove(&mut self, id: EventId) {
        if let Some(place) = self.order.remove(&id) {
            self.open.remove(&place.number);
        }
    }
}

/// Words nobody has begun to send: more may be added.
fn is_untouched(delivery: &Delivery) -> bool {
    matches!(delivery.state, DeliveryState::Pending { .. }) && delivery.kind == NoticeKind::Alerts
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn waiting(number: u8, attempts: u32) -> Delivery {
        Delivery {
            id: EventId([number; 16]),
            channel: "smtp".to_owned(),
            address: format!("at-{number}@ch.fr"),
            kind: NoticeKind::Alerts,
            created_at: NOW,
            state: DeliveryState::Pending { due: NOW },
            attempts,
            waited: Duration::ZERO,
            audit: None,
        }
    }

    #[test]
    fn a_message_that_always_comes_back_does_not_stand_before_a_new_one() {
        let mut outbox = Outbox::default();
        for (number, attempts) in [(1, 7), (2, 0), (3, 0), (4, 2)] {
            outbox.put(waiting(number, attempts), Duration::ZERO);
        }
        let mut order = Vec::new();
        while let Some(next) = outbox.due("smtp", Duration::ZERO, NOW, Duration::ZERO, MINUTE).map(|next| next.id) {
            order.push(next.0[0]);
            outbox.remove(next);
        }
        assert_eq!(order, [2, 3, 4, 1]);
        assert!(outbox.due("webhook:x", Duration::ZERO, NOW, Duration::ZERO, Duration::ZERO).is_none());
    }

    #[test]
    fn new_words_are_gathered_and_what_was_begun_goes_on() {
        let mut outbox = Outbox::default();
        outbox.put(waiting(1, 0), Duration::ZERO);
        let wait = |outbox: &Outbox, at| outbox.until_next(["smtp"].into_iter(), MINUTE, NOW, Duration::from_secs(at));
        let next = |outbox: &Outbox, at| {
            outbox.due("smtp", MINUTE, NOW, Duration::from_secs(at), MINUTE).map(|next| next.id.0[0])
        };
        assert_eq!((next(&outbox, 20), wait(&outbox, 20)), (None, Duration::from_secs(40)));
        assert_eq!((next(&outbox, 60), wait(&outbox, 60)), (Some(1), Duration::ZERO));
        outbox.put(Delivery { state: DeliveryState::Sending { since: NOW }, ..waiting(2, 1) }, Duration::ZERO);
        assert_eq!((next(&outbox, 20), wait(&outbox, 20)), (Some(2), Duration::ZERO));
    }

    /// Scans that follow one another without a pause, each with a minute of its own.
    #[test]
    fn a_message_is_gathered_for_a_minute_however_many_scans_follow() {
        let mut outbox = Outbox::default();
        let seconds = Duration::from_secs;
        outbox.put(waiting(1, 0), seconds(50));
        let next = |outbox: &Outbox, began: u64, at: u64| {
            let (gathering, at) = (seconds(began) + GATHER, seconds(at));
            let due = outbox.due("smtp", gathering, NOW, at, MINUTE).map(|next| next.id.0[0]);
            (due, outbox.until_next(["smtp"].into_iter(), gathering, NOW, at))
        };
        assert_eq!(next(&outbox, 0, 55), (None, seconds(5)), "the scan it is of ends its minute first");
        for began in [58, 80, 100] {
            assert_eq!(next(&outbox, began, 109), (None, seconds(1)));
            assert_eq!(next(&outbox, began, 110), (Some(1), Duration::ZERO));
        }
        // A word that is added makes it no younger.
        outbox.put(waiting(1, 0), seconds(105));
        assert_eq!(next(&outbox, 100, 110).0, Some(1));
    }
}
