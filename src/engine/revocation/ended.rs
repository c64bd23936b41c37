//! What came of the lists that were sent for.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::handle::{Caller, Refusal};
use super::super::{Engine, answer};
use super::{Following, due, event_of};
use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use crate::domain::crl::{CrlFailure, CrlName, CrlState, RevocationChanges, Revocations, Trouble};
use crate::domain::time::Timestamp;
use crate::revocation::{Failed, Had, Outcome, Way};
use crate::store::Commit;

impl Engine {
    /// Takes in what came of lists: their states and events in one commit, then what they say of the certificates.
    pub(in super::super) async fn lists_ended(&mut self, ended: Vec<Outcome>) {
        let caller = Caller { actor: Actor::Scheduler, origin: Origin::Internal };
        let mut events = Vec::new();
        let (mut taken, mut judge) = (false, false);
        let mut known = Revocations::clone(&self.inventory.revocation);
        let mut reports = Vec::new();
        let mut touched = BTreeSet::new();
        for outcome in ended {
            let name: CrlName = outcome.name.as_str().into();
            let before = known.lists.get(&name).cloned().unwrap_or_default();
            let (after, event) = self.after(&caller, &name, &before, &outcome);
            taken |= outcome.result.as_ref().is_ok_and(|had| had.new.is_some());
            reports.push((name.clone(), after.as_ref().unwrap_or(&before).label(), outcome));
            events.extend(event);
            if let Some(after) = after {
                judge |= !after.says_the_same(&before);
                touched.insert(Arc::clone(&name));
                known.lists.insert(name, after);
            }
        }
        // With what the database did not take before.
        let changed = !touched.is_empty();
        self.following.unwritten.extend(touched);
        let changes = self.following.unwritten_of(&known);
        let mut events = events.into_iter();
        let committed = match events.next() {
            // Nothing but the moment of a look differs: the next event takes it along.
            None => Ok(()),
            Some(first) => {
                let commit = Commit::new(first).events(events).revocation(Arc::new(changes));
                let committed = self.commit(commit, self.clock.now()).await;
                match &committed {
                    Ok(()) => self.following.unwritten.clear(),
                    Err(refusal) => {
                        tracing::error!(error = %refusal, "what came of revocation lists could not be written down");
                    }
                }
                committed
            }
        };
        // A list is on the disk whatever the database says, and what was tried is not tried again at once.
        if changed {
            self.show_revocation(known);
        }
        // What is as it was says what it said: only another list is another answer.
        self.following.must_look |= taken;
        if self.following.must_look {
            self.look_and_judge(judge).await;
        } else if judge {
            self.judge_by_lists().await;
        }
        for (name, label, outcome) in reports {
            self.following.report(&name, &label, &outcome, committed.as_ref().err());
        }
    }

    /// What is to be written down with the next event.
    pub(in super::super) fn unwritten_lists(&self) -> RevocationChanges {
        self.following.unwritten_of(&self.inventory.revocation)
    }

    /// The state of a list after what came of it, and the event that tells of it.
    fn after(
        &self,
        caller: &Caller,
        name: &CrlName,
        before: &CrlState,
        outcome: &Outcome,
    ) -> (Option<CrlState>, Option<AuditEvent>) {
        let label = before.label();
        match &outcome.result {
            // Nothing is held under the name of a place: it is there as long as something is wrong with it.
            Ok(_) if matches!(outcome.way, Way::Place(_)) && before.failure.is_none() => (None, None),
            Ok(had) if matches!(outcome.way, Way::Place(_)) => {
                let after = CrlState { last_attempt: Some(outcome.at), ..CrlState::default() };
                let told = "nothing is wrong with it any more".to_owned();
                (Some(after), Some(event_of(self, caller, Action::CrlTaken, format!("crl:{}", had.from), told)))
            }
            Ok(had) if outcome.way == Way::Superseded => {
                let after = CrlState { held: None, followed: false, ..before.clone() };
                let told = format!("kept as the list certificates name now, from {}", had.from);
                (Some(after), Some(event_of(self, caller, Action::CrlForgotten, format!("crl:{label}"), told)))
            }
            Ok(had) => {
                let after = had_state(before, had, &outcome.way, outcome.at);
                let label = if label.is_empty() { after.label() } else { label };
                let told = match &had.new {
                    Some(_) => Some(taken_in_words(&after, had)),
                    None if before.failure.is_some() && after.failure.is_none() => {
                        Some(format!("unchanged, from {}", had.from))
                    }
                    None => None,
                };
                let event = told.map(|told| event_of(self, caller, Action::CrlTaken, format!("crl:{label}"), told));
                (Some(after), event)
            }
            Err(failed) => {
                let worst = worst(failed);
                let object = match (label.is_empty(), &worst) {
                    (true, Some(failed)) => failed.from.clone(),
                    _ => label.to_string(),
                };
                let told =
                    failed.iter().map(|failed| format!("{}: {} ({})", failed.from, failed.message, failed.reason));
                let told = told.collect::<Vec<_>>().join("; ");
                let event = event_of(self, caller, Action::CrlRefused, format!("crl:{object}"), told);
                let event = AuditEvent { outcome: AuditOutcome::Failed, ..event };
                tracing::warn!(list = %object, reason = worst.as_ref().map(|failed| failed.reason), "a revocation list was not had");
                let delay = due::delay(&self.config.node, name, self.config.revocation.spread);
                let failed_state = |worst: &Failed| failed_state(before, worst, delay, outcome.at);
                // A file that could not be imported says nothing about the list it should have been.
                let after = match &outcome.way {
                    Way::Address if self.following.points.contains_key(name) => worst.as_ref().map(failed_state),
                    Way::Place(place) => worst.map(|worst| CrlState {
                        followed: true,
                        addresses: [Arc::clone(place)].into(),
                        taken_from: Some(worst.from.as_str().into()),
                        ..failed_state(&worst)
                    }),
                    Way::Address | Way::File(_) | Way::Superseded => None,
                };
                (after, Some(event))
            }
        }
    }
}

