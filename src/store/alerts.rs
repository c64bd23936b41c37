//! Alerts and the outbox: written with the commit they belong to, read at the start, when a message leaves, and for lists.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use sqlx::any::AnyRow;
use sqlx::error::BoxDynError;
use sqlx::{AnyConnection, Arguments, Row};

use super::error::StoreError;
use super::rows::{self, Repeated};
use super::{Store, printable};
use crate::domain::alert::{Acknowledgement, Alert, AlertChanges, AlertState, Earlier, OpenAlerts, Said};
use crate::domain::delivery::{ChannelHealth, Delivery, DeliveryState, DeliveryWord, Failure};
use crate::domain::finding::{Finding, FindingKey};
use crate::domain::notice::{EventId, NoticeItem, NoticeKind};
use crate::domain::offer::UnknownWord;
use crate::domain::time::Timestamp;

/// What a commit changes in the outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxChanges {
    /// New messages.
    pub new: Vec<Delivery>,
    /// What messages say: message and event. A pair that is there stays.
    pub items: Vec<(EventId, EventId)>,
    /// Messages that were there, as they are now.
    pub changed: Vec<Delivery>,
    /// Channels, as they are now.
    pub channels: BTreeMap<String, ChannelHealth>,
    /// Settled messages older than this are forgotten.
    pub forget_before: Option<Timestamp>,
}

impl OutboxChanges {
    /// Nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What the outbox held at the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadedOutbox {
    /// Messages that are not settled, oldest first.
    pub open: Vec<Delivery>,
    /// Messages given up or refused: when.
    pub failed: Vec<Timestamp>,
    /// Messages of alerts made lately, which the hourly cap counts: channel, address, when.
    pub recent: Vec<(String, String, Timestamp)>,
    /// How each channel has done.
    pub channels: BTreeMap<String, ChannelHealth>,
}

/// Which messages to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only those numbered below this: the last one of the page before.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
    /// Only in this state.
    pub state: Option<DeliveryWord>,
    /// Only through this channel.
    pub channel: Option<String>,
    /// Only those that say something of this alert.
    pub alert: Option<i64>,
}

/// A message of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDelivery {
    /// The order they were made in.
    pub number: i64,
    /// The message.
    pub delivery: Delivery,
    /// How many alerts speak in it.
    pub items: i64,
}

/// What became of the messages that say something of an alert. A name is a mail address, or a channel where that is all there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Took one of them.
    pub told: BTreeSet<String>,
    /// One of them is still to be sent there.
    pub waiting: BTreeSet<String>,
    /// Refused one of them, or it was given up, and none arrived there.
    pub failed: BTreeSet<String>,
}

/// A message that says a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// Its name.
    pub message: EventId,
    /// Through which channel.
    pub channel: String,
    /// Where to.
    pub address: String,
    /// Where it is.
    pub state: DeliveryWord,
}

const COLUMNS: &str = "id, channel, address, kind, created_at, state, due_at, changed_at, attempts, waited, reason, answer, audit_seq, audit_head";

/// Writes alerts and what they say.
pub(super) async fn write(to: &mut AnyConnection, changes: &AlertChanges) -> sqlx::Result<()> {
    const ALERT: Repeated = Repeated {
        head: "INSERT INTO alert (id, code, subject, severity, facts, opened_at, ends_at, state, since, acknowledgement, said, reached, words) VALUES ",
        columns: 13,
        tail: " ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, facts = excluded.facts, ends_at = excluded.ends_at, state = excluded.state, since = excluded.since, acknowledgement = excluded.acknowledgement, said = excluded.said, reached = excluded.reached, words = excluded.words",
    };
    const EVENT: Repeated = Repeated {
        head: "INSERT INTO alert_event (id, alert, at, mark, moment, audience, item) VALUES ",
        columns: 7,
        tail: " ON CONFLICT (id) DO NOTHING",
    };
    // Resolved ones first: a finding that comes back makes a new row while the old one still counts as open.
    let mut alerts: Vec<&Alert> = changes.alerts.iter().collect();
    alerts.sort_by_key(|alert| (!matches!(alert.state, AlertState::Resolved { .. }), alert.id));
    rows::run(to, &ALERT, &[], &alerts, |alert, to| {
        to.add(alert.id)?;
        to.add(printable(&alert.key().code))?;
        to.add(printable(&alert.key().subject))?;
        to.add(alert.finding.severity.as_str())?;
        to.add(json(&alert.finding.facts)?)?;
        to.add(alert.opened_at.unix())?;
        to.add(alert.end.map(Timestamp::unix))?;
        to.add(alert.state.as_str())?;
        to.add(match &alert.state {
            AlertState::Open | AlertState::Acknowledged(_) => None,
            AlertState::Fading { since: at, .. } | AlertState::Resolved { at } => Some(at.unix()),
        })?;
        to.add(alert.acknowledgement().map(json).transpose()?)?;
        to.add(words_of(alert)?)?;
        to.add(alert.reached.map(|reached| reached.as_str()))?;
        to.add(i64::from(alert.words))
    })
    .await?;
    let mut events: Vec<_> = changes.events.iter().collect();
    events.sort_by_key(|event| event.id);
    events.dedup_by_key(|event| event.id);
    rows::run(to, &EVENT, &[], &events, |event, to| {
        to.add(event.id.0.to_vec())?;
        to.add(event.alert)?;
        to.add(event.at.unix())?;
        to.add(event.mark.as_str())?;
        to.add(event.item.moment.as_str())?;
        to.add(event.audience.as_str())?;
        to.add(json(&event.item)?)
    })
    .await?;
    Ok(())
}

