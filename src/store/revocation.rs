//! Revocation lists that are followed, the status of certificates with its history, and what is awaited in a list.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Arguments, Row};

use super::error::StoreError;
use super::rows::{self, Repeated};
use super::{Store, printable};
use crate::domain::crl::{
    Awaited, AwaitedSubject, CertificateStatus, CrlFailure, CrlState, Held, RevocationChanges, Revocations, Seen,
    Validators,
};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::identifier::CardNumber;
use crate::domain::offer::UnknownWord;
use crate::domain::profile::Environment;
use crate::domain::revocation::{ListRef, Revocation};
use crate::domain::time::Timestamp;

impl Store {
    /// Everything known of revocation, as last committed. Lists are not followed until something names them again.
    pub async fn revocations(&self) -> Result<Revocations, StoreError> {
        let failed = |source| self.failed("loading the revocation lists", source);
        let mut known = Revocations::default();
        let mut lists = sqlx::query(
            "SELECT name, urls, issuer, delta, number, this_update, next_update, entries, bytes, sha256, taken_at, taken_from, etag, last_modified, body_sha256, last_attempt, last_success, failure_reason, failure_message, failing_since, failures, next_attempt, from_file FROM crl",
        )
        .fetch(&self.read);
        while let Some(row) = rows::next(&mut lists).await.map_err(failed)? {
            let name: String = row.try_get(0).map_err(failed)?;
            known.lists.insert(name.into(), list(&row).map_err(failed)?);
        }
        drop(lists);
        known.certificates = self.statuses().await?;
        let awaited = sqlx::query(
            "SELECT kind, subject, declared_at, asked_at, seen_at, revoked_at, crl_number FROM awaited_revocation ORDER BY asked_at, kind, subject",
        )
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        known.awaited = awaited.iter().map(awaited_of).collect::<sqlx::Result<_>>().map_err(failed)?;
        Ok(known)
    }

    async fn statuses(&self) -> Result<HashMap<Fingerprint, CertificateStatus>, StoreError> {
        let failed = |source| self.failed("loading the revocation statuses", source);
        let mut statuses = HashMap::new();
        let mut found = sqlx::query(
            "SELECT fingerprint, since, status, why, revoked_at, reason, invalidity_date, authority, list_issuer, list_number, list_this_update, list_next_update FROM certificate_revocation WHERE until IS NULL",
        )
        .fetch(&self.read);
        while let Some(row) = rows::next(&mut found).await.map_err(failed)? {
            let fingerprint = fingerprint(&row, 0).map_err(failed)?;
            let fingerprint = fingerprint.ok_or_else(|| failed(decode("a status without a certificate")))?;
            statuses.insert(fingerprint, status(&row).map_err(failed)?);
        }
        Ok(statuses)
    }
}

/// Writes what a look at the lists changed.
pub(super) async fn write(to: &mut AnyConnection, changes: &RevocationChanges, now: Timestamp) -> sqlx::Result<()> {
    forgotten(to, changes).await?;
    lists(to, changes).await?;
    certificates(to, changes, now).await?;
    no_longer_awaited(to, changes).await?;
    awaited(to, changes).await
}

async fn forgotten(to: &mut AnyConnection, changes: &RevocationChanges) -> sqlx::Result<()> {
    const FORGOTTEN: Repeated = Repeated { head: "DELETE FROM crl WHERE name IN (VALUES ", columns: 1, tail: ")" };
    rows::run(to, &FORGOTTEN, &[], &changes.forgotten, |name, to| to.add(name.to_string())).await?;
    Ok(())
}

