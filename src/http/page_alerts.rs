//! The section of the overview about alerts and the ways they leave.

use std::collections::{BTreeSet, HashMap};

use crate::domain::alert::{Alert, AlertState};
use crate::domain::time::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::engine::speaking;
use crate::locale::Texts;
use crate::store::Told;

/// Alerts shown.
const MOST: usize = 200;
/// Of those who were told, so many are named in a row.
const NAMED: usize = 4;

/// What the section shows.
pub(super) struct AlertSection {
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) alarm: bool,
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<AlertRow>,
    pub(super) more: Option<String>,
    pub(super) channel_heads: Vec<String>,
    pub(super) channels: Vec<ChannelRow>,
}

/// One alert.
pub(super) struct AlertRow {
    pub(super) severity: &'static str,
    pub(super) number: i64,
    pub(super) title: String,
    pub(super) subject: String,
    pub(super) state: String,
    pub(super) told: String,
}

/// One channel.
pub(super) struct ChannelRow {
    pub(super) severity: &'static str,
    pub(super) name: String,
    pub(super) state: String,
    pub(super) last: String,
}

/// The alerts the section shows, most urgent first.
pub(super) fn shown(snapshot: &Snapshot) -> Vec<&Alert> {
    let mut alerts: Vec<&Alert> = snapshot.alerts.values().collect();
    alerts.sort_by_key(|alert| {
        (std::cmp::Reverse(alert.finding.severity), alert.end.map_or(i64::MAX, Timestamp::unix), alert.id)
    });
    alerts.truncate(MOST);
    alerts
}

/// `told` is what the database says of those [`shown`]; `None` while it does not answer.
pub(super) fn section(
    snapshot: &Snapshot,
    told: Option<&HashMap<i64, Told>>,
    texts: &Texts,
    now: Timestamp,
) -> AlertSection {
    let word = |key: &str| texts.word(key);
    let date = |at: Timestamp| texts.date_time(at, snapshot.config.timezone);
    let status = &snapshot.status;
    let count = |key: &str, count: u64| texts.say(key, &[("count", i64::try_from(count).unwrap_or(i64::MAX).into())]);
    let row = |alert: &&Alert| AlertRow {
        severity: alert.finding.severity.as_str(),
        number: alert.id,
        title: texts.finding_title(&alert.key().code),
        subject: alert.key().subject.to_string(),
        state: match &alert.state {
            AlertState::Acknowledged(taken) if alert.is_acknowledged(now) => {
                format!("{} ({}, → {})", word("alert-acknowledged"), taken.by, date(taken.until))
            }
            AlertState::Open | AlertState::Acknowledged(_) => word("alert-open"),
            AlertState::Fading { .. } => word("alert-fading"),
            AlertState::Resolved { .. } => word("alert-resolved"),
        },
        told: match (told, told.and_then(|told| told.get(&speaking(&snapshot.alerts, alert).id))) {
            (None, _) => String::new(),
            (Some(_), Some(told)) => who(told, texts),
            // Nothing was said, or so long ago that nothing is kept of it.
            (Some(_), None) => {
                if speaking(&snapshot.alerts, alert).said.is_empty() {
                    word("alert-untold")
                } else {
                    String::new()
                }
            }
        },
    };
    let channels = status.channels.iter().map(|(name, health)| ChannelRow {
        severity: if health.failing_since.is_some() { "critical" } else { "ok" },
        name: name.clone(),
        state: match (health.failing_since, health.last_success) {
            (Some(since), _) => {
                let reason = health.reason.clone().unwrap_or_default();
                texts.say("channel-failing", &[("since", date(since).into()), ("reason", reason.into())])
            }
            (None, Some(_)) => word("channel-ok"),
            (None, None) => word("channel-unused"),
        },
        last: health.last_success.map(date).unwrap_or_default(),
    });
    let summary = if status.channels.is_empty() {
        word("messages-no-channel")
    } else {
        let pending = count("messages-pending", status.deliveries.pending);
        format!("{pending}, {}.", count("messages-failed", status.deliveries.failed))
    };
    let heads = |keys: &[&str]| keys.iter().map(|key| word(key)).collect();
    let more = snapshot.alerts.len().checked_sub(MOST).filter(|more| *more > 0);
    AlertSection {
        title: word("alerts"),
        summary,
        alarm: status.deliveries.failed > 0 || status.alerts.unreachable > 0,
        heads: heads(&["alert-number", "alerts", "alert-subject", "state", "alert-told"]),
        rows: shown(snapshot).iter().map(row).collect(),
        more: more.map(|more| texts.say("more", &[("count", more.into())])),
        channel_heads: heads(&["channel", "state", "channel-last"]),
        channels: channels.collect(),
    }
}

/// Who took a message, and who is still to be sent one.
fn who(told: &Told, texts: &Texts) -> String {
    let some = |names: &BTreeSet<String>| {
        let more = names.len().saturating_sub(NAMED);
        let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if more == 0 { named } else { format!("{named}, +{more}") }
    };
    let waiting = texts.say("alert-waiting", &[("who", some(&told.waiting).into())]);
    match (told.told.is_empty(), told.waiting.is_empty()) {
        (false, true) => some(&told.told),
        (false, false) => format!("{} ; {waiting}", some(&told.told)),
        (true, false) => waiting,
        (true, true) => texts.word("alert-untold"),
    }
}
