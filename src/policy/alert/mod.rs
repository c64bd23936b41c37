//! From findings to words: which alerts open, speak and close, and whom they speak to. Pure: the same findings at the same instant
//! twice change nothing, and what was said is decided from rows and `now` alone.

mod acknowledge;
pub mod forecast;
mod ground;
pub mod outgoing;
pub mod recipients;
mod relations;
mod settings;
#[cfg(test)]
mod tests;
mod timetable;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

pub use acknowledge::{AckRefusal, AckRequest, acknowledge};
pub use ground::Ground;
pub use settings::AlertSettings;

use self::ground::{About, bare_subject, end_of};
use self::recipients::{Route, ToldRoutes};
use self::relations::{is_taken_over, speaker};
use self::timetable::{Word, word};
use crate::domain::alert::{Alert, AlertChanges, AlertEvent, AlertState, Audience, Mark, OpenAlerts, Said};
use crate::domain::finding::{Finding, FindingKey, FindingRecord, Severity};
use crate::domain::notice::{Moment, NoticeItem, Reach};
use crate::domain::time::Timestamp;

/// What a judgement means for the alerts, and where each word goes: `routes` has one entry for each event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// What to write.
    pub changes: AlertChanges,
    /// Where each event of the changes goes.
    pub routes: Vec<Vec<Route>>,
}

/// A finding that is gone because the clock was set back before its time is waited for this long.
const CLOCK_PATIENCE: Duration = Duration::from_secs(7 * 86_400);
/// Marks kept with an alert: far more than can matter.
const MARKS: usize = 64;

/// Compares the alerts that are open with the findings that are. New alerts take numbers from `next` on. A word that nobody can be
/// told is not said: it is once somebody can.
pub fn reconcile(
    open: &OpenAlerts,
    findings: &BTreeMap<FindingKey, FindingRecord>,
    ground: &Ground<'_>,
    next: i64,
    now: Timestamp,
) -> Reconciled {
    let mut done = Reconciled::default();
    let mut next = next;
    for (key, record) in findings {
        let known = open.get(key);
        let mut alert: Cow<'_, Alert> = match known {
            Some(alert) => judged_again(alert, &record.finding),
            None => {
                next += 1;
                Cow::Owned(opened(next - 1, record))
            }
        };
        let about = ground.about(&alert.finding);
        if speaker(key).is_some_and(|speaker| findings.contains_key(&speaker)) {
            // It opens and closes, and is on the lists.
        } else if let Some((word, marks)) = to_say(ground, &alert, &about, now) {
            let routes = recipients::routes(ground, &about, word.audience, now);
            done.say(ground, &mut alert, &about, word, marks, routes, now);
        }
        if let Cow::Owned(alert) = alert
            && known != Some(&alert)
        {
            done.changes.alerts.push(alert);
        }
    }
    let mut ends: Option<HashMap<(&str, Timestamp), usize>> = None;
    for (key, alert) in open {
        if findings.contains_key(key) {
            continue;
        }
        let mut after: Cow<'_, Alert> = Cow::Owned(fading(ground, alert, is_hidden(alert, findings), now));
        if let AlertState::Resolved { .. } = after.state {
            let ends = ends.get_or_insert_with(|| open_ends(findings));
            let goes_on = |end| ends.contains_key(&(bare_subject(&alert.finding), end));
            let taken_over = alert.end.is_some_and(goes_on) || is_taken_over(alert, findings);
            if let Some(audience) = alert.reached.filter(|_| !taken_over) {
                let about = ground.about(&alert.finding);
                let routes = recipients::routes(ground, &about, audience, now);
                let (mark, severity) = (Mark::resolved(), Severity::Info);
                let word = Word { mark, also: Vec::new(), moment: Moment::Resolved, audience, severity };
                let marks = word.marks();
                done.say(ground, &mut after, &about, word, marks, routes, now);
            }
        }
        if *after != *alert {
            done.changes.alerts.push(after.into_owned());
        }
    }
    done
}