async fn lists(to: &mut AnyConnection, changes: &RevocationChanges) -> sqlx::Result<()> {
    const LIST: Repeated = Repeated {
        head: "INSERT INTO crl (name, urls, issuer, delta, number, this_update, next_update, entries, bytes, sha256, taken_at, taken_from, etag, last_modified, body_sha256, last_attempt, last_success, failure_reason, failure_message, failing_since, failures, next_attempt, from_file) VALUES ",
        columns: 23,
        tail: " ON CONFLICT (name) DO UPDATE SET urls = excluded.urls, issuer = excluded.issuer, delta = excluded.delta, number = excluded.number, this_update = excluded.this_update, next_update = excluded.next_update, entries = excluded.entries, bytes = excluded.bytes, sha256 = excluded.sha256, taken_at = excluded.taken_at, taken_from = excluded.taken_from, etag = excluded.etag, last_modified = excluded.last_modified, body_sha256 = excluded.body_sha256, last_attempt = excluded.last_attempt, last_success = excluded.last_success, failure_reason = excluded.failure_reason, failure_message = excluded.failure_message, failing_since = excluded.failing_since, failures = excluded.failures, next_attempt = excluded.next_attempt, from_file = excluded.from_file",
    };
    let text = |text: &Option<Arc<str>>| text.as_deref().map(printable);
    rows::run(to, &LIST, &[], &changes.lists, |(name, state), to| {
        let (held, failure) = (state.held.as_ref(), state.failure.as_ref());
        let urls: Vec<&str> = state.addresses.iter().map(|address| &**address).collect();
        to.add(name.to_string())?;
        to.add(serde_json::to_string(&urls)?)?;
        to.add(printable(&state.issuer))?;
        to.add(i64::from(state.delta))?;
        to.add(held.and_then(|held| held.number.as_deref().map(str::to_owned)))?;
        to.add(held.map(|held| held.this_update.unix()))?;
        to.add(held.and_then(|held| held.next_update).map(Timestamp::unix))?;
        to.add(held.map(|held| held.entries.cast_signed()))?;
        to.add(held.map(|held| held.bytes.cast_signed()))?;
        to.add(held.map(|held| held.identity.0.to_vec()))?;
        to.add(held.map(|held| held.taken_at.unix()))?;
        to.add(text(&state.taken_from))?;
        to.add(text(&state.validators.etag))?;
        to.add(text(&state.validators.last_modified))?;
        to.add(state.validators.body.map(|body| body.0.to_vec()))?;
        to.add(state.last_attempt.map(Timestamp::unix))?;
        to.add(state.last_success.map(Timestamp::unix))?;
        to.add(failure.map(|failure| printable(&failure.reason)))?;
        to.add(failure.map(|failure| printable(&failure.message)))?;
        to.add(failure.map(|failure| failure.since.unix()))?;
        to.add(i64::from(failure.map_or(0, |failure| failure.count)))?;
        to.add(state.next_attempt.map(Timestamp::unix))?;
        to.add(i64::from(state.from_file))
    })
    .await?;
    Ok(())
}

