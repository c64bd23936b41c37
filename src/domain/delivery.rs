//! A delivery: one message to one address through one channel, as a row that outlives the process.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use super::notice::{EventId, NoticeKind, SendOutcome};
use super::offer::{UnknownWord, spelled};
use super::time::Timestamp;

spelled! {
    /// The word for the state of a delivery in the database, the API and metrics.
    DeliveryWord, "delivery state" {
        /// To be sent.
        Pending = "pending",
        /// Handed to the channel; after a crash it is sent again under the same id.
        Sending = "sending",
        /// An attempt failed; another follows.
        Failed = "failed",
        /// The other side took it.
        Delivered = "delivered",
        /// The other side will never take it at this address.
        Refused = "refused",
        /// Tried for as long as the settings say.
        GivenUp = "given_up",
    }
}

/// One message to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The message's name, the same on every attempt.
    pub id: EventId,
    /// Name of the channel.
    pub channel: String,
    /// Mail address, or nothing where the channel is one target.
    pub address: String,
    /// What it is.
    pub kind: NoticeKind,
    /// When it was decided.
    pub created_at: Timestamp,
    /// Where it is.
    pub state: DeliveryState,
    /// Attempts begun.
    pub attempts: u32,
    /// The waits between attempts so far, added up: what giving up is measured by, whatever the clock does meanwhile.
    pub waited: Duration,
    /// Sequence number and head (hex) of the audit trail at the first attempt: every attempt says the same.
    pub audit: Option<(i64, String)>,
}

/// Where a delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be sent from `due` on.
    Pending {
        /// Not before.
        due: Timestamp,
    },
    /// Handed to the channel.
    Sending {
        /// When.
        since: Timestamp,
    },
    /// An attempt failed; another follows.
    Failed {
        /// When.
        at: Timestamp,
        /// Not before.
        due: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// The other side took it.
    Delivered {
        /// When.
        at: Timestamp,
        /// What it answered.
        answer: String,
    },
    /// The other side will never take it at this address.
    Refused {
        /// When.
        at: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// Tried for as long as the settings say.
    GivenUp {
        /// When.
        at: Timestamp,
        /// The last failure.
        failure: Failure,
    },
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Stable code.
    pub reason: String,
    /// What the other side answered or what failed, one line.
    pub answer: String,
}

/// How long to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// Waits between attempts; the last one repeats.
    pub waits: Vec<Duration>,
    /// Waits that add up to this are enough.
    pub give_up: Duration,
    /// The longest wait another side may ask for.
    pub longest: Duration,
}

/// A step that a delivery cannot take from where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {from} cannot become {to}")]
pub struct InvalidTransition {
    from: DeliveryWord,
    to: DeliveryWord,
}

impl DeliveryState {
    /// The word for it.
    pub const fn word(&self) -> DeliveryWord {
        match self {
            Self::Pending { .. } => DeliveryWord::Pending,
            Self::Sending { .. } => DeliveryWord::Sending,
            Self::Failed { .. } => DeliveryWord::Failed,
            Self::Delivered { .. } => DeliveryWord::Delivered,
            Self::Refused { .. } => DeliveryWord::Refused,
            Self::GivenUp { .. } => DeliveryWord::GivenUp,
        }
    }

    /// Nothing more will be tried.
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::Delivered { .. } | Self::Refused { .. } | Self::GivenUp { .. })
    }

    /// The last failure, where there was one and nothing better came after it.
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed { failure, .. } | Self::Refused { failure, .. } | Self::GivenUp { failure, .. } => {
                Some(failure)
            }
            Self::Pending { .. } | Self::Sending { .. } | Self::Delivered { .. } => None,
        }
    }

    /// When it came to be so; `None` before the first attempt.
    pub const fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Pending { .. } => None,
            Self::Sending { since } => Some(*since),
            Self::Failed { at, .. }
            | Self::Delivered { at, .. }
            | Self::Refused { at, .. }
            | Self::GivenUp { at, .. } => Some(*at),
        }
    }

    /// Not before this instant, while something is still to be tried.
    pub const fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Pending { due } | Self::Failed { due, .. } => Some(*due),
            Self::Sending { since } => Some(*since),
            Self::Delivered { .. } | Self::Refused { .. } | Self::GivenUp { .. } => None,
        }
    }
}

