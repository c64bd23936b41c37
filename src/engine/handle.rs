//! What the doors hold of the engine: a snapshot to read and a channel to ask.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::TestedChannel;
use super::revocation::{NotHad, RevocationCommand};
use super::snapshot::Snapshot;
use crate::domain::alert::Alert;
use crate::domain::audit_event::{Actor, AuditEvent, Origin};
use crate::domain::time::Timestamp;
use crate::policy::alert::AckRefusal;

/// Who asks, through which door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// Through which door.
    pub origin: Origin,
}

/// What can be asked of the engine.
#[derive(Debug)]
pub enum Command {
    /// Read every source now, judge, and answer when it is committed.
    Scan {
        /// For the audit.
        caller: Caller,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<ScanReport, Refusal>>,
    },
    /// Load the configuration again.
    Reload {
        /// For the audit.
        caller: Caller,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<ReloadReport, Refusal>>,
    },
    /// Take an alert on.
    Acknowledge {
        /// Who.
        caller: Caller,
        /// Number of the alert.
        id: i64,
        /// From when on it speaks again.
        until: Timestamp,
        /// Why.
        reason: String,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<Alert, Refusal>>,
    },
    /// Send a test through every channel.
    TestAlerts {
        /// For the audit.
        caller: Caller,
        /// Mail addresses; those that news of the alerts go to when there is none.
        to: Vec<String>,
        /// Where the answers of the channels go.
        reply: oneshot::Sender<Result<Vec<TestedChannel>, Refusal>>,
    },
    /// Look at the clock now, do what is due, and answer when it is done.
    Look(oneshot::Sender<()>),
    /// Something about revocation lists.
    Revocation(RevocationCommand),
    /// Write down something a door refused.
    Note(AuditEvent),
}

/// What a scan did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ScanReport {
    /// Locations seen.
    pub seen: u64,
    /// Certificates met for the first time.
    pub new_certificates: u64,
    /// Locations that changed, appeared or went.
    pub changed_locations: u64,
    /// Items that could not be read.
    pub errors: u64,
    /// Sources that failed as a whole.
    pub failed_sources: Vec<String>,
    /// Findings opened and closed.
    pub findings_opened: u64,
    /// Findings closed.
    pub findings_closed: u64,
}

impl ScanReport {
    /// Adds another source's part.
    pub fn add(&mut self, other: Self) {
        self.seen += other.seen;
        self.new_certificates += other.new_certificates;
        self.changed_locations += other.changed_locations;
        self.errors += other.errors;
        self.failed_sources.extend(other.failed_sources);
        self.findings_opened += other.findings_opened;
        self.findings_closed += other.findings_closed;
    }
}

/// What a reload changed, one line each; empty when the files say what they said before.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReloadReport {
    /// Differences.
    pub changes: Vec<String>,
    /// Warnings of the loader.
    pub warnings: Vec<String>,
}

/// Why the engine did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The new configuration has mistakes; the old one stays.
    #[error("the configuration was not replaced: {} mistake(s)", mistakes.len())]
    Configuration {
        /// Every mistake, as `vigie config check` prints it.
        mistakes: Vec<String>,
        /// What is only odd, the same way: beside mistakes, nobody is told of it otherwise.
        warnings: Vec<String>,
    },
    /// The database did not take it.
    #[error("the database refused the change: {0}")]
    Store(String),
    /// An alert cannot be taken on like that.
    #[error("{0}")]
    Acknowledgement(AckRefusal),
    /// There is no channel, or nobody to write to.
    #[error("no channel is configured, or nobody has a mail address: see [notify] and [alerts]")]
    NoChannel,
    /// A test may only go to who is known here.
    #[error("an address is neither that of a person of the register nor in alerts.fallback")]
    UnknownAddress,
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
    /// Of the files of an import none was taken.
    #[error("{}", lists_in_words(.0))]
    Lists(Vec<NotHad>),
    /// No revocation list is called so.
    #[error("no revocation list is called {0}")]
    NoSuchList(String),
    /// More than one revocation list is called so.
    #[error("more than one revocation list is called so: name one of {}", .0.join(", "))]
    SeveralLists(Vec<String>),
    /// The files of a revocation list could not be removed.
    #[error("the revocation list could not be removed: {0}")]
    Disk(String),
    /// Nothing is awaited for this card or certificate.
    #[error("nothing is awaited for {0}")]
    NotAwaited(String),
    /// What was said about a card or a certificate cannot be so.
    #[error("{0}")]
    Opposition(String),
}

impl Refusal {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Configuration { .. } => "invalid_configuration",
            Self::Store(_) => "store_unavailable",
            Self::Acknowledgement(refusal) => refusal.reason(),
            Self::NoChannel => "no_channel",
            Self::UnknownAddress => "unknown_address",
            Self::Stopping => "stopping",
            Self::Lists(failed) => match failed.as_slice() {
                [(_, reason, _)] => reason,
                _ => "lists_refused",
            },
            Self::NoSuchList(_) => "not_found",
            Self::SeveralLists(_) => "ambiguous",
            Self::Disk(_) => "io",
            Self::NotAwaited(_) => "not_awaited",
            Self::Opposition(_) => "invalid_opposition",
        }
    }
}

fn lists_in_words(failed: &[NotHad]) -> String {
    match failed {
        [(from, _, message)] => format!("{from}: {message}"),
        several => format!("none of {} files was taken", several.len()),
    }
}

/// The engine as the doors see it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) commands: mpsc::Sender<Command>,
    snapshot: watch::Receiver<Arc<Snapshot>>,
}

impl Handle {
    pub(super) const fn new(commands: mpsc::Sender<Command>, snapshot: watch::Receiver<Arc<Snapshot>>) -> Self {
        Self { commands, snapshot }
    }

    /// The state as last committed. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.borrow())
    }

    /// Waits for a state that `is_so`, or for the end of the daemon.
    pub async fn wait_until(&self, is_so: impl Fn(&Snapshot) -> bool) {
        let mut states = self.snapshot.clone();
        // The engine is gone: so is the wait.
        states.wait_for(|snapshot| is_so(snapshot)).await.map(drop).unwrap_or_default();
    }

    /// Reads every source now. Returns when the result is committed.
    pub async fn scan(&self, caller: Caller) -> Result<ScanReport, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Scan { caller, reply }).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }

    /// Loads the configuration again.
    pub async fn reload(&self, caller: Caller) -> Result<ReloadReport, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Reload { caller, reply }).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }

    /// Takes an alert on. Returns when it is committed.
    pub async fn acknowledge(
        &self,
        caller: Caller,
        id: i64,
        until: Timestamp,
        reason: String,
    ) -> Result<Alert, Refusal> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Acknowledge { caller, id, until, reason, reply };
        self.commands.send(command).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }

    /// Sends a test through every channel and waits for what each answers.
    pub async fn test_alerts(&self, caller: Caller, to: Vec<String>) -> Result<Vec<TestedChannel>, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::TestAlerts { caller, to, reply }).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }

    /// Has the engine look at the clock and do what is due; for whoever sets the clock.
    pub async fn look(&self) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Look(reply)).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)
    }

    /// Has an event written to the audit trail. `false` when the engine is too busy to take it: a flood of refusals must not hold up
    /// the door, and the caller counts what was not written.
    #[must_use]
    pub fn note(&self, event: AuditEvent) -> bool {
        let queued = self.commands.try_send(Command::Note(event));
        if let Err(refused) = &queued {
            tracing::warn!(error = %refused, "an audit event of a door could not be queued");
        }
        queued.is_ok()
    }
}