/// Takes back what was said from `undone` on, under a clock that was wrong. `revived` are alerts that were resolved since then.
pub fn undo(open: &OpenAlerts, revived: Vec<Alert>, undone: Timestamp, now: Timestamp) -> AlertChanges {
    let mut changes = AlertChanges::default();
    let trim = |alert: &Alert| {
        let mut alert = alert.clone();
        alert.said.retain(|said| said.at < undone);
        alert.earlier.iter_mut().for_each(|earlier| earlier.said.retain(|said| said.at < undone));
        alert
    };
    for alert in revived.into_iter().filter(|alert| !open.contains_key(alert.key()) && alert.opened_at < undone) {
        let state = AlertState::Fading { since: now, acknowledgement: None };
        changes.alerts.push(Alert { state, ..trim(&alert) });
    }
    for alert in open.values() {
        let trimmed = trim(alert);
        if trimmed != *alert {
            changes.alerts.push(trimmed);
        }
    }
    changes
}

impl Reconciled {
    /// The closing message goes to those who were `told` of the alert, as far as their channel is there still, and to nobody else. Of an
    /// alert whose messages are not kept any more the register of today says who should know.
    pub fn close_to(&mut self, told: &ToldRoutes, channels: &[(String, Reach)]) {
        for (event, routes) in self.changes.events.iter().zip(&mut self.routes) {
            if event.item.moment == Moment::Resolved
                && let Some(told) = told.get(&event.alert)
            {
                let is_there = |route: &&Route| channels.iter().any(|(name, _)| *name == route.0);
                *routes = told.iter().filter(is_there).cloned().collect();
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one word with everything it is made of, said in two places")]
    fn say(
        &mut self,
        ground: &Ground<'_>,
        alert: &mut Cow<'_, Alert>,
        about: &About<'_>,
        word: Word,
        marks: Vec<Mark>,
        routes: Vec<Route>,
        now: Timestamp,
    ) {
        if routes.is_empty() {
            return;
        }
        let name = AlertEvent::name(alert, &word.mark, word.moment);
        self.changes.events.push(AlertEvent {
            id: (ground.id_of)(&name),
            alert: alert.id,
            at: now,
            mark: word.mark,
            audience: word.audience,
            item: NoticeItem {
                moment: word.moment,
                severity: word.severity,
                finding: alert.finding.clone(),
                since: alert.opened_at,
                end: alert.end,
                certificate: about.certificate.map(|declared| ground.described(declared)),
                actors: recipients::actors(ground, about, now),
            },
        });
        self.routes.push(routes);
        let alert = alert.to_mut();
        alert.reached = alert.reached.max(Some(word.audience));
        alert.words = alert.words.saturating_add(1);
        alert.said.extend(marks.into_iter().map(|mark| Said { mark, at: now }));
        // What is said once in a life stays; of what comes round again the oldest goes.
        if alert.said.len() > MARKS
            && let Some(oldest) = alert.said.iter().position(|said| said.mark.comes_round())
        {
            alert.said.remove(oldest);
        }
    }
}

/// The word that is due and was not said, with every mark it stands for.
fn to_say(ground: &Ground<'_>, alert: &Alert, about: &About<'_>, now: Timestamp) -> Option<(Word, Vec<Mark>)> {
    // The clock is behind what was said: it goes over time that was lived already.
    if alert.said.iter().any(|said| said.at > now) {
        return None;
    }
    let word = word(ground, alert, about, now);
    if alert.is_acknowledged(now) {
        // Taken on as something lesser than what it has become.
        let worse = |word: &Word| alert.end.is_none() && word.mark == Mark::severity(Severity::Critical);
        let word = word.filter(|word| worse(word) && !alert.has_said(&word.mark))?;
        let marks = word.marks();
        return Some((word, marks));
    }
    if let Some(acknowledgement) = alert.acknowledgement() {
        let ended = Mark::acknowledgement_ended(acknowledgement.until);
        if !alert.has_said(&ended) && !alert.said.is_empty() {
            // Most end at midnight: the word of that day comes at its hour, and is this one.
            let word = word.filter(|_| ground.local(now).1 >= ground.alerts.hour)?;
            let marks = std::iter::once(ended.clone()).chain(word.marks()).collect();
            return Some((Word { mark: ended, moment: Moment::AcknowledgementEnded, ..word }, marks));
        }
    }
    let word = word.filter(|word| !alert.has_said(&word.mark))?;
    let marks = word.marks();
    Some((word, marks))
}

fn opened(id: i64, record: &FindingRecord) -> Alert {
    Alert {
        id,
        finding: record.finding.clone(),
        opened_at: record.since,
        end: end_of(&record.finding),
        state: AlertState::Open,
        said: Vec::new(),
        earlier: Vec::new(),
        reached: None,
        words: 0,
    }
}

/// The finding is (still, or again) true. Most are as they were, turn after turn: those are not copied.
fn judged_again<'a>(alert: &'a Alert, finding: &Finding) -> Cow<'a, Alert> {
    let end = end_of(finding);
    let fading = matches!(alert.state, AlertState::Fading { .. });
    if !fading && end == alert.end && alert.finding == *finding {
        return Cow::Borrowed(alert);
    }
    let mut alert = alert.clone();
    alert.state = match alert.state {
        AlertState::Fading { acknowledgement: Some(acknowledgement), .. } => AlertState::Acknowledged(acknowledgement),
        AlertState::Fading { acknowledgement: None, .. } => AlertState::Open,
        state @ (AlertState::Open | AlertState::Acknowledged(_) | AlertState::Resolved { .. }) => state,
    };
    if end != alert.end {
        // Another certificate stands there now, and it ends as well: its steps are its own.
        alert.counts_to(end);
    }
    alert.finding = finding.clone();
    Cow::Owned(alert)
}

/// The finding is silent: after a while the alert is over.
fn fading(ground: &Ground<'_>, alert: &Alert, is_hidden: bool, now: Timestamp) -> Alert {
    let mut alert = alert.clone();
    // Not yet its time, says the clock: then it is the clock that changed.
    let not_yet = alert.end.is_some() && now < alert.opened_at;
    let quiet = if not_yet { CLOCK_PATIENCE } else { ground.alerts.quiet };
    let quiet = i64::try_from(quiet.as_secs()).unwrap_or(i64::MAX);
    let since = match &alert.state {
        AlertState::Fading { since, .. } if *since <= now => *since,
        _ => now,
    };
    alert.state = if now.unix().saturating_sub(since.unix()) >= quiet && !is_hidden {
        AlertState::Resolved { at: now }
    } else {
        AlertState::Fading { since, acknowledgement: alert.acknowledgement().cloned() }
    };
    alert
}

/// What it counts to cannot be seen: the certificate is missing, and an end that nobody sees is not one that was dealt with.
fn is_hidden(alert: &Alert, findings: &BTreeMap<FindingKey, FindingRecord>) -> bool {
    let missing = || FindingKey { code: "missing".into(), subject: bare_subject(&alert.finding).into() };
    alert.end.is_some() && findings.contains_key(&missing())
}

/// The ends that open findings count to, by subject: what closes while another finding goes on about the same end is not over.
fn open_ends(findings: &BTreeMap<FindingKey, FindingRecord>) -> HashMap<(&str, Timestamp), usize> {
    let mut ends = HashMap::new();
    for record in findings.values().filter(|record| record.finding.severity > Severity::Info) {
        if let Some(end) = end_of(&record.finding) {
            *ends.entry((bare_subject(&record.finding), end)).or_default() += 1;
        }
    }
    ends
}

/// The open alert that says what this one would, or this one: whoever is told of it knows.
pub fn speaking<'a>(open: &'a OpenAlerts, alert: &'a Alert) -> &'a Alert {
    let other = speaker(alert.key()).and_then(|key| open.get(&key));
    other.filter(|_| !matches!(alert.state, AlertState::Resolved { .. })).unwrap_or(alert)
}

/// The widest audience there is for what an alert has to say: for lists.
pub fn audience(ground: &Ground<'_>, alert: &Alert, now: Timestamp) -> Option<Audience> {
    word(ground, alert, &ground.about(&alert.finding), now).map(|word| word.audience).max(alert.reached)
}

/// Nobody can be told of an alert that has something to say.
pub fn is_unreachable(ground: &Ground<'_>, alert: &Alert, now: Timestamp) -> bool {
    let about = ground.about(&alert.finding);
    word(ground, alert, &about, now)
        .is_some_and(|word| recipients::routes(ground, &about, word.audience, now).is_empty())
}
