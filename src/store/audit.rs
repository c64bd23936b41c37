//! The chain of events: appending to it, reading it, proving it.

use std::sync::Arc;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::error::BoxDynError;
use sqlx::{AnyConnection, Arguments, AssertSqlSafe, Row};

use super::error::StoreError;
use super::rows::{self, Repeated};
use super::{Store, printable};
use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, ChainedEvent};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::time::Timestamp;
use crate::pki::digest::sha256;

/// The end of the chain: what to note outside the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// Sequence number of the last event, 0 before the first.
    pub seq: i64,
    /// Its hash, all zero before the first.
    pub hash: Fingerprint,
}

impl AuditHead {
    /// Before the first event.
    pub const NONE: Self = Self { seq: 0, hash: Fingerprint([0; 32]) };
}

/// Which events to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only events after this sequence number.
    pub after: i64,
    /// Only events before this one.
    pub before: i64,
    /// Only this action.
    pub action: Option<Action>,
    /// Only what was done to this object, as the event names it.
    pub object: Option<String>,
    /// Only what was done by this actor, as the event names it.
    pub actor: Option<String>,
    /// Only what ended so.
    pub outcome: Option<AuditOutcome>,
    /// Only from this instant of the wall clock on.
    pub since: Option<Timestamp>,
    /// Only before this one.
    pub until: Option<Timestamp>,
    /// Which end comes first.
    pub order: AuditOrder,
    /// At most so many.
    pub limit: u32,
}

impl Default for AuditFilter {
    /// The newest hundred.
    fn default() -> Self {
        Self {
            after: 0,
            before: i64::MAX,
            action: None,
            object: None,
            actor: None,
            outcome: None,
            since: None,
            until: None,
            order: AuditOrder::NewestFirst,
            limit: 100,
        }
    }
}

impl AuditFilter {
    /// It leaves events out by what they say, and not by their number alone.
    pub const fn chooses(&self) -> bool {
        self.action.is_some()
            || self.object.is_some()
            || self.actor.is_some()
            || self.outcome.is_some()
            || self.since.is_some()
            || self.until.is_some()
    }

    fn add_to(&self, to: &mut AnyArguments) -> Result<(), BoxDynError> {
        to.add(self.after)?;
        to.add(self.before)?;
        to.add(self.action.map_or("", Action::as_str))?;
        to.add(self.object.as_deref().unwrap_or_default())?;
        to.add(self.actor.as_deref().unwrap_or_default())?;
        to.add(self.outcome.map_or("", AuditOutcome::as_str))?;
        to.add(self.since.map_or(i64::MIN, Timestamp::unix))?;
        to.add(self.until.map_or(i64::MAX, Timestamp::unix))
    }
}

/// Which end of the chain comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOrder {
    /// In the order they happened.
    OldestFirst,
    /// The last one first.
    NewestFirst,
}

/// What walking the whole chain gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// Events that hold, from the first.
    pub verified: i64,
    /// The last one that holds.
    pub head: AuditHead,
    /// The first that does not.
    pub broken: Option<BrokenLink>,
}

/// The first event that does not follow from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenLink {
    /// Where the chain breaks.
    pub seq: i64,
    /// Why, one line.
    pub why: String,
}

/// Who writes: two of the fields of every event.
pub(super) struct Chain {
    /// The machine.
    pub(super) node: Arc<str>,
    /// Its boot.
    pub(super) boot_id: Arc<str>,
}

const APPEND: Repeated = Repeated {
    head: "INSERT INTO audit_event (seq, at, boot_id, node, actor, origin, action, object, outcome, reason, previous, hash) VALUES ",
    columns: 12,
    tail: "",
};

/// The parameters of [`AuditFilter::add_to`].
const CHOSEN: &str = "seq > $1 AND seq < $2 AND ($3 = '' OR action = $3) AND ($4 = '' OR object = $4) AND ($5 = '' OR actor = $5) AND ($6 = '' OR outcome = $6) AND at >= $7 AND at < $8";

const COLUMNS: &str = "seq, at, boot_id, node, actor, origin, action, object, outcome, reason, previous, hash";

/// The end of the chain as this connection sees it.
pub(super) async fn head(connection: &mut AnyConnection) -> sqlx::Result<AuditHead> {
    let row =
        sqlx::query("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1").fetch_optional(connection).await?;
    row.map_or(Ok(AuditHead::NONE), |row| Ok(AuditHead { seq: row.try_get(0)?, hash: fingerprint(&row, 1)? }))
}

