//! Alerts inside a turn: decided with the findings, written with them. Also what people ask about them.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::schedule::{Job, Timetable};
use super::snapshot::{OpenFindings, Snapshot};
use super::{Caller, Engine, Refusal, answer};
use crate::config::Config;
use crate::domain::alert::{Alert, AlertChanges, AlertState, OpenAlerts};
use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use crate::domain::inventory::Inventory;
use crate::domain::lived::Lived;
use crate::domain::notice::{Digest, EventId, Moment, NoticeKind, Reach};
use crate::domain::person::DeclaredId;
use crate::domain::time::Timestamp;
use crate::pki::digest::sha256;
use crate::policy::alert::forecast::{Leaving, forecast};
use crate::policy::alert::outgoing::{self, Outgoing};
use crate::policy::alert::recipients::{digest_routes, news_routes};
use crate::policy::alert::{AckRequest, Ground, Reconciled, acknowledge, reconcile, undo};
use crate::store::{Commit, OutboxChanges, StoreError};

/// Name of the setting that keeps what was lived.
pub const LIVED: &str = "clock.lived";
/// Name of the setting that keeps the day of the last digest, and when it was said.
pub(super) const LAST_DIGEST: &str = "digest.last";
/// How far ahead the digest looks, in days.
const AHEAD: i64 = 180;
/// Ends a digest lists.
const ENDS: usize = 50;
/// Addresses one test goes to.
const TESTED: usize = 20;

/// What one channel did with a test.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TestedChannel {
    /// Its name.
    pub channel: String,
    /// Where to.
    pub address: String,
    /// The other side took it.
    pub delivered: bool,
    /// Why not.
    pub reason: Option<String>,
    /// What the other side answered.
    pub answer: String,
    /// The id of the message.
    pub message: EventId,
}

/// Somebody waits for the answers to a test.
#[derive(Debug)]
pub(super) struct Tester {
    pub(super) waiting: HashSet<EventId>,
    pub(super) report: Vec<TestedChannel>,
    pub(super) reply: oneshot::Sender<Result<Vec<TestedChannel>, Refusal>>,
}

/// What a turn has to know to decide about alerts.
pub(super) struct AlertTurn {
    /// The alerts as they were, less what was said under a wrong clock.
    pub(super) open: OpenAlerts,
    /// What taking that back changes.
    pub(super) undone: AlertChanges,
    pub(super) lived: Lived,
    /// The last digest was said under a wrong clock.
    pub(super) digest_undone: bool,
    pub(super) config: Arc<Config>,
    pub(super) reach: Vec<(String, Reach)>,
    pub(super) next: i64,
}

impl AlertTurn {
    /// Decides. The standing of each address is looked at afterwards, when messages are made.
    pub(super) fn decide(&self, inventory: &Inventory, findings: &OpenFindings, now: Timestamp) -> Reconciled {
        let ground = ground(&self.config, inventory, &self.reach);
        let mut done = reconcile(&self.open, findings, &ground, self.next, now);
        // What taking back changed and the judgement left alone.
        let touched: HashSet<i64> = done.changes.alerts.iter().map(|alert| alert.id).collect();
        let rest = self.undone.alerts.iter().filter(|alert| !touched.contains(&alert.id));
        done.changes.alerts.extend(rest.cloned());
        done
    }
}

/// Draws the id of a name: the first half of its SHA-256.
pub(super) fn id_of(name: &str) -> EventId {
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(sha256(name.as_bytes()).0) {
        *to = from;
    }
    EventId(id)
}

pub(super) fn ground<'a>(config: &'a Config, inventory: &'a Inventory, reach: &'a [(String, Reach)]) -> Ground<'a> {
    Ground {
        inventory,
        policy: &config.policy,
        alerts: &config.alerts,
        timezone: config.timezone,
        channels: reach,
        id_of,
    }
}

