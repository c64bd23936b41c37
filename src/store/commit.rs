//! The one way to change anything: a commit, which cannot be made without an event.

use std::sync::Arc;

use sqlx::error::BoxDynError;
use sqlx::{AnyConnection, Arguments, Row};

use super::audit::{self, AuditHead, Chain};
use super::error::StoreError;
use super::packed::facts;
use super::rows::{self, Repeated};
use super::{OutboxChanges, Store, alerts, cards, history, printable, revocation};
use crate::domain::alert::AlertChanges;
use crate::domain::audit_event::AuditEvent;
use crate::domain::crl::RevocationChanges;
use crate::domain::finding::{Facts, Finding, FindingChanges};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::{CertificateRecord, IssuerLink, SourceState};
use crate::domain::reconcile::Changes;
use crate::domain::time::Timestamp;

/// How often a commit begins again because another writer of the same PostgreSQL was faster.
const ATTEMPTS: u32 = 8;

/// Changes and the events that tell of them: all are written, or none.
#[derive(Debug, Clone)]
pub struct Commit {
    events: Vec<AuditEvent>,
    changes: Arc<Changes>,
    findings: Arc<FindingChanges>,
    alerts: Arc<AlertChanges>,
    outbox: Arc<OutboxChanges>,
    settings: Vec<(String, String)>,
    revocation: Arc<RevocationChanges>,
}

impl Commit {
    /// A commit that tells of `first`.
    pub fn new(first: AuditEvent) -> Self {
        Self {
            events: vec![first],
            changes: Arc::default(),
            findings: Arc::default(),
            alerts: Arc::default(),
            outbox: Arc::default(),
            settings: Vec::new(),
            revocation: Arc::default(),
        }
    }

    /// More events, after those already given.
    #[must_use]
    pub fn events(mut self, more: impl IntoIterator<Item = AuditEvent>) -> Self {
        self.events.extend(more);
        self
    }

    /// What the sources changed.
    #[must_use]
    pub fn changes(mut self, changes: Arc<Changes>) -> Self {
        self.changes = changes;
        self
    }

    /// What the rules changed.
    #[must_use]
    pub fn findings(mut self, findings: Arc<FindingChanges>) -> Self {
        self.findings = findings;
        self
    }

    /// What becomes of alerts, and what they say.
    #[must_use]
    pub fn alerts(mut self, alerts: Arc<AlertChanges>) -> Self {
        self.alerts = alerts;
        self
    }

    /// Messages that are new, and what became of others.
    #[must_use]
    pub fn outbox(mut self, outbox: Arc<OutboxChanges>) -> Self {
        self.outbox = outbox;
        self
    }

    /// What a look at the revocation lists changed.
    #[must_use]
    pub fn revocation(mut self, changes: Arc<RevocationChanges>) -> Self {
        self.revocation = changes;
        self
    }

    /// Keeps `value` under `name`.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitReceipt {
    /// Sequence number of the last event of the commit.
    pub seq: i64,
    /// Its hash: the end of the chain.
    pub head: Fingerprint,
}

