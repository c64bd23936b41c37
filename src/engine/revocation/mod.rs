//! Revocation in the life of the daemon: which lists are wanted and when, what they said of the certificates at hand, what is awaited of them.
//!
//! Certificates name lists; [`crate::revocation`] fetches them on a thread of its own; what it took is judged here, committed, and only then shown.

mod awaited;
mod due;
mod ended;
mod forget;
mod look;

pub use forget::ForgetReport;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::handle::{Caller, Command, Handle, Refusal};
use super::{Engine, answer};
use crate::domain::audit_event::{Action, Actor, AuditEvent, Origin};
use crate::domain::crl::{Awaited, AwaitedSubject, CrlName, CrlState, Revocations, Trouble};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::Inventory;
use crate::domain::reconcile::Changes;
use crate::domain::time::Timestamp;
use crate::revocation::{
    Expected, FetchTimes, Gate, Import, Keeper, ListName, Outcome, Point, Setup, Trust, Wanted, point_name,
};
use crate::store::Commit;

/// Who fetches lists, and what comes of it.
#[derive(Debug)]
pub struct ListWay {
    /// Who fetches.
    pub keeper: Keeper,
    /// What comes of it.
    pub outcomes: mpsc::UnboundedReceiver<Outcome>,
}

/// What can be asked about revocation.
#[derive(Debug)]
pub enum RevocationCommand {
    /// Ask for every list now.
    Fetch {
        /// For the audit.
        caller: Caller,
        /// Where the answer goes, when every list was had or not.
        reply: oneshot::Sender<Result<FetchReport, Refusal>>,
    },
    /// Take a list from a file, or lists from a folder.
    Import {
        /// For the audit.
        caller: Caller,
        /// The file or folder, as the daemon sees it.
        path: PathBuf,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<FetchReport, Refusal>>,
    },
    /// Forget a list: what is held of it, and what is known of it.
    Forget {
        /// For the audit.
        caller: Caller,
        /// Its name, one of its addresses, or the issuer of one that was imported.
        list: String,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<ForgetReport, Refusal>>,
    },
    /// An opposition or a request for revocation was declared to the ANS.
    Await {
        /// For the audit.
        caller: Caller,
        /// Of what.
        what: AwaitedSubject,
        /// When it was declared; now, when nobody says.
        declared_at: Option<Timestamp>,
        /// Where the answer goes: when it was seen already, the moment.
        reply: oneshot::Sender<Result<Awaited, Refusal>>,
    },
    /// An opposition or a request for revocation was never declared.
    Withdraw {
        /// For the audit.
        caller: Caller,
        /// Of what.
        what: AwaitedSubject,
        /// Why, in one line.
        reason: String,
        /// Where the answer goes: what was awaited.
        reply: oneshot::Sender<Result<Awaited, Refusal>>,
    },
}

/// A list that was not had: its label, or the file, a stable code and one line.
pub type NotHad = (String, &'static str, String);

/// What asking for lists gave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FetchReport {
    /// Lists that are new.
    pub taken: u64,
    /// Lists that are the same as before.
    pub unchanged: u64,
    /// Lists that were not had.
    pub failed: Vec<NotHad>,
}

/// What the engine keeps beside the state that is stored.
pub(super) struct Following {
    way: ListWay,
    /// Lists that certificates or the configuration name.
    points: BTreeMap<CrlName, Point>,
    /// Lists that are being fetched, and [`Following::trusts`] when they were sent for.
    busy: BTreeMap<CrlName, u64>,
    /// When the schedule, or somebody, wants a list.
    scheduled: BTreeMap<CrlName, Timestamp>,
    /// Lists whose last turn was looked for are those of `points`; not so at the start, and after the clock was set.
    caught_up: bool,
    /// Certificates, lists or settings are not those that were last looked at.
    must_look: bool,
    /// When a look gives another answer by time alone.
    look_again: Option<Timestamp>,
    /// Lists whose last state is not in the database yet.
    unwritten: BTreeSet<CrlName>,
    /// The configured files were read since the start, since they changed, and since other authorities are believed.
    files_were_read: bool,
    /// How often other authorities came to be believed or another clock, and how often it had when refused lists were last wanted again.
    trusts: u64,
    trusts_seen: u64,
    setup: Arc<Setup>,
    /// DER of authorities that was read from the database.
    authorities: HashMap<Fingerprint, Arc<[u8]>>,
    askers: Vec<Asker>,
    /// Those who wait for lists from files.
    imports: HashMap<u64, Importer>,
    tickets: u64,
}