/// Writes messages and how channels have done.
pub(super) async fn write_outbox(to: &mut AnyConnection, changes: &OutboxChanges) -> sqlx::Result<()> {
    const DELIVERY: Repeated = Repeated {
        head: "INSERT INTO delivery (id, number, channel, address, kind, created_at, state, due_at, changed_at, attempts, waited, reason, answer, audit_seq, audit_head) VALUES ",
        columns: 15,
        // What is settled stays so.
        tail: " ON CONFLICT (id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, changed_at = excluded.changed_at, attempts = excluded.attempts, waited = excluded.waited, reason = excluded.reason, answer = excluded.answer, audit_seq = excluded.audit_seq, audit_head = excluded.audit_head WHERE delivery.due_at IS NOT NULL",
    };
    const ITEM: Repeated = Repeated {
        head: "INSERT INTO delivery_item (delivery, event) VALUES ",
        columns: 2,
        tail: " ON CONFLICT (delivery, event) DO NOTHING",
    };
    const HEALTH: Repeated = Repeated {
        head: "INSERT INTO channel_health (channel, last_success, failing_since, failures, reason, told) VALUES ",
        columns: 6,
        tail: " ON CONFLICT (channel) DO UPDATE SET last_success = excluded.last_success, failing_since = excluded.failing_since, failures = excluded.failures, reason = excluded.reason, told = excluded.told",
    };
    let mut number = 0_i64;
    if !(changes.new.is_empty() && changes.changed.is_empty()) {
        number = sqlx::query("SELECT COALESCE(MAX(number), 0) FROM delivery").fetch_one(&mut *to).await?.try_get(0)?;
    }
    // A message is new once: the number of one that is there already is not used.
    let deliveries: Vec<&Delivery> = changes.new.iter().chain(&changes.changed).collect();
    rows::run(to, &DELIVERY, &[], &deliveries, |delivery, to| {
        number += 1;
        to.add(delivery.id.0.to_vec())?;
        to.add(number)?;
        to.add(printable(&delivery.channel))?;
        to.add(printable(&delivery.address))?;
        to.add(json(&delivery.kind)?)?;
        to.add(delivery.created_at.unix())?;
        to.add(delivery.state.word().as_str())?;
        to.add(delivery.state.due().map(Timestamp::unix))?;
        to.add(delivery.state.at().map(Timestamp::unix))?;
        to.add(i64::from(delivery.attempts))?;
        to.add(i64::try_from(delivery.waited.as_secs()).unwrap_or(i64::MAX))?;
        to.add(delivery.state.failure().map(|failure| printable(&failure.reason)))?;
        to.add(match &delivery.state {
            DeliveryState::Delivered { answer, .. } => Some(printable(answer)),
            state => state.failure().map(|failure| printable(&failure.answer)),
        })?;
        to.add(delivery.audit.as_ref().map(|(seq, _)| *seq))?;
        to.add(delivery.audit.as_ref().map(|(_, head)| head.clone()))
    })
    .await?;
    rows::run(to, &ITEM, &[], &changes.items, |(delivery, event), to| {
        to.add(delivery.0.to_vec())?;
        to.add(event.0.to_vec())
    })
    .await?;
    let channels: Vec<_> = changes.channels.iter().collect();
    rows::run(to, &HEALTH, &[], &channels, |(channel, health), to| {
        to.add(printable(channel))?;
        to.add(health.last_success.map(Timestamp::unix))?;
        to.add(health.failing_since.map(Timestamp::unix))?;
        to.add(health.failures.cast_signed())?;
        to.add(health.reason.as_deref().map(printable))?;
        to.add(i64::from(health.told))
    })
    .await?;
    if let Some(before) = changes.forget_before {
        forget(to, before).await?;
    }
    Ok(())
}

