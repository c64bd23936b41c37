//! Gather, decide, commit, act. One loop owns the state; the doors read snapshots of it and send it commands.

mod alerts;
pub mod calendar;
pub mod card_listing;
mod cards;
mod delivery;
mod gather;
mod handle;
mod issuers;
pub mod lifecycle;
pub mod listing;
mod outbox;
mod reload;
mod revocation;
mod schedule;
pub mod snapshot;
mod tick;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

pub use alerts::{LIVED, TestedChannel, forecast_of};
pub use handle::{Caller, Command, Handle, Refusal, ReloadReport, ScanReport};
pub use revocation::{FetchReport, ForgetReport, ListWay, NotHad, RevocationCommand, freshness};
pub use schedule::{Jitter, Job};

pub use crate::policy::alert::forecast::Leaving;
pub use crate::policy::alert::{AckRefusal, speaking};

use crate::clock::SharedClock;
use crate::config::Config;
use crate::domain::alert::OpenAlerts;
use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use crate::domain::inventory::{Inventory, SourceState};
use crate::domain::lived::Lived;
use crate::domain::notice::Channel;
use crate::domain::observation::SourceName;
use crate::domain::reconcile::Gathered;
use crate::domain::time::Timestamp;
use crate::sources::Source;
use crate::sources::anchors::{Anchor, Anchors};
use crate::store::{Commit, LoadedOutbox, Store, StoreError};
use alerts::Tester;
use lifecycle::Supervisor;
use outbox::Outbox;
use revocation::Following;
use schedule::{Agenda, Timetable};
use snapshot::{AuditHead, LastScan, OpenFindings, Snapshot};

/// The longest sleep between two looks at the wall clock: a clock that is set is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The wall clock may drift this far against the monotonic one between two looks before it counts as set.
const CLOCK_TOLERANCE: i64 = 5;

/// Makes the channels of a configuration: the engine knows what they do and not what they are.
pub type MakeChannels = Arc<dyn Fn(&Config) -> Vec<Arc<dyn Channel>> + Send + Sync>;

