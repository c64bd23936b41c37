//! What each location held and when: intervals opened and closed with every commit, and read back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{AnyConnection, Arguments, AssertSqlSafe, Row};

use super::error::StoreError;
use super::packed::state::{location, location_key};
use super::rows::{self, Repeated};
use super::{Store, audit};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::observation::{ContentKind, Location, Observation};
use crate::domain::offer::{UnknownWord, spelled};
use crate::domain::reconcile::Changes;
use crate::domain::time::Timestamp;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

spelled! {
    /// What an interval of the history speaks of.
    HeldKind, "kind" {
        /// A certificate, by its fingerprint.
        Certificate = "certificate",
        /// A private key, by the SHA-256 of its public key; none when encrypted.
        PrivateKey = "private_key",
        /// A public key, by its SHA-256.
        PublicKey = "public_key",
        /// A certification request, by the SHA-256 of its public key.
        Csr = "csr",
        /// A revocation list, by its fingerprint.
        Crl = "crl",
        /// The location was there and nothing in it could be read.
        Nothing = "nothing",
    }
}

/// One item at one location, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    /// Where.
    pub location: Location,
    /// What kind of item.
    pub kind: HeldKind,
    /// Which one; `None` for an encrypted key or an unreadable location.
    pub digest: Option<Fingerprint>,
    /// First read there.
    pub first_seen: Timestamp,
    /// Found gone or replaced at this time; `None` while it is there.
    pub last_seen: Option<Timestamp>,
}

/// A kind and its digest, as stored.
type Held = (&'static str, Vec<u8>);

/// An interval to open or close: location, item, time.
type Edge<'a> = (&'a [u8], Held, Timestamp);

/// Opens and closes the intervals that `changes` begins and ends.
pub(super) async fn write(to: &mut AnyConnection, changes: &Changes, now: Timestamp) -> sqlx::Result<()> {
    const OPEN: Repeated = Repeated {
        head: "INSERT INTO location_history (location, kind, digest, first_seen) VALUES ",
        columns: 4,
        // Gone and back within the same second is not having been gone.
        tail: " ON CONFLICT (location, kind, digest, first_seen) DO UPDATE SET last_seen = NULL",
    };
    const GONE: Repeated = Repeated {
        head: "UPDATE location_history SET last_seen = $1 WHERE last_seen IS NULL AND location IN (VALUES ",
        columns: 1,
        tail: ")",
    };
    const CLOSE: Repeated = Repeated {
        head: "UPDATE location_history SET last_seen = $1 WHERE last_seen IS NULL AND (location, kind, digest) IN (VALUES ",
        columns: 3,
        tail: ")",
    };
    let keyed = |observations: &[Arc<Observation>]| -> Vec<(Vec<u8>, Arc<Observation>)> {
        observations.iter().map(|seen| (location_key(&seen.location), Arc::clone(seen))).collect()
    };
    let appeared = keyed(&changes.appeared);
    let changed = keyed(&changes.changed);
    let before = open_at(to, &changed).await?;
    let mut ended: BTreeMap<i64, Vec<(&[u8], &Held)>> = BTreeMap::new();

    let mut opened: Vec<Edge<'_>> = Vec::with_capacity(appeared.len() + changed.len());
    for (key, observation) in &appeared {
        opened.extend(held(observation).into_iter().map(|item| (key.as_slice(), item, observation.read_at)));
    }
    for (key, observation) in &changed {
        let (was, is) = (before.get(key), held(observation));
        let over = was.into_iter().flatten().filter(|item| !is.contains(*item));
        ended.entry(observation.read_at.unix()).or_default().extend(over.map(|item| (key.as_slice(), item)));
        let begun = is.into_iter().filter(|item| was.is_none_or(|was| !was.contains(item)));
        opened.extend(begun.map(|item| (key.as_slice(), item, observation.read_at)));
    }
    // A scan reads within few different seconds, so this is few statements.
    for (at, items) in &ended {
        rows::run(to, &CLOSE, &[*at], items, |(key, (kind, digest)), to| {
            to.add(key.to_vec())?;
            to.add(*kind)?;
            to.add(digest.clone())
        })
        .await?;
    }
    opened.sort();
    opened.dedup();
    rows::run(to, &OPEN, &[], &opened, |(key, (kind, digest), at), to| {
        to.add(key.to_vec())?;
        to.add(*kind)?;
        to.add(digest.clone())?;
        to.add(at.unix())
    })
    .await?;
    rows::run(to, &GONE, &[now.unix()], &changes.gone, |gone, to| to.add(location_key(gone))).await?;
    Ok(())
}

