//! `/api/v1/findings`: what the rules say, open and closed, in words.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::answer::{store_problem, texts};
use super::asked::{Query, word};
use super::paging::Paging;
use super::problem::ApiProblem;
use crate::domain::finding::{FindingRecord, Severity};
use crate::domain::lang::Lang;
use crate::domain::time::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::locale::Texts;
use crate::store::{FindingFilter, FindingLife};

/// A finding in words.
#[derive(Debug, Serialize)]
pub(super) struct Judged<'a> {
    code: &'a str,
    severity: Severity,
    subject: &'a str,
    since: Timestamp,
    until: Option<Timestamp>,
    title: String,
    text: String,
    reference: String,
    facts: serde_json::Map<String, serde_json::Value>,
}

/// Puts a finding into words.
pub(super) fn judged<'a>(record: &'a FindingRecord, texts: &Texts, snapshot: &Snapshot, now: Timestamp) -> Judged<'a> {
    let finding = &record.finding;
    let facts = finding.facts.iter().map(|(name, value)| (name.to_string(), value.as_str().into())).collect();
    let said = texts.finding(finding, now, snapshot.config.timezone);
    Judged {
        code: &finding.key.code,
        severity: finding.severity,
        subject: &finding.key.subject,
        since: record.since,
        until: record.until,
        text: said.sentences(),
        title: said.title,
        reference: said.reference.unwrap_or_default(),
        facts,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FindingQuery {
    #[serde(default, deserialize_with = "word")]
    severity: Option<Severity>,
    code: Option<String>,
    subject: Option<String>,
    /// `true`: also those that are no longer true, from the history.
    closed: Option<bool>,
    #[serde(default, deserialize_with = "word")]
    lang: Option<Lang>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(filter): Query<FindingQuery>,
) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let now = shared.clock.now();
    let texts = texts(&snapshot, filter.lang);
    let least = filter.severity.unwrap_or(Severity::Info);
    let past = if filter.closed == Some(true) { past_findings(&shared).await? } else { Vec::new() };
    let mut records: Vec<&FindingRecord> = snapshot
        .findings
        .values()
        .chain(&past)
        .filter(|record| record.finding.severity >= least)
        .filter(|record| filter.code.as_deref().is_none_or(|code| code == record.finding.key.code))
        .filter(|record| {
            filter.subject.as_deref().is_none_or(|subject| record.finding.key.subject.starts_with(subject))
        })
        .collect();
    // Worst first; a sort that is stable keeps the order of the keys among equals.
    records.sort_by_key(|record| (record.until.is_some(), std::cmp::Reverse(record.finding.severity)));
    let key = |record: &&FindingRecord| {
        format!("{} {} {}", record.finding.key.code, record.since.unix(), record.finding.key.subject)
    };
    let page =
        Paging::new(filter.limit, filter.cursor).cut(&records, key, |record| judged(record, &texts, &snapshot, now))?;
    Ok(Json(page).into_response())
}

/// Findings that are no longer true, among the first ten thousand ever opened.
async fn past_findings(shared: &Shared) -> Result<Vec<FindingRecord>, ApiProblem> {
    let filter = FindingFilter { after: 0, limit: 10_000, which: FindingLife::All };
    let found = shared.store.findings(filter).await.map_err(|error| store_problem(&error))?;
    Ok(found.into_iter().map(|(_, record)| record).filter(|record| record.until.is_some()).collect())
}
