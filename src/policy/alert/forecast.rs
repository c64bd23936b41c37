//! Which message leaves on which day to whom, from today's inventory: the rules and [`super::reconcile`] themselves, over time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::outgoing::{self, Standing};
use super::recipients::{Route, ToldRoutes};
use super::{Ground, Reconciled, reconcile};
use crate::domain::alert::{Alert, AlertState, OpenAlerts};
use crate::domain::finding::{FindingKey, FindingRecord, Severity};
use crate::domain::notice::{EventId, Moment};
use crate::domain::time::{DAY, Timestamp};
use crate::policy::{compare, evaluate};

/// Above so many certificates, declared or found, the rules are applied only when a date of one of them says so, not every day as well.
const EVERY_DAY: usize = 2000;
/// Between two looks at an alert that should be over and is not, in seconds.
const LOOK: i64 = 3600;

/// One message that will leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// The turn of the schedule it is decided in.
    pub at: Timestamp,
    /// Channel and address.
    pub route: Route,
    /// What it says, most urgent first; nothing for the monthly digest, whose words nobody knows yet.
    pub items: Vec<LeavingItem>,
}

/// One word of a message to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeavingItem {
    /// Why then.
    pub moment: Moment,
    /// How much it will matter.
    pub severity: Severity,
    /// The finding.
    pub key: FindingKey,
    /// The instant it counts to.
    pub end: Option<Timestamp>,
}

/// When alerts are decided.
pub trait Turns {
    /// The first turn at or after an instant.
    fn from(&self, at: Timestamp) -> Option<Timestamp>;

    /// The first turn after an instant in which the words of a day are said.
    fn next_morning(&self, after: Timestamp) -> Option<Timestamp>;
}

/// Goes from `now` to `until` as the daemon will if nobody does anything, from one turn in which anything can change to the next: a
/// schedule of every second costs no more than one of every hour.
pub fn forecast(
    ground: &Ground<'_>,
    open: &OpenAlerts,
    findings: &BTreeMap<FindingKey, FindingRecord>,
    turns: &impl Turns,
    (now, until): (Timestamp, Timestamp),
) -> Vec<Leaving> {
    let (mut open, mut findings) = (open.clone(), findings.clone());
    let mut number = open.values().map(|alert| alert.id).max().unwrap_or(0) + 1;
    let instants = instants(ground);
    let many = ground.inventory.certificates.len().max(ground.inventory.declaration.certificates.len());
    let every_day = many <= EVERY_DAY;
    let mut leaving = Vec::new();
    let mut told = ToldRoutes::new();
    let (mut turn, mut morning) = (Some(now), turns.next_morning(now));
    let mut before = None;
    while let Some(now) = turn.filter(|turn| *turn <= until) {
        let due = before
            .is_none_or(|before| instants.range((Bound::Excluded(before), Bound::Included(now))).next().is_some());
        let is_morning = morning == Some(now);
        if due || (is_morning && every_day) {
            judge(ground, &mut findings, now);
        }
        let mut reconciled = reconcile(&open, &findings, ground, number, now);
        reconciled.close_to(&told, ground.channels);
        for (event, routes) in reconciled.changes.events.iter().zip(&reconciled.routes) {
            told.entry(event.alert).or_default().extend(routes.iter().cloned());
        }
        reconciled.changes.apply(&mut open);
        number = reconciled.changes.alerts.iter().map(|alert| alert.id + 1).max().unwrap_or(number).max(number);
        leaving.extend(messages(ground, reconciled, now));
        before = Some(now);
        if is_morning {
            morning = turns.next_morning(now);
        }
        let next =
            [instants.range((Bound::Excluded(now), Bound::Unbounded)).next().copied(), awaited(ground, &open, now)];
        turn = next.into_iter().flatten().min().and_then(|at| turns.from(at)).into_iter().chain(morning).min();
    }
    leaving
}

/// The instant the state of an alert changes by itself: it fades away, or nobody has taken it on any more.
fn awaited(ground: &Ground<'_>, open: &OpenAlerts, now: Timestamp) -> Option<Timestamp> {
    let quiet = i64::try_from(ground.alerts.quiet.as_secs()).unwrap_or(i64::MAX);
    let of = |alert: &Alert| match &alert.state {
        // One that should be over and is not waits for a clock: it is looked at now and then.
        AlertState::Fading { since, .. } => {
            let over = since.plus_seconds(quiet);
            Some(if over > now { over } else { now.plus_seconds(LOOK) })
        }
        AlertState::Acknowledged(taken) => Some(taken.until).filter(|until| *until > now),
        AlertState::Open | AlertState::Resolved { .. } => None,
    };
    open.values().filter_map(of).min()
}

/// What leaves in one turn.
fn messages(ground: &Ground<'_>, reconciled: Reconciled, now: Timestamp) -> Vec<Leaving> {
    let out = outgoing::group(&reconciled, |_| Standing::default(), u32::MAX, ground.id_of, now);
    let said: BTreeMap<EventId, LeavingItem> = reconciled
        .changes
        .events
        .into_iter()
        .map(|event| {
            let item = event.item;
            let key = item.finding.key;
            (event.id, LeavingItem { moment: item.moment, severity: item.severity, key, end: item.end })
        })
        .collect();
    let mut of: BTreeMap<EventId, Vec<LeavingItem>> = BTreeMap::new();
    for (message, event) in &out.items {
        of.entry(*message).or_default().extend(said.get(event).cloned());
    }
    let leaving = out.deliveries.into_iter().map(|delivery| Leaving {
        at: now,
        items: of.remove(&delivery.id).unwrap_or_default(),
        route: (delivery.channel, delivery.address),
    });
    leaving.collect()
}

fn judge(ground: &Ground<'_>, findings: &mut BTreeMap<FindingKey, FindingRecord>, now: Timestamp) {
    let changes = compare(findings, evaluate(ground.inventory, ground.policy, now));
    for finding in changes.opened {
        findings.insert(finding.key.clone(), FindingRecord { finding, since: now, until: None });
    }
    for finding in changes.changed {
        if let Some(record) = findings.get_mut(&finding.key) {
            record.finding = finding;
        }
    }
    for key in &changes.closed {
        findings.remove(key);
    }
}

/// The instants at which a rule may judge otherwise than before, as far as dates of the inventory tell.
fn instants(ground: &Ground<'_>) -> BTreeSet<Timestamp> {
    let policy = ground.policy;
    let declared =
        ground.inventory.declaration.certificates.values().filter_map(|declared| declared.thresholds.as_ref());
    let mut steps = vec![policy.critical_below, policy.successor_by];
    steps.extend(policy.thresholds.iter().chain(policy.profiles.values().flatten()).chain(declared.flatten()).copied());
    steps.sort_unstable_by_key(ToString::to_string);
    steps.dedup();
    let skew = i64::try_from(policy.clock_skew.as_secs()).unwrap_or(0);
    let mut instants = BTreeSet::new();
    for record in ground.inventory.certificates.values() {
        let (start, end) = (record.facts.not_before, record.facts.end());
        instants.extend([
            start,
            start.plus_seconds(-skew),
            end.plus_seconds(1),
            record.facts.not_after.plus_seconds(1),
        ]);
        instants.extend(steps.iter().map(|step| step.begins(start, end)));
    }
    for mandate in &ground.inventory.declaration.mandates {
        instants.extend(mandate.from.map(Timestamp::from_date));
        instants.extend(mandate.until.map(|until| Timestamp::from_date(until).plus_seconds(DAY)));
    }
    instants
}