impl Store {
    /// Writes a commit in one transaction. When it returns, the database has it on disk; when it fails, nothing of it is there.
    pub async fn commit(&self, commit: Commit, now: Timestamp) -> Result<CommitReceipt, StoreError> {
        let mut attempt = 1;
        loop {
            match self.attempt(&commit, now).await {
                Err(StoreError::Conflict { what, .. }) if attempt < ATTEMPTS && what.contains("audit_event_pk") => {
                    attempt += 1;
                }
                Ok(AuditHead { seq, hash }) => return Ok(CommitReceipt { seq, head: hash }),
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt(&self, commit: &Commit, now: Timestamp) -> Result<AuditHead, StoreError> {
        let begun = |source| self.failed("beginning a commit", source);
        let failed = |source| self.failed("writing a commit", source);
        let mut held = self.writer.hold().await.map_err(begun)?;
        let written = async {
            let mut transaction = self.begin(held.connection()).await.map_err(|source| (begun(source), None))?;
            let head = self.write(&mut transaction, commit, now).await.map_err(|source| (failed(source), None))?;
            transaction.commit().await.map_err(|source| (failed(source), Some(head)))?;
            Ok(head)
        }
        .await;
        match written {
            Ok(head) => {
                held.give_back();
                Ok(head)
            }
            Err((error, unanswered)) => {
                held.give_up().await;
                // The answer was lost, perhaps not the commit: its last hash covers all of its events, so look for it.
                match unanswered {
                    Some(head) if self.hash_at(head.seq).await.is_ok_and(|found| found == Some(head.hash)) => Ok(head),
                    Some(_) | None => Err(error),
                }
            }
        }
    }

    async fn hash_at(&self, seq: i64) -> sqlx::Result<Option<Fingerprint>> {
        let mut connection = self.read.acquire().await?;
        audit::hash_of(&mut connection, seq).await
    }

    async fn write(&self, to: &mut AnyConnection, commit: &Commit, now: Timestamp) -> sqlx::Result<AuditHead> {
        // First, so that writers of one PostgreSQL meet here and not after all their work.
        let chain = Chain { node: &self.node, boot_id: &self.boot_id };
        let head = audit::append(to, &chain, &commit.events).await?;
        certificates(to, &commit.changes).await?;
        history::write(to, &commit.changes, now).await?;
        cards::write(to, &commit.changes).await?;
        sources(to, &commit.changes).await?;
        findings(to, &commit.findings, now).await?;
        alerts::write(to, &commit.alerts).await?;
        alerts::write_outbox(to, &commit.outbox).await?;
        settings(to, &commit.settings, now).await?;
        revocation::write(to, &commit.revocation, now).await?;
        Ok(head)
    }
}

async fn certificates(to: &mut AnyConnection, changes: &Changes) -> sqlx::Result<()> {
    const DER: Repeated = Repeated {
        head: "INSERT INTO certificate_der (fingerprint, der) VALUES ",
        columns: 2,
        tail: " ON CONFLICT (fingerprint) DO NOTHING",
    };
    // A certificate once seen never changes; who signed it may become known later.
    const CERTIFICATE: Repeated = Repeated {
        head: "INSERT INTO certificate (fingerprint, subject, not_after, first_seen, issuer_link, issuer_fingerprint, packed) VALUES ",
        columns: 7,
        tail: " ON CONFLICT (fingerprint) DO UPDATE SET issuer_link = excluded.issuer_link, issuer_fingerprint = excluded.issuer_fingerprint, packed = excluded.packed",
    };
    // In key order: the index then grows at its end instead of everywhere. The last record of a fingerprint wins.
    let mut records: Vec<&CertificateRecord> = changes.certificates.iter().map(Arc::as_ref).rev().collect();
    records.sort_by_key(|record| record.facts.fingerprint);
    records.dedup_by_key(|record| record.facts.fingerprint);
    let mut ders: Vec<(&Fingerprint, &Arc<[u8]>)> = changes.ders.iter().collect();
    ders.sort_unstable_by_key(|(fingerprint, _)| **fingerprint);
    rows::run(to, &DER, &[], &ders, |(fingerprint, der), to| {
        to.add(fingerprint.0.to_vec())?;
        to.add(der.to_vec())
    })
    .await?;
    rows::run(to, &CERTIFICATE, &[], &records, |record, to| {
        let facts = &record.facts;
        let (link, issuer) = match record.issuer {
            IssuerLink::Unknown => ("unknown", None),
            IssuerLink::SelfSigned => ("self_signed", None),
            IssuerLink::Issued(by) => ("issued", Some(by.0.to_vec())),
        };
        to.add(facts.fingerprint.0.to_vec())?;
        to.add(printable(&facts.subject))?;
        to.add(facts.not_after.unix())?;
        to.add(record.first_seen.unix())?;
        to.add(link)?;
        to.add(issuer)?;
        to.add(facts::pack(record))
    })
    .await?;
    Ok(())
}

async fn sources(to: &mut AnyConnection, changes: &Changes) -> sqlx::Result<()> {
    const SOURCE: Repeated = Repeated {
        head: "INSERT INTO source_state (source, kind, last_run, last_success, failure_reason, failure_message, errors, error_count, seen) VALUES ",
        columns: 9,
        tail: " ON CONFLICT (source) DO UPDATE SET kind = excluded.kind, last_run = excluded.last_run, last_success = excluded.last_success, failure_reason = excluded.failure_reason, failure_message = excluded.failure_message, errors = excluded.errors, error_count = excluded.error_count, seen = excluded.seen",
    };
    let states: Vec<_> = changes.sources.iter().collect();
    rows::run(to, &SOURCE, &[], &states, |(name, state), to| {
        to.add(printable(name))?;
        to.add(printable(&state.kind))?;
        to.add(state.last_run.map(Timestamp::unix))?;
        to.add(state.last_success.map(Timestamp::unix))?;
        to.add(state.failure.as_ref().map(|problem| printable(&problem.reason)))?;
        to.add(state.failure.as_ref().map(|problem| printable(&problem.message)))?;
        to.add(errors_json(state)?)?;
        to.add(state.error_count.cast_signed())?;
        to.add(state.seen.cast_signed())
    })
    .await?;
    Ok(())
}

async fn findings(to: &mut AnyConnection, changes: &FindingChanges, now: Timestamp) -> sqlx::Result<()> {
    // Opened and changed are one statement: what is open already only gets its new severity and facts.
    const SPEAKS: Repeated = Repeated {
        head: "INSERT INTO finding (id, code, subject, severity, facts, since) VALUES ",
        columns: 6,
        tail: " ON CONFLICT (code, subject) WHERE until IS NULL DO UPDATE SET severity = excluded.severity, facts = excluded.facts",
    };
    const SILENT: Repeated = Repeated {
        head: "UPDATE finding SET until = $1 WHERE until IS NULL AND (code, subject) IN (VALUES ",
        columns: 2,
        tail: ")",
    };
    let row = sqlx::query("SELECT COALESCE(MAX(id), 0) FROM finding").fetch_one(&mut *to).await?;
    let mut id: i64 = row.try_get(0)?;
    rows::run(to, &SILENT, &[now.unix()], &changes.closed, |key, to| {
        to.add(printable(&key.code))?;
        to.add(printable(&key.subject))
    })
    .await?;
    let mut speaking: Vec<&Finding> = changes.opened.iter().chain(&changes.changed).rev().collect();
    speaking.sort_by(|left, right| left.key.cmp(&right.key));
    speaking.dedup_by(|left, right| left.key == right.key);
    rows::run(to, &SPEAKS, &[], &speaking, |finding, to| {
        id += 1;
        to.add(id)?;
        to.add(printable(&finding.key.code))?;
        to.add(printable(&finding.key.subject))?;
        to.add(finding.severity.as_str())?;
        to.add(facts_json(&finding.facts)?)?;
        to.add(now.unix())
    })
    .await?;
    Ok(())
}

async fn settings(to: &mut AnyConnection, settings: &[(String, String)], now: Timestamp) -> sqlx::Result<()> {
    for (name, value) in settings {
        sqlx::query(
            "INSERT INTO setting (name, value, changed_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
        )
        .bind(printable(name))
        .bind(printable(value))
        .bind(now.unix())
        .execute(&mut *to)
        .await?;
    }
    Ok(())
}

/// `[["name","value"],…]`, in the order of the rule.
fn facts_json(facts: &Facts) -> Result<String, BoxDynError> {
    Ok(serde_json::to_string(facts)?)
}

/// `[["place","reason","message"],…]`.
fn errors_json(state: &SourceState) -> Result<String, BoxDynError> {
    let errors: Vec<_> =
        state.errors.iter().map(|error| (&error.place, &error.problem.reason, &error.problem.message)).collect();
    Ok(serde_json::to_string(&errors)?)
}