impl Following {
    fn unwritten_of(&self, known: &Revocations) -> RevocationChanges {
        let state = |name: &CrlName| Some((Arc::clone(name), known.lists.get(name)?.clone()));
        RevocationChanges { lists: self.unwritten.iter().filter_map(state).collect(), ..RevocationChanges::default() }
    }

    /// Tells those who wait what came of a list.
    fn report(&mut self, name: &CrlName, label: &str, outcome: &Outcome, refused: Option<&Refusal>) {
        if let Way::File(ticket) = &outcome.way {
            let Some(ticket) = ticket else { return };
            if let Some(importer) = self.imports.get_mut(&ticket.number) {
                importer.count(outcome, refused);
            }
            if ticket.last
                && let Some(done) = self.imports.remove(&ticket.number)
            {
                done.answer();
            }
            return;
        }
        let sent = self.busy.remove(name);
        for asker in self.askers.iter_mut().filter(|asker| asker.waiting.contains(name)) {
            asker.waiting.remove(name);
            match &outcome.result {
                Ok(had) if had.new.is_some() => asker.report.taken += 1,
                Ok(_) => asker.report.unchanged += 1,
                Err(failed) => {
                    let (reason, message) =
                        worst(failed).map_or_else(Default::default, |worst| (worst.reason, worst.message));
                    asker.report.failed.push((label.to_owned(), reason, message));
                }
            }
        }
        // Judged by those who were believed then: once more.
        if outcome.result.is_err() && sent.is_some_and(|trusts| trusts != self.trusts) {
            self.scheduled.insert(Arc::clone(name), outcome.at);
        }
        self.answer_askers();
    }

    /// Answers those who wait for nothing any more.
    pub(super) fn answer_askers(&mut self) {
        // A list nobody names any more will not come.
        let (points, busy) = (&self.points, &self.busy);
        for asker in &mut self.askers {
            asker.waiting.retain(|name| points.contains_key(name) || busy.contains_key(name));
        }
        let (done, waiting) = std::mem::take(&mut self.askers).into_iter().partition(|asker| asker.waiting.is_empty());
        self.askers = waiting;
        let done: Vec<super::Asker> = done;
        for asker in done {
            answer(asker.reply, Ok(asker.report));
        }
    }
}

impl super::Importer {
    fn count(&mut self, outcome: &Outcome, refused: Option<&Refusal>) {
        match (&outcome.result, refused) {
            (_, Some(refusal)) => self.refused = Some(refusal.clone()),
            (Ok(had), None) if had.new.is_some() => self.report.taken += 1,
            (Ok(_), None) => self.report.unchanged += 1,
            (Err(failed), None) => self
                .report
                .failed
                .extend(failed.iter().map(|failed| (failed.from.clone(), failed.reason, failed.message.clone()))),
        }
    }

    /// Where nothing came of any file, why.
    fn answer(self) {
        let Self { report, refused, reply } = self;
        let result = match (refused, &report.failed[..]) {
            (Some(refusal), _) => Err(refusal),
            (None, failed) if failed.is_empty() || report.taken + report.unchanged > 0 => Ok(report),
            (None, failed) => Err(Refusal::Lists(failed.to_vec())),
        };
        answer(reply, result);
    }
}