async fn certificates(to: &mut AnyConnection, changes: &RevocationChanges, now: Timestamp) -> sqlx::Result<()> {
    const OVER: Repeated = Repeated {
        head: "UPDATE certificate_revocation SET until = $1 WHERE until IS NULL AND fingerprint IN (VALUES ",
        columns: 1,
        tail: ")",
    };
    // The reason of an unknown status changes within its interval.
    const STATUS: Repeated = Repeated {
        head: "INSERT INTO certificate_revocation (fingerprint, since, status, why, revoked_at, reason, invalidity_date, authority, list_issuer, list_number, list_this_update, list_next_update) VALUES ",
        columns: 12,
        tail: " ON CONFLICT (fingerprint, since) DO UPDATE SET until = NULL, status = excluded.status, why = excluded.why, revoked_at = excluded.revoked_at, reason = excluded.reason, invalidity_date = excluded.invalidity_date, authority = excluded.authority, list_issuer = excluded.list_issuer, list_number = excluded.list_number, list_this_update = excluded.list_this_update, list_next_update = excluded.list_next_update",
    };
    let mut statuses: Vec<&(Fingerprint, CertificateStatus)> = changes.certificates.iter().collect();
    statuses.sort_by_key(|(fingerprint, _)| *fingerprint);
    rows::run(to, &OVER, &[now.unix()], &statuses, |(fingerprint, _), to| to.add(fingerprint.0.to_vec())).await?;
    rows::run(to, &STATUS, &[], &statuses, |(fingerprint, status), to| {
        let (entry, list) = (status.revocation.as_ref(), status.list.as_ref());
        to.add(fingerprint.0.to_vec())?;
        to.add(status.since.unix())?;
        to.add(status.status.as_str())?;
        to.add(status.why.map(|why| why.as_str()))?;
        to.add(entry.map(|entry| entry.revoked_at.unix()))?;
        to.add(entry.and_then(|entry| entry.reason).map(|reason| reason.as_str()))?;
        to.add(entry.and_then(|entry| entry.invalidity_date).map(Timestamp::unix))?;
        to.add(status.authority.map(|authority| authority.0.to_vec()))?;
        to.add(list.map(|list| printable(&list.issuer)))?;
        to.add(list.and_then(|list| list.crl_number.as_deref()).map(str::to_owned))?;
        to.add(list.map(|list| list.this_update.unix()))?;
        to.add(list.and_then(|list| list.next_update).map(Timestamp::unix))
    })
    .await?;
    Ok(())
}

async fn no_longer_awaited(to: &mut AnyConnection, changes: &RevocationChanges) -> sqlx::Result<()> {
    const GONE: Repeated = Repeated {
        head: "DELETE FROM awaited_revocation WHERE (kind, subject, declared_at) IN (VALUES ",
        columns: 3,
        tail: ")",
    };
    rows::run(to, &GONE, &[], &changes.no_longer_awaited, |(what, declared_at), to| {
        let (kind, subject) = columns_of(what);
        to.add(kind)?;
        to.add(subject)?;
        to.add(declared_at.unix())
    })
    .await?;
    Ok(())
}

/// `kind` and `subject`.
fn columns_of(what: &AwaitedSubject) -> (&'static str, String) {
    match what {
        AwaitedSubject::Card(number) => ("card", number.to_string()),
        AwaitedSubject::Certificate(fingerprint) => ("certificate", fingerprint.to_string()),
    }
}

async fn awaited(to: &mut AnyConnection, changes: &RevocationChanges) -> sqlx::Result<()> {
    const AWAITED: Repeated = Repeated {
        head: "INSERT INTO awaited_revocation (kind, subject, declared_at, asked_at, seen_at, revoked_at, crl_number) VALUES ",
        columns: 7,
        tail: " ON CONFLICT (kind, subject, declared_at) DO UPDATE SET seen_at = excluded.seen_at, revoked_at = excluded.revoked_at, crl_number = excluded.crl_number",
    };
    rows::run(to, &AWAITED, &[], &changes.awaited, |awaited, to| {
        let (kind, subject) = columns_of(&awaited.what);
        let seen = awaited.seen.as_ref();
        to.add(kind)?;
        to.add(subject)?;
        to.add(awaited.declared_at.unix())?;
        to.add(awaited.asked_at.unix())?;
        to.add(seen.map(|seen| seen.at.unix()))?;
        to.add(seen.map(|seen| seen.revoked_at.unix()))?;
        to.add(seen.and_then(|seen| seen.crl_number.as_deref()).map(str::to_owned))
    })
    .await?;
    Ok(())
}

