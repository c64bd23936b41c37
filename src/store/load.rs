//! The snapshot the daemon starts from.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::address::Engine;
use super::audit::{self, AuditHead};
use super::error::StoreError;
use super::packed::{Interner, Unreadable, facts, state};
use super::{LoadedOutbox, Store, findings, rows};
use crate::domain::alert::OpenAlerts;
use crate::domain::certificate::Certificate;
use crate::domain::certificates::Certificates;
use crate::domain::finding::{FindingKey, FindingRecord};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::found_card::{ChipSerial, FoundCard};
use crate::domain::inventory::{CertificateRecord, IssuerLink, ItemError, SourceState};
use crate::domain::observation::{Location, Observation, Problem, SourceName};
use crate::domain::reading::Item;
use crate::domain::time::Timestamp;
use crate::pki::read::{Limits, read};

/// Everything the daemon keeps in memory, as last committed.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Every certificate ever seen.
    pub certificates: Certificates,
    /// What each location holds.
    pub observations: BTreeMap<Location, Arc<Observation>>,
    /// Every CPx card ever seen.
    pub cards: BTreeMap<ChipSerial, Arc<FoundCard>>,
    /// How each source did last time.
    pub sources: BTreeMap<SourceName, SourceState>,
    /// Open findings.
    pub findings: BTreeMap<FindingKey, FindingRecord>,
    /// Alerts that are not over.
    pub alerts: OpenAlerts,
    /// Number of the next alert.
    pub next_alert: i64,
    /// Messages still to be sent.
    pub outbox: LoadedOutbox,
    /// Everything kept under a name.
    pub settings: BTreeMap<String, String>,
    /// The end of the audit trail.
    pub head: AuditHead,
}

impl Store {
    /// Reads the whole inventory. The parts are read side by side, so nothing else may commit meanwhile: this is for starting.
    pub async fn load(&self) -> Result<Snapshot, StoreError> {
        let failed = |source| self.failed("loading the inventory", source);
        let (certificates, observations, (cards, findings, (alerts, next_alert), outbox, sources, settings, head)) =
            tokio::try_join!(self.certificates(), self.observations(), async {
                let cards = self.cards().await?;
                let findings = findings::open(self).await?;
                let alerts = self.open_alerts().await?;
                let outbox = self.outbox().await?;
                let sources = self.sources().await?;
                let settings = self.settings().await?;
                let mut connection = self.read.acquire().await.map_err(failed)?;
                let head = audit::head(&mut connection).await.map_err(failed)?;
                Ok((cards, findings, alerts, outbox, sources, settings, head))
            })?;
        self.let_go().await.map_err(failed)?;
        Ok(Snapshot {
            certificates,
            observations,
            cards,
            sources,
            findings,
            alerts,
            next_alert,
            outbox,
            settings,
            head,
        })
    }

    /// Pages of SQLite that were read for this once are no cache of what is asked next.
    async fn let_go(&self) -> sqlx::Result<()> {
        if self.engine == Engine::Sqlite {
            let idle: Vec<_> = std::iter::from_fn(|| self.read.try_acquire()).collect();
            for mut connection in idle {
                sqlx::query("PRAGMA shrink_memory").execute(&mut *connection).await?;
            }
        }
        Ok(())
    }

    async fn certificates(&self) -> Result<Certificates, StoreError> {
        let failed = |source| self.failed("loading the certificates", source);
        let mut certificates = Certificates::default();
        let mut interner = Interner::default();
        let (mut last, mut whole) = (None, true);
        loop {
            let after = last.map_or_else(Vec::new, |Fingerprint(last)| last.to_vec());
            let slice = self.slice("certificate", "fingerprint", after).await.map_err(failed)?;
            let (mut packed, before) = (slice.packed.as_slice(), last);
            while !packed.is_empty() {
                let left = packed.len();
                match facts::unpack(&mut packed, &mut interner) {
                    Ok(record) => {
                        last = Some(record.facts.fingerprint);
                        certificates.insert(Arc::new(record));
                    }
                    Err(Unreadable) => whole = false,
                }
                if packed.len() == left {
                    break;
                }
            }
            // Where nothing of a slice can be read there is no next one; the rest is read anew.
            if slice.is_last || last == before {
                break;
            }
        }
        if !whole {
            self.certificates_anew(&mut certificates).await?;
        }
        Ok(certificates)
    }

    /// Those that were packed by another version, or whose packed form is damaged, from the columns and the DER.
    async fn certificates_anew(&self, certificates: &mut Certificates) -> Result<(), StoreError> {
        let failed = |source| self.failed("reading certificates anew", source);
        let mut unread = Vec::new();
        let mut found = sqlx::query("SELECT fingerprint, first_seen, issuer_link, issuer_fingerprint FROM certificate")
            .fetch(&self.read);
        while let Some(row) = rows::next(&mut found).await.map_err(failed)? {
            let fingerprint = audit::fingerprint(&row, 0).map_err(failed)?;
            if !certificates.contains_key(&fingerprint) {
                let first_seen = Timestamp::from_unix(row.try_get(1).map_err(failed)?);
                unread.push((fingerprint, first_seen, issuer(&row).map_err(failed)?));
            }
        }
        drop(found);
        for batch in unread.chunks(256) {
            let wanted: Vec<Fingerprint> = batch.iter().map(|(fingerprint, ..)| *fingerprint).collect();
            let ders = self.ders(&wanted).await?;
            for (fingerprint, first_seen, issuer) in batch {
                let facts = ders.get(fingerprint).and_then(|der| reread(fingerprint, der));
                let facts = facts.ok_or_else(|| self.damaged(format!("certificate {fingerprint} cannot be read")))?;
                let record = CertificateRecord { facts, first_seen: *first_seen, issuer: *issuer };
                certificates.insert(Arc::new(record));
            }
        }
        Ok(())
    }