impl Delivery {
    /// It may leave at `now`. A wait that is longer than any there can be comes from a clock that was set back: it is over.
    pub fn is_due(&self, now: Timestamp, longest: Duration) -> bool {
        let longest = i64::try_from(longest.as_secs()).unwrap_or(i64::MAX);
        self.state.due().is_some_and(|due| due <= now || due > now.plus_seconds(longest))
    }

    /// Handed to the channel, with `audit` for what the trail has come to. One that was being sent when the process ended is sent again.
    ///
    /// # Errors
    /// It is settled.
    pub fn begin(self, now: Timestamp, audit: (i64, String)) -> Result<Self, InvalidTransition> {
        if self.state.is_settled() {
            return Err(InvalidTransition { from: self.state.word(), to: DeliveryWord::Sending });
        }
        let (attempts, state) = (self.attempts.saturating_add(1), DeliveryState::Sending { since: now });
        Ok(Self { attempts, state, audit: self.audit.or(Some(audit)), ..self })
    }

    /// What came of the attempt.
    ///
    /// # Errors
    /// It was not being sent.
    pub fn end(self, outcome: SendOutcome, patience: &Patience, now: Timestamp) -> Result<Self, InvalidTransition> {
        if self.state.word() != DeliveryWord::Sending {
            return Err(InvalidTransition { from: self.state.word(), to: DeliveryWord::Delivered });
        }
        let mut waited = self.waited;
        let state = match outcome {
            SendOutcome::Delivered { answer } => DeliveryState::Delivered { at: now, answer },
            SendOutcome::Refused { reason, answer } => {
                DeliveryState::Refused { at: now, failure: Failure { reason: reason.to_owned(), answer } }
            }
            SendOutcome::Later { reason, answer, after } => {
                let failure = Failure { reason: reason.to_owned(), answer };
                // A message that only proves the channel has its answer.
                if waited >= patience.give_up || matches!(self.kind, NoticeKind::Test) {
                    DeliveryState::GivenUp { at: now, failure }
                } else {
                    let wait = patience.wait(self.attempts).max(after.unwrap_or_default()).min(patience.longest);
                    waited = waited.saturating_add(wait);
                    let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
                    DeliveryState::Failed { at: now, due: now.plus_seconds(seconds), failure }
                }
            }
        };
        Ok(Self { state, waited, ..self })
    }

    /// Nothing can send it any more, such as when its channel is gone from the configuration.
    #[must_use]
    pub fn give_up(self, reason: &str, answer: &str, now: Timestamp) -> Self {
        let failure = Failure { reason: reason.to_owned(), answer: answer.to_owned() };
        Self { state: DeliveryState::GivenUp { at: now, failure }, ..self }
    }
}

impl Patience {
    /// The wait after attempt number `attempts`, from 1.
    pub fn wait(&self, attempts: u32) -> Duration {
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let last = self.waits.len().saturating_sub(1);
        self.waits.get(index.min(last)).copied().unwrap_or(Duration::from_secs(60)).max(Duration::from_secs(1))
    }
}

/// How a channel has done, kept so that a restart forgets nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChannelHealth {
    /// Last message the other side took.
    pub last_success: Option<Timestamp>,
    /// First failure since then.
    pub failing_since: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u64,
    /// Code of the last one.
    pub reason: Option<String>,
    /// Somebody was told through another channel that this one fails.
    pub told: bool,
}

/// Reason of a delivery whose mailbox the relay did not take for now (RFC 5321: 4yz to RCPT).
pub const MAILBOX_DEFERRED: &str = "recipient_deferred";

impl ChannelHealth {
    /// After an attempt. That one mailbox is refused or full says nothing of a channel that took something lately; of one that did not,
    /// it may be that nobody is served (a relay that denies us answers so for every address). A target that refuses is failing.
    #[must_use]
    pub fn after(self, delivery: &Delivery, now: Timestamp) -> Self {
        let took_lately = self.last_success.is_some_and(|last| now < last.plus_days(1));
        match &delivery.state {
            DeliveryState::Delivered { .. } => Self { last_success: Some(now), ..Self::default() },
            state if took_lately && is_about_the_mailbox(delivery, state) => {
                Self { last_success: self.last_success, ..Self::default() }
            }
            DeliveryState::Failed { failure, .. }
            | DeliveryState::Refused { failure, .. }
            | DeliveryState::GivenUp { failure, .. } => Self {
                failing_since: self.failing_since.or(Some(now)),
                failures: self.failures.saturating_add(1),
                reason: Some(failure.reason.clone()),
                ..self
            },
            DeliveryState::Pending { .. } | DeliveryState::Sending { .. } => self,
        }
    }
}