/// The hash of one event, `None` when there is no such event.
pub(super) async fn hash_of(connection: &mut AnyConnection, seq: i64) -> sqlx::Result<Option<Fingerprint>> {
    let row = sqlx::query("SELECT hash FROM audit_event WHERE seq = $1").bind(seq).fetch_optional(connection).await?;
    row.map(|row| fingerprint(&row, 0)).transpose()
}

/// Appends events to the chain. Two writers that saw the same end collide on `seq`, and one of them has to begin again.
pub(super) async fn append(
    connection: &mut AnyConnection,
    chain: &Chain,
    events: &[AuditEvent],
) -> sqlx::Result<AuditHead> {
    let mut last = head(connection).await?;
    rows::run(connection, &APPEND, &[], events, |event, to| {
        let chained = ChainedEvent {
            seq: last.seq + 1,
            boot_id: Arc::clone(&chain.boot_id),
            node: Arc::clone(&chain.node),
            event: AuditEvent {
                object: printable(&event.object),
                reason: event.reason.as_deref().map(printable),
                actor: event.actor.clone(),
                ..*event
            },
            previous: last.hash,
        };
        last = AuditHead { seq: chained.seq, hash: sha256(&chained.canonical()) };
        to.add(chained.seq)?;
        to.add(chained.event.at.unix())?;
        to.add(&*chained.boot_id)?;
        to.add(&*chained.node)?;
        to.add(&*chained.event.actor.to_string())?;
        to.add(chained.event.origin.as_str())?;
        to.add(chained.event.action.as_str())?;
        to.add(&*chained.event.object)?;
        to.add(chained.event.outcome.as_str())?;
        to.add(chained.event.reason)?;
        to.add(chained.previous.0.as_slice())?;
        to.add(last.hash.0.as_slice())?;
        Ok(())
    })
    .await?;
    Ok(last)
}

impl Store {
    /// The end of the chain.
    pub async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        let failed = |source| self.failed("reading the audit trail", source);
        let mut connection = self.read.acquire().await.map_err(failed)?;
        head(&mut connection).await.map_err(failed)
    }

    /// Events with their hashes.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<(ChainedEvent, Fingerprint)>, StoreError> {
        let failed = |source| self.failed("reading the audit trail", source);
        let order = match filter.order {
            AuditOrder::OldestFirst => "ASC",
            AuditOrder::NewestFirst => "DESC",
        };
        let text = format!("SELECT {COLUMNS} FROM audit_event WHERE {CHOSEN} ORDER BY seq {order} LIMIT $9");
        let mut arguments = AnyArguments::default();
        let added = filter.add_to(&mut arguments).and_then(|()| arguments.add(i64::from(filter.limit)));
        added.map_err(|error| failed(sqlx::Error::Encode(error)))?;
        let found = sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(&self.read).await.map_err(failed)?;
        found
            .iter()
            .map(|row| match event(row).map_err(failed)? {
                Ok(event) => Ok(event),
                Err(broken) => Err(self.damaged(format!("audit event {}: {}", broken.seq, broken.why))),
            })
            .collect()
    }

    /// How many events a filter lets through, whatever its limit.
    pub async fn audit_count(&self, filter: &AuditFilter) -> Result<i64, StoreError> {
        let failed = |source| self.failed("reading the audit trail", source);
        let mut arguments = AnyArguments::default();
        filter.add_to(&mut arguments).map_err(|error| failed(sqlx::Error::Encode(error)))?;
        let text = format!("SELECT COUNT(*) FROM audit_event WHERE {CHOSEN}");
        let row = sqlx::query_with(AssertSqlSafe(text), arguments).fetch_one(&self.read).await.map_err(failed)?;
        row.try_get(0).map_err(failed)
    }

    /// Walks the whole chain and recomputes every hash. `noted` is an end noted elsewhere: a chain that was cut before it, or
    /// another chain, does not pass.
    pub async fn verify_chain(&self, noted: Option<AuditHead>) -> Result<ChainReport, StoreError> {
        let failed = |source| self.failed("verifying the audit trail", source);
        let mut last = AuditHead::NONE;
        let broken_at = |last: AuditHead, seq, why: String| {
            Ok(ChainReport { verified: last.seq, head: last, broken: Some(BrokenLink { seq, why }) })
        };
        let text = format!("SELECT {COLUMNS} FROM audit_event ORDER BY seq");
        let mut found = sqlx::query(AssertSqlSafe(text)).fetch(&self.read);
        while let Some(row) = rows::next(&mut found).await.map_err(failed)? {
            let (chained, hash) = match event(&row).map_err(failed)? {
                Ok(event) => event,
                Err(broken) => return broken_at(last, broken.seq, broken.why),
            };
            let seq = chained.seq;
            if seq != last.seq + 1 {
                return broken_at(last, last.seq + 1, format!("missing: the next event there is has number {seq}"));
            }
            if chained.previous != last.hash {
                return broken_at(last, seq, "it does not name the hash of the event before".to_owned());
            }
            if sha256(&chained.canonical()) != hash {
                return broken_at(last, seq, "its hash is not the hash of what it says".to_owned());
            }
            last = AuditHead { seq, hash };
            if noted.is_some_and(|noted| noted.seq == seq && noted.hash != hash) {
                return broken_at(
                    AuditHead { seq: seq - 1, hash: chained.previous },
                    seq,
                    "another event was noted".to_owned(),
                );
            }
        }
        if let Some(noted) = noted.filter(|noted| noted.seq > last.seq) {
            return broken_at(last, last.seq + 1, format!("missing: the chain was noted up to {}", noted.seq));
        }
        Ok(ChainReport { verified: last.seq, head: last, broken: None })
    }
}

