//! A notice: what one message says to one address, before any language. Its items are kept in rows and put into words when it leaves.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Severity};
use super::offer::{Offer, UnknownWord, Usage, spelled};
use super::person::Role;
use super::profile::Environment;
use super::time::Timestamp;

/// Names one event, or one message, for ever: the same on every attempt, so that a receiver can drop a repeat. It becomes the
/// `Message-ID` of a mail and the `Idempotency-Key` of a webhook. Printed as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for EventId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

spelled! {
    /// Why an alert speaks now.
    Moment, "moment" {
        /// The finding is new.
        Opened = "opened",
        /// A step before the end has begun.
        Step = "step",
        /// The daily word of the last days.
        Daily = "daily",
        /// The end has passed.
        Expired = "expired",
        /// It became more severe, or somebody else must know now.
        Escalated = "escalated",
        /// Nothing was done about it for a while, and it is still true.
        Repeated = "repeated",
        /// The date it was acknowledged until has passed.
        AcknowledgementEnded = "acknowledgement_ended",
        /// The trouble is over: the one closing message.
        Resolved = "resolved",
    }
}

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// One or several alerts speak.
    Alerts,
    /// The monthly word that everything is watched, with what is ahead.
    Digest(Digest),
    /// Messages no longer leave through another channel.
    ChannelFailed {
        /// The channel, such as `smtp` or `webhook:astreinte`.
        channel: String,
        /// Stable code.
        reason: String,
        /// First failure of the row of failures.
        since: Timestamp,
        /// Messages that wait or were given up.
        held: u64,
    },
    /// Somebody proves the channel.
    Test,
}

/// What the monthly digest counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Declared certificates.
    pub declared: u64,
    /// Certificates found.
    pub found: u64,
    /// Alerts that are open.
    pub open_alerts: u64,
    /// Messages delivered since the digest before.
    pub delivered: u64,
    /// Messages given up since the digest before.
    pub failed: u64,
    /// Ends in the coming months, soonest first: the label of the certificate and the instant.
    pub ends: Vec<(String, Timestamp)>,
}

/// One message to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The message's own name.
    pub id: EventId,
    /// When it was decided.
    pub at: Timestamp,
    /// The machine that speaks.
    pub node: String,
    /// What it is.
    pub kind: NoticeKind,
    /// The alerts that speak in it, most urgent first; empty for other kinds.
    pub items: Vec<NoticeItem>,
    /// Sequence number and head (hex) of the audit trail: a copy of them outside this machine shows a rollback.
    pub audit: (i64, String),
}

impl Notice {
    /// The most severe of its items.
    pub fn severity(&self) -> Severity {
        let most = self.items.iter().map(|item| item.severity).max();
        match self.kind {
            NoticeKind::ChannelFailed { .. } => Severity::Critical,
            NoticeKind::Alerts | NoticeKind::Digest(_) | NoticeKind::Test => most.unwrap_or(Severity::Info),
        }
    }
}

/// One alert that speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeItem {
    /// Why now.
    pub moment: Moment,
    /// As judged, or raised by the step.
    pub severity: Severity,
    /// The finding with its facts.
    pub finding: Finding,
    /// First judged.
    pub since: Timestamp,
    /// The instant the alert counts to: the end of a certificate, card, list or mandate.
    pub end: Option<Timestamp>,
    /// The declared certificate it is about.
    pub certificate: Option<NoticeCertificate>,
    /// Who can act, in the order they should be asked.
    pub actors: Vec<NoticeActor>,
}

/// What the declaration says of the certificate an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeCertificate {
    /// Its id.
    pub id: String,
    /// Offer, for the portal.
    pub offer: Offer,
    /// Usage, for the portal.
    pub usage: Usage,
    /// Hierarchy.
    pub environment: Environment,
    /// Name of the structure.
    pub structure: String,
    /// Service, host name or mail domain.
    pub identity: Option<String>,
    /// What stops working.
    pub impacts: Vec<String>,
    /// Where it lives.
    pub files: NoticeFiles,
}

/// The files of a declared certificate, as far as there are any and they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeFiles {
    /// The certificate.
    pub cert: Option<String>,
    /// Its private key.
    pub key: Option<String>,
    /// The intermediates, in a file of their own.
    pub chain: Option<String>,
    /// The certificate and others in one file: what `cert` was found to be.
    pub fullchain: Option<String>,
}

/// Somebody of the register who can act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeActor {
    /// Register id.
    pub person: String,
    /// As what.
    pub role: Role,
    /// Civil name, only where `alerts.names` allows it.
    pub name: Option<String>,
    /// Number of the card the person signs in with, only where `alerts.names` allows it.
    pub card: Option<String>,
}

/// What became of one attempt to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The other side took it.
    Delivered {
        /// What it answered, one line, bounded.
        answer: String,
    },
    /// Not now; perhaps later. It may have arrived all the same.
    Later {
        /// Stable code.
        reason: &'static str,
        /// What the other side answered or what failed, one line, bounded, without any secret.
        answer: String,
        /// How long the other side asks to be left alone.
        after: Option<Duration>,
    },
    /// Never to this address.
    Refused {
        /// Stable code.
        reason: &'static str,
        /// What the other side answered, one line, bounded, without any secret.
        answer: String,
    },
}

/// What a way out is addressed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Mail addresses of persons: one message to each.
    Mail,
    /// One target that gets everything: its address is empty.
    Target,
}

/// A message on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = SendOutcome> + Send + 'a>>;

/// One way out, such as a mail relay or one webhook. Each is served by a task of its own: a slow one holds up itself only.
pub trait Channel: fmt::Debug + Send + Sync {
    /// Stable name in rows, metrics and logs: `smtp`, `webhook:NAME`, `hook:NAME`. It names no secret and no person.
    fn name(&self) -> &str;

    /// Whom it reaches.
    fn reach(&self) -> Reach;

    /// Sends `notice` to `address`: a mail address, or nothing for [`Reach::Target`]. Bounded in time by the channel itself;
    /// dropping the future gives it up, and the message may have arrived all the same.
    fn send<'a>(&'a self, address: &'a str, notice: &'a Notice) -> Sending<'a>;
}
