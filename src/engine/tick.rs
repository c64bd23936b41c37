//! Decide and commit: what the sources gave becomes the next snapshot, its findings and its audit events in one transaction.

use std::sync::Arc;

use super::alerts::{LAST_DIGEST, LIVED};
use super::snapshot::{AuditHead, LastScan, OpenFindings};
use super::{Caller, Engine, Job, Refusal, RunningScan, ScanReport, answer, gather, issuers};
use crate::domain::audit_event::{Action, AuditEvent, AuditOutcome};
use crate::domain::finding::{FindingChanges, FindingRecord};
use crate::domain::inventory::{Inventory, SourceState};
use crate::domain::lived::Lived;
use crate::domain::observation::{DECLARED_SOURCE, SourceName};
use crate::domain::reconcile::{Changes, Gathered, reconcile};
use crate::domain::time::Timestamp;
use crate::policy;
use crate::policy::alert::Reconciled;
use crate::sources;
use crate::store::{Commit, StoreError};

impl Engine {
    /// Starts reading every source. Each ends on its own and is committed as it ends.
    pub(super) fn begin_scan(
        &mut self,
        caller: Caller,
        askers: Vec<tokio::sync::oneshot::Sender<Result<ScanReport, Refusal>>>,
    ) {
        tracing::debug!(actor = %caller.actor, "scan begins");
        self.scan = Some(RunningScan {
            sources: gather::begin(
                &self.sources,
                &self.turns,
                &self.inventory,
                &self.clock,
                self.config.scan.source_timeout,
            ),
            started_at: self.clock.now(),
            began: self.clock.monotonic(),
            caller,
            report: ScanReport::default(),
            failure: None,
            askers,
        });
    }

    /// Takes in the sources that just ended.
    pub(super) async fn source_ended(&mut self, gathered: Vec<Gathered>) {
        let Some(scan) = &self.scan else { return };
        let caller = scan.caller.clone();
        let last = scan.sources.is_empty();
        // Before the very first scan has ended, or before the declared places were looked at under this declaration, things
        // would be missing that nobody has looked for; the rules wait for it.
        let unread = !self.declared_read;
        self.declared_read |= last || gathered.iter().any(|run| *run.source == *DECLARED_SOURCE);
        let judge = last || (self.was_ever_scanned() && self.declared_read);
        let mut gathered = self.freshen(gathered);
        if last {
            gathered.extend(sources::retired(&self.inventory, &self.sources, &self.clock));
        }
        let result = self.take_in(gathered, &caller, judge).await;
        let Some(scan) = &mut self.scan else { return };
        match result {
            Ok(report) => scan.report.add(report),
            Err(refusal) => scan.failure = Some(refusal),
        }
        if unread && self.declared_read && !last {
            self.publish(); // what is declared stops being "not yet read", though a slow source may still be at it
        }
        if last {
            // Whoever asked for the scan sees what is known of the revocation of what it found.
            self.look_if_needed().await;
            let first = self.last_scan.is_none();
            self.end_scan();
            if first {
                self.make_up_digest().await;
            }
        }
    }

    fn end_scan(&mut self) {
        let Some(scan) = self.scan.take() else { return };
        let finished_at = self.clock.now();
        if scan.failure.is_none() {
            self.last_runs.insert(Job::Scan, finished_at);
            self.last_scan = Some(LastScan {
                started_at: scan.started_at,
                finished_at,
                seen: scan.report.seen,
                errors: scan.report.errors,
                failed_sources: scan.report.failed_sources.clone(),
            });
        }
        self.publish();
        let result = scan.failure.map_or(Ok(scan.report), Err);
        for reply in scan.askers {
            answer(reply, result.clone());
        }
        let mut waiting = std::mem::take(&mut self.waiting).into_iter();
        if let Some((caller, reply)) = waiting.next() {
            let askers = std::iter::once(reply).chain(waiting.map(|(_, reply)| reply)).collect();
            self.begin_scan(caller, askers);
        }
    }

    /// Judges the inventory as it stands: time alone makes findings.
    pub(super) async fn evaluate(&mut self, job: Job, caller: Caller) {
        if !(self.was_ever_scanned() && self.declared_read) {
            return;
        }
        // Lists and certificates end by time alone.
        self.following.look_at_next_chance();
        self.look_if_needed().await;
        if let Err(refusal) = self.take_in(Vec::new(), &caller, true).await {
            tracing::error!(error = %refusal, "what was judged could not be written down");
        } else {
            self.last_runs.insert(job, self.clock.now());
        }
        self.publish();
    }