/// Settled messages that are old, and what only they said.
async fn forget(to: &mut AnyConnection, before: Timestamp) -> sqlx::Result<()> {
    for statement in [
        "DELETE FROM delivery_item WHERE delivery IN (SELECT id FROM delivery WHERE due_at IS NULL AND created_at < $1)",
        "DELETE FROM delivery WHERE due_at IS NULL AND created_at < $1",
        "DELETE FROM alert_event WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM delivery_item WHERE delivery_item.event = alert_event.id)",
    ] {
        sqlx::query(statement).bind(before.unix()).execute(&mut *to).await?;
    }
    Ok(())
}

impl Store {
    /// Alerts that are not over, and the number of the next one.
    pub(super) async fn open_alerts(&self) -> Result<(OpenAlerts, i64), StoreError> {
        let failed = |source| self.failed("loading the alerts", source);
        let found = sqlx::query(
            "SELECT id, code, subject, severity, facts, opened_at, ends_at, state, since, acknowledgement, said, reached, words FROM alert WHERE state <> 'resolved'",
        )
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        let alerts = found.iter().map(alert).collect::<sqlx::Result<Vec<_>>>().map_err(failed)?;
        let row = sqlx::query("SELECT COALESCE(MAX(id), 0) FROM alert").fetch_one(&self.read).await.map_err(failed)?;
        let last: i64 = row.try_get(0).map_err(failed)?;
        Ok((alerts.into_iter().map(|alert| (alert.key().clone(), alert)).collect(), last + 1))
    }

