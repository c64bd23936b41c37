//! The events of the audit trail and their canonical form, over which the chain of hashes runs.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::fingerprint::Fingerprint;
use super::offer::{UnknownWord, spelled};
use super::time::Timestamp;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The daemon's own schedule.
    Scheduler,
    /// The daemon itself: start, stop, signal.
    Daemon,
    /// A local user, by peer credentials of the Unix socket.
    User {
        /// Numeric id.
        uid: u32,
        /// Login name when the system knows one.
        login: Option<String>,
    },
    /// The holder of an API token.
    Token {
        /// First 12 hex digits of the token's SHA-256.
        id: String,
    },
    /// Nobody was recognised.
    Anonymous,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheduler => f.write_str("scheduler"),
            Self::Daemon => f.write_str("daemon"),
            Self::User { uid, login: Some(login) } => write!(f, "uid:{uid}({login})"),
            Self::User { uid, login: None } => write!(f, "uid:{uid}"),
            Self::Token { id } => write!(f, "token:{id}"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

spelled! {
    /// Which door it came through.
    Origin, "origin" {
        /// The Unix socket.
        Socket = "socket",
        /// The TCP listener.
        Tcp = "tcp",
        /// The schedule.
        Schedule = "schedule",
        /// A signal.
        Signal = "signal",
        /// The daemon's own life.
        Internal = "internal",
    }
}

spelled! {
    /// How it ended.
    AuditOutcome, "outcome" {
        /// Done.
        Done = "done",
        /// Refused before it began.
        Refused = "refused",
        /// Began and failed.
        Failed = "failed",
    }
}

spelled! {
    /// What was done. Names are stable: exports and searches rest on them.
    Action, "action" {
        /// The daemon started.
        Start = "start",
        /// The daemon stopped.
        Stop = "stop",
        /// A new declaration was loaded or refused.
        Reload = "reload",
        /// Sources were read.
        Scan = "scan",
        /// A certificate was seen for the first time.
        CertificateSeen = "certificate_seen",
        /// A location no longer holds what it held.
        LocationGone = "location_gone",
        /// A card was put into a reader, and read.
        CardInserted = "card_inserted",
        /// A card was taken out of its reader.
        CardRemoved = "card_removed",
        /// A card that is where it was says something else than before.
        CardChanged = "card_changed",
        /// A rule began to speak of a subject.
        FindingOpened = "finding_opened",
        /// Its severity or facts changed.
        FindingChanged = "finding_changed",
        /// It fell silent.
        FindingClosed = "finding_closed",
        /// An alert opened.
        AlertOpened = "alert_opened",
        /// Alerts spoke, or changed without a word of theirs.
        AlertsJudged = "alerts_judged",
        /// Somebody took an alert on, or was refused to.
        AlertAcknowledged = "alert_acknowledged",
        /// An alert is over.
        AlertResolved = "alert_resolved",
        /// Somebody asked for a test of the channels.
        AlertTest = "alert_test",
        /// The monthly word was made.
        Digest = "digest",
        /// An attempt at a message began, or failed and will be repeated.
        DeliveryBegun = "delivery_begun",
        /// The other side took a message.
        Delivered = "delivered",
        /// The other side will never take a message at that address.
        DeliveryRefused = "delivery_refused",
        /// A message was tried for as long as the settings say.
        DeliveryGivenUp = "delivery_given_up",
        /// Messages no longer leave through a channel.
        ChannelFailed = "channel_failed",
        /// Somebody asked for a scan.
        ScanRequested = "scan_requested",
        /// Somebody was refused.
        AccessDenied = "access_denied",
        /// The wall clock moved against the monotonic one.
        ClockJump = "clock_jump",
        /// A revocation list replaced the one held, or came for the first time.
        CrlTaken = "crl_taken",
        /// A revocation list could not be had, or was refused; the one held stays.
        CrlRefused = "crl_refused",
        /// Somebody had a revocation list forgotten: the next one is taken whatever its number.
        CrlForgotten = "crl_forgotten",
        /// Somebody asked for the revocation lists.
        CrlsRequested = "crls_requested",
        /// A list says that a certificate is revoked.
        CertificateRevoked = "certificate_revoked",
        /// What is known of the revocation of a certificate changed otherwise.
        RevocationStatusChanged = "revocation_status_changed",
        /// An opposition or a request for revocation was declared.
        OppositionDeclared = "opposition_declared",
        /// Somebody said that it was declared at another moment.
        OppositionCorrected = "opposition_corrected",
        /// Somebody said that it was never declared.
        OppositionWithdrawn = "opposition_withdrawn",
        /// Every certificate of what was awaited expired before a list said so.
        OppositionExpired = "opposition_expired",
        /// What was declared was seen in a revocation list.
        OppositionSeen = "opposition_seen",
        /// The database schema was brought up to date.
        Migrate = "migrate",
    }
}

/// An event before it has its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Wall clock, UTC.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// Through which door.
    pub origin: Origin,
    /// What.
    pub action: Action,
    /// On what: a [`super::finding::Subject`], a source, a file, `daemon`. Register ids, never names of persons.
    pub object: String,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Why it was refused or failed, or what it changed. One line.
    pub reason: Option<String>,
}