/// Somebody who waits for lists.
struct Asker {
    waiting: BTreeSet<CrlName>,
    report: FetchReport,
    reply: oneshot::Sender<Result<FetchReport, Refusal>>,
}

/// Somebody who waits for lists from files.
struct Importer {
    report: FetchReport,
    /// The database did not take what came of one.
    refused: Option<Refusal>,
    reply: oneshot::Sender<Result<FetchReport, Refusal>>,
}

impl Following {
    pub(super) fn new(way: ListWay) -> Self {
        Self {
            way,
            points: BTreeMap::new(),
            busy: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            caught_up: false,
            must_look: true,
            look_again: None,
            unwritten: BTreeSet::new(),
            files_were_read: false,
            trusts: 0,
            trusts_seen: 0,
            setup: Arc::new(Setup { config: crate::config::RevocationConfig::default(), trust: Trust::default() }),
            authorities: HashMap::new(),
            askers: Vec::new(),
            imports: HashMap::new(),
            tickets: 0,
        }
    }

    /// The lists that just ended; those that ended at the same time are looked at together.
    pub(super) async fn next(&mut self) -> Option<Vec<Outcome>> {
        let mut ended = vec![self.way.outcomes.recv().await?];
        ended.extend(self.ended_by_now());
        Some(ended)
    }

    /// The lists that ended and nobody looked at yet.
    fn ended_by_now(&mut self) -> Vec<Outcome> {
        std::iter::from_fn(|| self.way.outcomes.try_recv().ok()).collect()
    }

    pub(super) fn fetch_times(&self) -> FetchTimes {
        self.way.keeper.times()
    }

    pub(super) fn certificates_changed(&mut self, changes: &Changes) {
        self.must_look |= !changes.is_quiet();
    }

    /// The lists are asked again, whatever did or did not change.
    pub(super) const fn look_at_next_chance(&mut self) {
        self.must_look = true;
    }

    pub(super) fn settings_changed(&mut self, config: &crate::config::RevocationConfig) {
        // At once: whoever reloaded is told that it is so.
        self.way.keeper.allow(Gate::new(config));
        self.must_look = true;
        self.files_were_read = false;
    }

    /// What was to come by the old clock is reckoned anew by the new one.
    pub(super) fn clock_was_set(&mut self) {
        self.must_look = true;
        self.look_again = None;
        self.scheduled.clear();
        self.caught_up = false;
        // What was refused, or is about to be, was judged by the old one.
        self.trusts += 1;
    }
}

impl Engine {
    pub(super) async fn obey_about_revocation(&mut self, command: RevocationCommand) {
        match command {
            RevocationCommand::Fetch { caller, reply } => match self.note_request(&caller, "crls").await {
                Err(refusal) => answer(reply, Err(refusal)),
                Ok(()) => self.fetch_all(reply).await,
            },
            RevocationCommand::Import { caller, path, reply } => {
                match self.note_request(&caller, &format!("file:{}", path.display())).await {
                    Err(refusal) => answer(reply, Err(refusal)),
                    Ok(()) => self.import(vec![path], Some(reply)),
                }
            }
            RevocationCommand::Forget { caller, list, reply } => {
                let result = self.forget(&caller, &list).await;
                answer(reply, result);
            }
            RevocationCommand::Await { caller, what, declared_at, reply } => {
                let result = self.await_revocation(&caller, what, declared_at).await;
                answer(reply, result);
            }
            RevocationCommand::Withdraw { caller, what, reason, reply } => {
                let result = self.withdraw(&caller, what, &reason).await;
                answer(reply, result);
            }
        }
    }

    async fn note_request(&mut self, caller: &Caller, object: &str) -> Result<(), Refusal> {
        let asked = self.event(caller.actor.clone(), caller.origin, Action::CrlsRequested, object);
        self.try_note(asked).await
    }

    async fn fetch_all(&mut self, reply: oneshot::Sender<Result<FetchReport, Refusal>>) {
        self.look_if_needed().await;
        self.import_configured();
        let now = self.clock.now();
        let names: Vec<CrlName> = self.following.points.keys().cloned().collect();
        for name in &names {
            self.following.scheduled.insert(Arc::clone(name), now);
        }
        let asker = Asker { waiting: names.into_iter().collect(), report: FetchReport::default(), reply };
        self.following.askers.push(asker);
        self.want_due(now);
        self.following.answer_askers();
    }

