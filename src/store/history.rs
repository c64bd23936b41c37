//! What each location holds since when, and what it held before: written with every commit, and read back as intervals.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{AnyConnection, Arguments, AssertSqlSafe, Row};

use super::error::StoreError;
use super::packed::Interner;
use super::packed::state::{self, location, location_key};
use super::rows::{self, Repeated};
use super::{Store, printable};
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

/// What a location held until now, and since when.
struct Before {
    since: i64,
    items: BTreeSet<Held>,
}

/// An interval that is over: location, item, from, to.
type Over<'a> = (&'a [u8], Held, i64, i64);

/// Writes what the locations hold now, and what they held until now where it is something else.
pub(super) async fn write(to: &mut AnyConnection, changes: &Changes, now: Timestamp) -> sqlx::Result<()> {
    const HOLDS: Repeated = Repeated {
        head: "INSERT INTO observation (location, source, held_since, packed) VALUES ",
        columns: 4,
        tail: " ON CONFLICT (location) DO UPDATE SET source = excluded.source, held_since = excluded.held_since, packed = excluded.packed",
    };
    const GONE: Repeated = Repeated { head: "DELETE FROM observation WHERE location IN (", columns: 1, tail: ")" };
    const HELD: Repeated = Repeated {
        head: "INSERT INTO location_history (location, kind, digest, first_seen, last_seen) VALUES ",
        columns: 5,
        tail: " ON CONFLICT (location, kind, digest, first_seen) DO UPDATE SET last_seen = excluded.last_seen",
    };
    // One statement may not touch a row twice, and the last state of a location is the one that stands.
    let seen = changes.appeared.iter().chain(&changes.changed).rev();
    let mut seen: Vec<(Vec<u8>, &Observation)> =
        seen.map(|seen| (location_key(&seen.location), Arc::as_ref(seen))).collect();
    seen.sort_by(|left, right| left.0.cmp(&right.0));
    seen.dedup_by(|left, right| left.0 == right.0);
    let gone: Vec<Vec<u8>> = changes.gone.iter().map(location_key).collect();
    let known = changes.changed.iter().map(|seen| location_key(&seen.location)).chain(gone.iter().cloned());
    let before = before(to, &known.collect::<Vec<_>>()).await?;

    let mut over: Vec<Over<'_>> = Vec::new();
    let mut ends = |key, before: &Before, at| {
        over.extend(before.items.iter().map(|item| (key, item.clone(), before.since, at)));
    };
    for key in &gone {
        before.get(key).into_iter().for_each(|before| ends(key, before, now.unix()));
    }
    let mut since = Vec::with_capacity(seen.len());
    for (key, observation) in &seen {
        let read_at = observation.read_at.unix();
        since.push(match before.get(key) {
            Some(before) if before.items == held(observation) => before.since,
            Some(before) => {
                ends(key, before, read_at);
                read_at
            }
            None => read_at,
        });
    }
    over.sort();
    over.dedup();
    rows::run(to, &HELD, &[], &over, |(key, (kind, digest), from, until), to| {
        to.add(*key)?;
        to.add(*kind)?;
        to.add(digest.as_slice())?;
        to.add(*from)?;
        to.add(*until)
    })
    .await?;
    rows::run(to, &GONE, &[], &gone, |key, to| to.add(key.as_slice())).await?;
    let seen: Vec<_> = seen.into_iter().zip(since).collect();
    rows::run(to, &HOLDS, &[], &seen, |((key, observation), since), to| {
        to.add(key.as_slice())?;
        to.add(&*printable(&observation.source))?;
        to.add(*since)?;
        to.add(state::pack(observation).as_slice())
    })
    .await?;
    Ok(())
}