    async fn observations(&self) -> Result<BTreeMap<Location, Arc<Observation>>, StoreError> {
        let failed = |source| self.failed("loading the observations", source);
        let mut observations: Vec<(Location, Arc<Observation>)> = Vec::new();
        let mut interner = Interner::default();
        loop {
            let after = observations.last().map_or_else(Vec::new, |(location, _)| state::location_key(location));
            let slice = self.slice("observation", "location", after).await.map_err(failed)?;
            let mut packed = slice.packed.as_slice();
            while !packed.is_empty() {
                let observation = state::unpack(&mut packed, &mut interner).map_err(|Unreadable| {
                    let last = observations.last().map(|(location, _)| location.to_string());
                    self.damaged(format!("the observation after {:?} cannot be read", last.unwrap_or_default()))
                })?;
                observations.push((observation.location.clone(), Arc::new(observation)));
            }
            if slice.is_last {
                return Ok(observations.into_iter().collect());
            }
        }
    }

    /// The packed rows of `table` that come after a key, one behind the other, in the order of the key. As one row: a hundred thousand
    /// of them cost several times what is in them.
    async fn slice(&self, table: &str, key: &str, after: Vec<u8>) -> sqlx::Result<Slice> {
        const ROWS: i64 = 1024;
        let blob = self.engine.blob();
        // SQLite takes the bytes for a text and joins them as they are; the cast takes the name off again.
        let text = format!(
            "SELECT COUNT(*), CAST(string_agg(packed, $1) AS {blob}) FROM (SELECT packed FROM {table} WHERE {key} > $2 ORDER BY {key} LIMIT $3) AS slice"
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(Vec::<u8>::new()).bind(after).bind(ROWS);
        let row = query.fetch_one(&self.read).await?;
        let rows: i64 = row.try_get(0)?;
        Ok(Slice { packed: row.try_get::<Option<Vec<u8>>, _>(1)?.unwrap_or_default(), is_last: rows < ROWS })
    }

    async fn sources(&self) -> Result<BTreeMap<SourceName, SourceState>, StoreError> {
        let failed = |source| self.failed("loading the sources", source);
        let found = sqlx::query(
            "SELECT source, kind, last_run, last_success, failure_reason, failure_message, errors, error_count, seen FROM source_state",
        )
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        found.iter().map(source).collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// Everything kept under a name.
    pub async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let failed = |source| self.failed("reading the settings", source);
        let found = sqlx::query("SELECT name, value FROM setting").fetch_all(&self.read).await.map_err(failed)?;
        found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// What is kept under `name`. [`super::Commit::setting`] keeps it.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let failed = |source| self.failed("reading a setting", source);
        let row = sqlx::query("SELECT value FROM setting WHERE name = $1")
            .bind(name.to_owned())
            .fetch_optional(&self.read)
            .await
            .map_err(failed)?;
        row.map(|row| row.try_get(0)).transpose().map_err(failed)
    }
}

/// Some rows of a table.
struct Slice {
    packed: Vec<u8>,
    /// None comes after them.
    is_last: bool,
}

/// The facts read again from the DER of one certificate.
fn reread(fingerprint: &Fingerprint, der: &[u8]) -> Option<Arc<Certificate>> {
    read(der, None, &Limits::default()).items.into_iter().find_map(|item| match item.item {
        Item::Certificate { facts, .. } if facts.fingerprint == *fingerprint => Some(facts),
        _ => None,
    })
}

fn issuer(row: &AnyRow) -> sqlx::Result<IssuerLink> {
    match row.try_get(2)? {
        "unknown" => Ok(IssuerLink::Unknown),
        "self_signed" => Ok(IssuerLink::SelfSigned),
        "issued" => audit::fingerprint(row, 3).map(IssuerLink::Issued),
        other => Err(sqlx::Error::Decode(format!("unknown issuer link {other:?}").into())),
    }
}

fn source(row: &AnyRow) -> sqlx::Result<(SourceName, SourceState)> {
    let name: &str = row.try_get(0)?;
    let kind: &str = row.try_get(1)?;
    let time = |index: usize| row.try_get::<Option<i64>, _>(index).map(|at| at.map(Timestamp::from_unix));
    let (reason, message): (Option<String>, Option<String>) = (row.try_get(4)?, row.try_get(5)?);
    let errors: Vec<(String, String, String)> =
        serde_json::from_str(row.try_get(6)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let problem = |reason: String, message: String| Problem { reason: reason.into(), message: message.into() };
    let state = SourceState {
        kind: kind.into(),
        last_run: time(2)?,
        last_success: time(3)?,
        failure: reason.zip(message).map(|(reason, message)| problem(reason, message)),
        errors: errors
            .into_iter()
            .map(|(place, reason, message)| ItemError { place: place.into(), problem: problem(reason, message) })
            .collect(),
        error_count: row.try_get::<i64, _>(7)?.cast_unsigned(),
        seen: row.try_get::<i64, _>(8)?.cast_unsigned(),
    };
    Ok((name.into(), state))
}