/// What the composition root hands over.
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
    pub anchors: Anchors,
    /// What the database held.
    pub inventory: Inventory,
    /// What was open when the last run ended.
    pub findings: OpenFindings,
    /// Alerts that were not over.
    pub alerts: OpenAlerts,
    /// Number of the next alert.
    pub next_alert: i64,
    /// Messages that were still to be sent.
    pub outbox: LoadedOutbox,
    /// What was lived, as kept under [`LIVED`].
    pub lived: Lived,
    /// Makes the channels.
    pub make_channels: MakeChannels,
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
    card_news: cards::News,
    anchors: Arc<[Anchor]>,
    inventory: Arc<Inventory>,
    findings: Arc<OpenFindings>,
    alerts: Arc<OpenAlerts>,
    next_alert: i64,
    lived: Lived,
    outbox: Outbox,
    make_channels: MakeChannels,
    channels: Vec<Arc<dyn Channel>>,
    /// Messages on their way, one for each channel at the most.
    sending: JoinSet<delivery::Sent>,
    /// What came of messages and is in no row yet.
    unwritten: VecDeque<delivery::Sent>,
    testers: Vec<Tester>,
    tests: u64,
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
    /// By the monotonic clock.
    began: Duration,
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
        let agenda = Agenda::starting(&timetable(&config, &parts.jitter), now);
        let channels = (parts.make_channels)(&config);
        let sources = Source::all(&config, &[], &parts.clock);
        let inventory = Inventory {
            declaration: Arc::new(config.declaration.clone()),
            anchors: parts.anchors.anchors.iter().map(|anchor| Arc::clone(&anchor.facts)).collect(),
            anchor_errors: parts.anchors.errors.into(),
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
            card_news: cards::news(&sources),
            sources,
            anchors: parts.anchors.anchors.into(),
            inventory: Arc::new(inventory),
            findings: Arc::new(parts.findings),
            alerts: Arc::new(parts.alerts),
            next_alert: parts.next_alert,
            lived: parts.lived,
            outbox: Outbox::new(parts.outbox, monotonic),
            make_channels: parts.make_channels,
            channels,
            sending: JoinSet::new(),
            unwritten: VecDeque::new(),
            testers: Vec::new(),
            tests: 0,
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
        self.give_up_lost_channels().await;
        let caller = Caller { actor: Actor::Scheduler, origin: Origin::Internal };
        self.open_lists().await;
        // What is followed is not stored: without this look the findings about lists would close at every start, and open again after the scan.
        self.look_if_needed().await;
        self.begin_scan(caller, Vec::new());
        // A large file is not read whole before the start; it is now, beside everything else.
        let store = self.store.clone();
        let mut integrity = Some(tokio::spawn(async move { store.check_integrity().await }));
        loop {
            self.dispatch().await;
            let sleep = self.until_next_job().min(self.supervisor.until_next_beat());
            let sleep = sleep.min(self.until_next_message()).min(self.until_next_list());
            tokio::select! {
                biased;
                () = lifecycle::stopped(&mut stop) => break,
                Some(sent) = next_sent(&mut self.sending) => self.sent(sent).await,
                Some(finished) = next_source(&mut self.scan) => self.source_ended(finished).await,
                Some(ended) = self.following.next() => self.lists_ended(ended).await,
                Some(command) = commands.recv() => self.obey(command).await,
                () = cards::moved(&mut self.card_news) => self.cards_moved().await,
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
            Command::Acknowledge { caller, id, until, reason, reply } => {
                let result = self.acknowledge(&caller, id, until, reason).await;
                answer(reply, result);
            }
            Command::TestAlerts { caller, to, reply } => self.test_alerts(&caller, to, reply).await,
            Command::Look(reply) => {
                self.watch_clock().await;
                self.run_due_jobs().await;
                self.dispatch().await;
                answer(reply, ());
            }
            Command::Revocation(command) => self.obey_about_revocation(command).await,
            Command::Note(event) => self.note(event).await,
        }
    }

    fn timetable(&self) -> Timetable<'_> {
        timetable(&self.config, &self.jitter)
    }

    async fn run_due_jobs(&mut self) {
        let now = self.clock.now();
        let config = Arc::clone(&self.config);
        let due = self.agenda.take_due(&timetable(&config, &self.jitter), now);
        if due.is_empty() {
            return;
        }
        for job in due {
            let caller = Caller { actor: Actor::Scheduler, origin: Origin::Schedule };
            match job {
                Job::Scan if self.scan.is_some() => {
                    tracing::warn!("the scan before is still running: this turn is skipped")
                }
                Job::Scan => self.begin_scan(caller, Vec::new()),
                Job::Evaluate | Job::Alerts => self.evaluate(job, caller).await,
                Job::Digest => self.digest().await,
                Job::Crls => self.want_lists(),
            }
        }
        // Whatever a job did, or did not for a run that goes on: the doors show when its turn is again.
        self.publish();
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
        self.agenda = Agenda::starting(&self.timetable(), wall);
        self.following.clock_was_set();
        let event = self.event(Actor::Daemon, Origin::Internal, Action::ClockJump, "clock");
        self.note(AuditEvent { reason: Some(format!("{jump:+} s, from {before}")), ..event }).await;
        self.evaluate(Job::Evaluate, Caller { actor: Actor::Scheduler, origin: Origin::Internal }).await;
        self.make_up_digest().await;
    }

    async fn stop(mut self) {
        self.supervisor.stopping();
        if let Some(readers) = cards::readers_of(&self.sources) {
            readers.stop();
        }
        if let Some(scan) = self.scan.take() {
            scan.askers.into_iter().for_each(|reply| answer(reply, Err(Refusal::Stopping)));
        }
        self.testers.drain(..).for_each(|tester| answer(tester.reply, Err(Refusal::Stopping)));
        self.finish_sending().await;
        std::mem::take(&mut self.waiting).into_iter().for_each(|(_, reply)| answer(reply, Err(Refusal::Stopping)));
        let event = self.event(Actor::Daemon, Origin::Internal, Action::Stop, "daemon");
        // With when lists were last asked for: the next process does not ask again.
        let commit = Commit::new(event).revocation(Arc::new(self.unwritten_lists()));
        if let Err(refusal) = self.commit(commit, self.clock.now()).await {
            tracing::error!(error = %refusal, "an audit event could not be written");
        }
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
            && Arc::ptr_eq(&before.config, &self.config)
            && before.declared_read == self.declared_read;
        let counts =
            if same_state { before.status.counts } else { snapshot::Counts::of(&self.inventory, &self.findings) };
        let next_runs = Job::ALL.iter().filter_map(|job| Some((job.as_str(), self.agenda.due(*job)?))).collect();
        let (pending, failed) = self.outbox.counts(self.clock.now());
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
                alerts: self.alert_counts(&before, same_state),
                deliveries: snapshot::Deliveries { pending, failed },
                channels: self.channel_health(),
                audit: self.audit,
                store_failure: self.store_failure.clone(),
            },
            config: Arc::clone(&self.config),
            inventory: Arc::clone(&self.inventory),
            declared_read: self.declared_read,
            findings: Arc::clone(&self.findings),
            alerts: Arc::clone(&self.alerts),
            channels: self.reach().into(),
            failures: Arc::new(self.outbox.failures.clone()),
            list_times: self.following.fetch_times(),
            jitter: self.jitter,
            readers: cards::readers_of(&self.sources).map(|source| source.readers()),
            next_runs,
            listing: if same_state { Arc::clone(&before.listing) } else { Arc::default() },
            status_json: OnceLock::new(),
            last_runs: self.last_runs.iter().map(|(job, at)| (job.as_str(), *at)).collect(),
        };
        self.publish.send_replace(Arc::new(snapshot));
    }

    fn alert_counts(&self, before: &Snapshot, same_state: bool) -> snapshot::AlertCounts {
        if same_state && Arc::ptr_eq(&before.alerts, &self.alerts) {
            return before.status.alerts;
        }
        let (now, reach) = (self.clock.now(), self.reach());
        let ground = self.ground(&self.inventory, &reach);
        let mut counts = snapshot::AlertCounts::default();
        for alert in self.alerts.values() {
            counts.open += 1;
            counts.acknowledged += u64::from(alert.is_acknowledged(now));
            counts.unreachable += u64::from(crate::policy::alert::is_unreachable(&ground, alert, now));
        }
        counts
    }

    /// Every channel that is configured, those that never sent anything too.
    fn channel_health(&self) -> BTreeMap<String, crate::domain::delivery::ChannelHealth> {
        let health = |name: &str| self.outbox.channels.get(name).cloned().unwrap_or_default();
        self.channels.iter().map(|channel| (channel.name().to_owned(), health(channel.name()))).collect()
    }

    /// Whether a scan ever ended, in this run or before: until then nothing can be said to be missing.
    fn was_ever_scanned(&self) -> bool {
        self.last_scan.is_some() || self.inventory.sources.values().any(|state| state.last_success.is_some())
    }
}

fn timetable<'a>(config: &'a Config, jitter: &'a Jitter) -> Timetable<'a> {
    Timetable { schedule: &config.schedule, timezone: config.timezone, jitter, hour: config.alerts.hour }
}

/// What came of the next message to end.
async fn next_sent(sending: &mut JoinSet<delivery::Sent>) -> Option<delivery::Sent> {
    match sending.join_next().await? {
        Ok(sent) => Some(sent),
        Err(error) => {
            tracing::error!(error = %error, "a message was lost sight of");
            None
        }
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
