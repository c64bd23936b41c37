//! `[alerts]`: how findings become messages. `Default` is what the documentation promises.

use std::time::Duration;

use crate::domain::delivery::Patience;
use crate::domain::person::DeclaredId;
use crate::domain::threshold::Threshold;

/// How findings become messages. Every default is the one documented on its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSettings {
    /// From this step before the end, one word a day. Default `7d`.
    pub daily_from: Threshold,
    /// From this step before the end, the mandataires and the représentant légal are told as well. Default `30d`.
    pub escalate: Threshold,
    /// From this step before the end, the persons of `on_call` are told as well and the word is critical. Default `7d`.
    pub on_call_from: Threshold,
    /// Who is called last: RSSI, astreinte. Persons of the register. Default nobody.
    pub on_call: Vec<DeclaredId>,
    /// Mail addresses for what belongs to nobody, and for news of the alerts themselves. Default none.
    pub fallback: Vec<String>,
    /// Days between two reminders of what stays critical, and of what has ended; all fall on the same days. Default 7: Mondays.
    pub repeat_days: u32,
    /// Hour of the day, in the configured time zone, before which only what is critical and new is said. Default 8.
    pub hour: u32,
    /// A finding that falls silent for less than this is the same trouble when it comes back. Default 1 h.
    pub quiet: Duration,
    /// Nobody but an administrator of the certificate may put off a word beyond this step. Default `7d`.
    pub acknowledge_until: Threshold,
    /// Messages to one address within an hour; what comes on top waits and leaves as one message. Default 6.
    pub per_hour: u32,
    /// Whether messages may name persons and the numbers of their cards. Default no: they name roles.
    pub names: bool,
    /// Waits between attempts at a message, the last one again and again. Default 1, 5, 15, 30 and 60 minutes.
    pub retry: Vec<Duration>,
    /// Waits that add up to this are enough: the message is given up and the next person told. Default 3 days.
    pub give_up: Duration,
    /// A channel that fails for this long is told of through the others. Default 1 h.
    pub path_failed_after: Duration,
    /// How long the rows of messages are kept. Default 90 days.
    pub keep: Duration,
}

/// The longest wait another side may ask for (`Retry-After`).
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 3600);

impl Default for AlertSettings {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            daily_from: Threshold::Days(7),
            escalate: Threshold::Days(30),
            on_call_from: Threshold::Days(7),
            on_call: Vec::new(),
            fallback: Vec::new(),
            repeat_days: 7,
            hour: 8,
            quiet: minutes(60),
            acknowledge_until: Threshold::Days(7),
            per_hour: 6,
            names: false,
            retry: [1, 5, 15, 30, 60].map(minutes).into(),
            give_up: minutes(3 * 24 * 60),
            path_failed_after: minutes(60),
            keep: minutes(90 * 24 * 60),
        }
    }
}

impl AlertSettings {
    /// How long to go on with a message.
    pub fn patience(&self) -> Patience {
        let longest = self.retry.iter().copied().max().unwrap_or_default().max(LONGEST_WAIT);
        Patience { waits: self.retry.clone(), give_up: self.give_up, longest }
    }
}
