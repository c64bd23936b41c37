//! Which message leaves on which day to whom, from today's inventory: the rules and [`super::reconcile`] themselves, over time.

use std::collections::{BTreeMap, BTreeSet};

use super::outgoing::{self, Standing};
use super::recipients::Route;
use super::{Ground, reconcile};
use crate::domain::alert::{AlertState, OpenAlerts};
use crate::domain::finding::{FindingKey, FindingRecord, Severity};
use crate::domain::notice::{EventId, Moment};
use crate::domain::time::{DAY, Timestamp};
use crate::policy::{compare, evaluate};

/// Above so many certificates the rules are applied only when a date of one of them says so, not every day as well.
const EVERY_DAY: usize = 2000;

/// One message that will leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// The turn of the schedule it is decided in.
    pub at: Timestamp,
    /// Channel and address.
    pub route: Route,
    /// What it says, most urgent first.
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

/// A turn of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// The one of the day in which the words of the day are said.
    pub morning: bool,
}

/// Goes through `turns`, which are in order, as the daemon will if nobody does anything.
pub fn forecast(
    ground: &Ground<'_>,
    open: &OpenAlerts,
    findings: &BTreeMap<FindingKey, FindingRecord>,
    turns: impl Iterator<Item = Turn>,
) -> Vec<Leaving> {
    let (mut open, mut findings) = (open.clone(), findings.clone());
    let mut next = open.values().map(|alert| alert.id).max().unwrap_or(0) + 1;
    let instants = instants(ground);
    let every_day = ground.inventory.certificates.len() <= EVERY_DAY;
    let mut before = None;
    let mut leaving = Vec::new();
    for Turn { at: now, morning } in turns {
        let since = before.unwrap_or(Timestamp::from_unix(i64::MIN));
        let due = before.is_none() || instants.range(since..=now).next().is_some();
        before = Some(now.plus_seconds(1));
        let fading = open.values().any(|alert| matches!(alert.state, AlertState::Fading { .. }));
        if !(due || morning || fading) {
            continue;
        }
        if due || (morning && every_day) {
            judge(ground, &mut findings, now);
        }
        let reconciled = reconcile(&open, &findings, ground, next, now);
        reconciled.changes.apply(&mut open);
        next = reconciled.changes.alerts.iter().map(|alert| alert.id + 1).max().unwrap_or(next).max(next);
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
        for delivery in out.deliveries {
            let of_it = out.items.iter().filter(|(message, _)| *message == delivery.id);
            leaving.push(Leaving {
                at: now,
                items: of_it.filter_map(|(_, event)| said.get(event).cloned()).collect(),
                route: (delivery.channel, delivery.address),
            });
        }
    }
    leaving
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
