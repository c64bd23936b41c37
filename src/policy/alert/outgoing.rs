//! From words to messages: one for each address and channel, with everything it has to say.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::Reconciled;
use super::recipients::Route;
use crate::domain::alert::AlertEvent;
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::notice::{EventId, NoticeItem, NoticeKind};
use crate::domain::time::Timestamp;

/// Window of the cap on messages.
const HOUR: i64 = 3600;

/// What already waits for an address, and how much it got lately.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// A message nobody has begun to send: what comes is added to it.
    pub waiting: Option<EventId>,
    /// When each of the messages of the last hour was made.
    pub recent: Vec<Timestamp>,
}

/// What to write about messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// New ones.
    pub deliveries: Vec<Delivery>,
    /// What each says: message and event.
    pub items: Vec<(EventId, EventId)>,
}

/// Groups words into messages. `standing` tells what each address has already; beyond `per_hour` messages in an hour the next one
/// waits, and gathers what comes meanwhile: nothing is left out.
pub fn group(
    reconciled: &Reconciled,
    standing: impl Fn(&Route) -> Standing,
    per_hour: u32,
    id_of: fn(&str) -> EventId,
    now: Timestamp,
) -> Outgoing {
    let mut by_route: BTreeMap<&Route, Vec<&AlertEvent>> = BTreeMap::new();
    for (event, routes) in reconciled.changes.events.iter().zip(&reconciled.routes) {
        for route in routes {
            by_route.entry(route).or_default().push(event);
        }
    }
    let mut out = Outgoing::default();
    for (route, mut events) in by_route {
        events.sort_by_key(|event| urgency(&event.item));
        let standing = standing(route);
        let id = standing.waiting.unwrap_or_else(|| {
            let delivery = message(route, NoticeKind::Alerts, &name(&events), id_of, now);
            let id = delivery.id;
            let due = not_before(&standing.recent, per_hour, now);
            out.deliveries.push(Delivery { state: DeliveryState::Pending { due }, ..delivery });
            id
        });
        out.items.extend(events.iter().map(|event| (id, event.id)));
    }
    out
}

/// A message of `kind` to one address. `name` tells it from every other of its kind.
pub fn message(route: &Route, kind: NoticeKind, name: &str, id_of: fn(&str) -> EventId, now: Timestamp) -> Delivery {
    let (channel, address) = route.clone();
    Delivery {
        id: id_of(&format!("message\n{channel}\n{address}\n{name}")),
        channel,
        address,
        kind,
        created_at: now,
        state: DeliveryState::Pending { due: now },
        attempts: 0,
        waited: Duration::ZERO,
        audit: None,
    }
}

/// Most urgent first: severity, then what ends soonest, then the key.
pub fn urgency(item: &NoticeItem) -> impl Ord + use<> {
    (Reverse(item.severity), item.end.unwrap_or(Timestamp::from_unix(i64::MAX)), item.finding.key.clone())
}

fn name(events: &[&AlertEvent]) -> String {
    events.iter().map(|event| event.id.to_string()).collect()
}

/// The instant an address may get another message.
fn not_before(recent: &[Timestamp], per_hour: u32, now: Timestamp) -> Timestamp {
    let mut last: Vec<Timestamp> =
        recent.iter().copied().filter(|at| *at <= now && at.unix() > now.unix().saturating_sub(HOUR)).collect();
    last.sort_unstable();
    let cap = usize::try_from(per_hour.max(1)).unwrap_or(usize::MAX);
    let oldest = last.len().checked_sub(cap).and_then(|at| last.get(at));
    oldest.map_or(now, |oldest| oldest.plus_seconds(HOUR))
}