fn had_state(before: &CrlState, had: &Had, way: &Way, at: Timestamp) -> CrlState {
    // Whoever sends a list that is no good is told of, whether or not another address helps. That one does not answer is why there are others.
    let failed =
        worst(&had.failed).filter(|failed| !matches!(trouble(failed), Trouble::Unreachable | Trouble::Refused));
    let failed = failed.map(|failed| Failed { message: format!("{}: {}", failed.from, failed.message), ..failed });
    let mut after = CrlState {
        taken_from: Some(Arc::clone(&had.from)),
        from_file: *way != Way::Address,
        validators: had.validators.clone(),
        last_attempt: Some(at),
        last_success: Some(at),
        failure: failed.map(|failed| failure(before, &failed, at)),
        next_attempt: None,
        ..before.clone()
    };
    if let Some(new) = &had.new {
        after.held = Some(new.held.clone());
        (after.issuer, after.delta) = (Arc::clone(&new.issuer), new.delta);
        // What was imported is followed as long as it is there.
        after.followed |= after.addresses.is_empty();
    }
    after
}

fn failed_state(before: &CrlState, worst: &Failed, delay: i64, at: Timestamp) -> CrlState {
    let failure = failure(before, worst, at);
    let retry = due::retry(at, failure.count, delay);
    // A list of another key or scope is taken once the one that is held is over, and nobody waits longer than that.
    let awaits_its_end = matches!(worst.reason, "key_changed" | "scope_changed");
    let end = before.held.as_ref().and_then(|held| held.next_update).filter(|end| awaits_its_end && *end >= at);
    let after_it = end.map(|end| end.plus_seconds(1 + delay.checked_rem(60).unwrap_or(0)));
    CrlState {
        last_attempt: Some(at),
        next_attempt: after_it.into_iter().chain([retry]).min(),
        failure: Some(failure),
        ..before.clone()
    }
}

/// This one after those in a row before it. Another kind of trouble is a new one: a page of a portal today does not say that lists were malformed since
/// the server went away.
fn failure(before: &CrlState, failed: &Failed, at: Timestamp) -> CrlFailure {
    let known = before.failure.as_ref();
    let count = known.map_or(1, |known| known.count.saturating_add(1));
    let since = known.filter(|known| known.trouble() == trouble(failed)).map_or(at, |known| known.since);
    CrlFailure { reason: failed.reason.into(), message: failed.message.as_str().into(), since, count }
}

/// Of the addresses that failed, the one whose trouble tells most: a list that came and is no good says more than a server that is down.
fn worst(failed: &[Failed]) -> Option<Failed> {
    let rank = |failed: &&Failed| match trouble(failed) {
        // A folder that is not read whole says more than one of its files.
        _ if failed.reason == "too_many_files" => 3,
        Trouble::Unreachable => 1,
        Trouble::Refused => 0,
        _ => 2,
    };
    // Of equals the first: addresses come most wanted first.
    failed.iter().rev().max_by_key(rank).cloned()
}

fn trouble(failed: &Failed) -> Trouble {
    CrlFailure { reason: failed.reason.into(), message: "".into(), since: Timestamp::default(), count: 0 }.trouble()
}

fn taken_in_words(state: &CrlState, had: &Had) -> String {
    let mut told = format!("{}, from {}", list_in_words(state), had.from);
    for failed in &had.failed {
        told.push_str(&format!("; before: {} ({})", failed.from, failed.reason));
    }
    told
}

/// The list that is held.
pub(super) fn list_in_words(state: &CrlState) -> String {
    let held = state.held.as_ref();
    let number = held.and_then(|held| held.number.as_deref()).unwrap_or("-");
    let entries = held.map_or(0, |held| held.entries);
    let until = held.and_then(|held| held.next_update).map_or_else(|| "-".to_owned(), |next| next.to_string());
    format!("number {number}, {entries} entries, until {until}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_counted_from_its_own_beginning() {
        let at = |seconds: i64| Timestamp::from_unix(1_800_000_000 + seconds);
        let failed = |reason| Failed { from: "x".to_owned(), reason, message: "m".to_owned() };
        let after = |before: &CrlState, reason, seconds| failed_state(before, &failed(reason), 0, at(seconds));
        let told = |state: &CrlState| state.failure.as_ref().map(|failure| (failure.since, failure.count));
        let first = after(&CrlState::default(), "http_status", 0);
        // Another reason of the same kind: out of reach since the first.
        let second = after(&first, "timeout", 60);
        assert_eq!(told(&second), Some((at(0), 2)));
        let page = after(&second, "not_a_crl", 120);
        assert_eq!(told(&page), Some((at(120), 3)), "in a row all the same: asked ever more rarely");
    }
}