/// The open items of the locations that changed.
async fn open_at(
    to: &mut AnyConnection,
    changed: &[(Vec<u8>, Arc<Observation>)],
) -> sqlx::Result<HashMap<Vec<u8>, BTreeSet<Held>>> {
    const BATCH: usize = 128;
    let mut open: HashMap<Vec<u8>, BTreeSet<Held>> = HashMap::new();
    for batch in changed.chunks(BATCH) {
        let places: Vec<String> = (1..=batch.len()).map(|place| format!("${place}")).collect();
        let text = format!(
            "SELECT location, kind, digest FROM location_history WHERE last_seen IS NULL AND location IN ({})",
            places.join(",")
        );
        let mut arguments = AnyArguments::default();
        for (key, _) in batch {
            arguments.add(key.clone()).map_err(sqlx::Error::Encode)?;
        }
        let persistent = batch.len() == 1 || batch.len() == BATCH;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
        for row in query.fetch_all(&mut *to).await? {
            open.entry(row.try_get(0)?).or_default().insert((kind(&row, 1)?.as_str(), row.try_get(2)?));
        }
    }
    Ok(open)
}

/// The items of an observation, each once; never empty.
fn held(observation: &Observation) -> BTreeSet<Held> {
    let digest = |value: &Option<Fingerprint>| value.map_or_else(Vec::new, |value| value.0.to_vec());
    let mut items: BTreeSet<Held> = observation
        .contents
        .iter()
        .map(|content| match &content.kind {
            ContentKind::Certificate(fingerprint) => (HeldKind::Certificate, fingerprint.0.to_vec()),
            ContentKind::PrivateKey(facts) => (HeldKind::PrivateKey, digest(&facts.spki)),
            ContentKind::PublicKey(facts) => (HeldKind::PublicKey, digest(&facts.spki)),
            ContentKind::Csr(facts) => (HeldKind::Csr, facts.spki.0.to_vec()),
            ContentKind::Crl(facts) => (HeldKind::Crl, facts.fingerprint.0.to_vec()),
        })
        .map(|(kind, digest)| (kind.as_str(), digest))
        .collect();
    if items.is_empty() {
        items.insert((HeldKind::Nothing.as_str(), Vec::new()));
    }
    items
}

impl Store {
    /// Everywhere a certificate, key, request or CRL was ever seen, oldest first.
    pub async fn history(&self, digest: &Fingerprint) -> Result<Vec<Interval>, StoreError> {
        self.intervals("digest", digest.0.to_vec()).await
    }

    /// Everything a location ever held, oldest first.
    pub async fn history_of(&self, location: &Location) -> Result<Vec<Interval>, StoreError> {
        self.intervals("location", location_key(location)).await
    }

    async fn intervals(&self, column: &'static str, value: Vec<u8>) -> Result<Vec<Interval>, StoreError> {
        let failed = |source| self.failed("reading the history", source);
        let text = format!(
            "SELECT location, kind, digest, first_seen, last_seen FROM location_history WHERE {column} = $1 ORDER BY first_seen, location, kind, digest"
        );
        let mut arguments = AnyArguments::default();
        arguments.add(value).map_err(|error| failed(sqlx::Error::Encode(error)))?;
        let found = sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(&self.read).await.map_err(failed)?;
        found.iter().map(interval).collect::<sqlx::Result<_>>().map_err(failed)
    }
}

fn interval(row: &AnyRow) -> sqlx::Result<Interval> {
    let key: &[u8] = row.try_get(0)?;
    let digest: &[u8] = row.try_get(2)?;
    Ok(Interval {
        location: location(key).map_err(|_| sqlx::Error::Decode("a location that is none".into()))?,
        kind: kind(row, 1)?,
        digest: if digest.is_empty() { None } else { Some(audit::fingerprint(row, 2)?) },
        first_seen: Timestamp::from_unix(row.try_get(3)?),
        last_seen: row.try_get::<Option<i64>, _>(4)?.map(Timestamp::from_unix),
    })
}

fn kind(row: &AnyRow, index: usize) -> sqlx::Result<HeldKind> {
    let word: &str = row.try_get(index)?;
    word.parse().map_err(|unknown: UnknownWord| sqlx::Error::Decode(unknown.into()))
}
