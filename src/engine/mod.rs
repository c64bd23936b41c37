//! Gather, decide, commit, act. One loop owns the state; the doors read snapshots of it and send it commands.

mod gather;
mod handle;
mod issuers;
pub mod lifecycle;
pub mod listing;
mod reload;
mod revocation;
mod schedule;
pub mod snapshot;
mod tick;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

pub use handle::{Caller, Command, Handle, Refusal, ReloadReport, ScanReport};
pub use revocation::{FetchReport, ListWay, RevocationCommand, freshness};
pub use schedule::{Jitter, Job};

use crate::clock::SharedClock;
use crate::config::Config;
use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use crate::domain::inventory::{Inventory, SourceState};
use crate::domain::observation::SourceName;
use crate::domain::reconcile::Gathered;
use crate::domain::time::Timestamp;
use crate::sources::anchors::Anchor;
use crate::sources::{self, Source};
use crate::store::{Store, StoreError};
use lifecycle::Supervisor;
use revocation::Following;
use schedule::Agenda;
use snapshot::{AuditHead, LastScan, OpenFindings, Snapshot};

/// The longest sleep between two looks at the wall clock: a clock that is set is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The wall clock may drift this far against the monotonic one between two looks before it counts as set.
const CLOCK_TOLERANCE: i64 = 5;

/// What the composition root hands over.
#[derive(Debug)]
pub struct Parts {
    /// Checked configuration.
    pub config: Config,
    /// Open database.
    pub store: Store,
    /// Clock.
    pub clock: SharedClock,
    /// Delays drawn at first start.
    pub jitter: Jitter,
    /// Trust anchors, read.
    pub anchors: Vec<Anchor>,
    /// What the database held.
    pub inventory: Inventory,
    /// What was open when the last run ended.
    pub findings: OpenFindings,
    /// Who fetches revocation lists, and what comes of it.
    pub lists: ListWay,
    /// Head of the audit trail.
    pub audit: AuditHead,
    /// Systemd, or nobody.
    pub supervisor: Supervisor,
}

/// The loop and the state it owns.
pub struct Engine {
    config: Arc<Config>,
    store: Store,
    clock: SharedClock,
    jitter: Jitter,
    agenda: Agenda,
    sources: Vec<Source>,
    anchors: Arc<[Anchor]>,
    inventory: Arc<Inventory>,
    findings: Arc<OpenFindings>,
    following: Following,
    audit: AuditHead,
    started_at: Timestamp,
    last_scan: Option<LastScan>,
    last_runs: BTreeMap<Job, Timestamp>,
    store_failure: Option<String>,
    /// The database was found damaged: nothing is written any more.
    damage: Option<String>,
    /// Nothing was judged yet under this declaration: the next turn judges even if it found everything as it was.
    must_judge: bool,
    /// The declared places were looked at since this declaration came into force.
    declared_read: bool,
    /// The anchors are not those the links to issuers were last sought in.
    new_anchors: bool,
    /// One run of a source at a time, even when one hangs.
    turns: gather::Turns,
    scan: Option<RunningScan>,
    /// Somebody asked while a scan was under way: what they want to see may have changed after its source was read.
    waiting: Vec<Waiting>,
    publish: watch::Sender<Arc<Snapshot>>,
    supervisor: Supervisor,
    clocks: (Timestamp, Duration),
}

type Waiting = (Caller, oneshot::Sender<Result<ScanReport, Refusal>>);

/// A scan under way: its sources end one by one, each committed as it ends.
struct RunningScan {
    sources: JoinSet<Gathered>,
    started_at: Timestamp,
    caller: Caller,
    report: ScanReport,
    failure: Option<Refusal>,
    askers: Vec<oneshot::Sender<Result<ScanReport, Refusal>>>,
}

impl Engine {
    /// The engine and the handle the doors hold. Nothing runs until [`Engine::run`].
    pub fn new(parts: Parts) -> (Self, Handle, mpsc::Receiver<Command>) {
        let now = parts.clock.now();
        let monotonic = parts.clock.monotonic();
        let config = Arc::new(parts.config);
        let agenda = Agenda::starting(&config.schedule, config.timezone, &parts.jitter, now);
        let sources = Source::all(&config);
        let inventory = Inventory {
            declaration: Arc::new(config.declaration.clone()),
            anchors: parts.anchors.iter().map(|anchor| Arc::clone(&anchor.facts)).collect(),
            sources: configured_only(parts.inventory.sources, &sources),
            ..parts.inventory
        };
        let (commands, receiver) = mpsc::channel(256);
        let (publish, snapshot) = watch::channel(Arc::new(Snapshot::empty(Arc::clone(&config), now)));
        let engine = Self {
            config,
            store: parts.store,
            clock: parts.clock,
            jitter: parts.jitter,
            agenda,
            sources,
            anchors: parts.anchors.into(),
            inventory: Arc::new(inventory),
            findings: Arc::new(parts.findings),
            following: Following::new(parts.lists),
            audit: parts.audit,
            started_at: now,
            last_scan: None,
            last_runs: BTreeMap::new(),
            store_failure: None,
            damage: None,
            must_judge: true,
            declared_read: false,
            new_anchors: true,
            turns: gather::Turns::default(),
            scan: None,
            waiting: Vec::new(),
            publish,
            supervisor: parts.supervisor,
            clocks: (now, monotonic),
        };
        engine.publish();
        (engine, Handle::new(commands, snapshot), receiver)
    }