    /// Puts the lists of the folder on the shelf, before anything is judged.
    pub(super) async fn open_lists(&mut self) {
        self.renew_setup().await;
        let loaded = self.following.way.keeper.load(Arc::clone(&self.following.setup)).await.unwrap_or_default();
        let mut known = Revocations::clone(&self.inventory.revocation);
        for state in known.lists.values_mut() {
            state.followed = false;
        }
        let mut found = BTreeSet::new();
        let caller = Caller { actor: Actor::Daemon, origin: Origin::Internal };
        let mut events = Vec::new();
        for (name, list) in loaded {
            let name: CrlName = name.as_str().into();
            let state = known.lists.entry(Arc::clone(&name)).or_default();
            let other = state.held.as_ref().map(|held| held.identity) != Some(list.held.identity);
            (state.issuer, state.delta) = (list.issuer, list.delta);
            if other {
                // It took the place of the other one, and the process ended before that was written down.
                state.held = Some(list.held);
                (state.validators, state.taken_from, state.from_file) = Default::default();
                let told = format!("{}, found in its folder at the start", ended::list_in_words(state));
                events.push(event_of(self, &caller, Action::CrlTaken, format!("crl:{}", state.label()), told));
                self.following.unwritten.insert(Arc::clone(&name));
            }
            found.insert(name);
        }
        for (name, state) in &mut known.lists {
            if !found.contains(name) {
                lost(state);
            }
        }
        self.show_revocation(known);
        let mut events = events.into_iter();
        if let Some(first) = events.next() {
            let commit = Commit::new(first).events(events).revocation(Arc::new(self.unwritten_lists()));
            match self.commit(commit, self.clock.now()).await {
                Ok(()) => self.following.unwritten.clear(),
                Err(refusal) => tracing::error!(error = %refusal, "lists that were found could not be written down"),
            }
        }
    }

    /// Makes damaged indexes again.
    async fn mend_lists(&mut self) {
        let given_up = self.following.way.keeper.mend(Arc::clone(&self.following.setup)).await.unwrap_or_default();
        let mut known = Revocations::clone(&self.inventory.revocation);
        for name in given_up {
            known.lists.get_mut(name.as_str()).into_iter().for_each(lost);
        }
        self.show_revocation(known);
    }

    /// What follows from time, and from certificates that changed.
    pub(super) async fn follow_lists(&mut self) {
        if !(self.was_ever_scanned() && self.declared_read) {
            return;
        }
        self.look_if_needed().await;
        let now = self.clock.now();
        // A scan that is under way may yet find who signed them.
        if self.scan.is_none() && !std::mem::replace(&mut self.following.files_were_read, true) {
            self.import_configured();
        }
        if std::mem::replace(&mut self.following.trusts_seen, self.following.trusts) != self.following.trusts {
            self.want_refused(now);
        }
        self.want_due(now);
    }

    pub(super) async fn look_if_needed(&mut self) {
        let now = self.clock.now();
        if self.following.must_look || self.following.look_again.is_some_and(|again| again <= now) {
            self.look().await;
        }
    }

    /// The hour of the schedule has come: every list is wanted, each after a delay of its own.
    pub(super) fn want_lists(&mut self) {
        let now = self.clock.now();
        let names = self.following.points.keys().filter(|name| self.has_turns(name, now));
        let names: Vec<CrlName> = names.cloned().collect();
        for name in names {
            let delay = due::delay(&self.config.node, &name, self.config.revocation.spread);
            // A turn that is still to come is not put off by the next one.
            self.following.scheduled.entry(name).or_insert(now.plus_seconds(delay));
        }
        self.import_configured();
        self.last_runs.insert(super::Job::Crls, now);
    }

    /// A list has its turns, unless it comes another way and nobody may be asked for it.
    fn has_turns(&self, name: &CrlName, now: Timestamp) -> bool {
        let margin = self.config.policy.crl_margin();
        let gate = Gate::new(&self.config.revocation);
        let may_be_asked = |point: &Point| point.addresses.iter().any(|address| gate.address(address).is_ok());
        !self.inventory.revocation.is_covered(name, margin, now)
            || self.following.points.get(name).is_some_and(may_be_asked)
    }