/// Which message leaves when, from `snapshot`, if nobody does anything. Takes a while: call it where blocking is allowed.
pub fn forecast_of(snapshot: &Snapshot, now: Timestamp, until: Timestamp) -> Vec<Leaving> {
    let config = &snapshot.config;
    let ground = ground(config, &snapshot.inventory, &snapshot.channels);
    let timetable = Timetable {
        schedule: &config.schedule,
        timezone: config.timezone,
        jitter: &snapshot.jitter,
        hour: config.alerts.hour,
    };
    let mut leaving = forecast(&ground, &snapshot.alerts, &snapshot.findings, &timetable, (now, until));
    for at in timetable.digests(now, until) {
        let routes = digest_routes(&ground, at);
        leaving.extend(routes.into_iter().map(|route| Leaving { at, route, items: Vec::new() }));
    }
    leaving.sort_by_key(|leaving| leaving.at);
    leaving
}

impl Engine {
    pub(super) fn ground<'a>(&'a self, inventory: &'a Inventory, reach: &'a [(String, Reach)]) -> Ground<'a> {
        ground(&self.config, inventory, reach)
    }

    /// What a turn needs. Reads what was resolved under a clock that turns out to have been wrong.
    pub(super) async fn alert_turn(&mut self, now: Timestamp) -> Result<AlertTurn, StoreError> {
        let mut lived = self.lived.clone();
        let mut open = OpenAlerts::clone(&self.alerts);
        let mut undone = AlertChanges::default();
        let mut digest_undone = false;
        if let Some(from) = lived.tick(now) {
            tracing::warn!(%from, "the clock had been ahead: what was said since then does not count");
            let revived = self.store.resolved_alerts(from, u32::MAX >> 1).await?;
            undone = undo(&open, revived, from, now);
            undone.apply(&mut open);
            digest_undone = self.last_digest().await?.is_some_and(|(_, at)| at >= from);
        }
        let (config, reach) = (Arc::clone(&self.config), self.reach());
        Ok(AlertTurn { open, undone, lived, digest_undone, config, reach, next: self.next_alert })
    }

    /// Sends what closes to those who were told of it.
    pub(super) async fn close_to_those_told(&mut self, decided: &mut Reconciled) -> Result<(), StoreError> {
        let closing = decided.changes.events.iter().filter(|event| event.item.moment == Moment::Resolved);
        let closing: Vec<i64> = closing.map(|event| event.alert).collect();
        if !closing.is_empty() {
            let told = self.store.routes_told(&closing).await?;
            decided.close_to(&told, &self.reach());
        }
        Ok(())
    }

    /// The messages of what was decided.
    pub(super) fn messages(&self, decided: &Reconciled, now: Timestamp) -> OutboxChanges {
        let standing = |route: &_| self.outbox.standing(route);
        let Outgoing { deliveries, items } =
            outgoing::group(decided, standing, self.config.alerts.per_hour, id_of, now);
        OutboxChanges { new: deliveries, items, ..OutboxChanges::default() }
    }

    /// What the audit trail says of it: each opening and each end, and the words of a turn in one line.
    pub(super) fn alert_events(&self, before: &OpenAlerts, decided: &Reconciled, caller: &Caller) -> Vec<AuditEvent> {
        let changes = &decided.changes;
        let event = |action, alert: &Alert| AuditEvent {
            reason: Some(format!("{} {}", alert.key().code, alert.finding.severity)),
            ..self.event(caller.actor.clone(), caller.origin, action, format!("alert:{}", alert.id))
        };
        let mut events: Vec<AuditEvent> = Vec::new();
        for alert in &changes.alerts {
            if matches!(alert.state, AlertState::Resolved { .. }) {
                events.push(event(Action::AlertResolved, alert));
            } else if before.get(alert.key()).is_none_or(|known| known.id != alert.id) {
                events.push(event(Action::AlertOpened, alert));
            }
        }
        if !changes.events.is_empty() || (events.is_empty() && !changes.alerts.is_empty()) {
            let words = changes.events.len();
            let event = self.event(caller.actor.clone(), caller.origin, Action::AlertsJudged, "alerts");
            events.push(AuditEvent { reason: Some(format!("{words} words")), ..event });
        }
        events
    }

    /// Takes an alert on for somebody.
    pub(super) async fn acknowledge(
        &mut self,
        caller: &Caller,
        id: i64,
        until: Timestamp,
        reason: String,
    ) -> Result<Alert, Refusal> {
        let now = self.clock.now();
        let person = self.person_of(&caller.actor);
        let request = AckRequest { actor: caller.actor.to_string(), person, until, reason };
        let event = self.event(caller.actor.clone(), caller.origin, Action::AlertAcknowledged, format!("alert:{id}"));
        let reach = self.reach();
        let taken = match self.alerts.values().find(|alert| alert.id == id) {
            Some(alert) => acknowledge(alert, request, &self.ground(&self.inventory, &reach), now),
            None => Err(crate::policy::alert::AckRefusal::NotOpen),
        };
        let alert = match taken {
            Ok(alert) => alert,
            Err(refusal) => {
                let reason = Some(refusal.reason().to_owned());
                self.note(AuditEvent { outcome: AuditOutcome::Refused, reason, ..event }).await;
                return Err(Refusal::Acknowledgement(refusal));
            }
        };
        let event = AuditEvent { reason: Some(format!("until {until}")), ..event };
        let changes = AlertChanges { alerts: vec![alert.clone()], events: Vec::new() };
        self.commit(Commit::new(event).alerts(Arc::new(changes.clone())), now).await?;
        changes.apply(Arc::make_mut(&mut self.alerts));
        self.publish();
        Ok(alert)
    }

    /// Sends a test through every channel; the answer comes when each has one.
    pub(super) async fn test_alerts(
        &mut self,
        caller: &Caller,
        to: Vec<String>,
        reply: oneshot::Sender<Result<Vec<TestedChannel>, Refusal>>,
    ) {
        let now = self.clock.now();
        let mails = match self.test_addresses(to, now) {
            Ok(mails) => mails,
            Err(refusal) => return answer(reply, Err(refusal)),
        };
        let routes = self.test_routes(&mails);
        if routes.is_empty() {
            return answer(reply, Err(Refusal::NoChannel));
        }
        self.tests += 1;
        let name = format!("test {now} {}", self.tests);
        let new: Vec<_> =
            routes.iter().map(|route| outgoing::message(route, NoticeKind::Test, &name, id_of, now)).collect();
        let waiting = new.iter().map(|delivery| delivery.id).collect();
        let event = self.event(caller.actor.clone(), caller.origin, Action::AlertTest, "alerts");
        let event = AuditEvent { reason: Some(format!("{} messages", new.len())), ..event };
        let changes = OutboxChanges { new, ..OutboxChanges::default() };
        match self.commit_outbox(vec![event], changes, now).await {
            Ok(()) => self.testers.push(Tester { waiting, report: Vec::new(), reply }),
            Err(error) => answer(reply, Err(Refusal::Store(error))),
        }
    }

    /// A turn of the monthly word fell into a time in which nothing ran: it is said now. Looked at after the first scan, when there is
    /// something to count, and when the clock was set, which is what a machine that slept looks like.
    pub(super) async fn make_up_digest(&mut self) {
        let now = self.clock.now();
        let last = match self.last_digest().await {
            Ok(last) => last.map(|(_, at)| at),
            Err(error) => {
                self.store_refused(&error);
                return;
            }
        };
        // Before the first one, what was lived tells since when there could have been one.
        let last = last.or_else(|| self.lived.began());
        let missed = last.and_then(|last| self.timetable().next(Job::Digest, last)).filter(|turn| *turn <= now);
        if let Some(turn) = missed {
            tracing::info!(%turn, "the digest of this turn was missed: it leaves now");
            self.digest().await;
        }
    }

    /// The day of the last digest, and when it was said.
    async fn last_digest(&mut self) -> Result<Option<(String, Timestamp)>, StoreError> {
        let kept = self.store.setting(LAST_DIGEST).await?;
        let kept = kept.as_deref().and_then(|kept| kept.split_once(' '));
        Ok(kept.and_then(|(day, at)| Some((day.to_owned(), at.parse().ok()?))))
    }

    /// The monthly word. Said once for each turn of its schedule, whatever the clock does.
    pub(super) async fn digest(&mut self) {
        let now = self.clock.now();
        let (today, _) = self.ground(&self.inventory, &[]).day_and_hour(now);
        let turn = today.to_string();
        let last = match self.last_digest().await {
            Ok(last) => last,
            Err(error) => {
                self.store_refused(&error);
                return;
            }
        };
        if last.as_ref().is_some_and(|(day, _)| *day == turn) {
            return;
        }
        let since = last.map_or(self.started_at, |(_, at)| at);
        let (delivered, failed) = match self.store.delivery_counts(since).await {
            Ok(counts) => counts,
            Err(error) => {
                self.store_refused(&error);
                return;
            }
        };
        let counts = super::snapshot::Counts::of(&self.inventory, &self.findings);
        let digest = Digest {
            declared: counts.declared as u64,
            found: counts.found as u64,
            open_alerts: self.alerts.len() as u64,
            delivered,
            failed,
            ends: self.ends(now),
        };
        let reach = self.reach();
        let routes = digest_routes(&self.ground(&self.inventory, &reach), now);
        let kind = NoticeKind::Digest(digest);
        // A clock that was wrong may have said one of this day: the trail only goes on.
        let name = format!("{turn} {}", self.audit.seq);
        let new = routes.iter().map(|route| outgoing::message(route, kind.clone(), &name, id_of, now)).collect();
        let keep = i64::try_from(self.config.alerts.keep.as_secs()).unwrap_or(i64::MAX);
        let forget_before = Some(now.plus_seconds(-keep));
        let changes = Arc::new(OutboxChanges { new, forget_before, ..OutboxChanges::default() });
        let event = self.event(Actor::Scheduler, Origin::Schedule, Action::Digest, "digest");
        let reason =
            format!("{} messages; settled ones of before {} forgotten", changes.new.len(), now.plus_seconds(-keep));
        let commit = Commit::new(AuditEvent { reason: Some(reason), ..event })
            .outbox(Arc::clone(&changes))
            .setting(LAST_DIGEST, format!("{turn} {now}"));
        match self.commit(commit, now).await {
            Ok(()) => {
                self.outbox.apply(&changes, now, self.clock.monotonic());
                self.last_runs.insert(Job::Digest, now);
                self.publish();
            }
            Err(refusal) => tracing::error!(error = %refusal, "the digest could not be written down"),
        }
    }

    /// Ends ahead of declared certificates, soonest first.
    fn ends(&self, now: Timestamp) -> Vec<(String, Timestamp)> {
        let view = crate::policy::View::new(&self.inventory, &self.config.policy, now);
        let mut ends: Vec<(String, Timestamp)> = view
            .installed()
            .map(|(slot, bearer)| (slot.declared.id.to_string(), bearer.seen.end()))
            .filter(|(_, end)| *end >= now && *end <= now.plus_days(AHEAD))
            .collect();
        ends.sort_by(|left, right| (left.1, &left.0).cmp(&(right.1, &right.0)));
        ends.truncate(ENDS);
        ends
    }

    /// The person of the register that acts: by the login of the peer, or its number.
    fn person_of(&self, actor: &Actor) -> Option<DeclaredId> {
        let Actor::User { uid, login } = actor else { return None };
        let is_it = |known: &str| login.as_deref() == Some(known) || known.parse() == Ok(*uid);
        let mut persons = self.config.declaration.persons.values();
        persons.find(|person| person.login.as_deref().is_some_and(is_it)).map(|person| person.id.clone())
    }

    /// Addresses of a test: those asked for, which must be known here; else those that news of the alerts go to.
    fn test_addresses(&self, to: Vec<String>, now: Timestamp) -> Result<Vec<String>, Refusal> {
        let reach = self.reach();
        if to.is_empty() {
            let ground = self.ground(&self.inventory, &reach);
            let mut mails: Vec<String> = news_routes(&ground, None, now)
                .into_iter()
                .map(|(_, mail)| mail)
                .filter(|mail| !mail.is_empty())
                .collect();
            mails.sort_unstable();
            mails.dedup();
            mails.truncate(TESTED);
            return Ok(mails);
        }
        let known = |mail: &String| {
            self.config.alerts.fallback.contains(mail)
                || self.config.declaration.persons.values().any(|person| person.mails.contains(mail))
        };
        if to.len() <= TESTED && to.iter().all(known) { Ok(to) } else { Err(Refusal::UnknownAddress) }
    }
}