/// An event in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedEvent {
    /// 1 for the first event of the database, without gaps.
    pub seq: i64,
    /// The boot of the machine it happened in, as `/proc/sys/kernel/random/boot_id` gives it.
    pub boot_id: Arc<str>,
    /// The node that wrote it.
    pub node: Arc<str>,
    /// The event.
    pub event: AuditEvent,
    /// Hash of the event before, all zero for the first.
    pub previous: Fingerprint,
}

impl ChainedEvent {
    /// The bytes the hash runs over: JSON with its keys in order, no white space, strings and integers only, which is the
    /// form RFC 8785 gives; any language can make it again. `hash = SHA-256(canonical)`.
    pub fn canonical(&self) -> Vec<u8> {
        let AuditEvent { at, actor, origin, action, object, outcome, reason } = &self.event;
        let canonical = Canonical {
            action: *action,
            actor,
            at: *at,
            boot_id: &self.boot_id,
            node: &self.node,
            object,
            origin: *origin,
            outcome: *outcome,
            previous: self.previous,
            reason: reason.as_deref(),
            seq: self.seq,
        };
        // Nothing in it can fail: texts and integers, written into memory.
        serde_json::to_vec(&canonical).unwrap_or_default()
    }
}

/// The fields in the order RFC 8785 asks for.
#[derive(Serialize)]
struct Canonical<'a> {
    action: Action,
    #[serde(serialize_with = "shown")]
    actor: &'a Actor,
    at: Timestamp,
    boot_id: &'a str,
    node: &'a str,
    object: &'a str,
    origin: Origin,
    outcome: AuditOutcome,
    previous: Fingerprint,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    seq: i64,
}

fn shown<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_has_its_keys_in_order_and_no_white_space() {
        let event = AuditEvent {
            at: Timestamp::from_unix(1_800_000_000),
            actor: Actor::User { uid: 0, login: Some("a \"b\"".to_owned()) },
            origin: Origin::Socket,
            action: Action::Scan,
            object: "é\n\u{1f4a9}\u{1}".to_owned(),
            outcome: AuditOutcome::Refused,
            reason: Some(String::new()),
        };
        let chained =
            ChainedEvent { seq: 7, boot_id: "b".into(), node: "n".into(), event, previous: Fingerprint([0xab; 32]) };
        let canonical = chained.canonical();
        let sorted: std::collections::BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&canonical).expect("JSON");
        assert_eq!(sorted.len(), 11);
        assert_eq!(serde_json::to_vec(&sorted).expect("written"), canonical);
        let without = ChainedEvent { event: AuditEvent { reason: None, ..chained.event.clone() }, ..chained };
        assert!(!String::from_utf8(without.canonical()).expect("UTF-8").contains("reason"));
    }
}