    /// The turns nobody was there for: at the start, after the clock was set, and of lists that are followed again.
    fn make_up_for_missed_turns(&mut self, before: &BTreeMap<CrlName, Point>, now: Timestamp) {
        let all = !std::mem::replace(&mut self.following.caught_up, true);
        let Some(turn) = self.timetable().last(super::Job::Crls, now) else { return };
        let missed = |name: &CrlName| {
            let state = self.inventory.revocation.lists.get(name)?;
            let delay = due::delay(&self.config.node, name, self.config.revocation.spread);
            due::missed(state, turn, delay, now).filter(|_| self.has_turns(name, now))
        };
        let names = self.following.points.keys().filter(|name| all || !before.contains_key(*name));
        let missed: Vec<_> = names.filter_map(|name| Some((Arc::clone(name), missed(name)?))).collect();
        for (name, at) in missed {
            self.following.scheduled.entry(name).or_insert(at);
        }
    }

    /// Lists that nobody who is believed had signed: somebody may be believed now.
    fn want_refused(&mut self, now: Timestamp) {
        let refused =
            |state: &CrlState| state.failure.as_ref().is_some_and(|failure| failure.trouble() == Trouble::Refused);
        let lists = self.inventory.revocation.lists.iter().filter(|(_, state)| state.followed && refused(state));
        self.following.scheduled.extend(lists.map(|(name, _)| (Arc::clone(name), now)));
    }

    fn import_configured(&mut self) {
        let paths = self.config.revocation.files.clone();
        if !paths.is_empty() {
            self.import(paths, None);
        }
    }

    fn import(&mut self, paths: Vec<PathBuf>, reply: Option<oneshot::Sender<Result<FetchReport, Refusal>>>) {
        let ticket = reply.map(|reply| {
            self.following.tickets += 1;
            let importer = Importer { report: FetchReport::default(), refused: None, reply };
            self.following.imports.insert(self.following.tickets, importer);
            self.following.tickets
        });
        let known = self.following.points.iter();
        let known: Vec<(ListName, Expected)> =
            known.filter_map(|(name, point)| Some((ListName::new(name)?, point.expected.clone()))).collect();
        self.following.way.keeper.import(Import { paths, known, ticket }, Arc::clone(&self.following.setup));
    }

    /// Sends for the lists that are due.
    fn want_due(&mut self, now: Timestamp) {
        let margin = self.config.policy.crl_margin();
        let due: Vec<CrlName> = self
            .following
            .points
            .keys()
            .filter(|name| !self.following.busy.contains_key(*name))
            .filter(|name| self.due_at(name, margin).is_some_and(|due| due <= now))
            .cloned()
            .collect();
        for name in due {
            let (Some(point), Some(list_name)) = (self.following.points.get(&name), ListName::new(&name)) else {
                continue;
            };
            let state = self.inventory.revocation.lists.get(&name);
            let last = state.and_then(|state| Some((state.taken_from.clone()?, state.validators.clone())));
            let near = state.and_then(|state| state.held.as_ref()?.near_stale(margin));
            let wanted = Wanted {
                name: list_name,
                addresses: point.addresses.clone(),
                expected: point.expected.clone(),
                last,
                late: near.is_some_and(|near| near <= now),
            };
            self.following.scheduled.remove(&name);
            self.following.busy.insert(name, self.following.trusts);
            self.following.way.keeper.fetch(wanted, Arc::clone(&self.following.setup));
        }
    }

    fn due_at(&self, name: &CrlName, margin: i64) -> Option<Timestamp> {
        let (unknown, now) = (CrlState::default(), self.clock.now());
        let scheduled = self.following.scheduled.get(name).copied();
        if self.inventory.revocation.is_covered(name, margin, now) {
            return scheduled;
        }
        let state = self.inventory.revocation.lists.get(name).unwrap_or(&unknown);
        let spread = due::delay(&self.config.node, name, self.config.revocation.spread);
        due::due(state, scheduled, margin, spread, now)
    }