    /// Reconciles, judges, commits, shows. On a refused commit the state stays what the database holds, and the next run sees
    /// the same difference again.
    pub(super) async fn take_in(
        &mut self,
        gathered: Vec<Gathered>,
        caller: &Caller,
        judge: bool,
    ) -> Result<ScanReport, Refusal> {
        let now = self.clock.now();
        let told = gathered.iter().filter(|run| self.is_told(run));
        let mut events: Vec<AuditEvent> = told.map(|run| self.scan_event(run, caller)).collect();
        let mut report = ScanReport {
            seen: gathered.iter().map(|run| run.seen).sum(),
            errors: gathered.iter().map(|run| run.errors.len() as u64).sum(),
            failed_sources: gathered
                .iter()
                .filter(|run| run.failure.is_some())
                .map(|run| run.source.to_string())
                .collect(),
            ..ScanReport::default()
        };
        let links = issuers::links(&self.store, &self.inventory, &self.anchors, &gathered, self.new_anchors)
            .await
            .map_err(|error| self.store_refused(&error))?;
        let (before, open, settings) =
            (Arc::clone(&self.inventory), Arc::clone(&self.findings), self.config.policy.clone());
        let must_judge = self.must_judge;
        let turn = self.alert_turn(now).await.map_err(|error| self.store_refused(&error))?;
        let digest_undone = turn.digest_undone && judge;
        let decided = tokio::task::spawn_blocking(move || {
            let scanned = !gathered.is_empty();
            let changes = reconcile(&before, gathered, &links);
            // A scan that found everything as it was changes no verdict; time alone does, and has a turn of its own.
            let judge = judge && (must_judge || !scanned || !is_as_before(&before, &changes));
            let after = if changes.is_quiet() && changes.sources.is_empty() {
                before
            } else {
                Arc::new(Inventory::clone(&before).after(&changes))
            };
            let findings = if judge {
                policy::compare(&open, policy::evaluate(&after, &settings, now))
            } else {
                FindingChanges::default()
            };
            let next_findings = apply(&open, &findings, now);
            let alerts = if judge { turn.decide(&after, &next_findings, now) } else { Reconciled::default() };
            Decided { changes, after, findings, next_findings, alerts, lived: judge.then_some(turn.lived) }
        });
        let Decided { changes, after, findings, next_findings, mut alerts, lived } =
            decided.await.map_err(|error| Refusal::Store(format!("judging failed: {error}")))?;
        self.close_to_those_told(&mut alerts).await.map_err(|error| self.store_refused(&error))?;
        report.new_certificates = changes.ders.len() as u64;
        report.changed_locations = (changes.appeared.len() + changes.changed.len() + changes.gone.len()) as u64;
        report.findings_opened = findings.opened.len() as u64;
        report.findings_closed = findings.closed.len() as u64;
        events.extend(self.change_events(&changes, &findings, caller));
        events.extend(self.alert_events(&self.alerts, &alerts, caller));
        let lived = lived.unwrap_or_else(|| self.lived.clone());
        if digest_undone {
            let event = self.event(caller.actor.clone(), caller.origin, Action::Digest, "digest");
            events.push(AuditEvent { reason: Some("the last one was of a clock that was ahead".to_owned()), ..event });
        }
        let mut events = events.into_iter();
        let Some(first) = events.next() else {
            self.lived = lived;
            return Ok(report); // nothing ran and nothing is judged otherwise than before
        };
        self.following.certificates_changed(&changes);
        let messages = Arc::new(self.messages(&alerts, now));
        let alerts = Arc::new(alerts.changes);
        let mut commit = Commit::new(first)
            .events(events)
            .changes(Arc::new(changes))
            .findings(Arc::new(findings))
            .alerts(Arc::clone(&alerts))
            .outbox(Arc::clone(&messages))
            .setting(LIVED, lived.to_text());
        if digest_undone {
            commit = commit.setting(LAST_DIGEST, format!("- {now}"));
        }
        self.commit(commit, now).await?;
        self.inventory = after;
        self.findings = next_findings;
        if !alerts.is_empty() {
            alerts.apply(Arc::make_mut(&mut self.alerts));
            let last = alerts.alerts.iter().map(|alert| alert.id).max().unwrap_or(0);
            self.next_alert = self.next_alert.max(last + 1);
        }
        self.outbox.apply(&messages, now, self.clock.monotonic());
        self.lived = lived;
        self.must_judge &= !judge;
        self.new_anchors = false;
        self.publish();
        Ok(report)
    }

    /// Writes an event that changes nothing else; a failure is told to the log and the status.
    pub(super) async fn note(&mut self, event: AuditEvent) {
        if let Err(refusal) = self.try_note(event).await {
            tracing::error!(error = %refusal, "an audit event could not be written");
        }
    }