    /// Runs until `stop` turns true. Every state change is committed before it is shown.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>, mut stop: watch::Receiver<bool>) {
        let started = self.event(Actor::Daemon, Origin::Internal, Action::Start, "daemon");
        self.note(AuditEvent { reason: Some(format!("version {}", env!("CARGO_PKG_VERSION"))), ..started }).await;
        self.supervisor.ready();
        let caller = Caller { actor: Actor::Scheduler, origin: Origin::Internal };
        self.retire_sources(&caller).await;
        self.open_lists().await;
        self.begin_scan(caller, Vec::new());
        // A large file is not read whole before the start; it is now, beside everything else.
        let store = self.store.clone();
        let mut integrity = Some(tokio::spawn(async move { store.check_integrity().await }));
        loop {
            let sleep = self.until_next_job().min(self.supervisor.until_next_beat()).min(self.until_next_list());
            tokio::select! {
                biased;
                () = lifecycle::stopped(&mut stop) => break,
                Some(finished) = next_source(&mut self.scan) => self.source_ended(finished).await,
                Some(ended) = self.following.next() => self.lists_ended(ended).await,
                Some(command) = commands.recv() => self.obey(command).await,
                checked = checked(&mut integrity) => self.integrity_checked(checked),
                () = tokio::time::sleep(sleep) => {}
            }
            self.supervisor.beat();
            self.watch_clock().await;
            self.run_due_jobs().await;
            self.follow_lists().await;
        }
        self.stop().await;
    }

    /// Lets go of what sources that are no longer configured had found: nobody would look at it again.
    async fn retire_sources(&mut self, caller: &Caller) {
        let left = sources::retired(&self.inventory, &self.sources, &self.clock);
        if left.is_empty() {
            return;
        }
        if let Err(refusal) = self.take_in(left, caller, false).await {
            tracing::error!(error = %refusal, "what a source left behind could not be cleared");
        }
        let mut inventory = Inventory::clone(&self.inventory);
        inventory.sources = configured_only(inventory.sources, &self.sources);
        self.inventory = Arc::new(inventory);
    }

    fn integrity_checked(&mut self, checked: Result<(), StoreError>) {
        if let Err(error) = checked {
            let refusal = self.store_refused(&error);
            tracing::error!(error = %refusal, "the check of the whole database failed");
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Scan { caller, reply } => {
                let asked = self.event(caller.actor.clone(), caller.origin, Action::ScanRequested, "sources");
                if let Err(refusal) = self.try_note(asked).await {
                    answer(reply, Err(refusal));
                } else if self.scan.is_some() {
                    self.waiting.push((caller, reply));
                } else {
                    self.begin_scan(caller, vec![reply]);
                }
            }
            Command::Reload { caller, reply } => {
                let result = self.reload(caller).await;
                answer(reply, result);
            }
            Command::Revocation(command) => self.obey_about_revocation(command).await,
            Command::Note(event) => self.note(event).await,
        }
    }

    async fn run_due_jobs(&mut self) {
        let now = self.clock.now();
        for job in self.agenda.take_due(&self.config.schedule, self.config.timezone, &self.jitter, now) {
            let caller = Caller { actor: Actor::Scheduler, origin: Origin::Schedule };
            match job {
                Job::Scan if self.scan.is_some() => {
                    tracing::warn!("the scan before is still running: this turn is skipped")
                }
                Job::Scan => self.begin_scan(caller, Vec::new()),
                Job::Evaluate => self.evaluate(caller).await,
                Job::Crls => self.want_lists(),
            }
        }
    }

    fn until_next_job(&self) -> Duration {
        let wait = self.agenda.next().map_or(i64::MAX, |due| due.unix().saturating_sub(self.clock.now().unix()));
        Duration::from_secs(u64::try_from(wait).unwrap_or(0)).min(LONGEST_SLEEP)
    }

    /// Notices a wall clock that was set, writes it down, and makes the agenda again: neither a jump ahead nor one back may
    /// leave a job waiting for years or run it once for each turn.
    async fn watch_clock(&mut self) {
        let (wall, monotonic) = (self.clock.now(), self.clock.monotonic());
        let passed = i64::try_from(monotonic.saturating_sub(self.clocks.1).as_secs()).unwrap_or(i64::MAX);
        let jump = wall.unix() - self.clocks.0.plus_seconds(passed).unix();
        let before = std::mem::replace(&mut self.clocks, (wall, monotonic)).0;
        if jump.abs() <= CLOCK_TOLERANCE {
            return;
        }
        tracing::warn!(clock.before = %before, clock.now = %wall, "the wall clock was set");
        self.agenda = Agenda::starting(&self.config.schedule, self.config.timezone, &self.jitter, wall);
        let event = self.event(Actor::Daemon, Origin::Internal, Action::ClockJump, "clock");
        self.note(AuditEvent { reason: Some(format!("{jump:+} s, from {before}")), ..event }).await;
        self.evaluate(Caller { actor: Actor::Scheduler, origin: Origin::Internal }).await;
    }

    async fn stop(mut self) {
        self.supervisor.stopping();
        if let Some(scan) = self.scan.take() {
            scan.askers.into_iter().for_each(|reply| answer(reply, Err(Refusal::Stopping)));
        }
        std::mem::take(&mut self.waiting).into_iter().for_each(|(_, reply)| answer(reply, Err(Refusal::Stopping)));
        let event = self.event(Actor::Daemon, Origin::Internal, Action::Stop, "daemon");
        self.note(event).await;
        self.store.close().await;
        tracing::info!("stopped");
    }

    fn event(&self, actor: Actor, origin: Origin, action: Action, object: impl Into<String>) -> AuditEvent {
        AuditEvent {
            at: self.clock.now(),
            actor,
            origin,
            action,
            object: object.into(),
            outcome: AuditOutcome::Done,
            reason: None,
        }
    }

    fn publish(&self) {
        let before = Arc::clone(&self.publish.borrow());
        // Most snapshots differ by an audit event only: what is costly to make goes from one to the next.
        let same_state = Arc::ptr_eq(&before.inventory, &self.inventory)
            && Arc::ptr_eq(&before.findings, &self.findings)
            && Arc::ptr_eq(&before.config, &self.config);
        let counts =
            if same_state { before.status.counts } else { snapshot::Counts::of(&self.inventory, &self.findings) };
        let next_runs = Job::ALL.iter().filter_map(|job| Some((job.as_str(), self.agenda.due(*job)?))).collect();
        let snapshot = Snapshot {
            status: snapshot::Status {
                version: env!("CARGO_PKG_VERSION"),
                node: self.config.node.clone(),
                started_at: self.started_at,
                counts,
                worst: match (&self.store_failure, self.was_ever_scanned()) {
                    (None, true) => snapshot::Worst::of(&self.findings),
                    _ => snapshot::Worst::Unknown,
                },
                last_scan: self.last_scan.clone(),
                crls: if same_state { before.status.crls.clone() } else { self.list_lines() },
                deliveries: snapshot::Deliveries::default(),
                audit: self.audit,
                store_failure: self.store_failure.clone(),
            },
            config: Arc::clone(&self.config),
            inventory: Arc::clone(&self.inventory),
            findings: Arc::clone(&self.findings),
            next_runs,
            listing: if same_state { Arc::clone(&before.listing) } else { Arc::default() },
            status_json: OnceLock::new(),
            last_runs: self.last_runs.iter().map(|(job, at)| (job.as_str(), *at)).collect(),
        };
        self.publish.send_replace(Arc::new(snapshot));
    }

    /// Whether a scan ever ended, in this run or before: until then nothing can be said to be missing.
    fn was_ever_scanned(&self) -> bool {
        self.last_scan.is_some() || self.inventory.sources.values().any(|state| state.last_success.is_some())
    }
}