    /// Alerts that were resolved at or after `since`, or the last `limit` of all.
    pub async fn resolved_alerts(&self, since: Timestamp, limit: u32) -> Result<Vec<Alert>, StoreError> {
        let failed = |source| self.failed("reading resolved alerts", source);
        let found = sqlx::query(
            "SELECT id, code, subject, severity, facts, opened_at, ends_at, state, since, acknowledgement, said, reached, words FROM alert WHERE state = 'resolved' AND since >= $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(since.unix())
        .bind(i64::from(limit))
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        found.iter().map(alert).collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// What is still to be sent, what failed since `since`, and what was made since `recent`.
    pub(super) async fn outbox(&self) -> Result<LoadedOutbox, StoreError> {
        let failed = |source| self.failed("loading the outbox", source);
        let text = format!("SELECT {COLUMNS} FROM delivery WHERE due_at IS NOT NULL ORDER BY number");
        let found = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&self.read).await.map_err(failed)?;
        let open = found.iter().map(delivery).collect::<sqlx::Result<_>>().map_err(failed)?;
        let found = sqlx::query("SELECT changed_at FROM delivery WHERE state IN ('refused', 'given_up')")
            .fetch_all(&self.read)
            .await
            .map_err(failed)?;
        let failures = found.iter().map(|row| Ok(Timestamp::from_unix(row.try_get(0)?))).collect::<sqlx::Result<_>>();
        let alerts = serde_json::to_string(&NoticeKind::Alerts).unwrap_or_default();
        let found = sqlx::query(
            "SELECT channel, address, created_at FROM delivery WHERE kind = $1 ORDER BY number DESC LIMIT 1000",
        )
        .bind(alerts)
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        let recent = found
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?, Timestamp::from_unix(row.try_get(2)?))))
            .collect::<sqlx::Result<_>>();
        let found =
            sqlx::query("SELECT channel, last_success, failing_since, failures, reason, told FROM channel_health")
                .fetch_all(&self.read)
                .await
                .map_err(failed)?;
        let channels = found.iter().map(health).collect::<sqlx::Result<_>>().map_err(failed)?;
        Ok(LoadedOutbox { open, failed: failures.map_err(failed)?, recent: recent.map_err(failed)?, channels })
    }

    /// What a message says, in the order it was said, which is the same each time it is asked.
    pub async fn delivery_items(&self, id: EventId) -> Result<Vec<(EventId, NoticeItem)>, StoreError> {
        let failed = |source| self.failed("reading what a message says", source);
        let found = sqlx::query(
            "SELECT alert_event.id, alert_event.item FROM delivery_item JOIN alert_event ON alert_event.id = delivery_item.event WHERE delivery_item.delivery = $1 ORDER BY alert_event.at, alert_event.id",
        )
        .bind(id.0.to_vec())
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        let item = |row: &AnyRow| Ok((event_id(row, 0)?, from_json(row.try_get(1)?)?));
        found.iter().map(item).collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// Every message that says one of the words of a message, itself too, by word: who was told of one was not told of another.
    pub async fn carriers(&self, id: EventId) -> Result<HashMap<EventId, Vec<Carrier>>, StoreError> {
        let failed = |source| self.failed("reading who was told", source);
        let found = sqlx::query(
            "SELECT delivery_item.event, delivery.id, delivery.channel, delivery.address, delivery.state FROM delivery_item JOIN delivery ON delivery.id = delivery_item.delivery WHERE delivery_item.event IN (SELECT event FROM delivery_item WHERE delivery = $1)",
        )
        .bind(id.0.to_vec())
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        let mut all: HashMap<EventId, Vec<Carrier>> = HashMap::new();
        for row in &found {
            let carrier = || -> sqlx::Result<(EventId, Carrier)> {
                let (channel, address) = (row.try_get(2)?, row.try_get(3)?);
                let carrier = Carrier { message: event_id(row, 1)?, channel, address, state: word(row.try_get(4)?)? };
                Ok((event_id(row, 0)?, carrier))
            };
            let (event, carrier) = carrier().map_err(failed)?;
            all.entry(event).or_default().push(carrier);
        }
        Ok(all)
    }

    /// The words of a message that no message to this address, through this channel, says. That something is over is not among them
    /// where the message does not say what it was.
    pub async fn events_untold(&self, id: EventId, channel: &str, address: &str) -> Result<Vec<EventId>, StoreError> {
        let failed = |source| self.failed("reading what was not said", source);
        let found = sqlx::query(
            "SELECT item.event FROM delivery_item item JOIN alert_event word ON word.id = item.event WHERE item.delivery = $1 AND item.event NOT IN (SELECT said.event FROM delivery_item said JOIN delivery ON delivery.id = said.delivery WHERE delivery.channel = $2 AND delivery.address = $3) AND (word.moment <> 'resolved' OR EXISTS (SELECT 1 FROM delivery_item beside JOIN alert_event other ON other.id = beside.event WHERE beside.delivery = $1 AND other.alert = word.alert AND other.moment <> 'resolved')) ORDER BY item.event",
        )
        .bind(id.0.to_vec())
        .bind(channel.to_owned())
        .bind(address.to_owned())
        .fetch_all(&self.read)
        .await
        .map_err(failed)?;
        found.iter().map(|row| event_id(row, 0)).collect::<sqlx::Result<_>>().map_err(failed)
    }

    /// Where messages about each of these alerts went and were not refused for good; nothing for one that no message is kept of.
    pub async fn routes_told(&self, alerts: &[i64]) -> Result<BTreeMap<i64, BTreeSet<(String, String)>>, StoreError> {
        let mut all: BTreeMap<i64, BTreeSet<(String, String)>> = BTreeMap::new();
        for (alert, route, state) in self.sent_of(alerts).await? {
            let of = all.entry(alert).or_default();
            if !matches!(state, DeliveryWord::Refused | DeliveryWord::GivenUp) {
                of.insert(route);
            }
        }
        Ok(all)
    }

    /// Who was told of each of these alerts, and who is still to be; nothing for one that no message is kept of.
    pub async fn told(&self, alerts: &[i64]) -> Result<HashMap<i64, Told>, StoreError> {
        let mut all: HashMap<i64, Told> = HashMap::new();
        for (alert, (channel, address), state) in self.sent_of(alerts).await? {
            let name = if address.is_empty() { channel } else { address };
            let of = all.entry(alert).or_default();
            match state {
                DeliveryWord::Delivered => of.told.insert(name),
                DeliveryWord::Pending | DeliveryWord::Sending | DeliveryWord::Failed => of.waiting.insert(name),
                DeliveryWord::Refused | DeliveryWord::GivenUp => of.failed.insert(name),
            };
        }
        for of in all.values_mut() {
            let Told { told, failed, .. } = of;
            failed.retain(|name| !told.contains(name));
        }
        Ok(all)
    }

    /// Each alert with the channel and address of a message about it, and the state of that message.
    async fn sent_of(&self, alerts: &[i64]) -> Result<Vec<(i64, (String, String), DeliveryWord)>, StoreError> {
        const SELECT: &str = "SELECT DISTINCT alert_event.alert, delivery.channel, delivery.address, delivery.state FROM alert_event JOIN delivery_item ON delivery_item.event = alert_event.id JOIN delivery ON delivery.id = delivery_item.delivery WHERE alert_event.alert";
        let failed = |source| self.failed("reading where messages went", source);
        let of = |row: &AnyRow| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?), word(row.try_get(3)?)?));
        let mut all = Vec::new();
        for asked in alerts.chunks(rows::KEYS) {
            let found = rows::among(&self.read, SELECT, asked, |alert, to| to.add(*alert)).await.map_err(failed)?;
            all.extend(found.iter().map(of).collect::<sqlx::Result<Vec<_>>>().map_err(failed)?);
        }
        Ok(all)
    }

    /// How many messages were delivered and how many failed for good since `since`.
    pub async fn delivery_counts(&self, since: Timestamp) -> Result<(u64, u64), StoreError> {
        let failed = |source| self.failed("counting messages", source);
        let found = sqlx::query(
            "SELECT COALESCE(SUM(CASE WHEN state = 'delivered' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN state IN ('refused', 'given_up') THEN 1 ELSE 0 END), 0) FROM delivery WHERE changed_at >= $1",
        )
        .bind(since.unix())
        .fetch_one(&self.read)
        .await
        .map_err(failed)?;
        let count = |index: usize| found.try_get::<i64, _>(index).map(|count| u64::try_from(count).unwrap_or(0));
        Ok((count(0).map_err(failed)?, count(1).map_err(failed)?))
    }

    /// Messages, newest first, and how many there are without the page.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<(Vec<ListedDelivery>, i64), StoreError> {
        let failed = |source| self.failed("reading the messages", source);
        const WHERE: &str = "($1 = '' OR state = $1) AND ($2 = '' OR channel = $2) AND ($3 = 0 OR id IN (SELECT delivery_item.delivery FROM delivery_item JOIN alert_event ON alert_event.id = delivery_item.event WHERE alert_event.alert = $3))";
        let state = filter.state.map_or("", DeliveryWord::as_str);
        let channel = filter.channel.clone().unwrap_or_default();
        let alert = filter.alert.unwrap_or(0);
        let text = format!("SELECT COUNT(*) FROM delivery WHERE {WHERE}");
        let row = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(state)
            .bind(channel.clone())
            .bind(alert)
            .fetch_one(&self.read)
            .await
            .map_err(failed)?;
        let total: i64 = row.try_get(0).map_err(failed)?;
        let text = format!(
            "SELECT {COLUMNS}, number, (SELECT COUNT(*) FROM delivery_item WHERE delivery_item.delivery = delivery.id) FROM delivery WHERE {WHERE} AND number < $4 ORDER BY number DESC LIMIT $5"
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(state)
            .bind(channel)
            .bind(alert)
            .bind(filter.before.unwrap_or(i64::MAX))
            .bind(i64::from(filter.limit))
            .fetch_all(&self.read)
            .await
            .map_err(failed)?;
        let listed = |row: &AnyRow| {
            Ok(ListedDelivery { delivery: delivery(row)?, number: row.try_get(14)?, items: row.try_get(15)? })
        };
        Ok((found.iter().map(listed).collect::<sqlx::Result<_>>().map_err(failed)?, total))
    }
}