    /// How long nothing is to be done about lists.
    pub(super) fn until_next_list(&self) -> Duration {
        if !(self.was_ever_scanned() && self.declared_read) {
            return super::LONGEST_SLEEP;
        }
        let margin = self.config.policy.crl_margin();
        let idle = self.following.points.keys().filter(|name| !self.following.busy.contains_key(*name));
        let due = idle.filter_map(|name| self.due_at(name, margin)).chain(self.following.look_again).min();
        let wait = due.map_or(i64::MAX, |due| due.unix().saturating_sub(self.clock.now().unix()));
        Duration::from_secs(u64::try_from(wait).unwrap_or(0)).min(super::LONGEST_SLEEP)
    }

    fn show_revocation(&mut self, known: Revocations) {
        self.inventory = Arc::new(Inventory { revocation: Arc::new(known), ..Inventory::clone(&self.inventory) });
        self.publish();
    }

    /// `crls` of the status.
    pub(super) fn list_lines(&self) -> Vec<serde_json::Value> {
        let now = self.clock.now();
        let margin = self.config.policy.crl_margin();
        let lists = &self.inventory.revocation.lists;
        lists.iter().filter(|(_, state)| state.followed).map(|(name, state)| line(name, state, margin, now)).collect()
    }
}

/// The list is not held any more. It is asked for as if it had never come.
fn lost(state: &mut CrlState) {
    if state.held.take().is_some() {
        (state.validators, state.next_attempt, state.last_attempt) = (Default::default(), None, None);
        tracing::error!(list = %state.label(), "a revocation list that was held is not in its folder any more");
    }
}

fn line(name: &CrlName, state: &CrlState, margin: i64, now: Timestamp) -> serde_json::Value {
    let held = state.held.as_ref();
    json!({
        "name": name,
        "label": state.label(),
        "issuer": state.issuer,
        "delta": state.delta,
        "number": held.and_then(|held| held.number.as_deref()),
        "this_update": held.map(|held| held.this_update),
        "next_update": held.and_then(|held| held.next_update),
        "freshness": freshness(state, margin, now),
        "last_success": state.last_success,
        "failure": state.failure.as_ref().map(|failure| &*failure.reason),
    })
}

/// `missing`, `stale`, `near_stale` or `fresh`.
pub fn freshness(state: &CrlState, margin: i64, now: Timestamp) -> &'static str {
    match &state.held {
        None => "missing",
        Some(_) if state.is_stale(now) => "stale",
        Some(held) if held.near_stale(margin).is_some_and(|near| near <= now) => "near_stale",
        Some(_) => "fresh",
    }
}

impl Handle {
    /// Asks for every revocation list now. Returns when each was had or not.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn fetch_lists(&self, caller: Caller) -> Result<FetchReport, Refusal> {
        self.ask_revocation(|reply| RevocationCommand::Fetch { caller, reply }).await
    }

    /// Takes a revocation list from a file the daemon can read, or those of a folder.
    ///
    /// # Errors
    /// [`Refusal`], among them why nothing is taken.
    pub async fn import_list(&self, caller: Caller, path: PathBuf) -> Result<FetchReport, Refusal> {
        self.ask_revocation(|reply| RevocationCommand::Import { caller, path, reply }).await
    }

    /// Forgets a revocation list: its files and what is known of it. What it ever said to be revoked stays so; where it is still followed, it
    /// is asked for as if it had never come.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn forget_list(&self, caller: Caller, list: String) -> Result<ForgetReport, Refusal> {
        self.ask_revocation(|reply| RevocationCommand::Forget { caller, list, reply }).await
    }

    /// Follows an opposition or a request for revocation until it is seen in a list.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn await_revocation(
        &self,
        caller: Caller,
        what: AwaitedSubject,
        declared_at: Option<Timestamp>,
    ) -> Result<Awaited, Refusal> {
        self.ask_revocation(|reply| RevocationCommand::Await { caller, what, declared_at, reply }).await
    }

    /// Awaits an opposition or a revocation no more, for it was never declared.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn withdraw(&self, caller: Caller, what: AwaitedSubject, reason: String) -> Result<Awaited, Refusal> {
        self.ask_revocation(|reply| RevocationCommand::Withdraw { caller, what, reason, reply }).await
    }

    async fn ask_revocation<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> RevocationCommand,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Revocation(command(reply))).await.map_err(|_| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)?
    }
}

fn event_of(engine: &Engine, caller: &Caller, action: Action, object: impl Into<String>, reason: String) -> AuditEvent {
    AuditEvent { reason: Some(reason), ..engine.event(caller.actor.clone(), caller.origin, action, object) }
}