/// What is written of these locations.
async fn before(to: &mut AnyConnection, keys: &[Vec<u8>]) -> sqlx::Result<HashMap<Vec<u8>, Before>> {
    const SELECT: &str = "SELECT location, held_since, packed FROM observation WHERE location";
    let mut before = HashMap::with_capacity(keys.len());
    let mut interner = Interner::default();
    for batch in keys.chunks(rows::KEYS) {
        for row in rows::among(&mut *to, SELECT, batch, |key, to| to.add(key.as_slice())).await? {
            let mut packed: &[u8] = row.try_get(2)?;
            let observation = state::unpack(&mut packed, &mut interner)
                .map_err(|_| sqlx::Error::Decode("an observation that cannot be read".into()))?;
            before.insert(row.try_get(0)?, Before { since: row.try_get(1)?, items: held(&observation) });
        }
    }
    Ok(before)
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
    /// Everywhere a certificate, key, request or CRL was ever seen, oldest first. `places` are the locations that may hold it now.
    pub async fn history(
        &self,
        digest: &Fingerprint,
        places: impl IntoIterator<Item = &Location>,
    ) -> Result<Vec<Interval>, StoreError> {
        let places: Vec<Vec<u8>> = places.into_iter().map(location_key).collect();
        let mut lives = self.lives("digest", digest.0.to_vec(), &places).await?;
        lives.retain(|life| life.digest.as_ref() == Some(digest));
        Ok(lives)
    }

    /// Everything a location ever held, oldest first.
    pub async fn history_of(&self, location: &Location) -> Result<Vec<Interval>, StoreError> {
        let key = location_key(location);
        self.lives("location", key.clone(), &[key]).await
    }

    /// What is over, by `column`, and what `places` hold now.
    async fn lives(
        &self,
        column: &'static str,
        value: Vec<u8>,
        places: &[Vec<u8>],
    ) -> Result<Vec<Interval>, StoreError> {
        let failed = |source| self.failed("reading the history", source);
        let text =
            format!("SELECT location, kind, digest, first_seen, last_seen FROM location_history WHERE {column} = $1");
        let mut arguments = AnyArguments::default();
        arguments.add(value).map_err(|error| failed(sqlx::Error::Encode(error)))?;
        let found = sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(&self.read).await.map_err(failed)?;
        let mut lives = found.iter().map(over).collect::<sqlx::Result<Vec<_>>>().map_err(failed)?;
        let mut connection = self.read.acquire().await.map_err(failed)?;
        for (key, now) in before(&mut connection, places).await.map_err(failed)? {
            for (kind, digest) in now.items {
                lives.push(interval(&key, kind, &digest, now.since, None).map_err(failed)?);
            }
        }
        Ok(joined(lives))
    }
}

/// Intervals of one item that touch are one; oldest first.
fn joined(mut lives: Vec<Interval>) -> Vec<Interval> {
    lives.sort_by(|left, right| {
        let item = |life: &Interval| (life.kind.as_str(), life.digest, life.first_seen);
        left.location.cmp(&right.location).then_with(|| item(left).cmp(&item(right)))
    });
    lives.dedup_by(|next, life| {
        let touches = (&next.location, next.kind, next.digest) == (&life.location, life.kind, life.digest)
            && life.last_seen.is_some_and(|end| end >= next.first_seen);
        if touches {
            life.last_seen = next.last_seen;
        }
        touches
    });
    lives.sort_by_key(|life| life.first_seen);
    lives
}

fn over(row: &AnyRow) -> sqlx::Result<Interval> {
    interval(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, Some(row.try_get(4)?))
}

fn interval(key: &[u8], kind: &str, digest: &[u8], from: i64, until: Option<i64>) -> sqlx::Result<Interval> {
    let digest: Option<[u8; 32]> = match digest {
        [] => None,
        bytes => Some(bytes.try_into().map_err(|_| sqlx::Error::Decode("a digest of another length".into()))?),
    };
    Ok(Interval {
        location: location(key).map_err(|_| sqlx::Error::Decode("a location that is none".into()))?,
        kind: kind.parse().map_err(|unknown: UnknownWord| sqlx::Error::Decode(unknown.into()))?,
        digest: digest.map(Fingerprint),
        first_seen: Timestamp::from_unix(from),
        last_seen: until.map(Timestamp::from_unix),
    })
}