/// The states of the sources that are configured: a source that is gone has no state to judge.
fn configured_only(
    mut states: BTreeMap<SourceName, SourceState>,
    sources: &[Source],
) -> BTreeMap<SourceName, SourceState> {
    states.retain(|name, _| sources.iter().any(|source| source.name() == *name));
    states
}

/// The codes of every rule, so that each has its series even while it is silent.
pub fn rule_codes() -> impl Iterator<Item = &'static str> {
    crate::policy::RULES.iter().map(|rule| rule.code)
}

/// What a rule stands on; empty for a code of another version.
pub fn rule_reference(code: &str) -> &'static str {
    crate::policy::RULES.iter().find(|rule| rule.code == code).map_or("", |rule| rule.reference)
}

/// The next source of the running scan to end. Waits for ever when none is running, so that the loop's other arms decide.
async fn next_source(scan: &mut Option<RunningScan>) -> Option<Vec<Gathered>> {
    match scan {
        None => std::future::pending().await,
        Some(scan) => gather::next(&mut scan.sources).await,
    }
}

/// The end of the integrity check; waits for ever once it has been told.
async fn checked(check: &mut Option<tokio::task::JoinHandle<Result<(), StoreError>>>) -> Result<(), StoreError> {
    let Some(running) = check else { return std::future::pending().await };
    let ended = running.await;
    *check = None;
    ended.unwrap_or_else(|error| {
        tracing::error!(error = %error, "the database could not be checked as a whole");
        Ok(())
    })
}

/// Answers somebody who may have left.
fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    if reply.send(value).is_err() {
        tracing::debug!("the asker left before the answer");
    }
}
