//! The immutable state the doors read: made once per commit, shared by reference, never waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use super::listing::Listing;
use super::schedule::Jitter;
use crate::config::Config;
use crate::domain::alert::OpenAlerts;
use crate::domain::declaration::DeclaredCertificate;
use crate::domain::delivery::ChannelHealth;
use crate::domain::finding::{FindingKey, FindingRecord, Severity};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::Inventory;
use crate::domain::notice::Reach;
use crate::domain::observation::Location;
use crate::domain::revocation::Status as RevocationStatus;
use crate::domain::time::Timestamp;
use crate::revocation::FetchTimes;
pub use crate::sources::smart_card::{ReaderView, ReadersView};

/// Findings that are open now, by key.
pub type OpenFindings = BTreeMap<FindingKey, FindingRecord>;

/// One state of the daemon.
#[derive(Debug)]
pub struct Snapshot {
    /// The configuration in force.
    pub config: Arc<Config>,
    /// Declared and found.
    pub inventory: Arc<Inventory>,
    /// The declared places were looked at under this declaration.
    pub declared_read: bool,
    /// What the rules say.
    pub findings: Arc<OpenFindings>,
    /// Alerts that are not over.
    pub alerts: Arc<OpenAlerts>,
    /// The ways out, by name.
    pub channels: Arc<[(String, Reach)]>,
    /// Failed attempts since the start, by channel and reason.
    pub failures: Arc<BTreeMap<(String, String), u64>>,
    /// What fetches of revocation lists took since the start.
    pub list_times: FetchTimes,
    /// Delays of the jobs.
    pub jitter: Jitter,
    /// The answer of `/api/v1/status` but for the instant it is asked.
    pub status: Status,
    /// The card readers as they stood; `None` where none are watched.
    pub readers: Option<ReadersView>,
    /// Next run of each job.
    pub next_runs: Vec<(&'static str, Timestamp)>,
    /// The rows of lists, made when first asked for.
    pub(super) listing: Arc<OnceLock<Arc<Listing>>>,
    pub(super) status_json: OnceLock<String>,
    /// Last end of each job.
    pub last_runs: Vec<(&'static str, Timestamp)>,
}

/// The last scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastScan {
    /// First source began.
    pub started_at: Timestamp,
    /// Last source ended.
    pub finished_at: Timestamp,
    /// Locations seen.
    pub seen: u64,
    /// Items that could not be read.
    pub errors: u64,
    /// Sources that failed as a whole.
    pub failed_sources: Vec<String>,
}

/// `/api/v1/status` of the contract, without `now`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Of the program.
    pub version: &'static str,
    /// Name of this machine.
    pub node: String,
    /// Of the daemon.
    pub started_at: Timestamp,
    /// Numbers.
    pub counts: Counts,
    /// The worst that is open.
    pub worst: Worst,
    /// Last scan, `null` before the first.
    pub last_scan: Option<LastScan>,
    /// Revocation lists that are followed.
    pub crls: Vec<serde_json::Value>,
    /// Alerts that are not over.
    pub alerts: AlertCounts,
    /// Messages under way.
    pub deliveries: Deliveries,
    /// How each channel does, by name.
    pub channels: BTreeMap<String, ChannelHealth>,
    /// Head of the audit trail.
    pub audit: AuditHead,
    /// Why the last commit failed, when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_failure: Option<String>,
}

/// Counts of the status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Certificates declared.
    pub declared: usize,
    /// Certificates found somewhere now.
    pub found: usize,
    /// Declared and not found.
    pub missing: usize,
    /// Found, of interest and not declared.
    pub undeclared: usize,
    /// Inside an alert step.
    pub expiring: usize,
    /// Past their end.
    pub expired: usize,
    /// Seen on a revocation list.
    pub revoked: usize,
    /// Declared certificates present whose revocation status is not known: unknown is never good.
    pub unknown_revocation: usize,
    /// Cards declared or found, each number once.
    pub cards: usize,
}

/// Worst state, as scripts want it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Worst {
    /// Nothing above `info` is open.
    Ok,
    /// Warnings are open.
    Warning,
    /// Critical findings are open.
    Critical,
    /// No scan was ever finished, or the database does not take changes: what is shown cannot be trusted.
    Unknown,
}

/// Alerts that are not over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AlertCounts {
    /// Their finding is true.
    pub open: u64,
    /// Of those, somebody took them on; counted as of the last change.
    pub acknowledged: u64,
    /// Of those, nobody can be told: no channel, or nobody with an address.
    pub unreachable: u64,
}

