//! Findings, open and closed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::{Store, rows};
use crate::domain::finding::{Finding, FindingKey, FindingRecord};
use crate::domain::offer::UnknownWord;
use crate::domain::time::Timestamp;

/// Which findings to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingFilter {
    /// Only rows after this id: the last one of the page before, 0 for the first page.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
    /// Which part of their life.
    pub which: FindingLife,
}

/// Which part of the life of findings is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingLife {
    /// Those that are true now.
    Open,
    /// Every one, closed ones included.
    All,
}

impl Store {
    /// Findings with their ids, in the order they were opened.
    pub async fn findings(&self, filter: FindingFilter) -> Result<Vec<(i64, FindingRecord)>, StoreError> {
        let failed = |source| self.failed("reading the findings", source);
        let all = match filter.which {
            FindingLife::Open => 0_i64,
            FindingLife::All => 1,
        };
        let found = sqlx::query(
            "SELECT id, code, subject, severity, facts, since, until FROM finding WHERE id > $1 AND ($2 = 1 OR until IS NULL) ORDER BY id LIMIT $3",
        )
        .bind(filter.after)
        .bind(all)
        .bind(i64::from(filter.limit))
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        found.iter().map(|row| Ok((row.try_get(0)?, record(row)?))).collect::<sqlx::Result<_>>().map_err(failed)
    }
}

/// Every open finding.
pub(super) async fn open(store: &Store) -> Result<BTreeMap<FindingKey, FindingRecord>, StoreError> {
    let failed = |source| store.failed("loading the findings", source);
    let mut open = BTreeMap::new();
    let mut found =
        sqlx::query("SELECT id, code, subject, severity, facts, since, until FROM finding WHERE until IS NULL")
            .fetch(&store.read);
    while let Some(row) = rows::next(&mut found).await.map_err(failed)? {
        let record = record(&row).map_err(failed)?;
        open.insert(record.finding.key.clone(), record);
    }
    Ok(open)
}

fn record(row: &AnyRow) -> sqlx::Result<FindingRecord> {
    let code: String = row.try_get(1)?;
    let subject: &str = row.try_get(2)?;
    let severity: &str = row.try_get(3)?;
    let facts: Vec<(String, String)> =
        serde_json::from_str(row.try_get(4)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(FindingRecord {
        finding: Finding {
            key: FindingKey { code: Cow::Owned(code), subject: subject.into() },
            severity: severity.parse().map_err(|unknown: UnknownWord| sqlx::Error::Decode(unknown.into()))?,
            facts: facts.into_iter().map(|(name, value)| (Cow::Owned(name), value)).collect(),
        },
        since: Timestamp::from_unix(row.try_get(5)?),
        until: row.try_get::<Option<i64>, _>(6)?.map(Timestamp::from_unix),
    })
}