/// The event of a row in the order of [`COLUMNS`]; `Ok(Err(_))` when a field holds what no version ever wrote.
fn event(row: &AnyRow) -> sqlx::Result<Result<(ChainedEvent, Fingerprint), BrokenLink>> {
    let seq: i64 = row.try_get(0)?;
    let text = |index: usize| row.try_get::<String, _>(index);
    let (actor, origin, action, outcome) = (text(4)?, text(5)?, text(6)?, text(8)?);
    let words = (self::actor(&actor), origin.parse(), action.parse(), outcome.parse());
    let (Some(actor), Ok(origin), Ok(action), Ok(outcome)) = words else {
        return Ok(Err(BrokenLink { seq, why: format!("unknown words: {actor:?} {origin:?} {action:?} {outcome:?}") }));
    };
    let (Ok(previous), Ok(hash)) = (fingerprint(row, 10), fingerprint(row, 11)) else {
        return Ok(Err(BrokenLink { seq, why: "a hash has not 32 bytes".to_owned() }));
    };
    let event = AuditEvent {
        at: Timestamp::from_unix(row.try_get(1)?),
        actor,
        origin,
        action,
        object: text(7)?,
        outcome,
        reason: row.try_get(9)?,
    };
    let chained = ChainedEvent { seq, boot_id: text(2)?.into(), node: text(3)?.into(), event, previous };
    Ok(Ok((chained, hash)))
}

/// The actor that prints as `text`.
fn actor(text: &str) -> Option<Actor> {
    match text {
        "scheduler" => return Some(Actor::Scheduler),
        "daemon" => return Some(Actor::Daemon),
        "anonymous" => return Some(Actor::Anonymous),
        _ => {}
    }
    if let Some(id) = text.strip_prefix("token:") {
        return Some(Actor::Token { id: id.to_owned() });
    }
    let user = text.strip_prefix("uid:")?;
    let (uid, login) = match user.split_once('(') {
        Some((uid, login)) => (uid, Some(login.strip_suffix(')')?.to_owned())),
        None => (user, None),
    };
    Some(Actor::User { uid: uid.parse().ok()?, login })
}

/// A column of 32 bytes.
pub(super) fn fingerprint(row: &AnyRow, index: usize) -> sqlx::Result<Fingerprint> {
    let bytes: &[u8] = row.try_get(index)?;
    bytes.try_into().map(Fingerprint).map_err(|_| sqlx::Error::Decode("a digest that has not 32 bytes".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_come_back() {
        let login = |login: &str| Actor::User { uid: 1000, login: Some(login.to_owned()) };
        let all = [
            Actor::Scheduler,
            Actor::Daemon,
            Actor::Anonymous,
            Actor::Token { id: "0123456789ab".to_owned() },
            Actor::User { uid: 0, login: None },
            login("marie"),
            login("o(dd)name)"),
            login(""),
        ];
        for known in all {
            assert_eq!(actor(&known.to_string()), Some(known));
        }
        assert_eq!(actor("uid:x"), None);
        assert_eq!(actor("root"), None);
    }
}