fn alert(row: &AnyRow) -> sqlx::Result<Alert> {
    let code: String = row.try_get(1)?;
    let subject: &str = row.try_get(2)?;
    let facts: Vec<(String, String)> = from_json(row.try_get(4)?)?;
    let time = |index: usize| row.try_get::<Option<i64>, _>(index).map(|at| at.map(Timestamp::from_unix));
    let acknowledgement: Option<&str> = row.try_get(9)?;
    let acknowledgement: Option<Acknowledgement> = acknowledgement.map(from_json).transpose()?;
    let since = time(8)?.unwrap_or_default();
    let unknown = |what: &str| sqlx::Error::Decode(format!("an alert whose state is {what:?}").into());
    let state = match (row.try_get(7)?, acknowledgement) {
        ("open", _) => AlertState::Open,
        ("acknowledged", Some(acknowledgement)) => AlertState::Acknowledged(acknowledgement),
        ("fading", acknowledgement) => AlertState::Fading { since, acknowledgement },
        ("resolved", _) => AlertState::Resolved { at: since },
        (other, _) => return Err(unknown(other)),
    };
    let (said, earlier) = from_json::<Words>(row.try_get(10)?)?.into_parts();
    let reached: Option<&str> = row.try_get(11)?;
    Ok(Alert {
        id: row.try_get(0)?,
        finding: Finding {
            key: FindingKey { code: Cow::Owned(code), subject: subject.into() },
            severity: word(row.try_get(3)?)?,
            facts: facts.into_iter().map(|(name, value)| (Cow::Owned(name), value)).collect(),
        },
        opened_at: time(5)?.unwrap_or_default(),
        end: time(6)?,
        state,
        said,
        earlier,
        reached: reached.map(word).transpose()?,
        words: u32::try_from(row.try_get::<i64, _>(12)?).unwrap_or(u32::MAX),
    })
}