fn list(row: &AnyRow) -> sqlx::Result<CrlState> {
    let addresses: Vec<String> =
        serde_json::from_str(row.try_get(1)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let held = match (time(row, 5)?, fingerprint(row, 9)?, time(row, 10)?) {
        (Some(this_update), Some(identity), Some(taken_at)) => Some(Held {
            number: text(row, 4)?,
            this_update,
            next_update: time(row, 6)?,
            entries: row.try_get::<Option<i64>, _>(7)?.unwrap_or(0).cast_unsigned(),
            bytes: row.try_get::<Option<i64>, _>(8)?.unwrap_or(0).cast_unsigned(),
            identity,
            taken_at,
        }),
        _ => None,
    };
    let failure = match (text(row, 17)?, text(row, 18)?, time(row, 19)?) {
        (Some(reason), Some(message), Some(since)) => Some(CrlFailure {
            reason,
            message,
            since,
            count: u32::try_from(row.try_get::<i64, _>(20)?).unwrap_or(u32::MAX),
        }),
        _ => None,
    };
    Ok(CrlState {
        addresses: addresses.into_iter().map(Arc::from).collect(),
        issuer: row.try_get::<String, _>(2)?.into(),
        delta: row.try_get::<i64, _>(3)? == 1,
        followed: false,
        held,
        taken_from: text(row, 11)?,
        from_file: row.try_get::<i64, _>(22)? == 1,
        validators: Validators { etag: text(row, 12)?, last_modified: text(row, 13)?, body: fingerprint(row, 14)? },
        last_attempt: time(row, 15)?,
        last_success: time(row, 16)?,
        failure,
        next_attempt: time(row, 21)?,
    })
}

fn status(row: &AnyRow) -> sqlx::Result<CertificateStatus> {
    let word = |unknown: UnknownWord| sqlx::Error::Decode(unknown.into());
    let reason = text(row, 5)?.map(|reason| reason.parse()).transpose().map_err(word)?;
    let invalidity_date = time(row, 6)?;
    let list = match (text(row, 8)?, time(row, 10)?) {
        (Some(issuer), Some(this_update)) => {
            Some(ListRef { issuer, crl_number: text(row, 9)?, this_update, next_update: time(row, 11)? })
        }
        _ => None,
    };
    Ok(CertificateStatus {
        status: row.try_get::<String, _>(2)?.parse().map_err(word)?,
        why: text(row, 3)?.map(|why| why.parse()).transpose().map_err(word)?,
        since: Timestamp::from_unix(row.try_get(1)?),
        revocation: time(row, 4)?.map(|revoked_at| Revocation { revoked_at, reason, invalidity_date }),
        list,
        authority: fingerprint(row, 7)?,
    })
}

fn awaited_of(row: &AnyRow) -> sqlx::Result<Awaited> {
    let (kind, subject): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let what = match kind.as_str() {
        "card" => CardNumber::parse(&subject, Environment::Production)
            .map(|checked| AwaitedSubject::Card(checked.value))
            .map_err(|error| decode(&error.to_string()))?,
        _ => subject.parse().map(AwaitedSubject::Certificate).map_err(|_| decode("not a fingerprint"))?,
    };
    let seen = match (time(row, 4)?, time(row, 5)?) {
        (Some(at), Some(revoked_at)) => Some(Seen { at, revoked_at, crl_number: text(row, 6)? }),
        _ => None,
    };
    let at = |index: usize| row.try_get(index).map(Timestamp::from_unix);
    Ok(Awaited { what, declared_at: at(2)?, asked_at: at(3)?, seen })
}

fn text(row: &AnyRow, index: usize) -> sqlx::Result<Option<Arc<str>>> {
    Ok(row.try_get::<Option<String>, _>(index)?.map(Arc::from))
}

fn time(row: &AnyRow, index: usize) -> sqlx::Result<Option<Timestamp>> {
    Ok(row.try_get::<Option<i64>, _>(index)?.map(Timestamp::from_unix))
}

fn fingerprint(row: &AnyRow, index: usize) -> sqlx::Result<Option<Fingerprint>> {
    let Some(bytes) = row.try_get::<Option<Vec<u8>>, _>(index)? else { return Ok(None) };
    <[u8; 32]>::try_from(bytes).map(|bytes| Some(Fingerprint(bytes))).map_err(|_| decode("not a fingerprint"))
}

fn decode(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(what.to_owned().into())
}
