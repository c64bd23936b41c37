//! What the doors hold of the engine: a snapshot to read and a channel to ask.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::revocation::RevocationCommand;
use super::snapshot::Snapshot;
use crate::domain::audit_event::{Actor, AuditEvent, Origin};

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
    },
    /// The database did not take it.
    #[error("the database refused the change: {0}")]
    Store(String),
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
    /// A revocation list was not taken.
    #[error("{message}")]
    List {
        /// Stable code.
        reason: &'static str,
        /// One line.
        message: String,
    },
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
            Self::Stopping => "stopping",
            Self::List { reason, .. } => reason,
            Self::Opposition(_) => "invalid_opposition",
        }
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

    /// Has an event written to the audit trail. When the engine is too busy to take it the event is told to the log instead:
    /// a flood of refusals must not hold up the door.
    pub fn note(&self, event: AuditEvent) {
        if let Err(refused) = self.commands.try_send(Command::Note(event)) {
            tracing::warn!(error = %refused, "an audit event of a door could not be queued");
        }
    }
}
