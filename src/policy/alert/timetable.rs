//! What an alert has to say at an instant: which step, which day, which repetition. Days are calendar days of the configured zone.

use chrono::{Datelike as _, NaiveDate};

use super::ground::{About, Ground};
use super::relations::least_audience;
use crate::domain::alert::{Alert, Audience, Mark};
use crate::domain::finding::Severity;
use crate::domain::notice::Moment;
use crate::domain::threshold::Threshold;
use crate::domain::time::Timestamp;

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// What is not said twice.
    pub(super) mark: Mark,
    /// What this word says as well, so that it is not said again a little later.
    pub(super) also: Vec<Mark>,
    /// Why now.
    pub(super) moment: Moment,
    /// Who must know.
    pub(super) audience: Audience,
    /// How much it matters now.
    pub(super) severity: Severity,
}

/// What the alert has to say at `now`, whether it was said already or not. `None` when there is nothing yet.
pub(super) fn word(ground: &Ground<'_>, alert: &Alert, about: &About<'_>, now: Timestamp) -> Option<Word> {
    let severity = alert.finding.severity;
    if severity == Severity::Info {
        return None; // for the digest
    }
    let word = match alert.end {
        Some(end) if now > end => after_end(ground, alert, end, now),
        Some(end) => before_end(ground, alert, about, end, now)?,
        None => without_end(ground, alert, now)?,
    };
    let word = Word { audience: word.audience.max(least_audience(&alert.finding.key.code)), ..word };
    let first = alert.said.is_empty() && word.moment != Moment::Expired;
    Some(if first { Word { moment: Moment::Opened, ..word } } else { word })
}

impl Word {
    /// Everything it says.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let mut marks = vec![self.mark.clone()];
        for mark in &self.also {
            if !marks.contains(mark) {
                marks.push(mark.clone());
            }
        }
        marks
    }
}

/// The days whose words an alert says at `now`, the later one first. Before the hour it is still the day before; but the first word of
/// an alert does not wait, and says what that hour would: else it would be said twice in one morning.
fn days_of_word(ground: &Ground<'_>, alert: &Alert, now: Timestamp) -> (NaiveDate, NaiveDate) {
    let day = ground.day(now);
    (if alert.said.is_empty() { ground.local(now).0 } else { day }, day)
}

fn before_end(ground: &Ground<'_>, alert: &Alert, about: &About<'_>, end: Timestamp, now: Timestamp) -> Option<Word> {
    let (latest, day) = days_of_word(ground, alert, now);
    // What begins today waits for the hour, unless something is to be said already.
    let word = before_end_on(ground, alert, about, end, (day, now))?;
    if latest == day {
        return Some(word);
    }
    let later = before_end_on(ground, alert, about, end, (latest, now));
    Some(later.map_or(word.clone(), |later| Word { also: vec![word.mark], ..later }))
}

fn before_end_on(
    ground: &Ground<'_>,
    alert: &Alert,
    about: &About<'_>,
    end: Timestamp,
    (day, now): (NaiveDate, Timestamp),
) -> Option<Word> {
    let settings = ground.alerts;
    let begun = |step: Threshold| ground.day_of(step, about.start, end) <= day;
    let audience = if begun(settings.on_call_from) {
        Audience::OnCall
    } else if begun(settings.escalate) {
        Audience::Principals
    } else {
        Audience::Administrators
    };
    let severity = alert.finding.severity;
    let severity = if audience == Audience::OnCall { Severity::Critical } else { severity };
    if begun(settings.daily_from) {
        return Some(Word { mark: Mark::day(day), also: Vec::new(), moment: Moment::Daily, audience, severity });
    }
    let steps = ground.policy.steps(about.certificate);
    let reached = |steps: &[Threshold]| {
        let begun = steps.iter().copied().filter(|step| begun(*step));
        begun.max_by_key(|step| ground.day_of(*step, about.start, end))
    };
    // Where more people must know between two steps, that is a step of its own.
    let wider = [settings.escalate, settings.on_call_from];
    let (moment, step) = match (reached(steps), reached(&wider)) {
        (Some(step), Some(wider)) if ground.day_of(wider, about.start, end) > ground.day_of(step, about.start, end) => {
            (Moment::Escalated, Some(wider))
        }
        (None, Some(wider)) => (Moment::Escalated, Some(wider)),
        (step, _) => (Moment::Step, step),
    };
    let mark = match step {
        Some(step) => Mark::step(step),
        // The first step begins later today: the opening and that step are one word.
        None => {
            let today = ground.local(now).0;
            let soon = steps.iter().any(|step| ground.day_of(*step, about.start, end) <= today);
            if soon || today != day {
                return None;
            }
            Mark::opened()
        }
    };
    Some(Word { mark, also: Vec::new(), moment, audience, severity })
}

/// At once when the end has passed, then with the other reminders.
fn after_end(ground: &Ground<'_>, alert: &Alert, end: Timestamp, now: Timestamp) -> Word {
    let (latest, day) = days_of_word(ground, alert, now);
    let mark = |day| Mark::after_end(turns(ground, ground.local(end).0, day));
    let severity = alert.finding.severity;
    Word { mark: mark(latest), also: vec![mark(day)], moment: Moment::Expired, audience: Audience::OnCall, severity }
}

/// Once when it opens, once more when it becomes critical; what stays critical is repeated, to more people.
fn without_end(ground: &Ground<'_>, alert: &Alert, now: Timestamp) -> Option<Word> {
    let severity = alert.finding.severity;
    if severity < Severity::Critical {
        let said_worse = alert.has_said(&Mark::severity(Severity::Critical));
        let waits = ground.local(now).1 < ground.alerts.hour;
        let said = alert.has_said(&Mark::severity(severity));
        return (!said_worse && (said || !waits)).then(|| Word {
            mark: Mark::severity(severity),
            also: Vec::new(),
            moment: Moment::Escalated,
            audience: Audience::Administrators,
            severity,
        });
    }
    let opened = ground.local(alert.opened_at).0;
    let turn = turns(ground, opened, ground.day(now));
    let mark = Mark::severity(severity);
    if turn == 0 || !alert.has_said(&mark) {
        // The reminder of the day it is first said on would follow within hours.
        let today = turns(ground, opened, ground.local(now).0);
        let also = [turn, today].into_iter().filter(|turn| *turn > 0).map(Mark::repeat).collect();
        return Some(Word { mark, also, moment: Moment::Escalated, audience: Audience::Administrators, severity });
    }
    let audience = if turn == 1 { Audience::Principals } else { Audience::OnCall };
    Some(Word { mark: Mark::repeat(turn), also: Vec::new(), moment: Moment::Repeated, audience, severity })
}

/// How many reminders lie between `from` and `to`. All of them fall on the same days, weekly ones on Mondays: what is still to be
/// done arrives together, not a little every day.
fn turns(ground: &Ground<'_>, from: NaiveDate, to: NaiveDate) -> i64 {
    let days = i32::try_from(ground.alerts.repeat_days).unwrap_or(i32::MAX).max(1);
    // Day 1 of the common era was a Monday.
    let turn = |day: NaiveDate| (day.num_days_from_ce() - 1).div_euclid(days);
    i64::from(turn(to) - turn(from)).max(0)
}