/// The column `said`: a list, or for an alert that counted to other ends before, that list and theirs.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Words {
    OfOneEnd(Vec<Said>),
    OfSeveral { said: Vec<Said>, earlier: Vec<Earlier> },
}

impl Words {
    fn into_parts(self) -> (Vec<Said>, Vec<Earlier>) {
        match self {
            Self::OfOneEnd(said) => (said, Vec::new()),
            Self::OfSeveral { said, earlier } => (said, earlier),
        }
    }
}

fn words_of(alert: &Alert) -> Result<String, BoxDynError> {
    if alert.earlier.is_empty() {
        return json(&alert.said);
    }
    json(&serde_json::json!({ "said": alert.said, "earlier": alert.earlier }))
}

fn delivery(row: &AnyRow) -> sqlx::Result<Delivery> {
    let time = |index: usize| row.try_get::<Option<i64>, _>(index).map(|at| at.map(Timestamp::from_unix));
    let text = |index: usize| row.try_get::<Option<String>, _>(index).map(Option::unwrap_or_default);
    let (due, at) = (time(6)?.unwrap_or_default(), time(7)?.unwrap_or_default());
    let (reason, answer) = (text(10)?, text(11)?);
    let failure = |answer| Failure { reason, answer };
    let state = match word(row.try_get(5)?)? {
        DeliveryWord::Pending => DeliveryState::Pending { due },
        DeliveryWord::Sending => DeliveryState::Sending { since: at },
        DeliveryWord::Failed => DeliveryState::Failed { at, due, failure: failure(answer) },
        DeliveryWord::Delivered => DeliveryState::Delivered { at, answer },
        DeliveryWord::Refused => DeliveryState::Refused { at, failure: failure(answer) },
        DeliveryWord::GivenUp => DeliveryState::GivenUp { at, failure: failure(answer) },
    };
    Ok(Delivery {
        id: event_id(row, 0)?,
        channel: row.try_get(1)?,
        address: row.try_get(2)?,
        kind: from_json(row.try_get(3)?)?,
        created_at: time(4)?.unwrap_or_default(),
        state,
        attempts: u32::try_from(row.try_get::<i64, _>(8)?).unwrap_or(u32::MAX),
        waited: Duration::from_secs(u64::try_from(row.try_get::<i64, _>(9)?).unwrap_or(0)),
        audit: row.try_get::<Option<i64>, _>(12)?.zip(row.try_get::<Option<String>, _>(13)?),
    })
}

fn health(row: &AnyRow) -> sqlx::Result<(String, ChannelHealth)> {
    let time = |index: usize| row.try_get::<Option<i64>, _>(index).map(|at| at.map(Timestamp::from_unix));
    let health = ChannelHealth {
        last_success: time(1)?,
        failing_since: time(2)?,
        failures: u64::try_from(row.try_get::<i64, _>(3)?).unwrap_or(0),
        reason: row.try_get(4)?,
        told: row.try_get::<i64, _>(5)? != 0,
    };
    Ok((row.try_get(0)?, health))
}

fn event_id(row: &AnyRow, index: usize) -> sqlx::Result<EventId> {
    let bytes: &[u8] = row.try_get(index)?;
    let bytes = bytes.try_into().map_err(|_| sqlx::Error::Decode("an id that is not 16 bytes long".into()))?;
    Ok(EventId(bytes))
}

fn word<T: std::str::FromStr<Err = UnknownWord>>(text: &str) -> sqlx::Result<T> {
    text.parse().map_err(|unknown: UnknownWord| sqlx::Error::Decode(unknown.into()))
}

/// As text. JSON escapes what a PostgreSQL text cannot hold, except that it refuses `\u0000` nowhere but in `jsonb`.
fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, BoxDynError> {
    Ok(serde_json::to_string(value)?)
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> sqlx::Result<T> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))
}
