//! Tells people: one message through one channel to one address, and what became of it.
//!
//! Nothing is kept here and nothing is tried twice: what waits, what is tried again and when is decided from rows. A channel
//! that is slow or dead is bounded in time by its own setting; the caller may send through several at once.

use crate::clock::SharedClock;
use crate::config::Config;
use crate::domain::notice::{Channel, Notice, SendOutcome};

/// Every configured channel. Made anew when the configuration changes; cheap, and connects to nothing until something is sent.
#[derive(Debug)]
pub struct Channels {
    clock: SharedClock,
}

impl Channels {
    /// The channels of `config`.
    pub fn of(_config: &Config, clock: SharedClock) -> Self {
        Self { clock }
    }

    /// The channels whose addresses are in the configuration and not in the register: every webhook by name, every hook by file
    /// name, looked up in the folder now. Mail goes to the addresses of persons.
    pub fn fixed(&self) -> Vec<(Channel, String)> {
        Vec::new()
    }

    /// Mail can leave.
    pub fn has_mail(&self) -> bool {
        false
    }

    /// Sends one message to one address. Bounded in time by the settings of the channel; repeating it with the same notice is a
    /// repeat the receiver can see. A channel or target that is no longer configured is `Refused` with `not_configured`.
    pub async fn send(&self, channel: Channel, address: &str, notice: &Notice) -> SendOutcome {
        tracing::debug!(%channel, id = %notice.id, at = %self.clock.now(), "nothing leaves through it");
        SendOutcome::Refused { reason: "not_configured", answer: channel.path(address) }
    }
}