    /// Writes an event that changes nothing else.
    pub(super) async fn try_note(&mut self, event: AuditEvent) -> Result<(), Refusal> {
        self.commit(Commit::new(event), self.clock.now()).await?;
        self.publish();
        Ok(())
    }

    pub(super) async fn commit(&mut self, commit: Commit, now: Timestamp) -> Result<(), Refusal> {
        if let Some(damage) = &self.damage {
            return Err(Refusal::Store(damage.clone()));
        }
        let receipt = self.store.commit(commit, now).await.map_err(|error| self.store_refused(&error))?;
        self.audit = AuditHead { seq: receipt.seq, head: receipt.head };
        self.store_failure = None;
        Ok(())
    }

    /// Remembers why the database refused. A damaged one is written to no more: what it still holds is what there is to rescue.
    pub(super) fn store_refused(&mut self, error: &StoreError) -> Refusal {
        if matches!(error, StoreError::Damaged { .. }) {
            self.damage = Some(error.to_string());
        }
        tracing::error!(error = %error, reason = error.reason(), "the database refused a change");
        self.store_failure = Some(error.to_string());
        self.publish();
        Refusal::Store(error.to_string())
    }

    fn scan_event(&self, run: &Gathered, caller: &Caller) -> AuditEvent {
        let event = self.event(caller.actor.clone(), caller.origin, Action::Scan, format!("source:{}", run.source));
        match &run.failure {
            None => AuditEvent { reason: Some(format!("{} seen, {} errors", run.seen, run.errors.len())), ..event },
            Some(failure) => AuditEvent {
                outcome: AuditOutcome::Failed,
                reason: Some(format!("{}: {}", failure.reason, failure.message)),
                ..event
            },
        }
    }

    fn change_events(&self, changes: &Changes, findings: &FindingChanges, caller: &Caller) -> Vec<AuditEvent> {
        let event = |action, object: String| self.event(caller.actor.clone(), caller.origin, action, object);
        let seen =
            changes.ders.keys().map(|fingerprint| event(Action::CertificateSeen, format!("sha256:{fingerprint}")));
        let gone = changes.gone.iter().map(|location| event(Action::LocationGone, location.to_string()));
        let opened = findings.opened.iter().map(|finding| AuditEvent {
            reason: Some(format!("{} {}", finding.key.code, finding.severity)),
            ..event(Action::FindingOpened, finding.key.subject.to_string())
        });
        let changed = findings.changed.iter().map(|finding| AuditEvent {
            reason: Some(format!("{} {}", finding.key.code, finding.severity)),
            ..event(Action::FindingChanged, finding.key.subject.to_string())
        });
        let closed = findings.closed.iter().map(|key| AuditEvent {
            reason: Some(key.code.to_string()),
            ..event(Action::FindingClosed, key.subject.to_string())
        });
        let mut events: Vec<AuditEvent> = seen.collect();
        events.sort_by(|a, b| a.object.cmp(&b.object));
        events.extend(self.card_events(changes, caller));
        events.extend(gone.chain(opened).chain(changed).chain(closed));
        events
    }
}

/// What one turn comes to, before it is written.
struct Decided {
    changes: Changes,
    after: Arc<Inventory>,
    findings: FindingChanges,
    next_findings: Arc<OpenFindings>,
    alerts: Reconciled,
    /// What was lived, where the turn judged.
    lived: Option<Lived>,
}

/// Nothing a rule looks at differs: no certificate, no location, no trouble of a source.
fn is_as_before(before: &Inventory, changes: &Changes) -> bool {
    let same_source = |(name, state): (&SourceName, &SourceState)| {
        before.sources.get(name).is_some_and(|known| {
            known.failure == state.failure && known.errors == state.errors && known.last_success.is_some()
        })
    };
    changes.is_quiet() && changes.sources.iter().all(same_source)
}

/// The open findings after a judgement.
fn apply(open: &Arc<OpenFindings>, changes: &FindingChanges, now: Timestamp) -> Arc<OpenFindings> {
    if changes.is_empty() {
        return Arc::clone(open);
    }
    let mut next = OpenFindings::clone(open);
    for finding in &changes.opened {
        next.insert(finding.key.clone(), FindingRecord { finding: finding.clone(), since: now, until: None });
    }
    for finding in &changes.changed {
        if let Some(record) = next.get_mut(&finding.key) {
            record.finding = finding.clone();
        }
    }
    for key in &changes.closed {
        next.remove(key);
    }
    Arc::new(next)
}