/// The relay judged the address, not us.
fn is_about_the_mailbox(delivery: &Delivery, state: &DeliveryState) -> bool {
    match state {
        DeliveryState::Refused { .. } => !delivery.address.is_empty(),
        DeliveryState::Failed { failure, .. } | DeliveryState::GivenUp { failure, .. } => {
            failure.reason == MAILBOX_DEFERRED
        }
        DeliveryState::Pending { .. } | DeliveryState::Sending { .. } | DeliveryState::Delivered { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn patience() -> Patience {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Patience { waits: vec![minutes(1), minutes(5)], give_up: minutes(20), longest: minutes(60) }
    }

    fn delivery() -> Delivery {
        Delivery {
            id: EventId([1; 16]),
            channel: "smtp".to_owned(),
            address: "pki@ch-exemple.fr".to_owned(),
            kind: NoticeKind::Alerts,
            created_at: NOW,
            state: DeliveryState::Pending { due: NOW },
            attempts: 0,
            waited: Duration::ZERO,
            audit: None,
        }
    }

    fn head() -> (i64, String) {
        (7, "ab".to_owned())
    }

    fn later(after: Option<u64>) -> SendOutcome {
        SendOutcome::Later { reason: "greylisted", answer: "450".to_owned(), after: after.map(Duration::from_secs) }
    }

    #[test]
    fn waits_longer_and_gives_up_after_its_time() {
        let mut delivery = delivery();
        let mut waits = Vec::new();
        let mut now = NOW;
        while !delivery.state.is_settled() {
            delivery =
                delivery.begin(now, head()).expect("to be sent").end(later(None), &patience(), now).expect("sent");
            if let DeliveryState::Failed { due, .. } = &delivery.state {
                waits.push(due.unix() - now.unix());
                now = *due;
            }
        }
        assert_eq!(waits, [60, 300, 300, 300, 300]);
        assert_eq!(delivery.state.word(), DeliveryWord::GivenUp);
        assert!(delivery.clone().begin(now, head()).is_err());
    }

    #[test]
    fn a_clock_that_jumps_gives_nothing_up_and_holds_nothing_back() {
        let failed =
            |now| delivery().begin(now, head()).expect("begun").end(later(None), &patience(), now).expect("ended");
        let ahead = NOW.plus_days(3650);
        assert_eq!(failed(ahead).state.word(), DeliveryWord::Failed, "ten years are no attempt");
        assert!(failed(ahead).is_due(NOW, patience().longest), "and its next one is not in ten years");
        assert!(!failed(NOW).is_due(NOW, patience().longest));
        assert!(failed(NOW).is_due(NOW.plus_seconds(60), patience().longest));
    }

    #[test]
    fn a_mailbox_is_not_the_relay_unless_nobody_is_served() {
        let ended =
            |outcome| delivery().begin(NOW, head()).expect("begun").end(outcome, &patience(), NOW).expect("ended");
        let deferred = SendOutcome::Later { reason: MAILBOX_DEFERRED, answer: "452".to_owned(), after: None };
        let refused = SendOutcome::Refused { reason: "recipient_refused", answer: "550".to_owned() };
        let delivered = ended(SendOutcome::Delivered { answer: "250".to_owned() });
        for outcome in [deferred, refused] {
            let said = ended(outcome);
            let fresh = (0..3).fold(ChannelHealth::default(), |health, _| health.after(&said, NOW));
            assert_eq!((fresh.failures, fresh.failing_since), (3, Some(NOW)), "it never took anything");
            let served = ChannelHealth::default().after(&delivered, NOW);
            let known = (0..3).fold(served.clone(), |health, _| health.after(&said, NOW));
            assert_eq!(known, served);
            assert_eq!(served.after(&said, NOW.plus_days(2)).failures, 1, "nothing was taken for two days");
        }
    }

    #[test]
    fn who_asks_for_time_gets_it_within_bounds() {
        let due = |after| {
            let ended =
                delivery().begin(NOW, head()).expect("begun").end(later(Some(after)), &patience(), NOW).expect("ended");
            ended.state.due().map(|due| due.unix() - NOW.unix())
        };
        assert_eq!(due(900), Some(900));
        assert_eq!(due(86_400), Some(3600));
        assert_eq!(due(1), Some(60));
    }
}