/// Messages under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Deliveries {
    /// Not yet taken by the other side.
    pub pending: u64,
    /// Refused or given up in the last thirty days.
    pub failed: u64,
}

/// Head of the audit trail: note it elsewhere, and a trail cut short or rolled back shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AuditHead {
    /// Sequence of the last event.
    pub seq: i64,
    /// Its hash.
    pub head: Fingerprint,
}

impl Snapshot {
    /// The rows of lists. The first caller pays for making them; call it where blocking is allowed.
    pub fn listing(&self, now: Timestamp) -> Arc<Listing> {
        Arc::clone(self.listing.get_or_init(|| Arc::new(Listing::of(self, now))))
    }

    /// Moves on with every change in the readers; 0 where none are watched.
    pub fn card_revision(&self) -> u64 {
        self.readers.as_ref().map_or(0, |readers| readers.revision)
    }

    /// The status as one JSON object, written once per snapshot.
    pub fn status_json(&self) -> &str {
        self.status_json.get_or_init(|| serde_json::to_string(&self.status).unwrap_or_else(|_| "{}".to_owned()))
    }

    /// The state before anything was loaded.
    pub(super) fn empty(config: Arc<Config>, now: Timestamp) -> Self {
        let status = Status {
            version: env!("CARGO_PKG_VERSION"),
            node: config.node.clone(),
            started_at: now,
            counts: Counts::default(),
            worst: Worst::Unknown,
            last_scan: None,
            crls: Vec::new(),
            alerts: AlertCounts::default(),
            deliveries: Deliveries::default(),
            channels: BTreeMap::new(),
            audit: AuditHead { seq: 0, head: Fingerprint([0; 32]) },
            store_failure: None,
        };
        Self {
            config,
            inventory: Arc::default(),
            declared_read: false,
            findings: Arc::default(),
            alerts: Arc::default(),
            channels: [].into(),
            failures: Arc::default(),
            list_times: FetchTimes::default(),
            jitter: Jitter::default(),
            status,
            readers: None,
            next_runs: Vec::new(),
            listing: Arc::default(),
            status_json: OnceLock::new(),
            last_runs: Vec::new(),
        }
    }
}

impl Worst {
    /// The worst of the open findings.
    pub fn of(findings: &OpenFindings) -> Self {
        match findings.values().map(|record| record.finding.severity).max() {
            Some(Severity::Critical) => Self::Critical,
            Some(Severity::Warning) => Self::Warning,
            Some(Severity::Info) | None => Self::Ok,
        }
    }
}

impl Counts {
    /// Counts over one state. Findings are the only judge: a certificate is expiring when the rule says so.
    pub fn of(inventory: &Inventory, findings: &OpenFindings) -> Self {
        let mut found: Vec<Fingerprint> =
            inventory.observations.values().flat_map(|observation| observation.certificates()).collect();
        found.sort_unstable();
        found.dedup();
        let count = |code: &str| findings.keys().filter(|key| key.code == code).count();
        let declaration = &inventory.declaration;
        // A certificate whose file and key are both absent is one certificate and two findings.
        let bare = |key: &'_ FindingKey| key.subject.split(" @ ").next().unwrap_or_default().to_owned();
        let absent: BTreeSet<String> = findings.keys().filter(|key| key.code == "missing").map(bare).collect();
        let missing = absent.len();
        let revocation = &inventory.revocation;
        let unknown = |declared: &&DeclaredCertificate| {
            let own = leaf_of(inventory, declared);
            own.is_some_and(|own| revocation.status(&own) == RevocationStatus::Unknown)
        };
        Self {
            declared: declaration.certificates.len(),
            found: found.len(),
            missing,
            undeclared: count("undeclared"),
            expiring: count("expiring"),
            expired: count("expired"),
            revoked: found.iter().filter(|found| revocation.status(found) == RevocationStatus::Revoked).count(),
            unknown_revocation: declaration.certificates.values().filter(unknown).count(),
            cards: super::card_listing::count(inventory),
        }
    }
}

/// The certificate that stands in the place a declared one should be in.
fn leaf_of(inventory: &Inventory, declared: &DeclaredCertificate) -> Option<Fingerprint> {
    let file = declared.certificate_path().map(|path| Location::File(path.clone()));
    let served = || declared.endpoints.first().map(|endpoint| Location::Endpoint(endpoint.clone().into()));
    let place = file.or_else(served)?;
    let leaf = inventory.at(&place).find(|record| !record.facts.is_ca).or_else(|| inventory.at(&place).next());
    leaf.map(|record| record.facts.fingerprint)
}
